//! Cases that are programs of streams, which no experiment can describe: by
//! `models::plan::program`.
//!
//! The program is the work that is measured, step by step in the order in which it is issued. A
//! call begins when the one before has returned, after a `stream_gap`: a queue of kernels is bound
//! by the host's calls, and that is how it was measured. What waits for an event in
//! another stream waits a `stream_gap` here, and not `event_wait`, which `run` reads.

use models::gpu::copy::Direction;
use models::gpu::execute::Prepared;
use models::input::InputError;
use models::plan::program::{Command, DefaultStream, Device, HostSide, Operation};
use sim::{Bytes, Time};

use super::super::super::kernel::Kernel;
use super::super::super::work::{Launch, Place, ProbeStep, ProbeWork};
use super::super::body;
use super::scene::Scene;

/// From the first call until the last step has ended, in seconds.
pub(super) fn seconds(scene: &Scene, work: &ProbeWork) -> Result<f64, InputError> {
    let command = |(call, (lane, at)): (usize, (usize, usize))| {
        let step = &work.lanes[lane].steps[at];
        let (stream, operation) = (lane as u32 + 1, operation(scene, step)?);
        let not_before = Time::from_seconds(call as f64 * scene.machine.stream_gap);
        Ok(Command { not_before, stream, operation })
    };
    let calls = work.order().into_iter().enumerate();
    let program = calls.map(command).collect::<Result<Vec<_>, InputError>>()?;
    let ran = device(scene).run(&program);
    Ok(ran.iter().map(|ran| ran.end.as_seconds()).fold(0.0, f64::max))
}

fn device(scene: &Scene) -> Device {
    let [to_device, to_host] = scene.engines;
    Device {
        machine: scene.machine.clone(),
        to_device,
        to_host,
        copy_engines: scene.copy_engines,
        default_stream: DefaultStream::PerThread,
        non_blocking: Vec::new(),
        call: Time::ZERO,
    }
}

fn operation(scene: &Scene, step: &ProbeStep) -> Result<Operation, InputError> {
    Ok(match *step {
        ProbeStep::Launch(Launch { memory: Place::Pinned, kernel, bytes, .. }) => {
            let way = match kernel {
                Kernel::Read => Direction::ToDevice,
                _ => Direction::ToHost,
            };
            Operation::Mapped(way, Bytes::new(bytes))
        }
        ProbeStep::Launch(launch) => Operation::Kernel(Box::new(prepared(scene, &launch)?)),
        ProbeStep::Graph { launch, nodes } => {
            Operation::Graph(vec![prepared(scene, &launch)?; nodes as usize])
        }
        ProbeStep::Copy { from, to, bytes } => {
            let direction = match (from, to) {
                (Place::Pinned, Place::Device) => Direction::ToDevice,
                (Place::Device, Place::Pinned) => Direction::ToHost,
                _ => return Err(InputError::new("case", "has a copy that is none of a program")),
            };
            Operation::Copy { direction, amount: Bytes::new(bytes), host: HostSide::Pinned }
        }
        ProbeStep::BlockingCopy { .. } => {
            return Err(InputError::new("case", "blocks, which no program here does"));
        }
        ProbeStep::Record(event) => Operation::Record(event),
        ProbeStep::Wait(event) => Operation::Wait(event),
    })
}

fn prepared(scene: &Scene, launch: &Launch) -> Result<Prepared, InputError> {
    let (launch, work) = body::asked_or_empty(launch)
        .ok_or_else(|| InputError::new("case", "has a kernel that the model does not know"))?;
    Prepared::new(&scene.machine, &launch, &work)
}
