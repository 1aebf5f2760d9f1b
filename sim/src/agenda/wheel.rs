//! A monotone priority queue: a timing wheel over all 64 bits of time, with a sorted front.
//!
//! Time is read as eight digits in base 256. The *front* holds, sorted, everything up to an
//! instant called the *edge*. An event beyond it differs from the edge in some highest digit: that
//! digit's place chooses a level and its value a slot, in constant time and for any distribution.
//!
//! ```text
//!          edge = 03 f1 07 ff            front: ≤ 03 f1 07 ff, sorted
//!   level 1 (place 256^1): slots 08..ff  03 f1 08.. to 03 f1 ff..
//!   level 2 (place 256^2): slots f2..ff  03 f2 .... to 03 ff ....
//!   level 3 (place 256^3): slots 04..ff  04 .. .... to ff .. ....
//! ```
//!
//! When the front is used up, the lowest occupied slot follows. If it holds few events they are
//! sorted and become the front; if many, they are dealt one level down, and so on. An event
//! thus moves at most eight times, whatever the times are, and usually two or three times, always
//! sequentially: the cost of a far cache miss, which makes a heap of 10^7 events slow, is
//! shared by a whole chunk of neighbours. (Radix heap: Ahuja, Mehlhorn, Orlin & Tarjan, J. ACM 37,
//! 1990; lazy sorting: the ladder queue, Tang, Goh & Thng, ACM TOMACS 15, 2005.)
//!
//! No sequence numbers are stored. Every list here is in order of insertion, dealing and sorting
//! are stable, and a slot is dealt before anything can be added to the slots it is dealt to, so
//! events of one instant never overtake each other.

use super::chunks::{Chunks, List};

/// Bits of a digit.
const DIGIT: u32 = 8;
const SLOTS: usize = 1 << DIGIT;
const LEVELS: usize = (u64::BITS / DIGIT) as usize;
/// A slot of at most so many events is sorted; a larger one is dealt a level down.
const SORTED_MAX: u32 = 128;
/// A front grown beyond this is cut back, so that inserting into it stays cheap.
const FRONT_MAX: usize = 256;

/// Events `E`, each with its time \[ps\].
#[derive(Clone, Debug)]
pub(super) struct Wheel<E> {
    /// Everything up to `edge`, in order, from `head` on.
    front: Vec<(u64, E)>,
    head: usize,
    /// The last picosecond that belongs to the front.
    edge: u64,
    /// The front spans at most one slot of this level.
    level: usize,
    /// The slots of all levels, lowest level first.
    slots: Vec<List>,
    /// One bit for each slot: whether it holds anything.
    occupied: [[u64; SLOTS / 64]; LEVELS],
    chunks: Chunks<(u64, E)>,
    len: usize,
}

impl<E: Copy> Wheel<E> {
    pub(super) fn new() -> Wheel<E> {
        Wheel {
            front: Vec::new(),
            head: 0,
            edge: 0,
            level: 0,
            slots: vec![List::EMPTY; LEVELS * SLOTS],
            occupied: [[0; SLOTS / 64]; LEVELS],
            chunks: Chunks::new(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an event at `time`; `now` is the present, no later than `time`.
    #[inline]
    pub(super) fn push(&mut self, now: u64, time: u64, event: E) {
        self.len += 1;
        if time > self.edge {
            let level = (time ^ self.edge).ilog2() / DIGIT;
            self.deal(level as usize, (time, event));
        } else {
            self.insert(now, (time, event));
        }
    }

    /// Takes the earliest event, if it lies before `end`.
    #[inline]
    pub(super) fn pop(&mut self, end: u64) -> Option<(u64, E)> {
        if self.head == self.front.len() && !self.refill(end) {
            return None;
        }
        let first = self.front[self.head];
        if first.0 >= end {
            return None;
        }
        self.head += 1;
        self.len -= 1;
        Some(first)
    }

    /// Appends an entry to its slot of `level`.
    #[inline]
    fn deal(&mut self, level: usize, entry: (u64, E)) {
        let slot = digit(entry.0, level);
        self.occupied[level][slot / 64] |= 1 << (slot % 64);
        self.chunks.push(&mut self.slots[level * SLOTS + slot], entry);
    }

    /// Inserts into the front, after everything at the same time.
    fn insert(&mut self, now: u64, entry: (u64, E)) {
        let head = self.head;
        let place = head + self.front[head..].partition_point(|other| other.0 <= entry.0);
        if place - head < self.front.len() - place && head > 0 {
            // The way to the used-up places is the shorter one.
            self.front.copy_within(head..place, head - 1);
            self.front[place - 1] = entry;
            self.head -= 1;
        } else {
            self.front.insert(place, entry);
        }
        if self.front.len() - self.head > FRONT_MAX && self.level > 0 {
            self.cut(now);
        }
    }

    /// Deals the later part of a front that grew too long back to the slots of lower levels.
    #[cold]
    fn cut(&mut self, now: u64) {
        self.front.drain(..self.head);
        self.head = 0;
        while self.front.len() > FRONT_MAX && self.level > 0 {
            self.level -= 1;
            self.edge = now | span(self.level);
            let keep = self.front.partition_point(|entry| entry.0 <= self.edge);
            for place in keep..self.front.len() {
                self.deal(self.level, self.front[place]);
            }
            self.front.truncate(keep);
        }
    }

    /// Makes the lowest occupied slot the front, dealing large ones down first. Returns false,
    /// and never moves the edge to `end` or beyond, if that slot begins at `end` or later.
    fn refill(&mut self, end: u64) -> bool {
        loop {
            let Some((level, slot)) = self.lowest() else { return false };
            let base = self.edge & !span(level + 1) | (slot as u64) << (level as u32 * DIGIT);
            if base >= end {
                return false;
            }
            self.occupied[level][slot / 64] &= !(1 << (slot % 64));
            let list = std::mem::replace(&mut self.slots[level * SLOTS + slot], List::EMPTY);
            if level == 0 || list.len() <= SORTED_MAX {
                self.head = 0;
                self.front.clear();
                self.chunks.drain_into(list, &mut self.front);
                self.front.sort_by_key(|entry| entry.0);
                self.edge = base | span(level);
                self.level = level;
                return true;
            }
            self.edge = base;
            self.level = 0;
            self.deal_down(level - 1, list);
        }
    }

    /// Deals a list to the slots of `level`.
    fn deal_down(&mut self, level: usize, list: List) {
        let mut rest = list;
        while let Some(chunk) = self.chunks.first(&rest) {
            for place in chunk.clone() {
                self.deal(level, self.chunks.get(place));
            }
            self.chunks.drop_first(&mut rest);
        }
    }

    /// The occupied slot with the earliest events. Lower levels lie before higher ones.
    fn lowest(&self) -> Option<(usize, usize)> {
        self.occupied.iter().enumerate().find_map(|(level, words)| {
            let word = words.iter().position(|&word| word != 0)?;
            Some((level, word * 64 + words[word].trailing_zeros() as usize))
        })
    }
}

/// The digit of `time` at the place of `level`.
fn digit(time: u64, level: usize) -> usize {
    (time >> (level as u32 * DIGIT)) as usize % SLOTS
}

/// All ones below the place of `level`: the span of one of its slots, less one \[ps\].
fn span(level: usize) -> u64 {
    if level == LEVELS { u64::MAX } else { (1 << (level as u32 * DIGIT)) - 1 }
}
