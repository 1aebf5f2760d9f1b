//! Bars of what times are made of, and lanes of what happens over time.

use std::path::Path;

use plotters::style::RGBAColor;

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::Picture;
use super::run::distinct;
use super::scale::Scale;
use super::table::Table;
use super::{PlotError, words};

/// One bar and the space below it \[px\].
const BAR: (f64, f64) = (13.0, 5.0);
/// The name of a GPU above its bars \[px\].
const HEAD: f64 = 20.0;
/// Ticks and their title below a panel \[px\].
const FOOT: f64 = 42.0;
/// The narrowest piece that is drawn \[px\]: shorter ones would be lost.
const HAIR: f64 = 0.7;
/// More lanes than this are a wall.
const LANES_MAX: usize = 80;

/// The stages with the colour of each; what is nearer to an answer is darker.
const STAGES: [(&str, RGBAColor, f64); 24] = [
    ("hops", ink::BLACK, 0.5),
    ("gateway", ink::BLACK, 0.5),
    ("queue", ink::BLACK, 0.75),
    ("base", ink::ORANGE, 0.55),
    ("image", ink::ORANGE, 0.0),
    ("container", ink::PURPLE, 0.0),
    ("context", ink::PURPLE, 0.55),
    ("host", ink::SKY, 0.0),
    ("gpu", ink::BLUE, 0.0),
    ("load", ink::SKY, 0.55),
    ("work", ink::GREEN, 0.0),
    ("result", ink::VERMILLION, 0.0),
    ("prefill", ink::GREEN, 0.0),
    ("room", ink::PURPLE, 0.0),
    ("handover", ink::VERMILLION, 0.0),
    ("decode queue", ink::ORANGE, 0.0),
    ("answer hops", ink::BLACK, 0.3),
    ("compute", ink::GREEN, 0.0),
    ("straggler", ink::PURPLE, 0.3),
    ("slowed", ink::ORANGE, 0.3),
    ("exposed", ink::VERMILLION, 0.0),
    ("exchange", ink::BLUE, 0.0),
    ("update", ink::SKY, 0.4),
    ("data", ink::BLACK, 0.6),
];
/// What others are told apart by, in turn.
const OTHERS: [(RGBAColor, f64); 8] = [
    (ink::ORANGE, 0.0),
    (ink::SKY, 0.0),
    (ink::GREEN, 0.0),
    (ink::PURPLE, 0.0),
    (ink::BLUE, 0.0),
    (ink::VERMILLION, 0.0),
    (ink::ORANGE, 0.55),
    (ink::GREEN, 0.55),
];

/// The colours of what a figure shows.
struct Palette(Vec<(String, RGBAColor)>);

impl Palette {
    /// Names in the order in which they come first; known ones have a colour of their own.
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Palette {
        let mut all: Vec<(String, RGBAColor)> = Vec::new();
        let mut others = OTHERS.iter().cycle();
        for name in names {
            if all.iter().any(|(own, _)| own == name) {
                continue;
            }
            let known = STAGES.iter().find(|(own, ..)| *own == name);
            let (ink, white) = match known {
                Some((_, ink, white)) => (*ink, *white),
                None => *others.next().expect("it goes round"),
            };
            all.push((name.to_owned(), ink::tint(ink, white)));
        }
        Palette(all)
    }

    fn colour(&self, name: &str) -> RGBAColor {
        self.0.iter().find(|(own, _)| own == name).map_or(ink::MUTED, |(_, own)| *own)
    }

    fn legend(&self) -> Vec<(Sample, String)> {
        // Where known stages have an order, that is the one of the legend.
        let at = |name: &str| STAGES.iter().position(|(own, ..)| *own == name);
        let mut all: Vec<&(String, RGBAColor)> = self.0.iter().collect();
        all.sort_by_key(|(name, _)| at(name).unwrap_or(STAGES.len()));
        all.into_iter().map(|(name, own)| (Sample::Box(*own), name.clone())).collect()
    }
}

