//! Copies between device and host memory by the GPU's copy engines.
//!
//! ```text
//! pinned     t(S) = max(call, setup + S / rate)
//! rate       = efficiency · PCIe payload rate                (reads to the device, writes back)
//! ```
//!
//! Two things happen at once. The host calls the driver and then waits: `call` is what that takes
//! when the engine has long finished. The engine fetches its command, moves the data and signals:
//! `setup` is what that takes besides moving. Whoever is later decides, so small copies all take
//! `call`, and there is a bend where the engine becomes the later one. A copy that stands in line
//! behind another keeps the engine for `gap` only, besides moving its data: the rest of `setup`
//! passes while the one before moves. An H200 takes 9.5 us alone and 2.5 us in line. One term
//! alone leaves 13 % at the bend of the published V100 curve; both leave 6 % there and 0.1 % on
//! the plateau.
//!
//! **What PCIe explains.** A V100 reaches 12.35 GB/s to the device. Its link, PCIe 3.0 x16, carries
//! 15.75 GB/s, 14.21 after acknowledgements and credits, and 13.18 as 256-byte completions. The
//! remaining 6.3 % is `efficiency`. Completions of 128 bytes would explain it within half a per
//! cent (12.29 GB/s), and so would only 13 reads of 512 bytes in flight for 547 ns each; one curve
//! cannot tell. Copies to the host are posted writes, which nothing but the link bounds.

use sim::{Bytes, Rate, Time};

use crate::input::InputError;
use crate::pcie::{Connector, Operation, Port};
use crate::profile::Profile;

/// Long enough that the last, shorter packet no longer shows in the rate.
const LONG: Bytes = Bytes::gib(1);

/// The way of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Host to device: the engine reads host memory.
    ToDevice,
    /// Device to host: the engine writes host memory.
    ToHost,
}

impl Direction {
    /// Its name: `to-device`, `to-host`.
    pub const fn word(self) -> &'static str {
        match self {
            Direction::ToDevice => "to-device",
            Direction::ToHost => "to-host",
        }
    }

    /// What the copy engine does on PCIe.
    pub const fn operation(self) -> Operation {
        match self {
            Direction::ToDevice => Operation::Read,
            Direction::ToHost => Operation::Write,
        }
    }
}

/// What the profile says of a GPU's copy engines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Host copies that may run at once, both directions together.
    pub engines: u32,
    /// From the call to the engine's first byte, and from its last to the signal.
    pub setup: Time,
    /// The driver calls of a copy, and waiting for it, when the engine has already finished.
    pub call: Time,
    /// The engine's time between two copies that are queued, besides moving data.
    pub gap: Time,
    /// What a kernel's loads from and stores to pinned host memory reach; as copies where unknown.
    pub mapped: [Option<Rate>; 2],
    /// The part of the PCIe payload rate that copies to the device reach, above 0 to 1.
    pub to_device_efficiency: f64,
    /// The part of the PCIe payload rate that copies to the host reach, above 0 to 1.
    pub to_host_efficiency: f64,
}

impl Parameters {
    /// Reads `copy_engines`, `copy_setup`, `copy_call`, `copy_gap`, `copy_to_device_efficiency` and
    /// `copy_to_host_efficiency`.
    ///
    /// # Errors
    /// If one is missing, has the wrong unit, or is out of range.
    pub fn from_profile(profile: &Profile) -> Result<Parameters, InputError> {
        let efficiency = |parameter| match profile.ratio(parameter)? {
            ratio if ratio > 0.0 && ratio <= 1.0 => Ok(ratio),
            _ => Err(profile.fault(parameter, "is not a part", "above 0 and at most 1")),
        };
        let engines = match profile.count("copy_engines")? {
            0 => Err(profile.fault("copy_engines", "must be above zero", "1 or more")),
            engines => Ok(engines),
        };
        let setup = profile.time("copy_setup")?;
        let gap = profile.optional("copy_gap", Profile::time)?;
        Ok(Parameters {
            engines: engines?,
            setup,
            gap: gap.unwrap_or(setup).min(setup),
            mapped: [
                profile.optional("mapped_read_rate", Profile::rate)?,
                profile.optional("mapped_write_rate", Profile::rate)?,
            ],
            call: profile.time("copy_call")?,
            to_device_efficiency: efficiency("copy_to_device_efficiency")?,
            to_host_efficiency: efficiency("copy_to_host_efficiency")?,
        })
    }

    /// The engine of one direction of a GPU in `port`.
    pub fn engine(&self, port: &Port, direction: Direction) -> CopyEngine {
        let (efficiency, mapped) = match direction {
            Direction::ToDevice => (self.to_device_efficiency, self.mapped[0]),
            Direction::ToHost => (self.to_host_efficiency, self.mapped[1]),
        };
        let link =
            port.dma_bandwidth(direction.operation(), LONG).expect("the payload is not empty");
        let efficiency = match port.connector {
            Connector::Slot(..) => efficiency,
            // The link's own profile says what copies reach.
            Connector::Chip(_) => 1.0,
        };
        let rate = Rate::bytes_per_s(link.as_bytes_per_s() * efficiency);
        CopyEngine {
            call: self.call,
            setup: self.setup,
            gap: self.gap,
            rate,
            mapped: mapped.unwrap_or(rate).min(link),
        }
    }
}

