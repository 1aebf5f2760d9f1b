//! What a flow asks of links.

/// A link of one [`Flows`](super::Flows), by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(super) u32);

impl LinkId {
    /// The link with this index: links are numbered from zero in the order they were made.
    pub const fn new(index: u32) -> LinkId {
        LinkId(index)
    }

    /// Its index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One unit of a flow uses `weight` units of `link`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// The link that is used.
    pub link: LinkId,
    /// How much of it one unit of the flow uses [link units per flow unit]; zero or more.
    pub weight: f64,
}

/// What a flow asks for.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The links it crosses; one that is crossed twice counts twice.
    pub hops: &'a [Hop],
    /// How much there is to move \[units\], such as bytes.
    pub size: f64,
    /// Its rate may not exceed this [units/s]; may be infinite if it crosses a link.
    pub limit: f64,
    /// Its rate grows in proportion to this; 1 unless flows differ in standing.
    pub share: f64,
}
