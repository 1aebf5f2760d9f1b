//! Where each microsecond goes: a message's life as a bar of hops, by size, topology and setting.
//!
//! Hue tells the kind of hop. How it is filled tells the cause: full where the hop works, pale
//! where signals travel, hollow where the message waits.

use plotters::style::RGBAColor;

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::run::{Outcome, Run, Spent, distinct};
use super::scale::Scale;
use super::series::{Plan, Series};
use super::sizes::sizes;
use super::words;

/// One bar and the space below it \[px\].
const BAR: (f64, f64) = (11.0, 3.0);
/// The name of a topology above its bars, and the space below them \[px\].
const HEAD: f64 = 17.0;
const GROUP_GAP: f64 = 7.0;
/// The title of a panel, the ticks below it, and the space between panels \[px\].
const TITLE: f64 = 22.0;
const FOOT: f64 = 20.0;
const GAP: f64 = 24.0;
/// What a part must measure to be drawn by itself \[px\].
const HAIR: f64 = 0.4;
/// The most kinds of hop with a colour of their own.
const MOST_KINDS: usize = ink::PALETTE.len();
/// The kind that has one, however little it takes: whoever asks about a GPU looks for it.
pub const KERNEL: &str = "kernel";
/// A kind of hop that takes less of every bar than this is drawn with the others.
const SMALL: f64 = 0.01;
/// More bars than this at one size, and only the plainest and the best setting are drawn.
const MOST_BARS: usize = 20;
/// The most bars of all sizes together.
const MOST_OF_ALL: usize = 64;

/// The kinds of hop that have a colour, in path order.
#[derive(Clone, Debug)]
pub struct Kinds {
    /// Their names.
    pub named: Vec<String>,
    /// Whether there are more, drawn together.
    pub others: bool,
}

/// The life of one message.
#[derive(Clone, Debug)]
pub struct Life<'r> {
    /// The settings that it belongs to.
    pub series: &'r Series,
    /// Its point.
    pub point: &'r Outcome,
    /// Where its time passes, in path order.
    pub spent: Vec<&'r Spent>,
    /// All of it \[s\].
    pub whole_s: f64,
}

/// The messages of one size.
#[derive(Clone, Debug)]
pub struct OfSize<'r> {
    /// The size \[B\].
    pub message_b: f64,
    /// Their lives by topology.
    pub topologies: Vec<(String, Vec<Life<'r>>)>,
}

impl Life<'_> {
    /// The time at all hops of one kind, or of those without a colour \[s\].
    pub fn at(&self, kinds: &Kinds, kind: Option<&str>) -> f64 {
        let own = |spent: &&&Spent| match kind {
            Some(kind) => spent.kind == kind,
            None => !kinds.named.contains(&spent.kind),
        };
        self.spent.iter().filter(own).map(|spent| spent.mean_s).sum()
    }
}

/// The lives worth showing, by size; none where the run has no GPU's work on the way and nobody
/// waits for an answer: what is asked is a rate then.
pub fn shown<'r>(run: &'r Run, plan: &'r Plan) -> Vec<OfSize<'r>> {
    let on_gpu = |spent: &Spent| spent.kind == KERNEL || spent.kind.ends_with(" copy");
    let answered = |point: &Outcome| !point.key.get("reply_b").is_empty();
    if !run.life.iter().any(on_gpu) && !run.results.iter().any(answered) {
        return Vec::new();
    }
    let names = run.topologies();
    let all = names.len() * plan.series.len() <= MOST_BARS;
    let series = if all { plan.series.iter().collect() } else { plan.ends() };
    let bars = names.len() * series.len();
    let of_size = |message_b: f64| {
        let topology = |name: &String| {
            let lives = series.iter().filter_map(|series| life(run, series, name, message_b));
            Some((name.clone(), lives.collect::<Vec<_>>())).filter(|(_, lives)| !lives.is_empty())
        };
        OfSize { message_b, topologies: names.iter().filter_map(topology).collect() }
    };
    // Panels stand in two columns, so that three would leave a hole.
    let most = [4, 2].into_iter().find(|many| many * bars <= MOST_OF_ALL).unwrap_or(1);
    let drawn = spaced(&sizes(run), most).into_iter().map(of_size);
    drawn.filter(|size| !size.topologies.is_empty()).collect()
}

/// At most `most` of `all`, evenly spaced, the last of them always.
fn spaced(all: &[f64], most: usize) -> Vec<f64> {
    let last = all.len().saturating_sub(1);
    let steps = most.min(all.len()).saturating_sub(1);
    match steps {
        0 => all.last().copied().into_iter().collect(),
        _ => (0..=steps).map(|at| all[(at * last + steps / 2) / steps]).collect(),
    }
}

