//! No number is written for nobody: what a probe writes to a profile changes some prediction, and
//! what the model takes for true is either a line of the profile or here with its reason.

use std::fs;
use std::path::Path;

use calibration_data::shipped;
use calibration_gpu::judge::predict::{Subject, values};
use calibration_gpu::simulated::{Simulated, plain, plausible};
use calibration_gpu::study::{STUDIES, study};
use calibration_gpu::{Measured, campaign, probe, profile};
use models::gpu::assumed::ASSUMED;
use models::gpu::machine::Machine;
use models::gpu::memory::chain_latency;
use models::input::Source;
use models::library::{Kind, Library};
use models::pcie::Port;
use models::profile::{schema, unit};
use sim::Seed;

const GPU: &str = "calibrated";
const PCIE: &str = "gen4-x16";
/// By how much a line is moved: none of them is near the end of its range.
const MOVED: f64 = 1.1;

fn measured() -> Measured {
    let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
    campaign::run(&mut device, 7, &mut campaign::Unwatched).unwrap()
}

fn library(measured: &Measured) -> Library {
    let port = Port::from_profile(&shipped().profile(Kind::Pcie, PCIE).unwrap()).unwrap();
    let text = profile(measured, &port, "a test").unwrap();
    let mut library = shipped().clone();
    library.add(Kind::Gpu, GPU, Source::new("calibrated.csv", text));
    library
}

/// What the model says of the judging set, and of loads that wait for each other.
fn predicted(library: Library) -> Vec<f64> {
    let machine = Machine::from_profile(&library.profile(Kind::Gpu, GPU).unwrap()).unwrap();
    let (gpu, pcie, host) = (GPU.into(), PCIE.into(), "two-socket-2021".into());
    let said = values(&Subject { library, gpu, pcie, host }).unwrap();
    let chains = [1e4, 1e7, 1e9].map(|bytes| chain_latency(&machine, bytes));
    // Cases of the set have 1024 words at most.
    let atomics = [None, Some(1e7)].map(|words| machine.contention().warp(words));
    said.into_iter().map(Result::unwrap).chain(chains).chain(atomics).collect()
}

#[test]
fn every_parameter_that_a_probe_writes_changes_a_prediction() {
    let measured = measured();
    let library = library(&measured);
    let before = predicted(library.clone());
    let rows = library.profile(Kind::Gpu, GPU).unwrap().rows().to_vec();
    let (mut unread, mut found_lines) = (Vec::new(), 0);
    for found in &measured.findings {
        // A rate of copies is told as a part of the link's.
        let name = match found.parameter.as_str() {
            "copy_to_device_rate" => "copy_to_device_efficiency",
            "copy_to_host_rate" => "copy_to_host_efficiency",
            other if study(other).is_some() => {
                assert!(rows.iter().all(|row| row.parameter != other), "{other} is written");
                continue;
            }
            other => other,
        };
        let row = rows.iter().find(|row| row.parameter == name);
        let row = row.unwrap_or_else(|| panic!("{name} is neither a line nor a study"));
        found_lines += 1;
        let (.., factor) = unit(&row.unit).unwrap();
        let changes = |value: f64| {
            let mut moved = library.clone();
            moved.set(Kind::Gpu, GPU, name, value).unwrap();
            predicted(moved) != before
        };
        // A part of the whole only goes down, and what hardly binds shows only as it goes up.
        let value = row.value * factor;
        if !changes(value / MOVED) && !changes(value * MOVED) {
            unread.push(name);
        }
    }
    println!("{found_lines} lines of findings, {} studies", STUDIES.len());
    assert!(unread.is_empty(), "written and read by nobody: {unread:?}");
}

#[test]
fn every_study_is_something_that_a_probe_finds() {
    let measured = measured();
    for (name, why) in STUDIES {
        let found = match name.strip_prefix("nodeN") {
            Some(rest) => format!("node0{rest}"),
            None => name.to_owned(),
        };
        assert!(measured.findings.iter().any(|f| f.parameter == found), "nobody finds {name}");
        assert!(!why.is_empty());
    }
}

/// Lines of the schema that no calibration gives, and why.
const NOT_CALIBRATED: [(&str, &str); 2] = [
    ("nvlink_links", "NVLinks are on the data sheet; a probe sees what a copy over them reaches"),
    ("nvlink_bandwidth", "as nvlink_links"),
];

/// Both ways: what a probe identifies is a line that a model reads or a study, and each line of the
/// schema is given by a calibration.
#[test]
fn probes_and_schema_have_the_same_lines() {
    let is_line = |name: &str| schema::line(Kind::Gpu, name).is_some();
    for probe in probe::ALL {
        for name in probe.identifies {
            let both = (is_line(name), study(name).is_some());
            assert!(both.0 != both.1, "{name} of {}: line, study: {both:?}", probe.name);
        }
    }
    let measured = measured();
    let profile = library(&measured).profile(Kind::Gpu, GPU).unwrap();
    for line in schema::lines(Kind::Gpu) {
        let left_out = NOT_CALIBRATED.iter().any(|(name, _)| *name == line.name);
        assert!(profile.has(line.name) != left_out, "{}", line.name);
    }
}

