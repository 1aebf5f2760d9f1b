//! Stages of starts.

use models::function::Duration;
use models::input::{InputError, suggest};
use models::serving::Pool;
use models::serving::startup::Stage;
use serde_spanned::Spanned;

use super::super::doubt::Stated;
use super::super::value::{Amount, Reader};
use super::raw::{RawServing, RawStage};

/// Gives pools their stages.
pub(super) fn starts(
    raw: &RawServing,
    pools: &mut [Pool],
    reader: Reader<'_>,
) -> Result<(), InputError> {
    for own in &raw.stage {
        let pool = match &own.pool {
            None => 0,
            Some(named) => {
                let known = || pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>();
                let at = pools.iter().position(|pool| pool.name == *named.get_ref());
                at.ok_or_else(|| {
                    let field = format!("stage.{}.pool", own.name.get_ref());
                    let problem = format!("no pool is called `{}`", named.get_ref());
                    reader.fault(named, field, problem).help(suggest(named.get_ref(), known()))
                })?
            }
        };
        let stage = stage(own, &pools[pool].start.stages, reader)?;
        pools[pool].start.stages.push(stage);
    }
    Ok(())
}

fn stage(raw: &RawStage, before: &[Stage], reader: Reader<'_>) -> Result<Stage, InputError> {
    let name = raw.name.get_ref();
    let field = |key: &str| format!("stage.{name}.{key}");
    if before.iter().any(|other| other.name == *name) {
        let problem = format!("`{name}` is named twice");
        return Err(reader.fault(&raw.name, "stage.name", problem).help("a name of its own"));
    }
    let factor = Stated::Start.drawn(reader.draw, name);
    let time = reader.duration(&raw.time, &field("time"), factor)?;
    let bytes = reader.amount(&raw.bytes, &field("bytes"), Amount::Bytes)?;
    let rate = |value: &_, key: &str| reader.amount(value, &field(key), Amount::Rate);
    let (limit, each) = (rate(&raw.rate, "rate")?, rate(&raw.reader_rate, "reader_rate")?);
    let readers = reader.count(&raw.readers, &field("readers"), (1, 100_000))?;
    let pieces = reader.amount(&raw.pieces, &field("pieces"), Amount::Number)?;
    let per_piece = reader.amount(&raw.per_piece, &field("per_piece"), Amount::Time)?;
    let help = "time = \"3 s\", or bytes = \"16 GB\" with rate = \"2 GB/s\"";
    match (bytes, limit.or(each)) {
        (None, None) if time.is_none() && per_piece.is_none() => {
            return Err(reader.fault(&raw.name, field("time"), "is missing").help(help));
        }
        (Some(_), None) => {
            let value = raw.bytes.as_ref().expect("they are given");
            return Err(reader.fault(value, field("bytes"), "come at no rate").help(help));
        }
        (None, Some(_)) => {
            let value = raw.rate.as_ref().or(raw.reader_rate.as_ref()).expect("it is given");
            return Err(reader
                .fault(value, field("rate"), "has no effect without bytes")
                .help(help));
        }
        _ => {}
    }
    if let (Some(value), None) = (&raw.readers, each) {
        let problem = "has no effect without reader_rate";
        return Err(reader
            .fault(value, field("readers"), problem)
            .help("what each reader gets: reader_rate = \"330 MB/s\""));
    }
    if let (Some(value), None) = (&raw.per_piece, pieces) {
        let problem = "has no effect without pieces";
        return Err(reader.fault(value, field("per_piece"), problem).help("pieces = 14"));
    }
    let named = |own: &Spanned<String>, key: &str| {
        let at = before.iter().position(|other| other.name == *own.get_ref());
        at.ok_or_else(|| {
            let problem = format!("no stage before it is called `{}`", own.get_ref());
            let known = before.iter().map(|other| other.name.as_str()).collect::<Vec<_>>();
            reader.fault(own, field(key), problem).help(suggest(own.get_ref(), known))
        })
    };
    let beside = raw.beside.as_ref().map(|own| named(own, "beside")).transpose()?;
    let after = match (&raw.after, beside) {
        (Some(list), _) => {
            let all = list.get_ref().iter().map(|own| named(own, "after"));
            all.collect::<Result<Vec<usize>, _>>()?
        }
        (None, Some(other)) => before[other].after.clone(),
        (None, None) => before.len().checked_sub(1).into_iter().collect(),
    };
    Ok(Stage {
        name: name.clone(),
        time: time.unwrap_or(Duration::Nothing),
        bytes: bytes.unwrap_or(0.0),
        limit: limit.unwrap_or(f64::INFINITY) / factor,
        readers: (readers.unwrap_or(1).into(), each.unwrap_or(f64::INFINITY) / factor),
        pieces: (pieces.unwrap_or(0.0), per_piece.unwrap_or(0.0) * factor),
        after,
        beside,
    })
}
