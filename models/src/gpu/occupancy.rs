//! Occupancy: how many blocks of a launch one SM holds, and what stops the next one.
//!
//! Registers are allotted to warps in units of 256, and each of the four schedulers has a quarter
//! of them; shared memory in units of 128 or 256 bytes, with 1 KiB for the system from capability
//! 8.0 on; then there are warp slots, block slots and, from 9.0 on, barriers. These are the rules
//! of NVIDIA's `cuda_occupancy.h` (CUDA 12.9); `tests/occupancy.csv` holds what that header itself
//! computes for 270 launches, and a test asks for the same figures.

use super::capability::{
    BLOCK_THREADS_MAX, Capability, PARTITIONS, REGISTER_UNIT, REGISTERS, REGISTERS_PER_THREAD_MAX,
};
use super::launch::Launch;

/// What keeps an SM from holding another block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Warp slots.
    Warps,
    /// Block slots.
    Blocks,
    /// Registers.
    Registers,
    /// Shared memory.
    SharedMemory,
    /// Hardware barriers.
    Barriers,
    /// What the launch itself allows.
    Launch,
}

/// Blocks that an SM holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// Resident blocks of an SM; 0 if the launch cannot run.
    pub blocks: u32,
    /// Resident warps of an SM.
    pub warps: u32,
    /// The first limit that is met.
    pub limit: Limit,
}

/// The occupancy of a launch on a device of `capability`.
pub fn occupancy(capability: &Capability, launch: &Launch) -> Occupancy {
    let limits = [
        (warps(capability, launch), Limit::Warps),
        (capability.blocks_per_sm, Limit::Blocks),
        (registers(launch), Limit::Registers),
        (shared_memory(capability, launch), Limit::SharedMemory),
        (barriers(capability, launch), Limit::Barriers),
        (launch.residents_max.unwrap_or(u32::MAX), Limit::Launch),
    ];
    let (blocks, limit) = limits.into_iter().min_by_key(|limit| limit.0).expect("limits");
    Occupancy { blocks, warps: blocks * launch.warps(), limit }
}

fn warps(capability: &Capability, launch: &Launch) -> u32 {
    match launch.threads() {
        0 => 0,
        threads if threads > BLOCK_THREADS_MAX => 0,
        _ => capability.warps_per_sm / launch.warps(),
    }
}

fn registers(launch: &Launch) -> u32 {
    if launch.registers == 0 {
        return u32::MAX;
    }
    let per_warp = (launch.registers * 32).next_multiple_of(REGISTER_UNIT);
    // The hardware checks as if every scheduler got as many warps as the fullest.
    let assumed = per_warp * launch.warps().next_multiple_of(PARTITIONS);
    if launch.registers > REGISTERS_PER_THREAD_MAX || assumed > REGISTERS {
        return 0;
    }
    let warps = REGISTERS / PARTITIONS / per_warp * PARTITIONS;
    warps / launch.warps().max(1)
}

fn shared_memory(capability: &Capability, launch: &Launch) -> u32 {
    let asked = launch.shared_static + launch.shared_dynamic + capability.shared_reserved_bytes;
    let taken = asked.next_multiple_of(capability.shared_unit_bytes);
    let most = capability.shared_per_block_kib * 1024 + capability.shared_reserved_bytes;
    match taken {
        0 => u32::MAX,
        taken if taken > most => 0,
        taken => capability.shared_per_sm_kib * 1024 / taken,
    }
}

fn barriers(capability: &Capability, launch: &Launch) -> u32 {
    match (capability.barriers_per_block_slot, launch.barriers) {
        (0, _) | (_, 0) => u32::MAX,
        (slots, used) => slots * capability.blocks_per_sm / used,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../tests/occupancy.csv");

    /// Figures that NVIDIA's own header computes, launch by launch.
    #[test]
    fn the_published_calculator() {
        let mut cases = 0;
        for record in csv::Reader::from_reader(REFERENCE.as_bytes()).records() {
            let record = record.unwrap();
            let cell = |at: usize| record[at].parse::<u32>().unwrap();
            let launch = Launch {
                registers: cell(2),
                shared_static: cell(3),
                shared_dynamic: cell(4),
                barriers: cell(5),
                ..Launch::line(1, cell(1))
            };
            let found = occupancy(&Capability::of(cell(0)).unwrap(), &launch);
            assert_eq!(found.blocks, cell(6), "{record:?} {found:?}");
            cases += 1;
        }
        assert_eq!(cases, 270);
    }

    #[test]
    fn the_limit_is_named() {
        let ampere = Capability::of(80).unwrap();
        let wide = Launch::line(1, 1024);
        let cases = [
            (wide, 2, Limit::Warps),
            (Launch::line(1, 32), 32, Limit::Blocks),
            (Launch { registers: 64, ..wide }, 1, Limit::Registers),
            (Launch { shared_dynamic: 100 << 10, ..wide }, 1, Limit::SharedMemory),
            (Launch { residents_max: Some(1), ..wide }, 1, Limit::Launch),
        ];
        for (launch, blocks, limit) in cases {
            let found = occupancy(&ampere, &launch);
            assert_eq!((found.blocks, found.limit), (blocks, limit), "{launch:?}");
        }
    }
}
