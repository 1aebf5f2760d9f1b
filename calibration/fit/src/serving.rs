//! The fit of what no file tells, to the first days of a trace alone.
//!
//! For each candidate (which stage loads a model, how many instances, how long an idle one is
//! kept) the inference times are fitted to the requests that its own replay finds neither cold nor
//! waiting: logarithms of what users saw, less what the stage table takes off, by alternating
//! means. Factors of models are drawn towards one as if each had two more requests. Then three
//! replays are compared with what users saw, in quantiles, by how long ago the last request of the
//! same model was: a load shows after long gaps, and a small pool in waits after short ones. Of the
//! candidates that are off least the smallest pool is taken, and of these the shortest keep-alive.

use std::collections::BTreeMap;

use calibration_data::quantile::of_sorted;
use calibration_data::serving::{Fitted, Pool, Requests, Stages, Status, replay};
use models::function::{Keep, Quantiles};
use models::input::InputError;
use rayon::prelude::*;
use sim::{Seed, Time};

const LOADS: [&str; 2] = ["pipeline_load", "base_model_load"];
const POOLS: [u32; 8] = [2, 4, 8, 16, 32, 64, 128, 256];
const KEEPS_S: [Option<u64>; 5] = [Some(600), Some(3_600), Some(14_400), Some(86_400), None];
/// So many requests of factor one are added to those of each model.
const PRIOR: f64 = 2.0;
/// Replays and fits that follow each other, and replays that are compared.
const ROUNDS: usize = 3;
const REPLAYS: u64 = 3;
/// Gaps since the last request of a model \[s\] between which requests are compared.
const GAPS_S: [f64; 4] = [120.0, 1_200.0, 14_400.0, f64::INFINITY];
const COMPARED: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
/// Candidates that are off by no more than this times the least are alike: their order changes with
/// the draws.
const ALIKE: f64 = 1.1;
/// The quantiles of the spread that are kept.
const SPREAD: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
/// What is tried for the part that a step of an image adds to the base.
const PER_STEPS: [f64; 13] = [
    0.0001, 0.0002, 0.0004, 0.0006, 0.0008, 0.001, 0.0012, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.01,
];
/// What stands for the gateway and for an adapter's load \[s\], where they are taken off: medians.
const GATEWAY: &str = "queue_wait";
const ADAPTER: &str = "lora_load";

/// A candidate and how far it is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// With what was fitted for it.
    pub fitted: Fitted,
    /// The mean of |ln(predicted ÷ measured)| over quantiles and gaps.
    pub off: f64,
    /// The part of requests that were cold.
    pub cold: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best candidate.
    pub best: Candidate,
    /// All of them.
    pub all: Vec<Candidate>,
}

/// Fits to requests, all of which are looked at.
///
/// # Errors
/// If a stage is missing, or fewer than a hundred requests succeeded with a measured time.
pub fn fit(requests: &Requests, stages: &Stages) -> Result<Found, InputError> {
    let seen = Seen::of(requests, stages)?;
    let pairs = POOLS.iter().flat_map(|pool| KEEPS_S.iter().map(move |keep| (*pool, *keep)));
    let all = LOADS.iter().flat_map(|load| pairs.clone().map(move |(p, k)| (*load, p, k)));
    let all: Vec<_> = all.collect();
    let one = |&(load, pool, keep): &(&str, u32, Option<u64>)| {
        let keep = keep.map_or(Keep::Forever, |s| Keep::For(Time::from_ms(1_000 * s)));
        candidate(requests, stages, &seen, (load, pool, keep))
    };
    let all: Vec<Candidate> = all.par_iter().map(one).collect::<Result<_, InputError>>()?;
    let least = all.iter().map(|own| own.off).fold(f64::INFINITY, f64::min);
    let alike = all.iter().filter(|own| own.off <= ALIKE * least);
    let size = |own: &&Candidate| (own.fitted.pool, kept(own.fitted.keep));
    let best = alike.min_by_key(size).expect("one is off least").clone();
    Ok(Found { best, all })
}

