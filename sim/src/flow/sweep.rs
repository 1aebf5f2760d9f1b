//! Who gets what rate: weighted max-min sharing, solved again only where it changed.
//!
//! [`share::solve`](crate::share::solve) states the problem: raise all flows together; each stays
//! at its limit or at its *bottleneck*, a full link on which nobody stands at a higher level. That
//! last clause characterises the solution link by link, so a change can be handled locally, in one
//! sweep over levels:
//!
//! 1. At first only those flows *rise*, from zero, that are new, or have a new limit, or have their
//!    bottleneck at a link that a flow has joined or left. The others are *held* at their rates.
//! 2. The lowest level at which a rising flow must stop comes next. If a link is full there and
//!    carries held flows of a higher level, these must make room: they rise too. Otherwise
//!    its rising flows stop.
//! 3. If a flow has stopped below its former rate, those held flows whose bottleneck is a link that
//!    it crosses may go faster: they rise too.
//!
//! Whoever joins in step 2 or 3 was held at a level above the present one, so nothing that was
//! settled below is overturned. When nobody rises any more, every flow has a bottleneck or its
//! limit, and there is only one allocation in which that is so: the global one. In a large system
//! almost everything is held throughout, even if all flows are connected by some chain of links.
//!
//! What flows take of a link is summed in fixed point (`flow/link.rs`), so the level of a link
//! costs no walk over its flows: a flow that is affected costs a few additions for each of its
//! links, and a solution from nothing no more than that for every flow.

use super::levels::{Levels, Stop};
use super::sharing::{Bottleneck, Changed, Moved, OWN_LIMIT, Sharing, State};

/// What is needed while a solution is found; empty in between, but for its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Sweep {
    /// The flows that rise or have risen.
    affected: Vec<u32>,
    /// How many of them rise.
    rising: usize,
    /// The links that they cross.
    touched: Vec<u32>,
    /// Touched links whose level may be lower than was noted.
    stale: Vec<u32>,
    /// The levels at which a flow may next have to stop, lowest first.
    levels: Levels,
}

impl Sharing {
    /// Makes all rates right again, and tells what that changed.
    pub(super) fn solve(&mut self, changed: &mut Changed) {
        while let Some(slot) = self.renewed.pop() {
            if self.states[slot as usize] == State::Held {
                self.raise(slot);
            }
        }
        self.raise_slack();
        self.note_stale();
        while let Some((stop, level)) = self.next() {
            match stop {
                Stop::Limit(slot) => self.stop(slot, level, OWN_LIMIT, changed),
                Stop::Link(link) => self.reach(link, level, changed),
            }
            self.raise_slack();
            self.note_stale();
        }
        self.finish(changed);
    }

    /// The limit that is met next or the link that is full next, and at which level; `None` when
    /// nobody rises.
    fn next(&mut self) -> Option<(Stop, f64)> {
        while self.sweep.rising > 0
            && let Some((stop, noted, place)) = self.sweep.levels.first()
        {
            match stop {
                Stop::Limit(slot) => {
                    if self.states[slot as usize] == State::Rising {
                        return Some((stop, noted));
                    }
                }
                Stop::Link(link) => {
                    // Since it was noted, flows may have stopped elsewhere, which raises the level.
                    let level = self.links[link as usize].level();
                    if level > noted {
                        self.sweep.levels.raise(place, level);
                        continue;
                    }
                    self.sweep.levels.raise(place, f64::INFINITY);
                    return Some((stop, level));
                }
            }
        }
        None
    }

    /// Raises the held flows whose bottleneck is a link that may have slack. Once in a sweep is
    /// enough: afterwards nobody who is held has it there.
    fn raise_slack(&mut self) {
        while let Some(&link) = self.slack.get(self.slack_raised) {
            self.slack_raised += 1;
            self.raise_where(link, |all, slot| all.bottlenecks[slot] == link);
        }
    }

