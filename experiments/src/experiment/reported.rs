//! A figure that somebody reported, to stand beside what is predicted.

use std::sync::Arc;

use models::input::{InputError, Source};
use models::quantity::parse_rate;
use serde_spanned::Spanned;
use sim::Rate;

use super::axis::Axis;
use super::problem::Problem;
use super::raw::RawReported;
use super::scalar::Scalar;
use super::topology::Topology;
use super::transfer::Draft;

/// A reported bandwidth and the points it can be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    /// The figure, or its lower end, as written.
    pub(crate) value: String,
    /// Its upper end as written, where it is a range.
    pub(crate) up_to: Option<String>,
    /// The figure, or its lower end.
    pub(crate) low: Rate,
    /// The figure, or its upper end.
    pub(crate) high: Rate,
    /// The number of the topology it is about, if it is about one.
    pub(crate) topology: Option<usize>,
    /// The numbers of the transfers whose sum it is about; none: each on its own.
    pub(crate) transfers: Vec<usize>,
    /// The parameters it is about, with the values.
    pub(crate) at: Vec<(String, Scalar)>,
    /// Where it is from.
    pub(crate) source: String,
    /// What was seen.
    pub(crate) text: String,
}

/// What a figure may stand beside.
pub(super) struct Beside<'a> {
    pub(super) topologies: &'a [Topology],
    pub(super) transfers: &'a [Draft],
    pub(super) axes: &'a [Axis],
}

/// Judges one `[[reported]]`.
pub(super) fn checked(
    raw: RawReported,
    number: usize,
    file: &Arc<Source>,
    beside: &Beside<'_>,
) -> Result<Reported, InputError> {
    let field = |name: &str| format!("reported[{number}].{name}");
    let rate = |text: &Spanned<String>, name: &str| {
        let wrong = |error| Problem::from(error).at(field(name), file, text.span());
        parse_rate(text.get_ref()).map_err(wrong)
    };
    let low = rate(&raw.value, "value")?;
    let high = raw.up_to.as_ref().map_or(Ok(low), |text| rate(text, "up_to"))?;
    if high < low {
        let span = raw.up_to.map_or(0..0, |text| text.span());
        let problem = Problem::new("lies below `value`", "the upper end of the range");
        return Err(problem.at(field("up_to"), file, span));
    }
    if !raw.source.get_ref().contains("://") {
        let problem = Problem::new("is not a URL", "where the figure was published: https://…");
        return Err(problem.at(field("source"), file, raw.source.span()));
    }
    let topology = match &raw.topology {
        None => None,
        Some(name) => {
            let labels = beside.topologies.iter().map(|topology| topology.label.as_str());
            Some(labels.clone().position(|label| label == name.get_ref()).ok_or_else(|| {
                let help = models::input::suggest(name.get_ref(), labels);
                let problem = "is not among the topologies of this experiment";
                Problem::new(problem, help).at(field("topology"), file, name.span())
            })?)
        }
    };
    let transfers = raw.transfers.iter().map(|name| {
        let names = beside.transfers.iter().map(|transfer| transfer.name.as_str());
        names.clone().position(|known| known == name.get_ref()).ok_or_else(|| {
            let problem = format!("no transfer is called `{}`", name.get_ref());
            let help = models::input::suggest(name.get_ref(), names);
            Problem::new(problem, help).at(field("transfers"), file, name.span())
        })
    });
    let transfers = transfers.collect::<Result<Vec<usize>, InputError>>()?;
    for entry in &raw.at.0 {
        let varied = beside.axes.iter().flat_map(|axis| &axis.varied);
        if !varied.clone().any(|v| v.key == entry.key && v.values.contains(&entry.value)) {
            let keys: Vec<&str> = varied.map(|v| v.key.as_str()).collect();
            let help = match keys.is_empty() {
                true => "this experiment sweeps nothing; leave `at` out".into(),
                false => format!("one of the values of: {}", keys.join(", ")),
            };
            let problem = format!("no point has {} = {}", entry.key, entry.value);
            return Err(Problem::new(problem, help).at(field("at"), file, entry.key_span.clone()));
        }
    }
    Ok(Reported {
        value: raw.value.into_inner(),
        up_to: raw.up_to.map(Spanned::into_inner),
        low,
        high,
        topology,
        transfers,
        at: raw.at.0.into_iter().map(|entry| (entry.key, entry.value)).collect(),
        source: raw.source.into_inner(),
        text: raw.text,
    })
}
