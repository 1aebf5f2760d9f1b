//! An experiment carried out on real kernel networking, with the rows of a simulated one.
//!
//! ```text
//!  points ─► tasks ─► labs of namespaces ─► rounds of readings ─► digests ─► the tables of `run`
//!                       (calibration)         (interleaved)
//! ```

use std::sync::Arc;

use calibration_lab::net::round::{self, Readings, Rounds, Task};
use calibration_lab::trial::Reading;
use models::cluster::Setting;
use models::input::InputError;
use models::outcome::Fidelity;
use models::predict::predict;
use models::topology::Topology;

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, PodsBy};
use crate::failure::Failure;
use crate::record::{Keyed, keys};

/// The columns of `cpu.csv` behind the keys.
const CPU: [&str; 8] = [
    "replication",
    "method",
    "arrived_b",
    "seconds",
    "sender_s_per_b",
    "receiver_s_per_b",
    "cores_s_per_b",
    "steal_s",
];

/// One task per point; points on the same topology share its lab, unless all are sent to a peer.
///
/// # Errors
/// If a point cannot be carried out, whatever the machine has: the error names the field of the
/// experiment, or the place in the topology that no lab can play.
pub(crate) fn tasks(
    experiment: &Experiment,
    plan: &Plan,
    to_peer: bool,
) -> Result<Vec<Task>, InputError> {
    let mut built: Vec<(usize, Vec<Setting>, Arc<Topology>)> = Vec::new();
    let mut tasks = Vec::new();
    for (number, point) in plan.points().enumerate() {
        let point = &point;
        let (source, settings) = experiment.built(point)?;
        let same = |(of, with, _): &&(usize, Vec<Setting>, Arc<Topology>)| {
            *of == point.topology && *with == settings
        };
        let topology = match built.iter().find(same) {
            Some((_, _, topology)) => Arc::clone(topology),
            None => {
                let topology = round::topology(source, &experiment.library, &settings)?;
                if !to_peer {
                    round::wiring(&topology, &experiment.library, &rounds(experiment))
                        .map_err(|error| experiment.placed(error, point))?;
                }
                topology
            }
        };
        built.push((point.topology, settings, Arc::clone(&topology)));
        let name = format!("point {number} ({})", experiment.topologies[point.topology].label);
        let task = Task::new(name, topology, point.transfers.clone());
        tasks.push(task.map_err(|error| experiment.placed(error, point))?);
    }
    Ok(tasks)
}

/// How the file says that it is carried out.
pub(crate) fn rounds(experiment: &Experiment) -> Rounds {
    let measure = &experiment.measure;
    Rounds {
        repetitions: measure.repetitions,
        seconds: measure.seconds,
        pins: measure.pins.clone(),
        plugins: measure.pods == PodsBy::Plugins,
    }
}

/// Digests of every point that has a reading, one per transfer.
///
/// # Errors
/// If the line rate of a point cannot be told; planning has made sure that it can.
pub(crate) fn digests(
    experiment: &Experiment,
    plan: &Plan,
    readings: &[Readings],
) -> Result<Vec<Option<Vec<Digest>>>, InputError> {
    let of = |(at, rounds): (usize, &Readings)| {
        if rounds.is_empty() {
            return Ok(None);
        }
        let point = &plan.point(at);
        let cluster = &plan.worlds[point.world].cluster;
        let lines = predict(cluster, &point.transfers, Fidelity::Closed, experiment.seed)?;
        let digest = |(which, line)| {
            let readings: Vec<&Reading> = rounds.iter().map(|round| &round[which]).collect();
            Digest::measured(&readings, line)
        };
        Ok(Some(lines.iter().enumerate().map(digest).collect()))
    };
    readings.iter().enumerate().map(of).collect()
}

/// The table of processor time: one row per transfer and round.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_cpu(
    folder: &std::path::Path,
    plan: &Plan,
    keyed: &[Keyed<'_>],
    readings: &[Readings],
) -> Result<(), Failure> {
    let header = keys(plan).into_iter().chain(CPU.map(str::to_owned)).collect();
    let rows = keyed.iter().flat_map(|keyed| {
        readings[keyed.point].iter().enumerate().map(move |(number, round)| {
            let cells = cpu_cells(number, &round[keyed.transfer]);
            [keyed.cells.clone(), cells].concat()
        })
    });
    crate::record::write_table(&folder.join("cpu.csv"), std::iter::once(header).chain(rows))
}

fn cpu_cells(number: usize, reading: &Reading) -> Vec<String> {
    let per_byte = |seconds: f64| match reading.arrived.get() {
        0 => String::new(),
        bytes => (seconds / bytes as f64).to_string(),
    };
    let cpu = &reading.cpu;
    let busy = cpu.cores.iter().map(|times| times.busy_s()).sum();
    let stolen: f64 = cpu.cores.iter().map(|times| times.steal_s).sum();
    vec![
        number.to_string(),
        reading.method.clone(),
        reading.arrived.get().to_string(),
        reading.seconds.to_string(),
        per_byte(cpu.sender.total_s()),
        per_byte(cpu.receiver.total_s()),
        per_byte(busy),
        stolen.to_string(),
    ]
}