/// One copy engine at work in one direction, with nothing else on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopyEngine {
    /// The least that a copy takes: the host's calls.
    pub call: Time,
    /// From the call to the end, besides moving data.
    pub setup: Time,
    /// The part of it that keeps the engine from the next copy, where that is queued already.
    pub gap: Time,
    /// Payload per second once it moves.
    pub rate: Rate,
    /// What a kernel's own accesses to pinned host memory reach that way [B/s].
    pub mapped: Rate,
}

impl CopyEngine {
    /// The time of a synchronous copy of `amount` between pinned host memory and the device.
    pub fn pinned(&self, amount: Bytes) -> Time {
        self.call.max(self.setup + amount / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::library::Kind;

    const V100: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../calibration/profiles/gpu/v100-16-pcie.csv"
    ));
    const GEN3: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../calibration/profiles/pcie/gen3-x16.csv"
    ));
    const ROWS: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../calibration/published/gpu_memcpy_h2d_v100_pcie.csv"
    ));

    fn v100(direction: Direction) -> CopyEngine {
        let profile = |kind, text| Profile::parse(kind, "t", &Source::new("t.csv", text)).unwrap();
        let port = Port::from_profile(&profile(Kind::Pcie, GEN3)).unwrap();
        Parameters::from_profile(&profile(Kind::Gpu, V100)).unwrap().engine(&port, direction)
    }

    /// The fit leaves at most 6 % on any row of the curve, and half of them within 1 %.
    #[test]
    fn the_published_v100_curve() {
        let engine = v100(Direction::ToDevice);
        let mut errors = Vec::new();
        for record in csv::Reader::from_reader(ROWS.as_bytes()).records() {
            let record = record.unwrap();
            let amount = Bytes::kib(record[3].parse().unwrap());
            let measured: f64 = record[5].parse().unwrap();
            let predicted = Rate::over(amount, engine.pinned(amount)).unwrap().as_gbyte_s();
            errors.push((predicted / measured - 1.0).abs());
        }
        errors.sort_by(f64::total_cmp);
        assert_eq!(errors.len(), 21);
        assert!(errors[10] < 0.01 && errors[20] < 0.06, "{errors:?}");
    }

    /// The figures of this file's opening paragraph, and the way back that nobody fitted.
    #[test]
    fn what_pcie_explains() {
        let two = |rate: Rate| (rate.as_gbyte_s() * 100.0).round() / 100.0;
        let gen3 = Profile::parse(Kind::Pcie, "t", &Source::new("t", GEN3)).unwrap();
        let mut port = Port::from_profile(&gen3).unwrap();
        assert_eq!(two(port.link().unwrap().raw()), 15.75);
        assert_eq!(two(port.capacity()), 14.21);
        assert_eq!(two(port.dma_bandwidth(Operation::Read, LONG).unwrap()), 13.18);
        assert_eq!(two(v100(Direction::ToHost).rate), 12.99);
        let Connector::Slot(link, _) = &mut port.connector else { panic!("a slot") };
        link.settings.completions = crate::pcie::Completions::AtBoundary;
        link.settings.read_completion_boundary =
            crate::pcie::Boundary::new(Bytes::new(128)).unwrap();
        assert_eq!(two(port.dma_bandwidth(Operation::Read, LONG).unwrap()), 12.29);
    }

    #[test]
    fn whoever_is_later_decides() {
        let engine = CopyEngine {
            call: Time::from_us(10),
            setup: Time::from_us(8),
            gap: Time::from_us(8),
            rate: Rate::gbyte_s(1.0),
            mapped: Rate::gbyte_s(1.0),
        };
        let us = |us| Time::from_us(us);
        assert_eq!(engine.pinned(Bytes::ZERO), us(10));
        assert_eq!(engine.pinned(Bytes::new(2_000)), us(10));
        assert_eq!(engine.pinned(Bytes::new(3_000)), us(11));
    }

    #[test]
    fn parameters_out_of_range_are_refused_where_they_stand() {
        let cases = [
            ("copy_to_device_efficiency,0.9357", "copy_to_device_efficiency,1.5", "is not a part"),
            ("copy_to_host_efficiency,1,ratio,0.9", "copy_to_host_efficiency,0,ratio,0", "is not"),
            ("copy_engines,2", "copy_engines,0", "must be above zero"),
        ];
        for (line, wrong, problem) in cases {
            let text = V100.replace(line, wrong).replace("0.918,0.9538,", "0,2,");
            let profile = Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", text)).unwrap();
            let message = Parameters::from_profile(&profile).unwrap_err().to_string();
            assert!(message.contains(problem), "{wrong} gave {message}");
        }
    }
}
