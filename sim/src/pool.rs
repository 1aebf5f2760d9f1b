//! A counted resource with a first-come queue: slots, engines, tokens, connections.
//!
//! A pool knows no time. Whoever is granted a slot, at once or when another gives one back, is
//! returned to the caller, who lets it go on.

use std::collections::VecDeque;

/// Some number of equal slots, and those who wait for one.
///
/// ```
/// use sim::Pool;
/// let mut pool = Pool::new(1);
/// assert_eq!(pool.acquire("first"), Some("first")); // granted at once
/// assert_eq!(pool.acquire("second"), None); // it waits
/// assert_eq!(pool.release(), Some("second")); // the slot passes on
/// assert_eq!(pool.release(), None);
/// assert_eq!(pool.acquire("third"), Some("third"));
/// assert_eq!(pool.acquire("fourth"), None);
/// assert_eq!(pool.leave(|who| *who == "fourth"), Some("fourth"));
/// assert_eq!((pool.waiting(), pool.release()), (0, None));
/// ```
#[derive(Clone, Debug)]
pub struct Pool<T> {
    slots: u32,
    free: u32,
    waiting: VecDeque<T>,
}

impl<T> Pool<T> {
    /// A pool of `slots` free slots.
    pub fn new(slots: u32) -> Pool<T> {
        Pool { slots, free: slots, waiting: VecDeque::new() }
    }

    /// Asks for a slot: `Some(who)` if it is granted at once, `None` if `who` waits in line.
    pub fn acquire(&mut self, who: T) -> Option<T> {
        if self.free == 0 {
            self.waiting.push_back(who);
            return None;
        }
        self.free -= 1;
        Some(who)
    }

    /// Gives a slot back; returns the next in line, to whom it is now granted.
    ///
    /// # Panics
    /// If no slot was taken.
    pub fn release(&mut self) -> Option<T> {
        assert!(self.free < self.slots, "a slot was released that nobody held");
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.free += 1;
        }
        next
    }

    /// Takes the first who is `wanted` out of the line: it wants no slot any more.
    pub fn leave(&mut self, wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let at = self.waiting.iter().position(wanted)?;
        self.waiting.remove(at)
    }

    /// How many slots nobody holds.
    pub fn free(&self) -> u32 {
        self.free
    }

    /// How many stand in line.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
