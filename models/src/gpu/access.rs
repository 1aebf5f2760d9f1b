//! What the threads of a warp ask of memory: sectors of global memory, banks of shared memory.
//!
//! A warp's request is cut into 32-byte sectors, and only sectors travel; shared memory has 32
//! banks of 4 bytes, and threads that want different words of one bank wait for each other. CUDA
//! C++ Best Practices Guide, "Coalesced Access to Global Memory" and "Shared Memory and Memory
//! Banks".

use super::capability::WARP;

/// The unit that travels between device memory, L2 and L1 in bytes.
pub const SECTOR: u32 = 32;
/// Banks of shared memory, each a word wide.
const BANKS: u32 = 32;
/// Width of a bank in bytes.
const WORD: u32 = 4;

/// One load or store instruction, as the lanes of a warp see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Bytes that a lane wants: 1 to 16.
    pub width: u32,
    /// Bytes from one lane's data to the next one's; 0 if all want the same.
    pub stride: u32,
    /// Whether the data was not asked for just before by a neighbour, which has it cached.
    pub fresh: bool,
}

impl Access {
    /// Neighbouring lanes want neighbouring data that nobody has asked for.
    pub const fn coalesced(width: u32) -> Access {
        Access { width, stride: width, fresh: true }
    }

    /// Data that neighbouring lanes or instructions ask for as well: a stencil's other points.
    pub const fn neighbour(width: u32) -> Access {
        Access { width, stride: width, fresh: false }
    }

    /// Sectors that `lanes` active lanes touch, from an aligned start.
    pub fn sectors(&self, lanes: u32) -> u32 {
        let mut touched: Vec<u32> = (0..lanes.min(WARP))
            .flat_map(|lane| {
                let first = lane * self.stride;
                first / SECTOR..=(first + self.width.max(1) - 1) / SECTOR
            })
            .collect();
        touched.dedup();
        touched.len() as u32
    }

    /// Bytes that travel for a full warp.
    pub fn warp_bytes(&self) -> u32 {
        self.sectors(WARP) * SECTOR
    }

    /// The part of the travelling bytes that somebody wanted.
    pub fn efficiency(&self) -> f64 {
        let wanted = self.width.min(self.stride) * (WARP - 1) + self.width;
        f64::from(wanted) / f64::from(self.warp_bytes())
    }

    /// How often shared memory is asked until every lane of a warp is served.
    ///
    /// Lanes wider than a word go in groups (half warps for 8 bytes, quarter warps for 16); lanes
    /// that want the same word are served together.
    pub fn bank_passes(&self) -> u32 {
        let words = self.width.div_ceil(WORD).max(1);
        let group = (WARP / words).max(1);
        (0..WARP / group).map(|at| self.group_passes(at * group, group, words)).sum()
    }

    fn group_passes(&self, begin: u32, lanes: u32, words: u32) -> u32 {
        let mut wanted: Vec<u32> = (begin..begin + lanes)
            .flat_map(|lane| (0..words).map(move |word| lane * self.stride / WORD + word))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut busy = [0u32; BANKS as usize];
        for word in wanted {
            busy[(word % BANKS) as usize] += 1;
        }
        busy.into_iter().max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sectors_of_a_warp() {
        // Width, stride, sectors: from one sector for all to one or two for each.
        let cases = [
            (4, 0, 1),
            (4, 4, 4),
            (8, 8, 8),
            (16, 16, 16),
            (4, 8, 8),
            (4, 32, 32),
            (4, 128, 32),
            (8, 12, 12),
            (16, 24, 24),
        ];
        for (width, stride, sectors) in cases {
            let access = Access { width, stride, fresh: true };
            assert_eq!(access.sectors(WARP), sectors, "{width} {stride}");
        }
        assert_eq!(Access::coalesced(8).efficiency(), 1.0);
        assert_eq!(Access { width: 4, stride: 32, fresh: true }.efficiency(), 0.125);
        assert_eq!(Access::coalesced(8).sectors(4), 1);
    }

    #[test]
    fn conflicts_of_shared_memory() {
        // Stride in words of a one-word access, and the passes: the greatest common divisor with
        // 32; and the wider accesses, which are conflict-free in groups.
        for (stride, passes) in [(0, 1), (1, 1), (2, 2), (3, 1), (4, 4), (32, 32), (33, 1)] {
            let access = Access { width: 4, stride: 4 * stride, fresh: true };
            assert_eq!(access.bank_passes(), passes, "{stride}");
        }
        assert_eq!(Access::coalesced(8).bank_passes(), 2);
        assert_eq!(Access::coalesced(16).bank_passes(), 4);
    }
}
