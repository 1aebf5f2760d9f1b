//! The kernel that makes a result: how long it lasts, and what it keeps busy meanwhile.
//!
//! Where its threads are not given, it is the slower of memory and arithmetic.
//!
//! ```text
//! t = max(bytes / memory bandwidth, flop / peak)
//! ```
//!
//! The roofline of S. Williams et al., *Roofline*, CACM 52(4), 2009,
//! <https://doi.org/10.1145/1498765.1498785>. It is a lower bound: partial waves, latency that too
//! few threads cannot hide, and what real memory loses to refresh and turn-around (the published
//! streams reach 84 to 99 % of the data sheet) are not in it.
//!
//! Where they are given, and the profile has an execution model, the grid runs on it: see
//! [`super::execute`]. Every thread then does its even share, in loads and stores of up to 16
//! bytes, four loads at a time.
//!
//! A kernel may be launched once, and its result be sent when all of it is there, or chunk by
//! chunk, each sent while the next is computed; or several times in a row: [`super::launches`].
//!
//! The default level is the cohort of blocks: for one kernel with equal blocks it gives what the
//! closed form gives, in microseconds whatever the grid, and it is the level that also knows
//! several kernels. The warp level costs a microsecond a warp, and is refused where that is long.

use serde::{Deserialize, Serialize};
use sim::{Bytes, Time};

use super::Gpu;
use super::access::Access;
use super::execute::{Level, Prepared, execute};
use super::launch::Launch;
use super::launches::Launches;
use super::machine::Machine;
use super::work::Work;
use crate::input::InputError;

/// The precision that a kernel computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 64 bits.
    Double,
}

/// What a kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Bytes read from device memory.
    pub read: Bytes,
    /// Bytes written to device memory.
    pub written: Bytes,
    /// Floating-point operations; a fused multiply-add counts two.
    pub flop: f64,
    /// The precision of these operations.
    pub precision: Precision,
    /// Threads of the grid; 0 if they are not known.
    pub threads: u64,
    /// Threads of a block.
    pub block: u32,
    /// How it is launched, where its result travels in chunks.
    #[serde(default)]
    pub launches: Launches,
    /// How many of it run one after another, each as large, in a stream or in a graph; at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
    /// What the host's own code takes from one launch to the next, at least.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub host_time: Time,
    /// How finely its grid is run; without threads there is none.
    #[serde(default)]
    pub level: Level,
    /// What each thread accesses, where that is known; else it does its even share.
    #[serde(skip)]
    pub accesses: Option<Accesses>,
}

const fn one() -> u32 {
    1
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(time: &Time) -> bool {
    *time == Time::ZERO
}

/// What each thread of a kernel accesses, in elements of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accesses {
    /// Loads of elements that no neighbour asks for.
    pub loads: u32,
    /// Loads of elements that neighbours ask for too.
    pub shared_loads: u32,
    /// Stores.
    pub stores: u32,
    /// Bytes of an element.
    pub width: u32,
    /// Blocks that an SM holds at most, where something else than the block limits them.
    pub residents_max: Option<u32>,
    /// What the kernel touches over and over; none is no reuse.
    pub footprint: Bytes,
}

/// What a kernel asks of a GPU that it has to itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// From the first block's start to the last one's end.
    pub run: Time,
    /// The part of the SMs' slots that its blocks fill, above 0 to 1.
    pub sms: f64,
    /// Of that time, what L2 and device memory are busy for.
    pub memory: Time,
}

/// Threads of a block where nothing is said of it.
pub const BLOCK: u32 = 256;
/// The widest access of a thread in bytes.
const WIDTH_MAX: u64 = 16;
/// Loads of a thread that are under way together.
const TOGETHER: u64 = 4;
/// The most rounds of warps that are followed one by one: a few seconds.
pub const WARPS_MAX: u64 = 1 << 22;

impl Kernel {
    /// A kernel that does nothing.
    pub const IDLE: Kernel = Kernel {
        read: Bytes::ZERO,
        written: Bytes::ZERO,
        flop: 0.0,
        precision: Precision::Single,
        threads: 0,
        block: BLOCK,
        launches: Launches::Once,
        count: 1,
        host_time: Time::ZERO,
        level: Level::Cohort,
        accesses: None,
    };

    /// The part of it that makes `part` of a result of `whole`: so much of its bytes, operations
    /// and threads, rounded up.
    pub fn share(&self, part: Bytes, whole: Bytes) -> Kernel {
        let of = |amount: u64| {
            let share = u128::from(amount) * u128::from(part.get());
            share.div_ceil(u128::from(whole.get().max(1))).min(u128::from(u64::MAX)) as u64
        };
        Kernel {
            read: Bytes::new(of(self.read.get())),
            written: Bytes::new(of(self.written.get())),
            flop: self.flop * (part.as_f64() / whole.as_f64().max(1.0)),
            threads: of(self.threads),
            ..*self
        }
    }

