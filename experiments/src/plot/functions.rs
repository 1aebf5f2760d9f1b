//! The figures of functions on pods: what instances do over time, and where calls spend theirs.

use std::path::Path;

use plotters::style::RGBAColor;

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::Picture;
use super::run::distinct;
use super::scale::Scale;
use super::table::Table;
use super::{Draft, PlotError, words};

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
const STAGES: [(&str, RGBAColor, f64); 10] = [
    ("gateway", ink::BLACK, 0.5),
    ("queue", ink::BLACK, 0.75),
    ("image", ink::ORANGE, 0.0),
    ("container", ink::PURPLE, 0.0),
    ("context", ink::PURPLE, 0.55),
    ("host", ink::SKY, 0.0),
    ("gpu", ink::BLUE, 0.0),
    ("load", ink::SKY, 0.55),
    ("work", ink::GREEN, 0.0),
    ("result", ink::VERMILLION, 0.0),
];

fn colour(stage: &str) -> RGBAColor {
    let own = STAGES.iter().find(|(name, ..)| *name == stage);
    own.map_or(ink::MUTED, |(_, ink, white)| super::ink::tint(*ink, *white))
}

/// Those of the stages that `shown` says, for a legend.
fn legend(shown: impl Fn(&str) -> bool) -> Vec<(Sample, String)> {
    let own = STAGES.iter().filter(|(name, ..)| shown(name));
    own.map(|(name, ..)| (Sample::Box(colour(name)), (*name).to_owned())).collect()
}

/// Every figure that the tables in `dir` have data for.
pub(super) fn drafts(dir: &Path) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    if let Some(picture) = stages(dir)? {
        drafts.push(Draft {
            name: "stages",
            title: "Where calls spend their time".into(),
            caption: "The mean of all answered calls and seeds. Image to GPU: the part of a start \
                      that a call waited for."
                .into(),
            alternative: "A bar of stages for each row of stages.csv.".into(),
            picture,
        });
    }
    if let Some(picture) = gantt(dir)? {
        drafts.push(Draft {
            name: "gantt",
            title: "What instances do over time".into(),
            caption: "The first seed. Where a bar is missing, the instance is idle or not there."
                .into(),
            alternative: "A row for each function on each GPU, with a bar for each stage.".into(),
            picture,
        });
    }
    Ok(drafts)
}

/// Bars of stages, one for each function or variant.
fn stages(dir: &Path) -> Result<Option<Picture>, PlotError> {
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
        [only] => format!("Mean time of a call, by {only}."),
        all => format!("Mean time of a call, by {}.", all.join(", ").replace('_', " ")),
    };
    let top = frame::header(&mut picture, "Where calls spend their time", &note);
    let shown = |stage: &str| {
        let mut all = bars.iter().flat_map(|(_, own)| own);
        all.any(|(name, mean)| name == stage && *mean > 0.002 * most)
    };
    let top = frame::legend(&mut picture, top, &legend(shown));
    let names = bars.iter().map(|(name, _)| LABEL.width(name)).fold(0.0, f64::max).min(300.0);
    let left = MARGIN + names + 8.0;
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
            picture.rectangle((x.at(from), y), (x.at(until), y + BAR.0), colour(stage));
            from = until;
        }
        picture.text((x.at(from) + 5.0, middle), words::time(whole(own)), LABEL);
    }
    picture.height = bottom + FOOT - 16.0;
    Ok(Some(picture))
}

/// A piece of a Gantt chart: its lane, its stage, from when, until when.
type Piece = (usize, String, f64, f64);

/// What instances do over time: a lane for each function on each GPU.
fn gantt(dir: &Path) -> Result<Option<Picture>, PlotError> {
    let Some(table) = Table::read_if_there(dir, "gantt.csv")? else { return Ok(None) };
    let mut lanes: Vec<(String, String)> = Vec::new();
    for row in table.rows() {
        let lane = (row.text("gpu")?.to_owned(), row.text("function")?.to_owned());
        if !lanes.contains(&lane) {
            lanes.push(lane);
        }
    }
    lanes.sort();
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
    let note = "A lane for each function on each GPU: starts of instances, and calls.";
    let top = frame::header(&mut picture, "What instances do over time", note);
    let shown = |stage: &str| pieces.iter().any(|(_, what, ..)| what == stage);
    let top = frame::legend(&mut picture, top, &legend(shown));
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
        picture.rectangle((from, y), (until.max(from + HAIR).min(right), y + BAR.0), colour(what));
    }
    picture.text(((left + right) / 2.0, bottom + 28.0), "time", TICK.middle());
    picture.height = bottom + FOOT;
    Ok(Some(picture))
}
