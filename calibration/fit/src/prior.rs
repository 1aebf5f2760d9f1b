//! What is known of a host before a fit: a CSV file beside the profiles that fits write.
//!
//! ```csv
//! parameter,value,unit,factor,of,how,source
//! vxlan.rx_per_byte,0.065,ns/B,2,,fitted,network namespaces
//! geneve.rx_per_byte,1,ns/B,,vxlan.rx_per_byte,assumed,both are UDP tunnels
//! ```
//!
//! `factor` makes a parameter free: one standard deviation of the prior, as a factor. `of` makes
//! it follow another: its value is then a factor on that one's.

use std::collections::BTreeSet;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::profile::{How, Parameter, csv_error, unit};
use models::uncertainty::prior::spread;
use serde::Deserialize;

use super::covariance::Together;
use super::posterior::{Estimate, Free};

/// A line of a priors file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// The parameter of the profile.
    pub parameter: String,
    /// Median in `unit`, or a factor on the parameter that it follows.
    pub value: f64,
    /// Unit, as in a profile.
    pub unit: String,
    /// One standard deviation as a factor; empty: not fitted.
    pub factor: Option<f64>,
    /// The parameter that it follows, an earlier line.
    pub of: Option<String>,
    /// How the value was obtained.
    pub how: How,
    /// Where it is from.
    pub source: String,
}

impl Prior {
    /// The line of a profile that it is without a fit.
    fn parameter(&self) -> Parameter {
        Parameter {
            parameter: self.parameter.clone(),
            value: self.value,
            unit: self.unit.clone(),
            low: None,
            high: None,
            how: self.how,
            source: self.source.clone(),
        }
    }
}

/// The lines of a priors file.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    lines: Vec<Prior>,
}

impl Priors {
    /// Reads a priors file.
    ///
    /// # Errors
    /// A malformed line, an unknown unit, a value below zero, a factor of at most one, or a
    /// parameter that follows one which does not stand before it.
    pub fn parse(source: &Arc<Source>) -> Result<Priors, InputError> {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.text.as_bytes());
        let headers = reader.headers().map_err(|e| csv_error(source, &e))?.clone();
        let mut lines: Vec<Prior> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| csv_error(source, &e))?;
            let at = record.position().map_or(1, |position| position.line() as usize);
            let line: Prior =
                record.deserialize(Some(&headers)).map_err(|e| csv_error(source, &e))?;
            if let Some((field, problem)) = fault(&line, &lines) {
                let field = format!("{}.{field}", line.parameter);
                return Err(InputError::new(field, problem).at(source, source.span_of_line(at)));
            }
            lines.push(line);
        }
        Ok(Priors { lines })
    }

    /// The parameters to fit.
    pub fn free(&self) -> Vec<Free> {
        let free = self.lines.iter().filter(|line| line.factor.is_some());
        free.map(|line| Free {
            name: line.parameter.clone(),
            prior: line.value,
            factor: line.factor,
        })
        .collect()
    }

    /// The kinds of hop whose costs a parameter sets, itself or through those that follow it.
    pub fn hops_of(&self, parameter: &str) -> BTreeSet<String> {
        let hop = |name: &str| name.split_once('.').map_or("", |(hop, _)| hop).to_owned();
        let mut moved = vec![parameter];
        for line in &self.lines {
            if line.of.as_deref().is_some_and(|of| moved.contains(&of)) {
                moved.push(&line.parameter);
            }
        }
        moved.into_iter().map(hop).collect()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The parameter of line `at`.
    pub fn name(&self, at: usize) -> &str {
        &self.lines[at].parameter
    }

    /// The line that line `at` follows.
    pub fn followed(&self, at: usize) -> Option<usize> {
        let of = self.lines[at].of.as_ref()?;
        self.lines.iter().position(|line| line.parameter == *of)
    }

    /// How uncertain each line's own number is beforehand: one standard deviation of its logarithm;
    /// zero if it is exact.
    pub fn sigmas(&self) -> Vec<f64> {
        let sigma = |line: &Prior| match line.factor {
            Some(factor) => libm::log(factor),
            None => spread(&line.parameter()).sigma().unwrap_or(0.0),
        };
        self.lines.iter().map(sigma).collect()
    }

    /// Each line's own number, where the free ones have `values`: a value, or a ratio to the line
    /// that it follows.
    pub fn own(&self, values: &[f64]) -> Vec<f64> {
        let mut free = values.iter();
        let own = |line: &Prior| match line.factor {
            Some(_) => *free.next().expect("one value per free parameter"),
            None => line.value,
        };
        self.lines.iter().map(own).collect()
    }

    /// A profile in which the free parameters have `values`, at full precision.
    pub fn profile(&self, values: &[f64]) -> String {
        self.profile_of(&self.own(values))
    }

    /// A profile in which each line's own number is this.
    pub fn profile_of(&self, own: &[f64]) -> String {
        let values = self.resolve(own);
        let mut text = String::from("parameter,value,unit,low,high,how,source\n");
        for (line, value) in self.lines.iter().zip(values) {
            text += &format!("{},{value:e},{},,,fitted,trial\n", line.parameter, line.unit);
        }
        text
    }

    /// The profile of a finished fit, to four digits; `note` is added to every fitted line. Those
    /// that are `refused` stay near what was believed of them, at the value that the others were
    /// fitted beside, and count as assumed.
    pub fn fitted(
        &self,
        estimates: &[Estimate],
        refused: &[String],
        together: Option<&Together>,
        note: &str,
    ) -> String {
        let values: Vec<f64> = estimates.iter().map(|e| digits(e.value)).collect();
        let resolved = self.resolve(&self.own(&values));
        let mut writer = csv::Writer::from_writer(models::format::comment());
        let header = ["parameter", "value", "unit", "low", "high", "how", "source"];
        writer.write_record(header).expect("memory");
        for (at, (line, value)) in self.lines.iter().zip(resolved).enumerate() {
            let estimate = estimates.iter().find(|e| e.name == line.parameter);
            let (low, high, how, source) = match (estimate, &line.of) {
                (Some(e), _) if refused.contains(&e.name) => {
                    let told = format!("{note}: they do not tell it; assumed: {}", line.source);
                    (String::new(), String::new(), "assumed", told)
                }
                (Some(e), _) => {
                    let (low, high) = (digits(e.low).to_string(), digits(e.high).to_string());
                    (low, high, "fitted", format!("{note}; prior: {}", line.source))
                }
                (None, Some(of)) => {
                    let told = format!("{} × {of}: {}", line.value, line.source);
                    (String::new(), String::new(), line.how.word(), told)
                }
                (None, None) => {
                    (String::new(), String::new(), line.how.word(), line.source.clone())
                }
            };
            let value = digits(value);
            let interval = together.and_then(|together| together.interval(at, value));
            let (low, high) = interval.map_or((low, high), |(a, b)| (a.to_string(), b.to_string()));
            let value = value.to_string();
            let record = [&line.parameter, &value, &line.unit, &low, &high, how, &source];
            writer.write_record(record).expect("memory");
        }
        String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
    }

    /// Every line's value, in its own unit, from each line's own number.
    fn resolve(&self, own: &[f64]) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::with_capacity(self.lines.len());
        for (at, (line, own)) in self.lines.iter().zip(own).enumerate() {
            values.push(match self.followed(at) {
                None => *own,
                Some(of) => {
                    let scale = factor_of(&self.lines[of].unit) / factor_of(&line.unit);
                    own * values[of] * scale
                }
            });
        }
        values
    }
}

