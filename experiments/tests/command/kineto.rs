//! Traces of the PyTorch profiler as a user replays them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Folder;

/// The copy alone, as an experiment.
const COPY: &str = r#"
name = "copy"
topologies = ["quickstart-vxlan"]

[transfer]
from = "gpu-a"
to = "client"
message = "400 kB"
"#;

/// An event of so many microseconds.
fn event(cat: &str, name: &str, at: f64, us: f64, args: Value) -> Value {
    json!({
        "ph": "X", "cat": cat, "name": name, "pid": 1, "tid": 1,
        "ts": 5e9 + at, "dur": us, "args": args,
    })
}

/// The arguments of something on a stream.
fn on(stream: u32, correlation: u32) -> Value {
    json!({ "device": 0, "stream": stream, "correlation": correlation })
}

/// A kernel, a copy behind it, a collective on another stream that waits for the copy by an event,
/// and the host, which waits for all of it.
pub(super) fn step(copy: &str) -> Value {
    let call = |correlation: u32| json!({ "correlation": correlation });
    let mut memcpy = on(7, 2);
    memcpy["bytes"] = 400_000.into();
    let mut collective = on(20, 5);
    collective["Collective name"] = "allreduce".into();
    let waits = json!({
        "device": 0, "stream": 20, "correlation": 4,
        "wait_on_stream": 7, "wait_on_cuda_event_record_corr_id": 3,
    });
    json!({
        "schemaVersion": 1,
        "deviceProperties": [{ "id": 0, "name": "a GPU" }],
        "traceEvents": [
            // In the order in which the profiler collects, and with what does not count.
            event("kernel", "gemm", 15.0, 50.0, on(7, 1)),
            event("gpu_memcpy", copy, 65.0, 40.0, memcpy),
            event("kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL", 106.0, 100.0, collective),
            event("cpu_op", "aten::mm", 0.0, 9.0, json!({})),
            { "ph": "M", "name": "process_name", "pid": 1, "args": { "name": "python" } },
            event("cuda_runtime", "cudaLaunchKernel", 0.0, 10.0, call(1)),
            event("cuda_runtime", "cudaMemcpyAsync", 20.0, 5.0, call(2)),
            event("cuda_runtime", "cudaEventRecord", 26.0, 1.0, call(3)),
            event("cuda_runtime", "cudaStreamWaitEvent", 28.0, 1.0, call(4)),
            event("cuda_sync", "Stream Wait Event", 28.0, 0.0, waits),
            event("cuda_runtime", "cudaLaunchKernel", 30.0, 5.0, call(5)),
            event("cuda_runtime", "cudaDeviceSynchronize", 50.0, 160.0, call(6)),
        ],
    })
}

fn replayed(folder: &Folder, trace: &Value) -> Value {
    folder.write("step.json", trace.to_string());
    folder.json(&["replay", "step.json", "--topology", "quickstart-vxlan", "--out", "out"])
}

fn us(value: &Value) -> f64 {
    (value.as_f64().expect("a number") * 1e12).round() / 1e6
}

#[test]
fn what_is_not_priced_anew_takes_as_long_as_it_was_recorded() {
    let folder = Folder::new();
    let told = replayed(&folder, &step("Memcpy DtoD (Device -> Device)"));
    assert_eq!((us(&told["completion_s"]), us(&told["recorded_s"])), (210.0, 210.0));
    assert_eq!(told["ranks"][0]["place"], "gpu-a");
    let notes = told["notes"].to_string();
    for note in [
        "1 collectives keep their recorded time",
        "1 copies within or between devices",
        "1 operations wait for an event of another stream, as recorded",
        "1 calls are taken to have waited for the GPU",
    ] {
        assert!(notes.contains(note), "{notes}");
    }
}

