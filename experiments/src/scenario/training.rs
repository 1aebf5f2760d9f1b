//! A job of training, as a file describes it.

mod cluster;
mod raw;
mod run;

use models::cluster::Cluster;
use models::collective::{Collective, Group};
use models::input::{InputError, parse_toml};
use models::library::Library;
use models::training::{Compute, Job};
use models::transfer::Transfer;
use serde_spanned::Spanned;
use sim::Seed;

use super::Outcome;
use super::doubt::Stated;
use super::over;
use super::value::{Amount, Reader, Value};
use crate::near::Near;
use cluster::on_cluster;
use raw::{RawJob, RawTraining};

/// The most ranks of a job.
const RANKS_MAX: u32 = 100_000;
const COUNT_MAX: u32 = 1_000_000;
/// A bucket of PyTorch DDP (`bucket_cap_mb`).
const BUCKET: f64 = 25.0 * 1_048_576.0;
/// How much slower ranks compute while NCCL reduces: its kernels take SMs and memory bandwidth. The
/// value and its end are the two that NVIDIA's own figures give (`×1.16`, `×1.48`); that a job may
/// lose nothing is assumed.
const BESIDE: &str = "1.16 (1.0 to 1.48)";

/// How gradients, tokens and data move.
enum Moved {
    /// At stated times [s]: a bucket, an exchange, the data of a step.
    Stated { bucket: Option<f64>, exchange: Option<f64>, data: Option<f64> },
    /// On a cluster.
    Cluster { bucket: Option<Box<Transfer>>, exchange: Option<Box<Transfer>>, data: Vec<Transfer> },
}

/// A file whose every value has been judged.
struct Read {
    job: Job,
    /// Samples of a step of all ranks.
    samples: f64,
    /// Bytes of a bucket [B].
    bucket: f64,
    moved: Moved,
    cluster: Option<Cluster>,
    /// What moves on a cluster takes so much longer.
    library: f64,
}

/// Judges a file; the names of its figures.
pub(super) fn check(
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
) -> Result<Vec<String>, InputError> {
    read(reader, near, library)?;
    let names = run::NAMES.iter().chain(&run::SPENT);
    Ok(names.map(|name| (*name).to_owned()).collect())
}

/// How many steps a file runs, of each of its buckets.
pub(super) fn asks(
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
) -> Result<u64, InputError> {
    let job = read(reader, near, library)?.job;
    Ok(u64::from(job.steps) * u64::from(job.buckets.max(1)))
}

/// Runs a file once.
pub(super) fn run(
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
    seed: Seed,
) -> Result<Outcome, InputError> {
    run::run(&read(reader, near, library)?, reader.draw.is_none(), seed)
}

fn read(reader: Reader<'_>, near: Near<'_>, library: &Library) -> Result<Read, InputError> {
    let raw: RawTraining = parse_toml(reader.source)?;
    let cluster = over::cluster(raw.topology.as_ref(), reader, near, library)?;
    let (own, place) = (raw.job.get_ref(), &raw.job);
    let amount =
        |value: &Value, key: &str, of: Amount| reader.amount(value, &format!("job.{key}"), of);
    let time = |value: &Value, key: &str| {
        Ok::<f64, InputError>(amount(value, key, Amount::Time)?.unwrap_or(0.0))
    };
    let factor = Stated::Compute.drawn(reader.draw, "rank");
    let forward = amount(&own.forward, "forward", Amount::Time)?;
    let help = "what a rank computes in a step: forward = \"60 ms\" and backward = \"120 ms\"";
    let forward = reader.needs(forward, place, "job.forward".into(), help)? * factor;
    let backward = amount(&own.backward, "backward", Amount::Time)?;
    let backward = reader.needs(backward, place, "job.backward".into(), help)? * factor;
    let ranks = ranks(own, place, cluster.as_ref(), reader)?;
    let gradients = amount(&own.gradients, "gradients", Amount::Bytes)?.filter(|own| *own > 0.0);
    let bucket = amount(&own.bucket, "bucket", Amount::Bytes)?.unwrap_or(BUCKET).max(1.0);
    let buckets = gradients.filter(|_| ranks > 1).map_or(0, |all| (all / bucket).ceil() as u32);
    if buckets > 100_000 {
        let value = own.bucket.as_ref().unwrap_or(own.gradients.as_ref().expect("they are many"));
        let problem = format!("{buckets} buckets are taken for a mistake");
        return Err(reader.fault(value, "job.bucket", problem).help("larger buckets"));
    }
    let bucket = gradients.map_or(bucket, |all| all / f64::from(buckets.max(1)));
    let usual = Some(Spanned::new(place.span(), crate::experiment::Scalar::Text(BESIDE.into())));
    let beside = if own.beside.is_some() { &own.beside } else { &usual };
    let count = |value: &Value, key: &str, least: u32| {
        reader.count(value, &format!("job.{key}"), (least, COUNT_MAX))
    };
    let exchanges = count(&own.exchanges, "exchanges", 1)?;
    let exchange = amount(&own.exchange, "exchange", Amount::Bytes)?.filter(|_| ranks > 1);
    match (exchanges, &own.exchanges, &own.exchange) {
        (Some(_), Some(value), None) => {
            let problem = "has no effect without bytes";
            return Err(reader
                .fault(value, "job.exchanges", problem)
                .help("exchange = \"64 MiB\": what a rank sends to all others together"));
        }
        (None, _, Some(value)) => {
            let problem = "does not say how often";
            return Err(reader.fault(value, "job.exchange", problem).help("exchanges = 58"));
        }
        _ => {}
    }
    let job = Job {
        ranks,
        compute: Compute {
            forward,
            backward,
            spread: amount(&own.spread, "spread", Amount::Part)?.unwrap_or(0.0),
        },
        buckets,
        is_overlapped: reader.yes(&own.overlap, "job.overlap")?.unwrap_or(true),
        beside: amount(beside, "beside", Amount::Number)?.unwrap_or(1.0).max(1.0),
        exchanges: exchanges.unwrap_or(0),
        hidden: amount(&own.hidden, "hidden", Amount::Part)?.unwrap_or(0.0),
        update: time(&own.update, "update")? * factor,
        prepare: time(&own.prepare, "prepare")? * factor,
        steps: reader.count(&own.steps, "job.steps", (1, 10_000))?.unwrap_or(5),
    };
    let batch = amount(&own.batch, "batch", Amount::Number)?.unwrap_or(1.0);
    let moved = match &cluster {
        None => stated(own, (&job, bucket, exchange), reader)?,
        Some(cluster) => on_cluster(own, place, (bucket, exchange), (cluster, &job), reader)?,
    };
    let library = Stated::Library.drawn(reader.draw, "training");
    Ok(Read { samples: batch * f64::from(job.ranks), job, bucket, moved, cluster, library })
}

