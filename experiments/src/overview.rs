//! The table that `podpath run` prints: the points that a reader wants to see first.
//!
//! A sweep has more points than a screen has lines. Of points that differ only in message size the
//! largest stands for all, since it shows the steady state; then the first value of one dimension
//! after another does, until the rest fits. Everything is in `summary.csv`.

mod collectives;
mod patterns;
pub(crate) mod reported;

pub(crate) use collectives::collectives;
pub(crate) use patterns::patterns;

use comfy_table::Cell;
use rayon::prelude::*;
use sim::{Rate, Time};

use crate::console::{Sheet, number};
use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, exact};
use crate::interval::Predicted;
use crate::record::{Keyed, key_cells, keys};

/// The most rows that are printed.
const ROWS_MAX: usize = 40;
/// The narrowest column in which prose is readable, in characters.
const PROSE_WIDTH_MIN: usize = 16;
/// The columns of the key that say nothing on a screen.
const HIDDEN: [&str; 2] = ["experiment", "point"];
/// The column of the message size.
const SIZE: &str = "message_b";
/// The columns by which rows are thinned, the first first.
const THINNED: [&str; 8] =
    [SIZE, "via", "host_memory", "connection", "buffers", "chunk_b", "streams", "mode"];

/// What a column of prose says of a transfer.
type Say = fn(&Digest) -> String;

/// The table of those transfers that [`chosen`] are.
pub(crate) fn overview(plan: &Plan, chosen: &[Keyed<'_>]) -> Sheet {
    let keys = keys(plan);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let shown: Vec<usize> = (0..keys.len()).filter(|&at| is_shown(&keys, chosen, at)).collect();
    let mut header: Vec<&str> = shown.iter().map(|&at| title(keys[at])).collect();
    // Who asks wants to know when the answer is there.
    let asked = chosen.iter().any(|keyed| !keyed.digest.steps.is_empty());
    let sure = chosen.iter().any(|keyed| keyed.digest.sure.is_some());
    let figures = match (asked, sure) {
        (true, true) => ["answer after (90 %)", "longest step"],
        (true, false) => ["answer after", "longest step"],
        (false, true) => ["goodput (90 %)", "of line"],
        (false, false) => ["goodput", "of line"],
    };
    header.extend(figures);
    let row = |keyed: &Keyed<'_>| -> Vec<Cell> {
        let cells = shown.iter().map(|&at| printed(keys[at], &keyed.cells[at]).into());
        let digest = keyed.digest;
        let ratio = digest.goodput_bit_s.mean / digest.reference_bit_s;
        let figures = match asked {
            true => [answered(digest), longest(digest)],
            false => [rate_with_spread(digest), percent(ratio)],
        };
        cells.chain(figures.map(number)).collect()
    };
    let room = |header: &[&str]| {
        let mut bare = Sheet::new(header);
        chosen.iter().for_each(|keyed| bare.add_row(row(keyed)));
        bare.room()
    };
    let columns = header.len();
    let broken: Vec<String> = header.iter().map(|title| title.replace('.', ".\n")).collect();
    if room(&header) == 0 {
        header = broken.iter().map(String::as_str).collect();
    }
    let prose: [(&str, Say); 2] =
        [("most taken by", most_taken), ("would bring most", best_change)];
    // Prose has columns where the terminal leaves room to read it, and lines of its own elsewhere.
    let is_wide = room(&header) >= PROSE_WIDTH_MIN * prose.len();
    if is_wide {
        header.extend(prose.map(|(title, _)| title));
    }
    let mut table = Sheet::new(&header);
    for keyed in chosen {
        let said = prose.iter().filter(|_| is_wide).map(|(_, say)| say(keyed.digest).into());
        table.add_row(row(keyed).into_iter().chain(said));
    }
    if !is_wide {
        table.below(chosen.iter().map(|keyed| in_words(keyed.digest)));
    }
    table.keep_whole(columns);
    table
}

/// What the columns of prose say, in one line.
fn in_words(digest: &Digest) -> String {
    let (most, best) = (most_taken(digest), best_change(digest));
    let most = if most.is_empty() { most } else { format!("most taken by {most}") };
    let said = [most, best].into_iter().filter(|said| !said.is_empty());
    said.collect::<Vec<_>>().join("; ")
}

