//! Kernels that the execution model of [`models::gpu`] knows: the simulator itself as the device.
//!
//! These follow laws that no probe knows of: blocks that come and go, queues at L2 and memory,
//! caches that overflow set by set. What the probes find of them is a test of the probes' own laws.

use models::gpu::access::Access;
use models::gpu::execute::{Level, Prepared, execute};
use models::gpu::machine::Machine;
use models::gpu::memory::chain_latency;
use models::gpu::{launch, work};
use models::input::InputError;

use super::super::facts::Facts;
use super::super::judge::body;
use super::super::kernel::Kernel;
use super::super::probe::streams;
use super::super::work::{Launch, Place};

/// Bytes of a load of [`Kernel::Read`], and how many of them a thread has under way.
const WIDTH: u32 = 16;
const LOADS: usize = 4;

/// The time of a kernel alone in seconds; `None` for kernels that the model has no words for.
pub(super) fn duration(machine: &Machine, asked: &Launch) -> Result<Option<f64>, InputError> {
    if asked.memory != Place::Device {
        return Ok(None);
    }
    let bytes = asked.bytes as f64;
    let steps = f64::from(asked.steps);
    Ok(match asked.kernel {
        Kernel::Chase => Some(steps * chain_latency(machine, bytes)),
        Kernel::Nothing => Some(run(machine, asked, &work::Work::none())?),
        Kernel::Read => {
            let threads = f64::from(asked.blocks) * f64::from(asked.threads);
            let each = f64::from(WIDTH) * LOADS as f64;
            let sweeps = (steps * bytes / (threads * each)).ceil().max(1.0);
            let reused = if bytes <= machine.l2_capacity { bytes } else { 0.0 };
            let loads = vec![Access::coalesced(WIDTH); LOADS];
            let rounds = sweeps as u32;
            let work = work::Work { loads, rounds, footprint: reused, ..work::Work::none() };
            Some(run(machine, asked, &work)?)
        }
        _ => None,
    })
}

/// The time of a stream kernel in seconds; `None` for others, and for memory beyond the bus.
pub(super) fn stream(
    machine: &Machine,
    asked: &Launch,
    level: Level,
) -> Result<Option<f64>, InputError> {
    let (Place::Device, Some((launch, work))) = (asked.memory, streams::asked(asked)) else {
        return Ok(None);
    };
    let ready = Prepared::new(machine, &launch, &work)?;
    Ok(Some(execute(machine, &[ready], level)[0]))
}

/// The time of a kernel of the judging set in seconds; `None` for others.
pub(super) fn judged(machine: &Machine, asked: &Launch) -> Option<f64> {
    let (launch, work) = body::asked(asked)?;
    let ready = Prepared::new(machine, &launch, &work).ok()?;
    Some(execute(machine, &[ready], Level::Cohort)[0])
}

fn run(machine: &Machine, asked: &Launch, work: &work::Work) -> Result<f64, InputError> {
    let line = launch::Launch::line(asked.blocks, asked.threads);
    let ready = Prepared::new(machine, &line, work)?;
    Ok(execute(machine, &[ready], Level::Cohort)[0])
}

/// What a driver would say of a machine.
pub(super) fn facts(name: &str, machine: &Machine) -> Facts {
    let whole = |value: f64| value as i32;
    let version = machine.capability.capability as i32;
    Facts {
        name: name.into(),
        capability: (version / 10, version % 10),
        sms: machine.sms as i32,
        clock_khz: whole(machine.clock_hz / 1e3),
        // A bus of 4096 bits, at whatever clock gives the peak.
        memory_clock_khz: whole(machine.memory_peak / (2.0 * 4096.0 / 8.0) / 1e3),
        memory_bus_bits: 4096,
        memory: machine.memory.get() as usize,
        copy_engines: 2,
        l2: machine.l2_capacity as usize,
        shared_per_sm: (machine.capability.shared_per_sm_kib as usize) << 10,
        threads_per_sm: (machine.capability.warps_per_sm * 32) as i32,
        nodes: vec![0, 1],
        peer: true,
        peer_loads: true,
        pcie: None,
        driver: None,
        simulated: true,
    }
}
