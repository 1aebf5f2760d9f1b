//! The engine of podpath: it knows time, events, resources and chance, and no domain word.

pub mod agenda;
pub mod dist;
pub mod fifo;
pub mod flow;
pub mod model;
pub mod pool;
pub mod seed;
pub mod share;
pub mod span;
pub mod stats;
pub mod time;
pub mod units;

pub use agenda::{Agenda, Alarm};
pub use dist::Dist;
pub use fifo::Fifo;
pub use flow::{Demand, FlowId, Flows, Hop, LinkId};
pub use model::{Model, run};
pub use pool::Pool;
pub use seed::{Seed, Stream};
pub use span::{Record, Span};
pub use time::Time;
pub use units::{Bytes, Rate};
