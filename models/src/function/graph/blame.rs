//! Who takes whose time on which link.

use std::collections::BTreeMap;

use sim::LinkId;

use crate::cluster::Cluster;

/// What one kind of movement lost to another one at a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoiled {
    /// Who lost it, by the number of its movement.
    pub victim: u32,
    /// Who took it.
    pub culprit: u32,
    /// The link.
    pub link: String,
    /// The time \[s\], over all that moved: what they would not have needed alone.
    pub seconds: f64,
}

/// The account of that.
#[derive(Clone, Debug, Default)]
pub(super) struct Blame {
    lost: BTreeMap<(u32, u32, LinkId), f64>,
}

impl Blame {
    /// Books time that a movement lost at a link to others, each of which takes so much of it.
    pub(super) fn book(
        &mut self,
        victim: u32,
        link: LinkId,
        seconds: f64,
        others: impl Iterator<Item = (u32, f64)> + Clone,
    ) {
        let all: f64 = others.clone().map(|(_, taken)| taken).sum();
        for (culprit, taken) in others {
            *self.lost.entry((victim, culprit, link)).or_default() += seconds * taken / all;
        }
    }

    /// The account, most first.
    pub(super) fn told(&self, cluster: &Cluster) -> Vec<Spoiled> {
        let one = |(&(victim, culprit, link), &seconds): (&(u32, u32, LinkId), &f64)| Spoiled {
            victim,
            culprit,
            link: cluster.links[link.index()].name.to_string(),
            seconds,
        };
        let mut told: Vec<Spoiled> = self.lost.iter().map(one).collect();
        told.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        told
    }
}
