//! Inputs that once crashed the command, hung it, or gave a wrong number without a word. Each is a
//! file of `tests/crashes` or made here, and has its right value or message.

use std::fs;
use std::path::Path;

use super::Folder;
use super::bad::refused;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crashes").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Field and problem of what a text is refused with.
fn told(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let error = refused(folder, &arguments);
    assert!(error["help"].as_str().is_some_and(|help| !help.is_empty()), "{error}");
    let part = |name: &str| error[name].as_str().expect("text").to_owned();
    (part("field"), part("problem"))
}

/// Field and problem of what running a text is refused with.
fn run_told(text: &str) -> (String, String) {
    let folder = Folder::new();
    folder.write("a.toml", text);
    told(&folder, &["run", "a.toml", "--out", "out"])
}

/// A column of the summary of a run of a text.
fn summary(text: &str, column: &str) -> Vec<f64> {
    let folder = Folder::new();
    folder.write("a.toml", text);
    folder.run(&["run", "a.toml", "--out", "out"]);
    let table = folder.read("out/summary.csv");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let at = reader.headers().expect("a header").iter().position(|name| name == column);
    let at = at.unwrap_or_else(|| panic!("{column} in {table}"));
    reader.records().map(|row| row.expect("a row")[at].parse().expect("a number")).collect()
}

/// What one thread stores takes its time: no less than device memory needs for it, and every
/// further byte as much as the one before, at every level.
#[test]
fn one_thread_stores_every_byte() {
    let text = text("one-thread-writes-16-GiB-in-0.9-ms.toml");
    let most = 16.0 * (1u64 << 30) as f64 / 1555e9;
    for level in ["kernel", "cohort", "warp"] {
        let seconds = |amount: &str| {
            let text = text.replace("16 GiB", amount);
            summary(&format!("{text}kernel_level = \"{level}\"\n"), "completion_s_mean")[0]
        };
        let [one, two, all] = ["1 GiB", "2 GiB", "16 GiB"].map(seconds);
        assert!(all > most, "{level}: {all} s, and memory needs {most} s");
        let ratio = (all - one) / (two - one);
        assert!((ratio - 15.0).abs() < 1e-6, "{level}: {ratio}");
    }
}

/// A card of 1 Gbit/s carries no more, and faster ones carry more.
#[test]
fn a_card_carries_what_its_port_does() {
    let rates = summary(&text("nic-port-rate-ignored.toml"), "goodput_bit_s_mean");
    assert!(rates[0] < 1e9 && rates[0] > 0.9e9, "{rates:?}");
    assert!(rates[1] > 10.0 * rates[0] && rates[2] >= rates[1], "{rates:?}");
}

#[test]
fn a_window_of_nothing_is_refused() {
    let (field, problem) = run_told(&text("tcp-window-zero-panic.toml"));
    assert_eq!((field.as_str(), problem.as_str()), ("host.bench-2024.tcp.window", "is empty"));
}

/// What an experiment sets of a profile has the bounds of the profile's own lines.
#[test]
fn impossible_values_of_a_profile_are_refused_where_they_are_set() {
    let window = text("tcp-window-zero-panic.toml");
    for (line, value, most) in [
        ("tcp.latency", "\"1e17 us\"", "one day"),
        ("tcp.rx_per_byte", "\"1e17 ns/B\"", "1 s/B"),
        ("tcp.window", "\"1e17 KiB\"", "1 PiB"),
        ("memory_bandwidth", "\"1e17 GB/s\"", "1e18 B/s"),
        ("cores", "100000000000000000", "2^32 − 1"),
        ("core_speed", "1e17", "1e6"),
    ] {
        let folder = Folder::new();
        let set = format!("\"host.bench-2024.{line}\" = {value}");
        folder.write("a.toml", window.replace("\"host.bench-2024.tcp.window\" = \"0 B\"", &set));
        let words = ["run", "a.toml", "--out", "out"].map(str::to_owned);
        let error = refused(&folder, &words);
        assert_eq!(error["field"], format!("set.host.bench-2024.{line}"), "{error}");
        assert!(error["help"].as_str().is_some_and(|help| help.contains(most)), "{error}");
    }
}

/// A transfer that the simulated clock is too short for is refused before it runs, whatever makes
/// it long, with what holds it up.
#[test]
fn what_does_not_end_within_the_clock_is_refused() {
    let long = text("time-overflow-panic.toml");
    let latency =
        long.replace("\"cable.rate\" = \"300 Mbit/s\"", "\"cable.latency\" = \"20000 s\"");
    let window = latency.replace("1125899906842624 B", "1 GiB");
    let chunk = window.replace("repetitions = 1", "repetitions = 1\nfidelity = \"chunk\"");
    let cases = [long.clone(), text("time-saturates-wrong-goodput.toml"), latency, window, chunk];
    for text in cases {
        assert!(text.contains("[set]"), "{text}");
        let (field, problem) = run_told(&text);
        assert_eq!(field, "transfer.message", "{text}: {problem}");
        let says = "days at `";
        assert!(problem.starts_with("takes ") && problem.contains(says), "{text}: {problem}");
        assert!(problem.contains("and the simulated clock has 213"), "{text}: {problem}");
    }
    // A tenth of it ends within the clock, after 31 days.
    let tenth = long.replace("1125899906842624 B", "100 TB");
    let seconds = summary(&tenth, "completion_s_mean")[0];
    assert!((seconds / (1e14 * 8.0 / 300e6) - 1.0).abs() < 0.1, "{seconds} s");
}

