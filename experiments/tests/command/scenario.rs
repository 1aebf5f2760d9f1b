//! Scenarios: what is refused, what every number moves, and files of the user's own.

use serde_json::Value;

use super::Folder;
use super::bad::refused;
use super::functions::number;

/// A file of serving in which everything matters that it can say in numbers.
const SERVING: &str = r#"
name = "rich"
until = "10 min"

[model]
layers = 32
kv_heads = 8
head_size = 128
number_bytes = 1
block = 32

[[hop]]
name = "gateway"
time = "exponential(5 ms)"
body_rate = "30 MB/s"
servers = 1

[[hop]]
name = "sidecar"
time = "3 ms"
cpu = 0.4

[[hop]]
name = "batcher"
on = "answer"
every = "7 ms"

[[pool]]
name = "prefill"
does = "prefill"
replicas = 2
prefill = "20 ms"
per_token = "20 us"
per_pair = "1 ns"
batch_tokens = 900
sequences = 4
kv_tokens = 9000
balance = "round-robin"

[[pool]]
name = "decode"
does = "decode"
replicas = 1
max_replicas = 3
decode = "6 ms"
per_sequence = "0.5 ms"
per_kept = "2 ns"
kv_memory = "400 MB"
scaling = "queue"
threshold = 2
polling = "2 s"
stabilisation = "10 s"

[[stage]]
name = "image"
pool = "decode"
bytes = "2 GB"
rate = "400 MB/s"

[[stage]]
name = "unpack"
pool = "decode"
bytes = "2 GB"
rate = "2 GB/s"
readers = 4
reader_rate = "100 MB/s"
pieces = 3
per_piece = "0.2 s"
beside = "image"

[[stage]]
name = "weights"
pool = "decode"
time = "2 s"
after = ["unpack"]

[handover]
overlap = "whole"
start = "2 ms"
per_piece = "9 us"
cuts = 2
connections = 1
first = "0.3 s"
again = true
copies = 1.5
rate = "3 GB/s"

[[source]]
name = "chat"
users = 6
count = 60
prompt = "uniform(500, 3000)"
answer = "exponential(60)"
cached = 0.25
body = "40 kB"

[[source]]
name = "batch"
rate = "2 /s"
from = "5 s"
until = "40 s"
prompt = 800
"#;

/// The same of training.
const TRAINING: &str = r#"
name = "rich"

[job]
ranks = 16
batch = 32
forward = "60 ms"
backward = "120 ms"
spread = 0.05
gradients = "200 MB"
bucket = "10 MB"
overlap = true
beside = 1.2
exchange = "30 MB"
exchanges = 5
hidden = 0.5
update = "4 ms"
prepare = "3 ms"
data = "300 ms"
bus = "2 GB/s"
steps = 4
"#;

fn told(folder: &Folder, text: &str) -> Value {
    folder.write("rich.toml", text);
    folder.json(&["scenario", "rich.toml", "--draws", "0"])
}

fn moves(text: &str, changes: &[(&str, &str)]) {
    let folder = Folder::new();
    let base = told(&folder, text);
    for (old, new) in changes {
        assert_ne!(told(&folder, &text.replacen(old, new, 1)), base, "{old}");
    }
}

