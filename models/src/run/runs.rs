//! Runs of plans: a plan is laid out once as a template, and a run is a block of counters.
//!
//! A counter falls with each firing that was waited for, and is armed again by the firing itself
//! when it begins. So a run that has ended leaves its block ready for the next of the same
//! template, and beginning one costs no more than pushing its first firings.

use sim::{Seed, Time};

use super::template::{Firing, Template};
use super::{Spans, Trace};
use crate::cluster::PoolIndex;
use crate::plan::{BASE, Op, Plan};

/// A firing of a run. It names nothing once the run has ended: its slot is then of another
/// generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) run: u32,
    pub(crate) firing: u32,
    pub(crate) generation: u32,
}

/// Who a run is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Where its chance comes from.
    pub(super) seed: Seed,
    /// What made it, and for whom.
    pub(super) source: u32,
    pub(super) client: u32,
    pub(super) number: u64,
    pub(super) born: Time,
    /// How often it was begun before, and cut off.
    pub(super) attempt: u32,
}

impl Origin {
    /// A run that nothing is drawn for.
    pub(super) const NONE: Origin = Origin {
        seed: Seed::new(0),
        source: 0,
        client: 0,
        number: 0,
        born: Time::ZERO,
        attempt: 0,
    };
}

/// How far a firing has come in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Come {
    /// Not begun, or passed over.
    Nowhere,
    UnderWay,
    Ended,
}

/// A firing of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// How many it still waits for.
    missing: u32,
    /// The flows of its move that have yet to be sent, and to land.
    pub(super) moving: u16,
    pub(super) landing: u16,
    come: Come,
}

/// What a run that is cut off leaves: the pools whose slots it holds, and its firings that stand in
/// line for one or wait until it is set up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) held: Vec<PoolIndex>,
    pub(super) waiting: Vec<(PoolIndex, u32)>,
}

/// A run.
pub(super) struct Run {
    pub(super) template: u32,
    pub(super) generation: u32,
    /// Firings that have yet to end.
    pub(super) open: u32,
    pub(super) origin: Origin,
    /// Its firings.
    pub(super) states: Box<[State]>,
    /// What is kept of it, if its life is wanted.
    pub(super) trace: Option<Box<Trace>>,
}

impl Run {
    /// A firing happens in no part of this run.
    pub(super) fn pass_over(&mut self, ticket: Ticket) {
        self.states[ticket.firing as usize].come = Come::Nowhere;
    }
}

/// All templates, and the runs that are there.
pub(super) struct Runs<'a> {
    pub(super) templates: Vec<Template<'a>>,
    all: Vec<Run>,
}