/// What a point sets beside the fields of its transfers: `; nic.mtu 1500, streams 4`.
pub(crate) fn setting(plan: &Plan, keyed: &Keyed<'_>) -> String {
    let behind = keyed.cells.len() - plan.columns.len();
    let set = plan.columns.iter().zip(&keyed.cells[behind..]);
    let set = set.filter(|(_, cell)| !cell.is_empty());
    set.map(|(key, cell)| format!("; {} {}", title(key), printed(key, cell))).collect()
}

/// Which rows are printed, of points and transfers in the order of the plan: dimension after
/// dimension is reduced to one value, until few enough are left.
pub(crate) fn chosen(
    experiment: &Experiment,
    plan: &Plan,
    mut rows: Vec<(usize, usize)>,
) -> Vec<(usize, usize)> {
    let keys = keys(plan);
    for dimension in THINNED {
        let Some(at) = keys.iter().position(|key| key == dimension) else { continue };
        if rows.len() <= ROWS_MAX {
            break;
        }
        let cell = |row: &(usize, usize)| key_cells(experiment, plan, row.0, row.1).swap_remove(at);
        let kept = match dimension {
            SIZE => {
                let bytes = rows.par_iter().map(|row| cell(row).parse::<u64>().unwrap_or(0));
                bytes.max().map(|bytes| bytes.to_string())
            }
            _ => rows.first().map(cell),
        };
        let Some(kept) = kept else { break };
        rows = rows.into_par_iter().filter(|row| cell(row) == kept).collect();
    }
    rows.truncate(ROWS_MAX);
    rows
}

