//! Keys and values on their way from the replica that prefilled to the one that decodes.

use super::cache::Cache;
use crate::function::Duration;

/// When keys and values leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// When the whole prompt is computed.
    Whole,
    /// Each layer when it is computed, beside those that follow.
    Layers,
}

/// How they are handed over.
///
/// The time of one: a start, then the posting of each piece beside the bytes on the wire, whichever
/// is longer. Pieces are posted by one thread of a replica, bytes share the links of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Handover {
    /// When they leave.
    pub overlap: Overlap,
    /// What comes before and after the bytes: metadata, a look-up, a notice.
    pub start: Duration,
    /// What each piece needs \[s\].
    pub piece: f64,
    /// Into how many more pieces ranks that are divided differently cut each one.
    pub cuts: f64,
    /// How many are under way at once between two replicas; any number if it is none.
    pub connections: Option<u32>,
    /// What the first between two replicas needs besides: connections, lists of descriptors \[s\].
    pub first: f64,
    /// Whether the decoding replica computes the first token again.
    pub again: bool,
    /// Pieces of the wire each: 1 moves bytes as they are; ranks that all need a latent vector move
    /// it more often.
    pub copies: f64,
}

impl Handover {
    /// Bytes of so many tokens \[B\].
    pub fn bytes(&self, cache: &Cache, tokens: u32) -> f64 {
        cache.token_bytes() * f64::from(tokens) * self.copies
    }

    /// How long the posting of their pieces takes \[s\].
    pub fn posting(&self, cache: &Cache, tokens: u32) -> f64 {
        cache.pieces(tokens) * self.cuts * self.piece
    }
}
