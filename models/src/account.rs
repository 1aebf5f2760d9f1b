//! The account: from the spans that a reader left of a plan to rates, times and who took what.
//!
//! There is one. Time by hop and the loss by hop are the same ledger in two units, so they name the
//! same bottleneck:
//!
//! ```text
//!  completion        = time at line rate + Σ over hops: time
//!  line rate − sent  =                     Σ over hops: line rate × time ÷ completion
//! ```

mod change;
mod known;
mod life;
mod pattern;
mod question;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use sim::{LinkId, Rate, Time};

use self::life::Ledger;
use crate::cluster::Cluster;
use crate::outcome::{Interval, Outcome, Reached, Step, StepTime, Taken, Utilisation};
use crate::plan::{Line, Plan, Row};
use crate::predict::Crowd;
use crate::run::{Load, Trace};

pub(crate) use known::Known;
pub(crate) use question::advise;

/// A rate that a report can print: what nothing limits is not infinite but very fast.
fn finite(bytes_per_s: f64) -> Rate {
    Rate::bytes_per_s(bytes_per_s.clamp(1e-3, 1e18))
}

/// The outcomes of plans that ran beside each other.
fn outcomes(cluster: &Cluster, plans: &[Plan], traces: &[Trace]) -> Vec<Outcome> {
    let users = users(plans, traces);
    let of = |(plan, trace)| outcome(cluster, plan, trace, &users);
    plans.iter().zip(traces).map(of).collect()
}

/// The same of transfers some of which are patterns of many flows.
pub(crate) fn of_crowd(
    cluster: &Cluster,
    crowd: &Crowd<'_>,
    plans: &[Plan],
    traces: &[Trace],
) -> Vec<Outcome> {
    if crowd.is_plain() {
        return outcomes(cluster, plans, traces);
    }
    let users = users(plans, traces);
    let of = |(own, is_pattern): (Range<usize>, bool)| match is_pattern {
        false => outcome(cluster, &plans[own.start], &traces[own.start], &users),
        true => {
            let flows = pattern::Flows {
                transfers: &crowd.flows()[own.clone()],
                plans: &plans[own.clone()],
                traces: &traces[own],
            };
            flows.outcome(cluster, &users)
        }
    };
    crowd.parts().map(of).collect()
}

/// When transfers ended and what rate they reached, some of which are patterns of many flows.
pub(crate) fn reached_by_crowd(
    crowd: &Crowd<'_>,
    plans: &[Plan],
    traces: &[Trace],
) -> Vec<Reached> {
    let of = |(own, is_pattern): (Range<usize>, bool)| match is_pattern {
        false => reached(&plans[own.start], &traces[own.start]),
        true => pattern::together(&plans[own.clone()], &traces[own]).reached,
    };
    crowd.parts().map(of).collect()
}

/// How many plans use each link.
fn users(plans: &[Plan], traces: &[Trace]) -> BTreeMap<LinkId, u32> {
    let mut users: BTreeMap<LinkId, u32> = BTreeMap::new();
    for link in plans.iter().zip(traces).flat_map(|(plan, trace)| plan.links(trace.lane)) {
        *users.entry(link).or_default() += 1;
    }
    users
}

fn outcome(
    cluster: &Cluster,
    plan: &Plan,
    trace: &Trace,
    users: &BTreeMap<LinkId, u32>,
) -> Outcome {
    let ledger = Ledger::of(plan, trace);
    let sending = ledger.counted(plan);
    let Reached { goodput, completion, sent, loss_ratio } = of_time(plan, trace, sending);
    let line = plan.line(trace.lane);
    // What two sockets reach is no cable's rate: a short burst of datagrams may be faster.
    let exceeded = |line: &&Line| line.rate.as_bytes_per_s() < goodput.as_bytes_per_s();
    let reference = match line {
        Some(line) if line.sockets && exceeded(&line) => goodput,
        Some(line) => line.rate,
        None => goodput,
    };
    Outcome {
        goodput,
        completion,
        sent,
        loss_ratio,
        reference,
        reference_link: line.map_or(String::new(), |line| line.link.to_string()),
        taken: taken(plan, &ledger, reference, sending),
        life: life(plan, &ledger),
        steps: steps(plan, &ledger),
        utilisation: utilisation(cluster, plan, trace, completion, users),
        flows: None,
    }
}

