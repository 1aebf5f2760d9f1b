//! The run's manifest.json: what was asked, with every default filled in.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::PlotError;
use super::words;

mod reported;

pub use crate::unit::Unit;
pub use reported::Reported;

/// What figures and report need of a manifest, and the whole of it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file as it is.
    pub whole: Value,
    /// Assumptions by how far they move the answer, the one that matters most first.
    pub unknowns: Vec<Unknown>,
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
        Ok(Manifest::of(whole))
    }

    /// The manifest that has been read.
    pub fn of(whole: Value) -> Manifest {
        let unknowns = whole["unknowns"].as_array().into_iter().flatten().map(unknown).collect();
        Manifest { whole, unknowns }
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
            .filter_map(Reported::read)
            .collect()
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
