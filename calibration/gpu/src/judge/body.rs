//! The kernels of the judging set: their launches, what they ask of the execution model, and how
//! their results are checked.
//!
//! What a thread does is counted from the source: loads, stores, multiply-adds, shared accesses,
//! barriers and atomics. Index arithmetic is booked nowhere, as with the probes' streams.

use models::gpu::access::Access;
use models::gpu::work::{Atomics, Work};
use models::gpu::{launch, work};

use super::super::kernel::Kernel;
use super::super::work::Launch;

/// What a check leaves that has found nothing wrong; each wrong result adds one.
pub const CHECKED: f64 = (1u64 << 40) as f64;

/// Threads of a block where nothing else is said.
const THREADS: u32 = 256;
/// Elements that a block of [`reduction`] sums.
const SUMMED: u32 = 1024;
/// The sides of the tiles of [`transpose`] and [`tiles`].
const TRANSPOSED: u32 = 32;
const TILE: u32 = 16;
/// Words that the bins of [`histogram`] have.
const BINS: u32 = 1024;

/// An empty kernel of one block.
pub const fn empty() -> Launch {
    Launch::of(Kernel::Nothing)
}

/// Blocks of 1024 threads that do nothing but multiply and add, four times a step.
pub const fn arithmetic(blocks: u32, steps: u32) -> Launch {
    Launch { blocks, threads: 1024, steps, ..Launch::of(Kernel::Arithmetic) }
}

/// A triad over three arrays of so many floats, a multiple of `threads`, the threads of a block.
pub const fn triad(elements: u32, threads: u32) -> Launch {
    let bytes = 12 * elements as u64;
    let blocks = elements / threads;
    Launch { blocks, threads, bytes, stride: elements, ..Launch::of(Kernel::Triad) }
}

/// Five points of a square whose side is two to `power`.
pub const fn stencil(power: u32) -> Launch {
    square(Kernel::Stencil, power, 2, THREADS)
}

/// Sums of so many floats, a multiple of 1024.
pub const fn reduction(elements: u32) -> Launch {
    let blocks = elements / SUMMED;
    let bytes = 4 * (elements as u64 + blocks as u64);
    let shape = Launch { blocks, threads: THREADS, bytes, ..Launch::of(Kernel::Reduction) };
    Launch { stride: elements, ..shape }
}

/// A square whose side is two to `power`, turned over by tiles.
pub const fn transpose(power: u32) -> Launch {
    square(Kernel::Transpose, power, 2, TRANSPOSED * TRANSPOSED)
}

/// The same element by element.
pub const fn transpose_plain(power: u32) -> Launch {
    square(Kernel::TransposePlain, power, 2, THREADS)
}

/// The product of two squares whose side is two to `power`.
pub const fn tiles(power: u32) -> Launch {
    square(Kernel::Tiles, power, 3, TILE * TILE)
}

/// Counts of so many numbers, a multiple of `256 · steps`, in so many bins, a power of two.
pub const fn histogram(elements: u32, bins: u32) -> Launch {
    let steps = if elements >= 1 << 20 { 16 } else { 1 };
    let blocks = elements / (THREADS * steps);
    let bytes = 4 * (BINS as u64 + elements as u64);
    let shape = Launch { blocks, threads: THREADS, bytes, ..Launch::of(Kernel::Histogram) };
    Launch { steps, stride: bins, ..shape }
}

/// A kernel over so many squares of floats whose side is two to `power`, so many elements a block.
const fn square(kernel: Kernel, power: u32, squares: u64, elements: u32) -> Launch {
    let all = 1u64 << (2 * power);
    let blocks = (all / elements as u64) as u32;
    let shape = Launch { blocks, threads: THREADS, bytes: 4 * squares * all, ..Launch::of(kernel) };
    Launch { steps: power, stride: 1 << power, ..shape }
}

/// What is run before a kernel, so that its data are there; none where it needs none.
pub fn filled(launch: &Launch) -> Option<Launch> {
    if matches!(launch.kernel, Kernel::Nothing | Kernel::Arithmetic) {
        return None;
    }
    let zeros = if launch.kernel == Kernel::Histogram { BINS } else { 0 };
    let fill = Launch { blocks: 1024, threads: THREADS, ..Launch::of(Kernel::Fill) };
    Some(Launch { bytes: launch.bytes, steps: zeros, ..fill })
}

/// What checks the results of a kernel that has run so many times since its data were filled.
pub fn check(launch: &Launch, times: u32) -> Option<Launch> {
    let same = |kernel| Launch { kernel, ..*launch };
    let each = |kernel, results: u32| {
        let blocks = results.div_ceil(THREADS);
        Launch { kernel, blocks, threads: THREADS, ..*launch }
    };
    Some(match launch.kernel {
        Kernel::Triad => same(Kernel::TriadCheck),
        Kernel::Stencil => same(Kernel::StencilCheck),
        Kernel::Reduction => each(Kernel::ReductionCheck, launch.blocks),
        Kernel::Transpose | Kernel::TransposePlain => {
            each(Kernel::TransposeCheck, launch.stride * launch.stride)
        }
        Kernel::Tiles => each(Kernel::TilesCheck, launch.blocks),
        Kernel::Histogram => {
            let one = Launch { kernel: Kernel::HistogramCheck, blocks: 1, threads: 1, ..*launch };
            Launch { steps: times, ..one }
        }
        _ => return None,
    })
}

