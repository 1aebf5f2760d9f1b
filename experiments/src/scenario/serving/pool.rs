//! Pools of replicas.

use models::function::{Concurrency, Queue, Scaling};
use models::input::{InputError, suggest};
use models::library::{Kind, Library};
use models::profile::Dimension;
use models::serving::{Balance, Batching, Cache, Pool, Role, Roofline, Steps};
use sim::Time;

use super::super::doubt::Stated;
use super::super::value::{Amount, Reader, Value};
use super::model::needed;
use super::raw::{RawModel, RawPool};
use crate::experiment::Scalar;

const COUNT_MAX: u32 = 10_000_000;
const REPLICAS_MAX: u32 = 10_000;
/// What prompts reach of the tensor cores' peak, and answers of the memory's bandwidth, where the
/// file does not say: values and 90 % intervals of public measurements of vLLM and SGLang, assumed.
const TENSOR_REACHED: &str = "0.45 (0.25 to 0.65)";
const MEMORY_REACHED: &str = "0.7 (0.5 to 0.88)";

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

/// What a step takes: stated, or by a roofline of a GPU.
fn steps(
    raw: &RawPool,
    model: Option<&RawModel>,
    (reader, cache): (Reader<'_>, Option<Cache>),
    library: &Library,
) -> Result<Steps, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let stated = [
        (&raw.prefill, "prefill"),
        (&raw.per_token, "per_token"),
        (&raw.per_pair, "per_pair"),
        (&raw.decode, "decode"),
        (&raw.per_sequence, "per_sequence"),
        (&raw.per_kept, "per_kept"),
    ];
    let Some(gpu) = &raw.gpu else {
        for (value, key) in [
            (&raw.gpus_each, "gpus_each"),
            (&raw.tensor, "tensor"),
            (&raw.tensor_reached, "tensor_reached"),
            (&raw.memory_reached, "memory_reached"),
            (&raw.overhead, "overhead"),
        ] {
            let why = "no GPU says what steps take";
            reader.unread(value, field(key), why, "gpu = \"h100-80-sxm\", or stated times")?;
        }
        let time = |(value, key): (&Value, &str)| {
            Ok::<f64, InputError>(reader.amount(value, &field(key), Amount::Time)?.unwrap_or(0.0))
        };
        let [prefill, token, pair, decode, sequence, kept] = stated.map(time);
        return Ok(Steps {
            prefill: prefill?,
            token: token?,
            pair: pair?,
            decode: decode?,
            sequence: sequence?,
            kept: kept?,
        });
    };
    for (value, key) in stated {
        reader.unread(value, field(key), "a GPU says what steps take", "no gpu")?;
    }
    let (Some(model), Some(cache)) = (model, cache) else {
        return Err(reader
            .fault(gpu, field("gpu"), "says nothing without a [model]")
            .help("[model] with layers, parameters, width and weights, or stated times"));
    };
    if library.source(Kind::Gpu, gpu.get_ref()).is_err() {
        let problem = format!("no GPU is called `{}`", gpu.get_ref());
        let help = suggest(gpu.get_ref(), library.names(Kind::Gpu));
        return Err(reader.fault(gpu, field("gpu"), problem).help(help));
    }
    let profile = library.profile(Kind::Gpu, gpu.get_ref())?;
    let bandwidth = profile.base("hbm_bandwidth", Dimension::Rate)?;
    let gpus = reader.count(&raw.gpus_each, &field("gpus_each"), (1, 1024))?.unwrap_or(1);
    let gpus = f64::from(gpus);
    let part = |value: &Value, key: &str, usual: &str| {
        let given = value.clone().unwrap_or_else(|| {
            serde_spanned::Spanned::new(gpu.span(), Scalar::Text(usual.to_owned()))
        });
        let own = reader.amount(&Some(given), &field(key), Amount::Part)?;
        Ok::<f64, InputError>(own.expect("it is given").max(1e-3))
    };
    let tensor = reader.amount(&raw.tensor, &field("tensor"), Amount::Flops)?;
    let help = "the peak of its tensor cores: tensor = \"989 Tflop/s\"";
    let tensor = reader.needs(tensor, gpu, field("tensor"), help)?;
    let flops = tensor * gpus * part(&raw.tensor_reached, "tensor_reached", TENSOR_REACHED)?;
    let bytes = bandwidth * gpus * part(&raw.memory_reached, "memory_reached", MEMORY_REACHED)?;
    let overhead = reader.amount(&raw.overhead, &field("overhead"), Amount::Time)?;
    let of = |value: &Value, key: &'static str, of: Amount| needed(model, value, (key, of), reader);
    let roofline = Roofline {
        parameters: of(&model.parameters, "parameters", Amount::Number)?,
        weight_bytes: of(&model.weights, "weights", Amount::Bytes)?,
        width: of(&model.width, "width", Amount::Number)?,
        layers: f64::from(cache.layers),
        token_bytes: cache.token_bytes(),
    };
    Ok(Steps::of(roofline, flops, bytes, overhead.unwrap_or(0.0)))
}

