//! Several pods on one GPU: what each gets, and what neighbours cost it.

use models::cluster::Cluster;
use models::gpu::kernel::Kernel;
use models::input::Source;
use models::outcome::{Fidelity, Interval, Outcome};
use models::predict::predict;
use models::transfer::Transfer;
use sim::{Bytes, Time};

use crate::batch::{assert_alone, lanes};
use crate::fixture::{MILLISECOND, PAIR, library, refused, transfer};

const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];

/// `gpu-a` as the lines say, for pods `one`, `two`, …; line 47 is the first line of pods.
fn shared(gpu: &str, pods: &[&str]) -> String {
    let pair = PAIR.replace("CNI", "veth").replace("profile = \"gpu\"", "profile = \"a100-40\"");
    let client = "[[pod]]\nname = \"client\"\nnode = \"node-a\"\ngpu = \"gpu-a\"\n";
    assert!(pair.contains(client));
    let named = ["one", "two", "three"].iter().zip(pods);
    let pods: String = named
        .map(|(name, lines)| format!("[[pod]]\nname = \"{name}\"\nnode = \"node-a\"\n{lines}\n"))
        .collect();
    let pair = pair.replace(client, &pods);
    pair.replacen("[[gpu]]\nname = \"gpu-a\"", &format!("[[gpu]]\n{gpu}\nname = \"gpu-a\""), 1)
}