impl<'a> Runs<'a> {
    /// Of these plans; `whole`: with each firing told one by one.
    pub(super) fn new(plans: &[&'a Plan], whole: bool) -> Runs<'a> {
        let templates = plans.iter().map(|plan| Template::new(plan, whole));
        Runs { templates: templates.collect(), all: Vec::new() }
    }

    /// A new run of a template: its slot.
    pub(super) fn open(&mut self, template: u32, origin: Origin) -> u32 {
        let of = &mut self.templates[template as usize];
        let open = of.open;
        if let Some(slot) = of.free.pop() {
            let run = &mut self.all[slot as usize];
            (run.origin, run.open) = (origin, open);
            return slot;
        }
        let state = |&missing: &u32| State { missing, moving: 0, landing: 0, come: Come::Nowhere };
        self.all.push(Run {
            template,
            generation: 0,
            open,
            origin,
            states: of.need.iter().map(state).collect(),
            trace: None,
        });
        self.all.len() as u32 - 1
    }

    /// Keeps the life of a run.
    pub(super) fn keep(&mut self, slot: u32) {
        let run = &mut self.all[slot as usize];
        let plan = self.templates[run.template as usize].plan;
        run.trace = Some(Box::new(Trace::new(Spans::new(plan.len(), Time::MAX), plan, BASE)));
    }

    /// Frees the slot of a run that has ended.
    pub(super) fn close(&mut self, slot: u32) {
        let run = &mut self.all[slot as usize];
        run.generation = run.generation.wrapping_add(1);
        run.states.iter_mut().for_each(|state| state.come = Come::Nowhere);
        self.templates[run.template as usize].free.push(slot);
    }

    /// A run and its template.
    pub(super) fn at(&mut self, slot: u32) -> (&mut Run, &Template<'a>) {
        let run = &mut self.all[slot as usize];
        let template = &self.templates[run.template as usize];
        (run, template)
    }

    pub(super) fn run(&mut self, slot: u32) -> &mut Run {
        &mut self.all[slot as usize]
    }

    /// The life of a run, if it is kept.
    pub(super) fn trace(&mut self, slot: u32) -> Option<&mut Trace> {
        self.all[slot as usize].trace.as_deref_mut()
    }

    /// A firing begins: its counter is armed for the next run. Its plan, its run and what it does.
    pub(super) fn begin(&mut self, ticket: Ticket) -> (&'a Plan, &mut Run, Firing) {
        let run = &mut self.all[ticket.run as usize];
        let template = &self.templates[run.template as usize];
        debug_assert_eq!(run.generation, ticket.generation, "a firing of a run that has ended");
        let state = &mut run.states[ticket.firing as usize];
        state.missing = template.need[ticket.firing as usize];
        state.come = Come::UnderWay;
        (template.plan, run, template.firings[ticket.firing as usize])
    }

    /// Whether a firing is of a run that has not ended or been cut off since.
    pub(super) fn is_live(&self, ticket: Ticket) -> bool {
        self.all[ticket.run as usize].generation == ticket.generation
    }

    /// Cuts a run off: its block is as if it had not begun, and whatever still comes for it finds
    /// another generation. What it leaves.
    pub(super) fn cut(&mut self, slot: u32) -> Left {
        let run = &mut self.all[slot as usize];
        let template = &self.templates[run.template as usize];
        let mut left = Left::default();
        let firings = run.states.iter().zip(&template.firings);
        for (at, (state, firing)) in (0..).zip(firings) {
            match (firing.op, state.come) {
                (Op::Acquire(pool), Come::Ended) => left.held.push(pool),
                (Op::Acquire(pool), Come::UnderWay) => left.waiting.push((pool, at)),
                (Op::Release(pool), Come::Ended) => {
                    let at = left.held.iter().position(|held| *held == pool);
                    at.map(|at| left.held.swap_remove(at));
                }
                _ => {}
            }
        }
        for (state, need) in run.states.iter_mut().zip(&template.need) {
            (state.missing, state.come) = (*need, Come::Nowhere);
        }
        run.open = template.open;
        run.generation = run.generation.wrapping_add(1);
        left
    }

    /// A firing has ended; `landed`: whether that is its arrival, too, if nothing of it is on its
    /// way. What waited for it alone is ready. Whether its run has ended with it.
    pub(super) fn end(&mut self, ticket: Ticket, landed: bool, ready: &mut Vec<Ticket>) -> bool {
        let run = &mut self.all[ticket.run as usize];
        let state = &mut run.states[ticket.firing as usize];
        state.moving = 0;
        if state.come == Come::UnderWay {
            state.come = Come::Ended;
        }
        let landed = landed || state.landing == 0;
        run.open -= 1;
        let over = run.open == 0;
        self.release(ticket, false, ready);
        if landed {
            self.release(ticket, true, ready);
        }
        over
    }

    /// Lets go on what waits for the end of a firing, or for its arrival.
    pub(super) fn release(&mut self, ticket: Ticket, arrival: bool, ready: &mut Vec<Ticket>) {
        let run = &mut self.all[ticket.run as usize];
        let template = &self.templates[run.template as usize];
        let behind = template.behind(&template.firings[ticket.firing as usize]);
        for &firing in behind[usize::from(arrival)] {
            let missing = &mut run.states[firing as usize].missing;
            *missing -= 1;
            if *missing == 0 {
                if let Some(trace) = &mut run.trace {
                    trace.spans.by[firing as usize] = ticket.firing;
                    trace.spans.by_landing[firing as usize] = arrival;
                }
                ready.push(Ticket { firing, ..ticket });
            }
        }
    }

    /// The lives that were kept, in the order of the slots.
    pub(super) fn into_traces(self) -> impl Iterator<Item = Trace> {
        self.all.into_iter().filter_map(|run| run.trace.map(|trace| *trace))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::plan::{Book, Draft, Link, Op};
    use super::*;

    /// Two steps behind one, and one behind both.
    fn diamond() -> Plan {
        let after = |nodes: &[petgraph::graph::NodeIndex]| {
            nodes.iter().map(|&node| (node, Link::default())).collect::<Vec<_>>()
        };
        let mut draft = Draft::new(1);
        let mut wait = |nodes: &[petgraph::graph::NodeIndex]| {
            draft.once(Op::Wait(Time::from_ns(1)), Book::Nobody, &after(nodes))
        };
        let first = wait(&[]);
        let (left, right) = (wait(&[first]), wait(&[first]));
        wait(&[left, right]);
        draft.freeze().unwrap()
    }

    /// Runs a run to its end; the firings in the order in which they began.
    fn ran(runs: &mut Runs<'_>, slot: u32) -> Vec<u32> {
        let generation = runs.run(slot).generation;
        let heads = runs.at(slot).1.heads.clone();
        let ticket = |firing| Ticket { run: slot, firing, generation };
        let mut ready: Vec<Ticket> = heads.into_iter().map(ticket).collect();
        let mut at = 0;
        while at < ready.len() {
            runs.begin(ready[at]);
            let now = ready[at];
            runs.end(now, true, &mut ready);
            at += 1;
        }
        runs.close(slot);
        ready.iter().map(|ticket| ticket.firing).collect()
    }

    #[test]
    fn a_block_that_has_run_is_ready_for_the_next_run() {
        let plan = diamond();
        let mut runs = Runs::new(&[&plan], true);
        let slot = runs.open(0, Origin::NONE);
        let first = ran(&mut runs, slot);
        assert_eq!(first, [0, 1, 2, 3]);
        for generation in 1..4 {
            assert_eq!(runs.open(0, Origin::NONE), slot, "the block is used again");
            assert_eq!(runs.run(slot).generation, generation);
            assert_eq!(ran(&mut runs, slot), first);
        }
        assert_eq!(runs.all.len(), 1);
    }
}