/// What the execution model is asked for a kernel of the set, repeated over the same data; `None`
/// for kernels of another kind.
pub(crate) fn asked(asked: &Launch) -> Option<(launch::Launch, Work)> {
    let word = Access::coalesced(4);
    let all = Work { footprint: asked.bytes as f64, ..Work::none() };
    let (shared_static, work) = match asked.kernel {
        // Four multiply-adds a step.
        Kernel::Arithmetic => (0, Work { single: 4.0 * f64::from(asked.steps), ..Work::none() }),
        Kernel::Triad => (0, Work { loads: vec![word; 2], stores: vec![word], single: 1.0, ..all }),
        // Four of the five points have been asked for by neighbours.
        Kernel::Stencil => {
            let mut loads = vec![Access::neighbour(4); 5];
            loads[0] = word;
            (0, Work { loads, stores: vec![word], single: 5.0, ..all })
        }
        // Of the eight steps of a tree, a half, a quarter and six times an eighth of the warps take
        // part: twelve accesses and additions a thread become 1.5 times three, and the one before.
        Kernel::Reduction => {
            let loads = vec![Access::coalesced(16)];
            let tree = Work { shared: vec![word; 6], barriers: 9, single: 4.5, ..all };
            (1024, Work { loads, ..tree })
        }
        Kernel::Transpose => {
            let across = Access { width: 4, stride: 4 * 33, fresh: true };
            let shared = [vec![word; 4], vec![across; 4]].concat();
            let moved = Work { loads: vec![word; 4], stores: vec![word; 4], ..all };
            (32 * 33 * 4, Work { shared, barriers: 1, ..moved })
        }
        Kernel::TransposePlain => {
            let apart = Access { width: 4, stride: 4 * asked.stride, fresh: true };
            (0, Work { loads: vec![word], stores: vec![apart], ..all })
        }
        // Two stores to shared memory and two loads for each multiply-add of a tile.
        Kernel::Tiles => {
            let shared = vec![word; 2 + 2 * TILE as usize];
            let round = Work { loads: vec![word; 2], shared, barriers: 2, ..all };
            let rounds = asked.stride / TILE;
            (2048, Work { stores: vec![word], single: f64::from(TILE), rounds, ..round })
        }
        Kernel::Histogram => {
            let atomics = Some(Atomics { per_thread: 1.0, words: Some(f64::from(asked.stride)) });
            let round = Work { loads: vec![word], atomics, single: 2.0, ..all };
            (0, Work { rounds: asked.steps, ..round })
        }
        _ => return None,
    };
    let line = launch::Launch::line(asked.blocks, asked.threads);
    Some((launch::Launch { shared_static, ..line }, work))
}

/// What the execution model is asked for any kernel of the judging set.
pub(super) fn asked_or_empty(asked_for: &Launch) -> Option<(launch::Launch, Work)> {
    match asked_for.kernel {
        Kernel::Nothing => {
            let line = launch::Launch::line(asked_for.blocks, asked_for.threads);
            Some((line, work::Work::none()))
        }
        _ => asked(asked_for),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_and_bytes_fit_together() {
        let cases = [
            (triad(1 << 20, 128), 8192, 12 << 20),
            (stencil(10), 4096, 8 << 20),
            (reduction(1 << 20), 1024, (4 << 20) + 4096),
            (transpose(10), 1024, 8 << 20),
            (transpose_plain(10), 4096, 8 << 20),
            (tiles(7), 64, 3 << 16),
            (histogram(1 << 20, 16), 256, (4 << 20) + 4096),
            (histogram(1 << 16, 16), 256, (4 << 16) + 4096),
        ];
        for (launch, blocks, bytes) in cases {
            assert_eq!((launch.blocks, launch.bytes), (blocks, bytes), "{launch:?}");
            assert_eq!(filled(&launch).unwrap().bytes, bytes);
            assert!(check(&launch, 1).is_some() && asked(&launch).is_some(), "{launch:?}");
        }
        assert_eq!((filled(&empty()), check(&empty(), 1)), (None, None));
    }

    /// A block's product of two tiles of 16 by 16, sixteen rounds of them: 2 · 256³ operations in
    /// all for a side of 256.
    #[test]
    fn a_matrix_product_is_counted() {
        let (launch, work) = asked(&tiles(8)).unwrap();
        let threads = launch.blocks() as f64 * f64::from(launch.threads());
        let flop = 2.0 * threads * work.single * f64::from(work.rounds);
        assert_eq!(flop, 2.0 * 256f64.powi(3));
    }
}
