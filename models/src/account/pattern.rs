//! The account of a pattern: many flows that are one.
//!
//! It lasts until the last flow has arrived, and its goodput is all payload over that time. Its
//! line rate is that at which the ends alone would hold it up: of the pods or GPUs that send or
//! receive, the one that needs longest for all of its flows, each at the line rate of its way. What
//! the last flow waited for others beyond its own time at line rate is no loss up to there; all
//! else that held it up is. Hops of one kind are one hop here: which of them it was is chance.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use sim::{LinkId, Time};

use super::{finite, outcome, reached};
use crate::cluster::Cluster;
use crate::outcome::{self, Cause, Interval, Outcome, Reached, Taken, Utilisation};
use crate::plan::Plan;
use crate::run::Trace;
use crate::transfer::Transfer;

/// What all flows of a pattern came to.
pub(super) struct All {
    pub(super) reached: Reached,
    /// Which flow ended last.
    last: usize,
    /// Payload that arrived \[B\], and for how long it was sent \[s\].
    arrived: f64,
    whole_s: f64,
    flows: outcome::Flows,
}

/// When a pattern ended and what its flows reached, without an account of hops.
pub(super) fn together(plans: &[Plan], traces: &[Trace]) -> All {
    let each: Vec<Reached> =
        plans.iter().zip(traces).map(|(plan, trace)| reached(plan, trace)).collect();
    // The first of those that end together.
    let last = (0..each.len()).max_by_key(|at| (each[*at].completion, Reverse(*at)));
    let last = last.expect("a pattern has flows");
    let message = |at: usize| plans[at].message.as_f64();
    let whole_s = message(last) / each[last].sent.as_bytes_per_s();
    let (mut offered, mut arrived) = (0.0, 0.0);
    for (at, flow) in each.iter().enumerate() {
        offered += message(at);
        arrived += message(at) * (1.0 - flow.loss_ratio);
    }
    let mut rates: Vec<_> = each.iter().map(|flow| flow.goodput).collect();
    rates.sort_by(|a, b| a.as_bytes_per_s().total_cmp(&b.as_bytes_per_s()));
    let reached = Reached {
        goodput: finite(arrived / whole_s),
        completion: each[last].completion,
        sent: finite(offered / whole_s),
        loss_ratio: (1.0 - arrived / offered).clamp(0.0, 1.0),
    };
    let flows = outcome::Flows {
        count: rates.len() as u32,
        least: rates[0],
        median: rates[(rates.len() - 1) / 2],
        most: rates[rates.len() - 1],
    };
    All { reached, last, arrived, whole_s, flows }
}

/// The flows of a pattern, as they ran.
pub(super) struct Flows<'a> {
    pub(super) transfers: &'a [Transfer],
    pub(super) plans: &'a [Plan],
    pub(super) traces: &'a [Trace],
}

