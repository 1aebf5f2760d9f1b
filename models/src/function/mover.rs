//! Who carries out movements of bytes.

use sim::Time;

/// Carries out movements. It is passive: it is told the time, and says when to be told again.
pub trait Mover {
    /// Begins movement `movement` at `now` for the instance with this number on a GPU; its end is
    /// told with `tag`.
    fn begin(&mut self, now: Time, movement: u32, gpu: u32, tag: u64);

    /// Ends what was begun with `tag`, unfinished.
    fn stop(&mut self, now: Time, tag: u64);

    /// When to [`advance`](Mover::advance) again; [`Time::MAX`] if nothing moves.
    fn next(&mut self) -> Time;

    /// Lets time pass to `now`, and adds the tags of movements that have ended to `done`.
    fn advance(&mut self, now: Time, done: &mut Vec<u64>);
}

/// Moves nothing: for scenes in which everything costs a time.
#[derive(Clone, Copy, Debug)]
pub struct Still;

impl Mover for Still {
    fn begin(&mut self, _: Time, movement: u32, _: u32, _: u64) {
        unreachable!("nothing carries out movement {movement}")
    }

    fn stop(&mut self, _: Time, _: u64) {}

    fn next(&mut self) -> Time {
        Time::MAX
    }

    fn advance(&mut self, _: Time, _: &mut Vec<u64>) {}
}
