//! What the compute capability fixes: the limits of grids, blocks and SMs, by generation.
//!
//! `capability.csv` has one line per capability, 7.0 to 12.0. Limits: CUDA C++ Programming Guide
//! 12.9, table "Technical Specifications per Compute Capability"; allocation units, the shared
//! memory that the system reserves per block, and the barrier limit: `cuda_occupancy.h` of CUDA
//! 12.9. Lanes: table "Throughput of Native Arithmetic Instructions". Bytes that an L1 cache
//! delivers per cycle and L2 partitions: see [`crate::gpu::memory`].

use std::sync::OnceLock;

use serde::Deserialize;

use crate::input::InputError;

/// Threads of a warp.
pub const WARP: u32 = 32;
/// Threads of a block at most.
pub const BLOCK_THREADS_MAX: u32 = 1024;
/// Extents of a block at most: x, y, z.
pub const BLOCK_MAX: [u32; 3] = [1024, 1024, 64];
/// Extents of a grid at most: x, y, z.
pub const GRID_MAX: [u32; 3] = [0x7fff_ffff, 0xffff, 0xffff];
/// 32-bit registers of an SM, and of a block at most.
pub const REGISTERS: u32 = 65_536;
/// Registers of a thread at most; a compiler uses 255 of them.
pub const REGISTERS_PER_THREAD_MAX: u32 = 256;
/// Registers are allotted to a warp in units of so many.
pub const REGISTER_UNIT: u32 = 256;
/// Schedulers of an SM, each with a quarter of its registers and warps.
pub const PARTITIONS: u32 = 4;
/// Kernels that may run at once on a device (128 from capability 7.0 on, 16 on Tegra 7.2).
pub const RESIDENT_GRIDS_MAX: u32 = 128;

const TABLE: &str = include_str!("capability.csv");

/// The limits of one compute capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Ten times the version: 86 is 8.6.
    pub capability: u32,
    /// Resident warps of an SM.
    pub warps_per_sm: u32,
    /// Resident blocks of an SM.
    pub blocks_per_sm: u32,
    /// Shared memory of an SM at its largest carve-out in KiB.
    pub shared_per_sm_kib: u32,
    /// Shared memory of a block at most, if it opts in; 48 KiB otherwise in KiB.
    pub shared_per_block_kib: u32,
    /// Shared memory that the system takes of every block in bytes.
    pub shared_reserved_bytes: u32,
    /// Shared memory is allotted in units of so many bytes.
    pub shared_unit_bytes: u32,
    /// Hardware barriers per block slot; 0 where they do not limit.
    pub barriers_per_block_slot: u32,
    /// Single-precision lanes of an SM.
    pub single_lanes: u32,
    /// Double-precision lanes of an SM.
    pub double_lanes: u32,
    /// L1 cache and shared memory together in KiB.
    pub cache_kib: u32,
    /// What the L1 cache delivers [B/cycle].
    pub cache_bytes_per_cycle: u32,
    /// Parts of the L2 cache, each nearer to a half of the SMs.
    pub l2_partitions: u32,
}

impl Capability {
    /// Every capability of the table, in order.
    pub fn all() -> &'static [Capability] {
        static ALL: OnceLock<Vec<Capability>> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
            reader.deserialize().map(|row| row.expect("the table is tested")).collect()
        })
    }

    /// The limits of capability `version` ÷ 10.
    ///
    /// # Errors
    /// If the table has no such capability.
    pub fn of(version: u32) -> Result<Capability, InputError> {
        let known = Capability::all().iter().find(|known| known.capability == version);
        known.copied().ok_or_else(|| {
            let names: Vec<String> =
                Capability::all().iter().map(|known| known.capability.to_string()).collect();
            InputError::new("compute_capability", format!("{version} is not in the table"))
                .help(format!("one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_in_order() {
        let versions: Vec<u32> = Capability::all().iter().map(|c| c.capability).collect();
        assert_eq!(versions, [70, 72, 75, 80, 86, 87, 89, 90, 100, 103, 120]);
        assert_eq!(Capability::of(90).unwrap().shared_per_sm_kib, 228);
        let told = Capability::of(60).unwrap_err().to_string();
        assert!(told.starts_with("compute_capability: 60 is not in the table"), "{told}");
    }
}
