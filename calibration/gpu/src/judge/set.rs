//! The cases, in the order in which they are measured.
//!
//! Kinds take turns, and within a kind the cases that lie far apart come first: whatever a budget
//! leaves is spread over everything.

use std::sync::OnceLock;

use models::gpu::copy::Direction;
use models::transfer::HostMemory;

use super::body;
use super::case::{Asks, Case, Strand};
use super::half::{Half, halve};
use super::kind::Kind;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Copies of 1 KiB to 1 GiB, each four times as large as the one before.
const COPIES: [u64; 11] =
    [KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB];
/// Smaller first touches could be served from memory that the process has had before.
const TOUCHED: [u64; 5] = [64 * MIB, 128 * MIB, 256 * MIB, 512 * MIB, GIB];
const MAPPED: [u64; 6] = [64 * KIB, MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB];
const BOTH_WAYS: [u64; 6] = [64 * KIB, MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB];
const WAYS: [(&str, Direction); 2] =
    [("to-device", Direction::ToDevice), ("to-host", Direction::ToHost)];
/// Kernels of a queue, and elements of the short one: 64 KiB of floats each way.
const QUEUES: [u32; 6] = [1, 4, 16, 64, 256, 1024];
const SHORT: u32 = 16 << 10;
const STREAMS: [u32; 5] = [1, 2, 4, 8, 16];
/// Steps of arithmetic kernels that fill a GPU: of the order of 2 and 20 ms on an H100.
const SHORT_STEPS: u32 = 16_000;
const LONG_STEPS: u32 = 160_000;
/// Blocks that fill a GPU four times, and half of one, where it holds 264.
const FULL: u32 = 1056;
const HALF_FULL: u32 = 132;
/// Elements of a triad that lasts about a millisecond on an H100.
const MEMORY: u32 = 1 << 28;

/// Every case, the most telling first.
pub fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut all = all();
        halve(&mut all);
        ordered(all)
    })
}

/// The case of that name.
pub fn case(name: &str) -> Option<&'static Case> {
    cases().iter().find(|case| case.name == name)
}

/// Cases that are being collected.
struct Set(Vec<Case>);

impl Set {
    fn add(&mut self, kind: Kind, rest: &str, asks: Asks) {
        let (name, half) = (format!("{}/{rest}", kind.name()), Half::KeptOut);
        self.0.push(Case { name, kind, half, asks });
    }

    /// A kernel whose own time is asked: small ones as a graph, large ones in a stream.
    fn kernel(&mut self, kind: Kind, rest: &str, launch: super::super::work::Launch) {
        let (kernels, graph) = if launch.bytes < 16 * MIB { (64, true) } else { (4, false) };
        self.add(kind, rest, Asks::Queue { launch, kernels, graph, each: true });
    }
}

fn all() -> Vec<Case> {
    let mut set = Set(Vec::new());
    copies(&mut set);
    queues(&mut set);
    kernels(&mut set);
    together(&mut set);
    set.0
}

fn copies(set: &mut Set) {
    for (kind, memory) in
        [(Kind::Pinned, HostMemory::Pinned), (Kind::Pageable, HostMemory::Pageable)]
    {
        for (call, queues) in [("blocking", false), ("queued", true)] {
            for (way_name, way) in WAYS {
                for bytes in COPIES {
                    // So many that 256 MiB are moved, at least two and at most sixteen.
                    let copies = (256 * MIB / bytes).clamp(2, 16) as u32;
                    let queued = queues.then_some(copies);
                    let rest = format!("{call}/{way_name}/{}", size(bytes));
                    set.add(kind, &rest, Asks::Copy { way, memory, bytes, queued });
                }
            }
        }
    }
    for bytes in TOUCHED {
        let (way, memory) = (Direction::ToHost, HostMemory::Untouched);
        set.add(Kind::FirstTouch, &size(bytes), Asks::Copy { way, memory, bytes, queued: None });
    }
    for (name, way) in [("read", Direction::ToDevice), ("write", Direction::ToHost)] {
        for bytes in MAPPED {
            let rest = format!("{name}/{}", size(bytes));
            set.add(Kind::Mapped, &rest, Asks::Mapped { way, bytes });
        }
    }
    for bytes in BOTH_WAYS {
        set.add(Kind::Duplex, &size(bytes), Asks::Duplex { bytes });
    }
}

