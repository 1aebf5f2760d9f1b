//! Plans that the simulated clock is too short for are refused, before they run where that is
//! certain.
//!
//! The clock ends after 213 days ([`Time::MAX`]). What a plan takes is bounded from below by its
//! longest step, and by the work of all plans on their busiest link: what is past the end by one of
//! these needs no run to be refused. A plan that is within both and still does not end, as its
//! steps follow one another, is refused once it has run.

use std::collections::BTreeMap;

use sim::{LinkId, Time};

use crate::cluster::Cluster;
use crate::input::InputError;
use crate::plan::{BASE, Book, Op, PhaseId, Plan};
use crate::run::Trace;

/// Refuses plans that begin together and cannot end within the clock.
///
/// # Errors
/// If one of them has a step, or all together have work on a link, that takes longer.
pub(crate) fn check(cluster: &Cluster, plans: &[Plan]) -> Result<(), InputError> {
    let end = Time::MAX.as_seconds();
    let mut work: BTreeMap<LinkId, f64> = BTreeMap::new();
    for plan in plans {
        let (seconds, row) = longest(plan);
        if seconds >= end {
            let at =
                row.map(|row| plan.hops[plan.rows[row as usize].hop as usize].name.to_string());
            return Err(too_long("message", seconds, at));
        }
        plan.busy().into_iter().for_each(|(link, own)| *work.entry(link).or_default() += own);
    }
    for (link, work) in work {
        let (name, capacity) = {
            let link = &cluster.links[link.index()];
            (link.name.to_string(), link.capacity)
        };
        if work / capacity >= end {
            return Err(too_long("message", work / capacity, Some(name)));
        }
    }
    Ok(())
}

/// Refuses what ran and did not end.
///
/// # Errors
/// If one of the plans is not over.
pub(crate) fn check_ended(traces: &[Trace]) -> Result<(), InputError> {
    match traces.iter().any(|trace| trace.spans.ended() == Time::MAX) {
        true => Err(too_long("message", Time::MAX.as_seconds(), None)),
        false => Ok(()),
    }
}

/// The time of the longest step of a plan \[s\], and the row that most of it is booked to.
fn longest(plan: &Plan) -> (f64, Option<u32>) {
    let mut longest = (0.0, None);
    for (at, step) in (0..).zip(&plan.steps) {
        let own = || step.phases().map(|(phase, times)| (takes(plan, phase), times, phase));
        // Iterations that may run side by side take as long as one of them.
        let in_turn = plan.into(at).iter().any(|edge| edge.step == at && edge.lag == 1);
        let seconds = match in_turn {
            true => own().map(|(seconds, times, _)| seconds * times).sum(),
            false => own().map(|(seconds, ..)| seconds).fold(0.0, f64::max),
        };
        if seconds > longest.0 {
            let slowest = own().max_by(|a, b| a.0.total_cmp(&b.0));
            longest = (seconds, slowest.and_then(|(.., phase)| row(plan, phase)));
        }
    }
    longest
}

/// How long a phase takes at least \[s\].
fn takes(plan: &Plan, phase: PhaseId) -> f64 {
    let phase = plan.phase(phase, BASE);
    let seconds = match phase.op {
        Op::Wait(time) | Op::Turn { work: time, .. } => time.as_seconds(),
        Op::Move(id) => plan.demand(id).streaming.alone,
        Op::Acquire(_) | Op::Release(_) => 0.0,
    };
    seconds * phase.part
}

/// The row that most of the time of a phase is booked to.
fn row(plan: &Plan, phase: PhaseId) -> Option<u32> {
    let parts = match plan.phase(phase, BASE).book {
        Book::Nobody => return None,
        Book::Parts { first, count } => plan.shares(first, count),
        Book::Streaming(id) => &plan.demand(id).streaming.parts,
    };
    parts.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| *row)
}

/// What is told of a plan that takes so many seconds, most of them at a hop or link.
fn too_long(field: &str, seconds: f64, at: Option<String>) -> InputError {
    let days = (Time::MAX.as_seconds() / 86_400.0).floor();
    let (at, remedy) = match at {
        Some(at) => (format!(" at `{at}`"), format!("less to move or a faster `{at}`")),
        None => (String::new(), "less to move or something faster".to_owned()),
    };
    let taken = seconds / 86_400.0;
    let taken = if taken < 1e6 { format!("{taken:.0}") } else { format!("{taken:.1e}") };
    let problem = match seconds > Time::MAX.as_seconds() {
        true => format!("takes {taken} days{at}, and the simulated clock has {days}"),
        false => format!("does not end within the {days} days of the simulated clock"),
    };
    InputError::new(field, problem).help(remedy)
}
