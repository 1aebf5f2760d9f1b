//! Functions on pods as a user runs them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::Folder;
use super::bad::refused;

/// A function whose set-up is exponential with a mean of 2 s, and which leaves at once.
const ZERO: &str = r#"
name = "zero"

[[gpu]]
name = "gpu"
memory = "40 GiB"

[[function]]
name = "f"
share = 1.0
context = "exponential(2 s)"
work = "exponential(1 s)"
keep_alive = "0 s"
limit = "none"

[[source]]
function = "f"
rate = "0.5 /s"
count = 40000
"#;

const REQUESTS: &str = "\
arrival_s,kind,status,execution_s,images,steps,model,loras
0,txt_2_img,succeed,20,1,30,M0002,0
5,txt_2_img,succeed,25,1,30,M0001,1
9,txt_2_img,pending,0,,,,0
90000,txt_2_img,failed,2,4,30,M0002,0
";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(found: &Value, expected: f64, part: f64) {
    let found = number(found);
    assert!((found / expected - 1.0).abs() <= part, "expected {expected}, found {found}");
}

/// M/M/1 with set-ups: 1 ÷ (μ − λ) and the mean set-up; a busy period begins with a cold call, and
/// (1 − ρ) ÷ (1 + λ E\[S\]) of calls begin one.
#[test]
fn scale_to_zero_is_a_queue_with_set_ups() {
    let folder = Folder::new();
    folder.write("zero.toml", ZERO);
    let told = folder.json(&["functions", "zero.toml", "--seeds", "4"]);
    let own = &told["functions"][0];
    near(&own["latency_mean_s"], 4.0, 0.04);
    near(&own["cold_percent"], 25.0, 0.04);
    let (low, high) = (number(&own["latency_mean_s_low"]), number(&own["latency_mean_s_high"]));
    assert!(low < high, "{own}");
    folder.write("kept.toml", ZERO.replace("0 s", "2 s"));
    let told = folder.json(&["functions", "kept.toml", "--seeds", "4"]);
    // It is off in e^(−0.5 × 2) of the cases.
    let off = (-1.0f64).exp();
    let extra = (2.0 * off * 2.0 + 0.5 * off * 8.0) / (2.0 * (1.0 + 0.5 * off * 2.0));
    near(&told["functions"][0]["latency_mean_s"], 2.0 + extra, 0.04);
}

#[test]
fn served_requests_are_replayed() {
    let folder = Folder::new();
    folder.write("mine.csv", REQUESTS);
    let run = ["functions", "mine.csv", "--pool", "1,4", "--keep-alive", "60 s,forever"];
    let told = folder.json(&[&run[..], &["--faster", "1,10", "--out", "out"]].concat());
    let variants = told["variants"].as_array().expect("a list");
    assert_eq!(variants.len(), 8);
    assert!(variants.iter().all(|own| own["calls"] == 3.0 && own["answered"] == 3.0), "{told}");
    assert_eq!(
        (&variants[2]["pool"], &variants[2]["keep_alive"]),
        (&"1".into(), &"forever".into())
    );
    // Two models on one GPU load each time; on four each loads once if it is kept for ever.
    near(&variants[2]["cold_percent"], 100.0, 1e-9);
    near(&variants[6]["cold_percent"], 200.0 / 3.0, 1e-4);
    let slow = number(&variants[4]["start_mean_s"]);
    near(&variants[5]["start_mean_s"], slow / 10.0, 0.01);
    let summary = folder.read("out/summary.csv");
    assert!(summary.starts_with("pool,keep_alive,faster,calls,"), "{summary}");
    assert_eq!(folder.read("out/functions.csv").lines().count(), 1 + 8 * 2);
    assert_eq!(folder.read("out/calls.csv").lines().count(), 1 + 3);
    assert!(folder.read("out/plots/stages.svg").contains("Where calls spend their time"));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(REQUESTS.as_bytes()).expect("memory");
    folder.write("mine.csv.gz", packed.finish().expect("memory"));
    let again = [&["functions", "mine.csv.gz"][..], &run[2..], &["--faster", "1,10"]].concat();
    assert_eq!(folder.json(&again)["variants"], told["variants"]);
    let second = folder.json(&["functions", "mine.csv", "--days", "2-2"]);
    assert_eq!(second["variants"][0]["calls"], 1.0);
}

