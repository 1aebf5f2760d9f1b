//! From findings to a profile file.
//!
//! The profile has what [`models::gpu::Gpu`] reads, in its terms: the rates of pinned copies
//! become parts of what the slot's PCIe link carries. Every other finding that a model reads
//! follows under its own name; what none reads is a study ([`super::study`]) and no line. What the
//! models need and nobody found is assumed, as the most similar shipped GPU has it, and its line
//! says so.

use std::fmt::Write;

use calibration_data::shipped;
use calibration_fit::prior::digits;
use models::gpu::copy::Direction;
use models::gpu::machine::CALIBRATED;
use models::input::{InputError, Source};
use models::library::Kind;
use models::pcie::Port;
use models::profile::Parameter;
use sim::{Bytes, Rate};

use super::campaign::finding;
use super::stand_in::StandIn;
use super::study::study;
use super::{Facts, Finding, Measured};

/// So long that the last packet of a transfer no longer shows.
const LONG: Bytes = Bytes::gib(1);
/// By how much copies may exceed the most that a port can: the error of both figures.
const TOLERANCE: f64 = 1.02;

/// The profile of a measured GPU in a slot of `port`, as a CSV file; `place` says where and when
/// it was measured.
///
/// # Errors
/// If a parameter that a profile needs was neither found nor ships, copies are faster than the port
/// can be, or a figure is none that a profile can have.
pub fn profile(measured: &Measured, port: &Port, place: &str) -> Result<String, InputError> {
    let mut lines = Lines { writer: csv::Writer::from_writer(models::format::comment()) };
    lines.push(["parameter", "value", "unit", "low", "high", "how", "source"]);
    let place = match measured.facts.simulated {
        true => format!("SIMULATED DEVICE, no measurement; {place}"),
        false => place.to_owned(),
    };
    facts(&measured.facts, &place, &mut lines)?;
    let stand_in = StandIn::of(measured);
    let told = ["launch_latency", "copy_setup", "copy_call"];
    for parameter in told {
        match finding(&measured.findings, parameter) {
            Some(found) => lines.finding(found, &place),
            None => lines.assumed(&stand_in.row(parameter)?),
        }
    }
    copies(measured, port, &place, &stand_in, &mut lines)?;
    // Those of the execution model that were found are among all the others.
    for (parameter, _) in CALIBRATED {
        if finding(&measured.findings, parameter).is_none() {
            lines.assumed(&stand_in.row(parameter)?);
        }
    }
    // A link between chips has no generation that a card could lower.
    if let Some(link) = port.link() {
        let (generation, lanes) = (link.generation.number(), link.width.lanes());
        let (how, slot) = match measured.facts.pcie == Some((generation, lanes)) {
            true => ("measured", format!("what NVML says that card and slot can do, {place}")),
            false => ("assumed", format!("the slot as the user states it, {place}")),
        };
        lines.value("pcie_generation", f64::from(generation), "count", how, &slot);
        lines.value("pcie_lanes", f64::from(lanes), "count", how, &slot);
    }
    let read =
        |found: &&Finding| !told.contains(&&*found.parameter) && study(&found.parameter).is_none();
    for more in measured.findings.iter().filter(read) {
        lines.finding(more, &place);
    }
    let text = lines.finish();
    // Readings may be of another machine, or of nobody: what they come to must be a profile.
    let written = Source::new("the profile", text.as_str());
    match shipped().parsed(Kind::Gpu, "measured", &written) {
        Ok(_) => Ok(text),
        Err(error) => Err(InputError { source: None, span: None, ..error }),
    }
}

