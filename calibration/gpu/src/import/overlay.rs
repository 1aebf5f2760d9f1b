//! A shipped profile with what was imported in place of what a data sheet says.

use std::sync::Arc;

use calibration_data::shipped;
use models::gpu::copy::Direction;
use models::input::{InputError, Source};
use models::library::Kind;
use models::pcie::Port;
use models::profile::Profile;

use super::super::profile::part_of_link;
use super::{Copies, Devices, Imported};

/// What an imported profile is made from.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a> {
    /// What was imported.
    pub imported: &'a [(Arc<Source>, Imported)],
    /// The number of the device, from 0.
    pub device: usize,
    /// The profile whose lines stay where nothing was imported.
    pub base: &'a Profile,
    /// The slot that it is in.
    pub port: &'a Port,
}

/// A line that replaces one of the base, or follows them.
struct Line {
    parameter: &'static str,
    /// As it is written: what was told is not rounded.
    value: String,
    unit: &'static str,
    source: String,
}

/// The profile as a CSV file. What was imported and no model reads is in the table of what was
/// imported alone.
///
/// # Errors
/// If there is nothing in what was imported that a profile takes, copies are faster than the port
/// can be, or a figure is none that a profile can have.
pub fn overlay(with: &Overlay<'_>) -> Result<String, InputError> {
    let mut lines = Vec::new();
    for (source, imported) in with.imported {
        match imported {
            Imported::Devices(devices) => lines.extend(facts(source, devices, with.device)?),
            Imported::Copies(copies) => lines.extend(rates(source, copies, with)?),
            // What lies between devices, and collectives, are a cluster's and not a GPU's.
            Imported::Topology(_) | Imported::Peers(_) | Imported::Collectives(_) => {}
        }
    }
    if lines.is_empty() {
        return Err(InputError::new("--import", "has nothing that a GPU's profile takes")
            .help("add the output of nvbandwidth -j or of nvidia-smi -q -x"));
    }
    let mut writer = csv::Writer::from_writer(models::format::comment());
    let header = ["parameter", "value", "unit", "low", "high", "how", "source"];
    writer.write_record(header).expect("memory");
    for row in with.base.rows() {
        if lines.iter().all(|line| line.parameter != row.parameter) {
            let end = |end: Option<f64>| end.map_or(String::new(), |end| end.to_string());
            let (value, how) = (row.value.to_string(), row.how.word());
            let (low, high) = (end(row.low), end(row.high));
            let record = [&row.parameter, &value, &row.unit, &low, &high, how, &row.source];
            writer.write_record(record).expect("memory");
        }
    }
    for line in &lines {
        let record = [line.parameter, &line.value, line.unit, "", "", "measured", &line.source];
        writer.write_record(record).expect("memory");
    }
    let text = String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out");
    check(&text, with, &lines)?;
    Ok(text)
}

/// Refuses a profile that podpath itself would refuse, in the file that has the figure.
fn check(text: &str, with: &Overlay<'_>, lines: &[Line]) -> Result<(), InputError> {
    let written = Source::new("the profile", text);
    let Err(error) = shipped().parsed(Kind::Gpu, "imported", &written) else { return Ok(()) };
    let at_fault = |line: &&Line| error.field.split('.').next() == Some(line.parameter);
    let file = lines.iter().find(at_fault).map(|line| line.source.as_str()).unwrap_or_default();
    let source = with.imported.iter().find(|(source, _)| file.ends_with(&source.name));
    let source = source.map(|(source, _)| Source::new(source.name.clone(), ""));
    Err(InputError { source, span: None, ..error })
}

fn facts(source: &Source, devices: &Devices, at: usize) -> Result<Vec<Line>, InputError> {
    let device = devices.devices.get(at).ok_or_else(|| {
        let described = devices.devices.len();
        let problem = format!("`{}` has {described} devices, and none is number {at}", source.name);
        InputError::new("--device", problem).help(format!("0 to {}", described - 1))
    })?;
    let told = format!("nvidia-smi -q -x, {}, {}", device.name, source.name);
    let line = |parameter, value: Option<u64>, unit| {
        let source = told.clone();
        Some(Line { parameter, value: value?.to_string(), unit, source })
    };
    let lines = [
        line("memory", device.memory_mib, "MiB"),
        // The highest that can be set is of many cards a ceiling that none runs at.
        line("clock", device.boost_clock_mhz, "MHz"),
        line("pcie_generation", device.pcie_generation, "count"),
        line("pcie_lanes", device.lanes(), "count"),
    ];
    Ok(lines.into_iter().flatten().collect())
}

/// A ratio with digits enough to give back the rate that it was made from.
fn ratio(value: f64) -> String {
    ((value * 1e6).round() / 1e6).to_string()
}

