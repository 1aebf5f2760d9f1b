//! A figure that somebody reported, to stand beside what is predicted.

use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source, suggest};
use serde_spanned::Spanned;

use super::axes::Entry;
use super::axis::Axis;
use super::figure::parse;
use super::problem::Problem;
use super::raw::RawReported;
use super::scalar::Scalar;
use super::topology::Topology;
use super::transfer::Draft;
use crate::unit::Unit;

/// A reported figure and the points it can be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    /// The figure, or its lower end, as written.
    pub(crate) value: String,
    /// Where it is written.
    pub(crate) span: Range<usize>,
    /// Its upper end as written, where it is a range.
    pub(crate) up_to: Option<String>,
    /// What it counts.
    pub(crate) unit: Unit,
    /// The figure, or its lower end, in that unit.
    pub(crate) low: f64,
    /// The figure, or its upper end.
    pub(crate) high: f64,
    /// Which percentile it is, where it is one.
    pub(crate) percentile: Option<f64>,
    /// The kind of hop that was the cause, and where the file says so.
    pub(crate) cause: Option<Spanned<String>>,
    /// The kind of figure, for tables of many.
    pub(crate) kind: Option<String>,
    /// The number of the topology it is about, if it is about one.
    pub(crate) topology: Option<usize>,
    /// The numbers of the transfers that it is about together; none: each on its own.
    pub(crate) transfers: Vec<usize>,
    /// The parameters it is about, with the values.
    pub(crate) at: Vec<(String, Scalar)>,
    /// Where it is from.
    pub(crate) source: String,
    /// What was seen.
    pub(crate) text: String,
}

impl Reported {
    /// Whether a mean over replications cannot tell what stands beside it.
    pub(crate) fn needs_replications(&self) -> bool {
        let together = !self.transfers.is_empty() && self.unit != Unit::Bandwidth;
        self.percentile.is_some() || together
    }
}

/// What a figure may stand beside.
pub(super) struct Beside<'a> {
    pub(super) topologies: &'a [Topology],
    pub(super) transfers: &'a [Draft],
    pub(super) axes: &'a [Axis],
    pub(super) repetitions: u64,
}

impl Beside<'_> {
    /// The number of the topology with this name.
    fn topology(&self, name: &Spanned<String>) -> Result<usize, (Problem, Range<usize>)> {
        let labels = self.topologies.iter().map(|topology| topology.label.as_str());
        labels.clone().position(|label| label == name.get_ref()).ok_or_else(|| {
            let problem = "is not among the topologies of this experiment";
            (Problem::new(problem, suggest(name.get_ref(), labels)), name.span())
        })
    }

    /// The number of the transfer with this name.
    fn transfer(&self, name: &Spanned<String>) -> Result<usize, (Problem, Range<usize>)> {
        let names = self.transfers.iter().map(|transfer| transfer.name.as_str());
        names.clone().position(|known| known == name.get_ref()).ok_or_else(|| {
            let problem = format!("no transfer is called `{}`", name.get_ref());
            (Problem::new(problem, suggest(name.get_ref(), names)), name.span())
        })
    }

    /// What is wrong with a value of `at` that no point has.
    fn no_point(&self, entry: &Entry<Scalar>) -> Option<Problem> {
        let varied = self.axes.iter().flat_map(|axis| &axis.varied);
        if varied.clone().any(|v| v.key == entry.key && v.values.contains(&entry.value)) {
            return None;
        }
        let keys: Vec<&str> = varied.map(|v| v.key.as_str()).collect();
        let help = match keys.is_empty() {
            true => "this experiment sweeps nothing; leave `at` out".into(),
            false => format!("one of the values of: {}", keys.join(", ")),
        };
        let problem = format!("no point has {} = {}", entry.key, entry.value);
        Some(Problem::new(problem, help))
    }
}

/// Judges every `[[reported]]` of a file; `over_time` says that it has workloads.
pub(super) fn all(
    raw: Vec<RawReported>,
    over_time: bool,
    file: &Arc<Source>,
    beside: &Beside<'_>,
) -> Result<Vec<Reported>, InputError> {
    if let (true, Some(first)) = (over_time, raw.first()) {
        let problem =
            Problem::new("stands beside no workload", "an experiment without [[workload]]");
        return Err(problem.at("reported", file, first.value.span()));
    }
    let all = raw.into_iter().enumerate();
    all.map(|(number, one)| checked(one, number, file, beside)).collect()
}