fn queues(set: &mut Set) {
    for (kind, graph) in [(Kind::Launches, false), (Kind::Graphs, true)] {
        for (name, launch) in [("empty", body::empty()), ("short", body::triad(SHORT, 256))] {
            for kernels in QUEUES {
                let asks = Asks::Queue { launch, kernels, graph, each: false };
                set.add(kind, &format!("{name}/{kernels}"), asks);
            }
        }
    }
    let strands = [
        ("kernels", Strand::Kernel),
        ("pipelines-1MiB", Strand::Pipeline { bytes: MIB }),
        ("pipelines-16MiB", Strand::Pipeline { bytes: 16 * MIB }),
    ];
    for (name, strand) in strands {
        for streams in STREAMS {
            set.add(Kind::Streams, &format!("{name}/{streams}"), Asks::Streams { streams, strand });
        }
    }
}

fn kernels(set: &mut Set) {
    for power in [12, 16, 20, 24, 27] {
        set.kernel(Kind::Triad, &format!("2^{power}/256"), body::triad(1 << power, 256));
    }
    for threads in [64, 1024] {
        set.kernel(Kind::Triad, &format!("2^24/{threads}"), body::triad(1 << 24, threads));
    }
    for power in [8, 10, 12, 13] {
        set.kernel(Kind::Stencil, &format!("2^{power}"), body::stencil(power));
    }
    for power in [16, 20, 24, 28] {
        set.kernel(Kind::Reduction, &format!("2^{power}"), body::reduction(1 << power));
    }
    for power in [8, 10, 12, 13] {
        set.kernel(Kind::Transpose, &format!("tiled/2^{power}"), body::transpose(power));
    }
    for power in [10, 12] {
        set.kernel(Kind::Transpose, &format!("plain/2^{power}"), body::transpose_plain(power));
    }
    for power in [7, 9, 10, 11, 12] {
        set.kernel(Kind::Tiles, &format!("2^{power}"), body::tiles(power));
    }
    for bins in [1024, 16, 1] {
        for power in [16, 20, 24] {
            let launch = body::histogram(1 << power, bins);
            set.kernel(Kind::Histogram, &format!("{bins}-bins/2^{power}"), launch);
        }
    }
}

fn together(set: &mut Set) {
    let bodies =
        [("arithmetic", body::arithmetic(FULL, SHORT_STEPS)), ("memory", body::triad(MEMORY, 256))];
    for (way_name, way) in WAYS {
        for (name, launch) in bodies {
            for bytes in [4 * MIB, 64 * MIB] {
                let rest = format!("{way_name}/{name}/{}", size(bytes));
                set.add(Kind::Beside, &rest, Asks::Beside { way, bytes, launch });
            }
        }
    }
    for (message, chunk) in
        [(MIB, 64 * KIB), (64 * MIB, MIB), (64 * MIB, 4 * MIB), (256 * MIB, 16 * MIB)]
    {
        for buffers in [1, 2, 4, 8] {
            let rest = format!("{}-by-{}/{buffers}", size(message), size(chunk));
            set.add(Kind::Chunks, &rest, Asks::Chunks { message, chunk, buffers });
        }
    }
    let bodies = [
        ("arithmetic-short", body::arithmetic(FULL, SHORT_STEPS)),
        ("arithmetic-long", body::arithmetic(FULL, LONG_STEPS)),
        ("half-full-long", body::arithmetic(HALF_FULL, LONG_STEPS)),
        ("memory", body::triad(MEMORY, 256)),
    ];
    for (kind, mps) in [(Kind::Turns, false), (Kind::Mps, true)] {
        for (name, launch) in bodies {
            set.add(kind, name, Asks::Processes { mps, launch });
        }
    }
}

