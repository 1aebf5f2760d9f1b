//! Where the work of transfers falls, as chance decides it: on cores by the hash of each flow, and
//! on one of several equal ways.
//!
//! The cores of a machine are alike, and none of them is a worker that all flows share. Two
//! placements of one *pattern* put the same streams together and keep the same apart, so rates and
//! times are the same, and are found once.

use std::collections::HashMap;

use crate::cluster::{Cluster, HopModel, LinkIndex};
use crate::plan::Cores;
use crate::price::LinkRef;
use crate::route::{Leg, Route};
use crate::transfer::Transfer;

/// Begins the hops of a way in a pattern: no core has this number.
const WAY: u32 = u32::MAX;

/// Where the streams of transfers fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Equal where streams meet each other alike: cores by the number of their first appearance.
    pub(crate) pattern: Vec<u32>,
    /// The cores that the pattern numbers, in its order.
    pub(crate) cores: Vec<LinkIndex>,
}

impl Placement {
    /// That of streams on their cores, each transfer's on its way.
    pub(crate) fn of<'a>(
        cluster: &Cluster,
        transfers: impl Iterator<Item = (&'a Route<'a>, &'a [Cores])>,
    ) -> Placement {
        let placement = Placement { pattern: Vec::new(), cores: Vec::new() };
        let mut placing = Placing { numbers: HashMap::new(), placement };
        for (way, cores) in transfers {
            placing.place(cluster, way, cores);
        }
        placing.placement
    }

    /// The pattern and the cores themselves: equal where all of it is the same.
    pub(crate) fn exactly(&self) -> Vec<u32> {
        let cores = self.cores.iter().map(|core| core.0 as u32);
        self.pattern.iter().copied().chain([WAY]).chain(cores).collect()
    }

    /// How the cores stand to each other in the order of links, by which ties are broken. Of two
    /// placements of one pattern and one order, accounts are the same but for the names of cores.
    pub(crate) fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.cores.len() as u32).collect();
        order.sort_unstable_by_key(|at| self.cores[*at as usize]);
        order
    }
}

/// A placement while it is found.
struct Placing {
    numbers: HashMap<LinkIndex, u32>,
    placement: Placement,
}

impl Placing {
    fn place(&mut self, cluster: &Cluster, way: &Route<'_>, cores: &[Cores]) {
        let hosts = hosts(way);
        for own in cores {
            for &host in &hosts {
                for side in [LinkRef::SendCore(host), LinkRef::ReceiveCore(host)] {
                    let core = own.resolve(cluster, side);
                    let number = self.number(core);
                    self.placement.pattern.push(number);
                }
            }
        }
        for own in cores.iter().filter(|own| own.share != 1.0) {
            let bits = own.share.to_bits();
            self.placement.pattern.extend([WAY, (bits >> 32) as u32, bits as u32]);
        }
        if !way.is_parallel() {
            return;
        }
        self.placement.pattern.push(WAY);
        if let Some(group) = &way.group {
            let print = group.fingerprint();
            self.placement.pattern.extend([(print >> 32) as u32, print as u32]);
            return;
        }
        let edges = way.stages.iter().flatten().filter_map(|leg| match leg {
            Leg::Edge(edge, _) => Some(edge.index() as u32),
            Leg::Service(..) | Leg::Kernel(_) => None,
        });
        self.placement.pattern.extend(edges);
        for own in cores {
            self.placement.pattern.push(WAY);
            let swaps = way.spread(cluster, own.flow).into_iter();
            self.placement
                .pattern
                .extend(swaps.flat_map(|swap| [swap.from.0 as u32, swap.to.0 as u32]));
        }
    }

    fn number(&mut self, core: LinkIndex) -> u32 {
        let next = self.placement.cores.len() as u32;
        let number = *self.numbers.entry(core).or_insert(next);
        if number == next {
            self.placement.cores.push(core);
        }
        number
    }
}

/// The machines whose cores work on a way.
fn hosts(way: &Route<'_>) -> Vec<usize> {
    let mut hosts: Vec<usize> = Vec::new();
    let mut add = |host: usize| {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    };
    for leg in way.stages.iter().flatten() {
        match &leg.hop().model {
            HopModel::Cpu(cpu) => add(cpu.host),
            HopModel::Dma(dma) => {
                dma.pageable.iter().for_each(|pageable| add(pageable.host));
                dma.copied_by.iter().for_each(|(host, _)| add(*host));
            }
            HopModel::Wire(_) | HopModel::Gpu(_) => {}
        }
    }
    hosts
}

/// Whether chance decides more of a transfer than where its streams fall: who has a name in its
/// cache and what is lost, or how the answer is spread over ways.
pub(crate) fn draws_more(transfer: &Transfer) -> bool {
    transfer.request.is_some() || transfer.reply.is_some()
}
