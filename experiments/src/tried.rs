//! Files of things over time, read and run a little: for programs of this workspace that try many,
//! as its fuzzer does.

use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::library::Library;
use models::uncertainty::Draw;
use sim::Seed;

use crate::near::Home;
use crate::scenario::Scenario;

/// Reads a scenario and runs its first variant with nothing drawn and with one draw, if that sends
/// no more than `requests` requests: its figures.
///
/// # Errors
/// If something is wrong with it.
pub fn scenario(
    source: &Arc<Source>,
    library: &Library,
    requests: u32,
) -> Result<Option<Vec<(String, f64)>>, InputError> {
    let own = Scenario::read(source, Home::Nowhere, library)?;
    let variant = &own.variants[0];
    if own.asks(variant)? > u64::from(requests) {
        return Ok(None);
    }
    let seed = Seed::new(1);
    own.once(variant, Some(Draw::new(seed, 0, 4)), seed)?;
    Ok(Some(own.once(variant, None, seed)?.figures))
}

/// Reads a file of functions.
///
/// # Errors
/// If something is wrong with it.
pub fn functions(source: &Arc<Source>, library: &Library) -> Result<(), InputError> {
    crate::functions::parsed(source, Path::new(""), library).map(|_| ())
}
