//! A scheduler: which node, and which of its GPUs, a pod gets.

use smallvec::SmallVec;

use super::state::State;

/// A pod that is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its number among those that arrive, which also numbers the draws of chance for it.
    pub number: u64,
    /// The number of its shape in [`Pods::shapes`](super::Pods::shapes).
    pub shape: u32,
    /// Where it stands in its gang, if it has one.
    pub member: Option<Member>,
}

/// The place of a pod in a gang. Members are chosen for one after another, from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, from zero on.
    pub index: u32,
    /// How many members there are.
    pub size: u32,
}

/// Where a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The number of its node in [`Fleet::nodes`](super::Fleet::nodes).
    pub node: u32,
    /// Its GPUs by their numbers on the node.
    pub gpus: SmallVec<[u16; 8]>,
}

/// Decides where pods go.
///
/// A scheduler may remember what it has found out about a state, so it must see one state only,
/// and see it change by [`State::place`] and [`State::release`].
pub trait Scheduler {
    /// Where a pod goes; nowhere if it fits nowhere.
    fn choose(&mut self, pod: Pod, state: &State<'_>) -> Option<Slot>;
}
