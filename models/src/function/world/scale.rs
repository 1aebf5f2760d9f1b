//! Scalers that look at their functions every so often.

use super::super::scaling::Seen;
use super::{Event, World};

impl World<'_> {
    /// Tells the scaler of a function that calls came or went.
    pub(super) fn note(&mut self, function: u32) {
        let (now, seen) = (self.agenda.now(), self.seen(function));
        self.known[function as usize].scaler.note(now, seen);
    }

    fn seen(&self, function: u32) -> Seen {
        let known = &self.known[function as usize];
        let ready = known.live.iter().filter(|at| self.instances[**at as usize].is_ready());
        Seen {
            waiting: known.queue.len() as u32,
            working: known.working,
            ready: ready.count() as u32,
            live: known.live.len() as u32,
        }
    }

    /// Has the scaler of a function look when its time comes, at multiples of its interval.
    pub(super) fn look_again(&mut self, function: u32) {
        let known = &mut self.known[function as usize];
        let Some(every) = known.scaler.every().filter(|_| !known.looks) else { return };
        known.looks = true;
        let now = self.agenda.now().as_ps();
        let next = (now / every.as_ps() + 1).saturating_mul(every.as_ps());
        self.agenda.at(sim::Time::from_ps(next), Event::Look(function));
    }

    /// A scaler looks at its function.
    pub(super) fn look(&mut self, function: u32) {
        let own = &self.scene.functions[function as usize];
        let (now, seen) = (self.agenda.now(), self.seen(function));
        let known = &mut self.known[function as usize];
        known.looks = false;
        let desired = known.scaler.desired(now, seen).clamp(own.least, own.most);
        let idle = |at: &&u32| self.instances[**at as usize].is_idle();
        let mut spare: Vec<u32> = known.live.iter().filter(idle).copied().collect();
        spare.sort_by_key(|at| (self.instances[*at as usize].since, *at));
        let too_many = seen.live.saturating_sub(desired) as usize;
        for instance in spare.into_iter().take(too_many) {
            self.kill(instance);
        }
        for _ in seen.live..desired {
            if !self.start(function) {
                break;
            }
        }
        // Where nothing is left there is nothing to look at until a call comes.
        let seen = self.seen(function);
        if seen.live + seen.waiting + seen.working > own.least || desired > own.least {
            self.look_again(function);
        }
    }
}
