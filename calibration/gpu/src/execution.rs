//! The execution model of a device ([`models::gpu::machine`]) from what is known of it so far.

use calibration_fit::gpu::known_of;
use models::gpu::assumed;
use models::gpu::capability::Capability;
use models::gpu::machine::Machine;
use models::input::InputError;
use sim::{Bytes, Time};

use super::{Facts, Finding};

/// Null kernels on recent hardware, of the source in the shipped profiles \[s\].
const LAUNCH_LATENCY: f64 = 3e-6;

/// Ten times the compute capability, as tables have it.
pub(super) fn version(facts: &Facts) -> u32 {
    let (major, minor) = facts.capability;
    u32::try_from(10 * major + minor).unwrap_or(0)
}

/// The machine of which `is` says every parameter in base units, and the bandwidth of its memory.
///
/// # Errors
/// If its generation is unknown, or `is` fails.
pub(super) fn machine(
    facts: &Facts,
    is: impl Fn(&str) -> Result<f64, InputError>,
) -> Result<Machine, InputError> {
    let capability = Capability::of(version(facts))?;
    let memory_peak = facts.memory_peak() * 1e9;
    Ok(Machine {
        capability,
        sms: u32::try_from(facts.sms).unwrap_or(1).max(1),
        clock_hz: is("sm_clock")?,
        memory: Bytes::new(facts.memory as u64),
        memory_peak,
        l1_capacity: f64::from(capability.cache_kib) * 1024.0,
        l2_capacity: facts.l2 as f64,
        block_turnover: is("block_turnover")?,
        l1_latency: is("l1_latency")?,
        l2_latency: is("l2_latency")?,
        dram_latency: is("dram_latency")?,
        l2_bandwidth: is("l2_bandwidth")?,
        load_port: is("load_port")?,
        store_port: is("store_port")?,
        dram_efficiency: is("dram_bandwidth")? / memory_peak,
        dram_turnaround: is("dram_turnaround")?,
        queueing: is("queueing")?,
        stream_gap: is("stream_gap")?,
        graph_gap: is("graph_gap")?,
        launch_latency: Time::from_seconds(is("launch_latency")?),
        block_interval: is("block_interval")?,
        barrier_latency: is("barrier_latency")?,
        barrier_per_warp: is("barrier_per_warp")?,
        atomic_latency: is("atomic_latency")?,
        atomic_own_word_interval: is("atomic_own_word_interval")?,
        atomic_one_word_interval: is("atomic_one_word_interval")?,
        atomic_line_interval: is("atomic_line_interval")?,
        atomic_scattered_interval: is("atomic_scattered_interval")?,
        single_efficiency: is("single_efficiency")?,
        access_granule: is("access_granule")?,
        event_wait: is("event_wait")?,
    })
}

/// The machine as far as it has been found, and as its generation is known to be beyond that.
///
/// # Errors
/// If nothing is known of its generation.
pub(super) fn so_far(facts: &Facts, findings: &[Finding]) -> Result<Machine, InputError> {
    machine(facts, |name| {
        let found = findings.iter().find(|finding| finding.parameter == name);
        found.map_or_else(|| guess(facts, name), |finding| Ok(finding.base().0))
    })
}

/// What a parameter of the execution model comes to on other GPUs of the generation, or is assumed
/// of all, in base units.
///
/// # Errors
/// If it is no such parameter.
pub(super) fn guess(facts: &Facts, parameter: &str) -> Result<f64, InputError> {
    let (clock_hz, sms) = (f64::from(facts.clock_khz) * 1e3, f64::from(facts.sms));
    let known = |name: &str| known_of(version(facts), clock_hz, sms, name);
    let is = |name: &str| match name {
        "clock" => Some(clock_hz),
        "sms" => Some(sms),
        other => known(other).ok(),
    };
    if let Some(value) = assumed::value(parameter, is) {
        return Ok(value);
    }
    match parameter {
        "sm_clock" => Ok(clock_hz),
        "dram_bandwidth" => Ok(known("dram_efficiency")? * facts.memory_peak() * 1e9),
        // No kernel takes longer or shorter for what its launch takes.
        "launch_latency" => Ok(LAUNCH_LATENCY),
        _ => known(parameter),
    }
}
