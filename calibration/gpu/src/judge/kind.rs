//! The kinds of case: what is mended, is mended for a kind.

use serde::{Deserialize, Serialize};

/// A kind of case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A copy from or to page-locked memory.
    Pinned,
    /// A copy from or to ordinary memory.
    Pageable,
    /// A copy into ordinary memory that nobody has written yet.
    FirstTouch,
    /// Page-locked memory that a kernel itself reads or writes.
    Mapped,
    /// Copies both ways at once.
    Duplex,
    /// Kernels that are launched one by one.
    Launches,
    /// The same kernels as one graph.
    Graphs,
    /// 1 to 16 streams at once.
    Streams,
    /// A triad.
    Triad,
    /// A stencil.
    Stencil,
    /// Sums by a tree.
    Reduction,
    /// A square turned over.
    Transpose,
    /// A matrix product by tiles.
    Tiles,
    /// Counts by atomic additions.
    Histogram,
    /// A copy beside a kernel.
    Beside,
    /// Kernels and copies of their results, chunk by chunk.
    Chunks,
    /// Two processes in turns.
    Turns,
    /// Two processes under MPS.
    Mps,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Kind; 18] = [
        Kind::Pinned,
        Kind::Pageable,
        Kind::FirstTouch,
        Kind::Mapped,
        Kind::Duplex,
        Kind::Launches,
        Kind::Graphs,
        Kind::Streams,
        Kind::Triad,
        Kind::Stencil,
        Kind::Reduction,
        Kind::Transpose,
        Kind::Tiles,
        Kind::Histogram,
        Kind::Beside,
        Kind::Chunks,
        Kind::Turns,
        Kind::Mps,
    ];

    /// Its name in tables: what the names of its cases begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Pinned => "pinned",
            Kind::Pageable => "pageable",
            Kind::FirstTouch => "first-touch",
            Kind::Mapped => "mapped",
            Kind::Duplex => "duplex",
            Kind::Launches => "launches",
            Kind::Graphs => "graphs",
            Kind::Streams => "streams",
            Kind::Triad => "triad",
            Kind::Stencil => "stencil",
            Kind::Reduction => "reduction",
            Kind::Transpose => "transpose",
            Kind::Tiles => "tiles",
            Kind::Histogram => "histogram",
            Kind::Beside => "beside",
            Kind::Chunks => "chunks",
            Kind::Turns => "turns",
            Kind::Mps => "mps",
        }
    }
}
