//! A question: all transfers in closed form, seated once, to be asked what becomes of one of them
//! that is done otherwise while the others are as they are.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::slice::from_ref;

use sim::{LinkId, Rate, Seed};

use super::change::best;
use super::known::{Facts, Known};
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::outcome::{Advice, Cause, Fidelity};
use crate::plan::{BASE, Context, Cores, Plan, build, more};
use crate::predict::Stop;
use crate::predict::placement::Placement;
use crate::predict::{same_way, way};
use crate::price::Change;
use crate::route::Route;
use crate::run::{Company, Resources, closed};
use crate::transfer::Transfer;

/// Of more transfers than this, a counterfactual is told by the cores themselves of the one that is
/// done otherwise, and not by the pattern of all.
const FEW: usize = 8;

/// All transfers of a question in closed form, to be asked what changes would bring.
pub(crate) struct Question<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) transfers: &'a [Transfer],
    pub(super) routes: &'a [Route<'a>],
    cores: &'a [Vec<Cores>],
    seed: Seed,
    /// Where the transfers fall as they are: what their goodput depends on.
    key: Vec<u32>,
    /// All of them as each meets the others; none while what is known already may be enough.
    seated: Option<&'a Seated<'a>>,
    /// What is known of this and other draws of the same transfers.
    known: &'a RefCell<Known>,
    stop: Stop<'a>,
    /// Whether something was asked that nobody knew, or the user does not wait for the answer.
    unknown: Cell<bool>,
    stopped: Cell<bool>,
}

/// The plans of all transfers, each among the others.
pub(super) struct Seated<'a> {
    resources: &'a Resources,
    plans: &'a [&'a Plan],
    company: Company<'a>,
    /// Which plans use each link.
    users: BTreeMap<LinkId, Vec<usize>>,
}

