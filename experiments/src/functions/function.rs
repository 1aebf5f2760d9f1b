//! A function as it is written, judged.

use models::function::{Concurrency, Cost, Duration, Function, Keep, Queue, STAGES, Scaling};
use models::input::{InputError, suggest};
use serde_spanned::Spanned;
use sim::{Bytes, Time};

use super::cost::{Moved, Reader, Told, text, time};
use super::raw::{RawFunction, Value};
use crate::experiment::{Problem, Scalar};

/// The limit of a call that says nothing else.
const LIMIT: Time = Time::from_ms(300_000);
const COUNT_MAX: u32 = 1_000_000;

/// Which stage of a function moves something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// A stage of its start.
    Start(usize),
    /// What a call loads.
    Load,
    /// Its result.
    Result,
}

impl At {
    /// Its name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            At::Start(stage) => models::function::Stage::ALL[stage].name(),
            At::Load => "load",
            At::Result => "result",
        }
    }
}

/// A function, with what moves of it; chains are not joined yet.
pub(super) struct Read {
    pub(super) function: Function,
    pub(super) moves: Vec<(At, Moved)>,
}

/// Reads a function; `memory` is that of a GPU, if all have the same.
pub(super) fn function(
    raw: &RawFunction,
    reader: Reader<'_>,
    memory: Option<Bytes>,
) -> Result<Read, InputError> {
    let name = raw.name.get_ref();
    let field = |key: &str| format!("function.{name}.{key}");
    let mut own = Function::new(name.clone());
    let mut moves = Vec::new();
    own.weights = weights(raw, reader, memory)?;
    own.concurrency =
        reader.count(&raw.concurrency, &field("concurrency"), COUNT_MAX)?.unwrap_or(1);
    let stages: [(&str, &Value); STAGES] = [
        ("base_image", &raw.base_image),
        ("image", &raw.image),
        ("container", &raw.container),
        ("context", &raw.context),
        ("host", &raw.host),
        ("gpu", &raw.gpu),
    ];
    let mut cost = |value: &Value, key: &str, at: At| -> Result<Cost, InputError> {
        Ok(match reader.told(value, &field(key))? {
            None => Cost::NOTHING,
            Some(Told::Time(duration)) => Cost::Time(duration),
            Some(Told::Moves(moved)) => {
                moves.push((at, moved));
                Cost::Move(u32::MAX)
            }
        })
    };
    for (at, (key, value)) in stages.into_iter().enumerate() {
        own.starts[at] = cost(value, key, At::Start(at))?;
    }
    own.load = cost(&raw.load, "load", At::Load)?;
    own.result = cost(&raw.result, "result", At::Result)?;
    own.gateway = reader.duration(&raw.gateway, &field("gateway"))?.unwrap_or(Duration::Nothing);
    own.work = reader.duration(&raw.work, &field("work"))?.ok_or_else(|| {
        reader
            .fault(&raw.name, field("work"), "is missing")
            .help("how long a call works: work = \"exponential(2 s)\"")
    })?;
    own.memory = memory_of(raw, reader)?;
    own.keep = keep(raw, reader)?;
    own.scaling = scaling(raw, reader)?;
    own.least = at_least(&raw.min_instances, reader, &field("min_instances"))?;
    own.most =
        reader.count(&raw.max_instances, &field("max_instances"), COUNT_MAX)?.unwrap_or(u32::MAX);
    if own.least > own.most {
        let value = raw.min_instances.as_ref().expect("it is above the most");
        let problem = format!("{} is more than max_instances, {}", own.least, own.most);
        return Err(reader.fault(value, field("min_instances"), problem).help("no more than that"));
    }
    own.limit = limit(raw, reader, &own)?;
    Ok(Read { function: own, moves })
}