    /// The launch, and what each of its threads does.
    ///
    /// # Errors
    /// If the grid would have too many blocks.
    pub fn launch(&self) -> Result<(Launch, Work), InputError> {
        // A block has no threads that the grid has not.
        let block = self.threads.clamp(1, u64::from(self.block.max(1))) as u32;
        let blocks = self.threads.div_ceil(u64::from(block));
        let grid = u32::try_from(blocks).map_err(|_| {
            let problem = format!("{blocks} blocks are too many");
            InputError::new("kernel_threads", problem).help("at most 2^31 − 1")
        })?;
        if let Some(known) = &self.accesses {
            let residents_max = known.residents_max;
            return Ok((Launch { residents_max, ..Launch::line(grid, block) }, self.work(known)));
        }
        let (loads, width) = accesses(self.read, self.threads);
        let rounds = loads.div_ceil(TOGETHER).clamp(1, u64::from(u32::MAX));
        let at_once = loads.div_ceil(rounds) as usize;
        let (stores, stored_width) = accesses(self.written, self.threads);
        let each = self.flop / 2.0 / self.threads as f64 / rounds as f64;
        let (single, double) = match self.precision {
            Precision::Single => (each, 0.0),
            Precision::Double => (0.0, each),
        };
        let work = Work {
            loads: vec![Access::coalesced(width); at_once],
            stores: vec![Access::coalesced(stored_width); stores.min(1) as usize],
            stored: stores,
            single,
            double,
            rounds: rounds as u32,
            ..Work::none()
        };
        Ok((Launch::line(grid, block), work))
    }

    fn work(&self, accesses: &Accesses) -> Work {
        let Accesses { loads, shared_loads, stores, width, footprint, .. } = *accesses;
        let each = self.flop / 2.0 / self.threads as f64;
        let (single, double) = match self.precision {
            Precision::Single => (each, 0.0),
            Precision::Double => (0.0, each),
        };
        let mut work = Work::streams(loads as usize, stores as usize, width);
        work.loads.extend(vec![Access::neighbour(width); shared_loads as usize]);
        Work { single, double, footprint: footprint.as_f64(), ..work }
    }
}

/// Accesses of a thread, and the bytes of each, if `threads` share `amount`.
fn accesses(amount: Bytes, threads: u64) -> (u64, u32) {
    let each = amount.get().div_ceil(threads.max(1));
    let count = each.div_ceil(WIDTH_MAX);
    (count, each.div_ceil(count.max(1)).max(1) as u32)
}

/// What a kernel asks of an idle GPU, its launch aside.
///
/// # Errors
/// As [`check`].
pub fn demand(gpu: &Gpu, kernel: &Kernel) -> Result<Demand, InputError> {
    match prepared(gpu, kernel)? {
        None => Ok(roofline(gpu, kernel)),
        Some((machine, prepared)) => Ok(executed(machine, &prepared, kernel.level)),
    }
}

/// What a kernel asks of an idle machine, its launch aside.
///
/// # Errors
/// If its grid or its block is impossible.
pub fn demand_of(machine: &Machine, kernel: &Kernel) -> Result<Demand, InputError> {
    let (launch, work) = kernel.launch()?;
    Ok(executed(machine, &Prepared::new(machine, &launch, &work)?, kernel.level))
}

/// Checks that a GPU can run a kernel, without running it.
///
/// # Errors
/// If its grid or its block is impossible, its work is not a number, the profile has no execution
/// model for it, or it has more warps than [`WARPS_MAX`] and is to be run warp by warp.
pub fn check(gpu: &Gpu, kernel: &Kernel) -> Result<(), InputError> {
    prepared(gpu, kernel).map(drop)
}

/// The machine and the grid that is to run on it; none where the roofline is all there is.
fn prepared<'g>(
    gpu: &'g Gpu,
    kernel: &Kernel,
) -> Result<Option<(&'g Machine, Prepared)>, InputError> {
    if !(kernel.flop.is_finite() && kernel.flop >= 0.0) {
        let problem = format!("{} operations are not possible", kernel.flop);
        return Err(InputError::new("kernel_flop", problem).help("a finite number, zero or more"));
    }
    if kernel.threads == 0 {
        return Ok(None);
    }
    let Some(machine) = &gpu.machine else {
        return Err(InputError::new("kernel_threads", "the GPU's profile has no execution model")
            .help("a profile with `compute_capability`, or no threads"));
    };
    let (launch, work) = kernel.launch()?;
    let prepared = Prepared::new(machine, &launch, &work)?;
    check_warps(&prepared, kernel.level)?;
    Ok(Some((machine, prepared)))
}

fn executed(machine: &Machine, kernel: &Prepared, level: Level) -> Demand {
    let (blocks, slots) = (kernel.launch.blocks() as f64, kernel.slots(machine) as f64);
    let run = execute(machine, std::slice::from_ref(kernel), level)[0];
    Demand {
        run: Time::from_seconds(run),
        sms: (blocks / slots).min(1.0),
        memory: Time::from_seconds((blocks * kernel.cost.memory).min(run)),
    }
}

