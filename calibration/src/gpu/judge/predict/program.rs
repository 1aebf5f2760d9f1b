//! Cases that are programs of streams, which no experiment can describe: by `models::gpu::device`.
//!
//! Calls take the host no time here, as no profile has a line for that; where a queue is bound by
//! the host's calls, `stream_gap` has it, which was measured with them.

use models::gpu::device::{Command, DefaultStream, Device, HostSide, Operation};
use models::gpu::execute::Prepared;
use models::input::InputError;
use sim::{Bytes, Time};

use super::super::super::work::Launch;
use super::super::body;
use super::super::case::{Asks, Strand};
use super::super::work::{PIPELINE, STRAND};
use super::scene::Scene;
use models::gpu::copy::Direction;

pub(super) fn seconds(scene: &Scene, asks: &Asks) -> Result<f64, InputError> {
    let kernel = |launch: &Launch| prepared(scene, launch);
    let lanes: Vec<Vec<Operation>> = match *asks {
        Asks::Mapped { way, bytes } => vec![vec![Operation::Mapped(way, Bytes::new(bytes))]],
        Asks::Queue { launch, kernels, graph: true, .. } => {
            vec![vec![Operation::Graph(vec![kernel(&launch)?; kernels as usize])]]
        }
        Asks::Queue { launch, kernels, .. } => {
            vec![vec![Operation::Kernel(Box::new(kernel(&launch)?)); kernels as usize]]
        }
        Asks::Streams { streams, strand } => {
            let lane = match strand {
                Strand::Kernel => vec![Operation::Kernel(Box::new(kernel(&STRAND)?))],
                Strand::Pipeline { bytes } => vec![
                    copy(Direction::ToDevice, bytes),
                    Operation::Kernel(Box::new(kernel(&PIPELINE)?)),
                    copy(Direction::ToHost, bytes),
                ],
            };
            vec![lane; streams as usize]
        }
        Asks::Beside { way, bytes, launch } => {
            let kernel = Operation::Kernel(Box::new(kernel(&launch)?));
            vec![vec![copy(way, bytes)], vec![kernel]]
        }
        _ => return Err(InputError::new("case", "is no program of streams")),
    };
    let ran = device(scene).run(&program(&lanes));
    let ends = ran.iter().map(|ran| ran.end.as_seconds());
    Ok(ends.fold(0.0, f64::max))
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

fn prepared(scene: &Scene, launch: &Launch) -> Result<Prepared, InputError> {
    let (launch, work) = body::asked_or_empty(launch)
        .ok_or_else(|| InputError::new("case", "has a kernel that the model does not know"))?;
    Prepared::new(&scene.machine, &launch, &work)
}

fn copy(direction: Direction, bytes: u64) -> Operation {
    Operation::Copy { direction, amount: Bytes::new(bytes), host: HostSide::Pinned }
}

/// Commands of all lanes, issued in turn.
fn program(lanes: &[Vec<Operation>]) -> Vec<Command> {
    let longest = lanes.iter().map(Vec::len).max().unwrap_or(0);
    let command = |(stream, operation): (usize, &Operation)| Command {
        not_before: Time::ZERO,
        stream: stream as u32 + 1,
        operation: operation.clone(),
    };
    let step = |at: usize| {
        let steps = lanes.iter().enumerate();
        steps.filter_map(move |(stream, lane)| Some((stream, lane.get(at)?))).map(command)
    };
    (0..longest).flat_map(step).collect()
}
