//! The same transfers again and again, with other chance.
//!
//! Chance decides where streams fall (see [`placement`](super::placement)) and, of requests, what
//! is lost or cached. A replication that draws what one before it drew is not computed again; one
//! that differs in the names of cores alone is told with its own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use sim::{Seed, Time};

use super::placement::{Placement, draws_more};
use super::{Crowd, Stop, check_together, check_units, clock, routes};
use crate::account::{self, Known};
use crate::cluster::{Cluster, LinkIndex};
use crate::input::InputError;
use crate::outcome::{Advice, Fidelity, Outcome};
use crate::plan::{Context, Cores, Plan, build, seat};
use crate::price::Change;
use crate::route::Route;
use crate::run::start::traces_until;
use crate::run::{Resources, closed};
use crate::transfer::Transfer;

/// Transfers of which several replications are wanted.
pub struct Replications<'a> {
    cluster: &'a Cluster,
    transfers: &'a [Transfer],
    fidelity: Fidelity,
    stop: Stop<'a>,
    resources: Resources,
    /// The ways, as they are before chance chooses among equal ones; none where some transfers are
    /// patterns, whose flows may hang on chance.
    ways: Vec<Route<'a>>,
    seen: Vec<Seen>,
    /// As counterfactuals know them, and what is known of those.
    closed: Cow<'a, [Transfer]>,
    known: RefCell<Known>,
}

/// A replication that was computed.
struct Seen {
    /// The flows of patterns; none where all are single transfers.
    flows: Vec<Transfer>,
    placement: Placement,
    outcomes: Arc<Vec<Outcome>>,
}

impl<'a> Replications<'a> {
    /// Of transfers that begin at the same instant. Where `stop` says so, nothing more comes of
    /// them.
    ///
    /// # Errors
    /// As [`predict`](super::predict).
    pub fn new(
        cluster: &'a Cluster,
        transfers: &'a [Transfer],
        fidelity: Fidelity,
        stop: Stop<'a>,
    ) -> Result<Replications<'a>, InputError> {
        let closed = match transfers.iter().any(|transfer| transfer.kernel.is_some()) {
            true => transfers.iter().map(Transfer::in_closed_form).collect(),
            false => Cow::Borrowed(transfers),
        };
        let ways = match transfers.iter().any(|transfer| transfer.pattern.is_some()) {
            true => Vec::new(),
            false => routes(cluster, transfers)?,
        };
        Ok(Replications {
            cluster,
            transfers,
            fidelity,
            stop,
            resources: Resources::of(cluster),
            ways,
            seen: Vec::new(),
            closed,
            known: RefCell::default(),
        })
    }

    /// What [`predict`](super::predict) says with the chance of `seed`; none if it was stopped.
    ///
    /// # Errors
    /// As [`predict`](super::predict).
    pub fn outcomes(&mut self, seed: u64) -> Result<Option<Arc<Vec<Outcome>>>, InputError> {
        let crowd = Crowd::of(self.cluster, self.transfers, seed)?;
        let seed = Seed::new(seed);
        let (ways, cores) = match crowd.is_plain() {
            true => self.placed(seed),
            false => {
                let mut ways = routes(self.cluster, crowd.flows())?;
                let cores = seat(self.cluster, crowd.flows(), &mut ways, seed);
                (ways, cores)
            }
        };
        let alike = !self.transfers.iter().any(draws_more);
        let streams = cores.iter().map(Vec::as_slice);
        let placement = Placement::of(self.cluster, ways.iter().zip(streams));
        let same = |seen: &&Seen| {
            let before = &seen.placement;
            before.pattern == placement.pattern
                && before.order() == placement.order()
                && (crowd.is_plain() || seen.flows == crowd.flows())
        };
        if let Some(seen) = self.seen.iter().find(same).filter(|_| alike) {
            return Ok(Some(self.renamed(seen, &placement.cores)));
        }
        let plans = self.plans(crowd.flows(), (&ways, &cores), seed)?;
        let all: Vec<&Plan> = plans.iter().collect();
        let book = |traces: &[_]| {
            clock::check_ended(traces)
                .map(|()| account::of_crowd(self.cluster, &crowd, &plans, traces))
        };
        let outcomes = match self.fidelity {
            Fidelity::Closed => {
                closed::read_until(std::slice::from_ref(&self.resources), &all, book, self.stop)
                    .map(|mut lanes| lanes.remove(0))
            }
            Fidelity::Flow | Fidelity::Chunk => {
                let starts = vec![Time::ZERO; plans.len()];
                traces_until(&self.resources, &all, &starts, self.fidelity, self.stop)
                    .map(|traces| book(&traces))
            }
        };
        let Some(outcomes) = outcomes.transpose()?.map(Arc::new) else { return Ok(None) };
        let flows = if crowd.is_plain() { Vec::new() } else { crowd.flows().to_vec() };
        self.seen.push(Seen { flows, placement, outcomes: Arc::clone(&outcomes) });
        Ok(Some(outcomes))
    }

    /// What [`advise_some`](super::advise_some) says with the chance of `seed`; none if it was
    /// stopped. Changes are weighed for transfers one by one: there are none where some of them
    /// are patterns.
    ///
    /// # Errors
    /// As [`predict`](super::predict).
    pub fn advice(
        &self,
        seed: u64,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Option<Vec<Vec<Advice>>>, InputError> {
        if self.ways.is_empty() {
            return Ok(Some(vec![Vec::new(); self.transfers.len()]));
        }
        let seed = Seed::new(seed);
        let (ways, cores) = self.placed(seed);
        let of = (self.cluster, &*self.closed, &self.resources);
        account::advise(of, (&ways, &cores, seed), &wanted, &self.known, self.stop)
    }

    /// The ways and cores that a seed gives.
    fn placed(&self, seed: Seed) -> (Vec<Route<'a>>, Vec<Vec<Cores>>) {
        let mut ways = self.ways.clone();
        let cores = seat(self.cluster, self.transfers, &mut ways, seed);
        (ways, cores)
    }

    fn plans(
        &self,
        transfers: &[Transfer],
        (ways, cores): (&[Route<'_>], &[Vec<Cores>]),
        seed: Seed,
    ) -> Result<Vec<Plan>, InputError> {
        let (clusters, change, fidelity) = (&[self.cluster], Change::default(), self.fidelity);
        let mut plans = Vec::with_capacity(ways.len());
        for ((transfer, way), cores) in transfers.iter().zip(ways).zip(cores) {
            let routes = std::slice::from_ref(way);
            let once = Context::once(clusters, transfer, routes, cores, &change);
            plans.push(build(&Context { fidelity, seed, ..once })?);
        }
        if fidelity == Fidelity::Chunk {
            check_together(transfers)?;
            check_units(&plans)?;
        }
        Ok(plans)
    }

    /// The outcomes of a replication, on cores of another.
    fn renamed(&self, seen: &Seen, cores: &[LinkIndex]) -> Arc<Vec<Outcome>> {
        if seen.placement.cores == cores {
            return Arc::clone(&seen.outcomes);
        }
        let mut outcomes = Vec::clone(&seen.outcomes);
        let name = |link: LinkIndex| self.cluster.links[link.0].name.to_string();
        let names = seen.placement.cores.iter().zip(cores).filter(|(old, new)| old != new);
        let names: Vec<_> = names.map(|(old, new)| (name(*old), name(*new))).collect();
        for used in outcomes.iter_mut().flat_map(|outcome| &mut outcome.utilisation) {
            if let Some((_, new)) = names.iter().find(|(old, _)| *old == used.link) {
                used.link.clone_from(new);
            }
        }
        Arc::new(outcomes)
    }
}
