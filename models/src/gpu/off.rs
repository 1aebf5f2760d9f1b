//! How far the execution model itself is off: factors on its times and rates, which are one where
//! nothing is drawn.
//!
//! Kernels that stream are bound by device memory, and are predicted within a few per cent. Caches
//! are known less well, what single kernels wait for (latencies, barriers, additions on the same
//! word) less still, and what passes between kernels worst, so each has its own factor.

use sim::{Rate, Time};

use super::Gpu;
use super::machine::Machine;
use crate::uncertainty::model::{Among, Errors, Part};

/// Factors on the times of a GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Off {
    /// On what threads wait for and compute.
    pub kernel: f64,
    /// On what bytes take in device memory.
    pub memory: f64,
    /// On what they take in caches, and on the way from there to the SMs.
    pub cache: f64,
    /// On what passes from a call or the end of a kernel to the next kernel.
    pub call: f64,
}

impl Off {
    /// What a draw makes of them for a GPU: one whose copies nobody measured is not among those
    /// that are known.
    pub fn of(errors: &Errors, gpu: &Gpu) -> Off {
        let among = if gpu.copies_known { Among::Known } else { Among::Elsewhere };
        let factor = |part| errors.factor(part, among, std::iter::empty());
        Off {
            kernel: factor(Part::Kernel),
            memory: factor(Part::KernelMemory),
            cache: factor(Part::KernelCache),
            call: factor(Part::KernelCall),
        }
    }
}

fn longer(time: Time, factor: f64) -> Time {
    Time::from_seconds(time.as_seconds() * factor)
}

impl Gpu {
    /// The GPU as it is where the model is so far off.
    #[must_use]
    pub fn off_by(self, off: Off) -> Gpu {
        if (Off { kernel: 1.0, memory: 1.0, cache: 1.0, call: 1.0 }) == off {
            return self;
        }
        let bandwidth = self.hbm_bandwidth.as_bytes_per_s() / off.memory;
        Gpu {
            hbm_bandwidth: Rate::bytes_per_s(bandwidth),
            fp32_flop_per_s: self.fp32_flop_per_s / off.kernel,
            fp64_flop_per_s: self.fp64_flop_per_s / off.kernel,
            launch_latency: longer(self.launch_latency, off.call),
            machine: self.machine.map(|machine| machine.off_by(off)),
            ..self
        }
    }
}

impl Machine {
    fn off_by(self, Off { kernel, memory, cache, call }: Off) -> Machine {
        Machine {
            clock_hz: self.clock_hz / kernel,
            block_turnover: self.block_turnover * kernel,
            l1_latency: self.l1_latency * kernel,
            l2_latency: self.l2_latency * kernel,
            dram_latency: self.dram_latency * kernel,
            block_interval: self.block_interval * kernel,
            barrier_latency: self.barrier_latency * kernel,
            barrier_per_warp: self.barrier_per_warp * kernel,
            atomic_latency: self.atomic_latency * kernel,
            atomic_own_word_interval: self.atomic_own_word_interval * kernel,
            atomic_one_word_interval: self.atomic_one_word_interval * kernel,
            atomic_line_interval: self.atomic_line_interval * kernel,
            atomic_scattered_interval: self.atomic_scattered_interval * kernel,
            l2_bandwidth: self.l2_bandwidth / cache,
            load_port: self.load_port / cache,
            store_port: self.store_port / cache,
            memory_peak: self.memory_peak / memory,
            stream_gap: self.stream_gap * call,
            graph_gap: self.graph_gap * call,
            event_wait: self.event_wait * call,
            launch_latency: longer(self.launch_latency, call),
            ..self
        }
    }
}
