//! What was fitted of served requests, as a file: `parameter,value,unit,source`.
//!
//! The inference of a request takes
//!
//! ```text
//! (base + per_step × steps × images) × factor of its model × adapters' factor × a spread
//! ```
//!
//! with the spread of each request drawn from quantiles. A model that the fit has not seen has the
//! factor one.

use std::collections::BTreeMap;
use std::fmt::Write;

use models::function::{Keep, Quantiles};
use models::input::{InputError, Source};
use sim::Time;

use super::stages::Stages;
use crate::file::{DataFile, Row};
use crate::placement::require;

/// What is known of served requests besides the stage times.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The inference of an empty request \[s\].
    pub base: f64,
    /// What each step of each image adds \[s\].
    pub per_step: f64,
    /// What inference with adapters takes of one without.
    pub adapters: f64,
    /// Factors of models.
    pub models: BTreeMap<String, f64>,
    /// What single requests take of that.
    pub spread: Quantiles,
    /// How many instances there are.
    pub pool: u32,
    /// How long an idle one is kept.
    pub keep: Keep,
    /// The stage that loads a model where it is not.
    pub cold_load: String,
}

const SHIPPED: &str = include_str!("../../../serving/genai-2026.csv");
/// What the fit is called where it ships.
const NAME: &str = "genai-2026";
/// The prefixes of parameters that there are many of.
const MODEL: &str = "model/";
const SPREAD: &str = "spread/";

/// What was fitted to the requests that ship.
///
/// # Errors
/// If it is malformed, which tests rule out.
pub fn shipped(stages: &Stages) -> Result<Fitted, InputError> {
    Fitted::read(
        &DataFile::from_bytes(format!("shipped:serving/{NAME}.csv"), SHIPPED.as_bytes())?,
        stages,
    )
}

impl Fitted {
    /// The factor of a model.
    pub fn model(&self, name: &str) -> f64 {
        self.models.get(name).copied().unwrap_or(1.0)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If a parameter is missing, unknown, given twice, or has no possible value.
    pub fn read(file: &DataFile, stages: &Stages) -> Result<Fitted, InputError> {
        require(file, &["parameter", "value"])?;
        let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
        for row in file.rows() {
            let name = row.text("parameter")?;
            if rows.insert(name, row).is_some() {
                return Err(row.fault("parameter", format!("`{name}` is given twice")));
            }
        }
        let mut take = |name: &str| {
            rows.remove(name).ok_or_else(|| {
                InputError::new(name, "is missing")
                    .help(format!(
                        "a line `{name},…`, as `podpath calibrate fit serving` writes it"
                    ))
                    .at(file.source(), file.source().span_of_line(1))
            })
        };
        let (base, per_step) = (take("base")?, take("per_step")?);
        let (adapters, pool) = (take("adapters")?, take("pool")?);
        let (keep, cold) = (take("keep_alive")?, take("cold_load")?);
        let cold_load = cold.text("value")?.to_owned();
        stages.get(&cold_load).map_err(|error| cold.fault("value", error.problem))?;
        let (mut models, mut spread) = (BTreeMap::new(), Vec::new());
        for (name, row) in rows {
            if let Some(model) = name.strip_prefix(MODEL) {
                models.insert(model.to_owned(), row.positive("value")?);
            } else if let Some(part) = name.strip_prefix(SPREAD) {
                let part: f64 = part.parse().map_err(|_| {
                    row.fault("parameter", format!("`{name}` names no part")).help("spread/0.5")
                })?;
                spread.push((part, row.positive("value")?));
            } else {
                return Err(row.fault("parameter", format!("`{name}` is unknown")).help(
                    "base, per_step, adapters, pool, keep_alive, cold_load, model/…, spread/…",
                ));
            }
        }
        spread.sort_by(|a, b| a.0.total_cmp(&b.0));
        let spread = Quantiles::new(spread).ok_or_else(|| {
            InputError::new("spread", "is no list of quantiles")
                .help("lines spread/0.05, spread/0.5, …, whose values ascend")
                .at(file.source(), file.source().span_of_line(1))
        })?;
        Ok(Fitted {
            base: base.positive("value")?,
            per_step: per_step.positive("value")?,
            adapters: adapters.positive("value")?,
            models,
            spread,
            pool: pool.count("value", 100_000)? as u32,
            keep: match keep.text("value")? {
                "forever" => Keep::Forever,
                _ => Keep::For(Time::from_seconds(keep.positive("value")?)),
            },
            cold_load,
        })
    }

    /// The text of a file; `source` says what it was fitted to.
    pub fn text(&self, source: &str) -> String {
        let mut text = String::from("parameter,value,unit,source\n");
        let mut line = |name: &str, value: &str, unit: &str| {
            writeln!(text, "{name},{value},{unit},{source}").expect("a string grows");
        };
        line("base", &self.base.to_string(), "s");
        line("per_step", &self.per_step.to_string(), "s");
        line("adapters", &self.adapters.to_string(), "1");
        line("pool", &self.pool.to_string(), "instances");
        let keep = match self.keep {
            Keep::For(time) => time.as_seconds().to_string(),
            Keep::Forever | Keep::Histogram => "forever".into(),
        };
        line("keep_alive", &keep, "s");
        line("cold_load", &self.cold_load, "stage");
        for (part, value) in self.spread.points() {
            line(&format!("{SPREAD}{part}"), &value.to_string(), "1");
        }
        for (name, factor) in &self.models {
            line(&format!("{MODEL}{name}"), &factor.to_string(), "1");
        }
        text
    }

    /// The same, read back from its text: what is used is what is written.
    ///
    /// # Errors
    /// As [`Fitted::read`].
    pub fn written(&self, stages: &Stages) -> Result<Fitted, InputError> {
        let source = Source::new("the fit", self.text("fit"));
        Fitted::read(&DataFile::from_bytes(&source.name, source.text.as_bytes())?, stages)
    }
}
