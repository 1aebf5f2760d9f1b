//! How runs begin, end and are cut off, and who takes note of it.

use sim::{Agenda, Time};

use super::NOBODY;
use super::runs::Ticket;
use super::world::{Event, Mover, World};
use crate::cluster::PoolIndex;

impl World<'_> {
    /// A run begins whose life is kept.
    pub(super) fn start(&mut self, slot: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        if let Some(trace) = self.runs.trace(slot) {
            trace.spans.begin = now;
            if let (Mover::Fluid(fluid), true) = (&mut self.mover, now > Time::ZERO) {
                fluid.forget(&mut trace.loads, now);
            } else if let Mover::Units(units) = &mut self.mover {
                units.forget(&mut trace.loads);
            }
        }
        self.set_off(slot, agenda);
    }

    /// Begins what nothing in a run comes before.
    fn set_off(&mut self, slot: u32, agenda: &mut Agenda<Event>) {
        let (run, template) = self.runs.at(slot);
        let generation = run.generation;
        let ticket = |&firing: &u32| Ticket { run: slot, firing, generation };
        self.ready.extend(template.heads.iter().map(ticket));
        self.drain(agenda);
    }

    /// A source makes a run, if it still makes any.
    pub(super) fn arrive(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let Some(traffic) = &mut self.traffic else { return };
        if let Some((template, origin)) = traffic.arrive(event, agenda) {
            let slot = self.runs.open(template, origin);
            self.note_limit(slot, agenda);
            self.set_off(slot, agenda);
        }
    }

    /// Notes when a run will have lasted as long as it may.
    fn note_limit(&mut self, slot: u32, agenda: &mut Agenda<Event>) {
        let run = self.runs.run(slot);
        let (origin, generation) = (run.origin, run.generation);
        let limit = self.traffic.as_ref().map_or(Time::MAX, |traffic| traffic.limit(&origin));
        agenda.after(limit, Event::Limit { run: slot, generation });
    }

    /// Cuts a run off that has lasted as long as it may: what it holds goes back, and it is begun
    /// again or given up.
    pub(super) fn cut(&mut self, slot: u32, generation: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let ticket = Ticket { run: slot, firing: NOBODY, generation };
        if !self.runs.is_live(ticket) {
            return;
        }
        if let Mover::Fluid(fluid) = &mut self.mover {
            fluid.cut(slot, agenda);
        }
        self.leave_batches(slot, generation);
        let left = self.runs.cut(slot);
        for (pool, firing) in left.waiting {
            let stands = Ticket { firing, ..ticket };
            match self.pools[pool.0].leave(|who| *who == stands) {
                Some(_) => self.look_at(pool, now),
                None => self.give_back_cold(pool, agenda),
            }
        }
        for pool in left.held {
            self.give_back(pool, ticket, now);
        }
        let origin = self.runs.run(slot).origin;
        let again = self.traffic.as_mut().and_then(|traffic| traffic.again(&origin));
        match again {
            Some(origin) => {
                self.runs.run(slot).origin = origin;
                self.note_limit(slot, agenda);
                self.set_off(slot, agenda);
            }
            None => {
                self.runs.close(slot);
                if let Some(traffic) = &mut self.traffic {
                    traffic.lost(&origin, agenda);
                }
                self.drain(agenda);
                self.look(false, agenda);
            }
        }
    }

    /// Takes note of the runs that have ended, and frees their blocks.
    pub(super) fn bury(&mut self, agenda: &mut Agenda<Event>) {
        let mut ended = std::mem::take(&mut self.ended);
        for slot in ended.drain(..) {
            let origin = self.runs.run(slot).origin;
            self.runs.close(slot);
            if let Some(traffic) = &mut self.traffic {
                traffic.ended(&origin, agenda);
            }
        }
        self.ended = ended;
        self.look(false, agenda);
    }

    /// Looks at all resources, if it is time to.
    pub(super) fn look(&mut self, rang: bool, agenda: &mut Agenda<Event>) {
        if let (Some(traffic), Mover::Fluid(fluid)) = (&mut self.traffic, &mut self.mover) {
            traffic.look(rang, fluid, agenda);
        }
    }

    /// Notes how many hold and want a slot of a pool.
    pub(super) fn look_at(&mut self, pool: PoolIndex, now: Time) {
        if let Some(traffic) = &mut self.traffic {
            traffic.watch.pool(pool.0, &self.pools[pool.0], now);
        }
    }
}
