//! From transfers on a cluster to outcomes, at three fidelities.

use crate::cluster::Cluster;
use crate::input::InputError;
use crate::outcome::{Attribution, Fidelity, Outcome};
use crate::transfer::Transfer;

/// Computes transfers that begin at the same instant, one outcome each, in order.
///
/// `seed` decides what chance decides: which receive queue each flow is hashed to.
///
/// # Errors
/// If a transfer names no place of the cluster, or there is no way between its ends.
pub fn solve(
    _cluster: &Cluster,
    _transfers: &[Transfer],
    _fidelity: Fidelity,
    _seed: u64,
) -> Result<Vec<Outcome>, InputError> {
    Err(InputError::new("solve", "is being written"))
}

/// Attributes the loss of transfer `which` while the others run beside it.
///
/// # Errors
/// As [`solve`].
pub fn attribute(
    _cluster: &Cluster,
    _transfers: &[Transfer],
    _which: usize,
    _seed: u64,
) -> Result<Attribution, InputError> {
    Err(InputError::new("attribute", "is being written"))
}
