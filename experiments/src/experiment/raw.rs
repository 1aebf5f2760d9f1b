//! An experiment file as it is written, before any of it is judged.
//!
//! These types are the format: the reader, the messages about unknown keys and the JSON schema for
//! editors all come from them. Values keep their place in the file, so that whoever finds one
//! impossible can point at it.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;

use super::axes::{RawSettings, RawSweepTable};
use super::load::{RawPool, RawStep, RawWorkload};
use super::measure::RawMeasure;
use super::scalar::Scalar;

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
    pub(crate) transfer: OneOrMany<RawTransfer>,
    /// What runs again and again over time.
    #[serde(default)]
    pub(crate) workload: OneOrMany<RawWorkload>,
    /// The steps of a job that workloads run.
    #[serde(default)]
    pub(crate) step: Vec<RawStep>,
    /// What steps take and give back.
    #[serde(default)]
    pub(crate) pool: OneOrMany<RawPool>,
    /// How the result of the transfer was asked for, if that time is wanted too.
    pub(crate) request: Option<RawRequest>,
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

/// A result that travels from one place to another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTransfer {
    /// Its name, needed only where there are several.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Spanned<Scalar>>,
    /// Where the result lies: a GPU (device memory) or a pod (its host memory).
    #[schemars(with = "Option<String>")]
    pub(crate) from: Option<Spanned<Scalar>>,
    /// Where it is wanted: a GPU, a pod, or a Service.
    #[schemars(with = "Option<String>")]
    pub(crate) to: Option<Spanned<Scalar>>,
    /// The Service by whose address the receiving pod is reached; `direct` (default): none.
    #[schemars(with = "Option<String>")]
    pub(crate) via: Option<Spanned<Scalar>>,
    /// The size of the result over all streams: `"1 MiB"`.
    #[schemars(with = "Option<String>")]
    pub(crate) message: Option<Spanned<Scalar>>,
    /// Bytes per system call; with UDP, the payload of a datagram. Default: one call for all, and
    /// datagrams as large as TCP segments.
    #[schemars(with = "Option<String>")]
    pub(crate) write: Option<Spanned<Scalar>>,
    /// A reply that the receiver sends once it has the message: `"1 B"`. Completion is then a round
    /// trip. Default: none.
    #[schemars(with = "Option<String>")]
    pub(crate) reply: Option<Spanned<Scalar>>,
    /// `tcp` (default) or `udp`.
    #[schemars(with = "Option<String>", extend("enum" = ["tcp", "udp", null]))]
    pub(crate) transport: Option<Spanned<Scalar>>,
    /// Parallel connections, 1 to 1024. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1024))]
    pub(crate) streams: Option<Spanned<Scalar>>,
    /// `serial` (default): stages one after another; `overlapped`: chunk by chunk at once;
    /// `gpudirect`: the NIC reads and writes device memory.
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["serial", "overlapped", "gpudirect", null])
    )]
    pub(crate) mode: Option<Spanned<Scalar>>,
    /// The size of a chunk where the mode is `overlapped`. Default `"1 MiB"`.
    #[schemars(with = "Option<String>")]
    pub(crate) chunk: Option<Spanned<Scalar>>,
    /// Buffers a side where the mode is `overlapped`, 1 to 1024. Default 2.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1024))]
    pub(crate) buffers: Option<Spanned<Scalar>>,
    /// The host buffer of device copies: `pinned` (default) or `pageable`.
    #[schemars(with = "Option<String>", extend("enum" = ["pinned", "pageable", "untouched", null]))]
    pub(crate) host_memory: Option<Spanned<Scalar>>,
    /// `warm` (default): open, its window grown; `new`: to be opened, from slow start.
    #[schemars(with = "Option<String>", extend("enum" = ["warm", "new", null]))]
    pub(crate) connection: Option<Spanned<Scalar>>,
    /// Bytes that the kernel which makes the result reads from device memory: `"1 GiB"`. Where no
    /// field of the kernel is given, the result is there when the transfer begins.
    #[schemars(with = "Option<String>")]
    pub(crate) kernel_read: Option<Spanned<Scalar>>,
    /// Bytes that the kernel writes. Default `"0 B"`.
    #[schemars(with = "Option<String>")]
    pub(crate) kernel_written: Option<Spanned<Scalar>>,
    /// Floating-point operations of the kernel; a fused multiply-add counts two. Default 0.
    #[schemars(with = "Option<f64>")]
    pub(crate) kernel_flop: Option<Spanned<Scalar>>,
    /// The precision of these operations: `single` (default) or `double`.
    #[schemars(with = "Option<String>", extend("enum" = ["single", "double", null]))]
    pub(crate) kernel_precision: Option<Spanned<Scalar>>,
    /// Threads of the kernel. Where they are given the grid runs block by block on the GPU's
    /// execution model; else the kernel takes what memory and arithmetic take at their peaks.
    #[schemars(with = "Option<u64>", range(min = 1, max = 2_199_023_254_528_u64))]
    pub(crate) kernel_threads: Option<Spanned<Scalar>>,
    /// Threads of a block, 1 to 1024. Default 256.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1024))]
    pub(crate) kernel_block: Option<Spanned<Scalar>>,
    /// How the kernel is launched where `mode` is `overlapped`: `once` (default), so that all of
    /// the result is there before any of it is copied, `per-chunk`, or as a `graph` of one kernel
    /// per chunk.
    #[schemars(with = "Option<String>", extend("enum" = ["once", "per-chunk", "graph", null]))]
    pub(crate) kernel_launch: Option<Spanned<Scalar>>,
    /// How finely the kernel's grid is run: `kernel` (one equation), `cohort` (default: blocks
    /// that start together) or `warp` (every warp; at most 4194304 of them).
    #[schemars(with = "Option<String>", extend("enum" = ["kernel", "cohort", "warp", null]))]
    pub(crate) kernel_level: Option<Spanned<Scalar>>,
}

