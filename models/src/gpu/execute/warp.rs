//! The warp level: every warp at every queue. The reference that the other levels are held to.
//!
//! ```text
//!  block ─ turnover, loads' port ─► SM's turn at L2 and memory ─ latency ─► SM's lanes
//!                                   (one warp of each SM)                   (FIFO) │
//!     next round, from the loads' port on ◄─ stores' port ◄─ atomics (FIFO, all SMs) ◄┘
//!     last warp done with its last round: the slot is free
//!     last block done and last byte written: the kernel's end
//! ```
//!
//! Memory serves the SMs in turn, so that all get on alike; a warp's stores are served with its
//! loads, because the small kernels of the A40 grow with all their bytes from the first wave on.
//! The ports are no lines but times: an SM goes round its warps, and the requests of a block are
//! through about together. Times of service are constant, so that nothing but queueing itself
//! rounds the corner between latency and bandwidth. Real memory varies more; the exponent
//! `queueing` of the other levels covers that. Where blocks differ, each draws its own work.

use std::collections::VecDeque;

use rand::RngExt;
use sim::agenda::Agenda;
use sim::{Seed, Stream, Time};

use super::super::machine::Machine;
use super::Prepared;
use super::cohort::WORK_MIN;

/// Where a warp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Memory,
    Served,
    Lanes,
    Atomics,
    Done,
}

/// A warp that gets to a stage.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    stage: Stage,
    block: u32,
    /// Rounds of its work that it has behind it.
    round: u32,
}

struct Block {
    kernel: usize,
    sm: usize,
    warps: u32,
    /// Its work, of the mean.
    work: f64,
}

/// What one warp asks of the servers in one round of its work, and what it waits for besides in
/// seconds.
struct Service {
    rounds: u32,
    turnover: f64,
    loading: f64,
    memory: f64,
    wait: f64,
    lanes: f64,
    atomics: f64,
    storing: f64,
    /// Whether it loads: if not, what it stores is posted.
    loads: bool,
}

/// A streaming multiprocessor.
#[derive(Clone, Default)]
struct Multiprocessor {
    /// SMs' worth of slots in use.
    used: f64,
    /// When the lanes are free in seconds.
    lanes: f64,
    /// Whether memory has a request of it, and which blocks' warps have to wait for that.
    asks: bool,
    asking: VecDeque<Arrival>,
}

struct Device<'a> {
    machine: &'a Machine,
    kernels: &'a [Prepared],
    services: Vec<Service>,
    waiting: Vec<u64>,
    left: Vec<u64>,
    blocks: Vec<Block>,
    free: Vec<u32>,
    sms: Vec<Multiprocessor>,
    /// When memory and the unit for atomics are free, and the next block can start in seconds.
    memory: f64,
    atomics: f64,
    next_start: f64,
    /// Seconds of memory's work that L2 holds.
    held: f64,
    /// When all that a kernel has stored is written in seconds.
    written: Vec<f64>,
    /// What decides how much work a block has.
    chance: Stream,
}

pub(super) fn durations(machine: &Machine, kernels: &[Prepared]) -> Vec<f64> {
    let mut device = Device {
        machine,
        kernels,
        services: kernels.iter().map(|kernel| service(machine, kernel)).collect(),
        waiting: kernels.iter().map(|kernel| kernel.launch.blocks()).collect(),
        left: kernels.iter().map(|kernel| kernel.launch.blocks()).collect(),
        blocks: Vec::new(),
        free: Vec::new(),
        sms: vec![Multiprocessor::default(); machine.sms as usize],
        memory: 0.0,
        atomics: 0.0,
        next_start: 0.0,
        held: machine.l2_capacity / machine.memory_rate(1.0),
        written: vec![0.0; kernels.len()],
        chance: Seed::new(1).stream("blocks"),
    };
    let mut agenda = Agenda::new();
    let mut ends = vec![0.0; kernels.len()];
    device.fill_all(&mut agenda);
    while let Some(arrival) = agenda.next(Time::MAX) {
        let now = agenda.now().as_seconds();
        if let Some(ended) = device.handle(arrival, now, &mut agenda) {
            ends[ended] = now.max(device.written[ended]);
        }
    }
    ends
}

/// Splits the costs of a block among its warps, rounds and stages.
fn service(machine: &Machine, kernel: &Prepared) -> Service {
    let (cost, rounds) = (&kernel.cost, kernel.cost.rounds);
    let each = cost.warps * rounds;
    Service {
        rounds: kernel.work.rounds,
        turnover: machine.block_turnover,
        loading: cost.loading / rounds,
        memory: cost.memory / each,
        wait: (cost.fixed - machine.block_turnover) / rounds,
        lanes: cost.lanes / each,
        atomics: cost.atomics / each,
        storing: cost.storing / rounds,
        loads: !kernel.work.loads.is_empty(),
    }
}

