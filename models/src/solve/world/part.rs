//! What the engine knows of one transfer.

use crate::solve::placed::PlacedStage;
use crate::solve::plan::{Chunks, Piece};

/// Stages of one transfer, for its two sizes of chunk.
pub(super) struct Part {
    pub(super) full: Vec<PlacedStage>,
    pub(super) last: Vec<PlacedStage>,
    /// The kernel, where one launch makes the whole message.
    pub(super) whole: Option<PlacedStage>,
    pub(super) cut: Chunks,
    pub(super) engines: Vec<usize>,
    pub(super) buffers: Vec<usize>,
    /// Operations of its plan that have not ended.
    pub(super) open: usize,
    pub(super) first_op: usize,
    pub(super) last_op: u32,
}

impl Part {
    pub(super) fn stage(&self, stage: usize, piece: Piece) -> &PlacedStage {
        match piece {
            Piece::Full => &self.full[stage],
            Piece::Last => &self.last[stage],
            Piece::Whole => self.whole.as_ref().expect("a kernel that is launched once"),
        }
    }
}
