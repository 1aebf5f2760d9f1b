//! The engine of podpath: it knows time, events, resources and chance, and no domain word.
//!
//! A world is a [`Model`]: passive parts, and one `match` over everything that can happen. [`run`]
//! lets things happen in the order (time, sequence). One run is one thread and one deterministic
//! trace; many runs are parallel.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`time`], [`units`] | picoseconds; bytes and rates |
//! | [`agenda`], [`model`] | the clock, what lies ahead, and the loop |
//! | [`pool`] | counted things with a first-come queue |
//! | [`flow`], [`share`] | links with a rate, shared max-min fairly: over time, in closed form |
//! | [`round_robin`], [`in_order`] | servers whose clients take turns, or are served in order |
//! | [`fifo`], [`fair`] | servers of jobs, first come or fair: the chunk-level twins of flows |
//! | [`seed`], [`dist`] | named random streams, and what is drawn from them |
//! | [`stats`] | what may be concluded from runs |
//!
//! Three customers at one server, a second each, who come half a second apart:
//!
//! ```
//! use sim::{Agenda, Model, Pool, Time, run};
//!
//! #[derive(Clone, Copy)]
//! enum Event { Arrive(u32), Depart(u32) }
//!
//! struct Queue { server: Pool<u32>, departures: Vec<(u32, Time)> }
//!
//! impl Model for Queue {
//!     type Event = Event;
//!     fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
//!         let next = match event {
//!             Event::Arrive(who) => self.server.acquire(who),
//!             Event::Depart(who) => {
//!                 self.departures.push((who, agenda.now()));
//!                 self.server.release()
//!             }
//!         };
//!         if let Some(who) = next {
//!             agenda.after(Time::from_ms(1_000), Event::Depart(who));
//!         }
//!     }
//! }
//!
//! let mut queue = Queue { server: Pool::new(1), departures: Vec::new() };
//! let mut agenda = Agenda::new();
//! (0..3).for_each(|who| agenda.at(Time::from_ms(500) * u64::from(who), Event::Arrive(who)));
//! assert_eq!(run(&mut queue, &mut agenda, Time::MAX), 6); // events
//! assert_eq!(queue.departures, [1, 2, 3].map(|s| (s as u32 - 1, Time::from_ms(1_000) * s)));
//! ```

pub mod agenda;
pub mod dist;
pub mod fair;
pub mod fifo;
pub mod flow;
pub mod in_order;
pub mod model;
pub mod pool;
pub mod round_robin;
pub mod seed;
pub mod share;
pub mod stats;
pub mod time;
pub mod units;

mod ziggurat;

pub use agenda::{Agenda, Alarm};
pub use dist::Dist;
pub use fair::Fair;
pub use fifo::Fifo;
pub use flow::{Change, Demand, FlowId, Flows, Hop, LinkId};
pub use in_order::InOrder;
pub use model::{Model, run};
pub use pool::Pool;
pub use round_robin::RoundRobin;
pub use seed::{Seed, Stream};
pub use time::Time;
pub use units::{Bytes, Rate};