/// Every number of a file of serving changes some answer.
#[test]
fn every_number_of_serving_moves_something() {
    moves(
        SERVING,
        &[
            ("until = \"10 min\"", "until = \"11 s\""),
            ("layers = 32", "layers = 64"),
            ("kv_heads = 8", "kv_heads = 4"),
            ("head_size = 128", "head_size = 64"),
            ("number_bytes = 1", "number_bytes = 2"),
            ("block = 32", "block = 16"),
            ("exponential(5 ms)", "exponential(6 ms)"),
            ("30 MB/s", "20 MB/s"),
            ("servers = 1", "servers = 3"),
            ("time = \"3 ms\"", "time = \"5 ms\""),
            ("cpu = 0.4", "cpu = 0.1"),
            ("every = \"7 ms\"", "every = \"20 ms\""),
            ("replicas = 2", "replicas = 1"),
            ("prefill = \"20 ms\"", "prefill = \"25 ms\""),
            ("per_token = \"20 us\"", "per_token = \"21 us\""),
            ("per_pair = \"1 ns\"", "per_pair = \"2 ns\""),
            ("batch_tokens = 900", "batch_tokens = 500"),
            ("sequences = 4", "sequences = 1"),
            ("kv_tokens = 9000", "kv_tokens = 3000"),
            ("\"round-robin\"", "\"shared\""),
            ("max_replicas = 3", "max_replicas = 2"),
            ("decode = \"6 ms\"", "decode = \"7 ms\""),
            ("per_sequence = \"0.5 ms\"", "per_sequence = \"0.6 ms\""),
            ("per_kept = \"2 ns\"", "per_kept = \"9 ns\""),
            ("400 MB\"", "300 MB\""),
            ("threshold = 2", "threshold = 4"),
            ("polling = \"2 s\"", "polling = \"5 s\""),
            ("stabilisation = \"10 s\"", "stabilisation = \"1 s\""),
            ("rate = \"400 MB/s\"", "rate = \"900 MB/s\""),
            ("bytes = \"2 GB\"", "bytes = \"3 GB\""),
            ("readers = 4", "readers = 2"),
            ("reader_rate = \"100 MB/s\"", "reader_rate = \"70 MB/s\""),
            ("pieces = 3", "pieces = 20"),
            ("per_piece = \"0.2 s\"", "per_piece = \"3 s\""),
            ("beside = \"image\"", "after = [\"image\"]"),
            ("time = \"2 s\"", "time = \"3 s\""),
            ("after = [\"unpack\"]", "after = []"),
            ("\"whole\"", "\"layers\""),
            ("start = \"2 ms\"", "start = \"3 ms\""),
            ("per_piece = \"9 us\"", "per_piece = \"20 us\""),
            ("cuts = 2", "cuts = 3"),
            ("connections = 1", "connections = 2"),
            ("first = \"0.3 s\"", "first = \"0.4 s\""),
            ("again = true", "again = false"),
            ("copies = 1.5", "copies = 4"),
            ("rate = \"3 GB/s\"", "rate = \"0.1 GB/s\""),
            ("users = 6", "users = 4"),
            ("count = 60", "count = 50"),
            ("uniform(500, 3000)", "uniform(600, 3000)"),
            ("exponential(60)", "exponential(70)"),
            ("cached = 0.25", "cached = 0.5"),
            ("40 kB", "60 kB"),
            ("rate = \"2 /s\"", "rate = \"3 /s\""),
            ("from = \"5 s\"", "from = \"6 s\""),
            ("until = \"40 s\"", "until = \"20 s\""),
            ("prompt = 800", "prompt = 900"),
        ],
    );
}

#[test]
fn every_number_of_training_moves_something() {
    moves(
        TRAINING,
        &[
            ("ranks = 16", "ranks = 8"),
            ("batch = 32", "batch = 16"),
            ("forward = \"60 ms\"", "forward = \"70 ms\""),
            ("backward = \"120 ms\"", "backward = \"110 ms\""),
            ("spread = 0.05", "spread = 0.1"),
            ("200 MB", "300 MB"),
            ("bucket = \"10 MB\"", "bucket = \"50 MB\""),
            ("overlap = true", "overlap = false"),
            ("beside = 1.2", "beside = 1.4"),
            ("exchange = \"30 MB\"", "exchange = \"40 MB\""),
            ("exchanges = 5", "exchanges = 9"),
            ("hidden = 0.5", "hidden = 0.1"),
            ("update = \"4 ms\"", "update = \"5 ms\""),
            ("prepare = \"3 ms\"", "prepare = \"9 ms\""),
            ("data = \"300 ms\"", "data = \"900 ms\""),
            ("bus = \"2 GB/s\"", "bus = \"3 GB/s\""),
            ("steps = 4", "steps = 6"),
        ],
    );
}

