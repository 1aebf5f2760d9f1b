//! The GPUs that `.ci/gpu` has measured: each archive below `data/measured` still says what the
//! profile that ships of it says, and the page beside it what the judging set says of both.
//!
//! `UPDATE=1 cargo test -p podpath-calibration --test measured` writes profiles and page anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use calibration_gpu::judge::frozen::{all, of_device};
use calibration_gpu::judge::predict::{Subject, predict};
use calibration_gpu::judge::verdict::{Compared, Of, Summary, compare, summaries};
use calibration_gpu::judge::{Half, table};
use calibration_gpu::{archive, evaluate, profile, raw};
use models::input::Source;
use models::library::Kind as Folder;
use models::pcie::Port;

/// Archive and profile.
const MEASURED: [&str; 2] = ["h100-firecracker", "h200-firecracker"];
/// Nobody calibrated the machines' own hosts.
const HOST: &str = "gpu-server";

fn below(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a file with what it should be, or writes it.
fn kept(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(path, text).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == text, "{} is not what the archive says; UPDATE=1 writes it", path.display());
}

fn judged(name: &str) -> Vec<Compared> {
    let archive = archive::open(&below(&format!("../data/measured/{name}.tar.gz"))).unwrap();
    let raw = raw::read(&archive.text(archive::RAW).unwrap()).unwrap();
    let (place, pcie) = (raw.stated.place.clone(), raw.stated.pcie.clone().unwrap());
    assert_eq!(raw.stated.name, name);
    let mut library = calibration_data::shipped().clone();
    let port = Port::from_profile(&library.profile(Folder::Pcie, &pcie).unwrap()).unwrap();
    let text = profile(&evaluate::evaluate(raw), &port, &place).unwrap();
    kept(&below(&format!("../profiles/gpu/{name}.csv")), &text);
    library.add(Folder::Gpu, name, Source::new(name, text));
    let subject = Subject { library, gpu: name.into(), pcie, host: HOST.into() };
    let now = predict(&subject).unwrap();
    let measurements = table::read(&archive.text(archive::JUDGING).unwrap()).unwrap();
    let frozen = of_device(all().unwrap(), &measurements.device).unwrap();
    compare(&measurements, Some(&frozen.predictions), Some(&now))
}

/// A line per kind: what was frozen and what the profile says, on the half that nobody looked at.
fn page(name: &str, all: &[Summary]) -> String {
    let mut text = format!("\n## {name}\n\n");
    text +=
        "| kind | cases | frozen: median | p90 | calibrated: median | p90 | worst | coverage |\n";
    text += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    let of = |of: Of, like: &Summary| {
        let same = |s: &&Summary| s.of == of && s.kind == like.kind && s.half == like.half;
        all.iter().find(same).unwrap().errors.clone()
    };
    for line in all.iter().filter(|s| s.of == Of::Now) {
        let half = match (line.kind, line.half) {
            (_, Some(Half::KeptOut)) => "",
            (None, Some(_)) => ", the other half",
            (None, None) => ", both halves",
            _ => continue,
        };
        let kind = line.kind.map_or("**all**", |kind| kind.name());
        let (frozen, now) = (of(Of::Frozen, line), of(Of::Now, line));
        let percent = |ratio: f64| format!("{:.1} %", 100.0 * ratio);
        let cells = [
            percent(frozen.median_error_ratio),
            percent(frozen.p90_error_ratio),
            percent(now.median_error_ratio),
            percent(now.p90_error_ratio),
            percent(now.worst_error_ratio),
            format!("{:.0} %", 100.0 * now.coverage_ratio),
        ];
        writeln!(text, "| {kind}{half} | {} | {} |", now.cases, cells.join(" | ")).unwrap();
    }
    text
}

#[test]
fn what_was_measured_is_what_ships_and_what_the_page_says() {
    let page_file = below("../data/measured/README.md");
    let written = fs::read_to_string(&page_file).unwrap();
    // What is above the tables is written by hand.
    let (head, _) = written.split_once("\n## ").unwrap();
    let mut text = head.to_owned();
    for name in MEASURED {
        let all = summaries(&judged(name));
        text += &page(name, &all);
        // The page says how good it is; this says that it does not get worse unseen.
        let whole = |s: &&Summary| s.of == Of::Now && s.kind.is_none();
        let kept_out = all.iter().filter(whole).find(|s| s.half == Some(Half::KeptOut)).unwrap();
        assert!(kept_out.errors.median_error_ratio < 0.11, "{name}: {:?}", kept_out.errors);
    }
    kept(&page_file, &text);
}
