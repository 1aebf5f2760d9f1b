//! A file of functions as it is written, before any of it is judged.

use serde::Deserialize;
use serde_spanned::Spanned;

use crate::experiment::Scalar;

/// A value with its place in the file.
pub(super) type Value = Option<Spanned<Scalar>>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScene {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) about: String,
    /// The cluster that images, weights and results move over.
    pub(super) topology: Option<Spanned<String>>,
    /// When the run ends.
    pub(super) until: Value,
    #[serde(default)]
    pub(super) node: Vec<RawNode>,
    #[serde(default)]
    pub(super) gpu: Vec<RawGpu>,
    #[serde(default)]
    pub(super) function: Vec<RawFunction>,
    #[serde(default)]
    pub(super) source: Vec<RawSource>,
}

/// A machine, where more is to be said of it than its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    pub(super) name: Spanned<String>,
    /// What weights may take of its memory that are on no GPU any more.
    pub(super) host_memory: Value,
}

/// A GPU, or several that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGpu {
    pub(super) name: Spanned<String>,
    pub(super) node: Option<Spanned<String>>,
    pub(super) count: Value,
    pub(super) memory: Value,
    /// Calls that work on it at once.
    pub(super) calls: Value,
    /// The pod that instances on it run in, on a topology.
    pub(super) pod: Option<Spanned<String>>,
}

/// A function.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFunction {
    pub(super) name: Spanned<String>,
    pub(super) weights: Value,
    pub(super) share: Value,
    pub(super) concurrency: Value,
    /// The layers that its image shares with others, and what they cost.
    pub(super) base: Option<Spanned<String>>,
    pub(super) base_image: Value,
    pub(super) image: Value,
    pub(super) container: Value,
    pub(super) context: Value,
    pub(super) host: Value,
    pub(super) gpu: Value,
    pub(super) gateway: Value,
    pub(super) load: Value,
    pub(super) work: Value,
    pub(super) result: Value,
    pub(super) limit: Value,
    pub(super) memory: Value,
    pub(super) memory_limit: Value,
    pub(super) keep_alive: Value,
    pub(super) scaling: Value,
    pub(super) target: Value,
    pub(super) window: Value,
    pub(super) threshold: Value,
    pub(super) polling: Value,
    pub(super) cooldown: Value,
    pub(super) min_instances: Value,
    pub(super) max_instances: Value,
    pub(super) then: Option<Spanned<String>>,
}

/// Where calls come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) function: Spanned<String>,
    pub(super) rate: Value,
    pub(super) every: Value,
    pub(super) times: Option<Spanned<Vec<Spanned<Scalar>>>>,
    pub(super) from: Value,
    pub(super) until: Value,
    pub(super) count: Value,
}