/// `64KiB`, `1MiB`, `1GiB`.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= GIB => format!("{}GiB", bytes / GIB),
        bytes if bytes >= MIB => format!("{}MiB", bytes / MIB),
        bytes => format!("{}KiB", bytes / KIB),
    }
}

/// Kinds in turn, each in an order that halves the gaps between its cases again and again.
fn ordered(cases: Vec<Case>) -> Vec<Case> {
    let mut lines: Vec<std::vec::IntoIter<Case>> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let own: Vec<Case> = cases.iter().filter(|case| case.kind == kind).cloned().collect();
            let bits = own.len().next_power_of_two().trailing_zeros();
            let mut placed: Vec<(u64, Case)> = own
                .into_iter()
                .enumerate()
                .map(|(at, case)| (reversed(at as u64, bits), case))
                .collect();
            placed.sort_by_key(|(place, _)| *place);
            placed.into_iter().map(|(_, case)| case).collect::<Vec<_>>().into_iter()
        })
        .collect();
    let mut ordered = Vec::with_capacity(cases.len());
    while ordered.len() < cases.len() {
        ordered.extend(lines.iter_mut().filter_map(Iterator::next));
    }
    ordered
}

/// The lowest `bits` bits of a number, the other way round.
fn reversed(number: u64, bits: u32) -> u64 {
    if bits == 0 { 0 } else { number.reverse_bits() >> (64 - bits) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_their_kind() {
        let names: BTreeSet<&str> = cases().iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases().len());
        for case in cases() {
            assert!(case.name.starts_with(&format!("{}/", case.kind.name())), "{}", case.name);
            assert!(!case.name.contains([',', '"', ' ']), "{}", case.name);
        }
    }

    /// What a budget leaves is balanced: a fifth of the cases has every kind, and copies of both
    /// ways, memories, calls and of small and large sizes.
    #[test]
    fn the_first_fifth_has_some_of_everything() {
        let first = &cases()[..cases().len() / 5];
        for kind in Kind::ALL {
            assert!(first.iter().any(|case| case.kind == kind), "{kind:?}");
        }
        let named = |parts: &[&str]| {
            first.iter().filter(|case| parts.iter().all(|part| case.name.contains(part))).count()
        };
        for parts in [["pinned", "blocking"], ["pinned", "queued"], ["pinned", "to-host"]] {
            assert!(named(&parts) > 0, "{parts:?}");
        }
        assert!(named(&["KiB"]) > 2 && named(&["MiB"]) > 2);
    }

    /// Half of each kind, rounded down, may be looked at; and not by the order of the names, which
    /// would put all small ones on one side.
    #[test]
    fn each_kind_is_in_both_halves() {
        for kind in Kind::ALL {
            let own: Vec<&Case> = cases().iter().filter(|case| case.kind == kind).collect();
            let looked = own.iter().filter(|case| case.half == Half::FitMayLook).count();
            println!("{:12} {looked} of {}", kind.name(), own.len());
            assert_eq!(looked, own.len() / 2, "{kind:?}");
        }
        let small = cases().iter().filter(|case| case.name.ends_with("KiB"));
        let looked = small.clone().filter(|case| case.half == Half::FitMayLook).count();
        assert!((small.count() as f64 / 2.0 - looked as f64).abs() < 12.0, "{looked}");
    }

    #[test]
    fn an_order_of_eight_begins_with_its_ends_and_its_middle() {
        let places: Vec<u64> = (0..8).map(|at| reversed(at, 3)).collect();
        assert_eq!(places, [0, 4, 2, 6, 1, 5, 3, 7]);
    }
}