/// Where the time of the path that decides when a plan ends passes, most first.
pub(crate) fn path(plan: &Plan, trace: &Trace) -> Vec<Interval> {
    let mut path = life(plan, &Ledger::of(plan, trace));
    path.sort_by_key(|interval| Reverse(interval.span));
    path
}

/// When a plan ended and what rate it reached, without an account of its hops.
fn reached(plan: &Plan, trace: &Trace) -> Reached {
    of_time(plan, trace, Ledger::of(plan, trace).counted(plan))
}

/// The same, if so much of its time counts against the goodput.
fn of_time(plan: &Plan, trace: &Trace, sending: Time) -> Reached {
    let lost = trace.lost.iter().map(|lost| lost.bytes).fold(0.0, |sum, bytes| sum + bytes);
    let loss_ratio = (lost / plan.message.as_f64()).clamp(0.0, 1.0);
    let sent = in_time(plan, sending);
    let goodput = finite(sent.as_bytes_per_s() * (1.0 - loss_ratio));
    let completion = trace.spans.ended().saturating_sub(trace.spans.begin);
    Reached { goodput, completion, sent, loss_ratio }
}

/// The rate of a message if so much time counts.
fn in_time(plan: &Plan, sending: Time) -> Rate {
    finite(plan.message.as_f64() / sending.as_seconds().max(1e-12))
}

/// What each hop of the way takes of the line rate.
fn taken(plan: &Plan, ledger: &Ledger, reference: Rate, sending: Time) -> Vec<Taken> {
    let whole = sending.as_seconds().max(1e-12);
    let mut taken: Vec<Taken> = plan.hops[..plan.way as usize]
        .iter()
        .map(|hop| Taken {
            hop: hop.name.to_string(),
            kind: hop.kind.to_string(),
            bytes_per_s: 0.0,
        })
        .collect();
    for (row, span) in plan.rows.iter().zip(&ledger.rows) {
        let Some(taken) = taken.get_mut(row.hop as usize) else { continue };
        if row.counts && row.cause.is_loss() {
            taken.bytes_per_s += reference.as_bytes_per_s() * span.as_seconds() / whole;
        }
    }
    taken
}

/// The life of the message: hops in the order of the way, each cause once in each step.
fn life(plan: &Plan, ledger: &Ledger) -> Vec<Interval> {
    let met = |row: usize| {
        let Row { hop, step, counts, .. } = plan.rows[row];
        // The transfer's own hops are numbered along its way; others stand as they were met.
        let first = || plan.rows.iter().position(|row| (row.hop, row.step) == (hop, step));
        if counts { Some(hop as usize) } else { first() }
    };
    let mut order: Vec<usize> =
        (0..plan.rows.len()).filter(|&row| ledger.rows[row] > Time::ZERO).collect();
    order.sort_by_key(|&row| (plan.rows[row].step, met(row), plan.rows[row].cause));
    let interval = |row: usize| Interval {
        hop: plan.hops[plan.rows[row].hop as usize].name.to_string(),
        kind: plan.hops[plan.rows[row].hop as usize].kind.to_string(),
        cause: plan.rows[row].cause,
        span: ledger.rows[row],
    };
    order.into_iter().map(interval).collect()
}

/// The steps of a request, each once, in order.
fn steps(plan: &Plan, ledger: &Ledger) -> Vec<StepTime> {
    let span = |step: Step| -> Time {
        let rows = plan.rows.iter().zip(&ledger.rows);
        rows.filter(|(row, _)| row.step == Some(step)).map(|(_, span)| *span).sum()
    };
    let taken = Step::ALL.into_iter().map(|step| StepTime { step, span: span(step) });
    taken.filter(|step| step.span > Time::ZERO).collect()
}

/// How busy the links of the way were, by whoever used them.
fn utilisation(
    cluster: &Cluster,
    plan: &Plan,
    trace: &Trace,
    completion: Time,
    users: &BTreeMap<LinkId, u32>,
) -> Vec<Utilisation> {
    let whole = completion.as_seconds().max(1e-12);
    let work: BTreeMap<LinkId, f64> = plan.work(trace.lane).into_iter().collect();
    let of_link = |load: &Load| {
        let link = &cluster.links[load.link.index()];
        let busy = |work: f64| (work / link.capacity / whole).clamp(0.0, 1.0);
        Utilisation {
            link: link.name.to_string(),
            busy: busy(load.work),
            own: busy(work.get(&load.link).copied().unwrap_or(0.0)),
            others: users[&load.link] - 1,
        }
    };
    trace.loads.iter().map(of_link).collect()
}