impl Flows<'_> {
    /// What came of all of them.
    pub(super) fn outcome(&self, cluster: &Cluster, users: &BTreeMap<LinkId, u32>) -> Outcome {
        let all = together(self.plans, self.traces);
        let mut own = outcome(cluster, &self.plans[all.last], &self.traces[all.last], users);
        let seconds = |own: &Outcome, bytes_per_s: f64| {
            all.whole_s * bytes_per_s / own.reference.as_bytes_per_s()
        };
        let line_s = |own: &Outcome| {
            let lost: f64 = own.taken.iter().map(|hop| seconds(own, hop.bytes_per_s)).sum();
            (all.whole_s - lost).max(0.0)
        };
        let more_s = self.ends_need() - line_s(&own);
        self.set_line_apart(&mut own, more_s, all.whole_s);
        let line_s = line_s(&own).max(1e-12);
        let reference = finite(all.arrived / line_s);
        let scale = reference.as_bytes_per_s() / own.reference.as_bytes_per_s();
        let mut taken: Vec<Taken> = Vec::new();
        for hop in &own.taken {
            let bytes_per_s = hop.bytes_per_s * scale;
            match taken.iter_mut().find(|known| known.kind == hop.kind) {
                Some(known) => known.bytes_per_s += bytes_per_s,
                None => {
                    taken.push(Taken { hop: hop.kind.clone(), kind: hop.kind.clone(), bytes_per_s })
                }
            }
        }
        let Reached { goodput, completion, sent, loss_ratio } = all.reached;
        Outcome {
            goodput,
            completion,
            sent,
            loss_ratio,
            reference,
            reference_link: own.reference_link,
            taken,
            life: by_kind(own.life),
            steps: own.steps,
            utilisation: self.utilisation(cluster, completion, users),
            flows: Some(all.flows),
        }
    }

    /// What the end that has most to do needs for its flows at line rate \[s\].
    fn ends_need(&self) -> f64 {
        let mut ends: HashMap<(bool, &str), f64> = HashMap::new();
        for ((transfer, plan), trace) in self.transfers.iter().zip(self.plans).zip(self.traces) {
            let Some(line) = plan.line(trace.lane) else { continue };
            let lost: f64 = trace.lost.iter().map(|lost| lost.bytes).sum();
            let seconds = (plan.message.as_f64() - lost).max(0.0) / line.rate.as_bytes_per_s();
            for end in [(true, transfer.from.as_str()), (false, transfer.to.as_str())] {
                *ends.entry(end).or_default() += seconds;
            }
        }
        ends.into_values().fold(0.0, f64::max)
    }

    /// Gives the line rate so much of the time that the last flow waited for others, most first.
    fn set_line_apart(&self, own: &mut Outcome, more_s: f64, whole_s: f64) {
        let rate = own.reference.as_bytes_per_s() / whole_s;
        let mut left = Time::from_seconds(more_s.max(0.0));
        let mut waits: Vec<usize> =
            (0..own.life.len()).filter(|at| own.life[*at].cause == Cause::Queueing).collect();
        waits.sort_by_key(|at| Reverse(own.life[*at].span));
        let mut moved = Time::ZERO;
        for at in waits {
            let hop = &own.life[at].hop;
            let Some(taken) = own.taken.iter_mut().find(|taken| taken.hop == *hop) else {
                continue;
            };
            let most = Time::from_seconds((taken.bytes_per_s / rate).max(0.0));
            let part = left.min(own.life[at].span).min(most);
            taken.bytes_per_s = (taken.bytes_per_s - rate * part.as_seconds()).max(0.0);
            own.life[at].span = own.life[at].span - part;
            left = left - part;
            moved += part;
        }
        match own.life.iter_mut().find(|interval| interval.cause == Cause::LineRate) {
            Some(line) => line.span += moved,
            None if moved == Time::ZERO => {}
            None => {
                let first = own.life[0].clone();
                own.life.push(Interval { cause: Cause::LineRate, span: moved, ..first });
            }
        }
        own.life.retain(|interval| interval.span > Time::ZERO);
    }

    /// How busy links were until the last flow had arrived: as the one that used it last saw it.
    fn utilisation(
        &self,
        cluster: &Cluster,
        completion: Time,
        users: &BTreeMap<LinkId, u32>,
    ) -> Vec<Utilisation> {
        let whole = completion.as_seconds().max(1e-12);
        let mut seen: BTreeMap<LinkId, (Time, f64, f64)> = BTreeMap::new();
        for (plan, trace) in self.plans.iter().zip(self.traces) {
            let ended = trace.spans.ended();
            for load in &trace.loads {
                let known = seen.entry(load.link).or_default();
                if ended >= known.0 {
                    (known.0, known.1) = (ended, load.work);
                }
            }
            for (link, work) in plan.work(trace.lane) {
                seen.entry(link).or_default().2 += work;
            }
        }
        let busy = |link: LinkId, work: f64| {
            (work / cluster.links[link.index()].capacity / whole).clamp(0.0, 1.0)
        };
        let of_link = |(link, (_, work, own)): (LinkId, (Time, f64, f64))| Utilisation {
            link: cluster.links[link.index()].name.to_string(),
            busy: busy(link, work.max(own)),
            own: busy(link, own),
            others: users.get(&link).map_or(0, |users| users - 1),
        };
        seen.into_iter().map(of_link).collect()
    }
}

/// Time by kind of hop and cause, each once.
fn by_kind(life: Vec<Interval>) -> Vec<Interval> {
    let mut all: Vec<Interval> = Vec::new();
    for interval in life {
        let same =
            |known: &&mut Interval| (&known.kind, known.cause) == (&interval.kind, interval.cause);
        match all.iter_mut().find(same) {
            Some(known) => known.span += interval.span,
            None => all.push(Interval { hop: interval.kind.clone(), ..interval }),
        }
    }
    all
}