/// Judges one `[[reported]]`.
fn checked(
    raw: RawReported,
    number: usize,
    file: &Arc<Source>,
    beside: &Beside<'_>,
) -> Result<Reported, InputError> {
    let field = |name: &str| format!("reported[{number}].{name}");
    let wrong = |name: &str, text: &Spanned<String>, problem: Problem| {
        problem.at(field(name), file, text.span())
    };
    let (unit, low) =
        parse(raw.value.get_ref()).map_err(|problem| wrong("value", &raw.value, problem))?;
    let high = match &raw.up_to {
        None => low,
        Some(text) => upper_end(text.get_ref(), unit, low).map_err(|p| wrong("up_to", text, p))?,
    };
    let percentile = match &raw.percentile {
        None => None,
        Some(percentile) => {
            let wrong = |problem: Problem| problem.at(field("percentile"), file, percentile.span());
            let found = checked_percentile(percentile.get_ref(), unit, beside.repetitions);
            if raw.transfers.len() > 1 {
                let problem = "is of one transfer, and not of several together";
                return Err(wrong(Problem::new(problem, "leave `transfers` or `percentile` out")));
            }
            Some(found.map_err(wrong)?)
        }
    };
    if !raw.source.get_ref().contains("://") {
        let problem = Problem::new("is not a URL", "where the figure was published: https://…");
        return Err(problem.at(field("source"), file, raw.source.span()));
    }
    let topology = raw.topology.as_ref().map(|name| beside.topology(name)).transpose();
    let topology = topology.map_err(|(problem, span)| problem.at(field("topology"), file, span))?;
    let transfers = raw.transfers.iter().map(|name| beside.transfer(name));
    let transfers = transfers
        .collect::<Result<Vec<usize>, _>>()
        .map_err(|(problem, span)| problem.at(field("transfers"), file, span))?;
    for entry in &raw.at.0 {
        if let Some(problem) = beside.no_point(entry) {
            return Err(problem.at(field("at"), file, entry.key_span.clone()));
        }
    }
    Ok(Reported {
        span: raw.value.span(),
        value: raw.value.into_inner(),
        up_to: raw.up_to.map(Spanned::into_inner),
        unit,
        low,
        high,
        percentile,
        cause: raw.cause,
        kind: raw.kind,
        topology,
        transfers,
        at: raw.at.0.into_iter().map(|entry| (entry.key, entry.value)).collect(),
        source: raw.source.into_inner(),
        text: raw.text,
    })
}

/// The upper end of a range from `low`.
fn upper_end(text: &str, unit: Unit, low: f64) -> Result<f64, Problem> {
    let (other, high) = parse(text)?;
    let wanted = unit.words();
    if other != unit {
        let problem = format!("is {}, where `value` is {wanted}", other.words());
        return Err(Problem::new(problem, format!("{wanted}, the upper end of the range")));
    }
    match high < low {
        true => Err(Problem::new("lies below `value`", "the upper end of the range")),
        false => Ok(high),
    }
}

/// A percentile that the repetitions can tell: at least one of them lies beyond it.
fn checked_percentile(value: &Scalar, unit: Unit, repetitions: u64) -> Result<f64, Problem> {
    const VALID: &str = "a number from 1 to 99.9, such as 50 or 99";
    let percentile = match value {
        Scalar::Integer(number) => *number as f64,
        Scalar::Float(number) => *number,
        _ => f64::NAN,
    };
    if !(1.0..=99.9).contains(&percentile) {
        return Err(Problem::new(format!("`{value}` is no percentile"), VALID));
    }
    if unit == Unit::Bandwidth {
        let problem = "is of times, and `value` is a bandwidth";
        return Err(Problem::new(problem, "leave it out: a bandwidth stands beside the mean"));
    }
    let beyond = percentile.min(100.0 - percentile) / 100.0;
    let needed = (1.0 / beyond - 1e-9).ceil() as u64;
    if repetitions < needed {
        let problem = format!("{repetitions} repetitions do not tell percentile {percentile}");
        let help = format!(
            "`repetitions = {needed}` or more (those that chance does not decide cost nothing), \
             or leave it out: the mean"
        );
        return Err(Problem::new(problem, help));
    }
    Ok(percentile)
}
