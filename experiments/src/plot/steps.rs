//! The steps of a request side by side: a bar per setting, from the call to the answer.

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::Picture;
use super::run::{Key, Run, StepTime, distinct};
use super::scale::Scale;
use super::series;
use super::words;
use crate::record::WHOLE;

/// One bar and the space below it \[px\].
const BAR: (f64, f64) = (14.0, 6.0);
/// More bars than this and settings are shown one change at a time.
const MOST: usize = 24;

/// A request with its steps, in order.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// Which point and transfer.
    pub key: &'r Key,
    /// What tells it from the first: `ndots 1`.
    pub label: String,
    /// Its steps.
    pub steps: Vec<&'r StepTime>,
    /// All of them together.
    pub whole: &'r StepTime,
}

/// The names of the steps of a run, each once.
pub fn names(run: &Run) -> Vec<&str> {
    distinct(run.steps.iter().map(|step| step.step.as_str()).filter(|name| *name != WHOLE))
}

/// The requests that are shown: all, or, where there are many, the first of each topology and those
/// that differ from it in one setting.
pub fn shown(run: &Run) -> Vec<Request<'_>> {
    let keys: Vec<&Key> = distinct(run.steps.iter().map(|step| &*step.key));
    let mut shown = Vec::new();
    for topology in distinct(keys.iter().map(|key| key.topology.clone())) {
        let own = || keys.iter().copied().filter(|key| key.topology == topology);
        let Some(first) = own().next() else { continue };
        let few = own().count() <= MOST;
        for key in own().filter(|key| few || changes(first, key).len() <= 1) {
            let label = match &changes(first, key)[..] {
                [] => "as it is first set".to_owned(),
                changes => changes.join(", "),
            };
            let own = run.steps.iter().filter(|step| *step.key == *key);
            let (whole, steps): (Vec<_>, Vec<_>) = own.partition(|step| step.step == WHOLE);
            shown.extend(whole.first().map(|whole| Request { key, label, steps, whole }));
        }
    }
    shown
}

/// The settings in which `key` differs from `first`.
fn changes(first: &Key, key: &Key) -> Vec<String> {
    let pairs = first.dimensions.iter().zip(&key.dimensions);
    let differ = pairs.filter(|(a, b)| a != b);
    let plain = |column: &str| {
        let last = column.rsplit('.').next().unwrap_or(column);
        if last == column { column.to_owned() } else { last.replace('_', " ") }
    };
    differ.map(|(_, (column, value))| series::setting(&plain(column), value)).collect()
}

/// Draws a bar of steps for each request; none if nobody asked.
pub fn draw(run: &Run) -> Option<Picture> {
    let requests = shown(run);
    if requests.is_empty() {
        return None;
    }
    let names = names(run);
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "From the client's call to the whole answer, on average over replications. The \
                first bar is the experiment's first setting; each bar below it changes what its \
                name says.";
    let mut top = frame::header(&mut picture, "Where a request's time goes", &run.noted(note));
    let entry = |(at, name): (usize, &&str)| (Sample::Box(ink::colour(at)), (*name).to_owned());
    let entries: Vec<_> = names.iter().enumerate().map(entry).collect();
    top = frame::legend(&mut picture, top, &entries);

    let labels = requests.iter().map(|request| NAME.width(&request.label));
    let gutter = labels.fold(0.0, f64::max).min(300.0);
    let (left, right) = (MARGIN + gutter + 10.0, WIDTH - MARGIN - 150.0);
    let most = requests.iter().map(|request| request.whole.mean_s).fold(0.0, f64::max);
    let (unit, scale) = words::time_unit(most);
    let bottom = top + 16.0 + requests.len() as f64 * (BAR.0 + BAR.1) + BAR.1;
    let panel = Panel {
        x: Scale::from_zero(most / scale, (left, right)),
        y: Scale::from_zero(1.0, (bottom, top + 16.0)),
        edges: [left, top + 16.0, right, bottom],
    };
    panel.grid_x(&mut picture, &frame::ticks_with_unit(&panel.x, unit));
    picture.text((right + 70.0, top + 6.0), "mean", TICK.end());
    picture.text((right + 140.0, top + 6.0), "99 of 100", TICK.end());
    let mut y = top + 16.0 + BAR.1;
    for request in &requests {
        let middle = y + BAR.0 / 2.0;
        let name = NAME.fit(&request.label, left - 10.0 - MARGIN);
        picture.text((left - 10.0, middle), name, NAME.end());
        let mut begin = 0.0;
        for step in &request.steps {
            let end = begin + step.mean_s / scale;
            let at = names.iter().position(|name| *name == step.step).unwrap_or(0);
            let (x0, x1) = (panel.x.at(begin), panel.x.at(end));
            picture.rectangle((x0, y), (x1, y + BAR.0), ink::colour(at));
            begin = end;
        }
        picture.text((right + 70.0, middle), words::time_figure(request.whole.mean_s), LABEL.end());
        picture.text((right + 140.0, middle), words::time_figure(request.whole.p99_s), TICK.end());
        y += BAR.0 + BAR.1;
    }
    panel.base(&mut picture);
    picture.stroke(&[(left, top + 16.0), (left, bottom)], ink::AXIS, 1.0);
    picture.height = bottom + 20.0 + MARGIN;
    Some(picture)
}
