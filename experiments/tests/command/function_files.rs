//! Files of functions: what is refused, what moves what, and clusters of the user's own.

use super::Folder;
use super::bad::refused;
use super::functions::{ZERO, number};

/// A cluster of the user's own lies beside the file that names it.
#[test]
fn a_topology_may_be_a_file() {
    let folder = Folder::new();
    let node = |name: &str| {
        format!("[[node]]\nname = \"{name}\"\nhost = \"bench-2024\"\ncni = \"flannel\"\n")
    };
    let nodes = node("node-a") + &node("node-b");
    folder.write("sub/mine.toml", format!("include = [\"quickstart-pair\"]\n{nodes}"));
    let scene = "name = \"s\"\ntopology = \"mine.toml\"\n\
                 [[gpu]]\nname = \"gpu-a\"\npod = \"client\"\n\
                 [[function]]\nname = \"f\"\nshare = 1.0\nwork = \"1 s\"\n\
                 host = \"5 GB from server\"\nresult = \"5 GB to server\"\n\
                 [[source]]\nfunction = \"f\"\ntimes = [\"0 s\"]\n";
    folder.write("sub/scene.toml", scene);
    let told = folder.json(&["functions", "sub/scene.toml", "--seeds", "1"]);
    // 40 Gbit/s is 1 s each way at best.
    let latency = number(&told["functions"][0]["latency_mean_s"]);
    assert!(latency > 3.0 && latency < 15.0, "{told}");
    folder.write("sub/scene.toml", scene.replace("mine.toml", "other.toml"));
    let error = refused(&folder, &["functions", "sub/scene.toml"].map(str::to_owned));
    assert_eq!((&error["field"], &error["line"]), (&"topology".into(), &2.into()), "{error}");
    for (old, new, field) in [
        ("gpu-a", "gpu-x", "gpu.name"),
        ("\"client\"", "\"clinet\"", "gpu.gpu-a.pod"),
        ("from server", "from sever", "function.f.host"),
        ("5 GB to server", "5 GB", "function.f.result"),
    ] {
        folder.write("sub/scene.toml", scene.replace(old, new));
        let error = refused(&folder, &["functions", "sub/scene.toml"].map(str::to_owned));
        assert_eq!(error["field"], field, "{error}");
        assert!(error["line"].is_u64(), "{error}");
    }
}

/// What each change to a good file is refused for: field and a part of the line.
const BAD: [(&str, &str, &str, &str); 26] = [
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
    ("limit = \"none\"", "base = \"cuda\"", "function.f.base", "base ="),
    ("limit = \"none\"", "base_image = \"2 s\"", "function.f.base_image", "base_image"),
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
