//! What is kept of a point: a row per replication, and means over replications.
//!
//! Outcomes and attributions are large (an entry per hop and link); they are reduced here, in the
//! thread that made them, so that a sweep's memory grows with its rows and not with its hops.

use models::outcome::{self, Advice, Cause, Outcome, Step, StepTime};
use serde::{Deserialize, Serialize};
use sim::{Rate, Time};

use calibration_lab::trial::Reading;

use crate::estimate::Estimate;
use crate::interval::Sure;
use crate::life::{Spent, life};
use crate::run::Sample;

/// One transfer of one point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Digest {
    pub(crate) replications: Vec<Replication>,
    pub(crate) goodput_bit_s: Estimate,
    /// None if some replication never saw the whole result arrive.
    pub(crate) completion_s: Option<Estimate>,
    pub(crate) sent_bit_s: Estimate,
    pub(crate) loss_ratio: Estimate,
    /// Its part of the goodput of all transfers of the point.
    pub(crate) share_ratio: f64,
    pub(crate) reference_bit_s: f64,
    pub(crate) reference_link: String,
    /// How sure the prediction is; none where nobody asked, or of a measurement.
    pub(crate) sure: Option<Sure>,
    /// What is left at the end of the waterfall: the goodput.
    pub(crate) left_bit_s: f64,
    #[serde(skip)]
    pub(crate) taken: Vec<Taken>,
    #[serde(skip)]
    pub(crate) returned: Vec<Returned>,
    /// The steps of the request, if the transfer replies to one.
    pub(crate) steps: Vec<StepDigest>,
    /// Where its time passes, by hop and cause; empty where `completion_s` is none.
    #[serde(skip)]
    pub(crate) life: Vec<Spent>,
    /// What single flows reach, where the transfer is a pattern of many.
    pub(crate) flows: Option<Flows>,
    /// The kind of hop that takes most, and what a user can do that brings most.
    most_taken: Option<(String, f64)>,
    best_change: Option<Returned>,
}

/// What the flows of a pattern reach, means over replications.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Flows {
    pub(crate) count: u32,
    pub(crate) least_bit_s: f64,
    pub(crate) median_bit_s: f64,
    pub(crate) most_bit_s: f64,
}

/// How long one step of a request took, over replications.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepDigest {
    /// Which; none for the whole request.
    pub(crate) step: Option<Step>,
    pub(crate) time_s: Estimate,
    /// Half of the replications take less.
    pub(crate) median_s: f64,
    /// Of a hundred replications, ninety-nine take less.
    pub(crate) p99_s: f64,
    /// The part of the whole request, of the means.
    pub(crate) share: f64,
}

/// One transfer of one replication.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replication {
    pub(crate) goodput_bit_s: f64,
    pub(crate) completion_s: Option<f64>,
    pub(crate) sent_bit_s: f64,
    pub(crate) loss_ratio: f64,
    pub(crate) reference_bit_s: f64,
    pub(crate) reference_link: String,
    pub(crate) busiest_link: String,
    pub(crate) busiest_ratio: f64,
    /// How many other transfers use that link, and the part of its time that is this one's own.
    pub(crate) busiest_others: u32,
    pub(crate) busiest_own: f64,
    /// Seconds by cause, in the order of [`CAUSES`]; a measurement does not tell them apart.
    pub(crate) seconds: [Option<f64>; 5],
}

/// The causes by which a message's life is booked, in column order.
pub(crate) const CAUSES: [Cause; 5] =
    [Cause::Service, Cause::Queueing, Cause::Window, Cause::Propagation, Cause::LineRate];

/// What one hop took, over replications.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) hop: String,
    pub(crate) kind: String,
    pub(crate) bit_s: Estimate,
}

/// What one change would bring, over replications.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Returned {
    pub(crate) change: String,
    pub(crate) feasible: bool,
    /// What it takes to do it, and what is lost with it.
    pub(crate) requires: String,
    pub(crate) gives_up: String,
    pub(crate) goodput_bit_s: f64,
    pub(crate) gain_ratio: f64,
}

impl Digest {
    /// The digest of transfer `which` from all replications of its point.
    pub(crate) fn of(samples: &[Sample], which: usize) -> Digest {
        let replications: Vec<Replication> =
            samples.iter().map(|sample| Replication::of(sample, which)).collect();
        let (taken, returned) = (taken(samples, which), returned(samples, which));
        let (steps, life) = (steps(samples, which), life(samples, which));
        let goodputs = |outcomes: &[Outcome]| -> f64 {
            outcomes.iter().map(|outcome| outcome.goodput.as_bytes_per_s()).sum()
        };
        let own: f64 = samples.iter().map(|s| s.outcomes[which].goodput.as_bytes_per_s()).sum();
        let all: f64 = samples.iter().map(|sample| goodputs(&sample.outcomes)).sum();
        let share_ratio = own / all;
        let over = Digest::over(replications);
        let most_taken = most_taken(&taken, over.reference_bit_s);
        let best = returned.iter().find(|change| change.feasible && change.gain_ratio > 0.0);
        let best_change = best.cloned();
        let flows = flows(samples, which);
        Digest { taken, returned, steps, life, share_ratio, flows, most_taken, best_change, ..over }
    }

