//! Many growing lists in one block of memory: each is a chain of fixed chunks.
//!
//! Appending writes to the end of a chunk and reading walks whole chunks, so both are sequential;
//! emptied chunks are used again, last first, so that steady state allocates nothing and
//! stays in warm cache lines.

use std::ops::Range;

/// Entries in a chunk.
const CHUNK: usize = 32;
const NONE: u32 = u32::MAX;

/// A list kept in a [`Chunks`].
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
    len: u32,
}

impl List {
    pub(super) const EMPTY: List = List { first: NONE, last: NONE, len: 0 };

    pub(super) fn len(&self) -> u32 {
        self.len
    }
}

/// The memory of many lists of `T`.
#[derive(Clone, Debug)]
pub(super) struct Chunks<T> {
    entries: Vec<T>,
    /// For each chunk, the one that follows it in its list, or in the list of free chunks.
    next: Vec<u32>,
    free: u32,
}

impl<T: Copy> Chunks<T> {
    pub(super) fn new() -> Chunks<T> {
        Chunks { entries: Vec::new(), next: Vec::new(), free: NONE }
    }

    /// Appends `entry` to `list`.
    #[inline]
    pub(super) fn push(&mut self, list: &mut List, entry: T) {
        let offset = list.len as usize % CHUNK;
        if offset == 0 {
            let chunk = self.take(entry);
            if list.len == 0 {
                list.first = chunk;
            } else {
                self.next[list.last as usize] = chunk;
            }
            list.last = chunk;
        }
        self.entries[list.last as usize * CHUNK + offset] = entry;
        list.len += 1;
    }

    /// Where the first chunk of `list` has its entries, or `None` if the list is empty.
    pub(super) fn first(&self, list: &List) -> Option<Range<usize>> {
        let start = list.first as usize * CHUNK;
        (list.len > 0).then(|| start..start + CHUNK.min(list.len as usize))
    }

    /// The entry at a place that [`Chunks::first`] named.
    #[inline]
    pub(super) fn get(&self, place: usize) -> T {
        self.entries[place]
    }

    /// Gives back the first chunk of `list`, which must not be empty.
    pub(super) fn drop_first(&mut self, list: &mut List) {
        let chunk = list.first as usize;
        list.len -= list.len.min(CHUNK as u32);
        list.first = self.next[chunk];
        self.next[chunk] = self.free;
        self.free = chunk as u32;
    }

    /// Moves everything in `list` to the end of `target`.
    pub(super) fn drain_into(&mut self, mut list: List, target: &mut Vec<T>) {
        while let Some(chunk) = self.first(&list) {
            target.extend_from_slice(&self.entries[chunk]);
            self.drop_first(&mut list);
        }
    }

    /// A free chunk; a new one is filled with `entry`, since memory must hold something.
    fn take(&mut self, entry: T) -> u32 {
        if self.free != NONE {
            let chunk = self.free;
            self.free = self.next[chunk as usize];
            return chunk;
        }
        let chunk = self.next.len() as u32;
        assert!(chunk < NONE, "too many pending events");
        self.entries.resize(self.entries.len() + CHUNK, entry);
        self.next.push(NONE);
        chunk
    }
}
