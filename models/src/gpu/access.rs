//! What the threads of a warp ask of memory: granules of global memory, banks of shared memory.
//!
//! A warp's request is cut into granules, 32-byte sectors unless the GPU fetches more, and only
//! whole ones travel; shared memory has 32
//! banks of 4 bytes, and threads that want different words of one bank wait for each other. CUDA
//! C++ Best Practices Guide, "Coalesced Access to Global Memory" and "Shared Memory and Memory
//! Banks".

use super::capability::WARP;

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

    /// Bytes that travel for a warp with so many threads, in granules of so many bytes.
    ///
    /// ```text
    ///   threads · min(max(stride, width), granule)        at least one granule
    /// ```
    ///
    /// Lanes nearer to each other than a granule share theirs; those farther apart have one each.
    /// The granule is what the probe of coalescing finds by this very law, and need be no power of
    /// two: some fetches may be wider than others.
    pub fn warp_bytes(&self, threads: f64, granule: f64) -> f64 {
        let width = f64::from(self.width.max(1));
        let apart = f64::from(self.stride).max(width);
        let shared = if self.stride == 0 { 0.0 } else { apart.min(granule.max(width)) };
        (threads * shared).max(granule)
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
    fn granules_of_a_warp() {
        // Width, stride, sectors, pairs of sectors: from one for all to one or two for each.
        let cases = [
            (4, 0, 1, 1),
            (4, 4, 4, 2),
            (8, 8, 8, 4),
            (16, 16, 16, 8),
            (4, 8, 8, 4),
            (4, 32, 32, 16),
            (4, 128, 32, 32),
            (8, 12, 12, 6),
            (16, 24, 24, 12),
        ];
        for (width, stride, sectors, pairs) in cases {
            let access = Access { width, stride, fresh: true };
            assert_eq!(
                access.warp_bytes(32.0, 32.0),
                32.0 * f64::from(sectors),
                "{width} {stride}"
            );
            assert_eq!(access.warp_bytes(32.0, 64.0), 64.0 * f64::from(pairs), "{width} {stride}");
        }
    }

    #[test]
    fn a_warp_of_one_thread_asks_for_one_granule() {
        assert_eq!(Access::coalesced(16).warp_bytes(1.0, 32.0), 32.0);
        assert_eq!(Access::coalesced(16).warp_bytes(8.0, 32.0), 128.0);
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