/// What is assumed where a profile is silent is what a probe finds, by the same name.
#[test]
fn every_assumption_is_replaced_by_a_probe() {
    let measured = measured();
    let rows = library(&measured).profile(Kind::Gpu, GPU).unwrap().rows().to_vec();
    for line in ASSUMED {
        let found = measured.findings.iter().find(|found| found.parameter == line.parameter);
        let found = found.unwrap_or_else(|| panic!("no probe finds {}", line.parameter));
        let row = rows.iter().find(|row| row.parameter == line.parameter).unwrap();
        assert_eq!(row.how, models::profile::How::Measured, "{row:?}");
        assert!((row.value / found.value - 1.0).abs() < 1e-3, "{row:?}");
        assert_eq!(unit(found.unit).unwrap().1, unit(line.unit).unwrap().1, "{}", line.parameter);
    }
}

/// Constants of the execution model that are no line of a profile, and why.
const CONSTANTS: [(&str, &str); 34] = [
    ("LINE", "words of a line of L2: 128 bytes"),
    ("SECTOR", "words of a sector of L2: 32 bytes"),
    ("FURTHER_STREAM", "from streams with one and two loads; no probe separates it yet"),
    ("FURTHER_NEIGHBOUR", "from published stencils; no probe has neighbours yet"),
    ("CHAIN_WIDTH", "a shape of caches, read from published curves"),
    ("SWEEP_WIDTH", "a shape of caches, read from published curves"),
    ("FAR_CYCLES", "from published curves; the probe of latency does not separate it yet"),
    ("SHARED_FETCH", "between those of the A100 and the H100; no probe has that sweep"),
    ("SHARED_PART", "from published curves; no probe has that sweep"),
    ("TURNAROUND_MAX", "the most that a profile may say"),
    ("L1_PART", "from published curves; no probe has that sweep"),
    ("L1_ISSUE", "from published curves; no probe has that sweep"),
    ("ISSUES", "the schedulers of an SM: architecture"),
    ("WARP", "architecture"),
    ("BLOCK_THREADS_MAX", "architecture"),
    ("BLOCK_MAX", "architecture"),
    ("GRID_MAX", "architecture"),
    ("REGISTERS", "architecture"),
    ("REGISTERS_PER_THREAD_MAX", "architecture"),
    ("REGISTER_UNIT", "architecture"),
    ("PARTITIONS", "architecture"),
    ("RESIDENT_GRIDS_MAX", "architecture"),
    ("BANKS", "architecture"),
    ("WORD", "architecture"),
    ("FLITS", "the format of NVLink"),
    ("EULER", "mathematics"),
    ("QUARTERS", "mathematics"),
    ("WORK_MIN", "of the method: how unequal blocks are cut"),
    ("CUT", "of the method: how unequal blocks are cut"),
    ("COHORTS_MAX", "of the method: how unequal blocks are cut"),
    ("ENDED", "of the method: rounding"),
    ("WARPS_MAX", "of the program: what would take minutes is refused"),
    ("QUANTUM_MIN", "of the program: what would never end is refused"),
    ("LONG", "so long that the last packet does not show"),
];
/// How the description of a kernel becomes accesses of its threads.
const OF_KERNELS: [&str; 3] = ["BLOCK", "WIDTH_MAX", "TOGETHER"];
/// What the type of a number begins with.
const NUMBERS: [&str; 9] = ["f64", "u32", "u64", "usize", "Time", "Bytes", "(f64", "[f64", "[u32"];

#[test]
fn every_constant_of_the_execution_model_is_here_with_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/src");
    let mut open = vec![root.join("gpu"), root.join("gpu.rs")];
    let mut strangers = Vec::new();
    let mut met = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // What follows is for tests.
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for line in text.lines().filter(|_| path.extension().is_some_and(|e| e == "rs")) {
            let Some((_, rest)) = line.split_once("const ") else { continue };
            let Some((name, of)) = rest.split_once(": ") else { continue };
            let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let number = NUMBERS.iter().any(|number| of.starts_with(number));
            if !number || !name.chars().all(is_name) || line.trim_start().starts_with("//") {
                continue;
            }
            met.push(name.to_owned());
            let known =
                CONSTANTS.iter().any(|(known, _)| *known == name) || OF_KERNELS.contains(&name);
            if !known {
                strangers.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(strangers.is_empty(), "neither a line of a profile nor explained: {strangers:#?}");
    let gone: Vec<_> =
        CONSTANTS.iter().filter(|(name, _)| !met.iter().any(|seen| seen == name)).collect();
    assert!(gone.is_empty(), "no constant any more: {gone:?}");
}