#[test]
fn azure_functions_are_run() {
    let folder = Folder::new();
    folder.write("a.csv", "app,func,end_timestamp,duration\nA,f,10,1.5\nA,f,700,1\nB,g,30,2\n");
    let run = ["functions", "a.csv", "--cold-start", "2 s", "--seeds", "1"];
    let own = &folder.json(&run)["variants"][0];
    // The second call of f comes 689 s after the first has ended: ten minutes are over.
    assert_eq!((&own["cold_percent"], &own["calls"]), (&100.0.into(), &3.0.into()));
    near(&own["latency_mean_s"], 3.5, 1e-6);
    let kept = folder.json(&[&run[..], &["--keep-alive", "15 min", "--faster", "2"]].concat());
    near(&kept["variants"][0]["cold_percent"], 200.0 / 3.0, 1e-4);
    near(&kept["variants"][0]["start_mean_s"], 2.0 / 3.0, 1e-4);
}

/// On a cluster a cold start's pull spoils results, and all of it is the same on any threads.
#[test]
fn cold_starts_spoil_results() {
    let folder = Folder::new();
    let run = |threads: &str, out: &str| {
        let mut command = folder.podpath();
        command.env("RAYON_NUM_THREADS", threads);
        command.args(["functions", "function-pods", "--seeds", "3", "--out", out, "--json"]);
        let output = command.assert().success().get_output().clone();
        let tables = ["summary.csv", "spoiled.csv", "links.csv", "gantt.csv", "calls.csv"];
        let read = |name| folder.read(&format!("{out}/{name}"));
        (output.stdout, tables.map(read))
    };
    let (told, tables) = run("1", "one");
    assert_eq!((&told, &tables), (&run("3", "three").0, &run("3", "three-again").1));
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    let functions = told["functions"].as_array().expect("a list");
    assert_eq!(functions.len(), 3);
    for own in functions {
        let ended = ["answered", "over_time", "out_of_memory", "waiting"];
        let all: f64 = ended.iter().map(|key| number(&own[*key])).sum();
        near(&own["calls"], all, 1e-6);
    }
    let spoiled = told["spoiled"].as_array().expect("a list");
    let starts = |own: &&Value| {
        let culprit = own["culprit"].as_str().unwrap_or_default();
        own["victim"] == "video result" && !culprit.ends_with("result")
    };
    assert!(spoiled.iter().any(|own| starts(&own) && number(&own["lost_s"]) > 0.0), "{told}");
    assert!(folder.read("one/plots/gantt.svg").contains("gpu-1"));
    let links = &tables[2];
    assert!(links.lines().skip(1).all(|row| {
        let used: f64 = row.split(',').nth(1).expect("a number").parse().expect("a number");
        (0.0..=100.0 + 1e-6).contains(&used)
    }));
}

/// What each change to a good file is refused for: field and a part of the line.
const BAD: [(&str, &str, &str, &str); 24] = [
    ("name = \"gpu\"\nmemory = \"40 GiB\"", "", "name", "[[gpu]]"),
    ("memory = \"40 GiB\"", "", "gpu.gpu.memory", "name = \"gpu\""),
    ("memory = \"40 GiB\"", "memory = \"40 GiB\"\ncount = 0", "gpu.gpu.count", "count = 0"),
    ("share = 1.0", "share = 1.5", "function.f.share", "share = 1.5"),
    ("share = 1.0", "share = 0", "function.f.share", "share = 0"),
    ("share = 1.0", "weights = \"41 GiB\"", "function.f.weights", "weights ="),
    ("share = 1.0", "", "function.f.weights", "name = \"f\""),
    ("limit = \"none\"", "limit = \"1 s\"\nhost = \"4 s\"", "function.f.limit", "limit ="),
    ("limit = \"none\"", "container = \"301 s\"", "function.f.limit", "name = \"f\""),
    ("limit = \"none\"", "max_instances = 0", "function.f.max_instances", "max_instances"),
    (
        "limit = \"none\"",
        "min_instances = 2\nmax_instances = 1",
        "function.f.min_instances",
        "min_instances",
    ),
    ("limit = \"none\"", "min_instances = 2", "function.f.min_instances", "min_instances"),
    ("limit = \"none\"", "then = \"g\"", "function.f.then", "then"),
    ("limit = \"none\"", "then = \"f\"", "function.f.then", "then"),
    ("limit = \"none\"", "scaling = \"knative\"", "function.f.scaling", "scaling"),
    ("limit = \"none\"", "target = 2", "function.f.target", "target"),
    ("limit = \"none\"", "memory = \"1 GiB\"", "function.f.memory", "memory = \"1 GiB\""),
    ("limit = \"none\"", "image = \"8 GiB from store\"", "function.f.image", "image"),
    ("limit = \"none\"", "imgae = \"8 s\"", "imgae", "imgae"),
    ("work = \"exponential(1 s)\"", "", "function.f.work", "name = \"f\""),
    ("function = \"f\"", "function = \"g\"", "source.function", "function = \"g\""),
    ("rate = \"0.5 /s\"", "times = [\"2 s\", \"1 s\"]", "source.f.times", "times"),
    ("count = 40000", "", "source.f.until", "function = \"f\""),
    ("rate = \"0.5 /s\"", "rate = \"0 /s\"", "source.f.rate", "rate"),
];