    /// The digest of a transfer that was measured once a round; `line` says what its line rate is.
    /// What each hop took is not in it: only the model tells hops apart.
    pub(crate) fn measured(readings: &[&Reading], line: &Outcome) -> Digest {
        let replications = readings.iter().map(|r| Replication::measured(r, line)).collect();
        Digest::over(replications)
    }

    /// Means over replications, without a waterfall.
    fn over(replications: Vec<Replication>) -> Digest {
        let over = |value: fn(&Replication) -> f64| {
            Estimate::of(&replications.iter().map(value).collect::<Vec<f64>>())
        };
        let completions: Option<Vec<f64>> = replications.iter().map(|r| r.completion_s).collect();
        Digest {
            goodput_bit_s: over(|r| r.goodput_bit_s),
            completion_s: completions.map(|seconds| Estimate::of(&seconds)),
            sent_bit_s: over(|r| r.sent_bit_s),
            loss_ratio: over(|r| r.loss_ratio),
            share_ratio: 1.0,
            reference_bit_s: over(|r| r.reference_bit_s).mean,
            reference_link: replications[0].reference_link.clone(),
            sure: None,
            left_bit_s: over(|r| r.goodput_bit_s).mean,
            taken: Vec::new(),
            returned: Vec::new(),
            steps: Vec::new(),
            life: Vec::new(),
            flows: None,
            most_taken: None,
            best_change: None,
            replications,
        }
    }

    /// Forgets what is only written, row by row, into tables; replications are kept if `keeps`
    /// says so.
    pub(crate) fn forget_rows(&mut self, keeps: bool) {
        (self.taken, self.returned, self.life) = (Vec::new(), Vec::new(), Vec::new());
        if !keeps {
            self.replications.truncate(1);
        }
    }

    /// The kind of hop that takes most over all its hops, with the part of the reference it takes.
    pub(crate) fn most_taken(&self) -> Option<(&str, f64)> {
        self.most_taken.as_ref().map(|(kind, ratio)| (kind.as_str(), *ratio))
    }

    /// What a user can do that brings most.
    pub(crate) fn best_change(&self) -> Option<&Returned> {
        self.best_change.as_ref()
    }

    /// The link that was busiest in the first replication.
    pub(crate) fn busiest_link(&self) -> &str {
        &self.replications[0].busiest_link
    }
}

impl Replication {
    fn measured(reading: &Reading, line: &Outcome) -> Replication {
        let busy = |times: &calibration_lab::traffic::CoreTimes| {
            let all = times.busy_s() + times.idle_s + times.steal_s;
            if all > 0.0 { times.busy_s() / all } else { 0.0 }
        };
        let cores = reading.cpu.cores.iter().map(|times| (times.core, busy(times)));
        let busiest = cores.reduce(|a, b| if b.1 > a.1 { b } else { a });
        Replication {
            goodput_bit_s: reading.goodput.as_bytes_per_s() * 8.0,
            completion_s: Some(reading.completion_s),
            sent_bit_s: reading.sent.as_bytes_per_s() * 8.0,
            loss_ratio: reading.loss_ratio,
            reference_bit_s: line.reference.as_bytes_per_s() * 8.0,
            reference_link: line.reference_link.clone(),
            busiest_link: busiest.map_or(String::new(), |(core, _)| format!("lab/core{core}")),
            busiest_ratio: busiest.map_or(0.0, |(_, busy)| busy),
            busiest_others: 0,
            busiest_own: 1.0,
            seconds: [None; 5],
        }
    }

    fn of(sample: &Sample, which: usize) -> Replication {
        let outcome: &Outcome = &sample.outcomes[which];
        let busiest = outcome.bottleneck();
        let spent = |cause: Cause| {
            let here = outcome.life.iter().filter(|interval| interval.cause == cause);
            here.map(|interval| interval.span).sum::<Time>().as_seconds()
        };
        Replication {
            goodput_bit_s: outcome.goodput.as_bytes_per_s() * 8.0,
            completion_s: (outcome.completion < Time::MAX).then(|| outcome.completion.as_seconds()),
            sent_bit_s: outcome.sent.as_bytes_per_s() * 8.0,
            loss_ratio: outcome.loss_ratio,
            reference_bit_s: outcome.reference.as_bytes_per_s() * 8.0,
            reference_link: outcome.reference_link.clone(),
            busiest_link: busiest.map_or(String::new(), |link| link.link.clone()),
            busiest_ratio: busiest.map_or(0.0, |link| link.busy),
            busiest_others: busiest.map_or(0, |link| link.others),
            busiest_own: busiest.map_or(0.0, |link| link.own / link.busy.max(f64::MIN_POSITIVE)),
            seconds: CAUSES.map(|cause| Some(spent(cause))),
        }
    }
}

