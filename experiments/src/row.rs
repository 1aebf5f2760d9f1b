//! Rows of tables as types, the same for what writes a table and for what reads it.
//!
//! The fields of a struct are columns, in order. A struct in a field is a group of columns that
//! all begin with the field's name: `goodput_bit_s: Estimate` is `goodput_bit_s_mean`,
//! `goodput_bit_s_low` and `goodput_bit_s_high`; where one of the names is empty, the other stands
//! alone.

mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::estimate::Estimate;
use crate::interval::Predicted;

pub(crate) use read::{Fault, read};
pub(crate) use write::{cells, columns};

/// An [`Estimate`] that may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Means {
    pub(crate) mean: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

/// A figure under its own name, with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    #[serde(rename = "")]
    pub(crate) value: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

/// Where draws of what is unknown put a figure: the median and the ends of 90 % of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ends {
    pub(crate) median: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

impl Ends {
    /// Low, median and high, where there were draws.
    pub(crate) fn rising(self) -> Option<[f64; 3]> {
        Some([self.low?, self.median?, self.high?])
    }
}

impl From<Option<Estimate>> for Means {
    fn from(of: Option<Estimate>) -> Means {
        of.map_or(Means::default(), |of| Means { mean: Some(of.mean), low: of.low, high: of.high })
    }
}

impl From<Option<Estimate>> for Figure {
    fn from(of: Option<Estimate>) -> Figure {
        let Means { mean, low, high } = of.into();
        Figure { value: mean, low, high }
    }
}

impl From<Option<Predicted>> for Ends {
    fn from(of: Option<Predicted>) -> Ends {
        let ends = |Predicted { median, low, high }| Ends {
            median: Some(median),
            low: Some(low),
            high: Some(high),
        };
        of.map_or(Ends::default(), ends)
    }
}

/// The name of a column within a group.
fn within(group: &str, name: &str) -> String {
    match (group, name) {
        ("", name) => name.to_owned(),
        (group, "") => group.to_owned(),
        (group, name) => format!("{group}_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Example {
        order: usize,
        goodput_bit_s: Means,
        completion_s_p50: Figure,
        #[serde(rename = "")]
        inner: Inner,
        feasible: bool,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Inner {
        hop: String,
        gain_ratio: Option<f64>,
    }

    const COLUMNS: [&str; 10] = [
        "order",
        "goodput_bit_s_mean",
        "goodput_bit_s_low",
        "goodput_bit_s_high",
        "completion_s_p50",
        "completion_s_p50_low",
        "completion_s_p50_high",
        "hop",
        "gain_ratio",
        "feasible",
    ];

    fn example() -> Example {
        Example {
            order: 3,
            goodput_bit_s: Means { mean: Some(4e10), low: None, high: Some(1e-7) },
            completion_s_p50: Figure { value: Some(0.1), ..Figure::default() },
            inner: Inner { hop: "node-a/vxlan".into(), gain_ratio: None },
            feasible: true,
        }
    }

    #[test]
    fn fields_are_columns_and_groups_put_their_name_before_them() {
        assert_eq!(columns::<Example>(), COLUMNS);
        let cells = cells(&example());
        let written =
            ["3", "40000000000", "", "0.0000001", "0.1", "", "", "node-a/vxlan", "", "true"];
        assert_eq!(cells, written);
    }

    #[test]
    fn what_was_written_is_read() {
        let cells = cells(&example());
        let find = |name: &str| COLUMNS.iter().position(|own| *own == name).map(|at| &*cells[at]);
        assert_eq!(read::<Example>(&find).unwrap(), example());
    }

    #[test]
    fn a_column_that_is_missing_or_no_number_is_named() {
        let fault = read::<Example>(&|_| None).unwrap_err();
        assert_eq!(fault, Fault::Column("order".into()));
        let fault = read::<Means>(&|_| Some("much")).unwrap_err();
        assert_eq!(fault, Fault::Value { column: "mean".into(), text: "much".into() });
        assert!(read::<Means>(&|_| Some("inf")).is_err());
    }
}
