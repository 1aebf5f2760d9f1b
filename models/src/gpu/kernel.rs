//! How long a kernel lasts: the launch, then the slower of memory and arithmetic.
//!
//! ```text
//! t = launch + max(bytes / memory bandwidth, flop / peak)
//! ```
//!
//! The roofline of S. Williams et al., *Roofline*, CACM 52(4), 2009,
//! <https://doi.org/10.1145/1498765.1498785>. It is a lower bound: partial waves, latency that too
//! few threads cannot hide, and what real memory loses to refresh and turn-around (the published
//! streams reach 84 to 99 % of the data sheet) are not in it.

use serde::{Deserialize, Serialize};
use sim::{Bytes, Time};

use super::Gpu;

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
}

/// The time from the launch call to the kernel's end on an idle GPU.
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
            let kernel = Kernel { read, written, flop, precision };
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
        };
        assert_eq!(duration(&gpu(), &nothing), Time::from_us(3));
    }
}
