//! From a scenario to its report: templates, sources, the engine, and what is kept.

use sim::{Seed, Time};

use super::observe::Observed;
use super::report::{BatchReport, Completion, Report, ResourceReport, Window, WorkloadReport};
use super::{Arrivals, Batch, Scenario, WarmUp, Work, Workload};
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::plan::{BASE, Context, JobContext, Op, Plan, build, job, place};
use crate::predict::way;
use crate::price::Change;
use crate::run::batch::{Serves, Tally};
use crate::run::fleet::Fleet;
use crate::run::start::over_time;
use crate::run::traffic::{Broken, Control, Source, Traffic, Trouble};
use crate::run::watch::{Stretch, Watch};
use crate::run::{Discipline, Resources};

/// So many templates has a workload: they differ in the cores that its flows are hashed to (RSS),
/// and a run is of one of them by chance.
const VARIANTS: u64 = 8;

/// Runs a scenario on a cluster, with the chance of `seed`; nothing, if `control` says stop.
///
/// # Errors
/// As [`super::check`].
pub fn simulate(
    cluster: &Cluster,
    scenario: &Scenario,
    seed: u64,
    control: &Control<'_>,
) -> Result<Option<Report>, InputError> {
    let seed = Seed::new(seed);
    let mut resources = Resources::of(cluster);
    resources.pools.extend(scenario.pools.iter().map(|pool| pool.slots));
    let counts = counts(scenario);
    resources.servers.extend(scenario.batches.iter().map(|batch| {
        let seed = seed.of(&format!("batch/{}", batch.name));
        let counts = [counts.0, counts.1.unwrap_or(Time::MAX)];
        Discipline::Batches(Box::new(Serves { batch: batch.clone(), seed, counts }))
    }));
    let mut plans: Vec<Plan> = Vec::new();
    let mut sources = Vec::new();
    for workload in &scenario.workloads {
        let own = templates(cluster, &workload.work, seed.of(&workload.name).get(), VARIANTS)?;
        check_limit(workload, &own)?;
        let numbers = (plans.len()..plans.len() + own.len()).map(|at| at as u32).collect();
        plans.extend(own);
        sources.push(source(workload, seed, numbers));
    }
    let watch = Watch::new(resources.links.len(), &resources.pools, counts.0, counts.1);
    let plans: Vec<&Plan> = plans.iter().collect();
    let of_cluster = cluster.pools.len();
    let own =
        scenario.pools.iter().enumerate().map(|(at, pool)| {
            pool.set_up.clone().map(|set_up| Fleet::new(set_up, of_cluster + at))
        });
    let fleets = (0..of_cluster).map(|_| None).chain(own).collect();
    let traffic = Traffic::new(sources, watch, fleets);
    let Some((traffic, events)) = over_time(&resources, &plans, traffic, control) else {
        return Ok(None);
    };
    if let Some(broken) = traffic.broken() {
        return Err(told_broken(scenario, broken));
    }
    let Traffic { sources, watch, batches, .. } = traffic;
    let workloads = sources.into_iter().map(|source| told(source.observed)).collect();
    let (whole, windows) = watch.finish();
    let resources = used(cluster, scenario, &whole, &windows);
    let span_s = (whole.end - whole.begin).as_seconds();
    let batches = scenario.batches.iter().zip(batches);
    let batches = batches.map(|(batch, tally)| batch_told(batch, tally, span_s)).collect();
    Ok(Some(Report { workloads, resources, batches, events }))
}

/// Refuses a limit where what is cut off would leave a turn that is kept for it for ever.
pub(super) fn check_limit(workload: &Workload, plans: &[Plan]) -> Result<(), InputError> {
    let turns = |plan: &Plan| {
        let looped = plan.steps.iter().filter(|step| step.count > 1);
        looped.clone().any(|step| matches!(plan.phase(step.middle, BASE).op, Op::Turn { .. }))
    };
    match workload.limit.is_some() && plans.iter().any(turns) {
        true => {
            let problem = "kernels that take turns chunk by chunk cannot be cut off";
            Err(InputError::new(format!("workload.{}.limit", workload.name), problem)
                .help("no `limit`, or `kernel_launch` once"))
        }
        false => Ok(()),
    }
}

/// The plans that the runs of some work are of.
pub(super) fn templates(
    cluster: &Cluster,
    work: &Work,
    seed: u64,
    variants: u64,
) -> Result<Vec<Plan>, InputError> {
    let mut plans = Vec::new();
    for variant in 0..variants {
        let seed = Seed::new(seed).replication(variant);
        plans.push(match work {
            Work::Transfer { transfer, size } => {
                let ways = &mut [way(cluster, transfer)?];
                let cores = place(cluster, std::slice::from_ref(transfer), ways, seed).remove(0);
                let (clusters, change) = ([cluster], Change::default());
                let once = Context::once(&clusters, transfer, ways, &cores, &change);
                build(&Context { seed, template: true, size: size.as_ref(), ..once })?
            }
            Work::Steps(steps) => job(&JobContext { cluster, seed }, steps)?,
        });
        if plans.len() > 1 && plans[0] == plans[1] {
            plans.truncate(1);
            break; // Nothing in it is hashed to a core.
        }
    }
    Ok(plans)
}

