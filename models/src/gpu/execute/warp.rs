//! The warp level: every warp at every queue. The reference that the other levels are held to.
//!
//! ```text
//!  block ─ turnover ─► warps ─► SM's port ─► L2 and memory ─ latency ─► SM's lanes ─► SM's port
//!                               (FIFO)       (FIFO, all SMs)            (FIFO)          │ posted
//!                               last warp done: the slot is free ◄──────────────────────┘
//! ```
//!
//! Servers are first come, first served, and times of service are constant, so that nothing but
//! queueing itself rounds the corner between latency and bandwidth. Real memory varies more; the
//! exponent `queueing` of the other levels covers that, and a study shows how far they part.

use sim::Time;
use sim::agenda::Agenda;

use super::super::machine::Machine;
use super::Prepared;

/// Where a warp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Port,
    Memory,
    Lanes,
    Store,
    Done,
}

/// A warp that gets to a stage.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    stage: Stage,
    block: u32,
}

struct Block {
    kernel: usize,
    sm: usize,
    warps: u32,
}

/// What one warp asks of the servers in seconds.
struct Service {
    turnover: f64,
    port: f64,
    load: f64,
    wait: f64,
    lanes: f64,
    store_port: f64,
    store: f64,
}

struct Device<'a> {
    machine: &'a Machine,
    kernels: &'a [Prepared],
    services: Vec<Service>,
    waiting: Vec<u64>,
    left: Vec<u64>,
    blocks: Vec<Block>,
    free: Vec<u32>,
    /// SMs' worth of slots in use, and when the ports and the lanes are free.
    used: Vec<f64>,
    ports: Vec<f64>,
    lanes: Vec<f64>,
    memory: f64,
    next_start: f64,
}

pub(super) fn durations(machine: &Machine, kernels: &[Prepared]) -> Vec<f64> {
    let sms = machine.sms as usize;
    let mut device = Device {
        machine,
        kernels,
        services: kernels.iter().map(|kernel| service(machine, kernel)).collect(),
        waiting: kernels.iter().map(|kernel| kernel.launch.blocks()).collect(),
        left: kernels.iter().map(|kernel| kernel.launch.blocks()).collect(),
        blocks: Vec::new(),
        free: Vec::new(),
        used: vec![0.0; sms],
        ports: vec![0.0; sms],
        lanes: vec![0.0; sms],
        memory: 0.0,
        next_start: 0.0,
    };
    let mut agenda = Agenda::new();
    let mut ends = vec![0.0; kernels.len()];
    device.fill_all(&mut agenda);
    while let Some(arrival) = agenda.next(Time::MAX) {
        let now = agenda.now().as_seconds();
        if let Some(ended) = device.handle(arrival, now, &mut agenda) {
            ends[ended] = now;
        }
    }
    ends
}

/// Splits the costs of a block among its warps and stages.
fn service(machine: &Machine, kernel: &Prepared) -> Service {
    let cost = &kernel.cost;
    let warps = f64::from(kernel.launch.warps());
    let (loaded, stored) = (kernel.work.loaded(), kernel.work.stored());
    let part = if loaded + stored > 0.0 { loaded / (loaded + stored) } else { 1.0 };
    let load_port = loaded / machine.load_port;
    Service {
        turnover: machine.block_turnover,
        port: load_port.min(cost.ports / warps),
        load: cost.memory / warps * part,
        wait: cost.fixed - machine.block_turnover,
        lanes: (cost.lanes + cost.atomics * f64::from(machine.sms)) / warps,
        store_port: (cost.ports / warps - load_port).max(0.0),
        store: cost.memory / warps * (1.0 - part),
    }
}

impl Device<'_> {
    /// Breadth first: a block to every SM, then a second one, while any fits.
    fn fill_all(&mut self, agenda: &mut Agenda<Arrival>) {
        let mut placed = true;
        while placed {
            placed = false;
            for sm in 0..self.used.len() {
                placed |= self.fill(sm, 0.0, agenda);
            }
        }
    }

    /// Starts the next block that fits on `sm`; whether there was one.
    fn fill(&mut self, sm: usize, now: f64, agenda: &mut Agenda<Arrival>) -> bool {
        let fits = |kernel: &usize| {
            let each = 1.0 / f64::from(self.kernels[*kernel].occupancy.blocks);
            self.waiting[*kernel] > 0 && self.used[sm] + each <= 1.0 + 1e-9
        };
        let Some(kernel) = (0..self.kernels.len()).find(fits) else { return false };
        self.waiting[kernel] -= 1;
        self.used[sm] += 1.0 / f64::from(self.kernels[kernel].occupancy.blocks);
        let warps = self.kernels[kernel].launch.warps();
        let entry = Block { kernel, sm, warps };
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
        let start = now.max(self.next_start);
        self.next_start = start + 1.0 / self.machine.block_rate();
        let ready = Time::from_seconds(start + self.services[kernel].turnover);
        for _ in 0..warps {
            agenda.at(ready, Arrival { stage: Stage::Port, block });
        }
        true
    }

    /// Serves a warp; the kernel that ended with it, if one did.
    fn handle(
        &mut self,
        arrival: Arrival,
        now: f64,
        agenda: &mut Agenda<Arrival>,
    ) -> Option<usize> {
        let Block { kernel, sm, .. } = self.blocks[arrival.block as usize];
        let service = &self.services[kernel];
        let (at, stage) = match arrival.stage {
            Stage::Port => (serve(&mut self.ports[sm], now, service.port), Stage::Memory),
            Stage::Memory => {
                (serve(&mut self.memory, now, service.load) + service.wait, Stage::Lanes)
            }
            Stage::Lanes => (serve(&mut self.lanes[sm], now, service.lanes), Stage::Store),
            Stage::Store => {
                let sent = serve(&mut self.ports[sm], now, service.store_port);
                let written = match service.store {
                    0.0 => sent,
                    store => serve(&mut self.memory, now, store),
                };
                // Stores are posted: a warp waits only for a place in the buffers.
                (sent.max(written - self.machine.dram_latency), Stage::Done)
            }
            Stage::Done => return self.retire(arrival.block, now, agenda),
        };
        agenda.at(Time::from_seconds(at), Arrival { stage, ..arrival });
        None
    }

    fn retire(&mut self, at: u32, now: f64, agenda: &mut Agenda<Arrival>) -> Option<usize> {
        let block = &mut self.blocks[at as usize];
        block.warps -= 1;
        if block.warps > 0 {
            return None;
        }
        let (kernel, sm) = (block.kernel, block.sm);
        self.free.push(at);
        self.used[sm] -= 1.0 / f64::from(self.kernels[kernel].occupancy.blocks);
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
