//! Functions on pods as a user runs them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::Folder;
use super::bad::refused;

/// A function whose set-up is exponential with a mean of 2 s, and which leaves at once.
pub(super) const ZERO: &str = r#"
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

pub(super) fn number(value: &Value) -> f64 {
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
    let off = 0.367_879_441;
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
    // Two models on one GPU load each time; on four each loads once if it is kept for ever. Some
    // loads take no time, so that nobody waits for them.
    near(&variants[2]["cold_percent"], 100.0, 0.1);
    near(&variants[6]["cold_percent"], 200.0 / 3.0, 0.15);
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
        (&["unsorted.csv"], "arrival_s", Some(4)),
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
