//! The table in which a run of benchmarks ends: what was measured, and how it compares.

use crate::measure::{Middle, exponent};

/// Rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    what: String,
    value: Middle,
    unit: &'static str,
    /// This ÷ the peer, in the same run.
    ratio: Option<f64>,
    growth: Option<f64>,
    goal: &'static str,
}

impl Table {
    /// Adds what was measured; `goal` says what is wanted, if anything is.
    pub fn add(
        &mut self,
        what: impl Into<String>,
        value: Middle,
        unit: &'static str,
        goal: &'static str,
    ) {
        let (ratio, growth) = (None, None);
        self.0.push(Row { what: what.into(), value, unit, ratio, growth, goal });
    }

    /// Adds the ratio to a peer to the last row.
    pub fn beside(&mut self, ratio: f64) {
        if let Some(row) = self.0.last_mut() {
            row.ratio = Some(ratio);
        }
    }

    /// Adds to the last row with what exponent `cost` grows with size, both as (before, now).
    pub fn grown(&mut self, size: (f64, f64), cost: (f64, f64)) {
        if let Some(row) = self.0.last_mut() {
            row.growth = Some(exponent(size, cost));
        }
    }

    /// Prints all rows, if there are any.
    pub fn print(&self) {
        if self.0.is_empty() {
            return;
        }
        println!(
            "\n{:<44} {:>10} {:>21} {:<8} {:>8} {:>7}  goal",
            "what", "median", "middle half", "unit", "to peer", "growth"
        );
        let some = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.2}"));
        for Row { what, value, unit, ratio, growth, goal } in &self.0 {
            let spread = format!("{:.3} to {:.3}", value.low, value.high);
            println!(
                "{what:<44} {:>10.3} {spread:>21} {unit:<8} {:>8} {:>7}  {goal}",
                value.median,
                some(*ratio),
                some(*growth)
            );
        }
    }
}
