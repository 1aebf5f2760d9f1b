//! The events of a trace that say what host and GPU did; the others are passed over while the file
//! is read.

use std::borrow::Cow;
use std::fmt;

use models::replay::OPERATIONS_MAX;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

/// A trace.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "schemaVersion")]
    pub(super) schema: Option<u64>,
    /// Of a process of several: which.
    #[serde(rename = "distributedInfo")]
    pub(super) distributed: Option<Distributed>,
    #[serde(rename = "traceEvents", borrow, deserialize_with = "events")]
    pub(super) events: Vec<Event<'a>>,
}

/// Who the process is among others.
#[derive(Deserialize)]
pub(super) struct Distributed {
    pub(super) rank: Option<u32>,
}

/// An event that counts.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    /// Its place among all events of the file.
    pub(super) number: u64,
    pub(super) what: What,
    pub(super) name: Cow<'a, str>,
    pub(super) begin_us: f64,
    pub(super) length_us: f64,
    /// Host thread of a call.
    pub(super) thread: String,
    pub(super) args: Args,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A call of the CUDA runtime or driver.
    Call,
    Kernel,
    Memcpy,
    Memset,
    /// What was recorded of synchronisation.
    Sync,
}

/// What is taken of an event's arguments.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Args {
    pub(super) correlation: Option<u64>,
    pub(super) device: Option<u32>,
    pub(super) stream: Option<i64>,
    pub(super) bytes: Option<u64>,
    /// Of a stream that waits for an event: where the event was recorded, and by which call.
    pub(super) wait_on_stream: Option<i64>,
    pub(super) wait_on_cuda_event_record_corr_id: Option<i64>,
    #[serde(rename = "Collective name")]
    pub(super) collective: Option<String>,
}

/// An event as it stands in the file.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    ph: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cat: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    ts: Option<f64>,
    dur: Option<f64>,
    tid: Option<serde_json::Value>,
    args: Option<serde_json::Value>,
}

fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event<'de>>, D::Error> {
    struct Events;
    impl<'de> Visitor<'de> for Events {
        type Value = Vec<Event<'de>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a list of events")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            let mut number = 0;
            while let Some(raw) = all.next_element::<Raw<'de>>()? {
                if let Some(event) = raw.event(number).map_err(A::Error::custom)? {
                    if kept.len() == OPERATIONS_MAX / 3 {
                        return Err(A::Error::custom(format!(
                            "there are more than {} calls and operations of the GPU",
                            kept.len()
                        )));
                    }
                    kept.push(event);
                }
                number += 1;
            }
            while all.next_element::<IgnoredAny>()?.is_some() {}
            Ok(kept)
        }
    }
    deserializer.deserialize_seq(Events)
}

impl<'a> Raw<'a> {
    /// The event, if it counts; what is wrong with one that does.
    fn event(self, number: u64) -> Result<Option<Event<'a>>, String> {
        let what = match self.cat.as_deref() {
            Some("cuda_runtime" | "cuda_driver") => What::Call,
            Some("kernel") => What::Kernel,
            Some("gpu_memcpy") => What::Memcpy,
            Some("gpu_memset") => What::Memset,
            Some("cuda_sync") => What::Sync,
            _ => return Ok(None),
        };
        if self.ph.as_deref() != Some("X") {
            return Ok(None);
        }
        let wrong = |field: &str, problem: &str| format!("event {number}: {field}: {problem}");
        let number_of = |field: &str, value: Option<f64>| match value {
            Some(value) if value.is_finite() && value >= 0.0 => Ok(value),
            Some(value) => Err(wrong(field, &format!("{value} is no time in microseconds"))),
            None => Err(wrong(field, "is missing")),
        };
        let begin_us = number_of("ts", self.ts)?;
        let length_us = number_of("dur", self.dur)?;
        let args = self.args.unwrap_or(serde_json::Value::Null);
        let args: Args = match args {
            serde_json::Value::Null => Args::default(),
            args => serde_json::from_value(args).map_err(|e| wrong("args", &e.to_string()))?,
        };
        if what != What::Sync && args.correlation.is_none() {
            return Err(wrong("args.correlation", "is missing"));
        }
        if matches!(what, What::Kernel | What::Memcpy | What::Memset) && args.stream.is_none() {
            return Err(wrong("args.stream", "is missing"));
        }
        if what == What::Memcpy && args.bytes.is_none() {
            return Err(wrong("args.bytes", "is missing"));
        }
        let thread = self.tid.map_or_else(String::new, |tid| tid.to_string());
        let name = self.name.unwrap_or_default();
        Ok(Some(Event { number, what, name, begin_us, length_us, thread, args }))
    }
}
