//! What somebody reported stands beside what is predicted, with a verdict.

use serde_json::Value;

use super::{Folder, output};

/// Two transfers over one wire, and what is appended.
fn experiment(more: &str) -> String {
    format!(
        "name = \"reported\"\ntopologies = [\"baremetal\"]\nrepetitions = 100\n\
         [[transfer]]\nname = \"one\"\nfrom = \"client\"\nto = \"server\"\nmessage = \"1 MiB\"\n\
         [[transfer]]\nname = \"two\"\nfrom = \"client\"\nto = \"server\"\nmessage = \"4 MiB\"\n\
         {more}"
    )
}

/// A figure of the file.
fn figure(fields: &str) -> String {
    format!("[[reported]]\n{fields}\nsource = \"https://example.org\"\ntext = \"it was seen\"\n")
}

fn told(folder: &Folder, text: &str, arguments: &[&str]) -> (Vec<Value>, Vec<Value>) {
    folder.write("a.toml", text);
    let told =
        folder.json(&[&["run", "a.toml", "--no-changes", "--out", "out"], arguments].concat());
    let one = &told["experiments"][0];
    let list = |value: &Value| value.as_array().expect("a list").clone();
    (list(&one["manifest"]["experiment"]["reported"]), list(&one["rows"]))
}

fn number(of: &Value, key: &str) -> f64 {
    of[key].as_f64().unwrap_or_else(|| panic!("{key} of {of}"))
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-9, "{found} beside {expected}");
}

#[test]
fn times_and_numbers_per_second_stand_beside_the_completion() {
    let folder = Folder::new();
    let text = [
        figure("value = \"3 Gbit/s\"\ntransfers = [\"one\"]"),
        figure("value = \"1 us\"\ntransfers = [\"one\"]"),
        figure("value = \"3 k/s\"\ntransfers = [\"one\"]"),
        figure("value = \"3 Gbit/s\"\ntransfers = [\"one\", \"two\"]"),
        figure("value = \"1 us\"\nup_to = \"1 s\"\ntransfers = [\"one\", \"two\"]"),
        figure("value = \"3 /s\"\ntransfers = [\"one\", \"two\"]"),
    ];
    let (reported, rows) = told(&folder, &experiment(&text.concat()), &[]);
    let goodput = |at: usize| number(&rows[at]["goodput_bit_s"], "mean");
    let completion = |at: usize| number(&rows[at]["completion_s"], "mean");
    let predicted = |at: usize| number(&reported[at], "predicted");
    close(predicted(0), goodput(0));
    close(predicted(1), completion(0));
    close(predicted(2), 1.0 / completion(0));
    close(predicted(3), goodput(0) + goodput(1));
    close(predicted(4), completion(0).max(completion(1)));
    close(predicted(5), 1.0 / completion(0) + 1.0 / completion(1));
    for (one, unit) in reported.iter().zip(["bit/s", "s", "1/s", "bit/s", "s", "1/s"]) {
        assert_eq!(one["unit"], unit);
        assert_eq!(one["points"], 1);
        assert_eq!(one["bit_s_low"].is_number(), unit == "bit/s");
        assert_eq!(one["predicted_bit_s_low"].is_number(), unit == "bit/s");
    }
    // The interval of one transfer is that of its row; of a number per second, upside down.
    let end = |at: usize, end: &str| number(&rows[at], &format!("completion_s_predicted_{end}"));
    close(number(&reported[1], "predicted_high"), end(0, "high"));
    close(number(&reported[2], "predicted_low"), 1.0 / end(0, "high"));
    close(number(&reported[2], "predicted_high"), 1.0 / end(0, "low"));
    // Draws of a sum are sums of draws: hardly wider than the sum of the ends. (Quantiles of a
    // finite number of draws may be off by a little.)
    let of = |at: usize, end: &str| number(&rows[at], &format!("goodput_bit_s_predicted_{end}"));
    assert!(number(&reported[3], "predicted_high") <= 1.01 * (of(0, "high") + of(1, "high")));
    assert!(number(&reported[3], "predicted_low") >= 0.99 * (of(0, "low") + of(1, "low")));
    assert!(reported[4]["predicted_low"].is_null(), "draws of completions are not kept");
    assert_eq!(reported[4]["verdict"], "inside");
    assert_eq!(number(&reported[4], "miss_factor"), 1.0);
}

