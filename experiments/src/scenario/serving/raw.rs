//! A file of serving as it is written, before any of it is judged.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_spanned::Spanned;

use super::super::value::Value;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServing {
    pub(super) name: Spanned<String>,
    #[serde(default, rename = "about")]
    _about: String,
    #[serde(default, rename = "cause")]
    _cause: String,
    pub(super) topology: Option<Spanned<String>>,
    pub(super) until: Value,
    pub(super) model: Option<RawModel>,
    #[serde(default)]
    pub(super) hop: Vec<RawHop>,
    pub(super) pool: Vec<RawPool>,
    #[serde(default)]
    pub(super) stage: Vec<RawStage>,
    pub(super) handover: Option<Spanned<RawHandover>>,
    #[serde(default)]
    pub(super) source: Vec<RawSource>,
    #[serde(rename = "sweep")]
    _sweep: Option<IgnoredAny>,
    #[serde(rename = "variant")]
    _variant: Option<IgnoredAny>,
    #[serde(rename = "reported")]
    _reported: Option<IgnoredAny>,
}

/// The model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
    pub(super) layers: Spanned<crate::experiment::Scalar>,
    pub(super) kv_heads: Value,
    pub(super) head_size: Value,
    pub(super) latent: Value,
    pub(super) number_bytes: Value,
    pub(super) block: Value,
    pub(super) parameters: Value,
    pub(super) width: Value,
    pub(super) weights: Value,
}

/// What requests or answers pass.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHop {
    pub(super) name: Spanned<String>,
    pub(super) on: Value,
    pub(super) time: Value,
    pub(super) every: Value,
    pub(super) body_rate: Value,
    pub(super) servers: Value,
    pub(super) cpu: Value,
}

/// Replicas.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPool {
    pub(super) name: Spanned<String>,
    pub(super) does: Value,
    pub(super) replicas: Value,
    pub(super) max_replicas: Value,
    pub(super) cold: Value,
    pub(super) prefill: Value,
    pub(super) per_token: Value,
    pub(super) per_pair: Value,
    pub(super) decode: Value,
    pub(super) per_sequence: Value,
    pub(super) per_kept: Value,
    pub(super) gpu: Option<Spanned<String>>,
    pub(super) gpus_each: Value,
    pub(super) tensor: Value,
    pub(super) tensor_reached: Value,
    pub(super) memory_reached: Value,
    pub(super) overhead: Value,
    pub(super) batch_tokens: Value,
    pub(super) batch: Value,
    pub(super) wait: Value,
    pub(super) sequences: Value,
    pub(super) kv_tokens: Value,
    pub(super) kv_memory: Value,
    pub(super) balance: Value,
    pub(super) scaling: Value,
    pub(super) target: Value,
    pub(super) window: Value,
    pub(super) threshold: Value,
    pub(super) polling: Value,
    pub(super) cooldown: Value,
    pub(super) stabilisation: Value,
    /// The GPUs of each replica, on a topology.
    #[serde(default)]
    pub(super) gpus: Vec<Spanned<Vec<Spanned<String>>>>,
}

/// A stage of a start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    pub(super) name: Spanned<String>,
    pub(super) pool: Option<Spanned<String>>,
    pub(super) time: Value,
    pub(super) bytes: Value,
    pub(super) rate: Value,
    pub(super) readers: Value,
    pub(super) reader_rate: Value,
    pub(super) pieces: Value,
    pub(super) per_piece: Value,
    pub(super) after: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) beside: Option<Spanned<String>>,
}

/// How keys and values are handed over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandover {
    pub(super) overlap: Value,
    pub(super) start: Value,
    pub(super) per_piece: Value,
    pub(super) cuts: Value,
    pub(super) connections: Value,
    pub(super) first: Value,
    pub(super) again: Value,
    pub(super) copies: Value,
    pub(super) rate: Value,
    pub(super) mode: Value,
    pub(super) chunk: Value,
    pub(super) buffers: Value,
    pub(super) streams: Value,
}

/// Where requests come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) name: Option<Spanned<String>>,
    pub(super) users: Value,
    pub(super) rate: Value,
    pub(super) every: Value,
    pub(super) count: Value,
    pub(super) from: Value,
    pub(super) until: Value,
    pub(super) prompt: Value,
    pub(super) answer: Value,
    pub(super) cached: Value,
    pub(super) body: Value,
}
