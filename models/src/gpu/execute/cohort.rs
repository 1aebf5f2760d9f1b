//! The cohort level: the block scheduler, with blocks that start together going together.
//!
//! ```text
//!   waiting blocks ──► free slots, breadth first over the SMs ──► a cohort in flight
//!                              ▲                                        │ the slowest resource
//!                              └───────────── it retires ◄──────────────┘ sets its speed
//! ```
//!
//! All SMs are alike and blocks go to the emptiest first, so what counts is how many blocks of
//! each kernel are resident, not where. Kernels take slots in the order of their launch; the next
//! one gets what the one before leaves free, which is why a tail overlaps with the next kernel.
//! Between two events every cohort advances at 1 ÷ (time of a block in the present company).
//!
//! Where blocks differ, cohorts take turns at four equally likely amounts of work.

use super::super::machine::Machine;
use super::Prepared;

/// Means of the four quarters of a normal distribution, in standard deviations.
const QUARTERS: [f64; 4] = [-1.271, 0.325, -0.325, 1.271];
/// A cohort this near to its end has ended: rounding of the sums.
const ENDED: f64 = 1e-9;

/// Blocks that started together.
struct Cohort {
    kernel: usize,
    blocks: f64,
    /// What is left to do, in blocks' work.
    left: f64,
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
        now += device.advance();
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
        let variation = self.kernels[kernel].cost.variation;
        // The first wave is cut in four, so that unequal blocks do not march in step.
        let parts = if variation > 0.0 && blocks >= 16.0 { 4 } else { 1 };
        for part in 0..parts {
            let (done, next) = (blocks * f64::from(part), blocks * f64::from(part + 1));
            let count = (next / f64::from(parts)).floor() - (done / f64::from(parts)).floor();
            let quarter = QUARTERS[self.started % QUARTERS.len()];
            self.started += 1;
            let left = (1.0 + variation * quarter).max(0.05);
            self.cohorts.push(Cohort { kernel, blocks: count, left });
        }
    }

    /// The time of a block of every kernel in the present company in seconds.
    fn times(&self) -> Vec<f64> {
        let sms = f64::from(self.machine.sms);
        let company = || self.resident.iter().zip(self.kernels);
        let total = |of: fn(&Prepared) -> f64| -> f64 {
            company().map(|(count, kernel)| count * of(kernel)).sum()
        };
        let full = [
            total(|kernel| kernel.cost.memory),
            total(|kernel| kernel.cost.lanes) / sms,
            total(|kernel| kernel.cost.atomics),
        ];
        let ports = total(|kernel| kernel.cost.ports) / sms;
        let blocks: f64 = self.resident.iter().sum();
        let of = |kernel: &Prepared| {
            let cost = &kernel.cost;
            let others = (full[1] - cost.lanes).max(0.0) / 2.0;
            let alone = cost.fixed + ports.max(cost.ports) + cost.lanes + others;
            cost.join(alone, full).max(blocks / self.machine.block_rate())
        };
        self.kernels.iter().map(of).collect()
    }

    /// Moves everything on to the next end of a cohort; how long that takes in seconds.
    fn advance(&mut self) -> f64 {
        let times = self.times();
        let ends = self.cohorts.iter().map(|cohort| cohort.left * times[cohort.kernel]);
        let step = ends.fold(f64::INFINITY, f64::min);
        for cohort in &mut self.cohorts {
            cohort.left -= step / times[cohort.kernel];
        }
        step
    }

    fn retire(&mut self, now: f64, ends: &mut [f64]) {
        let (resident, waiting) = (&mut self.resident, &self.waiting);
        self.cohorts.retain(|cohort| {
            let stays = cohort.left > ENDED;
            if !stays {
                resident[cohort.kernel] -= cohort.blocks;
                if waiting[cohort.kernel] == 0 {
                    ends[cohort.kernel] = now;
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
