//! The judging set: fixed cases that no fit may see, by which every profile of a GPU is judged.
//!
//! ```text
//!   set::cases ──► work::measurement ──► Device, Processes ──► judging.csv ─┐
//!        │                                                                  ├─► verdict
//!        └───────► predict: profile + port + host ──► data/frozen, or now ──┘
//! ```
//!
//! Each case has a name that never changes its meaning; whoever changes what a case does raises
//! [`VERSION`]. A hash of its name puts it into one of two halves ([`Half`]): the model may be
//! mended by looking at the one, and only the other says how good it then is.

pub mod body;
mod case;
pub mod frozen;
mod half;
mod kind;
pub mod measure;
pub mod predict;
pub mod process;
mod set;
pub mod table;
pub mod verdict;
mod work;

pub use case::{Asks, Case, Strand};
pub use half::Half;
pub use kind::Kind;
pub use set::{case, cases};
pub use work::{Measurement, Sharing};

/// The version of the set: every file of measurements and predictions names it.
pub const VERSION: u32 = 1;