/// Four significant digits: more would be noise, and would differ between processors.
pub fn digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number was printed")
}

fn factor_of(name: &str) -> f64 {
    unit(name).map_or(1.0, |unit| unit.2)
}

/// What is wrong with a line that stands below `before`.
fn fault(line: &Prior, before: &[Prior]) -> Option<(&'static str, String)> {
    if !line.value.is_finite() || line.value < 0.0 {
        return Some(("value", format!("{} is not possible", line.value)));
    }
    let Some((_, dimension, _)) = unit(&line.unit) else {
        return Some(("unit", format!("unknown unit `{}`", line.unit)));
    };
    if let Some(factor) = line.factor {
        if !(factor.is_finite() && factor > 1.0) || line.value == 0.0 {
            return Some(("factor", "needs a factor above 1 on a value above 0".into()));
        }
        if line.of.is_some() {
            return Some(("of", "a parameter is free or follows another, not both".into()));
        }
    }
    if let Some(of) = &line.of {
        match before.iter().find(|l| l.parameter == *of) {
            None => return Some(("of", format!("no line above is about `{of}`"))),
            Some(l) if unit(&l.unit).map(|u| u.1) != Some(*dimension) => {
                return Some(("of", format!("`{of}` is of another dimension")));
            }
            Some(_) => {}
        }
    }
    if before.iter().any(|l| l.parameter == line.parameter) {
        return Some(("parameter", "is given twice".into()));
    }
    line.source.trim().is_empty().then(|| ("source", "is empty".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "parameter,value,unit,factor,of,how,source\n";

    fn parse(body: &str) -> Result<Priors, InputError> {
        Priors::parse(&Source::new("p.csv", format!("{HEADER}{body}")))
    }

    #[test]
    fn followers_follow_in_their_own_unit() {
        let priors = parse("a.x,2,us,3,,fitted,s\nb.x,0.5,ns,,a.x,assumed,t\n").unwrap();
        assert!((priors.resolve(&priors.own(&[4.0]))[1] - 2000.0).abs() < 1e-9);
        let estimate = Estimate {
            name: "a.x".into(),
            value: 4.000_04,
            low: 3.0,
            high: 5.0,
            spread_ratio: 0.1,
        };
        let text = priors.fitted(&[estimate], &[], None, "rows");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# format = 1");
        assert_eq!(lines[2], "a.x,4,us,3,5,fitted,rows; prior: s");
        assert_eq!(lines[3], "b.x,2000,ns,,,assumed,0.5 × a.x: t");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let cases = [
            ("a,-1,us,,,fitted,s\n", "a.value: -1 is not possible"),
            ("a,1,parsec,,,fitted,s\n", "a.unit: unknown unit `parsec`"),
            ("a,1,us,0.5,,fitted,s\n", "a.factor: needs a factor above 1"),
            ("a,1,us,,b,fitted,s\n", "a.of: no line above is about `b`"),
            ("a,1,us,,,guessed,s\n", "unknown variant `guessed`"),
            ("b,1,B,,,fitted,s\na,1,us,,b,fitted,s\n", "a.of: `b` is of another dimension"),
            ("a,1,us,,,fitted,s\na,1,us,,,fitted,s\n", "a.parameter: is given twice"),
        ];
        for (body, expected) in cases {
            let told = parse(body).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
