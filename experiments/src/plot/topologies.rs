//! Goodput by topology against the line rate: bars in rows, so that long names stay readable.

use super::frame::{self, LABEL, MARGIN, NAME, NOTE, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::Picture;
use super::run::Run;
use super::scale::Scale;
use super::series::{self, Plan, Series, Value};
use super::words;

/// One bar and the space below it \[px\].
const BAR: (f64, f64) = (10.0, 3.0);
/// Between two topologies \[px\].
const GROUP_GAP: f64 = 12.0;

/// A topology with a bar for each series that has one.
struct Group {
    name: String,
    bars: Vec<(Series, Value)>,
}

impl Group {
    fn height(&self) -> f64 {
        self.bars.len() as f64 * (BAR.0 + BAR.1) - BAR.1
    }

    fn reference_bit_s(&self) -> f64 {
        self.bars.iter().map(|(_, value)| value.reference_bit_s.1).fold(0.0, f64::max)
    }
}

/// Draws the goodput of the largest message on every topology.
pub fn draw(run: &Run) -> Picture {
    let plan = series::plan(run);
    let groups = groups(run, &plan);
    let mut picture = Picture::new(WIDTH, 0.0);
    let title = "Goodput by topology against the line rate";
    let mut top = frame::header(&mut picture, title, &run.noted(&note(run, &plan, &groups)));
    top = frame::legend(&mut picture, top, &entries(&plan, &groups));

    let gutter = groups.iter().map(|group| NAME.width(&group.name)).fold(0.0, f64::max).min(280.0);
    let lossy = groups.iter().flat_map(|group| &group.bars).any(|(_, value)| lost(value));
    let columns = if lossy { 190.0 } else { 130.0 };
    let (left, right) = (MARGIN + gutter + 10.0, WIDTH - MARGIN - columns);
    let most = groups.iter().map(Group::most_bit_s).fold(0.0, f64::max);
    let (unit, scale) = words::bit_unit(most);
    let height: f64 = groups.iter().map(|group| group.height() + GROUP_GAP).sum();
    let bottom = top + 16.0 + height;
    let x = Scale::from_zero(most / scale, (left, right));
    let y = Scale::from_zero(1.0, (bottom, top + 16.0));
    let panel = Panel { x, y, edges: [left, top + 16.0, right, bottom] };

    panel.grid_x(&mut picture, &frame::ticks_with_unit(&x, unit));
    picture.text((right + 62.0, top + 6.0), unit, TICK.end());
    picture.text((right + 118.0, top + 6.0), "of line rate", TICK.end());
    if lossy {
        picture.text((right + 180.0, top + 6.0), "lost", TICK.end());
    }
    let mut row = top + 16.0 + GROUP_GAP / 2.0;
    for group in &groups {
        draw_group(&mut picture, &panel, group, row, scale);
        row += group.height() + GROUP_GAP;
    }
    panel.base(&mut picture);
    picture.stroke(&[(left, top + 16.0), (left, bottom)], ink::AXIS, 1.0);
    picture.height = bottom + 20.0 + MARGIN;
    picture
}

impl Group {
    fn most_bit_s(&self) -> f64 {
        let ends = self.bars.iter().flat_map(|(_, value)| {
            let span = value.span.map_or(0.0, |span| span.1);
            [value.bit_s, value.sent_bit_s * f64::from(lost(value)), span, value.reference_bit_s.1]
        });
        ends.fold(0.0, f64::max)
    }
}

/// Whether so much is lost that it is worth showing: above one in two thousand.
fn lost(value: &Value) -> bool {
    value.loss_ratio > 5e-4
}

/// The ends of a value's whisker, where they are far enough apart to be seen \[bit/s\].
fn whisker(value: &Value) -> Option<(f64, f64)> {
    value.span.filter(|(low, high)| high - low > 1e-4 * value.bit_s)
}

fn groups(run: &Run, plan: &Plan) -> Vec<Group> {
    let sized = |name: &String| {
        let of = run.results.iter().filter(|result| result.key.topology == *name);
        of.map(|result| result.key.message_b).fold(0.0, f64::max)
    };
    run.topologies()
        .into_iter()
        .map(|name| {
            let size = sized(&name);
            let bar = |series: &Series| Some((series.clone(), series.value(run, &name, size)?));
            let bars = plan.series.iter().filter_map(bar).collect();
            Group { bars, name }
        })
        .collect()
}

fn note(run: &Run, plan: &Plan, groups: &[Group]) -> String {
    let size = words::size(run.largest_message());
    let only = match &plan.series[..] {
        [one] if !one.label.is_empty() => format!(" {}.", one.label),
        _ => String::new(),
    };
    let spread =
        groups.iter().flat_map(|group| &group.bars).any(|(_, value)| whisker(value).is_some());
    let drawn = run.results.iter().any(|result| result.predicted_bit_s.is_some());
    let whisker = match plan.folded.is_empty() {
        _ if !spread => String::new(),
        true if drawn => "Whiskers: 90 % of draws of what is unknown.".to_owned(),
        true => "Whiskers: 95 % interval over replications.".to_owned(),
        false => format!("Whiskers: the range over {}.", plan.folded_names()),
    };
    format!("Messages of {size}, the largest of the run.{only} {whisker}")
}

fn entries(plan: &Plan, groups: &[Group]) -> Vec<(Sample, String)> {
    let named = plan.series.iter().filter(|_| plan.series.len() > 1);
    let mut entries: Vec<_> =
        named.map(|series| (Sample::Box(series.ink), series.label.clone())).collect();
    entries.push((Sample::Upright(ink::BLACK), "line rate of the slowest link".into()));
    if groups.iter().flat_map(|group| &group.bars).any(|(_, value)| lost(value)) {
        entries.push((Sample::Outline(ink::MUTED), "sent, but lost on the way".into()));
    }
    entries
}

fn draw_group(picture: &mut Picture, panel: &Panel, group: &Group, top: f64, scale: f64) {
    let [left, _, right, _] = panel.edges;
    let middle = top + group.height() / 2.0;
    let name = NAME.fit(&group.name, left - 10.0 - MARGIN);
    picture.text((left - 10.0, middle), name, NAME.end());
    if group.bars.is_empty() {
        picture.text((left + 6.0, middle), "no result", NOTE);
    }
    for (at, (series, value)) in group.bars.iter().enumerate() {
        let y = top + at as f64 * (BAR.0 + BAR.1);
        let place = |bit_s: f64| panel.x.at(bit_s / scale);
        let end = place(value.bit_s);
        picture.rectangle((left, y), (end, y + BAR.0), series.ink);
        if lost(value) {
            let sent = (place(value.sent_bit_s) - 0.5, y + BAR.0 - 0.5);
            picture.outline((end, y + 0.5), sent, ink::MUTED, 1.0);
        }
        if let Some((low, high)) = whisker(value) {
            frame::whisker(picture, (place(low.max(0.0)), place(high)), y + BAR.0 / 2.0, ink::TEXT);
        }
        let y = y + BAR.0 / 2.0;
        picture.text((right + 62.0, y), words::figure(value.bit_s / scale), LABEL.end());
        let share = words::percent((value.share.0 + value.share.1) / 2.0);
        picture.text((right + 118.0, y), share, TICK.end());
        if lost(value) {
            picture.text((right + 180.0, y), words::percent(value.loss_ratio), TICK.end());
        }
    }
    let reference = panel.x.at(group.reference_bit_s() / scale);
    let ends = [(reference, top - 3.0), (reference, top + group.height() + 3.0)];
    picture.stroke(&ends, ink::BLACK, 2.0);
}
