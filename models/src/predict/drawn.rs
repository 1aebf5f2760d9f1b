//! The same question for each draw of what is unknown.

use super::{Stop, reached};
use crate::cluster::{Batch, Cluster, Drawn};
use crate::input::InputError;
use crate::outcome::Reached;
use crate::transfer::Transfer;

/// What each draw makes of transfers, in closed form: by transfer, then by draw.
///
/// Draw `i` meets the chance of `seeds[i mod n]`, so that the luck of placements is in it. `None`
/// if `stop` said so before all were there.
///
/// # Errors
/// As [`super::predict`].
pub fn predict_drawn(
    drawn: &Drawn,
    transfers: &[Transfer],
    seeds: &[u64],
    stop: Stop<'_>,
) -> Result<Option<Vec<Vec<Reached>>>, InputError> {
    let mut all: Vec<Vec<Option<Reached>>> = vec![vec![None; drawn.len()]; transfers.len()];
    for (turn, seed) in seeds.iter().enumerate().take(drawn.len()) {
        for (numbers, batch) in drawn.batches(|at| at % seeds.len() == turn) {
            if stop() {
                return Ok(None);
            }
            for (number, lane) in numbers.into_iter().zip(reached(&batch, transfers, *seed)?) {
                for (of, reached) in all.iter_mut().zip(lane) {
                    of[number] = Some(reached);
                }
            }
        }
    }
    let whole = |of: Vec<Option<Reached>>| of.into_iter().map(|r| r.expect("each draw is asked"));
    Ok(Some(all.into_iter().map(|of| whole(of).collect()).collect()))
}

/// What is said of transfers in closed form when nothing is drawn, once for each seed: by transfer,
/// then by seed. What [`predict_drawn`] is compared with.
///
/// # Errors
/// As [`super::predict`].
pub fn predict_undrawn(
    cluster: &Cluster,
    transfers: &[Transfer],
    seeds: &[u64],
) -> Result<Vec<Vec<Reached>>, InputError> {
    let batch = Batch::new([cluster])?;
    let mut all: Vec<Vec<Reached>> = vec![Vec::with_capacity(seeds.len()); transfers.len()];
    for seed in seeds {
        let lane = reached(&batch, transfers, *seed)?.remove(0);
        all.iter_mut().zip(lane).for_each(|(of, reached)| of.push(reached));
    }
    Ok(all)
}
