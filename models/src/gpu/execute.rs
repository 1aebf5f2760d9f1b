//! How long a kernel runs: three levels of detail behind one question.
//!
//! | level | what is computed | cost |
//! | --- | --- | --- |
//! | [`Level::Kernel`] | one equation for the whole grid | under a microsecond |
//! | [`Level::Cohort`], the default | the block scheduler, by waves | a few events a wave |
//! | [`Level::Warp`] | every warp at every queue: the reference | four events a warp and round |
//!
//! Only the cohort and the warp level know several kernels at once. Of one kernel with equal
//! blocks kernel and cohort level say the same, to rounding; the warp level knows besides which
//! warp stands where in which line. `models/tests/levels.rs` holds the three together, and
//! `experiments/gpu-levels.toml` shows where they part.

mod closed;
mod cohort;
mod warp;

use serde::{Deserialize, Serialize};

use crate::input::InputError;

use super::block::{BlockCost, Company};
use super::launch::Launch;
use super::machine::Machine;
use super::occupancy::{Occupancy, occupancy};
use super::work::Work;

/// How finely to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One equation.
    Kernel,
    /// Blocks that start together go together.
    #[default]
    Cohort,
    /// Every warp.
    Warp,
}

/// A kernel that is ready to run on a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// What was asked for.
    pub launch: Launch,
    /// What every thread does.
    pub work: Work,
    /// How many blocks an SM holds.
    pub occupancy: Occupancy,
    /// What a block costs.
    pub cost: BlockCost,
}

impl Prepared {
    /// Checks a launch and works out what its blocks cost.
    ///
    /// # Errors
    /// If the grid or the block is impossible, or not one block fits on an SM.
    pub fn new(machine: &Machine, launch: &Launch, work: &Work) -> Result<Prepared, InputError> {
        launch.check()?;
        let occupancy = occupancy(&machine.capability, launch);
        if occupancy.blocks == 0 {
            let problem = format!("no block fits on an SM: too much of its {:?}", occupancy.limit);
            return Err(InputError::new("launch", problem)
                .help("fewer threads, registers or bytes of shared memory per block"));
        }
        let in_range = work.active > 0.0 && work.active <= 1.0 && work.rounds > 0;
        if !in_range {
            return Err(InputError::new("work", "has no active lane or no round")
                .help("active above 0 to 1, at least one round"));
        }
        let cost = BlockCost::of(machine, launch, work);
        Ok(Prepared { launch: *launch, work: work.clone(), occupancy, cost })
    }

    /// Blocks that the whole machine holds.
    pub fn slots(&self, machine: &Machine) -> u64 {
        u64::from(self.occupancy.blocks) * u64::from(machine.sms)
    }
}

/// What resident blocks ask together: so many of each kernel, spread evenly over the SMs.
fn company<'a>(
    machine: &Machine,
    residents: impl IntoIterator<Item = (f64, &'a Prepared)>,
) -> Company {
    let mut all = Company { blocks: 0.0, memory: 0.0, atomics: 0.0, lanes: 0.0 };
    for (count, kernel) in residents {
        all.blocks += count;
        all.memory += count * kernel.cost.memory;
        all.atomics += count * kernel.cost.atomics;
        all.lanes += count * kernel.cost.lanes;
    }
    // The last to end are on the SMs that have a block more than the others.
    let fullest = (all.blocks / f64::from(machine.sms)).ceil();
    if all.blocks > 0.0 {
        all.lanes *= fullest / all.blocks;
    }
    all
}

/// Runs kernels that are all ready at once; the time from the first block's start until each
/// kernel's last block has retired, without launch in seconds.
///
/// # Panics
/// If there are several kernels at [`Level::Kernel`], which knows only one.
pub fn execute(machine: &Machine, kernels: &[Prepared], level: Level) -> Vec<f64> {
    match level {
        Level::Kernel => {
            assert!(kernels.len() <= 1, "the closed form knows one kernel");
            kernels.iter().map(|kernel| closed::duration(machine, kernel)).collect()
        }
        Level::Cohort => cohort::durations(machine, kernels),
        Level::Warp => warp::durations(machine, kernels),
    }
}

/// The time that one kernel runs alone, by the closed form in seconds.
pub fn duration(machine: &Machine, kernel: &Prepared) -> f64 {
    closed::duration(machine, kernel)
}
