//! How the lines of a fitted profile hang together: rows of one fit tell combinations of its
//! parameters better than each of them.
//!
//! ```csv
//! parameter,of,weight
//! vxlan.rx_per_byte,tcp.rx_per_byte,-0.31
//! vxlan.rx_per_byte,vxlan.rx_per_byte,0.95
//! ```
//!
//! The standard normal number of a parameter is the weighted sum of independent ones, each called
//! by a parameter: the rows of a lower triangular factor of the fit's correlations. The squares of
//! a parameter's weights sum to one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::input::{InputError, Source};
use crate::profile::csv_error;

/// By how much the squares of a parameter's weights may miss one: they are rounded.
const ROUNDING: f64 = 0.01;

/// One weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The parameter that is moved.
    pub parameter: String,
    /// Whose independent number.
    pub of: String,
    /// How much of it.
    pub weight: f64,
}

/// The weights of all parameters that hang together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posterior {
    weights: BTreeMap<String, Vec<(String, f64)>>,
}

impl Posterior {
    /// Reads a posterior.
    ///
    /// # Errors
    /// A malformed line, or weights of a parameter whose squares do not sum to one.
    pub fn parse(source: &Arc<Source>) -> Result<Posterior, InputError> {
        crate::format::check_csv(source)?;
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.text.as_bytes());
        let mut posterior = Posterior::default();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        let headers = reader.headers().map_err(|e| csv_error(source, &e))?.clone();
        for record in reader.records() {
            let record = record.map_err(|e| csv_error(source, &e))?;
            let line = record.position().map_or(1, |position| position.line() as usize);
            let row: Weight =
                record.deserialize(Some(&headers)).map_err(|e| csv_error(source, &e))?;
            lines.insert(row.parameter.clone(), line);
            posterior.weights.entry(row.parameter).or_default().push((row.of, row.weight));
        }
        for (parameter, parts) in &posterior.weights {
            let squares: f64 = parts.iter().map(|(_, weight)| weight * weight).sum();
            if (squares - 1.0).abs() > ROUNDING || squares.is_nan() {
                let problem = format!("the squares of its weights sum to {squares:.3}");
                return Err(InputError::new(format!("{parameter}.weight"), problem)
                    .help("they sum to 1")
                    .at(source, source.span_of_line(lines[parameter])));
            }
        }
        Ok(posterior)
    }

    /// How many parameters hang together.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether none do.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Every parameter that hangs together with others, and the parts of its number.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[(String, f64)])> {
        self.weights.iter().map(|(parameter, parts)| (parameter.as_str(), parts.as_slice()))
    }

    /// The parts of a parameter's number; none of one that hangs together with no other.
    pub fn of(&self, parameter: &str) -> Option<&[(String, f64)]> {
        self.weights.get(parameter).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Posterior, InputError> {
        let text = format!("# format = 1\nparameter,of,weight\n{body}");
        Posterior::parse(&Source::new("p.csv", text))
    }

    #[test]
    fn weights_are_read_and_checked() {
        let read = parse("a,a,1\nb,a,0.6\nb,b,-0.8\n").unwrap();
        assert_eq!(read.of("b").unwrap(), [("a".into(), 0.6), ("b".into(), -0.8)]);
        assert_eq!(read.of("c"), None);
        let told = parse("a,a,1\nb,a,0.6\n").unwrap_err().to_string();
        assert_eq!(
            told,
            "p.csv:4: b.weight: the squares of its weights sum to 0.360 (they sum to 1)"
        );
        assert!(parse("a,a,x\n").unwrap_err().to_string().starts_with("p.csv:3:"));
    }
}
