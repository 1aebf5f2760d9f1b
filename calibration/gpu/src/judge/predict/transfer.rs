//! Cases that are transfers: what `podpath run` would say of them, by the same call.

use models::cluster::Cluster;
use models::gpu::copy::Direction;
use models::gpu::execute::Level;
use models::gpu::kernel::{Kernel as Described, Precision};
use models::gpu::launches::Launches;
use models::input::InputError;
use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::{HostMemory, Mode, Transfer};
use sim::Bytes;

use super::super::super::kernel::Kernel;
use super::super::super::work::Launch;
use super::super::case::Asks;
use super::super::process::PROCESSES;
use super::super::work::{RESULT, made};
use super::scene::Scene;

/// Nothing on these ways is left to chance.
const SEED: u64 = 1;

pub(super) fn seconds(scene: &Scene, asks: &Asks) -> Result<f64, InputError> {
    match *asks {
        Asks::Copy { way, memory, bytes, queued: None } => {
            last(&scene.whole, &[copy(way, memory, bytes)])
        }
        // Chunks of one message, each with a buffer of its own.
        Asks::Copy { way, memory, bytes, queued: Some(copies) } => {
            let all = copy(way, memory, bytes * u64::from(copies));
            let mode = Mode::Overlapped { chunk: Bytes::new(bytes), buffers: copies };
            let seconds = last(&scene.whole, &[Transfer { mode, ..all }])?;
            Ok(seconds / f64::from(copies))
        }
        Asks::Duplex { bytes } => {
            let ways = [Direction::ToDevice, Direction::ToHost];
            last(&scene.whole, &ways.map(|way| copy(way, HostMemory::Pinned, bytes)))
        }
        Asks::Chunks { message, chunk, buffers } => {
            let kernel = Described {
                launches: Launches::PerChunk,
                ..described(&made(message)).expect("a triad is one")
            };
            let result = copy(Direction::ToHost, HostMemory::Pinned, message);
            let mode = Mode::Overlapped { chunk: Bytes::new(chunk), buffers };
            last(&scene.whole, &[Transfer { mode, kernel: Some(kernel), ..result }])
        }
        Asks::Processes { mps, launch } => {
            let cluster = if mps { &scene.mps } else { &scene.turns };
            let kernel = described(&launch)?;
            let result = |at: usize| Transfer {
                from: format!("process-{at}/gpu"),
                to: format!("process-{at}"),
                kernel: Some(kernel),
                ..copy(Direction::ToHost, HostMemory::Pinned, RESULT)
            };
            last(cluster, &(0..PROCESSES).map(result).collect::<Vec<_>>())
        }
        _ => Err(InputError::new("case", "is no transfer")),
    }
}

/// When the last of transfers that begin together is complete \[s\].
fn last(cluster: &Cluster, transfers: &[Transfer]) -> Result<f64, InputError> {
    let outcomes = predict(cluster, transfers, Fidelity::Flow, SEED)?;
    Ok(outcomes.iter().map(|outcome| outcome.completion.as_seconds()).fold(0.0, f64::max))
}

fn copy(way: Direction, host_memory: HostMemory, bytes: u64) -> Transfer {
    let (from, to) = match way {
        Direction::ToDevice => ("process", "gpu"),
        Direction::ToHost => ("gpu", "process"),
    };
    Transfer { host_memory, ..Transfer::message(from, to, Bytes::new(bytes)) }
}

/// A kernel as an experiment describes it: bytes, operations, threads.
fn described(launch: &Launch) -> Result<Described, InputError> {
    let threads = u64::from(launch.blocks) * u64::from(launch.threads);
    let plain = Described {
        precision: Precision::Single,
        threads,
        block: launch.threads,
        level: Level::Cohort,
        ..Described::IDLE
    };
    match launch.kernel {
        // Two operations for each of the four multiply-adds of a step.
        Kernel::Arithmetic => {
            Ok(Described { flop: 8.0 * f64::from(launch.steps) * threads as f64, ..plain })
        }
        Kernel::Triad => Ok(Described {
            read: Bytes::new(8 * threads),
            written: Bytes::new(4 * threads),
            flop: 2.0 * threads as f64,
            ..plain
        }),
        _ => Err(InputError::new("case", "has a kernel that no experiment can describe")),
    }
}
