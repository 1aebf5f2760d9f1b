//! Three levels of detail of one kernel agree, and several kernels share as they should.

use models::gpu::access::Access;
use models::gpu::execute::{Level, Prepared, execute};
use models::gpu::launch::Launch;
use models::gpu::machine::Machine;
use models::gpu::work::Work;
use models::input::Source;
use models::profile::Profile;

const GPUS: [&str; 4] = ["v100-16-pcie", "a40-48-pcie", "a100-40-pcie", "h100-80-pcie"];

fn machine(name: &str) -> Machine {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../calibration/profiles/gpu");
    let text = std::fs::read_to_string(format!("{folder}/{name}.csv")).unwrap();
    Machine::from_profile(&Profile::parse(name, &Source::new(name, text)).unwrap()).unwrap()
}

/// Kernels from nothing but latency to nothing but bandwidth, and from one block to many waves.
fn kernels(machine: &Machine) -> Vec<(String, Prepared)> {
    let works = [
        ("init", Work::streams(0, 1, 8)),
        ("read", Work::streams(1, 0, 8)),
        ("triad", Work { double: 1.0, ..Work::streams(2, 1, 8) }),
        ("strided", Work { loads: vec![Access { width: 4, stride: 32, fresh: true }], ..null() }),
        ("lanes", Work { single: 2_000.0, ..Work::streams(1, 0, 4) }),
        ("cached", Work { footprint: 1e6, ..Work::streams(1, 1, 8) }),
    ];
    let mut kernels = Vec::new();
    for (name, work) in works {
        for threads in [32, 128, 512, 1024] {
            for blocks in [1, 40, 1_000, 20_000] {
                let launch = Launch::line(blocks, threads);
                let kernel = Prepared::new(machine, &launch, &work).unwrap();
                kernels.push((format!("{name} {blocks} x {threads}"), kernel));
            }
        }
    }
    kernels
}

fn null() -> Work {
    Work::none()
}

#[test]
fn three_levels_agree() {
    let (mut apart, mut complaints) = (Vec::new(), Vec::new());
    for name in GPUS {
        let machine = machine(name);
        for (what, kernel) in kernels(&machine) {
            let time = |level| execute(&machine, std::slice::from_ref(&kernel), level)[0];
            let closed = time(Level::Kernel);
            for level in [Level::Cohort, Level::Warp] {
                let ratio = time(level) / closed;
                apart.push(ratio.ln().abs());
                // A single wave that asks for everything at once waits for its bytes and then for
                // its latency; the closed form lets them overlap, as in steady state.
                let most: f64 = if level == Level::Cohort { 1.25 } else { 2.0 };
                if ratio.ln().abs() > most.ln() {
                    complaints.push(format!("{name} {what}: {level:?} {ratio:.2}"));
                }
            }
        }
    }
    apart.sort_by(f64::total_cmp);
    let (median, p90) = (apart[apart.len() / 2], apart[apart.len() * 9 / 10]);
    println!("{} kernels: median {median:.3}, 90th percentile {p90:.3}", apart.len());
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(median < 0.05 && p90 < 0.25, "{median} {p90}");
}

/// A kernel whose last wave leaves SMs idle lets the next one in: both together end sooner than
/// one after the other.
#[test]
fn a_tail_overlaps_with_the_next_kernel() {
    let machine = machine("a100-40-pcie");
    // Twenty loads, one after another, of the same word for a whole warp: latency and no more.
    let loads = vec![Access { width: 4, stride: 0, fresh: true }];
    let work = Work { loads, rounds: 20, footprint: 1e6, ..Work::none() };
    let kernel = Prepared::new(&machine, &Launch::line(1_000, 256), &work).unwrap();
    for level in [Level::Cohort, Level::Warp] {
        let alone = execute(&machine, std::slice::from_ref(&kernel), level)[0];
        let both = execute(&machine, &[kernel.clone(), kernel.clone()], level);
        assert!(both[1] < 1.9 * alone, "{level:?}: {both:?} and {alone}");
        assert!(both[1] >= alone && both[0] >= 0.99 * alone, "{level:?}: {both:?} and {alone}");
    }
}

/// Unequal blocks end later, by a tail that grows with their spread.
#[test]
fn variation_makes_a_tail() {
    let machine = machine("h100-80-pcie");
    for level in [Level::Kernel, Level::Cohort] {
        let time = |variation| {
            let work = Work { variation, ..Work::streams(1, 1, 8) };
            let kernel = Prepared::new(&machine, &Launch::line(4_000, 256), &work).unwrap();
            execute(&machine, &[kernel], level)[0]
        };
        assert!(time(0.0) < time(0.1) && time(0.1) < time(0.3), "{level:?}");
    }
}

#[test]
fn what_slows_a_kernel_down() {
    let machine = machine("a100-40-pcie");
    let time = |work: &Work| {
        let kernel = Prepared::new(&machine, &Launch::line(10_000, 256), work).unwrap();
        execute(&machine, &[kernel], Level::Kernel)[0]
    };
    let plain = Work { single: 4_000.0, ..Work::streams(1, 1, 4) };
    let shared = |stride| Work {
        shared: vec![Access { width: 4, stride, fresh: true }; 2_000],
        ..Work::streams(1, 1, 4)
    };
    let atomics = |conflicts| Work {
        atomics: Some(models::gpu::work::Atomics { per_thread: 100.0, conflicts }),
        ..Work::none()
    };
    let base = Work { spilled: 0, ..Work::streams(1, 1, 4) };
    let pairs = [
        ("divergence", plain.clone(), Work { active: 0.5, ..plain.clone() }, 1.9),
        ("bank conflicts", shared(4), shared(32 * 4), 8.0),
        ("spills", base.clone(), Work { spilled: 256, ..base.clone() }, 1.5),
        ("rounds", plain.clone(), Work { rounds: 3, ..plain.clone() }, 2.8),
        ("barriers", base.clone(), Work { barriers: 50, ..base.clone() }, 1.2),
        ("conflicting atomics", atomics(1.0), atomics(32.0), 8.0),
    ];
    for (what, fast, slow, least) in pairs {
        let ratio = time(&slow) / time(&fast);
        assert!(ratio > least, "{what}: only {ratio:.2} times as long");
    }
}

#[test]
fn an_impossible_launch_is_refused() {
    let machine = machine("a100-40-pcie");
    let full = Launch { registers: 128, ..Launch::line(1, 1024) };
    let told = Prepared::new(&machine, &full, &Work::none()).unwrap_err().to_string();
    assert!(
        told.starts_with("launch: no block fits on an SM: too much of its Registers"),
        "{told}"
    );
}
