//! One topology under each of several draws of what is unknown about it.

use super::batch::difference;
use super::{Batch, Cluster};
use crate::input::InputError;
use crate::uncertainty::Draw;

/// Clusters of one topology, one for each draw.
#[derive(Clone, Debug)]
pub struct Drawn {
    clusters: Vec<Cluster>,
    /// Clusters that differ in the values of parameters alone, by number.
    groups: Vec<Vec<usize>>,
}

impl Drawn {
    /// What `assemble` makes of each draw.
    ///
    /// # Errors
    /// If a cluster cannot be assembled.
    pub fn new(
        draws: impl Iterator<Item = Draw>,
        assemble: impl Fn(Draw) -> Result<Cluster, InputError>,
    ) -> Result<Drawn, InputError> {
        let clusters = draws.map(assemble).collect::<Result<Vec<Cluster>, InputError>>()?;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (at, cluster) in clusters.iter().enumerate() {
            let alike =
                |group: &&mut Vec<usize>| difference(&clusters[group[0]], cluster).is_none();
            match groups.iter_mut().find(alike) {
                Some(group) => group.push(at),
                None => groups.push(vec![at]),
            }
        }
        Ok(Drawn { clusters, groups })
    }

    /// How many draws there are.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// Those clusters that `wanted` says by number, in batches, each with its numbers.
    pub fn batches(
        &self,
        wanted: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = (Vec<usize>, Batch<'_>)> {
        let some = move |group: &Vec<usize>| {
            let numbers: Vec<usize> = group.iter().copied().filter(|at| wanted(*at)).collect();
            let lanes = || numbers.iter().map(|at| &self.clusters[*at]).collect();
            (!numbers.is_empty()).then(|| (numbers.clone(), Batch::alike(lanes())))
        };
        self.groups.iter().filter_map(some)
    }
}
