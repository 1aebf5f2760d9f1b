//! The cohort level: the block scheduler, with blocks that start together going together.
//!
//! ```text
//!   waiting blocks ──► free slots, breadth first over the SMs ──► a cohort in flight
//!                              ▲                                        │ the slowest resource
//!                              └───────────── it retires ◄──────────────┘ sets its speed
//!                                               │ the last of a kernel: what still stands in line
//!                                               ▼
//!                                             its end
//! ```
//!
//! All SMs are alike and blocks go to the emptiest first, so what counts is how many blocks of
//! each kernel are resident, not where. Kernels take slots in the order of their launch; the next
//! one gets what the one before leaves free, which is why a tail overlaps with the next kernel.
//! Between two events every cohort advances at 1 ÷ (cycle of a block in the present company).
//!
//! Where blocks differ, cohorts take turns at four equally likely amounts of work. Where they do
//! not and a kernel has the device to itself, one wave is like the next, and all but the last two
//! are passed at once.

use super::super::block::{Company, largest};
use super::super::machine::Machine;
use super::{Prepared, company};

/// Means of the four quarters of a normal distribution, in standard deviations.
const QUARTERS: [f64; 4] = [-1.271, 0.325, -0.325, 1.271];
/// The least work of a block, of the mean: normal deviations have no bound, work has.
pub(super) const WORK_MIN: f64 = 0.05;
/// Cohorts of fewer blocks are not cut any further.
const CUT: f64 = 16.0;
/// Nor are any while so many are in flight: a million unequal blocks then take milliseconds.
const COHORTS_MAX: usize = 8;
/// A cohort this near to its end has ended: rounding of the sums.
const ENDED: f64 = 1e-9;

/// Blocks that started together.
struct Cohort {
    kernel: usize,
    blocks: f64,
    /// What is left to do, in blocks' work.
    left: f64,
    /// How much more the largest of them has to do than the mean, in blocks' work.
    beyond: f64,
}

struct Device<'a> {
    machine: &'a Machine,
    kernels: &'a [Prepared],
    waiting: Vec<u64>,
    resident: Vec<f64>,
    cohorts: Vec<Cohort>,
    started: usize,
}

pub(super) fn durations(machine: &Machine, kernels: &[Prepared]) -> Vec<f64> {
    let mut device = Device {
        machine,
        kernels,
        waiting: kernels.iter().map(|kernel| kernel.launch.blocks()).collect(),
        resident: vec![0.0; kernels.len()],
        cohorts: Vec::new(),
        started: 0,
    };
    let (mut now, mut ends) = (0.0, vec![0.0; kernels.len()]);
    device.fill();
    while !device.cohorts.is_empty() {
        now += device.pass_waves() + device.advance();
        device.retire(now, &mut ends);
        device.fill();
    }
    ends
}

impl Device<'_> {
    /// Starts as many blocks as fit, earlier kernels first.
    fn fill(&mut self) {
        for at in 0..self.kernels.len() {
            if self.waiting[at] == 0 {
                continue;
            }
            let each = 1.0 / f64::from(self.kernels[at].occupancy.blocks);
            let taken: f64 = self.resident.iter().zip(self.kernels).map(share_of_sms).sum();
            let free = (f64::from(self.machine.sms) - taken) / each;
            let blocks = (free + ENDED).floor().min(self.waiting[at] as f64);
            if blocks >= 1.0 {
                self.start(at, blocks);
            }
        }
    }

    fn start(&mut self, kernel: usize, blocks: f64) {
        self.waiting[kernel] -= blocks as u64;
        self.resident[kernel] += blocks;
        let own = &self.kernels[kernel];
        let variation = own.cost.variation;
        // Cohorts are cut in four, so that unequal blocks do not march in step.
        let few = self.cohorts.len() < COHORTS_MAX;
        let parts = if variation > 0.0 && blocks >= CUT && few { 4 } else { 1 };
        let together = own.launch.blocks().min(own.slots(self.machine)) as f64;
        for part in 0..parts {
            let (done, next) = (blocks * f64::from(part), blocks * f64::from(part + 1));
            let count = (next / f64::from(parts)).floor() - (done / f64::from(parts)).floor();
            // A handful of blocks is of all kinds.
            let quarter = match together {
                few if few < CUT => 0.0,
                _ => QUARTERS[self.started % QUARTERS.len()],
            };
            self.started += 1;
            let left = (1.0 + variation * quarter).max(WORK_MIN);
            let beyond = variation * (largest(together) - quarter).max(0.0);
            self.cohorts.push(Cohort { kernel, blocks: count, left, beyond });
        }
    }

    fn company(&self) -> Company {
        company(self.machine, self.resident.iter().copied().zip(self.kernels))
    }

    /// The cycle of every kernel's blocks in the present company in seconds.
    fn cycles(&self) -> Vec<f64> {
        let company = self.company();
        self.kernels.iter().map(|kernel| kernel.cost.cycle(self.machine, &company)).collect()
    }

    /// Passes over waves that are all alike; how long they take in seconds.
    fn pass_waves(&mut self) -> f64 {
        let [cohort] = self.cohorts.as_slice() else { return 0.0 };
        let (at, slots) = (cohort.kernel, cohort.blocks as u64);
        let kernel = &self.kernels[at];
        let others = self.waiting.iter().enumerate().any(|(other, &left)| other != at && left > 0);
        if others || kernel.cost.variation > 0.0 || slots < kernel.slots(self.machine) {
            return 0.0;
        }
        let waves = self.waiting[at] / slots;
        self.waiting[at] -= waves * slots;
        waves as f64 * kernel.cost.cycle(self.machine, &self.company())
    }

    /// Moves everything on to the next end of a cohort; how long that takes in seconds.
    fn advance(&mut self) -> f64 {
        let cycles = self.cycles();
        let ends = self.cohorts.iter().map(|cohort| cohort.left * cycles[cohort.kernel]);
        let step = ends.fold(f64::INFINITY, f64::min);
        for cohort in &mut self.cohorts {
            cohort.left -= step / cycles[cohort.kernel];
        }
        step
    }

    /// Frees the slots of cohorts that have ended; the last of a kernel still has to empty the
    /// lines that it stands in.
    fn retire(&mut self, now: f64, ends: &mut [f64]) {
        let company = self.company();
        let (machine, kernels) = (self.machine, self.kernels);
        let (resident, waiting) = (&mut self.resident, &self.waiting);
        self.cohorts.retain(|cohort| {
            let (at, stays) = (cohort.kernel, cohort.left > ENDED);
            if !stays {
                resident[at] -= cohort.blocks;
                if waiting[at] == 0 {
                    let cost = &kernels[at].cost;
                    let line = cost.burst(machine, &company) - cost.cycle(machine, &company);
                    ends[at] = (now + line + cohort.beyond * cost.alone()).max(ends[at]);
                }
            }
            stays
        });
    }
}

/// SMs' worth of slots that `count` blocks of a kernel take.
fn share_of_sms((count, kernel): (&f64, &Prepared)) -> f64 {
    count / f64::from(kernel.occupancy.blocks)
}
