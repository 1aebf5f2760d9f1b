//! When flows are complete: in virtual time, a clock for each link that holds flows back.
//!
//! All flows that one link holds back move at its level, so that a flow with `left` to move and a
//! share is complete when the link's clock, which runs at that level, has gone on by `left ÷ share`
//! (A. Parekh, R. Gallager, *A generalized processor sharing approach to flow control*, IEEE/ACM
//! Transactions on Networking 1(3), 1993). When a level changes, the clock runs at another rate,
//! and no flow is touched. A flow that is held back by its own limit, or by nothing yet, is on no
//! clock: it is due at an instant of its own.

use super::due::Due;
use crate::Time;

/// The clock of a link, in a cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Clock {
    /// What it shows at `since`, and how fast it runs [units/s a share].
    at: f64,
    since: Time,
    level: f64,
    /// At least what any flow that it holds had left when it came \[units a share\].
    longest: f64,
    /// What it shows when the first of its flows is complete; infinite if it has none.
    first: f64,
    /// Its flows: a binary heap by what the clock shows when they are complete.
    heap: Vec<Entry>,
}

/// What a clock shows when the flow in `slot` is complete, in twelve bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Entry {
    finish: f64,
    slot: u32,
}

/// All clocks, and the place of each flow on the one that holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    clocks: Vec<Clock>,
    /// By slot, for flows that are on a clock.
    places: Vec<u32>,
    /// Links by when their first flow is complete.
    due: Due,
}

impl Clock {
    fn shows(&self, now: Time) -> f64 {
        self.at + self.level * (now - self.since).as_seconds()
    }

    /// When it shows `finish`.
    fn when(&self, finish: f64) -> Time {
        let ahead = (finish - self.at).max(0.0);
        match self.level {
            _ if ahead == 0.0 => self.since,
            0.0 => Time::MAX,
            level => self.since + Time::from_seconds(ahead / level),
        }
    }

    fn settle(&mut self, now: Time) {
        if self.since != now {
            self.at = self.shows(now);
            self.since = now;
        }
        if self.first == f64::INFINITY {
            (self.at, self.longest) = (0.0, 0.0);
        } else if self.at > 4.0 * self.longest {
            // By then all flows of before are complete: setting it back costs each flow once.
            let back = self.at;
            self.at = 0.0;
            self.heap.iter_mut().for_each(|entry| entry.finish -= back);
            self.first -= back;
            self.longest = self.heap.iter().map(|entry| entry.finish).fold(0.0, f64::max);
        }
    }
}

impl Clocks {
    /// Adds the clock of a link.
    pub(super) fn link(&mut self) {
        self.clocks.push(Clock { first: f64::INFINITY, ..Clock::default() });
    }

    /// Makes room for one more flow.
    pub(super) fn flow(&mut self) {
        self.places.push(0);
    }

    /// When the first flow on any clock is complete.
    pub(super) fn time(&self) -> Time {
        self.due.time()
    }

    /// A flow that is complete at `now`, if there is one.
    pub(super) fn first(&self, now: Time) -> Option<u32> {
        let link = self.due.first().filter(|_| self.due.time() <= now)?;
        Some(self.clocks[link as usize].heap[0].slot)
    }

    /// What the flow in `slot`, which `link` holds, has left to move at `now` \[units a share\].
    pub(super) fn left(&self, link: u32, slot: u32, now: Time) -> f64 {
        let clock = &self.clocks[link as usize];
        let finish = clock.heap[self.places[slot as usize] as usize].finish;
        if clock.when(finish) <= now { 0.0 } else { (finish - clock.shows(now)).max(0.0) }
    }

    /// Puts a flow with so much left to move on the clock of `link` at `now`. [`Clocks::run`] is to
    /// follow.
    pub(super) fn put(&mut self, link: u32, slot: u32, left: f64, now: Time) {
        let clock = &mut self.clocks[link as usize];
        clock.settle(now);
        clock.longest = clock.longest.max(left);
        let finish = clock.at + left;
        clock.first = clock.first.min(finish);
        clock.heap.push(Entry { finish, slot });
        let last = clock.heap.len() - 1;
        rise(&mut clock.heap, &mut self.places, last);
    }

    /// Makes room on the clock of `link` for so many flows more.
    pub(super) fn expect(&mut self, link: u32, flows: usize) {
        self.clocks[link as usize].heap.reserve(flows);
    }

    /// So many clocks are about to change: what is due is put in order at the end of that,
    /// [`Clocks::order`], if that costs less.
    pub(super) fn begin(&mut self, changes: usize) {
        self.due.begin(changes);
    }

    /// Ends what [`Clocks::begin`] began.
    pub(super) fn order(&mut self) {
        self.due.order();
    }

    /// Takes a flow off the clock of `link`.
    pub(super) fn take(&mut self, link: u32, slot: u32) {
        let clock = &mut self.clocks[link as usize];
        let place = self.places[slot as usize] as usize;
        clock.heap.swap_remove(place);
        if place < clock.heap.len() {
            let place = rise(&mut clock.heap, &mut self.places, place);
            sink(&mut clock.heap, &mut self.places, place);
        }
        clock.first = clock.heap.first().map_or(f64::INFINITY, |entry| entry.finish);
        self.note(link);
    }

    /// Lets the clock of `link` run at `level` from `now` on.
    pub(super) fn run(&mut self, link: u32, level: f64, now: Time) {
        let clock = &mut self.clocks[link as usize];
        if clock.level != level {
            clock.settle(now);
            clock.level = level;
        }
        self.note(link);
    }

    fn note(&mut self, link: u32) {
        let clock = &self.clocks[link as usize];
        match clock.first {
            f64::INFINITY => self.due.remove(link),
            first => self.due.set(link, clock.when(first), u64::from(link)),
        }
    }
}

/// Moves an entry up to its place; returns that.
fn rise(heap: &mut [Entry], places: &mut [u32], mut place: usize) -> usize {
    let entry = heap[place];
    while place > 0 && entry.finish < heap[(place - 1) / 2].finish {
        let above = (place - 1) / 2;
        put(heap, places, place, heap[above]);
        place = above;
    }
    put(heap, places, place, entry);
    place
}

/// Moves an entry down to its place.
fn sink(heap: &mut [Entry], places: &mut [u32], mut place: usize) {
    let entry = heap[place];
    loop {
        let left = 2 * place + 1;
        let below = match heap.get(left..) {
            Some([first, second, ..]) if second.finish < first.finish => left + 1,
            Some([_, ..]) => left,
            _ => break,
        };
        if entry.finish <= heap[below].finish {
            break;
        }
        put(heap, places, place, heap[below]);
        place = below;
    }
    put(heap, places, place, entry);
}

fn put(heap: &mut [Entry], places: &mut [u32], place: usize, entry: Entry) {
    heap[place] = entry;
    places[entry.slot as usize] = place as u32;
}