fn scaling(raw: &RawPool, reader: Reader<'_>) -> Result<Option<Scaling>, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let words = [("queue", false), ("concurrency", true)];
    let by = reader.word(&raw.scaling, &field("scaling"), &words)?;
    let (queue, level) = (
        [
            (&raw.threshold, "threshold"),
            (&raw.polling, "polling"),
            (&raw.cooldown, "cooldown"),
            (&raw.stabilisation, "stabilisation"),
        ],
        [(&raw.target, "target"), (&raw.window, "window")],
    );
    let unread = |all: &[(&Value, &str)]| {
        all.iter().try_for_each(|(value, key)| {
            reader.unread(value, field(key), "it scales by other values", "no such line")
        })
    };
    let time = |value: &Value, key: &str, usual: Time| {
        let own = reader.amount(value, &field(key), Amount::Time)?;
        Ok::<Time, InputError>(own.map_or(usual, Time::from_seconds))
    };
    let above = |value: &Value, key: &str, usual: f64| match reader.amount(
        value,
        &field(key),
        Amount::Number,
    )? {
        Some(0.0) => {
            let value = value.as_ref().expect("it is given");
            Err(reader.fault(value, field(key), "is nothing").help("a number above zero"))
        }
        own => Ok(own.unwrap_or(usual)),
    };
    match by {
        None => {
            unread(&queue)?;
            unread(&level)?;
            Ok(None)
        }
        Some(false) => {
            unread(&level)?;
            let usual = Queue::default();
            let polling = time(&raw.polling, "polling", usual.polling)?;
            if polling < Time::from_ms(1_000) {
                let value = raw.polling.as_ref().expect("it is given");
                let problem = "is shorter than a second, the least of KEDA";
                return Err(reader.fault(value, field("polling"), problem).help("1 s or more"));
            }
            Ok(Some(Scaling::Queue(Queue {
                threshold: above(&raw.threshold, "threshold", usual.threshold)?,
                polling,
                cooldown: time(&raw.cooldown, "cooldown", usual.cooldown)?,
                stabilisation: time(&raw.stabilisation, "stabilisation", usual.stabilisation)?,
            })))
        }
        Some(true) => {
            unread(&queue)?;
            let usual = Concurrency::default();
            let window = time(&raw.window, "window", usual.window)?;
            if window < Time::from_ms(6_000) {
                let value = raw.window.as_ref().expect("it is given");
                let problem = "is shorter than 6 s, which Knative allows";
                return Err(reader.fault(value, field("window"), problem).help("6 s or more"));
            }
            Ok(Some(Scaling::Concurrency(Concurrency {
                target: above(&raw.target, "target", usual.target)?,
                window,
                ..usual
            })))
        }
    }
}
