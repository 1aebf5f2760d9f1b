//! What somebody reported, beside the figures of a scenario.

use std::sync::Arc;

use models::input::{InputError, Source, parse_toml, suggest};
use models::quantity::{parse_bytes, parse_rate};
use serde::Deserialize;
use serde_spanned::Spanned;

use super::sweep::Variant;
use crate::experiment::{Flat, Scalar};
use crate::functions::time;

/// A figure that somebody reported.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    /// The figure of podpath that stands beside it.
    pub(crate) figure: String,
    /// The ends of what was seen, in the unit of the figure.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// The variant, by its number.
    pub(crate) variant: usize,
    /// The kind of figure, by which tables put figures together.
    pub(crate) kind: String,
    /// Whether the file took numbers from it, so that it says nothing of the prediction.
    pub(crate) is_used: bool,
    pub(crate) source: String,
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
struct Rows {
    #[serde(default)]
    reported: Vec<Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    figure: Spanned<String>,
    value: Spanned<Scalar>,
    up_to: Option<Spanned<Scalar>>,
    at: Option<Flat<Scalar>>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    used: bool,
    source: Spanned<String>,
    text: String,
}

/// The ratio of the nearer ends of a range and a value, the greater over the less.
pub(crate) fn factor(low: f64, high: f64, value: f64) -> f64 {
    let nearest = value.clamp(low, high);
    match nearest == value {
        true => 1.0,
        false => (nearest / value).max(value / nearest),
    }
}

/// Judges every `[[reported]]` of a text; `known` are the figures of its kind.
pub(super) fn all(
    source: &Arc<Source>,
    axes: &[String],
    variants: &[Variant],
    known: &[&str],
) -> Result<Vec<Reported>, InputError> {
    let rows: Rows = parse_toml(source)?;
    let one = |(number, raw): (usize, Raw)| {
        let field = |key: &str| format!("reported[{number}].{key}");
        if !known.contains(&raw.figure.get_ref().as_str()) {
            let problem = format!("no figure is called `{}`", raw.figure.get_ref());
            return Err(InputError::new(field("figure"), problem)
                .help(suggest(raw.figure.get_ref(), known.iter().copied()))
                .at(source, raw.figure.span()));
        }
        let read = |value: &Spanned<Scalar>, key: &str| {
            read(raw.figure.get_ref(), value.get_ref()).map_err(|(problem, help)| {
                InputError::new(field(key), problem).help(help).at(source, value.span())
            })
        };
        let low = read(&raw.value, "value")?;
        let high = raw.up_to.as_ref().map_or(Ok(low), |value| read(value, "up_to"))?;
        if high < low {
            let span = raw.up_to.as_ref().expect("it is above").span();
            return Err(InputError::new(field("up_to"), "lies below `value`")
                .help("the upper end of the range")
                .at(source, span));
        }
        if !raw.source.get_ref().contains("://") {
            return Err(InputError::new(field("source"), "is not a URL")
                .help("where the figure was published: https://…")
                .at(source, raw.source.span()));
        }
        let wanted = raw.at.map(|table| table.0).unwrap_or_default();
        let fits = |variant: &Variant| {
            wanted.iter().all(|entry| {
                let at = axes.iter().position(|axis| *axis == entry.key);
                at.is_some_and(|at| variant.values[at] == entry.value)
            })
        };
        let own: Vec<usize> = (0..variants.len()).filter(|at| fits(&variants[*at])).collect();
        let [variant] = own[..] else {
            let problem = match own.len() {
                0 => "no variant has these values".to_owned(),
                many => format!("{many} variants have these values"),
            };
            let help = match axes.is_empty() {
                true => "no `at`, since this file sweeps nothing".to_owned(),
                false => format!("`at` with values of {}", axes.join(", ")),
            };
            let span = wanted.first().map_or(raw.value.span(), |entry| entry.key_span.clone());
            return Err(InputError::new(field("at"), problem).help(help).at(source, span));
        };
        Ok(Reported {
            figure: raw.figure.into_inner(),
            low,
            high,
            variant,
            kind: raw.kind,
            is_used: raw.used,
            source: raw.source.into_inner(),
            text: raw.text,
        })
    };
    rows.reported.into_iter().enumerate().map(one).collect()
}

/// A value in the unit that the name of its figure ends with.
fn read(figure: &str, value: &Scalar) -> Result<f64, (String, String)> {
    let number = || match value {
        Scalar::Integer(own) => Some(*own as f64),
        Scalar::Float(own) => Some(*own),
        Scalar::Text(_) | Scalar::Boolean(_) => None,
    };
    let text = match value {
        Scalar::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let wrong = |help: &str| (format!("`{value}` is not possible"), help.to_owned());
    match unit(figure) {
        "s" => {
            let text = text.ok_or_else(|| wrong("a time: \"46 ms\""))?;
            let time = time(text).map_err(|problem| (problem.problem, problem.help))?;
            Ok(time.as_seconds())
        }
        "B/s" => {
            let text = text.ok_or_else(|| wrong("a rate: \"12 GB/s\""))?;
            let rate = parse_rate(text).map_err(|error| (error.problem, error.help))?;
            Ok(rate.as_bytes_per_s())
        }
        "B" => {
            let text = text.ok_or_else(|| wrong("bytes: \"20 MiB\""))?;
            Ok(parse_bytes(text).map_err(|error| (error.problem, error.help))?.as_f64())
        }
        _ => number()
            .filter(|own| own.is_finite() && *own >= 0.0)
            .ok_or_else(|| wrong("a number without quotes")),
    }
}

/// The unit that the name of a figure ends with; nothing of a count.
pub(crate) fn unit(figure: &str) -> &'static str {
    const ENDS: [(&str, &str); 6] = [
        ("_bytes_per_s", "B/s"),
        ("_tokens_per_s", "1/s"),
        ("_per_s", "1/s"),
        ("_bytes", "B"),
        ("_percent", "%"),
        ("_s", "s"),
    ];
    ENDS.iter().find(|(end, _)| figure.ends_with(end)).map_or("", |(_, unit)| unit)
}
