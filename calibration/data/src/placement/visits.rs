//! A trace in time: when each pod arrives, and how long it works.

use models::input::InputError;
use models::placement::Visit;
use sim::Time;

use super::pods::Trace;
use crate::file::DataFile;

/// The longest trace \[s\]: the simulator counts picoseconds, which last for 213 days.
const SPAN_MAX_S: f64 = 200.0 * 86_400.0;

/// The visits of a trace's pods, counted from the first arrival. A pod works from when it was
/// placed until it was deleted; one that was never placed would have worked since its creation.
///
/// # Errors
/// If the table has no times, is not in the order of creation, or spans more than 200 days.
pub fn visits(file: &DataFile, trace: &Trace) -> Result<Vec<Visit>, InputError> {
    let Some(times) = &trace.times else {
        let lacks = ["creation_time", "deletion_time"]
            .into_iter()
            .find(|wanted| !file.columns().any(|column| column == *wanted))
            .expect("one of them is missing");
        return Err(InputError::new(lacks, "is no column of this table, so its pods have no time")
            .help("--arrivals 130%, which needs none, or a table with times")
            .at(file.source(), file.source().span_of_line(1)));
    };
    let begin = times.first().map_or(0.0, |first| first.created);
    let mut last = begin;
    let mut visits = Vec::with_capacity(times.len());
    for (at, (row, own)) in file.rows().zip(times).enumerate() {
        if own.created < last {
            let problem = format!("{} s is before the row above, {last} s", own.created);
            return Err(row
                .fault("creation_time", problem)
                .help("rows in the order of creation; sort the table first"));
        }
        if own.deleted - begin > SPAN_MAX_S {
            let problem = format!("{} s is more than 200 days after the first", own.deleted);
            return Err(row.fault("deletion_time", problem).help("a shorter part of the trace"));
        }
        last = own.created;
        visits.push(Visit {
            arrives: Time::from_seconds(own.created - begin),
            works: Time::from_seconds(own.deleted - own.scheduled.unwrap_or(own.created)),
            gang: trace.gangs.as_ref().and_then(|gangs| gangs[at]),
        });
    }
    Ok(visits)
}
