//! Attribution by counterfactuals: what each hop takes, and what a change would return.
//!
//! *Taken*: start from the reference rate with every hop free, make the hops real one by one in
//! path order, and book each drop to the hop that was just made real. The drops telescope, so they
//! sum to the whole loss exactly up to rounding in floating point. *Returned*: see `advice`.

use sim::{Rate, Seed};

use super::{Floor, Scene, advice, closed, ways};
use crate::cluster::{Cluster, HopModel, LinkUnit};
use crate::gpu::execute::Level;
use crate::gpu::kernel::Kernel;
use crate::input::InputError;
use crate::outcome::{Attribution, Taken};
use crate::price::Presence;
use crate::route::Route;
use crate::transfer::Transfer;

/// Attributes the loss of transfer `which` while the others run beside it.
///
/// # Errors
/// As [`super::solve`].
///
/// # Panics
/// If there is no transfer `which`.
pub fn attribute(
    cluster: &Cluster,
    transfers: &[Transfer],
    which: usize,
    seed: u64,
) -> Result<Attribution, InputError> {
    let ways = ways(cluster, transfers)?;
    let transfers: &[Transfer] = &transfers.iter().map(in_closed_form).collect::<Vec<_>>();
    let seed = Seed::new(seed);
    let (reference, reference_link) = reference(cluster, &ways[which]).unwrap_or_else(|| {
        // No wire on the way: what the two sockets alone reach.
        let sockets = Question { cluster, transfers, ways: &ways, which, seed, reference: None };
        (sockets.goodput(&|hop| is_socket(&ways[which], hop)), "sockets".to_owned())
    });
    let question =
        Question { cluster, transfers, ways: &ways, which, seed, reference: Some(reference) };
    let taken = question.taken(reference);
    let goodput = taken.iter().fold(reference.as_bytes_per_s(), |left, hop| left - hop.bytes_per_s);
    let goodput = Rate::bytes_per_s(goodput.max(1e-3));
    let returned = advice::advise(&question)?;
    Ok(Attribution { reference, reference_link, goodput, taken, returned })
}

/// Counterfactuals are many, and computed in closed form: so are their kernels.
fn in_closed_form(transfer: &Transfer) -> Transfer {
    let kernel = transfer.kernel.map(|kernel| Kernel { level: Level::Kernel, ..kernel });
    Transfer { kernel, ..transfer.clone() }
}

/// The slowest byte link of a way: its line rate is what the user paid for.
fn reference(cluster: &Cluster, way: &Route<'_>) -> Option<(Rate, String)> {
    let legs = || way.stages.iter().flatten();
    let wires = legs().filter_map(|leg| match &leg.hop().model {
        HopModel::Wire(wire) => Some(wire.link),
        _ => None,
    });
    let dma = legs().flat_map(|leg| match &leg.hop().model {
        HopModel::Dma(dma) => dma.links.iter().map(|(link, _)| *link).collect(),
        _ => Vec::new(),
    });
    let slowest = |links: Vec<crate::cluster::LinkIndex>| {
        let links = links.into_iter().map(|link| &cluster.links[link.0]);
        links
            .filter(|link| link.unit == LinkUnit::Bytes)
            .min_by(|a, b| a.capacity.total_cmp(&b.capacity))
            .map(|link| (Rate::bytes_per_s(link.capacity), link.name.clone()))
    };
    slowest(wires.collect()).or_else(|| slowest(dma.collect()))
}

fn is_socket(way: &Route<'_>, hop: usize) -> bool {
    let leg = way.stages.iter().flatten().nth(hop);
    leg.is_some_and(|leg| matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket))
}

/// One transfer under counterfactuals.
pub(super) struct Question<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) transfers: &'a [Transfer],
    pub(super) ways: &'a [Route<'a>],
    pub(super) which: usize,
    pub(super) seed: Seed,
    pub(super) reference: Option<Rate>,
}

impl Question<'_> {
    /// The goodput when only the hops for which `real` holds cost what they cost.
    pub(super) fn goodput(&self, real: &dyn Fn(usize) -> bool) -> Rate {
        let mut scene = Scene::new(self.cluster, self.transfers, self.ways, self.seed);
        scene.presence = Box::new(|t, hop| match t != self.which || real(hop) {
            true => Presence::Real,
            false => Presence::Free,
        });
        scene.floor = self.reference.map(|rate| Floor { transfer: self.which, rate });
        closed::outcomes(&scene).swap_remove(self.which).goodput
    }

    /// Name and kind of every hop on the way.
    pub(super) fn hops(&self) -> Vec<(String, String)> {
        let legs = self.ways[self.which].stages.iter().flatten();
        legs.map(|leg| (leg.hop().name.clone(), leg.hop().kind.clone())).collect()
    }

    fn taken(&self, reference: Rate) -> Vec<Taken> {
        let mut before = reference.as_bytes_per_s();
        let mut taken = Vec::new();
        for (at, (hop, kind)) in self.hops().into_iter().enumerate() {
            let after = self.goodput(&|hop| hop <= at).as_bytes_per_s();
            taken.push(Taken { hop, kind, bytes_per_s: before - after });
            before = after;
        }
        taken
    }
}
