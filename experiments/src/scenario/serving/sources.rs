//! Where requests come from.

use models::input::InputError;
use models::serving::{Asked, Source, When};
use sim::{Dist, Time};

use super::super::value::{Amount, Reader};
use super::raw::RawSource;

/// More requests of a source are refused: each takes some memory as long as the run lasts.
const COUNT_MAX: u32 = 2_000_000;
/// So many are sent if a file does not say how many or how long.
const COUNT: u32 = 1_000;

pub(super) fn source(raw: &RawSource, at: usize, reader: Reader<'_>) -> Result<Source, InputError> {
    let name = raw.name.as_ref().map_or_else(|| at.to_string(), |name| name.get_ref().clone());
    let field = |key: &str| format!("source.{name}.{key}");
    let users = reader.count(&raw.users, &field("users"), (1, COUNT_MAX))?;
    let rate = reader.amount(&raw.rate, &field("rate"), Amount::Frequency)?;
    let every = reader.amount(&raw.every, &field("every"), Amount::Time)?;
    let when = match (users, rate, every) {
        (Some(users), None, None) => When::Users(users),
        (None, Some(rate), None) if rate > 0.0 => When::Poisson(rate),
        (None, None, Some(every)) if Time::from_seconds(every) > Time::ZERO => {
            When::Every(Time::from_seconds(every))
        }
        _ => {
            let help = "one of: users = 8 (each sends the next when the last is answered), \
                        rate = \"2 /s\", every = \"500 ms\"";
            let place = raw.prompt.as_ref().or(raw.users.as_ref()).or(raw.rate.as_ref());
            let error = InputError::new(field("users"), "it is not clear when requests are sent");
            let error = error.help(help);
            return Err(match place {
                Some(place) => error.at(reader.source, place.span()),
                None => error.at(reader.source, 0..0),
            });
        }
    };
    let time = |value: &_, key: &str| {
        Ok::<_, InputError>(
            reader.amount(value, &field(key), Amount::Time)?.map(Time::from_seconds),
        )
    };
    let until = time(&raw.until, "until")?;
    let count = reader.count(&raw.count, &field("count"), (1, COUNT_MAX))?;
    let count = count.unwrap_or(if until.is_some() { COUNT_MAX } else { COUNT });
    let one = Dist::Constant { value: 1.0 };
    let body = reader.amount(&raw.body, &field("body"), Amount::Bytes)?;
    Ok(Source {
        when,
        asked: Asked {
            prompt: reader.tokens(&raw.prompt, &field("prompt"))?.unwrap_or_else(|| one.clone()),
            answer: reader.tokens(&raw.answer, &field("answer"))?.unwrap_or(one),
            cached: reader.amount(&raw.cached, &field("cached"), Amount::Part)?.unwrap_or(0.0),
            body: body.unwrap_or(0.0),
        },
        count,
        span: (time(&raw.from, "from")?.unwrap_or(Time::ZERO), until.unwrap_or(Time::MAX)),
    })
}
