//! What a launch asks for: a grid of blocks of threads, and what each block takes of an SM.

use crate::input::InputError;

use super::capability::{BLOCK_MAX, BLOCK_THREADS_MAX, GRID_MAX, WARP};

/// Extents in x, y and z; each at least one.
pub type Extent = [u32; 3];

/// A launch configuration: `kernel<<<grid, block, shared_dynamic>>>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Blocks of the grid.
    pub grid: Extent,
    /// Threads of a block.
    pub block: Extent,
    /// Registers of a thread, as the compiler reports them.
    pub registers: u32,
    /// Shared memory that the kernel declares in bytes.
    pub shared_static: u32,
    /// Shared memory that the launch adds in bytes.
    pub shared_dynamic: u32,
    /// Barriers that a block uses.
    pub barriers: u32,
    /// Residents per SM at most, where a carve-out or a partner holds them down.
    pub residents_max: Option<u32>,
}

impl Launch {
    /// A line of `blocks` blocks of `threads` threads, with 32 registers and no shared memory.
    pub const fn line(blocks: u32, threads: u32) -> Launch {
        Launch {
            grid: [blocks, 1, 1],
            block: [threads, 1, 1],
            registers: 32,
            shared_static: 0,
            shared_dynamic: 0,
            barriers: 1,
            residents_max: None,
        }
    }

    /// Blocks of the grid.
    pub fn blocks(&self) -> u64 {
        self.grid.iter().map(|&extent| u64::from(extent)).product()
    }

    /// Threads of a block.
    pub fn threads(&self) -> u32 {
        self.block.iter().product()
    }

    /// Warps of a block: the last one may have idle lanes.
    pub fn warps(&self) -> u32 {
        self.threads().div_ceil(WARP)
    }

    /// Checks what no capability allows.
    ///
    /// # Errors
    /// If an extent is zero or too large, or a block has more than 1024 threads.
    pub fn check(&self) -> Result<(), InputError> {
        for (what, extents, most) in
            [("grid", self.grid, GRID_MAX), ("block", self.block, BLOCK_MAX)]
        {
            for (axis, (extent, most)) in ["x", "y", "z"].iter().zip(extents.iter().zip(most)) {
                if !(1..=most).contains(extent) {
                    return Err(InputError::new(
                        format!("{what}.{axis}"),
                        format!("{extent} is not possible"),
                    )
                    .help(format!("1 to {most}")));
                }
            }
        }
        let threads: u64 = self.block.iter().map(|&extent| u64::from(extent)).product();
        if threads > u64::from(BLOCK_THREADS_MAX) {
            return Err(InputError::new("block", format!("{threads} threads are too many"))
                .help(format!("at most {BLOCK_THREADS_MAX}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_gpu_launches_is_refused() {
        let good = Launch::line(1 << 20, 256);
        assert!(good.check().is_ok());
        assert_eq!((good.blocks(), good.warps()), (1 << 20, 8));
        let cases = [
            (Launch { grid: [0, 1, 1], ..good }, "grid.x: 0 is not possible"),
            (Launch { grid: [1, 65_536, 1], ..good }, "grid.y: 65536 is not possible"),
            (Launch { block: [1, 1, 65], ..good }, "block.z: 65 is not possible"),
            (Launch { block: [64, 32, 1], ..good }, "block: 2048 threads are too many"),
        ];
        for (launch, expected) in cases {
            let told = launch.check().unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
