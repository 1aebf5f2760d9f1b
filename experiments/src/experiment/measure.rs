//! How an experiment is carried out on real kernel networking: the table `[measure]`.

use std::sync::Arc;

use models::cluster::lab::Pins;
use models::input::{InputError, Source};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::field::{count, one_of};
use super::problem::Problem;
use super::scalar::Scalar;

/// The longest that one transfer is repeated, in seconds.
const SECONDS_MAX: i64 = 60;
/// Enough repetitions for a median and quartiles on a noisy machine.
const REPETITIONS_DEFAULT: i64 = 5;
/// The highest core number that is taken for one.
const CORE_MAX: i64 = 4095;

/// How `podpath measure` carries the experiment out; `podpath run` does not look at it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMeasure {
    /// How long each transfer is repeated each time, in whole seconds, 1 to 60. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 60))]
    pub(crate) seconds: Option<Spanned<Scalar>>,
    /// How often the round of all points is gone through, 1 to 1000. Default 5.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub(crate) repetitions: Option<Spanned<Scalar>>,
    /// The cores of sending threads, stream after stream. Default `[0]`.
    #[schemars(with = "Option<Vec<u32>>", length(min = 1))]
    pub(crate) sender_cores: Option<Spanned<Vec<Spanned<Scalar>>>>,
    /// The cores of receiving threads. Default `[1]`, or `[0]` where there is only one core.
    #[schemars(with = "Option<Vec<u32>>", length(min = 1))]
    pub(crate) receiver_cores: Option<Spanned<Vec<Spanned<Scalar>>>>,
    /// Who makes the pods' networks: `namespaces` (default: podpath does), or `plugins` (the CNI
    /// plug-ins bridge, ptp and macvlan that are installed).
    #[schemars(with = "Option<String>", extend("enum" = ["namespaces", "plugins", null]))]
    pub(crate) pods: Option<Spanned<Scalar>>,
}

/// Who makes the pods' networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PodsBy {
    /// podpath itself.
    Namespaces,
    /// The CNI plug-ins that are installed.
    Plugins,
}

/// How an experiment is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// How long each transfer is repeated each time, in seconds.
    pub(crate) seconds: u32,
    /// Rounds through all points.
    pub(crate) repetitions: u32,
    /// The cores of its threads.
    pub(crate) pins: Pins,
    /// Who makes the pods' networks.
    pub(crate) pods: PodsBy,
}

/// Judges the table.
pub(super) fn checked(raw: &RawMeasure, source: &Arc<Source>) -> Result<Measure, InputError> {
    let number = |value: &Option<Spanned<Scalar>>, field: &str, default, max| match value {
        None => Ok(default),
        Some(v) => {
            let wrong = |p: Problem| p.at(format!("measure.{field}"), source, v.span());
            count(v.get_ref(), 1, max).map_err(wrong)
        }
    };
    let pods = match &raw.pods {
        None => PodsBy::Namespaces,
        Some(v) => {
            let known = ["namespaces", "plugins"];
            one_of(v.get_ref(), &known).map_err(|p| p.at("measure.pods", source, v.span()))?
        }
    };
    let second = std::thread::available_parallelism().map_or(0, |n| usize::from(n.get() > 1));
    Ok(Measure {
        seconds: number(&raw.seconds, "seconds", 1, SECONDS_MAX)? as u32,
        repetitions: number(&raw.repetitions, "repetitions", REPETITIONS_DEFAULT, 1000)? as u32,
        pins: Pins {
            senders: cores(&raw.sender_cores, "sender_cores", 0, source)?,
            readers: cores(&raw.receiver_cores, "receiver_cores", second, source)?,
        },
        pods,
    })
}

fn cores(
    raw: &Option<Spanned<Vec<Spanned<Scalar>>>>,
    field: &str,
    default: usize,
    source: &Arc<Source>,
) -> Result<Vec<usize>, InputError> {
    let Some(list) = raw else { return Ok(vec![default]) };
    let place = format!("measure.{field}");
    if list.get_ref().is_empty() {
        let problem = Problem::new("is an empty list", "at least one core: [0]");
        return Err(problem.at(place, source, list.span()));
    }
    let core = |value: &Spanned<Scalar>| match value.get_ref() {
        Scalar::Integer(number) if (0..=CORE_MAX).contains(number) => Ok(*number as usize),
        other => {
            let help = format!("numbers of cores, 0 to {CORE_MAX}");
            let problem = Problem::new(format!("`{other}` is no core"), help);
            Err(problem.at(&place, source, value.span()))
        }
    };
    list.get_ref().iter().map(core).collect()
}