/// How many ranks there are.
fn ranks(
    own: &RawJob,
    place: &Spanned<RawJob>,
    cluster: Option<&Cluster>,
    reader: Reader<'_>,
) -> Result<u32, InputError> {
    let given = reader.count(&own.ranks, "job.ranks", (1, RANKS_MAX))?;
    match (given, &own.gpus, cluster) {
        (Some(ranks), None, None) => Ok(ranks),
        (None, Some(gpus), Some(cluster)) => {
            if gpus.get_ref().is_empty() {
                let problem = "names no GPU";
                return Err(reader
                    .fault(gpus, "job.gpus", problem)
                    .help("[\"all\"] or their names"));
            }
            let all = gpus.get_ref().iter().any(|name| name.get_ref() == Group::ALL);
            Ok(if all { cluster.gpus.len() } else { gpus.get_ref().len() } as u32)
        }
        (None, None, None) => Err(reader
            .fault(place, "job.ranks", "is missing")
            .help("how many ranks there are: ranks = 16; or a topology and gpus")),
        (None, None, Some(_)) => Err(reader
            .fault(place, "job.gpus", "is missing")
            .help("the GPUs of the ranks: gpus = [\"all\"]")),
        (_, Some(gpus), None) => Err(reader
            .fault(gpus, "job.gpus", "has no effect without a topology")
            .help("ranks = 16, or topology = \"…\" at the top")),
        (Some(_), _, _) => {
            let value = own.ranks.as_ref().expect("it is given");
            Err(reader
                .fault(value, "job.ranks", "has no effect: `gpus` says how many there are")
                .help("no ranks"))
        }
    }
}

/// Times that the file states.
fn stated(
    own: &RawJob,
    (job, bucket, exchange): (&Job, f64, Option<f64>),
    reader: Reader<'_>,
) -> Result<Moved, InputError> {
    for (value, key) in [
        (&own.network, "network"),
        (&own.algorithm, "algorithm"),
        (&own.protocol, "protocol"),
        (&own.rails, "rails"),
        (&own.threads, "threads"),
        (&own.store, "store"),
        (&own.streams, "streams"),
    ] {
        let why = "there is no topology";
        reader.unread(value, format!("job.{key}"), why, "topology = \"…\" at the top")?;
    }
    let bus = reader.amount(&own.bus, "job.bus", Amount::Rate)?;
    let bus = bus.map(|bus| bus / Stated::Handover.drawn(reader.draw, "bus"));
    let data = reader.amount(&own.data, "job.data", Amount::Time)?;
    let needs_bus = job.buckets > 0 || exchange.is_some();
    if bus.is_none() && needs_bus {
        let value = own.gradients.as_ref().or(own.exchange.as_ref()).expect("something moves");
        return Err(reader
            .fault(value, "job.bus", "is missing: nothing says how fast gradients are reduced")
            .help("the bus bandwidth of nccl-tests: bus = \"10 GB/s\"; or a topology"));
    }
    let takes = |collective: Collective, bytes: f64| {
        bus.map(|bus| bytes * collective.bus_factor(job.ranks) / bus)
    };
    Ok(Moved::Stated {
        bucket: (job.buckets > 0).then(|| takes(Collective::AllReduce, bucket)).flatten(),
        exchange: exchange.and_then(|bytes| takes(Collective::AllToAll, bytes)),
        data,
    })
}
