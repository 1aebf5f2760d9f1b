//! What commands that build labs have in common: what must be there, and how they fail.

use calibration_lab::net::round::RoundError;
use models::input::InputError;

use crate::failure::Failure;

/// Makes sure that a lab can be built, and removes those of processes that are gone.
///
/// # Errors
/// If something is missing on this machine: one sentence that names what to install.
pub(crate) fn ready() -> Result<(), Failure> {
    let refused = |error: calibration_lab::namespace::LabError| missing(&error.to_string());
    calibration_lab::namespace::requirements().map_err(refused)?;
    calibration_lab::traffic::requirements().map_err(|error| missing(&error.to_string()))?;
    calibration_lab::namespace::sweep_stale().map_err(refused)?;
    Ok(())
}

/// What the user has to mend before anything can be measured: exit code 2.
fn missing(problem: &str) -> Failure {
    InputError::new("this machine", problem).into()
}

/// Why rounds failed, as the command tells it.
pub(crate) fn failure(error: RoundError) -> Failure {
    match error {
        RoundError::Input(error) => error.into(),
        RoundError::Stopped => Failure::Interrupted,
        RoundError::Lab(error) if error.is_missing() => missing(&error.to_string()),
        error => Failure::run("measuring", error),
    }
}
