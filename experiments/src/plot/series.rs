//! Which points of a run belong to one colour: those that agree in everything that varies.
//!
//! Where so much varies that colours would run out, only way, transport, streams and mode tell
//! series apart, and the other settings widen a value to the range they span.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::RGBAColor;

use super::ink;
use super::run::{Key, Outcome, Run, distinct};
use super::words;

/// More than this and a figure is no longer read by colour.
const MOST: usize = 6;
/// The columns that tell series apart even when others are folded.
const MAIN: [&str; 8] =
    ["transfer", "from", "to", "via", "transport", "streams", "mode", "host_memory"];

/// Points of one colour.
#[derive(Clone, Debug)]
pub struct Series {
    /// What tells it from the others: `8 streams, overlapped`; empty if it is the only one.
    pub label: String,
    /// Its colour.
    pub ink: RGBAColor,
    /// Column and value that its points share.
    pub shared: Vec<(String, String)>,
}

/// The series of a run and what they leave open.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The series in file order.
    pub series: Vec<Series>,
    /// The columns that vary within a series: their range is drawn as an interval.
    pub folded: Vec<String>,
}

/// A value with what surrounds it, for one topology, size and series.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// The goodput \[bit/s\]: the mean, or the middle of the folded settings' range.
    pub bit_s: f64,
    /// Interval or range \[bit/s\].
    pub span: Option<(f64, f64)>,
    /// Lowest and highest goodput over line rate.
    pub share: (f64, f64),
    /// Lowest and highest line rate \[bit/s\].
    pub reference_bit_s: (f64, f64),
    /// The rate sent \[bit/s\], the highest of the folded settings.
    pub sent_bit_s: f64,
    /// The part of it lost, the highest of the folded settings.
    pub loss_ratio: f64,
    /// How many points it stands for.
    pub points: usize,
}

/// Sorts a run's points into series.
pub fn plan(run: &Run) -> Plan {
    let mut varying = varying(run);
    let without = |columns: &[String], some: &[&str]| -> Vec<String> {
        columns.iter().filter(|column| !some.contains(&column.as_str())).cloned().collect()
    };
    // Ends that a transfer's name already tells apart need not be named beside it.
    for column in ["from", "to", "via"] {
        let fewer = without(&varying, &[column]);
        if combinations(run, &fewer).len() == combinations(run, &varying).len() {
            varying = fewer;
        }
    }
    let minor = varying.iter().map(String::as_str).filter(|column| !MAIN.contains(column));
    let minor: Vec<&str> = minor.collect();
    let mut told = varying.clone();
    for some in [&minor[..], &["transfer"], &["from", "to"]] {
        if combinations(run, &told).len() > MOST {
            told = without(&told, some);
        }
    }
    let folded = varying.iter().filter(|column| !told.contains(column)).cloned().collect();
    let found = combinations(run, &told);
    let series = found
        .iter()
        .enumerate()
        .map(|(at, shared)| Series {
            label: label(shared),
            ink: colour(at, shared, &found),
            shared: shared.clone(),
        })
        .collect();
    Plan { series, folded }
}

/// The columns that differ between points of one topology (chunks: of one topology and mode). What
/// goes with the message size, like the work of the kernel that makes it, is told by the size.
fn varying(run: &Run) -> Vec<String> {
    let Some(first) = run.results.first() else { return Vec::new() };
    let columns = first.key.dimensions.iter().map(|(column, _)| column.clone());
    columns
        .filter(|column| {
            let of_chunks = column == "chunk_b" || column == "buffers";
            let by_size = !MAIN.contains(&&**column);
            let mut first: BTreeMap<(&str, &str, u64), &str> = BTreeMap::new();
            run.results.iter().any(|result| {
                let key = &result.key;
                let mode = if of_chunks { key.get("mode") } else { "" };
                let size = if by_size { key.message_b.to_bits() } else { 0 };
                let value = key.get(column);
                *first.entry((&key.topology, mode, size)).or_insert(value) != value
            })
        })
        .collect()
}

fn combinations(run: &Run, columns: &[String]) -> Vec<Vec<(String, String)>> {
    let mut seen = BTreeSet::new();
    let of = |result: &Outcome| -> Vec<(String, String)> {
        columns.iter().map(|name| (name.clone(), result.key.get(name).to_owned())).collect()
    };
    run.results.iter().map(of).filter(|found| seen.insert(found.clone())).collect()
}

fn label(shared: &[(String, String)]) -> String {
    let parts: Vec<String> = shared
        .iter()
        .filter(|(column, value)| !value.is_empty() && !is_none(column, value))
        .map(|(column, value)| setting(column, value))
        .collect();
    parts.join(", ")
}

/// Whether it says that a transfer is no collective.
fn is_none(column: &str, value: &str) -> bool {
    column == "collective" && value == "none"
}

/// A key column and its value as words: `8 streams`, `chunk 1 MiB`, `nic.mtu 9000 B`.
pub fn setting(column: &str, value: &str) -> String {
    let number = value.parse::<f64>().ok();
    match (column, number) {
        ("streams", Some(streams)) => words::count(streams as usize, "stream"),
        ("mode", _) if value == "gpudirect" => "GPUDirect".into(),
        ("transport", _) => value.to_uppercase(),
        ("transfer" | "mode" | "host_memory", _) => value.into(),
        ("buffers", Some(buffers)) => words::count(buffers as usize, "buffer"),
        ("collective", _) => value.replace('_', "-"),
        ("via", _) => format!("via {value}"),
        ("connection", _) => format!("{value} connection"),
        _ => {
            let (name, value) = quantity(column, value);
            format!("{name} {value}")
        }
    }
}

