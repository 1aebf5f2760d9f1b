//! Tables of figures: what is validated against, fitted, and compared.

use std::path::PathBuf;
use std::sync::OnceLock;

use calibration_data::file::DataFile;
use calibration_data::filter::Filter;
use calibration_data::published::{CNI, published, table};
use calibration_data::validate::validate;
use calibration_fit::posterior::Estimate;
use calibration_fit::prior::Priors;
use calibration_fit::{cni, gpu, memcpy};
use calibration_lab::net::fit;
use calibration_lab::net::host::HostFacts;
use calibration_lab::net::probe::{NetProbe, design};
use calibration_lab::net::record;
use experiments::failure::Failure;
use models::cluster::lab::Pins;
use models::input::InputError;

use super::{inputs, parts, source};
use crate::laws::{has_no_number, refused};
use crate::verdict::Verdict;

/// The rows of a part of a table, of which a fit or a comparison is quick.
const ROWS: usize = 6;

/// Parts of every published table.
pub(crate) fn published_parts() -> Vec<Vec<u8>> {
    let all = published().expect("they ship");
    all.iter().flat_map(|file| parts(&file.source().text, ROWS)).collect()
}

/// Parts of the table of container networks.
pub(crate) fn cni_parts() -> Vec<Vec<u8>> {
    parts(&table(CNI).expect("it ships").source().text, ROWS)
}

fn ended(result: Result<String, InputError>) -> Verdict {
    result.map_or_else(|error| refused(&error), Verdict::Ended)
}

/// How many parameters were decided, each of which has to be a number in its interval.
fn decided(estimates: &[Estimate]) -> String {
    for one in estimates {
        let numbers = [one.value, one.low, one.high, one.spread_ratio];
        assert!(numbers.iter().all(|number| number.is_finite()), "no number: {one:?}");
        assert!(one.low <= one.value && one.value <= one.high, "out of its interval: {one:?}");
    }
    "fitted".into()
}

pub(crate) fn validated(input: &[u8]) -> Verdict {
    ended(DataFile::from_bytes("table.csv", input).and_then(|file| {
        let report = validate(&[file])?;
        for judged in &report.judged {
            let told = format!("{:?}", judged.comparisons);
            assert!(!has_no_number(&told), "a figure is no number: {told}");
        }
        Ok(match (report.judged.is_empty(), report.skipped.first()) {
            (false, _) => format!("judged {:?}", report.judged[0].family),
            (true, Some(skipped)) => format!("skipped: {}", skipped.why),
            (true, None) => "without a row".into(),
        })
    }))
}

pub(crate) fn fit_memcpy(input: &[u8]) -> Verdict {
    let file = DataFile::from_bytes("table.csv", input);
    ended(file.and_then(|file| memcpy::run(&file)).map(|fit| decided(&fit.estimates)))
}

pub(crate) fn fit_gpu(input: &[u8]) -> Verdict {
    ended(DataFile::from_bytes("table.csv", input).and_then(|file| {
        let options = gpu::Options { gpu: "a40-48-pcie".into(), data: vec![file], rows: None };
        gpu::run(&options).map(|fit| decided(&fit.estimates))
    }))
}

pub(crate) fn fit_cni(input: &[u8]) -> Verdict {
    ended(DataFile::from_bytes("table.csv", input).and_then(|data| {
        let options = cni::Options { data, ..cni::Options::shipped()? };
        cni::run(&options).map(|fit| decided(&fit.estimates))
    }))
}

pub(crate) fn priors(input: &[u8]) -> Verdict {
    ended(Priors::parse(&source("priors.csv", input)).map(|priors| {
        let free = priors.free();
        let values: Vec<f64> = free.iter().map(|free| free.prior).collect();
        let profile = priors.profile(&values);
        assert!(!has_no_number(&profile), "{profile}");
        let sigmas = priors.sigmas();
        assert!(sigmas.iter().all(|sigma| sigma.is_finite() && *sigma >= 0.0), "{sigmas:?}");
        format!("of {} kinds", free.iter().filter(|free| free.factor.is_some()).count().min(9))
    }))
}

