//! What collectives need to know of the GPUs of a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;

use super::{Costs, Generation};
use crate::input::InputError;
use crate::profile::{Dimension, Profile};

/// GPUs by place, and what steps and bytes cost.
#[derive(Clone, Debug)]
pub struct Boards {
    pub(crate) costs: Arc<Costs>,
    /// GPUs that one pod has whole.
    pub(crate) gpus: BTreeMap<NodeIndex, Board>,
}

/// A GPU as ranks see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Board {
    /// Ten times the version of its compute capability, where the profile says so.
    pub(crate) capability: Option<u32>,
    /// The boost clock \[GHz\].
    pub(crate) clock_ghz: f64,
    /// Its NVLinks.
    pub(crate) nvlinks: Option<NvLinks>,
    /// The raw rate of its slot one way, in GB/s.
    pub(crate) slot_gb_s: f64,
}

/// The NVLinks of a GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NvLinks {
    pub(crate) count: u32,
    /// The wire rate of all one way, in GB/s.
    pub(crate) gb_s: f64,
}

impl Board {
    /// Reads a GPU.
    ///
    /// # Errors
    /// If a line is missing, or has another dimension.
    pub(crate) fn read(profile: &Profile, slot_gb_s: f64) -> Result<Board, InputError> {
        let nvlinks = match profile.has("nvlink_bandwidth") && profile.has("nvlink_links") {
            false => None,
            true => Some(NvLinks {
                count: profile.count("nvlink_links")?,
                gb_s: profile.rate("nvlink_bandwidth")?.as_bytes_per_s() / 1e9,
            }),
        };
        Ok(Board {
            capability: match profile.has("compute_capability") {
                true => Some(profile.count("compute_capability")?),
                false => None,
            },
            clock_ghz: profile.base("clock", Dimension::Frequency)? / 1e9,
            nvlinks,
            slot_gb_s,
        })
    }

    /// The generation; none of GPUs before Volta, or of which nothing is known.
    pub(crate) fn generation(&self) -> Option<Generation> {
        match self.capability? / 10 {
            7 => Some(Generation::Volta),
            8 => Some(Generation::Ampere),
            9 => Some(Generation::Hopper),
            10..=12 => Some(Generation::Blackwell),
            _ => None,
        }
    }

    /// The wire rate of one of its NVLinks, in GB/s: where the profile does not say, what NCCL
    /// counts and the fifth that it leaves out.
    pub(crate) fn link_gb_s(&self) -> Option<f64> {
        match self.nvlinks {
            Some(own) => Some(own.gb_s / f64::from(own.count.max(1))),
            None => Some(1.25 * self.generation()?.link_gb_s()),
        }
    }

    /// Dies that it is made of: two in the data center's Blackwell (NVIDIA Blackwell Architecture
    /// Technical Brief), whose capability is 10.x.
    pub(crate) fn dies(&self) -> u32 {
        if self.capability.is_some_and(|own| own / 10 == 10) { 2 } else { 1 }
    }
}
