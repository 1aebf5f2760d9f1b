//! The state of a device while a probe runs: clocks, power, temperature, what holds clocks down.
//!
//! The SM clock that kernels count is measured; this is what the driver's management library says
//! beside it, once after each pass of a probe. What nobody tells is `None`, never a guess.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// SM clock in megahertz.
    pub sm_clock_mhz: Option<f64>,
    /// Memory clock in megahertz.
    pub memory_clock_mhz: Option<f64>,
    /// Power in watts.
    pub power_w: Option<f64>,
    /// Temperature of the chip in degrees Celsius.
    pub temperature_c: Option<f64>,
    /// What holds the clocks down, by the library's names: `sw_power_cap`; empty is nothing.
    pub throttled_by: Option<BTreeSet<String>>,
}

/// The least and the greatest of a figure over some moments; `None` if no moment has it.
pub fn range(moments: &[Moment], figure: impl Fn(&Moment) -> Option<f64>) -> Option<(f64, f64)> {
    let told = moments.iter().filter_map(figure);
    told.map(|value| (value, value)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
}

/// Everything that held the clocks down at some moment; `None` if no moment tells.
pub fn throttled_by(moments: &[Moment]) -> Option<BTreeSet<String>> {
    let told = moments.iter().filter_map(|moment| moment.throttled_by.clone());
    told.reduce(|all, one| &all | &one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_moment_tells_is_told_and_what_none_tells_is_not() {
        let reasons = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let moments = [
            Moment { power_w: Some(70.0), throttled_by: reasons(&[]), ..Moment::default() },
            Moment::default(),
            Moment { power_w: Some(61.5), throttled_by: reasons(&["a"]), ..Moment::default() },
        ];
        assert_eq!(range(&moments, |moment| moment.power_w), Some((61.5, 70.0)));
        assert_eq!(range(&moments, |moment| moment.sm_clock_mhz), None);
        assert_eq!(throttled_by(&moments), reasons(&["a"]));
        assert_eq!(throttled_by(&moments[1..2]), None);
    }
}
