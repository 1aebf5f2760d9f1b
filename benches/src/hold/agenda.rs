//! The engine of podpath: the real agenda, and events dispatched by `Model::handle`.

use sim::{Agenda, Model, Time};

use super::{Contender, Increments};

#[derive(Clone, Copy)]
enum Event {
    Hold(u32),
    /// Never noted; it keeps the compiler from leaving the `match` out.
    Other(u32),
}

struct Hold {
    increments: Increments,
    sum: u64,
}

impl Model for Hold {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        match event {
            Event::Hold(who) => {
                self.sum = self.sum.wrapping_add(u64::from(who));
                agenda.after(Time::from_ps(self.increments.draw()), Event::Hold(who));
            }
            Event::Other(who) => self.sum ^= u64::from(who),
        }
    }
}

struct Engine {
    model: Hold,
    agenda: Agenda<Event>,
}

/// Makes the engine.
pub(super) fn make(pending: usize, mut increments: Increments) -> Box<dyn Contender> {
    let mut agenda = Agenda::new();
    for who in 0..pending as u32 {
        agenda.after(Time::from_ps(increments.draw_first()), Event::Hold(who));
    }
    agenda.at(Time::MAX, Event::Other(0));
    Box::new(Engine { model: Hold { increments, sum: 0 }, agenda })
}

impl Contender for Engine {
    fn run(&mut self, span: f64) -> u64 {
        let end = self.agenda.now() + Time::from_seconds(span);
        sim::run(&mut self.model, &mut self.agenda, end)
    }
}