#[test]
fn bad_files_are_refused_where_they_are_bad() {
    let folder = Folder::new();
    for (old, new, field, place) in BAD {
        assert!(ZERO.contains(old), "{old}");
        let text = ZERO.replace(old, new);
        let line = text.lines().position(|line| line.contains(place)).expect("the place") + 1;
        folder.write("bad.toml", &text);
        let words = ["functions", "bad.toml", "--out", "out"].map(str::to_owned);
        let error = refused(&folder, &words);
        assert_eq!(error["field"], field, "{new}: {error}");
        assert_eq!(error["line"], line, "{new}: {error}");
        assert!(error["help"].is_string(), "{new}: {error}");
    }
    // A chain of two in a circle, and no GPU at all.
    let second = "[[function]]\nname = \"g\"\nshare = 0.5\nwork = \"1 s\"\nthen = \"f\"\n";
    let circle = ZERO.replace("limit = \"none\"", "limit = \"none\"\nthen = \"g\"") + second;
    folder.write("bad.toml", circle);
    let error = refused(&folder, &["functions", "bad.toml"].map(str::to_owned));
    assert!(error["problem"].as_str().is_some_and(|told| told.contains("f → g → f")), "{error}");
    let none = ZERO.replace("[[gpu]]\nname = \"gpu\"\nmemory = \"40 GiB\"\n", "");
    folder.write("bad.toml", none);
    let error = refused(&folder, &["functions", "bad.toml"].map(str::to_owned));
    assert_eq!((&error["field"], &error["line"]), (&"gpu".into(), &2.into()), "{error}");
}

#[test]
fn bad_traces_and_options_are_refused() {
    let folder = Folder::new();
    folder.write("mine.csv", REQUESTS);
    folder.write("zero.toml", ZERO);
    folder.write("unsorted.csv", REQUESTS.replace("\n5,", "\n99999,"));
    folder.write("cut.csv", &REQUESTS[..REQUESTS.len() - 9]);
    folder.write("other.csv", "a,b\n1,2\n");
    folder.write("azure.csv", "app,func,end_timestamp,duration\nA,f,10,1.5\n");
    let cases: [(&[&str], &str, Option<u64>); 17] = [
        (&["unsorted.csv"], "arrival_s", Some(5)),
        (&["cut.csv"], "row", Some(5)),
        (&["other.csv"], "header", Some(1)),
        (&["missing.csv"], "INPUT", None),
        (&["genia"], "INPUT", None),
        (&["mine.csv", "--pool", "0"], "--pool", None),
        (&["mine.csv", "--pool", "4,x"], "--pool", None),
        (&["mine.csv", "--keep-alive", "5"], "--keep-alive", None),
        (&["mine.csv", "--faster", "0"], "--faster", None),
        (&["mine.csv", "--days", "3-9"], "--days", None),
        (&["mine.csv", "--limit", "0 s"], "--limit", None),
        (&["mine.csv", "--cold-start", "1 s"], "--cold-start", None),
        (&["mine.csv", "--durations", "azure.csv"], "--durations", None),
        (&["azure.csv"], "--cold-start", None),
        (&["azure.csv", "--cold-start", "1"], "--cold-start", None),
        (&["zero.toml", "--pool", "4"], "--pool", None),
        (&["mine.csv", "--out", "zero.toml"], "--out", None),
    ];
    for (more, field, line) in cases {
        let words = [&["functions"][..], more].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let error = refused(&folder, &words);
        assert_eq!(error["field"], field, "{words:?}: {error}");
        assert_eq!(error["line"].as_u64(), line, "{words:?}: {error}");
    }
}

/// The fit to the first days is what ships.
#[test]
fn the_fit_of_served_requests_is_what_ships() {
    let folder = Folder::new();
    let told = folder.json(&["calibrate", "fit", "serving", "--out", "mine"]);
    assert_eq!(told["candidates"].as_array().map(Vec::len), Some(80));
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../calibration/serving/genai-2026.csv");
    let shipped = std::fs::read_to_string(shipped).expect("the fit that ships");
    assert_eq!(folder.read("mine/serving/genai-2026.csv"), shipped);
    let bad = ["calibrate", "fit", "serving", "--name", "../x"].map(str::to_owned);
    assert_eq!(refused(&folder, &bad)["field"], "--name");
}

