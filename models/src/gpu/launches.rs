//! How kernels follow each other: launched one by one, chunk by chunk, or as a graph.

use serde::{Deserialize, Serialize};
use sim::Time;

use super::Gpu;

/// How the work of a kernel is cut into launches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Launches {
    /// One launch makes the whole result.
    #[default]
    Once,
    /// One launch for each chunk of the result, back to back in one stream.
    PerChunk,
    /// The same, captured in a CUDA graph that is launched once.
    Graph,
}

/// From the end of one kernel to the start of the next that depends on it; without an execution
/// model a whole launch, which is the most that it can be.
pub fn gap(gpu: &Gpu, launches: Launches) -> Time {
    match (&gpu.machine, launches) {
        (Some(machine), Launches::Graph) => Time::from_seconds(machine.graph_gap),
        (Some(machine), _) => Time::from_seconds(machine.stream_gap),
        (None, _) => gpu.launch_latency,
    }
}

/// From the end of a kernel to the start of what waits for its event in another stream. Inside a
/// graph there is no event: what depends on a kernel begins a graph's gap after it.
pub fn event_wait(gpu: &Gpu, launches: Launches) -> Time {
    match (&gpu.machine, launches) {
        (Some(machine), Launches::Once | Launches::PerChunk) => {
            Time::from_seconds(machine.event_wait)
        }
        (_, launches) => gap(gpu, launches),
    }
}