/// A column without its unit, and its value with it.
pub fn quantity(column: &str, value: &str) -> (String, String) {
    let Ok(number) = value.parse::<f64>() else { return (column.into(), value.into()) };
    type Say = fn(f64) -> String;
    let units: [(&str, Say); 5] = [
        ("_bit_s", words::bit_rate),
        ("_b_s", |rate| words::bit_rate(rate * 8.0)),
        ("_s_per_b", |cost| format!("{} ns/B", words::number(cost * 1e9))),
        ("_b", words::size),
        ("_s", words::time),
    ];
    for (ending, say) in units {
        if let Some(name) = column.strip_suffix(ending) {
            return (name.into(), say(number));
        }
    }
    (column.into(), words::number(number))
}

/// A tone per mode, paler for the earlier ones, and a hue per combination of the rest; the plain
/// palette where hues would run out.
fn colour(at: usize, shared: &[(String, String)], all: &[Vec<(String, String)>]) -> RGBAColor {
    let split = |of: &[(String, String)]| -> (Vec<String>, Vec<String>) {
        let (mode, rest): (Vec<_>, Vec<_>) = of.iter().cloned().partition(|(c, _)| c == "mode");
        let values = |pairs: Vec<(String, String)>| pairs.into_iter().map(|(_, v)| v).collect();
        (values(mode), values(rest))
    };
    let (mode, rest) = split(shared);
    let modes = distinct(all.iter().map(|one| split(one).0));
    let rests = distinct(all.iter().map(|one| split(one).1));
    if rests.len() > ink::PALETTE.len() {
        return ink::colour(at);
    }
    let tone = modes.iter().position(|other| *other == mode).unwrap_or(0);
    let hue = rests.iter().position(|other| *other == rest).unwrap_or(0);
    // More steps need more room between white and the full colour.
    let palest = if modes.len() > 2 { 0.68 } else { 0.55 };
    let steps = (modes.len() - 1).max(1) as f64;
    ink::tint(ink::colour(hue), palest * (modes.len() - 1 - tone) as f64 / steps)
}

impl Plan {
    /// The plainest series and the best equipped one that passes host memory: the first, and the
    /// last that is not GPUDirect. One where they are the same, none in an empty run.
    pub fn ends(&self) -> Vec<&Series> {
        let mut hosted = self.series.iter().filter(|series| series.mode() != Some("gpudirect"));
        let (first, last) = (self.series.first(), hosted.next_back().or(self.series.last()));
        match (first, last) {
            (Some(first), Some(last)) if first.shared != last.shared => vec![first, last],
            (first, _) => first.into_iter().collect(),
        }
    }

    /// The last series of GPUDirect, if there is one.
    pub fn direct(&self) -> Option<&Series> {
        self.series.iter().rfind(|series| series.mode() == Some("gpudirect"))
    }

    /// The names of the folded settings without their units: `nic.mtu and pcie.gen3-x16.tags`.
    pub fn folded_names(&self) -> String {
        let names: Vec<String> = self.folded.iter().map(|name| quantity(name, "0").0).collect();
        words::list(&names)
    }

    /// What the folded settings are at a point, to be said where only that point is shown.
    pub fn folded_at(&self, point: &Outcome) -> String {
        let at = |name: &String| match point.key.get(name) {
            "" => None,
            value => Some(setting(name, value)),
        };
        self.folded.iter().filter_map(at).collect::<Vec<_>>().join(", ")
    }
}

impl Series {
    /// The mode that its points share, if it is one of several.
    pub fn mode(&self) -> Option<&str> {
        let shared = self.shared.iter().find(|(column, _)| column == "mode");
        shared.map(|(_, mode)| mode.as_str())
    }

    /// What a caption adds to name it: `: 8 streams, overlapped`; nothing if it is the only one.
    pub fn suffix(&self) -> String {
        if self.label.is_empty() { String::new() } else { format!(": {}", self.label) }
    }

    /// Whether a point belongs to it.
    pub fn holds(&self, key: &Key) -> bool {
        self.shared.iter().all(|(column, value)| key.get(column) == value)
    }

    /// Its points of one topology and size.
    pub fn points<'r>(
        &'r self,
        run: &'r Run,
        topology: &'r str,
        message_b: f64,
    ) -> impl Iterator<Item = &'r Outcome> {
        run.of_size(topology, message_b).filter(move |result| self.holds(&result.key))
    }

    /// What it shows for one topology and size; none where the run has no such point.
    pub fn value(&self, run: &Run, topology: &str, message_b: f64) -> Option<Value> {
        let points: Vec<&Outcome> = self.points(run, topology, message_b).collect();
        let first = points.first()?;
        let least = |of: fn(&Outcome) -> f64| points.iter().map(|p| of(p)).fold(f64::MAX, f64::min);
        let most = |of: fn(&Outcome) -> f64| points.iter().map(|p| of(p)).fold(0.0, f64::max);
        let (low, high) = (least(|p| p.goodput.mean), most(|p| p.goodput.mean));
        Some(Value {
            bit_s: (low + high) / 2.0,
            span: match points.len() {
                1 => match first.predicted_bit_s {
                    Some([low, _, high]) => Some((low, high)),
                    None => first.goodput.low.zip(first.goodput.high),
                },
                _ => Some((low, high)),
            },
            share: (least(|p| p.of_reference), most(|p| p.of_reference)),
            reference_bit_s: (least(|p| p.reference_bit_s), most(|p| p.reference_bit_s)),
            sent_bit_s: most(|p| p.sent_bit_s),
            loss_ratio: most(|p| p.loss_ratio),
            points: points.len(),
        })
    }
}