fn assembled(text: &str) -> Cluster {
    Cluster::assemble("t", &Source::new("t.toml", text), &library(), &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn question(pod: &str, kernel: Kernel) -> Transfer {
    Transfer { kernel: Some(kernel), ..transfer(&format!("{pod}/gpu"), "server", Bytes::mib(1)) }
}

fn solved(text: &str, kernels: &[(&str, Kernel)], fidelity: Fidelity) -> Vec<Outcome> {
    let all: Vec<Transfer> = kernels.iter().map(|(pod, kernel)| question(pod, *kernel)).collect();
    predict(&assembled(text), &all, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

/// The time that a life has at the kernel.
fn kernel(outcome: &Outcome) -> f64 {
    let own = |interval: &&Interval| interval.hop.ends_with("/kernel");
    outcome.life.iter().filter(own).map(|interval| interval.span).sum::<Time>().as_seconds()
}

/// All arithmetic: 10 Tflop/s for 1 ms.
const ARITHMETIC: Kernel =
    Kernel { read: Bytes::new(1_000), written: Bytes::new(1_000), flop: 1e10, ..MILLISECOND };

const GPU: &str = "gpu = \"gpu-a\"";

/// Turns of another length in each lane, and kernels that take other times.
#[test]
fn a_batch_of_shared_gpus_is_what_they_are_alone() {
    for gpu in ["sharing = \"time-slicing\"\nreplicas = 2", "sharing = \"mps\"\nreplicas = 2"] {
        let cluster = assembled(&shared(gpu, &[GPU, GPU]));
        let asked = [question("one", MILLISECOND), question("two", ARITHMETIC)];
        assert_alone(&lanes(&cluster, 6, 1), &asked);
    }
}

#[test]
fn processes_side_by_side_divide_the_threads_and_share_the_memory() {
    let two = shared("sharing = \"mps\"\nreplicas = 2", &[GPU, GPU]);
    for fidelity in FIDELITIES {
        let times = |kernels: &[(&str, Kernel)]| -> Vec<f64> {
            solved(&two, kernels, fidelity).iter().map(kernel).collect()
        };
        let near = |times: Vec<f64>, ms: f64| {
            for time in times {
                assert!(
                    (time / (ms * 1e-3) - 1.0).abs() < 0.01,
                    "{fidelity:?}: {time} not {ms} ms"
                );
            }
        };
        // Half the threads are half the arithmetic, with or without the other.
        near(times(&[("one", ARITHMETIC)]), 2.0);
        near(times(&[("one", ARITHMETIC), ("two", ARITHMETIC)]), 2.0);
        // The memory is that of the whole GPU, until the other wants it as well.
        near(times(&[("one", MILLISECOND)]), 1.0);
        near(times(&[("one", MILLISECOND), ("two", MILLISECOND)]), 2.0);
    }
    // A pod may be given more threads than its even part; then two contend for them.
    let most = "gpu = \"gpu-a\"\nactive_thread_percentage = 100";
    let greedy = shared("sharing = \"mps\"\nreplicas = 2", &[most, most]);
    let alone = kernel(&solved(&greedy, &[("one", ARITHMETIC)], Fidelity::Flow)[0]);
    assert!((alone - 1e-3).abs() < 1e-9, "{alone}");
    for outcome in solved(&greedy, &[("one", ARITHMETIC), ("two", ARITHMETIC)], Fidelity::Flow) {
        assert!((kernel(&outcome) - 2e-3).abs() < 1e-9);
    }
}

/// Kernels of 3 ms in turns of 2 ms and 0.5 ms to switch: the first is done after 2 + 0.5 + 2 + 0.5
/// + 1, the second half a switch and its rest later.
#[test]
fn pods_take_turns() {
    let gpu = "sharing = \"time-slicing\"\nreplicas = 3\nquantum = \"2 ms\"\nswitch = \"500 us\"";
    let two = shared(gpu, &[GPU, "limits = { \"nvidia.com/gpu.shared\" = 1 }"]);
    let three = Kernel { read: Bytes::new(2_999_000_000), ..MILLISECOND };
    for fidelity in FIDELITIES {
        let alone = kernel(&solved(&two, &[("two", three)], fidelity)[0]);
        assert!((alone - 3e-3).abs() < 1e-9, "{fidelity:?}: {alone}");
        let both = solved(&two, &[("one", three), ("two", three)], fidelity);
        for (outcome, ms) in both.iter().zip([6.0, 7.5]) {
            assert!(
                (kernel(outcome) - ms * 1e-3).abs() < 1e-9,
                "{fidelity:?}: {}",
                kernel(outcome)
            );
            let sum: Time = outcome.life.iter().map(|interval| interval.span).sum();
            assert_eq!(sum, outcome.completion);
        }
    }
}

#[test]
fn instances_do_not_feel_each_other() {
    let limits = "limits = { \"nvidia.com/mig-3g.20gb\" = 1 }";
    let two = shared("sharing = \"mig\"\nmig = [\"3g.20gb\", \"3g.20gb\"]", &[limits, limits]);
    for fidelity in FIDELITIES {
        let alone = kernel(&solved(&two, &[("one", MILLISECOND)], fidelity)[0]);
        // Four of eight slices of memory.
        assert!((alone / 2e-3 - 1.0).abs() < 0.01, "{fidelity:?}: {alone}");
        let both = solved(&two, &[("one", MILLISECOND), ("two", MILLISECOND)], fidelity);
        assert!(both.iter().all(|outcome| kernel(outcome) == alone), "{fidelity:?}");
    }
    // Its memory is a half, too.
    let large = Kernel { read: Bytes::gib(21), ..MILLISECOND };
    let error =
        predict(&assembled(&two), &[question("one", large)], Fidelity::Flow, 7).unwrap_err();
    assert_eq!(error.field, "kernel_read");
    assert_eq!(error.problem, "21 GiB are more than the 20 GiB of device memory");
}

#[test]
fn a_whole_gpu_is_asked_for_by_either_name() {
    let alone = shared("", &["limits = { \"nvidia.com/gpu\" = 1 }"]);
    let cluster = assembled(&alone);
    let asked = question("one", MILLISECOND);
    let by_gpu = Transfer { from: "gpu-a".into(), ..asked.clone() };
    let completion = |asked: &Transfer| {
        predict(&cluster, std::slice::from_ref(asked), Fidelity::Flow, 7).unwrap()[0].completion
    };
    assert_eq!(completion(&asked), completion(&by_gpu));
}

#[test]
fn what_cannot_be_shared_so_is_refused_with_its_line() {
    let mig = "limits = { \"nvidia.com/mig-1g.5gb\" = 1 }";
    let cases: &[(&str, &[&str], &str)] = &[
        ("", &[GPU, GPU], "t.toml:52: gpu: no `nvidia.com/gpu` is left of this GPU (another"),
        ("sharing = \"mips\"", &[], "t.toml:12: sharing: `mips` is no way to share a GPU (did"),
        ("sharing = \"mps\"", &[], "t.toml:12: replicas: is missing (replicas = 4"),
        ("sharing = \"mps\"\nreplicas = 1", &[], "t.toml:13: replicas: 1 is not possible (2 to 48"),
        ("replicas = 2", &[], "t.toml:12: replicas: has no effect on a GPU that is shared as `ex"),
        ("sharing = \"mig\"", &[], "t.toml:12: mig: is missing"),
        ("sharing = \"mig\"\nmig = []", &[], "t.toml:13: mig: is an empty list"),
        ("sharing = \"mig\"\nmig = [\"1g.6gb\"]", &[], "t.toml:13: mig: `a100-40` has no MIG pro"),
        (
            "sharing = \"mig\"\nmig = [\"7g.40gb\", \"1g.5gb\"]",
            &[],
            "t.toml:13: mig: these 2 instances do not fit on one GPU",
        ),
        (
            "sharing = \"time-slicing\"\nreplicas = 2\nquantum = \"0 s\"",
            &[],
            "t.toml:14: quantum: is too short for a turn",
        ),
        (
            "sharing = \"time-slicing\"\nreplicas = 2\nquantum = \"-2 ms\"",
            &[],
            "t.toml:14: quantum: `-2 ms` is not a possible time",
        ),
        ("", &[mig], "t.toml:48: limits: this GPU does not offer `nvidia.com/mig-1g.5gb` (offered"),
        (
            "",
            &["limits = { \"nvidia.com/gpu\" = 2 }"],
            "t.toml:48: limits: node `node-a` has 1 of 2 to give",
        ),
        ("", &["limits = { \"cpu\" = 1 }"], "t.toml:48: limits: `cpu` is no GPU"),
        ("", &["limits = {}"], "t.toml:48: limits: names 0 resources"),
        (
            "",
            &["gpu = \"gpu-a\"\nactive_thread_percentage = 50"],
            "t.toml:49: active_thread_percentage: `gpu-a` is not shared by MPS",
        ),
        (
            "sharing = \"mps\"\nreplicas = 2",
            &["gpu = \"gpu-a\"\nactive_thread_percentage = 101"],
            "t.toml:50: active_thread_percentage: 101 is not possible (above 0",
        ),
        (
            "sharing = \"mig\"\nmig = [\"1g.5gb\"]",
            &[mig, mig],
            "t.toml:53: limits: no `nvidia.com/mig-1g.5gb` is left of this GPU ([[gpu]] with more",
        ),
    ];
    for (gpu, pods, expected) in cases {
        let pods = if pods.is_empty() { &[""] } else { *pods };
        let message = refused(&shared(gpu, pods), &[]).to_string();
        assert!(message.starts_with(expected), "{gpu} {pods:?}:\n{message}\nnot\n{expected}");
    }
}