/// How long something is kept, for comparison.
fn kept(keep: Keep) -> Time {
    match keep {
        Keep::For(time) => time,
        Keep::Forever | Keep::Histogram => Time::MAX,
    }
}

/// A request that counts.
struct Own {
    at: usize,
    model: usize,
    steps: f64,
    adapters: bool,
    /// The logarithm of its inference \[ln s\], if it neither waited nor was cold.
    log: f64,
    measured: f64,
    gap: usize,
}

struct Seen {
    own: Vec<Own>,
    models: usize,
    /// Quantiles of what was measured, by gap.
    quantiles: Vec<[f64; COMPARED.len()]>,
}

impl Seen {
    fn of(requests: &Requests, stages: &Stages) -> Result<Seen, InputError> {
        let (gateway, adapter) = (stages.get(GATEWAY)?.at(0.5), stages.get(ADAPTER)?.at(0.5));
        let mut last = vec![f64::NEG_INFINITY; requests.models.len()];
        let mut own = Vec::new();
        for (at, request) in requests.requests.iter().enumerate() {
            let model = request.model as usize;
            let gap = request.arrives - std::mem::replace(&mut last[model], request.arrives);
            let Some(measured) = request.execution else { continue };
            if request.status != Status::Succeeded || measured <= 0.0 {
                continue;
            }
            let inference = measured - gateway - adapter * f64::from(request.adapters);
            own.push(Own {
                at,
                model,
                steps: request.steps,
                adapters: request.adapters > 0,
                log: libm::log(inference.max(0.2 * measured)),
                measured,
                gap: GAPS_S.iter().position(|most| gap < *most).unwrap_or(GAPS_S.len() - 1),
            });
        }
        if own.len() < 100 {
            let problem = format!("{} requests succeeded with a measured time", own.len());
            return Err(InputError::new("execution_s", problem).help("at least 100"));
        }
        let mut seen = Seen { own, models: requests.models.len(), quantiles: Vec::new() };
        seen.quantiles = seen.by_gap(|own| [own.measured]);
        Ok(seen)
    }

    /// Quantiles of values of requests, by gap; of none where there are none.
    fn by_gap<const N: usize>(&self, of: impl Fn(&Own) -> [f64; N]) -> Vec<[f64; COMPARED.len()]> {
        let gap = |at| {
            let own = self.own.iter().filter(|own| own.gap == at);
            let mut values: Vec<f64> = own.flat_map(&of).collect();
            values.sort_unstable_by(f64::total_cmp);
            match values.is_empty() {
                true => [f64::NAN; COMPARED.len()],
                false => COMPARED.map(|part| of_sorted(&values, part)),
            }
        };
        (0..GAPS_S.len()).map(gap).collect()
    }
}

fn candidate(
    requests: &Requests,
    stages: &Stages,
    seen: &Seen,
    (load, pool, keep): (&str, u32, Keep),
) -> Result<Candidate, InputError> {
    let mut counts = vec![true; requests.requests.len()];
    let mut own = inference(seen, &counts);
    let fitted = |own: &Inference| own.fitted(requests, (load, pool, keep));
    for round in 0..ROUNDS {
        let seed = Seed::new(2).replication(round as u64);
        let fitted = fitted(&own);
        let told = replay(requests, &fitted, stages, &Pool::fitted(&fitted), seed)?;
        let counted = told.cold.iter().zip(&told.waited);
        counts = counted.map(|(cold, waited)| !cold && *waited == 0.0).collect();
        own = inference(seen, &counts);
    }
    let fitted = fitted(&own).written(stages)?;
    let replays = (0..REPLAYS).map(|number| {
        replay(requests, &fitted, stages, &Pool::fitted(&fitted), Seed::new(3).replication(number))
    });
    let replays = replays.collect::<Result<Vec<_>, InputError>>()?;
    let predicted = seen.by_gap(|own| [0, 1, 2].map(|at| replays[at].latencies[own.at]));
    let pairs = seen.quantiles.iter().flatten().zip(predicted.iter().flatten());
    let pairs = pairs.filter(|(measured, _)| measured.is_finite());
    let offs: Vec<f64> = pairs.map(|(a, b)| libm::log(b / a).abs()).collect();
    let cold = replays.iter().flat_map(|one| &one.cold).filter(|cold| **cold).count();
    Ok(Candidate {
        fitted,
        off: offs.iter().sum::<f64>() / offs.len() as f64,
        cold: cold as f64 / (replays.len() * requests.requests.len()) as f64,
    })
}

