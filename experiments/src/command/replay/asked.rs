//! What the options of a replay ask, as text.

use calibration_data::trace::Reading;
use models::input::InputError;
use models::quantity::{QuantityError, parse_bytes, parse_time};
use sim::Bytes;

use super::Arguments;

/// How the trace is to be read.
pub(super) fn reading(arguments: &Arguments) -> Result<Reading, InputError> {
    let missing = arguments.missing_duration.as_deref();
    let missing = missing.map(|text| parse_time(text).map_err(misread("--missing-duration")));
    Ok(Reading { recorded: arguments.recorded, missing: missing.transpose()? })
}

/// The largest message whose send ends at once.
pub(super) fn eager(arguments: &Arguments) -> Result<Bytes, InputError> {
    match &arguments.eager {
        None => Ok(models::replay::LogGops::default().eager),
        Some(text) => parse_bytes(text).map_err(misread("--eager")),
    }
}

fn misread(option: &'static str) -> impl Fn(QuantityError) -> InputError {
    move |error| InputError::new(option, error.problem).help(error.help)
}

/// What the recorded times of kernels are multiplied by, for each rank, if anything.
pub(super) fn scales(arguments: &Arguments, ranks: u32) -> Result<Option<Vec<f64>>, InputError> {
    let Some(text) = &arguments.scale_kernels else { return Ok(None) };
    let help = "a number above 0 and at most 1000, or one for each rank with commas between them";
    let wrong = |problem: String| InputError::new("--scale-kernels", problem).help(help);
    let factor = |part: &str| {
        let number = part.trim().parse::<f64>().ok();
        let possible = number.filter(|factor| *factor > 0.0 && *factor <= 1e3);
        possible.ok_or_else(|| wrong(format!("`{part}` is not possible")))
    };
    let factors = text.split(',').map(factor).collect::<Result<Vec<f64>, _>>()?;
    match factors.len() {
        1 => Ok(Some(vec![factors[0]; ranks as usize])),
        all if all == ranks as usize => Ok(Some(factors)),
        all => Err(wrong(format!("{all} numbers for {ranks} ranks"))),
    }
}
