//! Distributions as they stand in a file: `5 ms`, `exponential(5 ms)`, `lognormal(5 ms, 0.4)`.

use models::input::suggest;
use models::quantity::parse_time;
use sim::Dist;

use super::problem::Problem;
use super::scalar::Scalar;

/// What the values of a distribution are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Times, in seconds.
    Time,
    /// Pure numbers.
    Number,
}

const NAMES: [&str; 5] = ["exponential", "lognormal", "uniform", "pareto", "one-of"];

/// Reads a distribution.
pub(crate) fn dist(value: &Scalar, unit: Unit) -> Result<Dist, Problem> {
    let text = match (value, unit) {
        (Scalar::Text(text), _) => text.trim(),
        (Scalar::Integer(number), Unit::Number) => return constant(*number as f64),
        (Scalar::Float(number), Unit::Number) => return constant(*number),
        _ => {
            let problem = format!("{} stands where a time is due", value.kind());
            return Err(Problem::new(problem, help(unit)));
        }
    };
    let Some((name, rest)) = text.split_once('(') else { return constant(amount(text, unit)?) };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(Problem::new(format!("`{text}` has no closing bracket"), help(unit)));
    };
    let name = name.trim();
    let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
    let of = |part: &str| amount(part, unit);
    let pure = |part: &str| amount(part, Unit::Number);
    let dist = match (name, &parts[..]) {
        ("exponential", [mean]) => Dist::Exponential { mean: of(mean)? },
        ("lognormal", [median, sigma]) => {
            Dist::LogNormal { median: of(median)?, sigma: pure(sigma)? }
        }
        ("uniform", [low, high]) => Dist::Uniform { low: of(low)?, high: of(high)? },
        ("pareto", [scale, shape]) => Dist::Pareto { scale: of(scale)?, shape: pure(shape)? },
        ("one-of", values) => {
            let values = values.iter().map(|value| of(value));
            Dist::Empirical { values: values.collect::<Result<_, _>>()? }
        }
        (known, parts) if NAMES.contains(&known) => {
            let problem = format!("`{known}` does not have {} values", parts.len());
            return Err(Problem::new(problem, help(unit)));
        }
        (unknown, _) => {
            let problem = format!("no distribution is called `{unknown}`");
            return Err(Problem::new(problem, suggest(unknown, NAMES)));
        }
    };
    match dist.check() {
        Ok(()) => Ok(dist),
        Err(error) => Err(Problem::new(format!("`{text}`: {error}"), help(unit))),
    }
}

fn constant(value: f64) -> Result<Dist, Problem> {
    let dist = Dist::Constant { value };
    match dist.check() {
        Ok(()) => Ok(dist),
        Err(_) => Err(Problem::new(format!("`{value}` is not possible"), "zero or more")),
    }
}

fn amount(text: &str, unit: Unit) -> Result<f64, Problem> {
    match unit {
        Unit::Time => Ok(parse_time(text)?.as_seconds()),
        Unit::Number => {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| Problem::new(format!("`{text}` is no number"), help(unit)))
        }
    }
}

fn help(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => {
            "a time (\"5 ms\"), exponential(mean), lognormal(median, sigma), uniform(low, high), \
             pareto(scale, shape) or one-of(a, b, …)"
        }
        Unit::Number => {
            "a number, exponential(mean), lognormal(median, sigma), uniform(low, high), \
             pareto(scale, shape) or one-of(a, b, …)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Result<Dist, Problem> {
        dist(&Scalar::Text(text.into()), Unit::Time)
    }

    #[test]
    fn reads_what_the_schema_promises() {
        assert_eq!(time("5 ms"), Ok(Dist::Constant { value: 0.005 }));
        assert_eq!(time("exponential(2 s)"), Ok(Dist::Exponential { mean: 2.0 }));
        let log = Dist::LogNormal { median: 0.001, sigma: 0.4 };
        assert_eq!(time("lognormal( 1 ms , 0.4 )"), Ok(log));
        assert_eq!(time("uniform(0 s, 2 s)"), Ok(Dist::Uniform { low: 0.0, high: 2.0 }));
        assert_eq!(time("pareto(1 s, 2.5)"), Ok(Dist::Pareto { scale: 1.0, shape: 2.5 }));
        assert_eq!(time("one-of(1 s, 3 s)"), Ok(Dist::Empirical { values: vec![1.0, 3.0] }));
        let number = dist(&Scalar::Text("exponential(1)".into()), Unit::Number);
        assert_eq!(number, Ok(Dist::Exponential { mean: 1.0 }));
        assert_eq!(dist(&Scalar::Integer(2), Unit::Number), Ok(Dist::Constant { value: 2.0 }));
    }

    #[test]
    fn refuses_what_cannot_be_drawn_from() {
        for (text, says) in [
            ("exponential(0 s)", "`mean` must be finite and above zero"),
            ("exponential(1 s, 2 s)", "does not have 2 values"),
            ("exponental(1 s)", "no distribution is called `exponental`"),
            ("uniform(2 s, 1 s)", "above `low`"),
            ("exponential(1 s", "no closing bracket"),
            ("5", "has no unit"),
            ("exponential(1e999 s)", "no finite number"),
        ] {
            let problem = time(text).unwrap_err().problem;
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }
}
