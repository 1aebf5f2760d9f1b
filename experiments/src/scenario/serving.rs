//! A language model on pods, as a file describes it.

mod figures;
mod handover;
mod hops;
mod model;
mod pool;
mod raw;
mod run;
mod scaling;
mod sources;
mod start;
mod steps;

use models::cluster::Cluster;
use models::input::{InputError, parse_toml};
use models::library::Library;
use models::serving::{Cache, Role, Scene, Shape};
use serde_spanned::Spanned;
use sim::{Seed, Time};

use super::Outcome;
use super::over;
use super::value::{Amount, Reader};
use crate::near::Near;
use handover::Wired;
use raw::RawServing;

/// A file whose every value has been judged.
struct Read {
    scene: Scene,
    wire: Wired,
    cluster: Option<Cluster>,
    until: Time,
}

/// Judges a file; the names of its figures.
pub(super) fn check(
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
) -> Result<Vec<String>, InputError> {
    let read = read(reader, near, library)?;
    let mut names: Vec<String> = figures::NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(figures::spent_names(&read.scene));
    names.extend(figures::stage_names(&read.scene));
    Ok(names)
}

/// How many requests a file may send.
pub(super) fn asks(
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
) -> Result<u64, InputError> {
    let sources = read(reader, near, library)?.scene.sources;
    Ok(sources.iter().map(|source| u64::from(source.count)).sum())
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
    let raw: RawServing = parse_toml(reader.source)?;
    let cluster = over::cluster(raw.topology.as_ref(), reader, near, library)?;
    let cache = model::cache(raw.model.as_ref(), reader)?;
    let mut pools = Vec::new();
    for own in &raw.pool {
        let names = raw.pool.iter().filter(|other| other.name.get_ref() == own.name.get_ref());
        if names.count() > 1 {
            let problem = format!("`{}` is named twice", own.name.get_ref());
            return Err(reader.fault(&own.name, "pool.name", problem).help("a name of its own"));
        }
        pools.push(pool::pool(own, raw.model.as_ref(), (reader, cache), library)?);
    }
    roles(&raw, &pools, reader)?;
    start::starts(&raw, &mut pools, reader)?;
    let splits = pools.iter().any(|pool| pool.role == Role::Prefill);
    let (handover, wire) = handover::read(&raw, splits, (reader, cache), cluster.as_ref())?;
    let until = reader.amount(&raw.until, "until", Amount::Time)?;
    let until = until.map_or(Time::MAX, Time::from_seconds);
    let sources = raw.source.iter().enumerate().map(|(at, own)| sources::source(own, at, reader));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() && raw.stage.is_empty() {
        return Err(reader
            .fault(&raw.name, "source", "nobody asks, and no replica starts")
            .help("a table [[source]] with `users`, `rate` or `every`, or stages of a start"));
    }
    if cluster.is_some() && !matches!(wire, Wired::Cluster { .. }) {
        let topology = raw.topology.as_ref().expect("there is a cluster");
        return Err(reader
            .fault(topology, "topology", "has no effect: nothing is handed over on it")
            .help("pools with `gpus` and a [handover], or no topology"));
    }
    let hops = hops::hops(&raw.hop, reader)?;
    let cache = cache.unwrap_or(Cache {
        layers: 1,
        shape: Shape::Latent { width: 1 },
        number_bytes: 1.0,
        block: 1,
    });
    let scene = Scene { cache, hops, pools, handover, sources };
    Ok(Read { scene, wire, cluster, until })
}

/// One pool that does both, or one that prefills before one that decodes.
fn roles(
    raw: &RawServing,
    pools: &[models::serving::Pool],
    reader: Reader<'_>,
) -> Result<(), InputError> {
    let roles: Vec<Role> = pools.iter().map(|pool| pool.role).collect();
    match roles[..] {
        [Role::Both] | [Role::Prefill, Role::Decode] => Ok(()),
        _ => {
            let last: &Spanned<String> = &raw.pool[raw.pool.len() - 1].name;
            Err(reader
                .fault(last, "pool.does", "these pools do not make answers together")
                .help("one pool, or one that does \"prefill\" before one that does \"decode\""))
        }
    }
}
