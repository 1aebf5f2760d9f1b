//! What each hop costs: the numbers of a host profile, and which of them its probes decided.

use std::path::Path;

use super::PlotError;
use super::dots::{self, Group, Panel};
use super::frame::Sample;
use super::ink;
use super::picture::Picture;
use super::run::distinct;
use super::table::{Row as Line, Table};
use super::words;

/// Where a calibration leaves its profile.
const PROFILE: (&str, &str) = ("profiles/host", "this-host.csv");

/// How much is known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// Read from the machine, or fitted to the readings: it has an interval or needs none.
    Decided,
    /// A fixed multiple of a number that was decided.
    Tied,
    /// The probes look at it, and the readings do not tell it, nor what it is tied to.
    Undecided,
    /// Assumed without a probe.
    Assumed,
}

/// A number of the profile.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The parameter: `bridge.rx_per_skb`.
    pub parameter: String,
    /// Its value in `unit`.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// How the profile says that it was obtained.
    pub how: String,
    /// Where it is from.
    pub source: String,
    /// How much is known of it.
    pub knowledge: Knowledge,
}

impl Cost {
    /// The hop: what stands before the dot.
    pub fn hop(&self) -> &str {
        self.parameter.split_once('.').map_or("", |(hop, _)| hop)
    }

    /// What it is of the hop, in words: `receiving, per socket buffer`.
    pub fn what(&self) -> String {
        let what = self.parameter.split_once('.').map_or(&*self.parameter, |(_, what)| what);
        let sides = [("rx_", "receiving, "), ("tx_", "sending, ")];
        let side = sides.iter().find_map(|(start, side)| Some((what.strip_prefix(start)?, *side)));
        let (what, side) = side.unwrap_or((what, ""));
        let what = what.replace("skb", "socket buffer").replace('_', " ");
        format!("{side}{what}")
    }

    /// Its multiple of a second, where it is a time; per byte too.
    fn unit_s(&self) -> Option<f64> {
        let scales = [("ns", 1e-9), ("ns/B", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
        scales.iter().find(|(unit, _)| *unit == self.unit).map(|(_, scale)| *scale)
    }

    /// The number this one is a fixed multiple of, as the fit writes it: `1 × tcp.latency: …`.
    pub fn tied_to(&self) -> Option<&str> {
        let (_, rest) = self.source.split_once(" × ")?;
        rest.split_once(':').map(|(parameter, _)| parameter)
    }
}

impl Knowledge {
    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            Knowledge::Decided => "decided",
            Knowledge::Tied => "tied to another",
            Knowledge::Undecided => "not decided by these probes: assumed",
            Knowledge::Assumed => "assumed, not probed",
        }
    }
}

/// The numbers of the profile that a calibration left in `dir`, in file order.
///
/// # Errors
/// If the file is missing or is no profile.
pub fn read(dir: &Path) -> Result<Vec<Cost>, PlotError> {
    let table = Table::read(&dir.join(PROFILE.0), PROFILE.1)?;
    let costs: Vec<Cost> = table.rows().map(|line| cost(&line)).collect::<Result<_, _>>()?;
    let settled = |cost: &Cost| Cost { knowledge: knowledge(cost, &costs, 0), ..cost.clone() };
    Ok(costs.iter().map(settled).collect())
}

fn cost(line: &Line) -> Result<Cost, PlotError> {
    Ok(Cost {
        parameter: line.text("parameter")?.into(),
        value: line.number("value")?,
        unit: line.text("unit")?.into(),
        interval: line.maybe("low")?.zip(line.maybe("high")?),
        how: line.text("how")?.into(),
        source: line.text("source")?.into(),
        knowledge: Knowledge::Assumed,
    })
}