/// What an instance takes of a GPU's memory.
fn weights(
    raw: &RawFunction,
    reader: Reader<'_>,
    memory: Option<Bytes>,
) -> Result<Bytes, InputError> {
    let field = |key: &str| format!("function.{}.{key}", raw.name.get_ref());
    match (&raw.weights, &raw.share) {
        (Some(_), None) => Ok(reader.bytes(&raw.weights, &field("weights"))?.expect("it is given")),
        (None, Some(value)) => {
            let share = reader.above_zero(&raw.share, &field("share"), 1.0)?.expect("it is given");
            let memory = memory.ok_or_else(|| {
                reader
                    .fault(value, field("share"), "GPUs have different memories")
                    .help("weights = \"7 GiB\" in its place")
            })?;
            Ok(Bytes::new((share * memory.as_f64()).floor().max(1.0) as u64))
        }
        (given, _) => {
            let problem = match given {
                Some(_) => "is given beside `share`",
                None => "is missing",
            };
            Err(reader
                .fault(&raw.name, field("weights"), problem)
                .help("weights = \"7 GiB\", or share = 0.5 of a GPU's memory"))
        }
    }
}

fn at_least(value: &Value, reader: Reader<'_>, field: &str) -> Result<u32, InputError> {
    let own = reader.with(value, field, |value| match value {
        Scalar::Integer(number) if (0..=i64::from(COUNT_MAX)).contains(number) => {
            Ok(*number as u32)
        }
        _ => Err(Problem::new(
            format!("`{value}` is not possible"),
            format!("an integer from 0 to {COUNT_MAX}, without quotes"),
        )),
    })?;
    Ok(own.unwrap_or(0))
}

/// What a call needs of memory, and its limit.
fn memory_of(raw: &RawFunction, reader: Reader<'_>) -> Result<Option<(Duration, f64)>, InputError> {
    let field = |key: &str| format!("function.{}.{key}", raw.name.get_ref());
    let alone = |value: &Spanned<Scalar>, key: &str, other: &str| {
        let problem = format!("has no effect without `{other}`");
        Err(reader.fault(value, field(key), problem).help(format!("both, or no `{key}`")))
    };
    match (&raw.memory, &raw.memory_limit) {
        (None, None) => Ok(None),
        (Some(value), None) => alone(value, "memory", "memory_limit"),
        (None, Some(value)) => alone(value, "memory_limit", "memory"),
        (Some(_), Some(_)) => {
            let needs = reader.with(&raw.memory, &field("memory"), amounts)?.expect("it is given");
            let limit = reader.bytes(&raw.memory_limit, &field("memory_limit"))?;
            Ok(Some((Duration::Dist(needs), limit.expect("it is given").as_f64())))
        }
    }
}

/// Amounts that are drawn: `"2 GiB"` or `"lognormal(2 GiB, 0.4)"` \[B\].
fn amounts(value: &Scalar) -> Result<sim::Dist, Problem> {
    let own = text(value)?;
    let bytes = |text: &str| models::quantity::parse_bytes(text).map(|bytes| bytes.as_f64());
    let help = "an amount (\"2 GiB\"), or lognormal(median, sigma): \"lognormal(2 GiB, 0.4)\"";
    let inside = own.trim().strip_prefix("lognormal(").and_then(|rest| rest.strip_suffix(')'));
    let dist = match inside.map(|inside| inside.split_once(',')) {
        None => {
            sim::Dist::Constant { value: bytes(own).map_err(|e| Problem::new(e.problem, help))? }
        }
        Some(parts) => {
            let read = parts.and_then(|(median, sigma)| {
                let sigma = sigma.trim().parse().ok()?;
                Some(sim::Dist::LogNormal { median: bytes(median.trim()).ok()?, sigma })
            });
            read.ok_or_else(|| Problem::new(format!("`{own}` is not possible"), help))?
        }
    };
    match dist.check() {
        Ok(()) => Ok(dist),
        Err(error) => Err(Problem::new(format!("`{own}`: {error}"), help)),
    }
}

fn keep(raw: &RawFunction, reader: Reader<'_>) -> Result<Keep, InputError> {
    let field = format!("function.{}.keep_alive", raw.name.get_ref());
    let read = reader.with(&raw.keep_alive, &field, |value| keep_of(text(value)?))?;
    Ok(read.unwrap_or(Keep::Forever))
}

