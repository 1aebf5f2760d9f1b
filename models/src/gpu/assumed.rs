//! What is assumed of a GPU where its profile says nothing: one table, each line with its reason.
//!
//! These are quantities that `podpath calibrate gpu` measures and that nobody publishes; most
//! values are those of the GPUs that it has measured (`calibration/data/measured`). A profile
//! that has such a line is taken at its word; for one that has not, [`completed`] adds the line, so
//! that sweeps, intervals and the table of parameters see it like any other.

use std::borrow::Cow;

use crate::profile::{How, Parameter, Profile, unit};

/// What a value is derived from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Basis {
    /// So many cycles of the profile's clock.
    Cycles(f64),
    /// So many cycles of the profile's clock, shared by all SMs.
    CyclesPerSm(f64),
    /// The value of another line.
    As(&'static str),
    /// A value in the line's unit.
    Value(f64),
}

/// Whether the execution model reads a line, or every GPU has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Machine,
    Gpu,
}

/// A line that is assumed.
#[derive(Clone, Copy, Debug)]
pub struct Assumed {
    /// The parameter.
    pub parameter: &'static str,
    /// Its unit in profiles.
    pub unit: &'static str,
    basis: Basis,
    /// Low and high end of the 95 % interval, as factors of the value.
    factors: (f64, f64),
    reader: Reader,
    /// Why this value.
    pub reason: &'static str,
}

const MACHINE: Reader = Reader::Machine;
const GPU: Reader = Reader::Gpu;

/// Every line that is assumed where a profile lacks it.
pub const ASSUMED: [Assumed; 14] = [
    Assumed {
        parameter: "block_interval",
        unit: "ns",
        basis: Basis::Cycles(1.0 / 0.83),
        factors: (0.5, 2.0),
        reader: MACHINE,
        reason: "0.83 blocks a cycle, from the smallest blocks of the A40 in \
                 gpu_small_kernels.csv; other GPUs are taken for alike within a factor of two",
    },
    Assumed {
        parameter: "barrier_latency",
        unit: "ns",
        basis: Basis::Cycles(12.7),
        factors: (0.5, 2.0),
        reader: MACHINE,
        reason: "12.7 cycles, measured on an H200; 20 on a V100 (Z. Jia et al. 2018, \
                 arXiv:1804.06826)",
    },
    Assumed {
        parameter: "barrier_per_warp",
        unit: "ns",
        basis: Basis::Cycles(2.0),
        factors: (0.5, 2.0),
        reader: MACHINE,
        reason: "2 cycles a warp, measured on an H200; 1.5 on a V100 (Z. Jia et al. 2018, \
                 arXiv:1804.06826)",
    },
    Assumed {
        parameter: "atomic_own_word_interval",
        unit: "ns",
        basis: Basis::CyclesPerSm(0.53),
        factors: (0.33, 3.0),
        reader: MACHINE,
        reason: "as many cycles and SMs as measured on an H200; on others within a factor of three",
    },
    Assumed {
        parameter: "atomic_one_word_interval",
        unit: "ns",
        basis: Basis::Cycles(1.49),
        factors: (0.5, 2.0),
        reader: MACHINE,
        reason: "1.49 cycles, measured on an H200; on others within a factor of two",
    },
    Assumed {
        parameter: "atomic_line_interval",
        unit: "ns",
        basis: Basis::Cycles(9.7),
        factors: (0.5, 2.0),
        reader: MACHINE,
        reason: "9.7 cycles, measured on an H200; on others within a factor of two",
    },
    Assumed {
        parameter: "atomic_scattered_interval",
        unit: "ns",
        basis: Basis::CyclesPerSm(2.8),
        factors: (0.33, 3.0),
        reader: MACHINE,
        reason: "as many cycles and SMs as measured on an H200; on others within a factor of three",
    },
    Assumed {
        parameter: "single_efficiency",
        unit: "ratio",
        basis: Basis::Value(1.0),
        factors: (0.8, 1.0),
        reader: MACHINE,
        reason: "the data sheet's peak; a loop of 32 multiply-adds was seen to reach 0.84 of it on \
                 an H100 and an H200",
    },
    Assumed {
        parameter: "atomic_latency",
        unit: "ns",
        basis: Basis::As("l2_latency"),
        factors: (0.7, 2.5),
        reader: MACHINE,
        reason: "as a load from L2, where atomics are carried out; an H200 was seen to take 1.0 \
                 and 1.8 times as long",
    },
    Assumed {
        parameter: "access_granule",
        unit: "B",
        basis: Basis::Value(32.0),
        factors: (1.0, 2.0),
        reader: MACHINE,
        reason: "a sector (CUDA C++ Best Practices Guide: Coalesced Access to Global Memory); \
                 device memory may be fetched in pairs of them",
    },
    Assumed {
        parameter: "event_wait",
        unit: "us",
        basis: Basis::As("stream_gap"),
        factors: (0.33, 2.0),
        reader: MACHINE,
        reason: "as the gap between dependent kernels of a stream; an H200 was seen to take \
                 0.3 and 0.46 times as long",
    },
    Assumed {
        parameter: "turn_quantum",
        unit: "ms",
        basis: Basis::Value(2.0),
        factors: (0.5, 2.0),
        reader: GPU,
        reason: "2 ms; 2.15 ms measured on an H200, and `nvidia-smi compute-policy \
                 --set-timeslice` changes it",
    },
    Assumed {
        parameter: "turn_switch",
        unit: "us",
        basis: Basis::Value(170.0),
        factors: (0.5, 2.0),
        reader: GPU,
        reason: "two and three processes that never rest lost 8.5 % on a GB10: 9.52 s and 14.31 s \
                 for what one does in 4.39 s (github.com/RobTand/prismaquant/issues/283); 183 us \
                 measured on an H200",
    },
    Assumed {
        parameter: "share_streams_cost",
        unit: "ratio",
        basis: Basis::Value(1.0),
        factors: (0.9, 1.1),
        reader: GPU,
        reason: "kernels side by side are taken to lose nothing but each other's part; 0.93 \
                 measured on an H200",
    },
];

