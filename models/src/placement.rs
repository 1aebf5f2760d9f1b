//! Pods on the nodes of a cluster: what fits where, and which node a scheduler takes.
//!
//! ```text
//!  nodes ──► Fleet ──► State (what is free) ◄──── place, release
//!                        │      ▲
//!                        ▼      │ Slot (node, GPUs)
//!  pods ──► Pods ─► Scheduler ──► fill (pods only arrive) or live (they come and go)
//! ```
//!
//! A [`Scheduler`] has one method. The policies that score nodes share one memory of scores, in
//! which only nodes that changed are scored afresh: that, and few shapes of pods, is what makes
//! twelve thousand arrivals on a thousand nodes a matter of milliseconds.

mod arrivals;
mod ask;
mod fill;
mod fleet;
mod fragmentation;
mod gang;
mod life;
mod pods;
mod policy;
mod scheduler;
mod scores;
mod state;
mod wasted;

pub use arrivals::drawn;
pub use ask::{Ask, GpuAsk, Models};
pub use fill::{Fill, Reading, fill};
pub use fleet::{Fleet, Node};
pub use fragmentation::Fragmentation;
pub use gang::{Claim, admit};
pub use life::{Life, Moment, Rules, Stay, Unfit, Visit, live};
pub use pods::Pods;
pub use policy::Policy;
pub use scheduler::{Member, Pod, Scheduler, Slot};
pub use state::{Free, State};
pub use wasted::Wasted;