/// How long something is kept: a time, `forever` or `histogram`.
pub(crate) fn keep_of(own: &str) -> Result<Keep, Problem> {
    match own.trim() {
        "forever" => Ok(Keep::Forever),
        "histogram" => Ok(Keep::Histogram),
        other => time(other).map(Keep::For).map_err(|problem| Problem {
            help: format!("{}; or forever, histogram", problem.help),
            ..problem
        }),
    }
}

fn scaling(raw: &RawFunction, reader: Reader<'_>) -> Result<Scaling, InputError> {
    const KNOWN: [&str; 3] = ["per-call", "concurrency", "queue"];
    let field = |key: &str| format!("function.{}.{key}", raw.name.get_ref());
    let word = reader.with(&raw.scaling, &field("scaling"), |value| {
        let own = text(value)?;
        match KNOWN.contains(&own) {
            true => Ok(own.to_owned()),
            false => Err(Problem::new(format!("`{own}` is not possible"), suggest(own, KNOWN))),
        }
    })?;
    let word = word.unwrap_or_else(|| KNOWN[0].to_owned());
    let values = [
        ("target", &raw.target, "concurrency"),
        ("window", &raw.window, "concurrency"),
        ("threshold", &raw.threshold, "queue"),
        ("polling", &raw.polling, "queue"),
        ("cooldown", &raw.cooldown, "queue"),
        ("keep_alive", &raw.keep_alive, "per-call"),
    ];
    for (key, value, of) in values {
        if let (Some(value), true) = (value, word != of) {
            let problem = format!("has no effect with scaling = \"{word}\"");
            let help = format!("scaling = \"{of}\", or no `{key}`");
            return Err(reader.fault(value, field(key), problem).help(help));
        }
    }
    let time = |value: &Value, key: &str, default: Time| -> Result<Time, InputError> {
        let own = reader.time(value, &field(key))?.unwrap_or(default);
        match (own, value) {
            (Time::ZERO, Some(value)) => {
                Err(reader.fault(value, field(key), "is zero").help("above zero"))
            }
            _ => Ok(own),
        }
    };
    Ok(match &*word {
        "concurrency" => {
            let usual = Concurrency::default();
            Scaling::Concurrency(Concurrency {
                target: reader
                    .above_zero(&raw.target, &field("target"), 1e6)?
                    .unwrap_or(usual.target),
                window: time(&raw.window, "window", usual.window)?,
                ..usual
            })
        }
        "queue" => {
            let usual = Queue::default();
            Scaling::Queue(Queue {
                threshold: reader
                    .above_zero(&raw.threshold, &field("threshold"), 1e9)?
                    .unwrap_or(usual.threshold),
                polling: time(&raw.polling, "polling", usual.polling)?,
                cooldown: reader.time(&raw.cooldown, &field("cooldown"))?.unwrap_or(usual.cooldown),
                ..usual
            })
        }
        _ => Scaling::PerCall,
    })
}

/// The time limit of a call, which its start and its work must be able to keep.
fn limit(
    raw: &RawFunction,
    reader: Reader<'_>,
    own: &Function,
) -> Result<Option<Time>, InputError> {
    let field = format!("function.{}.limit", raw.name.get_ref());
    let limit = reader.with(&raw.limit, &field, |value| match text(value)? {
        "none" => Ok(None),
        other => time(other)
            .map(Some)
            .map_err(|problem| Problem { help: format!("{}; or none", problem.help), ..problem }),
    })?;
    let limit = limit.unwrap_or(Some(LIMIT));
    let start: f64 = own.starts.iter().map(Cost::least).sum();
    let least = start + own.gateway.least() + own.load.least() + own.work.least();
    match limit {
        Some(at) if at.as_seconds() <= least => {
            let told = format!(
                "{} s is not above the {least} s that a cold call takes at least, {start} s of \
                 them for its start",
                at.as_seconds()
            );
            let error = match &raw.limit {
                Some(value) => reader.fault(value, field, told),
                None => reader.fault(&raw.name, field, told),
            };
            Err(error.help("a longer limit, or none"))
        }
        _ => Ok(limit),
    }
}
