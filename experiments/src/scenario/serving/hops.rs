//! Gateways, proxies and batchers on the way.

use models::function::Duration;
use models::input::InputError;
use models::serving::{Hop, Way};

use sim::Time;

use super::super::doubt::Stated;
use super::super::value::{Amount, Reader};
use super::raw::RawHop;

const SERVERS_MAX: u32 = 1_000_000;

pub(super) fn hops(raw: &[RawHop], reader: Reader<'_>) -> Result<Vec<Hop>, InputError> {
    raw.iter().enumerate().map(|(at, own)| hop(own, &raw[..at], reader)).collect()
}

fn hop(raw: &RawHop, before: &[RawHop], reader: Reader<'_>) -> Result<Hop, InputError> {
    let name = raw.name.get_ref();
    let field = |key: &str| format!("hop.{name}.{key}");
    if before.iter().any(|other| other.name.get_ref() == name) {
        let problem = format!("`{name}` is named twice");
        return Err(reader.fault(&raw.name, "hop.name", problem).help("a name of its own"));
    }
    let ways = [("request", Way::Request), ("answer", Way::Answer)];
    let way = reader.word(&raw.on, &field("on"), &ways)?.unwrap_or(Way::Request);
    let factor = Stated::Hop.drawn(reader.draw, name);
    let time = reader.duration(&raw.time, &field("time"), factor)?;
    let rate = reader.amount(&raw.body_rate, &field("body_rate"), Amount::Rate)?;
    let every = reader.amount(&raw.every, &field("every"), Amount::Time)?;
    let every = every.map(Time::from_seconds);
    if let (Some(Time::ZERO), Some(value)) = (every, &raw.every) {
        return Err(reader.fault(value, field("every"), "is nothing").help("a time above zero"));
    }
    if time.is_none() && rate.is_none() && every.is_none() {
        return Err(reader
            .fault(&raw.name, field("time"), "is missing")
            .help("what it needs for a request: time = \"5 ms\", or body_rate = \"28 MB/s\""));
    }
    let servers = reader.count(&raw.servers, &field("servers"), (1, SERVERS_MAX))?;
    let cpu = reader.amount(&raw.cpu, &field("cpu"), Amount::Number)?;
    if let (Some(cpu), Some(value)) = (cpu, &raw.cpu) {
        if !(0.001..=1000.0).contains(&cpu) {
            let problem = format!("{cpu} CPUs are not possible");
            return Err(reader.fault(value, field("cpu"), problem).help("0.001 to 1000"));
        }
        let why = "a limit of CPU time says how much is done at once";
        reader.unread(&raw.servers, field("servers"), why, "one of the two")?;
    }
    Ok(Hop {
        name: name.clone(),
        way,
        time: time.unwrap_or(Duration::Nothing),
        every,
        byte: rate.map_or(0.0, |rate| factor / rate),
        servers,
        cpu,
    })
}
