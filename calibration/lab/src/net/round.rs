//! Rounds of readings: every probe once a round, so that a slow minute of a shared machine touches
//! all of them alike, and the median over rounds.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use models::cluster::lab::Pins;
use models::input::InputError;
use models::library::Library;
use models::topology::{self, Topology};
use models::transfer::Transfer;

use crate::namespace::{Lab, LabError, Wiring};
use crate::traffic::peer::{Peer, Token};
use crate::traffic::{End, TrafficError};
use crate::trial::{self, Reading, Stage};

/// How long a peer may be silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why rounds ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// A topology or transfer that no lab can carry out.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The lab could not be built.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// Traffic failed.
    #[error("{what}: {error}")]
    Traffic {
        /// Whose.
        what: String,
        /// Why.
        error: TrafficError,
    },
    /// Somebody asked to stop before one whole round was through.
    #[error("stopped before the first round was through")]
    Stopped,
}

/// Transfers that begin together on a topology.
#[derive(Clone, Debug)]
pub struct Task {
    /// What it is called in messages.
    pub name: String,
    /// The topology.
    pub topology: Arc<Topology>,
    /// The transfers.
    pub transfers: Vec<Transfer>,
}

impl Task {
    /// The task of a probe or of a point of an experiment.
    ///
    /// # Errors
    /// If the topology is malformed or a lab cannot carry a transfer out.
    pub fn new(
        name: impl Into<String>,
        topology: Arc<Topology>,
        transfers: Vec<Transfer>,
    ) -> Result<Task, InputError> {
        for transfer in &transfers {
            trial::check(&topology, transfer)?;
        }
        Ok(Task { name: name.into(), topology, transfers })
    }
}

/// How rounds are gone through.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// How many.
    pub repetitions: u32,
    /// How long each transfer is repeated in a round, in seconds.
    pub seconds: u32,
    /// The cores of the threads.
    pub pins: Pins,
    /// Whether CNI plug-ins make the pods' networks.
    pub plugins: bool,
}

/// Readings of one task: `[round][transfer]`.
pub type Readings = Vec<Vec<Reading>>;

/// Builds a lab for every task that has a topology of its own, and goes through the rounds. Where
/// `stop` becomes true, the rounds that are through are the result.
///
/// # Errors
/// If a lab cannot be built, a transfer fails, or nothing was finished before the stop.
pub fn carry_out(
    tasks: &[Task],
    rounds: &Rounds,
    library: &Library,
    stop: &AtomicBool,
    done: &dyn Fn(),
) -> Result<Vec<Readings>, RoundError> {
    let labs = labs(tasks, rounds, library)?;
    through(tasks, rounds, stop, done, |at, task| {
        let stage = Stage {
            lab: &labs[at],
            topology: &task.topology,
            pins: &rounds.pins,
            seconds: rounds.seconds,
        };
        trial::carry_out(&stage, &task.transfers, stop)
    })
}

/// Goes through the rounds between this machine and the podpath that serves on `host`: the same
/// transfers, over whatever is between the two.
///
/// # Errors
/// If nobody responds there, a transfer fails, or a task has several transfers at once.
pub fn carry_out_to(
    (host, token): (&str, Option<&Token>),
    tasks: &[Task],
    rounds: &Rounds,
    stop: &AtomicBool,
    done: &dyn Fn(),
) -> Result<Vec<Readings>, RoundError> {
    if let Some(task) = tasks.iter().find(|task| task.transfers.len() > 1) {
        let problem = format!("{} has several transfers at once", task.name);
        return Err(InputError::new("--peer", problem).help("one [transfer]").into());
    }
    let from = End { netns: None, address: Ipv4Addr::UNSPECIFIED, cores: Vec::new() };
    let from = End { cores: rounds.pins.senders.clone(), ..from };
    let mut peer = Peer::connect(&from, (host, token), &rounds.pins.readers, PATIENCE, stop)
        .map_err(|error| RoundError::Traffic { what: host.to_owned(), error })?;
    through(tasks, rounds, stop, done, |_, task| {
        let (topology, transfers) = (&task.topology, &task.transfers);
        trial::carry_out_to(&mut peer, topology, transfers, rounds.seconds, stop)
    })
}

/// Goes through all tasks round by round; a stop leaves what is finished.
fn through(
    tasks: &[Task],
    rounds: &Rounds,
    stop: &AtomicBool,
    done: &dyn Fn(),
    mut carry_out: impl FnMut(usize, &Task) -> Result<Vec<Reading>, TrafficError>,
) -> Result<Vec<Readings>, RoundError> {
    let mut readings: Vec<Readings> = vec![Vec::new(); tasks.len()];
    'rounds: for round in 0..rounds.repetitions {
        for at in order(round, tasks.len()) {
            if stop.load(Ordering::Relaxed) {
                break 'rounds;
            }
            match carry_out(at, &tasks[at]) {
                Ok(round) => readings[at].push(round),
                Err(TrafficError::Stopped) => break 'rounds,
                Err(error) => {
                    return Err(RoundError::Traffic { what: tasks[at].name.clone(), error });
                }
            }
            done();
        }
    }
    Ok(readings)
}

/// The tasks of a round: every other round backwards, so that no task always follows the same one.
fn order(round: u32, tasks: usize) -> Vec<usize> {
    match round % 2 {
        0 => (0..tasks).collect(),
        _ => (0..tasks).rev().collect(),
    }
}

/// One lab per topology; tasks that share a topology share its lab.
fn labs(tasks: &[Task], rounds: &Rounds, library: &Library) -> Result<Vec<Arc<Lab>>, RoundError> {
    let mut labs: Vec<Arc<Lab>> = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        let same = |other: &&Task| Arc::ptr_eq(&other.topology, &task.topology);
        if let Some(known) = tasks[..at].iter().position(|other| same(&other)) {
            labs.push(Arc::clone(&labs[known]));
            continue;
        }
        let wiring = wiring(&task.topology, library, rounds)?;
        labs.push(Arc::new(Lab::build(&wiring, &format!("l{at}"))?));
    }
    Ok(labs)
}

/// The wiring that plays a topology in these rounds.
///
/// # Errors
/// If no lab can play it, whatever the machine has.
pub fn wiring(
    topology: &Topology,
    library: &Library,
    rounds: &Rounds,
) -> Result<Wiring, InputError> {
    match rounds.plugins {
        true => Wiring::with_plugins(topology, library),
        false => Wiring::of(topology, library),
    }
}

/// Reads a topology for a task.
///
/// # Errors
/// If it is malformed.
pub fn topology(
    source: &Arc<models::input::Source>,
    library: &Library,
    settings: &[models::cluster::Setting],
) -> Result<Arc<Topology>, InputError> {
    topology::load(source, library, settings).map(Arc::new)
}