/// What is known of a number; ties are followed, `depth` of them so far.
fn knowledge(cost: &Cost, all: &[Cost], depth: usize) -> Knowledge {
    // A chain of ties ends, or else the file goes round in circles.
    const DEEPEST: usize = 4;
    if cost.how != "assumed" {
        return Knowledge::Decided;
    }
    if cost.source.contains("they do not tell it") {
        return Knowledge::Undecided;
    }
    let base = cost.tied_to().and_then(|name| all.iter().find(|one| one.parameter == name));
    match base {
        Some(base) if depth < DEEPEST => match knowledge(base, all, depth + 1) {
            Knowledge::Decided => Knowledge::Tied,
            other => other,
        },
        _ => Knowledge::Assumed,
    }
}

/// A panel of the figure: heading, unit, its size in seconds, and the words that choose costs.
const PANELS: [(&str, &str, f64, &[&str]); 3] = [
    (
        "Per message, socket buffer and segment",
        "µs",
        1e-6,
        &["per message", "per socket buffer", "per segment"],
    ),
    ("Per byte", "ns/B", 1e-9, &["per byte"]),
    (
        "Per connection and rule, and latencies",
        "µs",
        1e-6,
        &["per connection", "per rule", "latency"],
    ),
];

/// Draws every cost that is not tied to another; none if the profile has no cost.
pub fn draw(costs: &[Cost]) -> Option<Picture> {
    let panels: Vec<Panel> = PANELS.iter().filter_map(|kind| panel(costs, kind)).collect();
    if panels.is_empty() {
        return None;
    }
    let note = "A mark with its 95 % interval where the probes decided the cost; a hollow mark \
                where they did not and the shipped assumption stands. Costs that are set equal to \
                another one are left out; with segmentation offload one socket buffer carries \
                up to 64 KiB.";
    let legend = [
        (Sample::Disc(ink::BLUE), "decided by the probes".to_owned()),
        (Sample::Whisker(ink::BLUE), "95 % interval".to_owned()),
        (Sample::Ring(ink::VERMILLION), "assumed".to_owned()),
    ];
    Some(dots::draw("What each hop costs", note, &legend, &panels))
}

fn panel(
    costs: &[Cost],
    (heading, unit, unit_s, words): &(&str, &str, f64, &[&str]),
) -> Option<Panel> {
    let belongs = |cost: &&Cost| {
        let what = cost.what();
        cost.knowledge != Knowledge::Tied
            && cost.tied_to().is_none()
            && cost.value > 0.0
            && words.iter().any(|word| what.ends_with(word))
    };
    let own: Vec<(&Cost, f64)> = costs
        .iter()
        .filter(belongs)
        .filter_map(|cost| Some((cost, cost.unit_s()? / unit_s)))
        .collect();
    let group = |hop: &str| Group {
        name: String::new(),
        rows: own.iter().filter(|(c, _)| c.hop() == hop).map(|(c, scale)| row(c, *scale)).collect(),
    };
    let hops = distinct(own.iter().map(|(cost, _)| cost.hop()));
    (!own.is_empty()).then(|| Panel {
        heading: (*heading).into(),
        unit: (*unit).into(),
        signed: false,
        columns: vec![if *unit == "µs" { "µs" } else { "ns/B" }, "95 % interval"],
        groups: hops.into_iter().map(group).collect(),
    })
}

fn row(cost: &Cost, scale: f64) -> dots::Row {
    let (value, decided) = (cost.value * scale, cost.knowledge == Knowledge::Decided);
    let interval = cost.interval.map(|(low, high)| (low * scale, high * scale));
    let interval = interval.filter(|_| decided);
    let said = match interval {
        Some((low, high)) => format!("{} to {}", words::number(low), words::number(high)),
        None => cost.how.clone(),
    };
    let mark = if decided { Sample::Disc(ink::BLUE) } else { Sample::Ring(ink::VERMILLION) };
    dots::Row {
        name: format!("{}: {}", cost.hop(), cost.what()),
        interval: interval.map(|(low, high)| (low, high, ink::BLUE)),
        marks: vec![(mark, value)],
        notes: vec![words::figure(value), said],
    }
}
