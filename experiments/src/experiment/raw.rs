//! An experiment file as it is written, before any of it is judged.
//!
//! These types are the format: the reader, the messages about unknown keys and the JSON schema for
//! editors all come from them. Values keep their place in the file, so that whoever finds one
//! impossible can point at it. Tables with many fields are lists of them ([`super::field`]).

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;

use super::axes::{RawSettings, RawSweepTable};
use super::field::Raw;
use super::load::{BatchFields, PoolFields, StepFields, WorkloadFields};
use super::measure::RawMeasure;
use super::request::RequestFields;
use super::scalar::Scalar;
use super::transfer::TransferTable;

/// A podpath experiment: which transfers cross which clusters, and what is varied.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "podpath experiment")]
#[schemars(extend("anyOf" = [{"required": ["transfer"]}, {"required": ["workload"]}]))]
pub(crate) struct RawExperiment {
    /// The version of the format that it is written in; without it, 1.
    #[serde(rename = "format")]
    #[schemars(range(min = 1, max = 1))]
    _format: Option<u32>,
    /// The name of the experiment, and of the folder with its results.
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"))]
    pub(crate) name: Spanned<String>,
    /// What it asks, in a sentence.
    pub(crate) about: Option<String>,
    /// Topologies: names in the library (`podpath profiles list`), or paths of TOML files
    /// relative to this file (with a `/` or the ending `.toml`).
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) topologies: Spanned<Vec<Spanned<String>>>,
    /// A folder, relative to this file, with profiles in `host/`, `gpu/`, `pcie/`, `nic/`,
    /// `hop/`, `cni/` and `topology/`; one of the same name replaces a shipped one.
    #[schemars(with = "Option<String>")]
    pub(crate) profiles: Option<Spanned<String>>,
    /// The transfer, or several that begin at the same instant; with workloads, what those are
    /// made of.
    #[serde(default)]
    pub(crate) transfer: OneOrMany<Raw<TransferTable>>,
    /// What runs again and again over time.
    #[serde(default)]
    pub(crate) workload: OneOrMany<Raw<WorkloadFields>>,
    /// The steps of a job that workloads run.
    #[serde(default)]
    pub(crate) step: Vec<Raw<StepFields>>,
    /// What steps take and give back.
    #[serde(default)]
    pub(crate) pool: OneOrMany<Raw<PoolFields>>,
    /// What serves runs together.
    #[serde(default)]
    pub(crate) batch: OneOrMany<Raw<BatchFields>>,
    /// How the result of the transfer was asked for, if that time is wanted too.
    pub(crate) request: Option<Raw<RequestFields>>,
    /// How often each point is run, each time with another stream of chance; 1 to 10 000.
    /// Default 5.
    #[schemars(with = "Option<u32>", range(min = 1, max = 10_000))]
    pub(crate) repetitions: Option<Spanned<Scalar>>,
    /// The seed of all chance. Default 1.
    #[schemars(with = "Option<u64>")]
    pub(crate) seed: Option<Spanned<Scalar>>,
    /// How finely to compute: `closed`, `flow` (default) or `chunk`.
    #[schemars(with = "Option<String>", extend("enum" = ["closed", "flow", "chunk", null]))]
    pub(crate) fidelity: Option<Spanned<Scalar>>,
    /// Fixed changes to topologies (`nic.mtu = 1500`) and profiles
    /// (`host.bench-2024.vxlan.rx_per_skb = "300 ns"`).
    #[serde(default)]
    pub(crate) set: RawSettings,
    /// How `podpath measure` carries it out on real kernel networking.
    #[serde(default)]
    pub(crate) measure: RawMeasure,
    /// What is varied.
    #[serde(default)]
    pub(crate) sweep: RawSweep,
    /// What is not known and therefore varied too, with the reason for its range.
    #[serde(default)]
    pub(crate) assumption: Vec<RawAssumption>,
    /// What somebody measured, to stand beside the prediction.
    #[serde(default)]
    pub(crate) reported: OneOrMany<RawReported>,
    /// A paragraph for the report that names the cause.
    pub(crate) cause: Option<String>,
}

/// What is varied: every table of `zip` walks its lists in step, and all are crossed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSweep {
    /// Every value with every other: a list per parameter.
    #[serde(default)]
    pub(crate) cross: RawSweepTable,
    /// Lists of one length, walked in step.
    #[serde(default)]
    pub(crate) zip: Vec<RawSweepTable>,
}

/// Something that is not known: it is varied over what is plausible, and the report says how much
/// of the answer hangs on it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAssumption {
    /// The parameter, named as in a sweep.
    #[schemars(with = "String")]
    pub(crate) parameter: Spanned<String>,
    /// The values that are plausible.
    #[schemars(with = "Vec<Scalar>")]
    pub(crate) values: Spanned<Vec<Spanned<Scalar>>>,
    /// Why these.
    #[schemars(with = "String")]
    pub(crate) because: Spanned<String>,
}

/// A figure that somebody reported.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReported {
    /// The figure with its unit; the lower end where it is a range. A bandwidth
    /// (`"9.4 Gbit/s"`) stands beside the goodput, a time (`"76.9 us"`) beside the completion, and
    /// `"24900 /s"` beside how often the transfer is done in a second, one after the other.
    #[schemars(with = "String")]
    pub(crate) value: Spanned<String>,
    /// The upper end where it is a range.
    #[schemars(with = "Option<String>")]
    pub(crate) up_to: Option<Spanned<String>>,
    /// The percentile of a time or of `"… /s"`, 1 to 99.9: it stands beside that of the
    /// repetitions, which must be enough to tell it. Default: beside the mean.
    #[schemars(with = "Option<f64>", range(min = 1.0, max = 99.9))]
    pub(crate) percentile: Option<Spanned<Scalar>>,
    /// The kind of hop that turned out to be the cause (`"vxlan"`): the verdict says whether it is
    /// the one that takes most.
    #[schemars(with = "Option<String>")]
    pub(crate) cause: Option<Spanned<String>>,
    /// The kind of figure, in your own words (`"tunnel"`): tables of many cases are put together
    /// by it.
    pub(crate) kind: Option<String>,
    /// The topology whose prediction it stands beside. Default: all.
    #[schemars(with = "Option<String>")]
    pub(crate) topology: Option<Spanned<String>>,
    /// The transfers that the figure is of, by name: the sum of what they move stands beside it; of
    /// times, the last. Default: each transfer on its own.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) transfers: Vec<Spanned<String>>,
    /// The values of swept parameters that it stands beside. Default: all.
    #[serde(default)]
    pub(crate) at: RawSettings,
    /// Where it is from: a URL.
    #[schemars(with = "String")]
    pub(crate) source: Spanned<String>,
    /// What was seen, in the reporter's words or in short.
    pub(crate) text: String,
}

/// A table, or an array of such tables.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    /// `[x]`
    One(Box<T>),
    /// `[[x]]`
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one.as_ref()),
            OneOrMany::Many(many) => many,
        }
    }

    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::One(one) => vec![*one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> OneOrMany<T> {
        OneOrMany::Many(Vec::new())
    }
}

/// By hand and not by `untagged`, which would lose the places of errors.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<OneOrMany<T>, D::Error> {
        input.deserialize_any(OneOrManyVisitor(std::marker::PhantomData))
    }
}

struct OneOrManyVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a table or an array of tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany::One(Box::new(one)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
    }
}
