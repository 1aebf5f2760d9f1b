//! How keys and values are handed over, at a rate or on a cluster.

use models::cluster::Cluster;
use models::input::InputError;
use models::outcome::Fidelity;
use models::serving::{Cache, Handover, Overlap};
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use super::super::doubt::Stated;
use super::super::over;
use super::super::value::{Amount, Reader};
use super::raw::{RawHandover, RawPool, RawServing};

/// What carries them.
#[derive(Clone, Debug)]
pub(super) enum Wired {
    /// Nothing is handed over.
    Nothing,
    /// Each at this rate [B/s].
    Rate(f64),
    /// A cluster, between the GPUs of replicas of the two pools.
    Cluster { like: Box<Transfer>, from: Vec<Vec<String>>, to: Vec<Vec<String>> },
}

/// The way on a cluster.
#[derive(Clone, Copy)]
enum Way {
    Serial,
    Overlapped,
    Rdma,
    GpuDirect,
}

pub(super) fn read(
    raw: &RawServing,
    splits: bool,
    (reader, cache): (Reader<'_>, Option<Cache>),
    cluster: Option<&Cluster>,
) -> Result<(Option<Handover>, Wired), InputError> {
    let (own, place) = match (&raw.handover, splits) {
        (None, false) => return Ok((None, Wired::Nothing)),
        (Some(own), true) => (own.get_ref(), own),
        (Some(own), false) => {
            let problem = "has no effect: one pool does both";
            return Err(reader
                .fault(own, "handover", problem)
                .help("a pool that does \"prefill\" and one that does \"decode\""));
        }
        (None, true) => {
            let problem = "is missing: keys and values have to come to the second pool";
            return Err(reader
                .fault(&raw.pool[0].name, "handover", problem)
                .help("[handover] with `rate`, or with a topology `mode` and pools with `gpus`"));
        }
    };
    if cache.is_none() {
        let problem = "has no bytes: there is no [model]";
        return Err(reader
            .fault(place, "handover", problem)
            .help("[model] with layers, kv_heads …"));
    }
    let factor = Stated::Handover.drawn(reader.draw, "cost");
    let field = |key: &str| format!("handover.{key}");
    let overlaps = [("whole", Overlap::Whole), ("layers", Overlap::Layers)];
    let number = |value: &_, key: &str, usual: f64| {
        let own = reader.amount(value, &field(key), Amount::Number)?;
        Ok::<f64, InputError>(own.unwrap_or(usual))
    };
    let time = |value: &_, key: &str| {
        let own = reader.amount(value, &field(key), Amount::Time)?;
        Ok::<f64, InputError>(own.unwrap_or(0.0) * factor)
    };
    let overlap = reader.word(&own.overlap, "handover.overlap", &overlaps)?;
    let handover = Handover {
        overlap: overlap.unwrap_or(Overlap::Whole),
        start: reader
            .duration(&own.start, "handover.start", factor)?
            .unwrap_or(models::function::Duration::Nothing),
        piece: time(&own.per_piece, "per_piece")?,
        cuts: number(&own.cuts, "cuts", 1.0)?,
        connections: reader.count(&own.connections, "handover.connections", (1, 1_000_000))?,
        first: time(&own.first, "first")?,
        again: reader.yes(&own.again, "handover.again")?.unwrap_or(true),
        copies: number(&own.copies, "copies", 1.0)?,
    };
    let wire = match cluster {
        None => rate(own, raw, place, reader)?,
        Some(cluster) => on_cluster(own, raw, (reader, place), cluster)?,
    };
    Ok((Some(handover), wire))
}

/// A stated rate.
fn rate(
    own: &RawHandover,
    raw: &RawServing,
    place: &serde_spanned::Spanned<RawHandover>,
    reader: Reader<'_>,
) -> Result<Wired, InputError> {
    for (value, key) in [
        (&own.mode, "mode"),
        (&own.chunk, "chunk"),
        (&own.buffers, "buffers"),
        (&own.streams, "streams"),
    ] {
        let why = "there is no topology";
        reader.unread(value, format!("handover.{key}"), why, "topology = \"…\" at the top")?;
    }
    for pool in &raw.pool {
        if let Some(first) = pool.gpus.first() {
            let field = format!("pool.{}.gpus", pool.name.get_ref());
            let problem = "has no effect: there is no topology";
            return Err(reader.fault(first, field, problem).help("topology = \"…\" at the top"));
        }
    }
    let rate = reader.amount(&own.rate, "handover.rate", Amount::Rate)?;
    let help = "what the wire carries: rate = \"20 GB/s\", or a topology";
    let rate = reader.needs(rate, place, "handover.rate".into(), help)?;
    Ok(Wired::Rate(rate / Stated::Handover.drawn(reader.draw, "rate")))
}

/// On a cluster.
fn on_cluster(
    own: &RawHandover,
    raw: &RawServing,
    (reader, place): (Reader<'_>, &serde_spanned::Spanned<RawHandover>),
    cluster: &Cluster,
) -> Result<Wired, InputError> {
    let why = "the topology says what the wire carries";
    reader.unread(&own.rate, "handover.rate".into(), why, "no rate, or no topology")?;
    let words = [
        ("serial", Way::Serial),
        ("overlapped", Way::Overlapped),
        ("rdma", Way::Rdma),
        ("gpudirect", Way::GpuDirect),
    ];
    let way = reader.word(&own.mode, "handover.mode", &words)?;
    let help = "how they travel: mode = \"gpudirect\", \"rdma\", \"overlapped\" or \"serial\"";
    let way = reader.needs(way, place, "handover.mode".into(), help)?;
    let chunk = reader.amount(&own.chunk, "handover.chunk", Amount::Bytes)?;
    let buffers = reader.count(&own.buffers, "handover.buffers", (1, 1024))?;
    if let Way::Serial | Way::GpuDirect = way {
        let why = "nothing is cut into chunks in this mode";
        reader.unread(&own.chunk, "handover.chunk".into(), why, "no chunk")?;
        reader.unread(&own.buffers, "handover.buffers".into(), why, "no buffers")?;
    }
    let chunk = Bytes::new(chunk.unwrap_or(f64::from(4 << 20)) as u64);
    let buffers = buffers.unwrap_or(4);
    let mode = match way {
        Way::Serial => Mode::Serial,
        Way::Overlapped => Mode::Overlapped { chunk, buffers },
        Way::Rdma => Mode::Rdma { chunk, buffers },
        Way::GpuDirect => Mode::GpuDirect,
    };
    let streams = reader.count(&own.streams, "handover.streams", (1, 1024))?.unwrap_or(1);
    let mut ends = raw.pool.iter().map(|pool| gpus(pool, cluster, reader));
    let from = ends.next().expect("two pools split")?;
    let to = ends.next().expect("two pools split")?;
    let like = Box::new(Transfer { mode, streams, ..Transfer::message("", "", Bytes::new(1)) });
    // What cannot be planned is refused here, and not in the middle of a run.
    for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
        for transfer in between(&like, from, to) {
            let one = std::slice::from_ref(&transfer);
            models::predict::check(cluster, one, Fidelity::Flow).map_err(|error| {
                let help = error.help.unwrap_or_else(|| "ends that a way leads between".into());
                let problem = format!("{}: {}", error.field, error.problem);
                reader.fault(place, "handover", problem).help(help)
            })?;
        }
    }
    Ok(Wired::Cluster { like, from, to })
}

/// The GPUs of each replica of a pool.
fn gpus(
    pool: &RawPool,
    cluster: &Cluster,
    reader: Reader<'_>,
) -> Result<Vec<Vec<String>>, InputError> {
    let field = format!("pool.{}.gpus", pool.name.get_ref());
    if pool.gpus.is_empty() {
        return Err(reader
            .fault(&pool.name, field, "is missing")
            .help("a list for each replica: gpus = [[\"gpu-a0\", \"gpu-a1\"]]"));
    }
    if let Some(scaling) = &pool.scaling {
        let problem = "a topology has as many replicas as `gpus` says";
        return Err(reader
            .fault(scaling, format!("pool.{}.scaling", pool.name.get_ref()), problem)
            .help("no scaling, or no topology"));
    }
    let one = |list: &serde_spanned::Spanned<Vec<serde_spanned::Spanned<String>>>| {
        if list.get_ref().is_empty() {
            let problem = "names no GPU for a replica";
            return Err(reader.fault(list, &field, problem).help("at least one GPU"));
        }
        for name in list.get_ref() {
            over::has_place(cluster, name, &field, reader)?;
        }
        Ok(list.get_ref().iter().map(|name| name.get_ref().clone()).collect())
    };
    pool.gpus.iter().map(one).collect()
}

/// What ranks of one replica send to ranks of another: each its part; where there are more on one
/// side, several have the same partner.
pub(super) fn between(like: &Transfer, from: &[String], to: &[String]) -> Vec<Transfer> {
    let many = from.len().max(to.len());
    let one = |at: usize| {
        let (from, to) = (from[at % from.len()].clone(), to[at % to.len()].clone());
        Transfer { from, to, ..like.clone() }
    };
    (0..many).map(one).collect()
}
