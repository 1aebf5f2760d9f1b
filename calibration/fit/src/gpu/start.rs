//! Where the search begins, and a trial on the way.

use calibration_data::copy::bandwidth_of;
use calibration_data::shipped;
use calibration_data::subject::Subject;
use models::gpu::machine::Machine;
use models::input::InputError;
use models::profile::{Dimension, Profile};
use serde::Deserialize;

use super::super::{memcpy, shipped_priors};
use super::Item;

/// What a generation is known to do, per cycle and SM.
#[derive(Debug, Deserialize)]
struct Generation {
    capability: u32,
    block_turnover_cycles: f64,
    dram_latency_ns: f64,
    l2_latency_cycles: f64,
    l1_latency_cycles: f64,
    l2_bytes_per_cycle_and_sm: f64,
    load_port_bytes_per_cycle: f64,
    store_port_bytes_per_cycle: f64,
    dram_efficiency: f64,
    dram_turnaround: f64,
    queueing: f64,
    stream_gap_us: f64,
    graph_gap_us: f64,
    #[serde(rename = "source")]
    _source: String,
}

/// What is known of a parameter of a GPU before any row is seen, in base units.
///
/// # Errors
/// If the profile lacks a fact of the data sheet, or nothing is known of its generation.
pub fn prior(profile: &Profile, parameter: &str) -> Result<f64, InputError> {
    if let Some((_, unit, start)) = memcpy::FREE.iter().find(|free| free.0 == parameter) {
        return Ok(start * if *unit == "us" { 1e-6 } else { 1.0 });
    }
    let version = profile.count("compute_capability")?;
    let clock = profile.base("clock", Dimension::Frequency)?;
    known_of(version, clock, f64::from(profile.count("sms")?), parameter)
}

/// What is known of a parameter of the execution model of a GPU of so many SMs at `clock` hertz,
/// in base units. Of a generation that has no line, the one before it says what there is to say.
///
/// # Errors
/// If it is no such parameter, or the generation is older than all that are known.
pub fn known_of(version: u32, clock: f64, sms: f64, parameter: &str) -> Result<f64, InputError> {
    let generation = generation(version)?;
    Ok(match parameter {
        "block_turnover" => generation.block_turnover_cycles / clock,
        "dram_latency" => generation.dram_latency_ns * 1e-9,
        "l2_latency" => generation.l2_latency_cycles / clock,
        "l1_latency" => generation.l1_latency_cycles / clock,
        "l2_bandwidth" => generation.l2_bytes_per_cycle_and_sm * sms * clock,
        "load_port" => generation.load_port_bytes_per_cycle * clock,
        "store_port" => generation.store_port_bytes_per_cycle * clock,
        "dram_efficiency" => generation.dram_efficiency,
        "dram_turnaround" => generation.dram_turnaround,
        "queueing" => generation.queueing,
        "stream_gap" => generation.stream_gap_us * 1e-6,
        "graph_gap" => generation.graph_gap_us * 1e-6,
        other => return Err(InputError::new(other, "is no parameter of the execution model")),
    })
}

fn generation(version: u32) -> Result<Generation, InputError> {
    let source = shipped_priors("gpu")?;
    let mut reader = csv::Reader::from_reader(source.text.as_bytes());
    let all = reader.deserialize().collect::<Result<Vec<Generation>, _>>();
    let all = all.map_err(|error| InputError::new("priors", error.to_string()))?;
    let unknown = || InputError::new("priors", format!("none for capability {version}"));
    let older = all.into_iter().filter(|known| known.capability <= version);
    older.max_by_key(|known| known.capability).ok_or_else(unknown)
}

/// Where the search begins, and a trial on the way.
#[derive(Clone)]
pub(super) struct Start {
    pub(super) machine: Machine,
    /// The profile, and what is tried of its parameters of copies.
    profile: Profile,
    tried: Vec<(String, f64)>,
}

impl Start {
    pub(super) fn new(profile: &Profile) -> Result<Start, InputError> {
        Ok(Start {
            machine: Machine::from_profile(profile)?,
            profile: profile.clone(),
            tried: Vec::new(),
        })
    }

    pub(super) fn with(&self, names: &[&str], values: &[f64]) -> Start {
        let mut trial = self.clone();
        for (name, value) in names.iter().zip(values) {
            match name.starts_with("copy_") {
                true => trial.tried.push(((*name).to_owned(), *value)),
                false => trial.machine = trial.machine.with(name, *value),
            }
        }
        trial
    }

    /// What is predicted of each item, in order.
    pub(super) fn predict(&self, items: &[Item]) -> Result<Vec<f64>, InputError> {
        let copies = items.iter().any(|item| matches!(item, Item::Copy(_)));
        let gpu = match copies {
            true => Some(Subject::with(&self.profile, &self.tried, shipped())?),
            false => None,
        };
        let predict = |item: &Item| match (item, &gpu) {
            (Item::Copy(row), Some(gpu)) => bandwidth_of(row, gpu),
            (Item::Copy(_), None) => unreachable!("there is a GPU where there are copies"),
            (Item::Kernel(_, row), _) => row.predict(&self.machine),
        };
        items.iter().map(predict).collect()
    }
}
