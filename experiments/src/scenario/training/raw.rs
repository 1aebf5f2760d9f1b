//! A file of training as it is written, before any of it is judged.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_spanned::Spanned;

use super::super::value::Value;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTraining {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "about")]
    _about: String,
    #[serde(default, rename = "cause")]
    _cause: String,
    pub(super) topology: Option<Spanned<String>>,
    pub(super) job: Spanned<RawJob>,
    #[serde(rename = "sweep")]
    _sweep: Option<IgnoredAny>,
    #[serde(rename = "variant")]
    _variant: Option<IgnoredAny>,
    #[serde(rename = "reported")]
    _reported: Option<IgnoredAny>,
}

/// The job.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJob {
    pub(super) ranks: Value,
    pub(super) gpus: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) batch: Value,
    pub(super) forward: Value,
    pub(super) backward: Value,
    pub(super) spread: Value,
    pub(super) gradients: Value,
    pub(super) bucket: Value,
    pub(super) overlap: Value,
    pub(super) beside: Value,
    pub(super) exchange: Value,
    pub(super) exchanges: Value,
    pub(super) hidden: Value,
    pub(super) update: Value,
    pub(super) prepare: Value,
    pub(super) data: Value,
    pub(super) store: Value,
    pub(super) pods: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) streams: Value,
    pub(super) bus: Value,
    pub(super) network: Value,
    pub(super) algorithm: Value,
    pub(super) protocol: Value,
    pub(super) rails: Value,
    pub(super) threads: Value,
    pub(super) steps: Value,
}
