//! How little is known: each number of a profile as a distribution, from which whole libraries are
//! drawn.
//!
//! A prediction with an interval is a prediction for each of some 64 [`Draw`]s. A draw moves every
//! line of every profile at once, by a [`Spread`] that is the line's own interval, or the stated
//! [`prior`] of what has none. Nodes of one profile are moved together. What was fitted together
//! hangs together ([`posterior`]), what is either so or so is drawn with its odds ([`hypothesis`]),
//! and what the model itself leaves out is a number like any other ([`model`]).

mod draw;
pub mod hypothesis;
pub mod model;
pub mod posterior;
pub mod prior;
mod spread;

pub use draw::{DRAWS, Draw};
pub use spread::{SIGMAS_95, Spread};
