//! From a trace to its report.

use sim::{Bytes, LinkId, Seed, Time};

use super::report::sums;
use super::{Does, LogGops, Report, Traced};
use crate::account::path;
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::outcome::Fidelity;
use crate::plan::trace::{Laid, on_loggops as laid_on_loggops, on_network};
use crate::run::Resources;
use crate::run::start::traces;

/// Replays a trace on a cluster whose places `places` its ranks are at, in order. Messages of at
/// most `eager` bytes are buffered: their sends end at once. `seed` decides to which receive queue
/// each connection is hashed.
///
/// # Errors
/// If something is wrong with the trace, which names the operation, or with the places of ranks; if
/// it ends later than simulated time goes.
///
/// # Panics
/// If there is not one place for each rank.
pub fn on_cluster(
    traced: &Traced,
    cluster: &Cluster,
    places: &[String],
    eager: Bytes,
    seed: u64,
) -> Result<Report, (Option<usize>, InputError)> {
    assert_eq!(places.len(), traced.ranks as usize, "one place for each rank");
    traced.check(eager).map_err(|(at, error)| (Some(at), error))?;
    let laid = on_network(traced, cluster, places, eager, Seed::new(seed));
    let laid = laid.map_err(|error| (None, error))?;
    let mut resources = Resources::of(cluster);
    resources.pools.extend(std::iter::repeat_n(1, laid.pools));
    let mut report = report(traced, &laid, &resources, places)?;
    let whole = report.completion.as_seconds().max(1e-12);
    let busy = laid.plan.busy();
    let busy = busy.into_iter().map(|(link, work): (LinkId, f64)| {
        let link = &cluster.links[link.index()];
        (link.name.to_string(), (work / link.capacity / whole).clamp(0.0, 1.0))
    });
    report.links = busy.collect();
    report.links.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(report)
}

/// Replays a trace whose messages cost what the LogGOPS model says.
///
/// # Errors
/// If something is wrong with the trace, or it has copies to and from GPUs, of which the model
/// says nothing.
pub fn on_loggops(
    traced: &Traced,
    prices: &LogGops,
) -> Result<Report, (Option<usize>, InputError)> {
    traced.check(prices.eager).map_err(|(at, error)| (Some(at), error))?;
    let copies = |at: &usize| matches!(traced.operations[*at].does, Does::Copy { .. });
    if let Some(at) = (0..traced.operations.len()).find(copies) {
        let problem = "the LogGOPS model has no copies to and from GPUs";
        return Err((Some(at), InputError::new("loggops", problem).help("a topology")));
    }
    let laid = laid_on_loggops(traced, prices);
    let resources = Resources { pools: vec![1; laid.pools], ..Resources::default() };
    let places: Vec<String> = vec![String::new(); traced.ranks as usize];
    report(traced, &laid, &resources, &places)
}

fn report(
    traced: &Traced,
    laid: &Laid,
    resources: &Resources,
    places: &[String],
) -> Result<Report, (Option<usize>, InputError)> {
    let plan = &laid.plan;
    let trace = traces(resources, &[plan], &[Time::ZERO], Fidelity::Flow).remove(0);
    let end = |step: u32| trace.spans.end[plan.firing(step, 0) as usize];
    let spans = laid.marks.iter().map(|marks| {
        let begin = match marks.begun {
            Some(step) => end(step),
            None => trace.spans.ready(plan.firing(marks.ended, 0)),
        };
        [begin, end(marks.ended)]
    });
    let spans: Vec<[Time; 2]> = spans.collect();
    if let Some(at) = spans.iter().position(|[_, end]| *end == Time::MAX) {
        let problem = "the operation ends later than simulated time goes";
        let error = InputError::new("time", problem).help("a trace of at most 213 days");
        return Err((Some(at), error));
    }
    let (ranks, kinds) = sums(traced, places, &spans);
    let completion = trace.spans.ended();
    let path = path(plan, &trace);
    let steps = plan.steps.len();
    Ok(Report { completion, ranks, kinds, path, links: Vec::new(), steps, spans })
}