/// Bars of stages, one for each row of keys in `stages.csv`; `what` is that of which they are the
/// mean time, as in "a call".
pub(super) fn bars(dir: &Path, (title, what): (&str, &str)) -> Result<Option<Picture>, PlotError> {
    let Some(table) = Table::read_if_there(dir, "stages.csv")? else { return Ok(None) };
    let keys: Vec<String> =
        table.columns().iter().take_while(|name| *name != "stage").cloned().collect();
    let mut bars: Vec<(String, Vec<(String, f64)>)> = Vec::new();
    for row in table.rows() {
        let cells: Result<Vec<&str>, PlotError> = keys.iter().map(|key| row.text(key)).collect();
        let name = cells?.join(", ");
        let spent = (row.text("stage")?.to_owned(), row.number("mean_s")?);
        match bars.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => own.push(spent),
            None => bars.push((name, vec![spent])),
        }
    }
    let whole = |own: &[(String, f64)]| own.iter().map(|(_, mean)| mean).sum::<f64>();
    let most = bars.iter().map(|(_, own)| whole(own)).fold(0.0, f64::max);
    if most <= 0.0 || bars.len() > LANES_MAX {
        return Ok(None);
    }
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = match &keys[..] {
        [] => format!("Mean time of {what}."),
        [only] => format!("Mean time of {what}, by {only}."),
        all => format!("Mean time of {what}, by {}.", all.join(", ").replace('_', " ")),
    };
    let top = frame::header(&mut picture, title, &note);
    let all = bars.iter().flat_map(|(_, own)| own);
    let shown = all.filter(|(_, mean)| *mean > 0.002 * most).map(|(name, _)| name.as_str());
    let palette = Palette::of(shown);
    let top = frame::legend(&mut picture, top, &palette.legend());
    let names = bars.iter().map(|(name, _)| LABEL.width(name)).fold(0.0, f64::max).min(300.0);
    let left = MARGIN + names + 14.0;
    let bottom = top + bars.len() as f64 * (BAR.0 + BAR.1);
    let (unit, scale) = words::time_unit(most);
    let x = Scale::from_zero(most / scale * 1.02, (left, WIDTH - MARGIN - 60.0));
    let panel = Panel {
        x,
        y: Scale::from_zero(1.0, (bottom, top)),
        edges: [left, top, WIDTH - MARGIN - 60.0, bottom],
    };
    panel.grid_x(&mut picture, &frame::ticks_with_unit(&x, unit));
    for (at, (name, own)) in bars.iter().enumerate() {
        let y = top + at as f64 * (BAR.0 + BAR.1);
        let middle = y + BAR.0 / 2.0;
        picture.text((left - 6.0, middle), LABEL.fit(name, names), LABEL.end());
        let mut from = 0.0;
        for (stage, mean) in own {
            let until = from + mean / scale;
            picture.rectangle((x.at(from), y), (x.at(until), y + BAR.0), palette.colour(stage));
            from = until;
        }
        picture.text((x.at(from) + 5.0, middle), words::time(whole(own)), LABEL);
    }
    picture.height = bottom + FOOT - 16.0;
    Ok(Some(picture))
}

/// In what order lanes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// By the names of GPU and function.
    ByName,
    /// As the file has them.
    AsTheyCome,
}

/// A piece of a Gantt chart: its lane, its stage, from when, until when.
type Piece = (usize, String, f64, f64);

/// What happens over time: a lane for each function on each GPU of `gantt.csv`.
pub(super) fn gantt(
    dir: &Path,
    (title, note): (&str, &str),
    order: Lanes,
) -> Result<Option<Picture>, PlotError> {
    let Some(table) = Table::read_if_there(dir, "gantt.csv")? else { return Ok(None) };
    let mut lanes: Vec<(String, String)> = Vec::new();
    for row in table.rows() {
        let lane = (row.text("gpu")?.to_owned(), row.text("function")?.to_owned());
        if !lanes.contains(&lane) {
            lanes.push(lane);
        }
    }
    if order == Lanes::ByName {
        lanes.sort();
    }
    if lanes.is_empty() || lanes.len() > LANES_MAX {
        return Ok(None);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for row in table.rows() {
        let is = |lane: &(String, String)| {
            row.text("gpu").is_ok_and(|own| own == lane.0)
                && row.text("function").is_ok_and(|own| own == lane.1)
        };
        let lane = lanes.iter().position(is).expect("every lane was noted");
        let what = row.text("what")?.to_owned();
        pieces.push((lane, what, row.number("from_s")?, row.number("until_s")?));
    }
    let end = pieces.iter().map(|piece| piece.3).fold(0.0, f64::max);
    let mut picture = Picture::new(WIDTH, 0.0);
    let top = frame::header(&mut picture, title, note);
    let palette = Palette::of(pieces.iter().map(|(_, what, ..)| what.as_str()));
    let top = frame::legend(&mut picture, top, &palette.legend());
    let names = lanes.iter().map(|(_, name)| LABEL.width(name)).fold(0.0, f64::max).min(260.0);
    let left = MARGIN + names + 8.0;
    let right = WIDTH - MARGIN - 12.0;
    let gpus = distinct(lanes.iter().map(|(gpu, _)| gpu.clone()));
    let bottom = top + gpus.len() as f64 * HEAD + lanes.len() as f64 * (BAR.0 + BAR.1);
    let (unit, scale) = if end > 7200.0 { ("h", 3600.0) } else { words::time_unit(end) };
    let x = Scale::from_zero(end / scale, (left, right));
    let y = Scale::from_zero(1.0, (bottom, top));
    let panel = Panel { x, y, edges: [left, top, right, bottom] };
    panel.grid_x(&mut picture, &frame::ticks_with_unit(&x, unit));
    let mut at = top;
    let mut places = vec![0.0; lanes.len()];
    for gpu in &gpus {
        picture.text((MARGIN, at + HEAD / 2.0), gpu.clone(), NAME);
        at += HEAD;
        for (lane, (_, name)) in lanes.iter().enumerate().filter(|(_, (own, _))| own == gpu) {
            places[lane] = at;
            let middle = at + BAR.0 / 2.0;
            picture.text((left - 6.0, middle), LABEL.fit(name, names), LABEL.end());
            picture.rectangle((left, at), (right, at + BAR.0), ink::GROUND);
            at += BAR.0 + BAR.1;
        }
    }
    for (lane, what, from, until) in &pieces {
        let (from, until) = (x.at(from / scale), x.at(until / scale));
        let y = places[*lane];
        picture.rectangle(
            (from, y),
            (until.max(from + HAIR).min(right), y + BAR.0),
            palette.colour(what),
        );
    }
    picture.text(((left + right) / 2.0, bottom + 28.0), "time", TICK.middle());
    picture.height = bottom + FOOT;
    Ok(Some(picture))
}