/// Refuses a grid that would take minutes warp by warp.
fn check_warps(kernel: &Prepared, level: Level) -> Result<(), InputError> {
    let warps = kernel.launch.blocks() * u64::from(kernel.launch.warps());
    let warps = warps.saturating_mul(u64::from(kernel.work.rounds));
    if level != Level::Warp || warps <= WARPS_MAX {
        return Ok(());
    }
    let problem = format!("`warp` would follow {warps} warps of this grid one by one");
    Err(InputError::new("kernel_level", problem)
        .help(format!("fewer threads (at most {WARPS_MAX} warps), or kernel_level = \"cohort\"")))
}

/// The same by the roofline, whatever its threads.
fn roofline(gpu: &Gpu, kernel: &Kernel) -> Demand {
    let peak = match kernel.precision {
        Precision::Single => gpu.fp32_flop_per_s,
        Precision::Double => gpu.fp64_flop_per_s,
    };
    let memory = (kernel.read + kernel.written) / gpu.hbm_bandwidth;
    let arithmetic = Time::from_seconds(kernel.flop / peak);
    Demand { run: memory.max(arithmetic), sms: 1.0, memory }
}

#[cfg(test)]
mod tests {
    use sim::Rate;

    use super::*;
    use crate::gpu::copy::Parameters;
    use crate::gpu::share::Turns;

    /// 1 GB/s, 2 and 1 Tflop/s, 3 us to launch: the ridge is at 2000 and 1000 flop a byte.
    fn gpu() -> Gpu {
        Gpu {
            sms: 100,
            clock_hz: 1e9,
            memory: Bytes::gib(16),
            hbm_bandwidth: Rate::gbyte_s(1.0),
            fp32_flop_per_s: 2e12,
            fp64_flop_per_s: 1e12,
            launch_latency: Time::from_us(3),
            copies_known: true,
            machine: None,
            turns: Turns { quantum: Time::from_ms(2), switch: Time::ZERO },
            share_streams_cost: 1.0,
            copy: Parameters {
                engines: 2,
                setup: Time::ZERO,
                gap: Time::ZERO,
                mapped: [None; 2],
                call: Time::ZERO,
                to_device_efficiency: 1.0,
                to_host_efficiency: 1.0,
            },
        }
    }

    #[test]
    fn the_two_arms_of_the_roofline() {
        use Precision::{Double, Single};
        let (read, written) = (Bytes::new(600_000), Bytes::new(400_000));
        let cases = [
            (0.0, Double, 1_000),
            (1e9, Double, 1_000),
            (3e9, Double, 3_000),
            (3e9, Single, 1_500),
        ];
        for (flop, precision, us) in cases {
            let kernel = Kernel { read, written, flop, precision, ..Kernel::IDLE };
            let error = demand(&gpu(), &kernel).unwrap().run.as_seconds() - us as f64 * 1e-6;
            assert!(error.abs() < 2e-12, "{flop} {precision:?}: off by {error} s");
        }
    }

    #[test]
    fn shares_of_a_kernel_add_up() {
        let kernel = Kernel { read: Bytes::new(1_000), flop: 100.0, threads: 10, ..Kernel::IDLE };
        let share = |part| kernel.share(Bytes::new(part), Bytes::new(30));
        assert_eq!((share(30), share(15).threads), (kernel, 5));
        // Two thirds of ten threads are seven, of a thousand bytes 667.
        let most = share(20);
        assert_eq!((most.threads, most.read), (7, Bytes::new(667)));
        assert!((most.flop + share(10).flop - 100.0).abs() < 1e-9);
    }

    #[test]
    fn threads_share_the_work() {
        // 1 MiB in 16-byte loads of 65536 threads; a reduction of 1 GiB; a byte for each of two.
        let kernel = |read, written, threads| Kernel {
            read: Bytes::new(read),
            written: Bytes::new(written),
            flop: 2.0 * threads as f64,
            precision: Precision::Double,
            threads,
            block: 128,
            ..Kernel::IDLE
        };
        let (launch, work) = kernel(1 << 20, 1 << 19, 1 << 16).launch().unwrap();
        assert_eq!((launch.blocks(), launch.threads()), (512, 128));
        assert_eq!((work.loads.len(), work.loads[0].width, work.rounds), (1, 16, 1));
        assert_eq!((work.stores.len(), work.stores[0].width, work.double), (1, 8, 1.0));
        let (launch, work) = kernel(0, 1 << 34, 1).launch().unwrap();
        assert_eq!((launch.blocks(), launch.threads(), work.stored), (1, 1, 1 << 30));
        let (_, work) = kernel(1 << 30, 4, 1 << 16).launch().unwrap();
        assert_eq!((work.loads.len(), work.rounds, work.stores[0].width), (4, 256, 1));
        let told = demand(&gpu(), &kernel(1, 1, 2)).unwrap_err().to_string();
        assert!(told.starts_with("kernel_threads: the GPU's profile has no execution"), "{told}");
    }
}