    /// Raises the held flows that cross a link and meet a condition; tells if there were any.
    fn raise_where(&mut self, link: u32, condition: impl Fn(&Sharing, usize) -> bool) -> bool {
        let before = self.sweep.affected.len();
        for place in 0..self.crossings[link as usize].len() {
            let slot = self.crossings[link as usize][place];
            let is_held = self.states[slot as usize] == State::Held;
            if is_held && condition(self, slot as usize) {
                self.raise(slot);
            }
        }
        self.sweep.affected.len() > before
    }

    /// Lets a held flow rise.
    fn raise(&mut self, slot: u32) {
        self.states[slot as usize] = State::Rising;
        let level = self.levels_of[slot as usize];
        let card = &self.cards[slot as usize];
        let (links, weights) = self.paths.of(&card.path);
        let (rate, share) = (card.rate, card.path.share);
        let sweep = &mut self.sweep;
        sweep.affected.push(slot);
        sweep.rising += 1;
        if card.limit < f64::INFINITY {
            sweep.levels.limit(card.limit / share, slot);
        }
        for (at, &id) in links.iter().enumerate() {
            let (link, weight) = (&mut self.links[id as usize], weights.at(at));
            link.give(weight * rate);
            link.rise(weight * share);
            if !link.touched {
                (link.touched, link.place) = (true, sweep.levels.add(id));
                sweep.touched.push(id);
            }
            // The new level of the link lies between its old one and that of the flow.
            if !link.stale && sweep.levels.at(link.place) > level {
                link.stale = true;
                sweep.stale.push(id);
            }
        }
    }

    /// Notes the levels of the links for which a lower one may be due.
    fn note_stale(&mut self) {
        while let Some(id) = self.sweep.stale.pop() {
            let link = &mut self.links[id as usize];
            link.stale = false;
            self.sweep.levels.lower(link.place, link.level());
        }
    }

    /// Step 2, at a link that is full at `level`.
    fn reach(&mut self, id: u32, level: f64, changed: &mut Changed) {
        if self.raise_where(id, |all, slot| all.levels_of[slot] > level) {
            return;
        }
        self.levels[id as usize] = level;
        for place in 0..self.crossings[id as usize].len() {
            let slot = self.crossings[id as usize][place];
            if self.states[slot as usize] == State::Rising {
                self.stop(slot, level, id, changed);
            }
        }
    }

    /// Stops a rising flow.
    fn stop(&mut self, slot: u32, level: f64, bottleneck: Bottleneck, changed: &mut Changed) {
        self.states[slot as usize] = State::Stopped;
        self.sweep.rising -= 1;
        let card = &mut self.cards[slot as usize];
        let (share, rate_before) = (card.path.share, card.rate);
        let rate = if bottleneck == OWN_LIMIT { card.limit } else { level * share };
        card.rate = rate;
        let (links, weights) = self.paths.of(&card.path);
        for (at, &id) in links.iter().enumerate() {
            let (link, weight) = (&mut self.links[id as usize], weights.at(at));
            link.take(weight * rate);
            link.settle(weight * share);
            if link.rising == 0 {
                self.sweep.levels.raise(link.place, f64::INFINITY);
            }
        }
        self.levels_of[slot as usize] = level;
        let before = std::mem::replace(&mut self.bottlenecks[slot as usize], bottleneck);
        if bottleneck != before || (bottleneck == OWN_LIMIT && rate != rate_before) {
            changed.moved.push(Moved { slot, before, rate_before });
        }
        if rate < rate_before {
            self.slacken(slot);
        }
    }

    /// Forgets the sweep, and tells which links it changed.
    fn finish(&mut self, changed: &mut Changed) {
        let sweep = &mut self.sweep;
        sweep.levels.clear();
        self.slack_raised = 0;
        for link in self.slack.drain(..) {
            let at = &mut self.links[link as usize];
            at.slack = false;
            if !at.touched {
                changed.links.push(link);
            }
        }
        for link in sweep.touched.drain(..) {
            self.links[link as usize].touched = false;
            changed.links.push(link);
        }
        for slot in sweep.affected.drain(..) {
            self.states[slot as usize] = State::Held;
        }
    }
}