/// What is assumed of a parameter of a GPU of which `is` says what is known, both in base units;
/// none for other parameters, and where `is` lacks what the value is derived from.
pub fn value(parameter: &str, is: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    ASSUMED.iter().find(|line| line.parameter == parameter)?.value(is)
}

impl Assumed {
    fn value(&self, is: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        Some(match self.basis {
            Basis::Value(value) => value * unit(self.unit)?.2,
            Basis::As(other) => is(other)?,
            Basis::Cycles(cycles) => cycles / is("clock")?,
            Basis::CyclesPerSm(cycles) => cycles / (is("clock")? * is("sms")?),
        })
    }

    /// The line for `profile`; none where the profile lacks what the value is derived from.
    fn line(&self, profile: &Profile) -> Option<Parameter> {
        let base = |name: &str| {
            let row = profile.rows().iter().find(|row| row.parameter == name)?;
            Some(row.value * unit(&row.unit)?.2)
        };
        let value = match self.basis {
            // To the letter, and not by way of base units.
            Basis::Value(value) => value,
            _ => self.value(base)? / unit(self.unit)?.2,
        };
        let (low, high) = self.factors;
        Some(Parameter {
            parameter: self.parameter.into(),
            value,
            unit: self.unit.into(),
            low: Some(low * value),
            high: Some(high * value),
            how: How::Assumed,
            source: self.reason.into(),
        })
    }
}

/// A GPU's profile with a line for everything that is assumed where it says nothing. Lines of the
/// execution model are only added to a profile that has one.
pub fn completed(profile: &Profile) -> Cow<'_, Profile> {
    let modelled = super::is_modelled(profile);
    let missing = ASSUMED
        .iter()
        .filter(|line| !profile.has(line.parameter) && (modelled || line.reader == Reader::Gpu));
    let lines: Vec<Parameter> = missing.filter_map(|line| line.line(profile)).collect();
    match lines.is_empty() {
        true => Cow::Borrowed(profile),
        false => Cow::Owned(profile.completed(lines)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::library::Kind;

    fn profile(more: &str) -> Profile {
        let header = "parameter,value,unit,low,high,how,source\n";
        let lines = "clock,1000,MHz,,,datasheet,x\nsms,50,count,,,datasheet,x\n";
        Profile::parse(Kind::Gpu, "t", &Source::new("t.csv", format!("{header}{lines}{more}")))
            .unwrap()
    }

    fn value(profile: &Profile, parameter: &str) -> Option<f64> {
        profile.rows().iter().find(|row| row.parameter == parameter).map(|row| row.value)
    }

    #[test]
    fn cycles_become_time_by_the_clock_of_the_profile() {
        let modelled = profile("l2_latency,200,ns,,,assumed,x\nstream_gap,1.5,us,,,assumed,x\n");
        let all = completed(&modelled);
        let close = |name: &str, expected: f64| {
            let found = value(&all, name).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-12, "{name}: {found}, not {expected}");
        };
        close("barrier_latency", 12.7);
        close("block_interval", 1.0 / 0.83);
        close("atomic_own_word_interval", 0.53 / 50.0);
        close("atomic_latency", 200.0);
        close("event_wait", 1.5);
        close("turn_switch", 170.0);
        for line in ASSUMED {
            let row = all.rows().iter().find(|row| row.parameter == line.parameter).unwrap();
            assert_eq!(row.how, How::Assumed);
            let (low, high) = (row.low.unwrap(), row.high.unwrap());
            assert!(low <= row.value && row.value <= high && low < high, "{row:?}");
        }
        assert_eq!(*completed(&all), *all, "completing twice changes nothing");
    }

    #[test]
    fn what_a_profile_says_stays_and_a_data_sheet_gets_no_execution_model() {
        let own = profile("stream_gap,1.5,us,,,assumed,x\nevent_wait,7,us,,,measured,x\n");
        assert_eq!(value(&completed(&own), "event_wait"), Some(7.0));
        let bare = profile("");
        let bare = completed(&bare);
        assert_eq!(value(&bare, "barrier_latency"), None);
        assert_eq!(value(&bare, "turn_quantum"), Some(2.0));
    }
}
