//! Jobs of the Helios traces (SenseTime, SC '21): `job_id,user,vc,gpu_num,cpu_num,node_num,state,
//! submit_time,start_time,end_time,duration,queue`.
//!
//! A job of several nodes is a gang of as many pods, each with its part of the GPUs and CPUs. The
//! trace says nothing of memory. Times count from the first submission.

use models::input::InputError;
use models::placement::{Ask, GpuAsk, Models};

use super::nodes::{GPUS_MAX, require, whole};
use super::pods::{Times, Trace};
use crate::file::{DataFile, Row};

/// Whether a table has such jobs.
pub(super) fn is_of(file: &DataFile) -> bool {
    let has = |wanted: &str| file.columns().any(|column| column == wanted);
    ["job_id", "gpu_num", "node_num", "submit_time"].into_iter().all(has)
}

/// Reads the jobs as pods.
///
/// # Errors
/// If a column is missing, a number or a time is none, GPUs cannot be divided among nodes, or a job
/// ended before it began.
pub(super) fn trace(file: &DataFile) -> Result<Trace, InputError> {
    require(file, &["cpu_num", "start_time", "end_time"])?;
    let mut trace = Trace { pods: Default::default(), times: None, gangs: None };
    let mut jobs: Vec<(Row<'_>, [f64; 3])> = Vec::new();
    for row in file.rows() {
        let [submitted, started, ended] =
            ["submit_time", "start_time", "end_time"].map(|column| seconds(&row, column));
        let (submitted, started, ended) = (submitted?, started?, ended?);
        jobs.push((row, [submitted, started, ended]));
        if started < submitted || ended < started {
            let column = if ended < started { "end_time" } else { "start_time" };
            return Err(row
                .fault(column, "is before what it follows")
                .help("submit_time, start_time and end_time in this order"));
        }
    }
    jobs.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    let first = jobs.first().map_or(0.0, |(_, times)| times[0]);
    for (gang, (row, times)) in (0..).zip(&jobs) {
        let nodes = whole(row, "node_num", 10_000)?.max(1);
        let gpus = whole(row, "gpu_num", GPUS_MAX * nodes)?;
        if gpus % nodes != 0 {
            return Err(row
                .fault("gpu_num", format!("{gpus} GPUs cannot be divided among {nodes} nodes"))
                .help("a multiple of node_num"));
        }
        let cpus = whole(row, "cpu_num", 1_000 * nodes)?;
        let ask = Ask {
            cpu: (1000 * cpus / nodes) as u32,
            memory: 0,
            gpu: match gpus / nodes {
                0 => GpuAsk::None,
                many => GpuAsk::Whole(many as u16),
            },
            models: Models::ANY,
        };
        let [created, scheduled, deleted] = times.map(|time| time - first);
        for _ in 0..nodes {
            trace.pods.add(ask);
            let times = Times { created, scheduled: Some(scheduled), deleted };
            trace.times.get_or_insert_default().push(times);
            trace.gangs.get_or_insert_default().push((nodes > 1).then_some(gang));
        }
    }
    Ok(trace)
}

/// A time such as `2020-06-09 18:41:01`, in seconds \[s\].
fn seconds(row: &Row<'_>, column: &str) -> Result<f64, InputError> {
    let text = row.text(column)?;
    let parts: Vec<i64> =
        text.split(['-', ' ', ':']).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = parts[..] else {
        return Err(row.fault(column, format!("`{text}` is no time")).help("2020-06-09 18:41:01"));
    };
    let possible = (1970..3000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..61).contains(&second);
    if !possible {
        return Err(row
            .fault(column, format!("`{text}` is not possible"))
            .help("2020-06-09 18:41:01"));
    }
    Ok((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) as f64)
}

/// Days from 1970-01-01 in the Gregorian calendar, whose years begin in March here, so that the day
/// that comes and goes is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,\
                          end_time,duration,queue\n";

    fn read(rows: &str) -> Result<Trace, InputError> {
        let text = format!("{HEADER}{rows}");
        let file = DataFile::from_bytes("cluster_log.csv", text.as_bytes())?;
        trace(&file)
    }

    #[test]
    fn days_are_counted_from_1970() {
        let known = [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2020, 6, 9), 18_422)];
        for ((year, month, day), expected) in known {
            assert_eq!(days(year, month, day), expected);
        }
    }

    #[test]
    fn a_job_of_two_nodes_is_a_gang() {
        let rows = "2,u,v,16,32,2,COMPLETED,2020-06-10 00:00:01,2020-06-10 00:01:00,\
                    2020-06-10 01:00:00,3540,59\n\
                    1,u,v,1,4,1,COMPLETED,2020-06-09 23:59:59,2020-06-09 23:59:59,\
                    2020-06-10 04:55:09,1,0\n";
        let own = read(rows).unwrap();
        assert_eq!(own.gangs, Some(vec![None, Some(1), Some(1)]));
        let times = own.times.unwrap();
        assert_eq!((times[0].created, times[1].created), (0.0, 2.0));
        assert_eq!(times[2].deleted, 3601.0);
    }

    #[test]
    fn bad_jobs_are_refused() {
        let job = "1,u,v,3,4,2,COMPLETED,2020-06-09 23:59:59,2020-06-09 23:59:59,\
                   2020-06-10 04:55:09,1,0\n";
        for (text, field) in [
            (job.to_owned(), "gpu_num"),
            (job.replace("3,4,2", "3,4,1").replace("06-10", "06-08"), "end_time"),
            (job.replace("3,4,2", "3,4,1").replace("2020-06-10", "yesterday"), "end_time"),
            (job.replace("3,4,2", "3,4,1").replace("06-10", "16-10"), "end_time"),
        ] {
            let error = read(&text).unwrap_err();
            assert_eq!(error.field, field, "{error}");
            assert_eq!(error.line(), Some(2), "{error}");
        }
    }
}
