//! Cases that ask for a kernel's own time: by `models::gpu::execute`, which `run` goes through too,
//! with what an experiment cannot say of a kernel: neighbours, shared memory, barriers, atomics,
//! and data that L2 still holds from the kernel before.

use models::gpu::execute::{Level, Prepared, execute};
use models::input::InputError;

use super::super::body;
use super::super::case::Asks;
use super::scene::Scene;

pub(super) fn seconds(scene: &Scene, asks: &Asks) -> Result<f64, InputError> {
    let machine = &scene.machine;
    let Asks::Queue { launch, graph, .. } = *asks else {
        return Err(InputError::new("case", "is no kernel alone"));
    };
    let (launch, work) = body::asked_or_empty(&launch)
        .ok_or_else(|| InputError::new("case", "has a kernel that the model does not know"))?;
    let kernel = Prepared::new(machine, &launch, &work)?;
    let gap = if graph { machine.graph_gap } else { machine.stream_gap };
    Ok(execute(machine, &[kernel], Level::Cohort)[0] + gap)
}
