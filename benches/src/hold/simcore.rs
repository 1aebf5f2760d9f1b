//! DSLab's engine: an event handler that emits to itself.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, Simulation, SimulationContext, cast};

use super::{Contender, Increments, SECOND};

#[derive(Clone, Serialize)]
struct Hold {
    who: u64,
}

struct Holder {
    context: SimulationContext,
    increments: Increments,
    sum: u64,
}

impl EventHandler for Holder {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Hold { who } => {
                self.sum = self.sum.wrapping_add(who);
                let delay = self.increments.draw() as f64 / SECOND;
                self.context.emit_self(Hold { who }, delay);
            }
        })
    }
}

struct Engine {
    simulation: Simulation,
}

/// Makes the engine.
pub(super) fn make(pending: usize, mut increments: Increments) -> Box<dyn Contender> {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("holder");
    for who in 0..pending as u64 {
        context.emit_self(Hold { who }, increments.draw_first() as f64 / SECOND);
    }
    let holder = Holder { context, increments, sum: 0 };
    simulation.add_handler("holder", Rc::new(RefCell::new(holder)));
    Box::new(Engine { simulation })
}

impl Contender for Engine {
    fn run(&mut self, span: f64) -> u64 {
        let before = self.simulation.event_count();
        self.simulation.step_for_duration(span);
        // Every event that happened noted one more.
        self.simulation.event_count() - before
    }
}