/// Two that fit the clock each, and do not when they share a cable.
#[test]
fn transfers_that_share_a_link_are_refused_together() {
    let text = text("time-overflow-panic.toml").replace("1125899906842624 B", "600 TB");
    assert!(summary(&text, "completion_s_mean")[0] > 1e7);
    let (before, set) = text.split_once("[set]").expect("a table");
    let (head, one) = before.split_once("[transfer]").expect("a table");
    let twice = format!("{head}[[transfer]]{one}[[transfer]]{one}[set]{set}");
    let (_, problem) = run_told(&twice);
    assert!(problem.contains("and the simulated clock has 213"), "{problem}");
}

/// Workloads over time meet the same clock.
#[test]
fn a_workload_of_transfers_that_never_end_is_refused() {
    let text = super::OVER_TIME.replace("message = \"256 KiB\"", "message = \"1 PiB\"");
    let (_, problem) = run_told(&format!("{text}\n[set]\n\"cable.rate\" = \"300 Mbit/s\"\n"));
    assert!(problem.contains("and the simulated clock has 213"), "{problem}");
}

#[test]
fn a_rate_of_next_to_nothing_is_refused() {
    let folder = Folder::new();
    folder.write("t.toml", text("topology-rate-1e-300-time-add-overflow.toml"));
    let (field, problem) = told(&folder, &["show", "t.toml"]);
    assert_eq!(field, "rate");
    assert_eq!(problem, "`1e-300 Mbit/s` is not a possible bandwidth");
}

#[test]
fn impossible_lines_of_profiles_are_refused() {
    for (file, kind, field, says) in [
        (
            "host-profile-time-add-overflow.csv",
            "host/bench-2024.csv",
            "tcp.rx_per_message.value",
            "1e300 us is not possible",
        ),
        (
            "nic-profile-time-add-overflow.csv",
            "nic/generic-40g.csv",
            "latency.value",
            "1e17 us is not possible",
        ),
    ] {
        let folder = Folder::new();
        folder.write(&format!("profiles/{kind}"), text(file));
        folder.write("a.toml", super::SMALL.replacen("about", "profiles = \"profiles\"\nabout", 1));
        let (told, problem) = told(&folder, &["run", "a.toml", "--out", "out"]);
        assert_eq!((told.as_str(), problem.as_str()), (field, says));
    }
}

/// A row of 2^28 elements and more is judged by its bytes, which 32 bits do not hold.
#[test]
fn rows_of_many_elements_are_read() {
    let folder = Folder::new();
    folder.write("a.csv", text("validate-elements-wrap-silent.csv"));
    let rows = folder.json(&["validate", "--against", "a.csv", "--out", "out"]);
    assert!(rows.to_string().contains("300000000"), "{rows:#}");
    folder.write("b.csv", text("fit-gpu-elements-overflow.csv"));
    let fit = ["calibrate", "fit", "gpu", "--gpu", "a40", "--data", "b.csv", "--out", "out"];
    let (field, _) = told(&folder, &fit);
    assert_eq!(field, "launch_mode");
}

#[test]
fn thousands_of_parentheses_are_refused() {
    let rows = format!("{}row=1{}", "(".repeat(8_000), ")".repeat(8_000));
    let fit = ["calibrate", "fit", "gpu", "--gpu", "a40", "--rows", &rows, "--out", "out"];
    let (field, problem) = told(&Folder::new(), &fit);
    assert_eq!(field, "--rows");
    assert_eq!(problem, "more than 64 parentheses are open");
}

/// Eleven levels that each include the next four times: every file is there once. One is a
/// cluster, so that the whole is one.
#[test]
fn includes_that_multiply_are_there_once() {
    let folder = Folder::new();
    for level in 0..11 {
        let next = format!("\"b{}\"", level + 1);
        let include = format!("include = [{next}, {next}, {next}, {next}]\n");
        folder.write(&format!("p/topology/b{level}.toml"), include);
    }
    folder.write("p/topology/b11.toml", "include = [\"quickstart-bridge\"]\n");
    let text = text("nic-port-rate-ignored.toml");
    let (before, _) = text.split_once("[sweep.cross]").expect("a table");
    let text = before.replace("\"quickstart-bridge\"", "\"b0\"");
    folder.write("a.toml", format!("profiles = \"p\"\n{text}"));
    folder.run(&["run", "a.toml", "--out", "out"]);
    // A chain that is too long is no circle.
    for level in 11..17 {
        let include = format!("include = [\"b{}\"]\n", level + 1);
        folder.write(&format!("p/topology/b{level}.toml"), include);
    }
    let (field, problem) = told(&folder, &["run", "a.toml", "--out", "other"]);
    assert_eq!(field, "include");
    assert!(problem.ends_with("is too deep"), "{problem}");
}

/// A cable in bytes is possible, and said to be eight times what its number is in bits.
#[test]
fn a_network_in_bytes_is_noted() {
    let folder = Folder::new();
    folder.write("a.toml", super::SMALL.replace("\"40 Gbit/s\"", "\"40 GB/s\""));
    let output = folder.podpath().args(["run", "a.toml", "--out", "out"]).output().expect("it ran");
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).expect("text");
    let says = "note: cable.rate: `40 GB/s` is 320.0 Gbit/s: a byte has 8 bits; `40 Gbit/s` is an \
                eighth of it";
    assert_eq!(told.matches(says).count(), 1, "{told}");
    assert!(!told.contains("`10 Gbit/s` is"), "{told}");
}
