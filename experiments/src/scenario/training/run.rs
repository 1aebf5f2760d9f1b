//! One run of a job, and what a setting alone would win back.

use models::collective::Collective;
use models::function::{Graph, Movement};
use models::input::InputError;
use models::training::{Job, Moves, Paced, Parts, train};
use sim::Seed;

use super::super::{Lost, Outcome};
use super::{Moved, Read};

/// The figures, in units that their names end with.
pub(super) const NAMES: [&str; 8] = [
    "step_s",
    "samples_per_s",
    "samples_per_rank_per_s",
    "efficiency_percent",
    "reducing_s",
    "bus_bytes_per_s",
    "exposed_percent",
    "buckets",
];

/// The parts of a step.
pub(super) const SPENT: [&str; 7] =
    ["compute_s", "straggler_s", "slowed_s", "exposed_s", "exchange_s", "update_s", "data_s"];

/// Runs a job once.
pub(super) fn run(read: &Read, is_whole: bool, seed: Seed) -> Result<Outcome, InputError> {
    let (parts, mut outcome) = steps(read, &read.job, seed)?;
    let step = parts.step();
    let job = &read.job;
    let alone = job.compute.forward + job.compute.backward + job.update;
    let per_s = if step > 0.0 { read.samples / step } else { 0.0 };
    let reduced = f64::from(job.buckets) * read.bucket;
    let bus = match parts.reducing > 0.0 {
        true => reduced * Collective::AllReduce.bus_factor(job.ranks) / parts.reducing,
        false => 0.0,
    };
    let percent = |part: f64| if step > 0.0 { 100.0 * part / step } else { 0.0 };
    let values = [
        step,
        per_s,
        per_s / f64::from(job.ranks),
        percent(alone),
        parts.reducing,
        bus,
        percent(parts.exposed),
        f64::from(job.buckets),
    ];
    outcome.figures = NAMES.iter().map(|name| (*name).to_owned()).zip(values).collect();
    let Parts { compute, straggler, slowed, exposed, exchange, update, data, .. } = parts;
    let spent = [compute, straggler, slowed, exposed, exchange, update, data];
    outcome.spent = SPENT.iter().map(|name| (*name).to_owned()).zip(spent).collect();
    if is_whole {
        outcome.gains = gains(read, seed)?;
    }
    Ok(outcome)
}

/// Runs the steps of a job.
fn steps(read: &Read, job: &Job, seed: Seed) -> Result<(Parts, Outcome), InputError> {
    let mut outcome = Outcome::default();
    match &read.moved {
        Moved::Stated { bucket, exchange, data } => {
            let takes = [bucket, exchange, data].map(|own| own.unwrap_or(0.0)).to_vec();
            let moves = Moves {
                bucket: bucket.map(|_| 0),
                exchange: exchange.map(|_| 1),
                data: data.map(|_| (2, 1)),
            };
            Ok((train(job, moves, &mut Paced::new(takes), seed), outcome))
        }
        Moved::Cluster { bucket, exchange, data } => {
            let cluster = read.cluster.as_ref().expect("it moves over one");
            let mut movements: Vec<Movement> = Vec::new();
            let mut add = |name: &str, transfers: Vec<Option<models::transfer::Transfer>>| {
                movements.push(Movement { name: name.into(), transfers });
                movements.len() as u32 - 1
            };
            let pods = data.len() as u32;
            let moves = Moves {
                bucket: bucket.as_ref().map(|own| add("gradients", vec![Some((**own).clone())])),
                exchange: exchange.as_ref().map(|own| add("experts", vec![Some((**own).clone())])),
                data: (pods > 0)
                    .then(|| (add("data", data.iter().cloned().map(Some).collect()), pods)),
            };
            let mut graph = Graph::new(cluster, &movements, seed)?;
            let parts = train(job, moves, &mut graph, seed);
            let name = |at: u32| movements[at as usize].name.clone();
            let lost = graph.spoiled().into_iter().map(|own| Lost {
                victim: name(own.victim),
                culprit: name(own.culprit),
                link: own.link,
                seconds: own.seconds,
            });
            outcome.lost = lost.collect();
            let used = graph.used().into_iter().map(|own| (own.link, own.part));
            outcome.used = used.collect();
            Ok((scaled(parts, read.library), outcome))
        }
    }
}

/// What moves takes so much longer than the cluster says: what is exposed of it, at least.
fn scaled(parts: Parts, factor: f64) -> Parts {
    let reducing = parts.reducing * factor;
    // What was hidden stays hidden as far as there is compute beside it.
    let exposed = (parts.exposed + parts.reducing * (factor - 1.0)).max(0.0);
    let exposed = if parts.exposed > 0.0 { exposed } else { 0.0 };
    Parts { reducing, exposed, exchange: parts.exchange * factor, ..parts }
}

/// The step that is left when one thing alone is changed \[s\].
fn gains(read: &Read, seed: Seed) -> Result<Vec<(String, f64)>, InputError> {
    let own = &read.job;
    let mut jobs: Vec<(&str, Job)> = Vec::new();
    if own.buckets > 0 {
        jobs.push(("gradients reduced in no time", Job { buckets: 0, ..own.clone() }));
        if !own.is_overlapped {
            let one = Job { is_overlapped: true, ..own.clone() };
            jobs.push(("gradients reduced beside the backward pass", one));
        }
    }
    if own.exchanges > 0 {
        jobs.push(("experts that exchange in no time", Job { exchanges: 0, ..own.clone() }));
    }
    if own.compute.spread > 0.0 {
        let compute = models::training::Compute { spread: 0.0, ..own.compute };
        jobs.push(("ranks that are all alike", Job { compute, ..own.clone() }));
    }
    let one = |(name, job): (&str, Job)| {
        let (parts, _) = steps(read, &job, seed)?;
        Ok((name.to_owned(), parts.step()))
    };
    jobs.into_iter().map(one).collect()
}