#[test]
fn a_verdict_is_of_the_interval_and_a_factor_of_the_prediction() {
    let folder = Folder::new();
    let one = "transfers = [\"one\"]";
    let (reported, _) =
        told(&folder, &experiment(&figure(&format!("value = \"1 us\"\n{one}"))), &[]);
    let end = |name: &str| number(&reported[0], name);
    let (low, predicted, high) = (end("predicted_low"), end("predicted"), end("predicted_high"));
    let at = |seconds: f64| figure(&format!("value = \"{} ns\"\n{one}", seconds * 1e9));
    let text = [at(high * 2.0), at(low / 2.0), at(high * 0.999), at(low * 1.001)];
    let (reported, _) = told(&folder, &experiment(&text.concat()), &[]);
    let verdicts: Vec<&str> = reported.iter().map(|r| r["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["too low", "too high", "inside", "inside"]);
    let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-3);
    near(number(&reported[0], "miss_ratio"), -0.5);
    near(number(&reported[1], "miss_ratio"), 1.0);
    near(number(&reported[0], "miss_factor"), 2.0 * high / predicted);
    near(number(&reported[1], "miss_factor"), 2.0 * predicted / low);
    // Without intervals, what is predicted with nothing drawn decides.
    let (reported, _) = told(&folder, &experiment(&text.concat()), &["--no-intervals"]);
    assert_eq!(reported[2]["verdict"], "too low");
    assert!(reported[2]["predicted_low"].is_null());
}

#[test]
fn a_percentile_is_of_the_replications() {
    let folder = Folder::new();
    let lossy = "name = \"reported\"\ntopologies = [\"service-path\"]\nrepetitions = 100\n\
                 [request]\nservice = \"infer\"\nloss = 0.3\n\
                 [transfer]\nfrom = \"gpu-b\"\nto = \"client\"\nmessage = \"1 MiB\"\n\
                 connection = \"new\"\n";
    let text = figure("value = \"1 ms\"\npercentile = 95")
        + &figure("value = \"3 /s\"\npercentile = 5")
        + &figure("value = \"1 ms\"");
    let (reported, rows) = told(&folder, &(lossy.to_owned() + &text), &[]);
    let seconds: Vec<f64> = output::table(&folder, "out/runs.csv")
        .iter()
        .map(|row| output::number(&row["completion_s"]))
        .collect();
    assert_eq!(seconds.len(), 100);
    let p95 = calibration_data::quantile::quantile(&seconds, 0.95);
    let mean = number(&rows[0]["completion_s"], "mean");
    assert!(p95 > 1.5 * mean, "names are lost: {p95} beside {mean}");
    close(number(&reported[0], "predicted"), p95);
    let often: Vec<f64> = seconds.iter().map(|s| 1.0 / s).collect();
    let p5 = calibration_data::quantile::quantile(&often, 0.05);
    close(number(&reported[1], "predicted"), p5);
    close(number(&reported[2], "predicted"), mean);
    let scaled = number(&reported[2], "predicted_high") * p95 / mean;
    close(number(&reported[0], "predicted_high"), scaled);
    assert_eq!(reported[0]["percentile"], 95.0);
}

#[test]
fn the_cause_is_compared_with_what_takes_most() {
    let folder = Folder::new();
    let (reported, rows) = told(
        &folder,
        &experiment(
            &(figure("value = \"3 Gbit/s\"\ncause = \"socket\"") + &figure("value = \"1 us\"")),
        )
        .replace("baremetal", "flannel"),
        &[],
    );
    let most = &rows[0]["most_taken_by"];
    assert_eq!(reported[0]["most_taken_by"], *most);
    assert_eq!(reported[0]["cause_named"], *most == "socket");
    assert!(reported[1]["cause_named"].is_null());
}

#[test]
fn run_prints_what_was_reported_beside_what_is_predicted() {
    let folder = Folder::new();
    let fields = "value = \"9 s\"\npercentile = 99\ncause = \"socket\"";
    folder.write("a.toml", experiment(&figure(fields)));
    let run = ["run", "a.toml", "--no-changes", "--out", "out"];
    let text = folder.run(&run);
    for said in [
        "about",
        "reported",
        "predicted (90 %)",
        "verdict",
        "cause",
        "it was seen",
        "9 s (percentile 99)",
        "% too low",
        "socket: ",
    ] {
        assert!(text.contains(said), "`{said}` is missing in:\n{text}");
    }
    let report = folder.read("out/report.html").replace('\u{a0}', " ");
    assert!(report.contains("9 s (percentile 99)") && report.contains("% too low"));
    assert!(folder.read("out/plots/reported-vs-predicted.svg").contains("9 s"));
    assert_eq!(folder.run(&[&run[..], &["--quiet"]].concat()), "");
}