/// A scene in which everything matters that a file of functions can say in numbers.
const RICH: &str = r#"
name = "rich"
until = "20 min"

[[node]]
name = "n"
host_memory = "12 GiB"

[[gpu]]
name = "gpu"
node = "n"
count = 2
memory = "16 GiB"
calls = 2

[[function]]
name = "a"
weights = "6 GiB"
concurrency = 2
image = "4 s"
container = "exponential(0.5 s)"
context = "3 s"
host = "uniform(1 s, 3 s)"
gpu = "0.5 s"
gateway = "0.1 s"
load = "0.2 s"
work = "lognormal(4 s, 0.5)"
result = "0.3 s"
limit = "21 s"
memory = "lognormal(2 GiB, 0.5)"
memory_limit = "5 GiB"
keep_alive = "17 s"
then = "b"

[[function]]
name = "b"
share = 0.75
work = "3 s"
scaling = "concurrency"
target = 0.7
window = "60 s"
min_instances = 0
max_instances = 2

[[function]]
name = "c"
weights = "8 GiB"
context = "2 s"
work = "5 s"
scaling = "queue"
threshold = 2
polling = "15 s"
cooldown = "40 s"

[[source]]
function = "a"
rate = "6 /min"
from = "1 s"

[[source]]
function = "c"
every = "31 s"
count = 30

[[source]]
function = "c"
times = ["2 s", "3 s", "4 s"]
"#;

/// Every number of a file of functions changes some answer.
#[test]
fn every_number_moves_something() {
    let folder = Folder::new();
    let told = |text: &str| {
        folder.write("rich.toml", text);
        folder.json(&["functions", "rich.toml", "--seeds", "2"])
    };
    let base = told(RICH);
    let changes = [
        ("until = \"20 min\"", "until = \"10 min\""),
        ("host_memory = \"12 GiB\"", "host_memory = \"5 GiB\""),
        ("count = 2\nmemory", "count = 1\nmemory"),
        ("memory = \"16 GiB\"", "memory = \"40 GiB\""),
        ("calls = 2", "calls = 1"),
        ("weights = \"6 GiB\"", "weights = \"3 GiB\""),
        ("concurrency = 2", "concurrency = 1"),
        ("image = \"4 s\"", "image = \"5 s\""),
        ("exponential(0.5 s)", "exponential(0.6 s)"),
        ("context = \"3 s\"", "context = \"4 s\""),
        ("uniform(1 s, 3 s)", "uniform(1 s, 4 s)"),
        ("gpu = \"0.5 s\"", "gpu = \"0.7 s\""),
        ("gateway = \"0.1 s\"", "gateway = \"0.2 s\""),
        ("load = \"0.2 s\"", "load = \"0.4 s\""),
        ("lognormal(4 s, 0.5)", "lognormal(4 s, 0.6)"),
        ("result = \"0.3 s\"", "result = \"0.5 s\""),
        ("limit = \"21 s\"", "limit = \"15 s\""),
        ("lognormal(2 GiB, 0.5)", "lognormal(3 GiB, 0.5)"),
        ("memory_limit = \"5 GiB\"", "memory_limit = \"3 GiB\""),
        ("keep_alive = \"17 s\"", "keep_alive = \"5 s\""),
        ("then = \"b\"", ""),
        ("share = 0.75", "share = 0.3"),
        ("target = 0.7", "target = 0.2"),
        ("window = \"60 s\"", "window = \"20 s\""),
        ("min_instances = 0", "min_instances = 1"),
        ("max_instances = 2", "max_instances = 1"),
        ("threshold = 2", "threshold = 1"),
        ("polling = \"15 s\"", "polling = \"5 s\""),
        ("cooldown = \"40 s\"", "cooldown = \"10 s\""),
        ("rate = \"6 /min\"", "rate = \"9 /min\""),
        ("from = \"1 s\"", "from = \"9 s\""),
        ("every = \"31 s\"", "every = \"37 s\""),
        ("count = 30", "count = 20"),
        ("\"3 s\", \"4 s\"]", "\"3 s\", \"9 s\"]"),
    ];
    for (old, new) in changes {
        assert!(RICH.contains(old), "{old}");
        assert_ne!(told(&RICH.replacen(old, new, 1)), base, "{old}");
    }
}