/// Transfers with the chance of one seed: where they fall, and all changes that bring something to
/// each that is `wanted`, best first; none if the user does not wait for it.
///
/// # Errors
/// If a transfer is impossible.
pub(crate) fn advise(
    (cluster, transfers, resources): (&Cluster, &[Transfer], &Resources),
    (routes, cores, seed): (&[Route<'_>], &[Vec<Cores>], Seed),
    wanted: &dyn Fn(usize) -> bool,
    known: &RefCell<Known>,
    stop: Stop<'_>,
) -> Result<Option<Vec<Vec<Advice>>>, InputError> {
    let mut question = Question {
        cluster,
        transfers,
        routes,
        cores,
        seed,
        key: Vec::new(),
        seated: None,
        known,
        stop,
        unknown: Cell::new(false),
        stopped: Cell::new(false),
    };
    question.key = question.place();
    if known.borrow().knows_something()
        && let Some(all) = question.advice(wanted)
    {
        return Ok(Some(all));
    }
    let plans = question.plans()?;
    let plans: Vec<&Plan> = plans.iter().collect();
    let seated = Seated::new(resources, &plans);
    question.seated = Some(&seated);
    let advice = question.advice(wanted);
    Ok(advice.filter(|_| !question.stopped.get()))
}

impl<'a> Seated<'a> {
    fn new(resources: &'a Resources, plans: &'a [&'a Plan]) -> Seated<'a> {
        let mut users: BTreeMap<LinkId, Vec<usize>> = BTreeMap::new();
        for (at, plan) in plans.iter().enumerate() {
            for link in plan.links(BASE) {
                users.entry(link).or_default().push(at);
            }
        }
        let company = Company::new(&resources.links, plans, BASE);
        Seated { resources, plans, company, users }
    }

    /// The goodput of `plan` in place of that of transfer `which`.
    fn read(&self, which: usize, plan: &Plan) -> Rate {
        if self.company.seats(which, plan, BASE) {
            return goodput(self.resources, self.plans, &self.company, (which, plan));
        }
        // It meets others than before.
        let mut company: Vec<&Plan> = vec![plan];
        let mut seen = vec![false; self.plans.len()];
        seen[which] = true;
        let mut at = 0;
        while at < company.len() {
            for link in company[at].links(BASE) {
                for &other in self.users.get(&link).into_iter().flatten() {
                    if !std::mem::replace(&mut seen[other], true) {
                        company.push(self.plans[other]);
                    }
                }
            }
            at += 1;
        }
        let seated = Company::new(&self.resources.links, &company, BASE);
        goodput(self.resources, &company, &seated, (0, plan))
    }
}

/// What a plan reaches in its seat: without its life, where that can be told so.
fn goodput(
    resources: &Resources,
    plans: &[&Plan],
    company: &Company<'_>,
    (of, plan): (usize, &Plan),
) -> Rate {
    match closed::ends(resources, plans, company, (of, plan)) {
        Some(ends) => super::in_time(plan, ends.counted),
        None => {
            let trace = closed::trace(resources, plans, company, (of, plan));
            super::reached(plan, &trace).goodput
        }
    }
}

impl Question<'_> {
    /// What changes bring to the wanted transfers; none if something is not known.
    fn advice(&self, wanted: &dyn Fn(usize) -> bool) -> Option<Vec<Vec<Advice>>> {
        self.unknown.set(false);
        let mut all = Vec::with_capacity(self.transfers.len());
        for which in 0..self.transfers.len() {
            let of = if wanted(which) { best(self, which)? } else { Vec::new() };
            if self.unknown.get() || self.stopped.get() {
                return None;
            }
            all.push(of);
        }
        Some(all)
    }

    /// The plans of all transfers as they are.
    fn plans(&self) -> Result<Vec<Plan>, InputError> {
        let change = Change::default();
        let plans = (0..self.transfers.len()).map(|at| {
            let (transfer, cores) = (&self.transfers[at], &self.cores[at][..]);
            let (clusters, routes) = (&[self.cluster], from_ref(&self.routes[at]));
            let (whole, fidelity, seed) = (false, Fidelity::Closed, self.seed);
            let once = Context::once(clusters, transfer, routes, cores, &change);
            build(&Context { whole, fidelity, seed, ..once })
        });
        plans.collect()
    }

    /// What is to be known of transfer `which` as it is; none if nobody knows it.
    pub(super) fn facts(&self, which: usize) -> Option<Facts> {
        if let Some(facts) = self.known.borrow().facts(&self.key, which) {
            return Some(facts);
        }
        let seated = self.seated?;
        let plan = seated.plans[which];
        let legs = || self.routes[which].stages.iter().flatten();
        let line = plan.line(BASE).and_then(|line| legs().nth(line.hop));
        let windowed = plan.rows.iter().any(|row| row.counts && row.cause == Cause::Window);
        let facts = Facts {
            now: seated.read(which, plan),
            windowed,
            line: line.map(|leg| leg.hop().kind.clone()),
        };
        self.known.borrow_mut().note_facts(&self.key, which, facts.clone());
        Some(facts)
    }

    /// The goodput of transfer `which`, done as `transfer`, after `change`; `None` where that is
    /// impossible.
    pub(super) fn goodput(
        &self,
        which: usize,
        transfer: &Transfer,
        change: &Change,
    ) -> Option<Rate> {
        if self.unknown.get() || self.stopped.get() {
            return None;
        }
        let cores = match transfer.streams == self.transfers[which].streams {
            true => Cow::Borrowed(&self.cores[which]),
            false => Cow::Owned(more(&self.cores[which], which, transfer.streams, self.seed)),
        };
        let own = (&self.routes[which], &self.transfers[which]);
        let route = match same_way(self.cluster, transfer, own) {
            Some(known) => Cow::Borrowed(known.ok()?),
            None => {
                let mut route = way(self.cluster, transfer).ok()?;
                route.take(self.cluster, transfer, self.cores[which][0].flow);
                Cow::Owned(route)
            }
        };
        let in_place = matches!((&route, &cores), (Cow::Borrowed(_), Cow::Borrowed(_)));
        let key = match in_place {
            true => Cow::Borrowed(&self.key),
            false => Cow::Owned(self.place_with(which, &route, &cores)),
        };
        let asked = (which, transfer, change);
        if let Some(known) = self.known.borrow().goodput(&key, asked) {
            return known;
        }
        let Some(seated) = self.seated else {
            self.unknown.set(true);
            return None;
        };
        self.stopped.set((self.stop)());
        let (clusters, routes) = (&[self.cluster], from_ref::<Route<'_>>(&route));
        let once = Context::once(clusters, transfer, routes, &cores, change);
        let (whole, brief, fidelity, seed) = (false, true, Fidelity::Closed, self.seed);
        let plan = build(&Context { whole, brief, fidelity, seed, ..once });
        let goodput = plan.ok().map(|plan| seated.read(which, &plan));
        self.known.borrow_mut().note_goodput(&key, asked, goodput);
        goodput
    }

    /// Where the transfers fall, as a key: the pattern of all of few; of many, a number.
    fn place(&self) -> Vec<u32> {
        let cores = self.cores.iter().map(Vec::as_slice);
        let all = Placement::of(self.cluster, self.routes.iter().zip(cores));
        match self.transfers.len() > FEW {
            true => vec![self.known.borrow_mut().number(all.exactly())],
            false => all.pattern,
        }
    }

    /// The same with `which` on `route` and `cores`.
    fn place_with(&self, which: usize, route: &Route<'_>, cores: &[Cores]) -> Vec<u32> {
        if self.transfers.len() > FEW {
            let own = Placement::of(self.cluster, [(route, cores)].into_iter());
            return [&self.key[..], &own.exactly()].concat();
        }
        let all = self.routes.iter().zip(self.cores).enumerate();
        let all = all.map(|(at, (way, own))| match at == which {
            true => (route, cores),
            false => (way, &own[..]),
        });
        Placement::of(self.cluster, all).pattern
    }
}
