//! A world that changes only when an event happens to it, and the loop that lets events happen.
//!
//! All that can happen is one closed `Copy` enum, handled in one `match`: the compiler lists the
//! cases that were forgotten, and nothing on the hot path is allocated or dispatched virtually.

use crate::{Agenda, Time};

/// A world that changes only when an event happens to it.
pub trait Model {
    /// Everything that can happen: a small `Copy` enum.
    type Event: Copy;

    /// Applies `event`, which happens now; notes in `agenda` what must happen later.
    fn handle(&mut self, event: Self::Event, agenda: &mut Agenda<Self::Event>);
}

/// Lets events happen, in order, until nothing is left before `end`; returns how many happened.
///
/// An event exactly at `end` does not happen, so that consecutive runs divide time without a gap
/// or an overlap. The clock is left as [`Agenda::next`] says.
pub fn run<M: Model>(model: &mut M, agenda: &mut Agenda<M::Event>, end: Time) -> u64 {
    let mut events = 0;
    while let Some(event) = agenda.next(end) {
        model.handle(event, agenda);
        events += 1;
    }
    events
}