fn life<'r>(run: &'r Run, series: &'r Series, name: &str, message_b: f64) -> Option<Life<'r>> {
    let point = run.of_size(name, message_b).find(|point| series.holds(&point.key))?;
    let spent: Vec<&Spent> = run.life.iter().filter(|spent| spent.key == point.key).collect();
    let whole_s = point.completion_s?;
    (!spent.is_empty()).then_some(Life { series, point, spent, whole_s })
}

/// The kinds that take most, in path order.
pub fn kinds(sizes: &[OfSize<'_>]) -> Kinds {
    let lives = || sizes.iter().flat_map(|size| &size.topologies).flat_map(|(_, lives)| lives);
    let all = distinct(lives().flat_map(|life| &life.spent).map(|spent| spent.kind.clone()));
    let none = Kinds { named: Vec::new(), others: true };
    let share = |kind: &String| {
        lives().map(|life| life.at(&none, Some(kind)) / life.whole_s).fold(0.0, f64::max)
    };
    let rank = |kind: &String| if kind == KERNEL { f64::INFINITY } else { share(kind) };
    let mut ranked: Vec<(&String, f64)> = all.iter().map(|kind| (kind, rank(kind))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let large = ranked.iter().filter(|(_, share)| *share >= SMALL).count();
    // One alone may as well be named as drawn with the others.
    let most = if ranked.len() == large + 1 { ranked.len() } else { large };
    ranked.truncate(most.min(MOST_KINDS));
    let named = all.iter().filter(|kind| ranked.iter().any(|(other, _)| other == kind));
    let named: Vec<String> = named.cloned().collect();
    Kinds { others: named.len() < all.len(), named }
}

/// Draws the lives of a run; none where they say nothing.
pub fn draw(run: &Run, plan: &Plan) -> Option<Picture> {
    let sizes = shown(run, plan);
    let first = sizes.first()?;
    let kinds = kinds(&sizes);
    let mut picture = Picture::new(WIDTH, 0.0);
    let at = plan.folded_at(first.topologies[0].1[0].point);
    let at = if at.is_empty() { String::new() } else { format!(" Shown at {at}.") };
    let axes = if sizes.len() == 1 { "" } else { " Each size has its own axis." };
    let note = format!("{}{axes}{at}", reading(run));
    let mut top = frame::header(&mut picture, "Where each microsecond goes", &run.noted(&note));
    top = frame::legend(&mut picture, top, &entries(&sizes, &kinds));
    let columns = if sizes.len() == 1 { 1 } else { 2 };
    let wide = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    for row in sizes.chunks(columns) {
        for (at, size) in row.iter().enumerate() {
            let x = MARGIN + at as f64 * (wide + GAP);
            panel(&mut picture, size, &kinds, [x, top, x + wide]);
        }
        let high = row.iter().map(OfSize::height).fold(0.0, f64::max);
        top += TITLE + high + FOOT + GAP;
    }
    picture.height = top - GAP + MARGIN;
    Some(picture)
}

/// From when to when a bar goes, and what its parts are.
fn reading(run: &Run) -> &'static str {
    match run.steps.is_empty() {
        true => {
            "From the launch of the kernel, or the result's being ready, to the arrival of its \
             last byte. Every interval belongs to one hop and one cause; of work that overlaps, \
             what the message waited for is shown."
        }
        false => {
            "From the client's call to the whole answer. Every interval belongs to one hop and one \
             cause; a hop that is crossed again and again is drawn once, where it is first crossed."
        }
    }
}

impl OfSize<'_> {
    /// Whether a topology has several bars: its name stands above them then.
    fn headed(&self) -> bool {
        self.topologies.iter().any(|(_, lives)| !lives[0].series.label.is_empty())
    }

    fn height(&self) -> f64 {
        let head = if self.headed() { HEAD } else { 0.0 };
        let group = |lives: &[Life<'_>]| head + lives.len() as f64 * (BAR.0 + BAR.1) + GROUP_GAP;
        self.topologies.iter().map(|(_, lives)| group(lives)).sum()
    }
}

fn entries(sizes: &[OfSize<'_>], kinds: &Kinds) -> Vec<(Sample, String)> {
    let kind = |(at, name): (usize, &String)| (Sample::Box(ink::colour(at)), name.clone());
    let mut entries: Vec<_> = kinds.named.iter().enumerate().map(kind).collect();
    entries.extend(kinds.others.then(|| (Sample::Box(OTHERS), "all other hops".to_owned())));
    let lives = || sizes.iter().flat_map(|size| &size.topologies).flat_map(|(_, lives)| lives);
    let seen = |causes: &[&str]| {
        let mut all = lives().flat_map(|life| &life.spent);
        all.any(|spent| causes.contains(&spent.cause.as_str()) && spent.share >= SMALL / 2.0)
    };
    let (travels, waits) = (seen(&["propagation"]), seen(&["queueing", "window"]));
    if travels {
        let sample = Sample::Box(ink::tint(ink::MUTED, PALE));
        entries.push((sample, "pale: signals and fixed latencies".to_owned()));
    }
    if waits {
        let text = "hollow: held up by a window, a limit on requests in flight, or other work";
        entries.push((Sample::Outline(ink::MUTED), text.to_owned()));
    }
    entries
}

/// The ink of the hops without a colour of their own.
const OTHERS: RGBAColor = RGBAColor(0x99, 0x9f, 0xa5, 1.0);
/// How much white the ink of a signal on its way has.
const PALE: f64 = 0.6;

fn panel(picture: &mut Picture, size: &OfSize<'_>, kinds: &Kinds, [x0, y0, x1]: [f64; 3]) {
    let lives = || size.topologies.iter().flat_map(|(_, lives)| lives);
    let headed = size.headed();
    let labels: Vec<f64> = match headed {
        true => lives().map(|life| LABEL.width(&life.series.label)).collect(),
        false => size.topologies.iter().map(|(name, _)| NAME.width(name)).collect(),
    };
    let gutter = labels.into_iter().fold(0.0, f64::max).min((x1 - x0) * 0.45);
    let (left, right) = (x0 + gutter + 8.0, x1 - 56.0);
    let (top, bottom) = (y0 + TITLE, y0 + TITLE + size.height());
    let most = lives().map(|life| life.whole_s).fold(0.0, f64::max);
    let (unit, scale) = words::time_unit(most);
    let panel = Panel {
        x: Scale::from_zero(most / scale, (left, right)),
        y: Scale::from_zero(1.0, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    picture.text((x0, y0 + 8.0), words::size(size.message_b), NAME);
    let wanted = ((right - left) / 45.0) as usize;
    panel.grid_x(picture, &frame::ticks_about(&panel.x, unit, wanted.clamp(2, 8)));
    let mut y = top + GROUP_GAP / 2.0;
    for (name, lives) in &size.topologies {
        if headed {
            // Nothing else stands on its line, so it may reach over the bars.
            picture.text((x0, y + HEAD / 2.0), LABEL.bold().fit(name, right - x0), LABEL.bold());
            y += HEAD;
        }
        for life in lives {
            let middle = y + BAR.0 / 2.0;
            let (label, style) = match headed {
                true => (&life.series.label, LABEL),
                false => (name, NAME),
            };
            picture.text((left - 8.0, middle), style.fit(label, gutter), style.end());
            bar(picture, &panel, life, kinds, y, scale);
            picture.text((x1, middle), words::time_figure(life.whole_s), LABEL.end());
            y += BAR.0 + BAR.1;
        }
        y += GROUP_GAP;
    }
    panel.base(picture);
    picture.stroke(&[(left, top), (left, bottom)], ink::AXIS, 1.0);
}

/// The bar of one message: its hops in path order; at its end those without a colour, and what is
/// too short to be seen by itself.
fn bar(picture: &mut Picture, panel: &Panel, life: &Life<'_>, kinds: &Kinds, y: f64, scale: f64) {
    let mut begin = 0.0;
    let mut segment = |seconds: f64, ink: RGBAColor, cause: &str| {
        let end = begin + seconds / scale;
        let ends = (panel.x.at(begin), panel.x.at(end));
        filled(picture, (ends.0, y), (ends.1, y + BAR.0), ink, cause);
        begin = end;
    };
    let hair =
        HAIR * scale * panel.x.values().1 / (panel.x.at(panel.x.values().1) - panel.edges[0]);
    let mut rest = 0.0;
    for spent in &life.spent {
        match kinds.named.iter().position(|name| *name == spent.kind) {
            Some(at) if spent.mean_s > hair => {
                segment(spent.mean_s, ink::colour(at), &spent.cause);
            }
            _ => rest += spent.mean_s,
        }
    }
    segment(rest, OTHERS, "service");
}

/// A part of a bar: full, pale or hollow by its cause, with a hair of paper before the next.
fn filled(picture: &mut Picture, (x0, y0): Point, (x1, y1): Point, ink: RGBAColor, cause: &str) {
    let wide = x1 - x0;
    if wide <= 0.0 {
        return;
    }
    // A hair tells two hops of one colour apart, where there is room for it.
    let end = if wide > 3.0 { x1 - 0.75 } else { x1 };
    match cause {
        "propagation" => picture.rectangle((x0, y0), (end, y1), ink::tint(ink, PALE)),
        "queueing" | "window" if wide > 4.0 => {
            picture.rectangle((x0, y0), (end, y1), ink::tint(ink, 0.85));
            picture.outline((x0 + 0.75, y0 + 0.75), (end - 0.75, y1 - 0.75), ink, 1.5);
        }
        "queueing" | "window" => picture.rectangle((x0, y0), (end, y1), ink::tint(ink, 0.3)),
        _ => picture.rectangle((x0, y0), (end, y1), ink),
    }
}