impl Device<'_> {
    /// Breadth first: a block to every SM, then a second one, while any fits.
    fn fill_all(&mut self, agenda: &mut Agenda<Arrival>) {
        let mut placed = true;
        while placed {
            placed = false;
            for sm in 0..self.sms.len() {
                placed |= self.fill(sm, 0.0, agenda);
            }
        }
    }

    /// Starts the next block that fits on `sm`; whether there was one.
    fn fill(&mut self, sm: usize, now: f64, agenda: &mut Agenda<Arrival>) -> bool {
        let fits = |kernel: &usize| {
            let each = 1.0 / f64::from(self.kernels[*kernel].occupancy.blocks);
            self.waiting[*kernel] > 0 && self.sms[sm].used + each <= 1.0 + 1e-9
        };
        let Some(kernel) = (0..self.kernels.len()).find(fits) else { return false };
        self.waiting[kernel] -= 1;
        self.sms[sm].used += 1.0 / f64::from(self.kernels[kernel].occupancy.blocks);
        let start = now.max(self.next_start);
        self.next_start = start + 1.0 / self.machine.block_rate();
        let work = self.draw(self.kernels[kernel].cost.variation);
        let warps = self.kernels[kernel].launch.warps();
        let entry = Block { kernel, sm, warps, work };
        let block = match self.free.pop() {
            Some(old) => {
                self.blocks[old as usize] = entry;
                old
            }
            None => {
                self.blocks.push(entry);
                (self.blocks.len() - 1) as u32
            }
        };
        let service = &self.services[kernel];
        let ready = Time::from_seconds(start + service.turnover + work * service.loading);
        for _ in 0..warps {
            agenda.at(ready, Arrival { stage: Stage::Memory, block, round: 0 });
        }
        true
    }

    /// The work of a block, of the mean: normal, by the method of G. Box and M. Muller, *Annals of
    /// Mathematical Statistics* 29(2), 1958.
    fn draw(&mut self, variation: f64) -> f64 {
        if variation == 0.0 {
            return 1.0;
        }
        let (distance, angle) = (1.0 - self.chance.random::<f64>(), self.chance.random::<f64>());
        let deviation =
            (-2.0 * libm::log(distance)).sqrt() * libm::cos(std::f64::consts::TAU * angle);
        (1.0 + variation * deviation).max(WORK_MIN)
    }

    /// Serves a warp; the kernel that ended with it, if one did.
    fn handle(
        &mut self,
        arrival: Arrival,
        now: f64,
        agenda: &mut Agenda<Arrival>,
    ) -> Option<usize> {
        let entry = &self.blocks[arrival.block as usize];
        let (service, work) = (&self.services[entry.kernel], entry.work);
        let (at, stage) = match arrival.stage {
            Stage::Memory if !service.loads => {
                // Stores are posted: a warp waits only for a place in L2.
                let written = serve(&mut self.memory, now, work * service.memory);
                self.written[entry.kernel] = written;
                (now.max(written - self.held) + work * service.wait, Stage::Lanes)
            }
            Stage::Memory if self.sms[entry.sm].asks => {
                self.sms[entry.sm].asking.push_back(arrival);
                return None;
            }
            Stage::Memory => {
                self.sms[entry.sm].asks = true;
                (serve(&mut self.memory, now, work * service.memory), Stage::Served)
            }
            Stage::Served => {
                let after = now + work * service.wait;
                self.ask(entry.sm, now, agenda);
                (after, Stage::Lanes)
            }
            Stage::Lanes => {
                let computed = serve(&mut self.sms[entry.sm].lanes, now, work * service.lanes);
                match service.atomics > 0.0 {
                    true => (computed, Stage::Atomics),
                    false => (computed + work * service.storing, Stage::Done),
                }
            }
            Stage::Atomics => {
                let added = serve(&mut self.atomics, now, work * service.atomics);
                (added + work * service.storing, Stage::Done)
            }
            Stage::Done if arrival.round + 1 < service.rounds => {
                let again = Time::from_seconds(now + work * service.loading);
                let round = arrival.round + 1;
                agenda.at(again, Arrival { stage: Stage::Memory, round, ..arrival });
                return None;
            }
            Stage::Done => return self.retire(arrival.block, now, agenda),
        };
        agenda.at(Time::from_seconds(at), Arrival { stage, ..arrival });
        None
    }

    /// It is this SM's turn again at the memory.
    fn ask(&mut self, sm: usize, now: f64, agenda: &mut Agenda<Arrival>) {
        let Some(next) = self.sms[sm].asking.pop_front() else {
            self.sms[sm].asks = false;
            return;
        };
        let Block { kernel, work, .. } = self.blocks[next.block as usize];
        let served = serve(&mut self.memory, now, work * self.services[kernel].memory);
        agenda.at(Time::from_seconds(served), Arrival { stage: Stage::Served, ..next });
    }

    fn retire(&mut self, at: u32, now: f64, agenda: &mut Agenda<Arrival>) -> Option<usize> {
        let block = &mut self.blocks[at as usize];
        block.warps -= 1;
        if block.warps > 0 {
            return None;
        }
        let (kernel, sm) = (block.kernel, block.sm);
        self.free.push(at);
        self.sms[sm].used -= 1.0 / f64::from(self.kernels[kernel].occupancy.blocks);
        self.left[kernel] -= 1;
        while self.fill(sm, now, agenda) {}
        (self.left[kernel] == 0).then_some(kernel)
    }
}

/// First come, first served: when service ends.
fn serve(free_at: &mut f64, now: f64, time: f64) -> f64 {
    *free_at = free_at.max(now) + time;
    *free_at
}
