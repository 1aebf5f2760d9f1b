//! A question: all transfers in closed form, seated once, to be asked what becomes of one of them
//! that is done otherwise while the others are as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::slice::from_ref;

use sim::{LinkId, Rate, Seed};

use super::change::best;
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::outcome::{Advice, Fidelity};
use crate::plan::{BASE, Context, Cores, Plan, build, more, place};
use crate::predict::{routes, way};
use crate::price::Change;
use crate::route::Route;
use crate::run::{Company, Resources, Trace, closed};
use crate::transfer::Transfer;

/// All transfers of a question in closed form, to be asked what changes would bring.
pub(super) struct Question<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) transfers: &'a [Transfer],
    pub(super) routes: &'a [Route<'a>],
    cores: &'a [Vec<Cores>],
    seed: Seed,
    resources: &'a Resources,
    pub(super) plans: &'a [&'a Plan],
    /// All of them as each meets the others.
    company: &'a Company<'a>,
    /// Which plans use each link.
    users: BTreeMap<LinkId, Vec<usize>>,
}

/// All changes that bring something to each transfer that is `asked` about while the others run
/// beside it, best first.
///
/// # Errors
/// If a transfer is impossible.
pub(crate) fn advise(
    cluster: &Cluster,
    transfers: &[Transfer],
    seed: u64,
    asked: &dyn Fn(usize) -> bool,
) -> Result<Vec<Vec<Advice>>, InputError> {
    let transfers: Cow<'_, [Transfer]> = match transfers.iter().any(|t| t.kernel.is_some()) {
        true => transfers.iter().map(Transfer::in_closed_form).collect(),
        false => Cow::Borrowed(transfers),
    };
    let seed = Seed::new(seed);
    let mut routes = routes(cluster, &transfers)?;
    let cores = place(cluster, &transfers, &mut routes, seed);
    let change = Change::default();
    let plans = (0..transfers.len()).map(|at| {
        let (transfer, cores) = (&transfers[at], &cores[at][..]);
        let (clusters, routes) = (&[cluster], from_ref(&routes[at]));
        let (whole, fidelity) = (false, Fidelity::Closed);
        let once = Context::once(clusters, transfer, routes, cores, &change);
        build(&Context { whole, fidelity, seed, ..once })
    });
    let plans = plans.collect::<Result<Vec<Plan>, InputError>>()?;
    let plans: Vec<&Plan> = plans.iter().collect();
    let mut users: BTreeMap<LinkId, Vec<usize>> = BTreeMap::new();
    for (at, plan) in plans.iter().enumerate() {
        for link in plan.links(BASE) {
            users.entry(link).or_default().push(at);
        }
    }
    let resources = Resources::of(cluster);
    let question = Question {
        cluster,
        transfers: &transfers,
        routes: &routes,
        cores: &cores,
        seed,
        resources: &resources,
        plans: &plans,
        company: &Company::new(&resources.links, &plans, BASE),
        users,
    };
    let advice = |which| if asked(which) { best(&question, which) } else { Vec::new() };
    Ok((0..transfers.len()).map(advice).collect())
}

impl Question<'_> {
    /// The goodput of transfer `which`, done as `transfer`, after `change`; `None` where that is
    /// impossible.
    pub(super) fn goodput(
        &self,
        which: usize,
        transfer: &Transfer,
        change: &Change,
    ) -> Option<Rate> {
        let same = *transfer == self.transfers[which];
        let route = match same {
            true => Cow::Borrowed(&self.routes[which]),
            false => {
                let mut route = way(self.cluster, transfer).ok()?;
                route.take(self.cluster, self.cores[which][0].flow);
                Cow::Owned(route)
            }
        };
        let cores = match transfer.streams == self.transfers[which].streams {
            true => Cow::Borrowed(&self.cores[which]),
            false => Cow::Owned(more(&self.cores[which], which, transfer.streams, self.seed)),
        };
        let (clusters, routes) = (&[self.cluster], from_ref::<Route<'_>>(&route));
        let once = Context::once(clusters, transfer, routes, &cores, change);
        let (whole, brief, fidelity, seed) = (false, true, Fidelity::Closed, self.seed);
        let plan = build(&Context { whole, brief, fidelity, seed, ..once });
        Some(self.read(which, &plan.ok()?))
    }

    /// The goodput of `plan` in place of that of transfer `which`.
    pub(super) fn read(&self, which: usize, plan: &Plan) -> Rate {
        let trace = match self.company.seats(which, plan, BASE) {
            true => closed::trace(self.resources, self.plans, self.company, (which, plan)),
            false => self.read_anew(which, plan),
        };
        super::reached(plan, &trace).goodput
    }

    /// The same where it meets others than before.
    fn read_anew(&self, which: usize, plan: &Plan) -> Trace {
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
        closed::trace(self.resources, &company, &seated, (0, plan))
    }
}
