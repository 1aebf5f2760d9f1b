//! The frozen predictions: every case of the judging set, for every GPU that may come to hand, and
//! never changed after the fact.

use std::fs;
use std::path::Path;

use calibration_data::shipped;
use calibration_gpu::judge::frozen::{all, of_device, parse};
use calibration_gpu::judge::{Kind, cases};
use models::input::Source;
use models::library::Kind as Folder;

/// The files and the BLAKE3 hashes that they had when they were frozen. A new file is added here;
/// a line of an old one that changes is what this test is for.
const FILES: [(&str, &str); 3] = [
    ("h100-80-pcie", "501ab61c2f9e4420a50c4c5f9cde66e8bd9dd7e510954af04610997a981c4eb5"),
    ("h100-80-sxm", "d9cac24d90dc69599485bc346cdcc6054c6e4fc49c0ae8b937e9c2fdda92171c"),
    ("h200-141-sxm", "7c35241b23d61764782a2ef3a0f13dd79e0992b81842f78cab82f328704701fe"),
];

fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/frozen");
    fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap()
}

#[test]
fn no_frozen_file_has_changed_since() {
    let found: Vec<&str> = all().unwrap().iter().map(|frozen| frozen.name.as_str()).collect();
    assert_eq!(found, FILES.map(|(name, _)| name), "each file is listed here with its hash");
    for (name, hash) in FILES {
        let now = blake3::hash(text(name).as_bytes()).to_hex().to_string();
        assert_eq!(now, hash, "{name}.csv is not what was frozen");
    }
}

#[test]
fn each_says_something_of_every_case_and_how_it_came_to_it() {
    for frozen in all().unwrap() {
        assert_eq!(frozen.predictions.len(), cases().len(), "{}", frozen.name);
        let commit = &frozen.head["commit"];
        assert!(commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{commit}");
        for (key, folder) in [("gpu", Folder::Gpu), ("pcie", Folder::Pcie), ("host", Folder::Host)]
        {
            let (name, hash) = frozen.head[key].split_once(' ').unwrap();
            assert!(shipped().source(folder, name).is_ok(), "no {key} profile {name} ships");
            assert_eq!(hash.len(), 64, "{key} {hash}");
        }
        assert!(frozen.head["gpu"].starts_with(&format!("{} ", frozen.name)));
        for kind in Kind::ALL {
            let own = frozen.predictions.iter().filter(|one| one.case.kind == kind);
            assert!(
                own.clone().any(|one| one.said.is_ok()),
                "{}: nothing of {kind:?}",
                frozen.name
            );
        }
    }
}

#[test]
fn a_device_finds_its_file_by_what_the_driver_calls_it() {
    let all = all().unwrap();
    let of = |device| of_device(all, device).map(|frozen| frozen.name.as_str());
    assert_eq!(of("NVIDIA H100 80GB HBM3"), Some("h100-80-sxm"));
    assert_eq!(of("NVIDIA H100 PCIe"), Some("h100-80-pcie"));
    assert_eq!(of("NVIDIA H200"), Some("h200-141-sxm"));
    for other in ["NVIDIA A100-SXM4-80GB", "NVIDIA GH200 480GB", "NVIDIA H100 NVL", "simulated", ""]
    {
        assert_eq!(of(other), None, "{other}");
    }
}

/// A file that is cut, changed or of another version is refused where it is wrong.
#[test]
fn what_is_no_frozen_file_is_refused() {
    let good = text("h100-80-sxm");
    let lines: Vec<&str> = good.lines().collect();
    let without = |at: usize| {
        let kept = lines.iter().enumerate().filter(|(line, _)| *line != at);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let twice = format!("{good}{}\n", lines[10]);
    let cases = [
        (without(0), "commit: is not named in the head"),
        (without(4), "host: is not named in the head"),
        (without(20), "has no line in this file"),
        (twice, "case: stands here twice"),
        (good.replacen("\n1,", "\n2,", 1), "f.csv:7: set: is another version"),
        (good.replacen("pinned/blocking", "pinned/bouncing", 1), "f.csv:7: case: is no case"),
        (good.replacen(",s,solve,", ",ms,solve,", 1), "f.csv:7: case: has another kind, half or"),
        (good.replacen(",3.5205001e-5,", ",3.5205001e-9,", 1), "f.csv:7: predicted: is no time"),
        (good.replacen(",solve,", ",guess,", 1), "f.csv:7: "),
        (good[..good.len() - 40].to_owned(), "f.csv:223: "),
    ];
    for (text, expected) in cases {
        let told = parse("f", &Source::new("f.csv", text)).unwrap_err().to_string();
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
