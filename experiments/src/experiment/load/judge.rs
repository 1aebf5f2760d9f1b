//! Whether a value is possible for a field, whatever else the file says.

use models::quantity::parse_time;
use sim::{Dist, Time};

use super::super::draft::{count, word};
use super::super::problem::Problem;
use super::super::scalar::Scalar;
use super::Kind;
use super::drawn::{Unit, dist};

/// More clients than this are taken for a slip, and more slots of a pool.
const COUNT_MAX: i64 = 1_000_000;
/// The most runs of one workload.
pub(super) const RUNS_MAX: i64 = 1_000_000_000;
/// How often a step may be repeated.
const REPEATS_MAX: i64 = 1_000;
/// How often a run may be begun.
const ATTEMPTS_MAX: i64 = 100;
/// The fastest arrivals that are taken for a rate [1/s].
const RATE_MAX_HZ: f64 = 1e9;
/// What `warm_up` says where it is to be found.
pub(super) const AUTO: &str = "auto";

/// Judges the value of a field on its own.
pub(crate) fn judged(kind: Kind, key: &str, value: &Scalar) -> Result<(), Problem> {
    match key {
        "every" | "limit" => positive_time(value).map(drop),
        "at" | "until" | "keep" => time(value).map(drop),
        "warm_up" if *value == Scalar::Text(AUTO.into()) => Ok(()),
        "warm_up" => time(value).map(drop),
        "rate" => rate(value).map(drop),
        "think" | "wait" | "set_up" => dist(value, Unit::Time).map(drop),
        "size" => dist(value, Unit::Number).map(drop),
        "clients" | "slots" => count(value, COUNT_MAX).map(drop),
        "count" => count(value, RUNS_MAX).map(drop),
        "attempts" => count(value, ATTEMPTS_MAX).map(drop),
        "repeat" => count(value, REPEATS_MAX).map(drop),
        "precision" => part(value, 0.5).map(drop),
        "chance" => part(value, 1.0).map(drop),
        _ => {
            debug_assert!(kind.fields().contains(&key), "{key}");
            word(value).map(drop)
        }
    }
}

/// The ending of the column of a field that names the unit, and a value in that unit; none where
/// the value is a word, a pure number or drawn.
pub(crate) fn measured(key: &str, value: &Scalar) -> Option<(&'static str, f64)> {
    match key {
        "rate" => Some(("hz", rate(value).ok()?)),
        "at" | "every" | "until" | "limit" | "keep" | "warm_up" => {
            Some(("s", time(value).ok()?.as_seconds()))
        }
        "think" | "wait" | "set_up" => match dist(value, Unit::Time).ok()? {
            Dist::Constant { value } => Some(("s", value)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn time(value: &Scalar) -> Result<Time, Problem> {
    match value {
        Scalar::Text(text) => Ok(parse_time(text)?),
        _ => {
            let problem = format!("{} stands where a time is due", value.kind());
            Err(Problem::new(problem, "a number and its unit in quotes: \"10 ms\""))
        }
    }
}

pub(super) fn positive_time(value: &Scalar) -> Result<Time, Problem> {
    match time(value)? {
        Time::ZERO => Err(Problem::new("is zero", "a time above zero: \"10 ms\"")),
        time => Ok(time),
    }
}

/// Arrivals a second.
pub(super) fn rate(value: &Scalar) -> Result<f64, Problem> {
    let help = "a number above zero with its unit in quotes: \"100 /s\"; units: /s, /min, /h";
    let Scalar::Text(text) = value else {
        let problem = format!("{} stands where a rate is due", value.kind());
        return Err(Problem::new(problem, help));
    };
    let Some((number, unit)) = text.split_once('/') else {
        return Err(Problem::new(format!("`{text}` has no unit"), help));
    };
    let seconds = match unit.trim() {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        unit => return Err(Problem::new(format!("unknown unit `/{unit}`"), help)),
    };
    let number = number.trim().parse().ok().map(|number: f64| number / seconds);
    match number.filter(|rate| rate.is_finite() && *rate > 0.0 && *rate <= RATE_MAX_HZ) {
        Some(rate) => Ok(rate),
        None => Err(Problem::new(format!("`{text}` is not a possible rate"), help)),
    }
}

/// A part of a whole, above zero.
pub(super) fn part(value: &Scalar, most: f64) -> Result<f64, Problem> {
    let number = match value {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Text(_) | Scalar::Boolean(_) => None,
    };
    number.filter(|number| *number > 0.0 && *number <= most).ok_or_else(|| {
        let help = format!("a number above 0 and at most {most}");
        Problem::new(format!("`{value}` is not possible"), help)
    })
}

/// A judged count.
pub(super) fn number(value: &Scalar) -> u64 {
    match value {
        Scalar::Integer(number) => *number as u64,
        _ => unreachable!("it was judged"),
    }
}
