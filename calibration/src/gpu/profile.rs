//! From measurements to a profile file.
//!
//! Copies follow [`models::gpu::copy`]: time = max(call, setup + bytes ÷ rate). The three are
//! fitted per direction; the profile has the call and set-up of copies to the device, and both
//! rates as parts of what the slot's PCIe link carries.

use models::gpu::copy::Direction;
use models::input::InputError;
use models::pcie::Port;
use sim::Bytes;

use super::{Measured, Memory, Sample};
use crate::fit::posterior::{Beside, Estimate, Free, Observation, fit};
use crate::fit::prior::digits;

/// Relative standard error of a timed copy: what repetitions of the median differ by.
const ERROR: f64 = 0.05;
/// So long that the last packet of a transfer no longer shows.
const LONG: Bytes = Bytes::gib(1);

/// The profile of a measured GPU in a slot of `port`, as a CSV file; `place` says where and when
/// it was measured.
///
/// # Errors
/// If the copies do not follow the model, or are faster than the port can be.
pub fn profile(measured: &Measured, port: &Port, place: &str) -> Result<String, InputError> {
    let facts = &measured.facts;
    let mut lines = Lines { writer: csv::Writer::from_writer(Vec::new()) };
    lines.push(["parameter", "value", "unit", "low", "high", "how", "source"]);
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
    let launch = format!("empty kernel, launch and wait for its end: an upper bound; {place}");
    lines.value("launch_latency", measured.launch * 1e6, "us", "measured", &launch);
    lines.value("copy_engines", f64::from(facts.copy_engines), "count", "measured", &driver);
    copies(measured, port, place, &mut lines)?;
    let (generation, lanes) = (port.link.generation.number(), port.link.width.lanes());
    let slot = format!("the slot as the user states it, {place}");
    lines.value("pcie_generation", f64::from(generation), "count", "assumed", &slot);
    lines.value("pcie_lanes", f64::from(lanes), "count", "assumed", &slot);
    Ok(lines.finish())
}

fn copies(
    measured: &Measured,
    port: &Port,
    place: &str,
    lines: &mut Lines,
) -> Result<(), InputError> {
    let ways = [(Direction::ToDevice, "to_device"), (Direction::ToHost, "to_host")];
    for (direction, name) in ways {
        let fitted = engine(&measured.samples, direction)?;
        let sizes = measured.samples.iter().filter(|s| is_pinned(s, direction)).count();
        let source = format!("pinned copies of {sizes} sizes, median times; {place}");
        if direction == Direction::ToDevice {
            lines.estimate("copy_setup", &fitted[0], 1e6, "us", &source);
            lines.estimate("copy_call", &fitted[1], 1e6, "us", &source);
        }
        let link = port.dma_bandwidth(direction.operation(), LONG);
        let link = link.expect("the payload is not empty").as_bytes_per_s();
        let parameter = format!("copy_{name}_efficiency");
        if fitted[2].value > 1.02 * link {
            let reached = fitted[2].value / 1e9;
            return Err(InputError::new(
                parameter,
                format!("copies reach {reached:.1} GB/s, and the port {:.1} GB/s", link / 1e9),
            )
            .help("name the port that the GPU is really in"));
        }
        let mut part = fitted[2].clone();
        for value in [&mut part.value, &mut part.low, &mut part.high] {
            *value = (*value / link).min(1.0);
        }
        lines.estimate(&parameter, &part, 1.0, "ratio", &source);
    }
    Ok(())
}

fn is_pinned(sample: &Sample, direction: Direction) -> bool {
    sample.memory == Memory::Pinned && sample.direction == direction
}

/// Set-up in seconds, call in seconds and rate in bytes per second of one direction.
fn engine(samples: &[Sample], direction: Direction) -> Result<Vec<Estimate>, InputError> {
    let samples: Vec<&Sample> = samples.iter().filter(|s| is_pinned(s, direction)).collect();
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err(InputError::new("copies", "none was measured"));
    };
    let starts = [
        ("setup", first.seconds / 2.0),
        ("call", first.seconds),
        ("rate", last.bytes as f64 / last.seconds),
    ];
    // The set-up only shows where a copy lasts longer than its call: a wide prior keeps it there.
    let free = starts.map(|(name, prior)| Free { name: name.into(), prior, factor: Some(10.0) });
    let observations: Vec<Observation> = samples
        .iter()
        .map(|sample| Observation { value: sample.seconds, relative_error: ERROR })
        .collect();
    let model = |v: &[f64], _: Option<Beside<'_>>| {
        Ok(samples.iter().map(|s| v[1].max(v[0] + s.bytes as f64 / v[2])).collect())
    };
    Ok(fit(&free, &observations, model)?.estimates)
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

    fn estimate(&mut self, parameter: &str, e: &Estimate, scale: f64, unit: &str, source: &str) {
        let [value, low, high] =
            [e.value, e.low, e.high].map(|value| digits(value * scale).to_string());
        self.push([parameter, &value, unit, &low, &high, "measured", source]);
    }

    fn finish(self) -> String {
        String::from_utf8(self.writer.into_inner().expect("memory")).expect("text in, text out")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Facts;
    use crate::shipped;
    use models::gpu::Gpu;
    use models::input::Source;
    use models::library::Kind;
    use models::profile::Profile;

    fn port(name: &str) -> Port {
        Port::from_profile(&shipped().profile(Kind::Pcie, name).unwrap()).unwrap()
    }

    /// Copies of an engine of 20 us set-up, 30 us call, 12 and 13 GB/s.
    fn measured() -> Measured {
        let mut samples = Vec::new();
        for power in 10..29 {
            for (direction, rate) in [(Direction::ToDevice, 12e9), (Direction::ToHost, 13e9)] {
                let bytes = 1usize << power;
                let seconds = 30e-6f64.max(20e-6 + bytes as f64 / rate);
                samples.push(Sample { direction, memory: Memory::Pinned, bytes, seconds });
            }
        }
        let facts = Facts {
            name: "V100".into(),
            capability: (7, 0),
            sms: 80,
            clock_khz: 1_380_000,
            memory_clock_khz: 877_000,
            memory_bus_bits: 4096,
            memory: 16 << 30,
            copy_engines: 2,
        };
        Measured { facts, launch: 6e-6, samples }
    }

    #[test]
    fn a_known_engine_is_found_again() {
        let text = profile(&measured(), &port("gen3-x16"), "a test").unwrap();
        let profile = Profile::parse("t", &Source::new("t.csv", text)).unwrap();
        let gpu = Gpu::from_profile(&profile).unwrap();
        assert_eq!((gpu.sms, gpu.memory), (80, Bytes::gib(16)));
        assert!((gpu.copy.setup.as_seconds() * 1e6 - 20.0).abs() < 0.5, "{:?}", gpu.copy);
        assert!((gpu.copy.call.as_seconds() * 1e6 - 30.0).abs() < 0.5, "{:?}", gpu.copy);
        let engine = gpu.copy.engine(&port("gen3-x16"), Direction::ToDevice);
        assert!((engine.rate.as_gbyte_s() - 12.0).abs() < 0.05, "{}", engine.rate.as_gbyte_s());
    }

    #[test]
    fn copies_faster_than_the_stated_slot_are_refused() {
        let told = profile(&measured(), &port("gen3-x8"), "a test").unwrap_err().to_string();
        assert!(told.contains("copies reach 12.0 GB/s, and the port 6.7 GB/s"), "{told}");
    }
}