#[test]
fn a_copy_is_priced_on_the_topology_and_what_waits_for_it_moves() {
    let folder = Folder::new();
    let told = replayed(&folder, &step("Memcpy DtoH (Device -> Pinned)"));
    let kinds = told["kinds"].as_array().expect("kinds");
    let copy = kinds.iter().find(|kind| kind["kind"] == "copy").expect("a copy");
    assert_eq!(copy["bytes"], 400_000);
    let expected = 210.0 - 40.0 + us(&copy["time_s"]);
    assert!((us(&told["completion_s"]) - expected).abs() < 1e-6, "{told:#}");
    // It takes what a transfer of as much from the GPU to its pod takes.
    folder.write("copy.toml", COPY);
    let explained = folder.json(&["explain", "copy.toml"]);
    assert_eq!(us(&copy["time_s"]), us(&explained["explained"][0]["completion_s"]["mean"]));
    // From host memory that is not pinned it takes longer.
    let pageable = replayed(&folder, &step("Memcpy DtoH (Device -> Pageable)"));
    assert!(us(&pageable["completion_s"]) > us(&told["completion_s"]));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed
        .write_all(step("Memcpy DtoH (Device -> Pinned)").to_string().as_bytes())
        .expect("memory");
    folder.write("step.json.gz", packed.finish().expect("memory"));
    let same = folder.json(&["replay", "step.json.gz", "--topology", "quickstart-vxlan"]);
    assert_eq!(same, told);
}

/// Three steps of a small transformer's inference with a copy each way, as an H200 ran them under
/// the profiler: copies priced by that GPU's profile, everything else as recorded.
#[test]
fn a_real_trace_takes_as_long_as_it_took() {
    const TOPOLOGY: &str = r#"
[[node]]
name = "node"
host = "two-socket-2021"
cni = "host-network"

[[gpu]]
name = "gpu"
node = "node"
profile = "h200-firecracker"
pcie = "gen5-x16"

[[pod]]
name = "job"
node = "node"
gpu = "gpu"
"#;
    let trace = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../calibration/data/measured/pytorch-inference-h200.pt.trace.json.gz"
    );
    let folder = Folder::new();
    folder.write("node.toml", TOPOLOGY);
    let told = folder.json(&["replay", trace, "--topology", "node.toml", "--ranks", "gpu"]);
    let (took, recorded) = (us(&told["completion_s"]), us(&told["recorded_s"]));
    assert!((recorded - 39_938.6).abs() < 0.1, "{recorded}");
    assert!((took / recorded - 1.0).abs() < 0.005, "{took} us, recorded {recorded} us");
}

#[test]
fn a_bad_trace_is_refused() {
    let whole = step("Memcpy DtoH (Device -> Pinned)");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut trace = whole.clone();
        change(&mut trace);
        trace.to_string()
    };
    let text = serde_json::to_string_pretty(&whole).expect("JSON");
    let cases: [(String, &str, &str); 10] = [
        (text[..text.len() / 2].into(), "traceEvents", "EOF while parsing"),
        (changed(&|t| t["schemaVersion"] = 2.into()), "schemaVersion", "is 2"),
        (changed(&|t| t["schemaVersion"] = Value::Null), "schemaVersion", "is missing"),
        (changed(&|t| t["traceEvents"] = 3.into()), "traceEvents", "a list of events"),
        (changed(&|t| t["traceEvents"] = json!([])), "traceEvents", "there is no kernel"),
        (
            changed(&|t| t["traceEvents"][0]["ts"] = Value::Null),
            "traceEvents",
            "event 0: ts: is missing",
        ),
        (
            changed(&|t| t["traceEvents"][0]["dur"] = (-1).into()),
            "traceEvents",
            "event 0: dur: -1 is no time",
        ),
        (
            changed(&|t| t["traceEvents"][1]["args"]["bytes"] = Value::Null),
            "traceEvents",
            "event 1: args.bytes: is missing",
        ),
        (
            changed(&|t| t["traceEvents"][1]["args"]["correlation"] = (-1).into()),
            "traceEvents",
            "event 1: args",
        ),
        (
            changed(&|t| t["traceEvents"][1]["args"]["device"] = 1.into()),
            "args.device",
            "2 devices",
        ),
    ];
    for (text, field, says) in cases {
        let folder = Folder::new();
        folder.write("bad.json", &text);
        let arguments = ["replay", "bad.json", "--topology", "quickstart-vxlan", "--json"];
        let output = folder.podpath().args(arguments).output().expect("it ran");
        assert_eq!(output.status.code(), Some(2), "{says}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let error = &told["error"];
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{says}: {error:#}");
        assert_eq!(
            (&error["field"], &error["file"]),
            (&field.into(), &"bad.json".into()),
            "{error:#}"
        );
        assert!(error["line"].as_u64().is_some(), "{error:#}");
    }
}