/// A fit of inference times: logarithms.
struct Inference {
    base: f64,
    per_step: f64,
    adapters: f64,
    models: Vec<(f64, u32)>,
    off: Vec<f64>,
}

/// Fits inference times to the requests that count; to all if those are too few.
fn inference(seen: &Seen, counts: &[bool]) -> Inference {
    let counted: Vec<&Own> = seen.own.iter().filter(|own| counts[own.at]).collect();
    let own = if counted.len() >= 50 { counted } else { seen.own.iter().collect() };
    let fits = PER_STEPS.iter().map(|per_step| with_per_step(&own, seen.models, *per_step));
    let squares = |fit: &Inference| fit.off.iter().map(|off| off * off).sum::<f64>();
    let best = fits.min_by(|a, b| squares(a).total_cmp(&squares(b)));
    best.expect("several were tried")
}

fn with_per_step(own: &[&Own], models: usize, per_step: f64) -> Inference {
    let plain: Vec<f64> =
        own.iter().map(|one| one.log - libm::log(1.0 + per_step * one.steps)).collect();
    let mut fit = Inference {
        base: 0.0,
        per_step,
        adapters: 0.0,
        models: vec![(0.0, 0); models],
        off: vec![],
    };
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (mut sum, mut count) = (0.0, 0.0);
        values.for_each(|value| (sum, count) = (sum + value, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    // From the mean of all on each mean is that of what the others leave.
    fit.base = mean(&mut plain.iter().copied());
    for _ in 0..40 {
        let mut sums = vec![(0.0, 0u32); models];
        for (one, plain) in own.iter().zip(&plain) {
            let sum = &mut sums[one.model];
            sum.0 += plain - fit.base - if one.adapters { fit.adapters } else { 0.0 };
            sum.1 += 1;
        }
        fit.models = sums.iter().map(|(sum, n)| (sum / (f64::from(*n) + PRIOR), *n)).collect();
        let rest = |one: &Own, plain: &f64| plain - fit.base - fit.models[one.model].0;
        let with = own.iter().zip(&plain).filter(|(one, _)| one.adapters);
        fit.adapters = mean(&mut with.map(|(one, plain)| rest(one, plain)));
        let left = own.iter().zip(&plain).map(|(one, plain)| {
            plain - fit.models[one.model].0 - if one.adapters { fit.adapters } else { 0.0 }
        });
        fit.base = mean(&mut { left });
    }
    let off = own.iter().zip(&plain).map(|(one, plain)| {
        let known = fit.base + fit.models[one.model].0;
        plain - known - if one.adapters { fit.adapters } else { 0.0 }
    });
    fit.off = off.collect();
    fit
}

impl Inference {
    fn fitted(&self, requests: &Requests, (load, pool, keep): (&str, u32, Keep)) -> Fitted {
        let base = libm::exp(self.base);
        let mut off: Vec<f64> = self.off.iter().map(|off| libm::exp(*off)).collect();
        off.sort_unstable_by(f64::total_cmp);
        let spread = SPREAD.map(|part| (part, rounded(of_sorted(&off, part))));
        let known = requests.models.iter().zip(&self.models).filter(|(_, (_, n))| *n > 0);
        let models: BTreeMap<String, f64> =
            known.map(|(name, (log, _))| (name.clone(), rounded(libm::exp(*log)))).collect();
        Fitted {
            base: rounded(base),
            per_step: rounded(base * self.per_step),
            adapters: rounded(libm::exp(self.adapters)),
            models,
            spread: Quantiles::new(spread.to_vec()).expect("quantiles ascend"),
            pool,
            keep,
            cold_load: load.to_owned(),
        }
    }
}

/// Four digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number was printed")
}
