//! Pools of replicas.

use models::input::InputError;
use models::library::Library;
use models::serving::{Balance, Batching, Cache, Pool, Role};
use sim::Time;

use super::super::doubt::Stated;
use super::super::value::{Amount, Reader, Value};
use super::raw::{RawModel, RawPool};
use super::scaling::scaling;
use super::steps::steps;

const COUNT_MAX: u32 = 10_000_000;
const REPLICAS_MAX: u32 = 10_000;

pub(super) fn pool(
    raw: &RawPool,
    model: Option<&RawModel>,
    (reader, cache): (Reader<'_>, Option<Cache>),
    library: &Library,
) -> Result<Pool, InputError> {
    let name = raw.name.get_ref();
    let field = |key: &str| format!("pool.{name}.{key}");
    let roles = [("both", Role::Both), ("prefill", Role::Prefill), ("decode", Role::Decode)];
    let role = reader.word(&raw.does, &field("does"), &roles)?.unwrap_or(Role::Both);
    let mut own = Pool::new(name.clone(), role);
    let whole = |value: &Value, key: &str, least: u32, most: u32| {
        reader.count(value, &field(key), (least, most))
    };
    own.scaling = scaling(raw, reader)?;
    let least = if own.scaling.is_some() && role != Role::Decode { 0 } else { 1 };
    own.least = whole(&raw.replicas, "replicas", least, REPLICAS_MAX)?.unwrap_or(1);
    own.most = whole(&raw.max_replicas, "max_replicas", 1, REPLICAS_MAX)?.unwrap_or(own.least);
    match (&own.scaling, &raw.max_replicas) {
        (None, Some(_)) => reader.unread(
            &raw.max_replicas,
            field("max_replicas"),
            "nothing scales this pool",
            "scaling = \"queue\" or \"concurrency\", or no max_replicas",
        )?,
        (Some(_), None) => {
            return Err(reader
                .fault(&raw.name, field("max_replicas"), "is missing")
                .help("how many replicas there may be: max_replicas = 10"));
        }
        (Some(_), Some(value)) if own.most < own.least => {
            let problem = format!("is less than replicas, {}", own.least);
            return Err(reader
                .fault(value, field("max_replicas"), problem)
                .help("as many or more"));
        }
        _ => {}
    }
    if own.least > 0 {
        let why = "there is always a replica";
        reader.unread(&raw.cooldown, field("cooldown"), why, "replicas = 0, or no cooldown")?;
    }
    own.cold = reader.yes(&raw.cold, &field("cold"))?.unwrap_or(false);
    let balances = [
        ("least", Balance::Least),
        ("round-robin", Balance::RoundRobin),
        ("shared", Balance::Shared),
    ];
    own.balance =
        reader.word(&raw.balance, &field("balance"), &balances)?.unwrap_or(Balance::Least);
    own.sequences = whole(&raw.sequences, "sequences", 1, COUNT_MAX)?.unwrap_or(256);
    own.batching = batching(raw, role, reader)?;
    own.room = room(raw, (reader, cache))?;
    let factor = Stated::Compute.drawn(reader.draw, name);
    own.steps = steps(raw, model, (reader, cache), library)?.slower(factor);
    Ok(own)
}

fn batching(raw: &RawPool, role: Role, reader: Reader<'_>) -> Result<Batching, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let Some(value) = &raw.batch else {
        let why = "only fixed batches wait for each other";
        reader.unread(&raw.wait, field("wait"), why, "batch = 8, or no wait")?;
        let tokens = reader.count(&raw.batch_tokens, &field("batch_tokens"), (1, COUNT_MAX))?;
        return Ok(Batching::Continuous { tokens: tokens.unwrap_or(8192) });
    };
    if role != Role::Both {
        let problem = "has no effect: pools that hand over have continuous batching";
        return Err(reader.fault(value, field("batch"), problem).help("no batch"));
    }
    for (other, key) in [
        (&raw.batch_tokens, "batch_tokens"),
        (&raw.sequences, "sequences"),
        (&raw.kv_tokens, "kv_tokens"),
        (&raw.kv_memory, "kv_memory"),
    ] {
        reader.unread(other, field(key), "batches have a fixed size", "no such line")?;
    }
    let size = reader.count(&raw.batch, &field("batch"), (1, COUNT_MAX))?.expect("it is given");
    let wait = reader.amount(&raw.wait, &field("wait"), Amount::Time)?.unwrap_or(0.0);
    Ok(Batching::Fixed { size, wait: Time::from_seconds(wait) })
}

fn room(
    raw: &RawPool,
    (reader, cache): (Reader<'_>, Option<Cache>),
) -> Result<Option<u64>, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let tokens = reader.count(&raw.kv_tokens, &field("kv_tokens"), (1, u32::MAX))?;
    let bytes = reader.amount(&raw.kv_memory, &field("kv_memory"), Amount::Bytes)?;
    match (tokens, bytes, cache) {
        (None, None, _) => Ok(None),
        (Some(tokens), None, _) => Ok(Some(tokens.into())),
        (None, Some(bytes), Some(cache)) => {
            let tokens = (bytes / cache.token_bytes()) as u64;
            match tokens {
                0 => {
                    let value = raw.kv_memory.as_ref().expect("it is given");
                    let problem = "has no room for a token";
                    Err(reader.fault(value, field("kv_memory"), problem).help("more memory"))
                }
                tokens => Ok(Some(tokens)),
            }
        }
        (None, Some(_), None) => {
            let value = raw.kv_memory.as_ref().expect("it is given");
            let problem = "says nothing without a [model]";
            Err(reader.fault(value, field("kv_memory"), problem).help("kv_tokens = 300000"))
        }
        (Some(_), Some(_), _) => {
            let value = raw.kv_tokens.as_ref().expect("it is given");
            Err(reader
                .fault(value, field("kv_tokens"), "is given beside kv_memory")
                .help("one of them"))
        }
    }
}
