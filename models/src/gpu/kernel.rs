//! How long the kernel that makes a result lasts.
//!
//! Where its threads are not given: the launch, then the slower of memory and arithmetic.
//!
//! ```text
//! t = launch + max(bytes / memory bandwidth, flop / peak)
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
//! The default level is the cohort of blocks: for one kernel with equal blocks it gives what the
//! closed form gives, in microseconds whatever the grid, and it is the level that also knows
//! several kernels. The warp level costs a microsecond a warp, and is refused where that is long.

use serde::{Deserialize, Serialize};
use sim::{Bytes, Time};

use super::Gpu;
use super::access::Access;
use super::execute::{Level, Prepared, execute};
use super::launch::Launch;
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
    /// How finely its grid is run; without threads there is none.
    pub level: Level,
}

/// Threads of a block where nothing is said of it.
pub const BLOCK: u32 = 256;
/// The widest access of a thread in bytes.
const WIDTH_MAX: u64 = 16;
/// Loads of a thread that are under way together.
const TOGETHER: u64 = 4;
/// The most warps that are followed one by one: a few seconds.
pub const WARPS_MAX: u64 = 1 << 22;

impl Kernel {
    /// The launch, and what each of its threads does.
    ///
    /// # Errors
    /// If the grid would have too many blocks.
    pub fn launch(&self) -> Result<(Launch, Work), InputError> {
        let blocks = self.threads.div_ceil(u64::from(self.block.max(1)));
        let grid = u32::try_from(blocks).map_err(|_| {
            InputError::new("kernel_threads", format!("{blocks} blocks are too many"))
                .help("at most 2^31 − 1")
        })?;
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
            stores: vec![Access::coalesced(stored_width); stores.min(1 << 16) as usize],
            single,
            double,
            rounds: rounds as u32,
            ..Work::none()
        };
        Ok((Launch::line(grid, self.block), work))
    }
}

/// Accesses of a thread, and the bytes of each, if `threads` share `amount`.
fn accesses(amount: Bytes, threads: u64) -> (u64, u32) {
    let each = amount.get().div_ceil(threads.max(1));
    let count = each.div_ceil(WIDTH_MAX);
    (count, each.div_ceil(count.max(1)).max(1) as u32)
}

/// The time from the launch call to the kernel's end on an idle GPU.
///
/// # Errors
/// If its grid or its block is impossible, the profile has no execution model for it, or it has
/// more warps than [`WARPS_MAX`] and is to be run warp by warp.
pub fn time(gpu: &Gpu, kernel: &Kernel) -> Result<Time, InputError> {
    if kernel.threads == 0 {
        return Ok(duration(gpu, kernel));
    }
    let Some(machine) = &gpu.machine else {
        return Err(InputError::new("kernel_threads", "the GPU's profile has no execution model")
            .help("a profile with `compute_capability`, or no threads"));
    };
    let (launch, work) = kernel.launch()?;
    let prepared = Prepared::new(machine, &launch, &work)?;
    check_warps(&prepared, kernel.level)?;
    let lasts = execute(machine, &[prepared], kernel.level)[0];
    Ok(gpu.launch_latency.saturating_add(Time::from_seconds(lasts)))
}

/// Refuses a grid that would take minutes warp by warp.
fn check_warps(kernel: &Prepared, level: Level) -> Result<(), InputError> {
    let warps = kernel.launch.blocks() * u64::from(kernel.launch.warps());
    if level != Level::Warp || warps <= WARPS_MAX {
        return Ok(());
    }
    let problem = format!("`warp` would follow {warps} warps of this grid one by one");
    Err(InputError::new("kernel_level", problem)
        .help(format!("fewer threads (at most {WARPS_MAX} warps), or kernel_level = \"cohort\"")))
}

/// The same by the roofline, whatever its threads.
///
/// # Panics
/// If `kernel.flop` is negative or not a number.
pub fn duration(gpu: &Gpu, kernel: &Kernel) -> Time {
    let peak = match kernel.precision {
        Precision::Single => gpu.fp32_flop_per_s,
        Precision::Double => gpu.fp64_flop_per_s,
    };
    let memory = (kernel.read + kernel.written) / gpu.hbm_bandwidth;
    let arithmetic = Time::from_seconds(kernel.flop / peak);
    gpu.launch_latency.saturating_add(memory.max(arithmetic))
}

#[cfg(test)]
mod tests {
    use sim::Rate;

    use super::*;
    use crate::gpu::copy::Parameters;

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
            machine: None,
            copy: Parameters {
                engines: 2,
                setup: Time::ZERO,
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
            (0.0, Double, 1_003),
            (1e9, Double, 1_003),
            (3e9, Double, 3_003),
            (3e9, Single, 1_503),
        ];
        for (flop, precision, us) in cases {
            let kernel = Kernel {
                read,
                written,
                flop,
                precision,
                threads: 0,
                block: BLOCK,
                level: Level::Cohort,
            };
            let error = duration(&gpu(), &kernel).as_seconds() - us as f64 * 1e-6;
            assert!(error.abs() < 2e-12, "{flop} {precision:?}: off by {error} s");
        }
    }

    #[test]
    fn a_kernel_that_does_nothing_still_has_to_be_launched() {
        let nothing = Kernel {
            read: Bytes::ZERO,
            written: Bytes::ZERO,
            flop: 0.0,
            precision: Precision::Single,
            threads: 0,
            block: BLOCK,
            level: Level::Cohort,
        };
        assert_eq!(duration(&gpu(), &nothing), Time::from_us(3));
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
            level: Level::Cohort,
        };
        let (launch, work) = kernel(1 << 20, 1 << 19, 1 << 16).launch().unwrap();
        assert_eq!((launch.blocks(), launch.threads()), (512, 128));
        assert_eq!((work.loads.len(), work.loads[0].width, work.rounds), (1, 16, 1));
        assert_eq!((work.stores.len(), work.stores[0].width, work.double), (1, 8, 1.0));
        let (_, work) = kernel(1 << 30, 4, 1 << 16).launch().unwrap();
        assert_eq!((work.loads.len(), work.rounds, work.stores[0].width), (4, 256, 1));
        let told = time(&gpu(), &kernel(1, 1, 2)).unwrap_err().to_string();
        assert!(told.starts_with("kernel_threads: the GPU's profile has no execution"), "{told}");
    }
}