/// What each change to a good file is refused for: the field, and a part of the line.
const BAD: [(&str, &str, &str, &str); 34] = [
    ("layers = 32", "layers = 0", "model.layers", "layers = 0"),
    ("kv_heads = 8", "latent = 8", "model", "layers = 32"),
    ("number_bytes = 1", "number_bytes = 9", "model.number_bytes", "number_bytes"),
    ("servers = 1", "servers = 0", "hop.gateway.servers", "servers = 0"),
    ("cpu = 0.4", "cpu = 0", "hop.sidecar.cpu", "cpu = 0"),
    ("cpu = 0.4", "cpu = 0.4\nservers = 2", "hop.sidecar.servers", "servers = 2"),
    ("every = \"7 ms\"", "", "hop.batcher.time", "name = \"batcher\""),
    ("every = \"7 ms\"", "every = \"0 s\"", "hop.batcher.every", "every = \"0 s\""),
    ("name = \"sidecar\"", "name = \"gateway\"", "hop.name", "gateway"),
    ("does = \"prefill\"", "does = \"prefil\"", "pool.prefill.does", "prefil"),
    ("does = \"decode\"", "does = \"both\"", "pool.does", "decode"),
    ("replicas = 2", "replicas = 0", "pool.prefill.replicas", "replicas = 0"),
    ("replicas = 2", "replicas = 2\nmax_replicas = 3", "pool.prefill.max_replicas", "max_"),
    ("max_replicas = 3", "max_replicas = 0", "pool.decode.max_replicas", "max_replicas = 0"),
    ("max_replicas = 3", "", "pool.decode.max_replicas", "name = \"decode\""),
    ("polling = \"2 s\"", "polling = \"0 s\"", "pool.decode.polling", "polling"),
    ("threshold = 2", "threshold = 0", "pool.decode.threshold", "threshold"),
    ("threshold = 2", "target = 2", "pool.decode.target", "target"),
    ("threshold = 2", "threshold = 2\ncooldown = \"9 s\"", "pool.decode.cooldown", "cooldown"),
    ("kv_tokens = 9000", "gpu = \"h100-80-sxm\"", "pool.prefill.prefill", "prefill ="),
    ("kv_tokens = 9000", "wait = \"5 ms\"", "pool.prefill.wait", "wait"),
    ("kv_tokens = 9000", "gpus = [[\"gpu-0\"]]", "pool.prefill.gpus", "gpus"),
    ("kv_memory = \"400 MB\"", "kv_memory = \"1 kB\"", "pool.decode.kv_memory", "1 kB"),
    ("pool = \"decode\"", "pool = \"decoder\"", "stage.image.pool", "decoder"),
    ("rate = \"400 MB/s\"", "", "stage.image.bytes", "bytes = \"2 GB\""),
    ("beside = \"image\"", "beside = \"weights\"", "stage.unpack.beside", "beside"),
    ("time = \"2 s\"", "", "stage.weights.time", "name = \"weights\""),
    ("rate = \"3 GB/s\"", "", "handover.rate", "[handover]"),
    ("rate = \"3 GB/s\"", "rate = \"3 GB/s\"\nmode = \"rdma\"", "handover.mode", "mode"),
    ("start = \"2 ms\"", "start = \"2 ms (3 ms to 4 ms)\"", "handover.start", "3 ms to"),
    ("users = 6", "users = 6\nevery = \"1 s\"", "source.chat.users", "prompt"),
    ("cached = 0.25", "cached = 1.5", "source.chat.cached", "cached"),
    ("uniform(500, 3000)", "uniform(500, 300)", "source.chat.prompt", "uniform"),
    ("prompt = 800", "prompt = 800\ntokens = 3", "tokens", "tokens"),
];

#[test]
fn bad_files_are_refused_with_line_and_field() {
    let folder = Folder::new();
    let words = ["scenario", "bad.toml", "--out", "out"].map(str::to_owned);
    for (old, new, field, line) in BAD {
        assert!(SERVING.contains(old), "{old}");
        let text = SERVING.replacen(old, new, 1);
        folder.write("bad.toml", &text);
        let error = refused(&folder, &words);
        assert_eq!(error["field"], field, "{new}: {error}");
        let number = error["line"].as_u64().unwrap_or_else(|| panic!("{new}: {error}"));
        let found = text.lines().nth(number as usize - 1).unwrap_or_default();
        assert!(found.contains(line), "{new}: {found}: {error}");
    }
    let without = |line: &str| TRAINING.replace(line, "");
    let more = [
        (without("ranks = 16"), "job.ranks"),
        (without("forward = \"60 ms\""), "job.forward"),
        (without("bus = \"2 GB/s\""), "job.bus"),
        (TRAINING.replace("bus = \"2 GB/s\"", "network = \"socket\""), "job.network"),
        (without("exchange = \"30 MB\""), "job.exchanges"),
        (TRAINING.replace("bucket = \"10 MB\"", "bucket = \"10 B\""), "job.bucket"),
        (TRAINING.replace("[job]", "[job]\ngpus = [\"a\"]"), "job.gpus"),
        (format!("{TRAINING}\n[[pool]]\nname = \"a\"\n"), "name"),
        ("name = \"nothing\"\n".to_owned(), "name"),
        (format!("{TRAINING}\n[sweep]\n\"job.rank\" = [1]\n"), "job.rank"),
    ];
    for (text, field) in more {
        folder.write("bad.toml", &text);
        let error = refused(&folder, &words);
        assert_eq!(error["field"], field, "{error}");
    }
}

