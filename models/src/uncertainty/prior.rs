//! How far a number is believed to be off where its line has no interval.
//!
//! It depends on how the number was obtained and on what it measures. What something is built of
//! (counts, sizes) and how it is set is not uncertain, unless its line says so.

use super::Spread;
use crate::profile::{Dimension, How, Parameter, unit};

/// A stated prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// How the numbers were obtained.
    pub how: How,
    /// Costs and delays: 95 % lie within this factor.
    pub times: f64,
    /// Bandwidths, clocks and rates of operations: the same.
    pub rates: f64,
    /// Efficiencies and other ratios: the same.
    pub ratios: f64,
    /// Why.
    pub reason: &'static str,
}

/// The priors of lines without an interval.
pub const PRIORS: [Prior; 5] = [
    Prior {
        how: How::Datasheet,
        times: 1.1,
        rates: 1.02,
        ratios: 1.02,
        reason: "what a vendor or a standard states holds for every piece, to its rounding",
    },
    Prior {
        how: How::Measured,
        times: 1.1,
        rates: 1.05,
        ratios: 1.05,
        reason: "a measurement on this very part, of which the spread was not kept",
    },
    Prior {
        how: How::Fitted,
        times: 1.3,
        rates: 1.1,
        ratios: 1.1,
        reason: "a fit to this very part, of which the spread was not kept",
    },
    Prior {
        how: How::Published,
        times: 1.5,
        rates: 1.1,
        ratios: 1.1,
        reason: "somebody's figure of one such machine: the fitted costs of one benchmark's hosts \
                 differ by 1.2 to 1.5 from those that network namespaces of another host show",
    },
    Prior {
        how: How::Assumed,
        times: 2.5,
        rates: 1.5,
        ratios: 1.25,
        reason: "a guess: most assumed values that were measured later were off by 1.3 to 3",
    },
];

/// Lines that a vendor states and every piece has, wherever the number was found.
const NAMEPLATE: [&str; 6] =
    ["port_rate", "clock", "hbm_bandwidth", "fp32_peak", "fp64_peak", "nvlink_bandwidth"];

/// The distribution of a line, in its own unit.
pub fn spread(row: &Parameter) -> Spread {
    let value = row.value;
    if row.low.is_some() || row.high.is_some() {
        let (low, high) = (row.low.unwrap_or(value), row.high.unwrap_or(value));
        return Spread { value, low, high };
    }
    let how = match NAMEPLATE.contains(&row.parameter.as_str()) {
        true => How::Datasheet,
        false => row.how,
    };
    let prior = PRIORS.iter().find(|prior| prior.how == how).expect("one for each");
    let dimension = unit(&row.unit).map_or(Dimension::Count, |unit| unit.1);
    let spread = |factor| Spread::within(value, factor);
    match dimension {
        Dimension::Time | Dimension::TimePerByte => spread(prior.times),
        Dimension::Rate | Dimension::Frequency | Dimension::Flops => spread(prior.rates),
        // An efficiency is a part of what there is.
        Dimension::Ratio if value < 1.0 => {
            let spread = spread(prior.ratios);
            Spread { high: spread.high.min(1.0), ..spread }
        }
        Dimension::Ratio => spread(1.0),
        Dimension::Bytes | Dimension::Count => spread(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: &str, value: f64, how: How) -> Parameter {
        let (parameter, source) = ("x".into(), "s".into());
        Parameter { parameter, value, unit: unit.into(), low: None, high: None, how, source }
    }

    #[test]
    fn an_interval_of_its_own_goes_before_the_prior() {
        let own = Parameter { high: Some(3.0), ..row("us", 2.0, How::Assumed) };
        assert_eq!(spread(&own), Spread { value: 2.0, low: 2.0, high: 3.0 });
        assert_eq!(spread(&row("us", 2.0, How::Assumed)), Spread::within(2.0, 2.5));
    }

    #[test]
    fn what_something_is_built_of_is_known_and_a_part_is_never_more_than_all() {
        assert!(spread(&row("count", 8.0, How::Assumed)).is_exact());
        assert!(spread(&row("KiB", 8.0, How::Assumed)).is_exact());
        let part = spread(&row("ratio", 0.9, How::Assumed));
        assert_eq!((part.low, part.high), (0.9 / 1.25, 1.0));
    }
}