/// The topology always; other columns where rows that have a value differ in it.
fn is_shown(keys: &[&str], chosen: &[Keyed<'_>], at: usize) -> bool {
    let mut cells = chosen.iter().map(|k| &k.cells[at]).filter(|cell| !cell.is_empty());
    // A transfer by way of a Service and one without differ, though one cell is empty.
    let first = if keys[at] == "via" { chosen.first().map(|k| &k.cells[at]) } else { cells.next() };
    let differs = first.is_some_and(|first| cells.any(|cell| cell != first));
    keys[at] == "topology" || (!HIDDEN.contains(&keys[at]) && differs)
}

/// A column's name on the screen, where values carry their units themselves.
fn title(key: &str) -> &str {
    key.strip_suffix("_bit_s").or(key.strip_suffix("_b")).unwrap_or(key)
}

fn printed(key: &str, cell: &str) -> String {
    match (cell.parse(), cell.parse()) {
        (_, Ok(bit_s)) if key.ends_with("_bit_s") => rate(bit_s),
        (Ok(bytes), _) if key.ends_with("_b") => exact(sim::Bytes::new(bytes)),
        _ => cell.to_owned(),
    }
}

/// A rate in bit/s as text.
pub(crate) fn rate(bit_s: f64) -> String {
    Rate::try_bytes_per_s(bit_s / 8.0).map_or_else(|| "0".into(), |rate| rate.to_string())
}

/// A printed figure with the ends of its interval in the same unit: `9.1 (6.2–9.4) Gbit/s`.
pub(crate) fn with_ends(
    printed: &str,
    value: f64,
    Predicted { low, high, .. }: Predicted,
) -> String {
    let Some((figure, unit)) = printed.split_once(' ') else { return printed.to_owned() };
    let scale = figure.parse::<f64>().unwrap_or(0.0) / value;
    let end = |end: f64| {
        let end = end * scale;
        let digits = if end >= 100.0 { 0 } else { 1 + usize::from(end < 1.0) };
        format!("{end:.digits$}")
    };
    format!("{figure} ({}–{}) {unit}", end(low), end(high))
}

/// A part of a whole, as text.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

fn rate_with_spread(digest: &Digest) -> String {
    let mean = digest.goodput_bit_s.mean;
    if let Some(sure) = &digest.sure {
        return with_ends(&rate(mean), mean, sure.goodput_bit_s);
    }
    match digest.goodput_bit_s.half_width() {
        // Below a thousandth, the interval says no more than the digits do.
        Some(half) if half > mean * 1e-3 => {
            format!("{} ± {:.1} %", rate(mean), 100.0 * half / mean)
        }
        _ => rate(mean),
    }
}

/// When the answer is there.
fn answered(digest: &Digest) -> String {
    let Some(time) = digest.completion_s else { return "never whole".into() };
    let mean = Time::from_seconds(time.mean).to_string();
    if let Some(sure) = digest.sure.as_ref().and_then(|sure| sure.completion_s) {
        return with_ends(&mean, time.mean, sure);
    }
    match time.half_width() {
        Some(half) if half > time.mean * 1e-3 => {
            format!("{mean} ± {:.1} %", 100.0 * half / time.mean)
        }
        _ => mean,
    }
}

/// The step of a request that takes longest.
fn longest(digest: &Digest) -> String {
    let steps = digest.steps.iter().filter_map(|step| Some((step.step?.name(), step.share)));
    let longest = steps.max_by(|a, b| a.1.total_cmp(&b.1));
    longest.map_or(String::new(), |(name, share)| format!("{name} {}", percent(share)))
}

fn most_taken(digest: &Digest) -> String {
    digest.most_taken().map_or(String::new(), |(kind, ratio)| format!("{kind} {}", percent(ratio)))
}

fn best_change(digest: &Digest) -> String {
    let best = digest.best_change();
    best.map_or(String::new(), |best| format!("{}: {}", best.change, gain(best.gain_ratio)))
}

/// A relative gain as text.
pub(crate) fn gain(ratio: f64) -> String {
    format!("{:+.0} %", ratio * 100.0)
}

/// A transfer of a point as `--json` tells it: key columns, estimates, and what takes most.
pub(crate) fn row(plan: &Plan, keyed: &Keyed<'_>) -> serde_json::Value {
    let digest = keyed.digest;
    let key: serde_json::Map<String, serde_json::Value> = keys(plan)
        .into_iter()
        .zip(&keyed.cells)
        .map(|(key, cell)| {
            let cell = json_cell(&key, cell);
            (key, cell)
        })
        .collect();
    let most = digest.most_taken();
    let best = digest.best_change();
    let mut row = serde_json::Value::Object(key);
    row["goodput_bit_s"] = serde_json::json!(digest.goodput_bit_s);
    row["completion_s"] = serde_json::json!(digest.completion_s);
    let sure = digest.sure.as_ref();
    let figures = [
        ("goodput_bit_s", sure.map(|sure| sure.goodput_bit_s)),
        ("completion_s", sure.and_then(|sure| sure.completion_s)),
    ];
    for (figure, predicted) in figures {
        row[format!("{figure}_predicted_median")] = predicted.map(|p| p.median).into();
        row[format!("{figure}_predicted_low")] = predicted.map(|p| p.low).into();
        row[format!("{figure}_predicted_high")] = predicted.map(|p| p.high).into();
    }
    row["sent_bit_s"] = serde_json::json!(digest.sent_bit_s);
    row["loss_ratio"] = serde_json::json!(digest.loss_ratio);
    row["reference_bit_s"] = digest.reference_bit_s.into();
    row["reference_link"] = digest.reference_link.clone().into();
    row["most_taken_by"] = most.map(|(kind, _)| kind).into();
    row["most_taken_ratio"] = most.map(|(_, ratio)| ratio).into();
    row["best_change"] = best.map(|best| best.change.as_str()).into();
    row["best_gain_ratio"] = best.map(|best| best.gain_ratio).into();
    row
}

/// A cell as a number where it is one.
fn json_cell(key: &str, cell: &str) -> serde_json::Value {
    // Names may look like numbers; the other columns are what they look like.
    let is_name = matches!(key, "experiment" | "topology" | "transfer" | "from" | "to" | "via");
    match cell.parse::<serde_json::Number>() {
        Ok(number) if !is_name => number.into(),
        _ if cell.is_empty() => serde_json::Value::Null,
        _ => cell.into(),
    }
}
