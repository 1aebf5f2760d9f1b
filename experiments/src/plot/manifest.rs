//! The run's manifest.json: what was asked, with every default filled in.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::PlotError;
use super::words;

/// What figures and report need of a manifest, and the whole of it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file as it is.
    pub whole: Value,
    /// Assumptions by how far they move the answer, the one that matters most first.
    pub unknowns: Vec<Unknown>,
}

/// What somebody measured on such a system, beside what the run predicts.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The figure as it was given, with its upper end if it is a range.
    pub value: String,
    /// The figure or its range \[bit/s\].
    pub bit_s: (f64, f64),
    /// The topology that it is about, if one.
    pub topology: Option<String>,
    /// The settings that it is about: parameter and value.
    pub at: Vec<(String, String)>,
    /// Where it was reported.
    pub source: String,
    /// What was reported, in words.
    pub text: String,
    /// The range over the points that match \[bit/s\]; none if no point does.
    pub predicted_bit_s: Option<(f64, f64)>,
}

/// An assumption and what it does to the answer.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// The parameter.
    pub parameter: String,
    /// Why it is assumed.
    pub because: String,
    /// Range over smallest value: 0.5 where goodput varies by half.
    pub spread_ratio: f64,
    /// The lowest goodput over its values \[bit/s\].
    pub low_bit_s: f64,
    /// The highest goodput over its values \[bit/s\].
    pub high_bit_s: f64,
}

impl Manifest {
    /// Reads manifest.json in `dir`.
    ///
    /// # Errors
    /// If it is missing or is not JSON.
    pub fn read(dir: &Path) -> Result<Manifest, PlotError> {
        let path = dir.join("manifest.json");
        let text = fs::read_to_string(&path).map_err(|error| PlotError::file(&path, &error))?;
        let whole: Value =
            serde_json::from_str(&text).map_err(|error| PlotError::file(&path, &error))?;
        let unknowns = whole["unknowns"].as_array().into_iter().flatten().map(unknown).collect();
        Ok(Manifest { whole, unknowns })
    }

    /// The experiment's part of it.
    pub fn experiment(&self) -> &Value {
        &self.whole["experiment"]
    }

    /// A text of the experiment, empty if it has none.
    pub fn said(&self, key: &str) -> &str {
        self.experiment()[key].as_str().unwrap_or("")
    }

    /// The figures that the experiment was written to explain.
    pub fn reported(&self) -> Vec<Reported> {
        self.experiment()["reported"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(reported)
            .collect()
    }
}

fn reported(of: &Value) -> Option<Reported> {
    let text = |key: &str| of[key].as_str().unwrap_or("").to_owned();
    let range = |low: &str, high: &str| of[low].as_f64().zip(of[high].as_f64());
    let setting = |one: &Value| Some((one["parameter"].as_str()?.to_owned(), plain(&one["value"])));
    let up_to = of["up_to"].as_str().map_or(String::new(), |up_to| format!(" to {up_to}"));
    Some(Reported {
        value: format!("{}{up_to}", text("value")),
        bit_s: range("bit_s_low", "bit_s_high")?,
        topology: of["topology"].as_str().map(str::to_owned),
        at: of["at"].as_array().into_iter().flatten().filter_map(setting).collect(),
        source: text("source"),
        text: text("text"),
        predicted_bit_s: range("predicted_bit_s_low", "predicted_bit_s_high"),
    })
}

impl Reported {
    /// Whether it was given in bytes per second; then predictions should be too.
    pub fn in_bytes(&self) -> bool {
        self.value.contains("B/s")
    }

    /// By how much the predicted range misses the reported one: above zero where it is too high,
    /// below where it is too low, zero where they meet; none if no point matches.
    pub fn miss(&self) -> Option<f64> {
        let ((low, high), (from, to)) = (self.predicted_bit_s?, self.bit_s);
        Some(match () {
            () if low > to => low / to - 1.0,
            () if high < from => high / from - 1.0,
            () => 0.0,
        })
    }

    /// A rate as the report gives its own.
    pub fn say(&self, bit_s: f64) -> String {
        if self.in_bytes() { words::byte_rate(bit_s) } else { words::bit_rate(bit_s) }
    }

    /// What it is about: `flannel, streams 8`; empty if it is about the whole run.
    pub fn about(&self) -> String {
        let settings = self.at.iter().map(|(parameter, value)| format!("{parameter} {value}"));
        self.topology.clone().into_iter().chain(settings).collect::<Vec<_>>().join(", ")
    }
}

/// A JSON value as a reader would write it: texts without quotes, lists with commas.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            fields
                .map(|(key, value)| format!("{key} {}", plain(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Value::Number(number) => match number.as_f64() {
            Some(value) if value.fract() != 0.0 => words::number(value),
            _ => number.to_string(),
        },
        Value::Bool(_) => value.to_string(),
    }
}

fn unknown(of: &Value) -> Unknown {
    let number = |key: &str| of[key].as_f64().unwrap_or(0.0);
    Unknown {
        parameter: of["parameter"].as_str().unwrap_or("").into(),
        because: of["because"].as_str().unwrap_or("").into(),
        spread_ratio: number("spread_ratio"),
        low_bit_s: number("goodput_bit_s_low"),
        high_bit_s: number("goodput_bit_s_high"),
    }
}