fn facts(facts: &Facts, place: &str, lines: &mut Lines) -> Result<(), InputError> {
    let driver = format!("CUDA driver, {}, {place}", facts.name);
    lines.value("sms", f64::from(facts.sms), "count", "measured", &driver);
    lines.value("clock", f64::from(facts.clock_khz) / 1e3, "MHz", "measured", &driver);
    lines.value("memory", facts.memory as f64, "B", "measured", &driver);
    let clocks = format!("memory clock × bus width × 2; {driver}");
    lines.value("hbm_bandwidth", facts.memory_peak(), "GB/s", "measured", &clocks);
    let (single, double) = facts.lanes().ok_or_else(|| {
        let (major, minor) = facts.capability;
        InputError::new("fp32_peak", format!("compute capability {major}.{minor} is unknown"))
            .help("add its lanes per SM to gpu/facts.rs")
    })?;
    let guide = "CUDA C++ Programming Guide, throughput of native arithmetic instructions";
    lines.value("fp32_peak", facts.peak(single), "Tflop/s", "datasheet", guide);
    lines.value("fp64_peak", facts.peak(double), "Tflop/s", "datasheet", guide);
    let (major, minor) = facts.capability;
    lines.value("compute_capability", f64::from(10 * major + minor), "count", "measured", &driver);
    lines.value("l2_capacity", facts.l2 as f64, "B", "measured", &driver);
    lines.value("copy_engines", f64::from(facts.copy_engines), "count", "measured", &driver);
    Ok(())
}

/// The rates of pinned copies as parts of the link's.
fn copies(
    measured: &Measured,
    port: &Port,
    place: &str,
    stand_in: &StandIn<'_>,
    lines: &mut Lines,
) -> Result<(), InputError> {
    for (direction, name) in [(Direction::ToDevice, "to_device"), (Direction::ToHost, "to_host")] {
        let parameter = format!("copy_{name}_efficiency");
        let Some(rate) = finding(&measured.findings, &format!("copy_{name}_rate")) else {
            lines.assumed(&stand_in.row(&parameter)?);
            continue;
        };
        let link = part_of_link(port, direction, rate.value, &parameter)?;
        let [value, low, high] = [rate.value, rate.low, rate.high].map(|v| (v / link).min(1.0));
        let mut source = format!("{}, as a part of the link's payload rate", rate.source);
        if rate.value > link {
            let _ = write!(source, " of {link:.1} GB/s; measured were {:.1}", rate.value);
        }
        let part = Finding { parameter, value, low, high, unit: "ratio", source };
        lines.finding(&part, place);
    }
    Ok(())
}

/// The payload rate that a port's profile gives copies one way \[GB/s\].
///
/// # Errors
/// If `rate` is more than a port of its kind can be made to carry.
pub(super) fn part_of_link(
    port: &Port,
    direction: Direction,
    rate: f64,
    parameter: &str,
) -> Result<f64, InputError> {
    let of = |rate: Option<Rate>| rate.expect("the payload is not empty").as_gbyte_s();
    let most = of(port.dma_most(direction.operation(), LONG));
    if rate > TOLERANCE * most {
        let told = format!("copies reach {rate:.1} GB/s, and the port at most {most:.1} GB/s");
        return Err(
            InputError::new(parameter, told).help("name the port that the GPU is really in")
        );
    }
    Ok(of(port.dma_bandwidth(direction.operation(), LONG)))
}

/// Lines of a profile.
struct Lines {
    writer: csv::Writer<Vec<u8>>,
}

impl Lines {
    fn push(&mut self, record: [&str; 7]) {
        self.writer.write_record(record).expect("memory");
    }

    fn value(&mut self, parameter: &str, value: f64, unit: &str, how: &str, source: &str) {
        // Counts and sizes are exact.
        let value = if value.fract() == 0.0 { value } else { digits(value) };
        self.push([parameter, &value.to_string(), unit, "", "", how, source]);
    }

    /// The line of another GPU, as an assumption.
    fn assumed(&mut self, row: &Parameter) {
        let end = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let [value, low, high] = [Some(row.value), row.low, row.high].map(end);
        self.push([&row.parameter, &value, &row.unit, &low, &high, "assumed", &row.source]);
    }