fn source(workload: &Workload, seed: Seed, templates: Vec<u32>) -> Source {
    let mut stop = workload.stop;
    if let (Arrivals::At(_), None) = (&workload.arrivals, stop.count) {
        stop.count = Some(1);
    }
    let observed = Observed::new(workload.warm_up, stop.until);
    let (arrivals, limit) = (workload.arrivals.clone(), workload.limit);
    Source::new(&workload.name, seed, templates, arrivals, stop, limit, observed)
}

/// What statistics are about: links, pools and batches from the end of the last warm-up on, and
/// until the last source stops, if that is known.
fn counts(scenario: &Scenario) -> (Time, Option<Time>) {
    let warm = scenario.workloads.iter().map(|workload| match workload.warm_up {
        WarmUp::Until(warm) => warm,
        WarmUp::Found => Time::ZERO,
    });
    let leads = scenario.workloads.iter().filter(|w| !matches!(w.arrivals, Arrivals::After(_)));
    let known = |workload: &Workload| match workload.stop {
        // It may stop before, at nobody knows when.
        super::Stop { count: None, precision: None, until } => until,
        _ => None,
    };
    let until = leads.map(known).collect::<Option<Vec<Time>>>();
    let until = until.and_then(|until| until.into_iter().max());
    (warm.max().unwrap_or(Time::ZERO), until)
}

fn batch_told(batch: &Batch, tally: Tally, span_s: f64) -> BatchReport {
    let over = |sum: f64, all: f64| if all > 0.0 { sum / all } else { 0.0 };
    BatchReport {
        name: batch.name.clone(),
        size: batch.size,
        batches: tally.batches,
        members: tally.members,
        wait_s: over(tally.waited_s, tally.members as f64),
        service_s: over(tally.served_s, tally.batches as f64),
        busy: over(tally.served_s, span_s).min(1.0),
    }
}

fn told(mut observed: Observed) -> WorkloadReport {
    let rates = observed.finish();
    WorkloadReport {
        arrived: observed.arrived,
        completed: observed.completed,
        late: observed.late,
        retried: observed.retried,
        left_out: observed.left_out,
        settled: observed.settled,
        span_s: rates.span_s,
        offered_hz: rates.offered_hz,
        carried_hz: rates.carried_hz,
        in_flight_mean: rates.in_flight,
        in_flight_most: observed.most,
        completion: Completion::of(&observed),
    }
}

/// The links and pools that were used.
fn used(
    cluster: &Cluster,
    scenario: &Scenario,
    whole: &Stretch,
    windows: &[Stretch],
) -> Vec<ResourceReport> {
    let links = cluster.links.iter();
    let links = links.map(|link| (link.name.to_string(), Some(link.unit), link.capacity));
    let of_cluster = cluster.pools.iter().map(|pool| (pool.name.to_string(), pool.slots));
    let own = scenario.pools.iter().map(|pool| (pool.name.clone(), pool.slots));
    let pools = of_cluster.chain(own).map(|(name, slots)| (name, None, f64::from(slots)));
    let mut reports = Vec::new();
    for (at, (name, unit, capacity)) in links.chain(pools).enumerate() {
        let window = |stretch: &Stretch| {
            let (begin, end) = (stretch.begin, stretch.end);
            let span = (end - begin).as_seconds();
            let over = |amount: f64| if span > 0.0 { amount / span } else { 0.0 };
            let busy = over(stretch.passed.used[at] / capacity).min(1.0);
            Window { begin, end, busy, waiting: over(stretch.passed.waited[at]) }
        };
        let windows: Vec<Window> = windows.iter().map(window).collect();
        let whole = window(whole);
        if whole.busy > 0.0 || windows.iter().any(|window| window.busy > 0.0) {
            reports.push(ResourceReport { name, unit, capacity, whole, windows });
        }
    }
    reports
}

fn told_broken(scenario: &Scenario, broken: Broken) -> InputError {
    let name = &scenario.workloads[broken.source as usize].name;
    let (key, problem, help) = match broken.what {
        Trouble::Overload => (
            "until",
            format!("at {}, a million runs are in flight", broken.at),
            "arrivals that the cluster can serve, or an earlier end",
        ),
        Trouble::Standstill => (
            "think",
            format!("at {}, clients begin runs for ever without time passing", broken.at),
            "a time to think, or work that takes time",
        ),
    };
    InputError::new(format!("workload.{name}.{key}"), problem).help(help)
}
