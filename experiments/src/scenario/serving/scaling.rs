//! How replicas are scaled: by the queue, or by concurrency.

use models::function::{Concurrency, Queue, Scaling};
use models::input::InputError;
use sim::Time;

use super::super::value::{Amount, Reader, Value};
use super::raw::RawPool;

/// When replicas of a pool are started and stopped.
pub(super) fn scaling(raw: &RawPool, reader: Reader<'_>) -> Result<Option<Scaling>, InputError> {
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
    match by {
        None => {
            unread(&queue)?;
            unread(&level)?;
            Ok(None)
        }
        Some(false) => {
            unread(&level)?;
            by_queue(raw, reader).map(Some)
        }
        Some(true) => {
            unread(&queue)?;
            by_concurrency(raw, reader).map(Some)
        }
    }
}

fn by_queue(raw: &RawPool, reader: Reader<'_>) -> Result<Scaling, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let usual = Queue::default();
    let own = |value, key, usual| time((value, field(key)), reader, usual);
    let polling = own(&raw.polling, "polling", usual.polling)?;
    if let (true, Some(value)) = (polling < Time::from_ms(1_000), &raw.polling) {
        let problem = "is shorter than a second, the least of KEDA";
        return Err(reader.fault(value, field("polling"), problem).help("1 s or more"));
    }
    Ok(Scaling::Queue(Queue {
        threshold: above((&raw.threshold, field("threshold")), reader, usual.threshold)?,
        polling,
        cooldown: own(&raw.cooldown, "cooldown", usual.cooldown)?,
        stabilisation: own(&raw.stabilisation, "stabilisation", usual.stabilisation)?,
    }))
}

fn by_concurrency(raw: &RawPool, reader: Reader<'_>) -> Result<Scaling, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let usual = Concurrency::default();
    let window = time((&raw.window, field("window")), reader, usual.window)?;
    if let (true, Some(value)) = (window < Time::from_ms(6_000), &raw.window) {
        let problem = "is shorter than 6 s, which Knative allows";
        return Err(reader.fault(value, field("window"), problem).help("6 s or more"));
    }
    let target = above((&raw.target, field("target")), reader, usual.target)?;
    Ok(Scaling::Concurrency(Concurrency { target, window, ..usual }))
}

/// A time, or the usual one.
fn time(
    (value, field): (&Value, String),
    reader: Reader<'_>,
    usual: Time,
) -> Result<Time, InputError> {
    let own = reader.amount(value, &field, Amount::Time)?;
    Ok(own.map_or(usual, Time::from_seconds))
}

/// A number above zero, or the usual one.
fn above(
    (value, field): (&Value, String),
    reader: Reader<'_>,
    usual: f64,
) -> Result<f64, InputError> {
    match (reader.amount(value, &field, Amount::Number)?, value) {
        (Some(0.0), Some(value)) => {
            Err(reader.fault(value, field, "is nothing").help("a number above zero"))
        }
        (own, _) => Ok(own.unwrap_or(usual)),
    }
}