/// How the result of the transfer was asked for: the call of a client pod, by name, through a
/// Service. The transfer is the reply; a connection that is `warm` needs neither name nor
/// handshake.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
    /// The Service of the topology that the client calls; the transfer is its reply.
    #[schemars(with = "Option<String>")]
    pub(crate) service: Option<Spanned<Scalar>>,
    /// The Service's name as the client's code has it; a dot at the end makes it whole. Default:
    /// the Service's own name.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Spanned<Scalar>>,
    /// The Kubernetes namespace of client and Service. Default `default`.
    #[schemars(with = "Option<String>")]
    pub(crate) namespace: Option<Spanned<Scalar>>,
    /// The size of the request. Default `"1 KiB"`.
    #[schemars(with = "Option<String>")]
    pub(crate) message: Option<Spanned<Scalar>>,
    /// `ndots` of the client's resolver, 0 to 15. Default 5, as the kubelet writes.
    #[schemars(with = "Option<u32>", range(min = 0, max = 15))]
    pub(crate) ndots: Option<Spanned<Scalar>>,
    /// Both address families at once (`parallel`, default), one by one (`serial`), or `ipv4` alone.
    #[schemars(with = "Option<String>", extend("enum" = ["parallel", "serial", "ipv4", null]))]
    pub(crate) order: Option<Spanned<Scalar>>,
    /// How long the resolver waits at first, in whole seconds. Default `"5 s"`.
    #[schemars(with = "Option<String>")]
    pub(crate) timeout: Option<Spanned<Scalar>>,
    /// How often it asks, 1 to 5. Default 2.
    #[schemars(with = "Option<u32>", range(min = 1, max = 5))]
    pub(crate) attempts: Option<Spanned<Scalar>>,
    /// The Service or pod that answers for names. Default `kube-dns`.
    #[schemars(with = "Option<String>")]
    pub(crate) dns: Option<Spanned<Scalar>>,
    /// The pod on the client's node that answers from its cache first; `none` (default): none.
    #[schemars(with = "Option<String>")]
    pub(crate) node_cache: Option<Spanned<Scalar>>,
    /// Lookups of this name a second on the client's node. Default 1.
    #[schemars(with = "Option<f64>", range(min = 0))]
    pub(crate) node_rate: Option<Spanned<Scalar>>,
    /// Lookups of this name a second on all other nodes. Default 0.
    #[schemars(with = "Option<f64>", range(min = 0))]
    pub(crate) others_rate: Option<Spanned<Scalar>>,
    /// The chance that a question or its answer is lost, 0 to 0.9. Default 0.
    #[schemars(with = "Option<f64>", range(min = 0, max = 0.9))]
    pub(crate) loss: Option<Spanned<Scalar>>,
    /// Addresses in the answer: more than one for a headless Service. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 4000))]
    pub(crate) addresses: Option<Spanned<Scalar>>,
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
    /// The figure with its unit: `"9.4 Gbit/s"`; the lower end where it is a range.
    #[schemars(with = "String")]
    pub(crate) value: Spanned<String>,
    /// The upper end where it is a range.
    #[schemars(with = "Option<String>")]
    pub(crate) up_to: Option<Spanned<String>>,
    /// The topology whose prediction it stands beside. Default: all.
    #[schemars(with = "Option<String>")]
    pub(crate) topology: Option<Spanned<String>>,
    /// The transfers that the figure is of, by name: what they move together stands beside it.
    /// Default: each transfer on its own.
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