const REPORTED: &str = "\n[[reported]]\nfigure = \"step_s\"\nvalue = \"300 ms\"\n\
                        source = \"https://example.org/1\"\ntext = \"a step\"\n";

#[test]
fn reported_figures_stand_beside_what_is_predicted() {
    let folder = Folder::new();
    folder.write("rich.toml", format!("{TRAINING}{REPORTED}"));
    let told = folder.json(&["scenario", "rich.toml", "--draws", "8"]);
    let one = &told["reported"][0];
    assert!(number(&one["predicted_low"]) < number(&one["predicted_high"]), "{one}");
    assert_eq!(number(&one["predicted"]), number(&told["variants"][0]["step_s"]), "{one}");
    let told = folder.json(&["validate", "--field", ".", "--out", "out"]);
    assert_eq!(told["groups"][0]["group"], "serving and training", "{told}");
    assert_eq!(told["figures"][0]["unit"], "s", "{told}");
    for (old, new, field) in [
        ("step_s", "steps_s", "reported[0].figure"),
        ("\"300 ms\"", "300", "reported[0].value"),
        ("https://", "", "reported[0].source"),
        ("text =", "at = { \"job.ranks\" = 16 }\ntext =", "reported[0].at"),
        ("text =", "up_to = \"200 ms\"\ntext =", "reported[0].up_to"),
    ] {
        folder.write("rich.toml", format!("{TRAINING}{}", REPORTED.replace(old, new)));
        let error = refused(&folder, &["scenario", "rich.toml"].map(str::to_owned));
        assert_eq!(error["field"], field, "{error}");
    }
}

/// On a topology what is handed over and reduced shares its links, and places are looked up.
#[test]
fn scenarios_move_over_a_topology() {
    let folder = Folder::new();
    let job = "name = \"t\"\ntopology = \"gpu-tcp-host\"\n[job]\ngpus = [\"all\"]\n\
               forward = \"60 ms\"\nbackward = \"120 ms\"\ngradients = \"178 MB\"\n";
    folder.write("t.toml", job);
    let step = || {
        let told = folder.json(&["scenario", "t.toml", "--draws", "0"]);
        number(&told["variants"][0]["step_s"])
    };
    let host = step();
    assert!(host > 0.18 && host < 1.0, "{host}");
    folder.write("t.toml", job.replace("gpu-tcp-host", "gpu-tcp-wireguard"));
    let tunnel = step();
    assert!(tunnel > 1.5 * host, "{tunnel} {host}");
    for (old, new, field) in [
        ("gpu-tcp-host", "gpu-tcp-hosts", "topology"),
        ("gpu-tcp-host", "there/is/none.toml", "topology"),
        ("[\"all\"]", "[\"gpu-x\"]", "job.gpus"),
        ("[\"all\"]", "[]", "job.gpus"),
        ("forward", "bus = \"1 GB/s\"\nforward", "job.bus"),
        ("forward", "algorithm = \"rings\"\nforward", "job.algorithm"),
        ("forward", "data = \"1 GB\"\nforward", "job.store"),
    ] {
        folder.write("t.toml", job.replacen(old, new, 1));
        let error = refused(&folder, &["scenario", "t.toml"].map(str::to_owned));
        assert_eq!(error["field"], field, "{error}");
    }
}

/// The same file and seed give the same bytes, report and figures included.
#[test]
fn scenarios_are_the_same_again() {
    let folder = Folder::new();
    folder.write("rich.toml", SERVING);
    for out in ["a", "b"] {
        folder.run(&["scenario", "rich.toml", "--draws", "4", "--out", out]);
    }
    let mut names = Vec::new();
    for entry in walk(&folder.path().join("a")) {
        let below = entry.strip_prefix(folder.path().join("a")).unwrap().to_owned();
        let [a, b] = ["a", "b"].map(|out| std::fs::read(folder.path().join(out).join(&below)));
        assert_eq!(a.unwrap(), b.unwrap(), "{}", below.display());
        names.push(below.display().to_string());
    }
    for name in ["summary.csv", "stages.csv", "gains.csv", "requests.csv", "report.html"] {
        assert!(names.iter().any(|own| own == name), "{name} is missing of {names:?}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { walk(&path) } else { vec![path] });
    }
    all
}