fn rates(source: &Source, copies: &Copies, with: &Overlay<'_>) -> Result<Vec<Line>, InputError> {
    let version = copies.version.as_deref().unwrap_or("of unknown version");
    let told = |test: &str| format!("nvbandwidth {version}, {test}, {}", source.name);
    let value = |test: &str| copies.value(test, with.device).filter(|rate| *rate > 0.0);
    let mut lines = Vec::new();
    let ways = [
        (Direction::ToDevice, "copy_to_device_efficiency", "host_to_device_memcpy_ce"),
        (Direction::ToHost, "copy_to_host_efficiency", "device_to_host_memcpy_ce"),
    ];
    for (direction, parameter, test) in ways {
        let Some(rate) = value(test) else { continue };
        let link = part_of_link(with.port, direction, rate, parameter)?;
        let value = ratio((rate / link).min(1.0));
        lines.push(Line { parameter, value, unit: "ratio", source: told(test) });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use sim::Bytes;

    use super::*;
    use models::gpu::Gpu;

    fn imported(texts: &[(&str, &str)]) -> Vec<(Arc<Source>, Imported)> {
        let read = |(name, text): &(&str, &str)| {
            let source = Source::new(*name, *text);
            let imported = super::super::read(&source).unwrap();
            (source, imported)
        };
        texts.iter().map(read).collect()
    }

    fn profile(texts: &[(&str, &str)], port: &str) -> Result<String, InputError> {
        let imported = imported(texts);
        let base = shipped().profile(Kind::Gpu, "a100-40-pcie").unwrap();
        let port = Port::from_profile(&shipped().profile(Kind::Pcie, port).unwrap()).unwrap();
        overlay(&Overlay { imported: &imported, device: 0, base: &base, port: &port })
    }

    #[test]
    fn measured_copies_replace_assumed_ones() {
        let smi = ("smi.xml", super::super::smi::tests::TEXT);
        let copies = ("bw.json", super::super::nvbandwidth::tests::TEXT);
        let text = profile(&[smi, copies], "gen4-x16").unwrap();
        let profile = Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", text)).unwrap();
        let gpu = Gpu::from_profile(&profile).unwrap();
        assert_eq!((gpu.sms, gpu.memory), (108, Bytes::gib(40)));
        // 24.6 GB/s of what PCIe 4.0 x16 carries as completions.
        assert!((gpu.copy.to_device_efficiency - 0.933).abs() < 0.002, "{:?}", gpu.copy);
        let row = profile.rows().iter().find(|row| row.parameter == "copy_to_device_efficiency");
        let source = &row.unwrap().source;
        assert_eq!(source, "nvbandwidth v0.8, host_to_device_memcpy_ce, bw.json");
    }

    /// Memory to the MiB, the lanes that the slot has, a copy's rate to a part in 10^5; a clock
    /// that is a ceiling leaves that of the base.
    #[test]
    fn what_was_told_is_not_rounded() {
        let smi = super::super::smi::tests::TEXT
            .replace("40960 MiB", "23028 MiB")
            .replace("<current_link_width>16x", "<current_link_width>8x")
            .replace("<graphics_clock>1410 MHz", "<graphics_clock>N/A")
            .replace("1410 MHz", "3105 MHz");
        let copies = super::super::nvbandwidth::tests::TEXT;
        let text = profile(&[("smi.xml", &smi), ("bw.json", copies)], "gen4-x16").unwrap();
        let profile = Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", text)).unwrap();
        let value = |name: &str| {
            profile.rows().iter().find(|row| row.parameter == name).expect("a line").value
        };
        assert_eq!([value("memory"), value("pcie_lanes"), value("clock")], [23028.0, 8.0, 1410.0]);
        let port = shipped().profile(Kind::Pcie, "gen4-x16").unwrap();
        let port = Port::from_profile(&port).unwrap();
        let link = part_of_link(&port, Direction::ToDevice, 24.6, "x").unwrap();
        let rate = link * value("copy_to_device_efficiency");
        assert!((rate / 24.6 - 1.0).abs() < 1e-5, "{rate}");
    }

    /// A profile that is written is read again: figures that no model reads are no lines of it, and
    /// impossible ones are refused.
    #[test]
    fn what_is_written_is_a_profile() {
        let copies = super::super::nvbandwidth::tests::TEXT
            .replace("device_to_host_memcpy_ce", "host_device_latency_sm");
        let smi = super::super::smi::tests::TEXT;
        let text = profile(&[("smi.xml", smi), ("bw.json", &copies)], "gen4-x16").unwrap();
        let source = Source::new("t.csv", text);
        shipped().parsed(Kind::Gpu, "t", &source).unwrap_or_else(|error| panic!("{error}"));
        let wide = smi.replace(">16x", ">9223372036854775807x");
        let told = profile(&[("smi.xml", &wide)], "gen4-x16").unwrap_err().to_string();
        assert_eq!(
            told,
            "smi.xml: pcie_lanes.value: 9.223372036854776e18 count is not possible (at most 2^32 − \
             1)"
        );
    }

    #[test]
    fn a_slot_that_is_too_slow_and_a_text_without_use_are_refused() {
        let copies = ("bw.json", super::super::nvbandwidth::tests::TEXT);
        let told = profile(&[copies], "gen3-x16").unwrap_err().to_string();
        assert!(told.contains("copies reach 24.6 GB/s, and the port at most 14.5 GB/s"), "{told}");
        let topology = ("topo.txt", "\tGPU0\tCPU Affinity\nGPU0\t X \t0-7\n");
        let told = profile(&[topology], "gen4-x16").unwrap_err().to_string();
        assert!(told.starts_with("--import: has nothing that"), "{told}");
    }
}
