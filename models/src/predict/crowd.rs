//! Transfers with their patterns taken apart into flows.

use std::borrow::Cow;
use std::ops::Range;

use sim::Seed;

use crate::cluster::Cluster;
use crate::input::InputError;
use crate::pattern::FLOWS_MAX;
use crate::transfer::Transfer;

/// Transfers, each as one flow, or as the many of a pattern.
pub(crate) struct Crowd<'t> {
    flows: Cow<'t, [Transfer]>,
    /// Where the flows of each transfer end, and whether it is a pattern; empty where none is.
    ends: Vec<(usize, bool)>,
}

impl<'t> Crowd<'t> {
    /// The flows that transfers are, with the chance of `seed`.
    ///
    /// # Errors
    /// If the members of a pattern are not possible.
    pub(crate) fn of(
        cluster: &Cluster,
        transfers: &'t [Transfer],
        seed: u64,
    ) -> Result<Crowd<'t>, InputError> {
        if transfers.iter().all(|transfer| transfer.pattern.is_none()) {
            return Ok(Crowd { flows: Cow::Borrowed(transfers), ends: Vec::new() });
        }
        let (mut flows, mut ends) = (Vec::new(), Vec::with_capacity(transfers.len()));
        for (at, transfer) in transfers.iter().enumerate() {
            match &transfer.pattern {
                None => flows.push(transfer.clone()),
                // A draw of its own for each, whatever else there is.
                Some(pattern) => {
                    let seed = Seed::new(seed).replication(at as u64);
                    flows.extend(pattern.flows(cluster, transfer, seed)?);
                }
            }
            check(flows.len())?;
            ends.push((flows.len(), transfer.pattern.is_some()));
        }
        Ok(Crowd { flows: Cow::Owned(flows), ends })
    }

    /// Whether no transfer is a pattern.
    pub(crate) fn is_plain(&self) -> bool {
        self.ends.is_empty()
    }

    /// Every flow.
    pub(crate) fn flows(&self) -> &[Transfer] {
        &self.flows
    }

    /// The flows of each transfer, and whether it is a pattern.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Range<usize>, bool)> {
        let plain = if self.is_plain() { self.flows.len() } else { 0 };
        let plain = (0..plain).map(|at| (at..at + 1, false));
        let begins = std::iter::once(0).chain(self.ends.iter().map(|end| end.0));
        plain.chain(begins.zip(&self.ends).map(|(begin, end)| (begin..end.0, end.1)))
    }

    /// What each transfer has, for each of its flows.
    pub(crate) fn each<T: Copy>(&self, of: &[T]) -> Vec<T> {
        let parts = self.parts().zip(of);
        parts.flat_map(|((own, _), value)| std::iter::repeat_n(*value, own.len())).collect()
    }
}

fn check(flows: usize) -> Result<(), InputError> {
    match flows > FLOWS_MAX {
        false => Ok(()),
        true => {
            let problem = format!("all patterns together have {flows} flows");
            let help = format!("at most {FLOWS_MAX} flows");
            Err(InputError::new("pattern", problem).help(help))
        }
    }
}

/// How many flows transfers are: one each, and all of a pattern.
///
/// # Errors
/// If the members of a pattern are not possible.
pub fn flows(cluster: &Cluster, transfers: &[Transfer]) -> Result<usize, InputError> {
    transfers.iter().try_fold(0, |sum, transfer| match &transfer.pattern {
        None => Ok(sum + 1),
        Some(pattern) => Ok(sum + pattern.len(cluster, transfer)?),
    })
}
