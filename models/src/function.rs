//! Functions on pods: instances that start for calls, stay for a while, and leave.
//!
//! ```text
//!  call ─ gateway ─► waits ─► an instance that is ready ─► load ─► work ─► result ─► the next of
//!                      │           ▲                                                  its chain
//!                      │ no room   │ absent ─ image ─ container ─ context ─ host ─ GPU ─ ready
//!                      └─ scaling ─┘             ▲                  ▲                      │
//!                                                └ keep-alive over  └──── swapped out ◄────┘
//! ```
//!
//! What a stage costs is a time, or a movement of bytes that somebody else carries out (a
//! [`Mover`]): with times alone this is a model of queues, with a mover it is one of the cluster.
//! Everything that chance decides is named after the function and the number of the call or of the
//! start, and does not depend on the order of events.

mod account;
mod call;
mod cost;
mod graph;
mod keep;
mod mover;
mod node;
mod scaling;
mod scene;
mod world;

pub use account::{Account, Occupied, Piece};
pub use call::{Call, End, Story};
pub use cost::{Cost, Duration, Quantiles};
pub use graph::{Graph, Movement, Spoiled, Used};
pub use keep::{Histogram, Keep};
pub use mover::{Mover, Still};
pub use scaling::{Concurrency, Queue, Scaling};
pub(crate) use scaling::{Scaler, Seen};
pub use scene::{Function, Gpu, Node, STAGES, Scene, Stage};
pub use world::{Lived, live};