/// The steps that any replication took, in their order, and the whole behind them.
fn steps(samples: &[Sample], which: usize) -> Vec<StepDigest> {
    let outcomes = || samples.iter().map(|sample| &sample.outcomes[which]);
    let whole: f64 = outcomes().map(|outcome| outcome.completion.as_seconds()).sum();
    let digest = |step: Option<Step>| {
        let spent = |outcome: &Outcome| {
            let wanted = |time: &&StepTime| step.is_none_or(|step| time.step == step);
            let here = outcome.steps.iter().filter(wanted);
            here.map(|time| time.span).sum::<Time>().as_seconds()
        };
        let mut seconds: Vec<f64> = outcomes().map(spent).collect();
        let sum: f64 = seconds.iter().sum();
        let time_s = Estimate::of(&seconds);
        seconds.sort_by(f64::total_cmp);
        StepDigest {
            step,
            time_s,
            median_s: quantile(&seconds, 0.5),
            p99_s: quantile(&seconds, 0.99),
            share: sum / whole,
        }
    };
    let taken = |step: &Step| outcomes().flat_map(|o| &o.steps).any(|time| time.step == *step);
    let steps: Vec<Step> = Step::ALL.into_iter().filter(taken).collect();
    let all = if steps.is_empty() { None } else { Some(None) };
    steps.into_iter().map(Some).chain(all).map(digest).collect()
}

/// The least of `sorted` that the part `q` of all does not exceed.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

/// The waterfall: hops in path order. Which there are hangs on chance in patterns alone, of which a
/// hop that only a later replication met stands behind those of the first.
fn taken(samples: &[Sample], which: usize) -> Vec<Taken> {
    let first = &samples[0].outcomes[which].taken;
    let of = |sample: &Sample, at: usize, hop: &outcome::Taken| {
        let all = &sample.outcomes[which].taken;
        let own = all.get(at).filter(|own| own.hop == hop.hop);
        let own = own.or_else(|| all.iter().find(|own| own.hop == hop.hop));
        own.map_or(0.0, |own| own.bytes_per_s * 8.0)
    };
    let mut hops: Vec<(usize, &outcome::Taken)> = first.iter().enumerate().collect();
    for hop in samples[1..].iter().flat_map(|sample| &sample.outcomes[which].taken) {
        if hops.iter().all(|(_, known)| known.hop != hop.hop) {
            hops.push((usize::MAX, hop));
        }
    }
    let taken = |(at, hop): (usize, &outcome::Taken)| {
        let bit_s: Vec<f64> = samples.iter().map(|sample| of(sample, at, hop)).collect();
        Taken { hop: hop.hop.clone(), kind: hop.kind.clone(), bit_s: Estimate::of(&bit_s) }
    };
    hops.into_iter().map(taken).collect()
}

/// What single flows reach.
fn flows(samples: &[Sample], which: usize) -> Option<Flows> {
    let all = samples.iter().map(|sample| sample.outcomes[which].flows);
    let all: Vec<outcome::Flows> = all.collect::<Option<_>>()?;
    let mean = |rate: fn(&outcome::Flows) -> Rate| {
        let bit_s: Vec<f64> = all.iter().map(|one| rate(one).as_bytes_per_s() * 8.0).collect();
        Estimate::of(&bit_s).mean
    };
    Some(Flows {
        count: all[0].count,
        least_bit_s: mean(|one| one.least),
        median_bit_s: mean(|one| one.median),
        most_bit_s: mean(|one| one.most),
    })
}

/// The kind of hop that takes most, and which part of the reference.
fn most_taken(taken: &[Taken], reference_bit_s: f64) -> Option<(String, f64)> {
    let mut kinds: Vec<(&str, f64)> = Vec::new();
    for taken in taken {
        match kinds.iter_mut().find(|(kind, _)| *kind == taken.kind) {
            Some((_, sum)) => *sum += taken.bit_s.mean,
            None => kinds.push((&taken.kind, taken.bit_s.mean)),
        }
    }
    // The first of equals, so that the order of hops decides ties.
    let most = kinds.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    (most.1 > 0.0).then(|| (most.0.to_owned(), most.1 / reference_bit_s))
}

/// The changes that every replication weighs, best first.
fn returned(samples: &[Sample], which: usize) -> Vec<Returned> {
    let lists = || samples.iter().map(|sample| &sample.advice[which]);
    let mut all: Vec<Returned> = Vec::new();
    for advice in &samples[0].advice[which] {
        let same = |list: &Vec<Advice>| list.iter().find(|a| a.change == advice.change).cloned();
        let Some(found) = lists().map(same).collect::<Option<Vec<Advice>>>() else { continue };
        let mean = |value: fn(&Advice) -> f64| {
            Estimate::of(&found.iter().map(value).collect::<Vec<f64>>()).mean
        };
        all.push(Returned {
            change: advice.change.clone(),
            feasible: advice.feasible,
            requires: advice.requires.clone(),
            gives_up: advice.gives_up.clone(),
            goodput_bit_s: mean(|a| a.goodput.as_bytes_per_s() * 8.0),
            gain_ratio: mean(|a| a.gain_ratio),
        });
    }
    all.sort_by(|a, b| b.gain_ratio.total_cmp(&a.gain_ratio));
    all
}
