//! The kernel that makes a result, as a stage of its way.

use models::gpu::kernel::Kernel;
use models::gpu::launches::Launches;
use models::outcome::{Fidelity, Interval, Outcome};
use models::predict::{advise, predict};
use models::transfer::{Mode, Transfer};
use sim::{Bytes, Time};

use crate::fixture::{MILLISECOND, cluster, transfer};

const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];
const OVERLAPPED: Mode = Mode::Overlapped { chunk: Bytes::mib(4), buffers: 2 };

fn one(transfer: &Transfer, fidelity: Fidelity) -> Outcome {
    let outcomes = predict(&cluster("veth"), std::slice::from_ref(transfer), fidelity, 7);
    outcomes.unwrap_or_else(|error| panic!("{error}")).remove(0)
}

fn plain(mode: Mode) -> Transfer {
    Transfer { mode, ..transfer("gpu-a", "gpu-b", Bytes::mib(64)) }
}

fn computed(mode: Mode, launches: Launches) -> Transfer {
    Transfer { kernel: Some(Kernel { launches, ..MILLISECOND }), ..plain(mode) }
}

/// The time that a life has on hops of the GPU whose name ends so.
fn at(outcome: &Outcome, step: &str) -> Time {
    let own = |interval: &&Interval| interval.hop == format!("gpu-a/{step}");
    outcome.life.iter().filter(own).map(|interval| interval.span).sum()
}

/// Launch 5 us, kernel 1 ms, event as long as a launch: there is no execution model to say better.
#[test]
fn a_kernel_that_is_launched_once_comes_before_its_way() {
    for mode in [Mode::Serial, OVERLAPPED, Mode::GpuDirect] {
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let (without, with) =
                (one(&plain(mode), fidelity), one(&computed(mode, Launches::Once), fidelity));
            let us = Time::from_us;
            let steps = ["launch", "kernel", "event"].map(|step| at(&with, step));
            assert_eq!(steps, [us(5), us(1_000), us(5)], "{mode:?} {fidelity:?}");
            assert_eq!(with.completion, without.completion + us(1_010), "{mode:?} {fidelity:?}");
            let goodput = Bytes::mib(64).as_f64() / with.completion.as_seconds();
            assert!((with.goodput.as_bytes_per_s() / goodput - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn a_life_with_a_kernel_has_no_gap_and_the_levels_agree() {
    for mode in [Mode::Serial, OVERLAPPED] {
        for launches in [Launches::Once, Launches::PerChunk, Launches::Graph] {
            let all = FIDELITIES.map(|fidelity| one(&computed(mode, launches), fidelity));
            for outcome in &all {
                let sum: Time = outcome.life.iter().map(|interval| interval.span).sum();
                assert_eq!(sum, outcome.completion, "{mode:?} {launches:?}");
                let ratio = outcome.completion.as_seconds() / all[1].completion.as_seconds();
                assert!((ratio - 1.0).abs() < 0.01, "{mode:?} {launches:?}: {ratio}");
            }
        }
    }
}

/// 16 kernels of 62.5 us with 5 us before each: 1.08 ms, hidden behind a network of 13 ms but for
/// the first of them and its event.
#[test]
fn chunk_by_chunk_only_the_first_kernel_is_waited_for() {
    for fidelity in [Fidelity::Closed, Fidelity::Flow] {
        let without = one(&plain(OVERLAPPED), fidelity);
        let with = one(&computed(OVERLAPPED, Launches::PerChunk), fidelity);
        let waited = with.completion - without.completion;
        assert_eq!(waited, Time::from_ns(5_000 + 62_500 + 5_000), "{fidelity:?}");
        assert_eq!(at(&with, "kernel"), Time::from_ns(62_500));
    }
}

/// A kernel of 100 ms rules: 16 kernels and the gaps before them, then the way of the last chunk.
#[test]
fn a_slow_kernel_hides_the_network() {
    let kernel =
        Kernel { read: Bytes::new(99_999_000_000), launches: Launches::PerChunk, ..MILLISECOND };
    let asked = Transfer { kernel: Some(kernel), ..plain(OVERLAPPED) };
    let refused =
        predict(&cluster("veth"), std::slice::from_ref(&asked), Fidelity::Flow, 7).unwrap_err();
    assert_eq!(refused.field, "kernel_read", "more than the GPU's memory");
    let kernel = Kernel { read: Bytes::gib(32), flop: 1e12, ..kernel };
    let asked = Transfer { kernel: Some(kernel), ..asked };
    for fidelity in [Fidelity::Closed, Fidelity::Flow] {
        let last = one(&Transfer { message: Bytes::mib(4), ..plain(Mode::Serial) }, fidelity);
        let with = one(&asked, fidelity);
        let kernels = Time::from_ms(100) + Time::from_us(16 * 5 + 5);
        let off = with.completion.as_seconds() - (kernels + last.completion).as_seconds();
        assert!(off.abs() < 1e-9, "{fidelity:?}: {off} s");
    }
}

#[test]
fn what_a_kernel_takes_is_in_the_waterfall_and_overlap_brings_it_back() {
    let asked = computed(Mode::Serial, Launches::Once);
    let told = one(&asked, Fidelity::Flow);
    let returned = advise(&cluster("veth"), std::slice::from_ref(&asked), 7).unwrap().remove(0);
    let taken: f64 = told.taken.iter().map(|hop| hop.bytes_per_s).sum();
    let (reference, goodput) = (told.reference.as_bytes_per_s(), told.goodput.as_bytes_per_s());
    assert!((reference - taken - goodput).abs() < 1e-6 * reference);
    let kernel = told.taken.iter().find(|hop| hop.kind == "kernel").unwrap();
    assert!(kernel.bytes_per_s > 0.01 * reference, "{kernel:?}");
    let gain = |text: &str| {
        let own = returned.iter().filter(|advice| advice.feasible);
        own.filter(|advice| advice.change.starts_with(text))
            .map(|advice| advice.gain_ratio)
            .fold(0.0, f64::max)
    };
    assert!(gain("launch the kernel chunk by chunk") > gain("overlap copies"), "{returned:?}");
}

#[test]
fn a_kernel_needs_a_gpu_and_a_possible_amount_of_work() {
    let error = |change: fn(&mut Transfer)| {
        let mut asked = computed(Mode::Serial, Launches::Once);
        change(&mut asked);
        predict(&cluster("veth"), &[asked], Fidelity::Flow, 7).unwrap_err()
    };
    assert_eq!(error(|asked| asked.from = "client".into()).field, "kernel");
    let flop = |asked: &mut Transfer| asked.kernel.as_mut().unwrap().flop = f64::NAN;
    assert_eq!(error(flop).field, "kernel_flop");
    let threads = |asked: &mut Transfer| asked.kernel.as_mut().unwrap().threads = 32;
    assert!(error(threads).problem.contains("no execution model"));
}