/// Expressions over a table's rows.
pub(crate) fn expressions() -> Vec<Vec<u8>> {
    inputs(&[
        "kernel in (init, read, scale)",
        "row % 3 = 1",
        "not (gpu = a40 or elements > 1e6) and blocks <= 4",
        "(((elements < 1024)))",
        "kernel != 'read' and threads_per_block >= 128",
    ])
}

pub(crate) fn rows(input: &[u8]) -> Verdict {
    static TABLE: OnceLock<DataFile> = OnceLock::new();
    let table = TABLE.get_or_init(|| table("gpu_small_kernels.csv").expect("it ships"));
    ended(Filter::parse(&super::text(input)).map(|filter| {
        match filter.speaks_of(table) {
            true => {
                let all = table.rows().count();
                let chosen = table.rows().filter(|row| filter.has(row)).count();
                match chosen {
                    0 => "chose none",
                    some if some == all => "chose all",
                    _ => "chose some",
                }
            }
            false => "of another table",
        }
        .into()
    }))
}

/// The probes of a quick calibration.
fn probes() -> &'static [NetProbe] {
    static PROBES: OnceLock<Vec<NetProbe>> = OnceLock::new();
    PROBES.get_or_init(|| design().into_iter().filter(|probe| probe.quick).collect())
}

/// Readings of the first probes, as they might be.
pub(crate) fn readings_parts() -> Vec<Vec<u8>> {
    let mut text = "probe,figure,round,value\n".to_owned();
    for seen in fit::figures(probes()).iter().take(ROWS) {
        let value = if seen.figure.name().contains("bit_s") { 1e10 } else { 2e-5 };
        for round in 0..2 {
            let (name, figure) = (&probes()[seen.probe].name, seen.figure.name());
            text += &format!("{name},{figure},{round},{value:e}\n");
        }
    }
    vec![text.into_bytes()]
}

pub(crate) fn readings(input: &[u8]) -> Verdict {
    let machine = HostFacts {
        cores: 2,
        kernel: "6.1".into(),
        processor: "a processor".into(),
        receive_buffer: 6 << 20,
    };
    let pins = Pins { senders: vec![0], readers: vec![1] };
    ended(record::read(&source("readings.csv", input), probes()).and_then(|(probes, seen)| {
        if seen.is_empty() {
            return Ok("no reading".into());
        }
        let fit = fit::run(&machine, &probes, seen, &pins, calibration_data::shipped())?;
        assert!(!has_no_number(&fit.profile), "{}", fit.profile);
        Ok(decided(&fit.estimates))
    }))
}

/// An experiment that was measured, as its file is.
const MEASURED: &str = "name = \"lab\"\ntopologies = [\"lab-one-gbit\", \"lab-vxlan-bridge\"]\n\
    [transfer]\nfrom = \"client\"\nto = \"server\"\nmessage = \"256 MiB\"\nwrite = \"128 KiB\"\n";

/// Tables of what was measured of it.
pub(crate) fn compared_parts() -> Vec<Vec<u8>> {
    inputs(&[include_str!("../../corpus/compare/two-topologies")])
}

pub(crate) fn compared(input: &[u8]) -> Verdict {
    let written = || -> std::io::Result<()> {
        std::fs::create_dir_all("profiles/host")?;
        std::fs::create_dir_all("measured")?;
        let library = calibration_data::shipped();
        let host = library.source(models::library::Kind::Host, "bench-2024");
        std::fs::write("profiles/host/this-host.csv", &host.expect("it ships").text)?;
        std::fs::write("lab.toml", MEASURED)?;
        std::fs::write(PathBuf::from("measured/compare.csv"), input)
    };
    written().expect("a folder of its own");
    called(&[
        "compare",
        "lab.toml",
        "--measured",
        "measured",
        "--profiles",
        "profiles",
        "--out",
        "out",
    ])
}

/// What comes of a call of the command.
fn called(words: &[&str]) -> Verdict {
    match experiments::command::call(words) {
        Ok(()) => Verdict::Ended("done".into()),
        Err(Failure::Input(error)) => refused(&error),
        Err(other) => panic!("what a user gave is no reason to fail so: {other:?}"),
    }
}
