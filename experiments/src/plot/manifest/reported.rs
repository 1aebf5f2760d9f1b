//! A reported figure beside what the run predicts for it, as manifest.json has them.

use serde_json::Value;

use super::plain;
use crate::plot::words;
use crate::unit::Unit;

/// What somebody measured on such a system, beside what the run predicts.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// The figure as it was given, with its upper end if it is a range.
    pub value: String,
    /// What it counts.
    pub unit: Unit,
    /// The figure or its range, in bit/s, s or 1/s.
    pub range: (f64, f64),
    /// The topology that it is about, if one.
    pub topology: Option<String>,
    /// The settings that it is about: parameter and value.
    pub at: Vec<(String, String)>,
    /// Where it was reported.
    pub source: String,
    /// What was reported, in words.
    pub text: String,
    /// The range over the points that match with nothing drawn; none if no point does.
    pub predicted: Option<(f64, f64)>,
    /// The 90 % interval of all of them, if they have one.
    pub sure: Option<(f64, f64)>,
    /// By how much the interval misses the reported range: above zero where it is too high, below
    /// where it is too low, zero where they meet; none if no point matches.
    pub miss: Option<f64>,
    /// What turned out to be the cause, if the report says so.
    pub cause: Option<String>,
    /// What takes most by the run's account.
    pub most_taken_by: Option<String>,
}

impl Reported {
    /// What the manifest says of one.
    pub(super) fn read(of: &Value) -> Option<Reported> {
        let said = |key: &str| of[key].as_str().map(str::to_owned);
        let text = |key: &str| said(key).unwrap_or_default();
        let range = |low: &str, high: &str| of[low].as_f64().zip(of[high].as_f64());
        let setting =
            |one: &Value| Some((one["parameter"].as_str()?.to_owned(), plain(&one["value"])));
        let up_to = said("up_to").map_or(String::new(), |up_to| format!(" to {up_to}"));
        let percentile = of["percentile"].as_f64();
        let percentile = percentile.map_or(String::new(), |at| format!(" (percentile {at})"));
        Some(Reported {
            value: format!("{}{up_to}{percentile}", text("value")),
            unit: Unit::ALL
                .into_iter()
                .find(|unit| of["unit"].as_str() == Some(unit.name()))
                .unwrap_or_default(),
            range: range("low", "high")?,
            topology: said("topology"),
            at: of["at"].as_array().into_iter().flatten().filter_map(setting).collect(),
            source: text("source"),
            text: text("text"),
            predicted: range("predicted_least", "predicted_most"),
            sure: range("predicted_low", "predicted_high"),
            miss: of["miss_ratio"].as_f64(),
            cause: said("cause"),
            most_taken_by: said("most_taken_by"),
        })
    }

    /// Whether it was given in bytes per second; then predictions should be too.
    pub fn in_bytes(&self) -> bool {
        self.unit == Unit::Bandwidth && self.value.contains("B/s")
    }

    /// The unit in which a value of such a figure reads well, and its size.
    pub fn scale(&self, value: f64) -> (&'static str, f64) {
        self.unit.scale(value, self.in_bytes())
    }

    /// What is predicted, with its 90 % interval in the same unit: `9.1 (6.2–9.4) Gbit/s`.
    pub fn say_predicted(&self) -> String {
        let Some((low, high)) = self.predicted else { return "no point matches".into() };
        let (unit, scale) = self.scale(high);
        let said = |value: f64| words::number(value / scale);
        let both = |low: f64, high: f64| match (said(low), said(high)) {
            (low, high) if low == high => low,
            (low, high) => format!("{low}–{high}"),
        };
        let interval = self.sure.map(|(low, high)| format!(" ({})", both(low, high)));
        format!("{}{} {unit}", both(low, high), interval.unwrap_or_default())
    }

    /// Whether reported and predicted meet, and if not by how much they miss.
    pub fn verdict(&self) -> String {
        match self.miss {
            None => "no point matches".into(),
            Some(miss) if miss > 0.0 => format!("{} too high", words::percent(miss)),
            Some(miss) if miss < 0.0 => format!("{} too low", words::percent(-miss)),
            Some(_) => "inside".into(),
        }
    }

    /// The cause of the report, and whether the run names the same: `vxlan: same`, `vxlan: here
    /// veth`; empty if the report names none.
    pub fn say_cause(&self) -> String {
        match (&self.cause, &self.most_taken_by) {
            (None, _) => String::new(),
            (Some(cause), Some(here)) if cause == here => format!("{cause}: same here"),
            (Some(cause), Some(here)) => format!("{cause}: here {here}"),
            (Some(cause), None) => format!("{cause}: here nothing"),
        }
    }

    /// What it is about: `flannel, streams 8`; empty if it is about the whole run.
    pub fn about(&self) -> String {
        let settings = self.at.iter().map(|(parameter, value)| format!("{parameter} {value}"));
        self.topology.clone().into_iter().chain(settings).collect::<Vec<_>>().join(", ")
    }
}
