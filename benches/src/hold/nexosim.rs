//! NeXosim: a model that schedules its own events, on one thread. Its clock ticks in nanoseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::EventSource;
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::{Contender, Increments};
use crate::increments::Kind;

/// What the model needs and cannot be written to a checkpoint.
struct Outside {
    increments: Increments,
    events: Arc<AtomicU64>,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    #[serde(skip, default = "outside")]
    outside: Outside,
    sum: u64,
}

fn outside() -> Outside {
    Outside { increments: Increments::new(Kind::Exponential), events: Arc::default() }
}

#[Model]
impl Holder {
    async fn fill(&mut self, pending: u64, context: &Context<Self>) {
        for who in 0..pending {
            let delay = duration(self.outside.increments.draw_first());
            context.schedule_event(delay, schedulable!(Self::hold), who).unwrap();
        }
    }

    #[nexosim(schedulable)]
    fn hold(&mut self, who: u64, context: &Context<Self>) {
        self.sum = self.sum.wrapping_add(who);
        self.outside.events.fetch_add(1, Ordering::Relaxed);
        let delay = duration(self.outside.increments.draw());
        context.schedule_event(delay, schedulable!(Self::hold), who).unwrap();
    }
}

/// A delay [ps] as this engine takes it: never zero, which would be no future.
fn duration(ps: u64) -> Duration {
    Duration::from_nanos((ps / 1000).max(1))
}

struct Engine {
    simulation: Simulation,
    events: Arc<AtomicU64>,
}

/// Makes the engine.
pub(super) fn make(pending: usize, increments: Increments) -> Box<dyn Contender> {
    let events = Arc::new(AtomicU64::new(0));
    let outside = Outside { increments, events: Arc::clone(&events) };
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let fill = EventSource::new().connect(Holder::fill, &mailbox).register(&mut bench);
    let mut simulation = bench
        .add_model(Holder { outside, sum: 0 }, mailbox, "holder")
        .init(MonotonicTime::EPOCH)
        .expect("one model without ports");
    simulation.process_event(&fill, pending as u64).expect("the model schedules its events");
    Box::new(Engine { simulation, events })
}

impl Contender for Engine {
    fn run(&mut self, span: f64) -> u64 {
        let before = self.events.load(Ordering::Relaxed);
        self.simulation.step_until(Duration::from_secs_f64(span)).expect("events remain");
        self.events.load(Ordering::Relaxed) - before
    }
}
