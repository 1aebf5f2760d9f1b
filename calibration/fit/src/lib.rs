//! From published rows to profiles: `podpath calibrate fit`.
//!
//! A fit reads rows from `published/` and what is known beforehand from `priors/`, and writes one
//! profile; the same inputs give the same bytes. Nothing else writes a fitted number.

pub mod cni;
pub mod collectives;
pub mod covariance;
pub mod gpu;
pub mod memcpy;
pub mod posterior;
pub mod prior;
pub mod serving;

use std::sync::Arc;

use include_dir::{Dir, include_dir};
use models::input::{InputError, Source};

static PRIORS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../priors");

/// The shipped priors of one profile.
///
/// # Errors
/// If there are none of that name.
pub fn shipped_priors(name: &str) -> Result<Arc<Source>, InputError> {
    let file = PRIORS.get_file(format!("{name}.csv"));
    let text = file.and_then(|file| file.contents_utf8());
    let text = text.ok_or_else(|| InputError::new("priors", format!("none for `{name}`")))?;
    Ok(Source::new(format!("priors:{name}.csv"), text))
}