    fn finding(&mut self, found: &Finding, place: &str) {
        let [value, low, high] =
            [found.value, found.low, found.high].map(|value| digits(value).to_string());
        let source = format!("{}; {place}", found.source);
        self.push([&found.parameter, &value, found.unit, &low, &high, "measured", &source]);
    }

    fn finish(self) -> String {
        String::from_utf8(self.writer.into_inner().expect("memory")).expect("text in, text out")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign;
    use crate::simulated::{Simulated, plain, plausible};
    use calibration_data::shipped;
    use models::gpu::Gpu;
    use models::gpu::machine::Machine;
    use models::profile::{How, Profile};
    use sim::Seed;

    fn port(name: &str) -> Port {
        Port::from_profile(&shipped().profile(Kind::Pcie, name).unwrap()).unwrap()
    }

    /// What a calibration of a simulated device finds.
    fn measured() -> Measured {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
        campaign::run(&mut device, 11, &mut campaign::Unwatched).unwrap()
    }

    #[test]
    fn the_profile_of_a_simulated_device_is_one_that_the_models_read() {
        let text = profile(&measured(), &port("gen4-x16"), "a test").unwrap();
        assert!(text.lines().filter(|line| line.contains("SIMULATED DEVICE")).count() > 30);
        let profile = Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", text)).unwrap();
        let assumed = profile.rows().iter().filter(|row| row.how == How::Assumed);
        let assumed: Vec<&str> = assumed.map(|row| row.parameter.as_str()).collect();
        assert_eq!(assumed, ["pcie_generation", "pcie_lanes"], "what only the user can say");
        let machine = Machine::from_profile(&profile).unwrap();
        assert!((machine.block_turnover / 290e-9 - 1.0).abs() < 0.01, "{machine:?}");
        assert!((machine.memory_rate(0.0) / 1.38e12 - 1.0).abs() < 0.01, "{machine:?}");
        let gpu = Gpu::from_profile(&profile).unwrap();
        assert_eq!((gpu.sms, gpu.memory), (108, Bytes::gib(40)));
        assert!((gpu.launch_latency.as_seconds() * 1e6 - 4.1).abs() < 0.1);
        assert!((gpu.copy.call.as_seconds() * 1e6 - 13.0).abs() < 0.3, "{:?}", gpu.copy);
        let engine = gpu.copy.engine(&port("gen4-x16"), Direction::ToDevice);
        assert!((engine.rate.as_gbyte_s() - 24.1).abs() < 0.3, "{}", engine.rate.as_gbyte_s());
    }

    /// What a budget left out is assumed as an A100 has it, and says so; the models read it all.
    #[test]
    fn what_was_left_out_is_assumed_and_says_so() {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
        let plan = campaign::Campaign { repetitions: 11, budget_s: Some(1.0) };
        let raw = campaign::measure(&mut device, &plan, &mut campaign::Unwatched).unwrap();
        let measured = crate::evaluate::evaluate(raw);
        let text = profile(&measured, &port("gen4-x16"), "a test").unwrap();
        let profile = Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", text)).unwrap();
        assert!(Gpu::from_profile(&profile).unwrap().machine.is_some());
        let row = |name: &str| profile.rows().iter().find(|row| row.parameter == name).unwrap();
        assert_eq!(row("launch_latency").how, How::Measured);
        for parameter in ["copy_call", "copy_to_host_efficiency", "load_port"] {
            let row = row(parameter);
            assert_eq!(row.how, How::Assumed, "{row:?}");
            let why = "NOT MEASURED, as of the probe `";
            assert!(row.source.starts_with(why), "{row:?}");
            assert!(row.source.contains("the budget left it out; as a100-40-"), "{row:?}");
        }
    }

    #[test]
    fn copies_faster_than_the_stated_slot_are_refused() {
        let told = profile(&measured(), &port("gen3-x16"), "a test").unwrap_err().to_string();
        assert!(told.contains("GB/s, and the port at most 14."), "{told}");
    }
}
