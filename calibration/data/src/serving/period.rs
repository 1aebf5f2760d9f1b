//! Some days of a trace: quantiles of what users saw, and of what is predicted.

use models::input::InputError;
use rayon::prelude::*;
use sim::Seed;

use super::fitted::Fitted;
use super::replay::{Pool, Replayed, replay};
use super::requests::{Requests, Status};
use super::stages::Stages;
use crate::quantile::{ninety, of_sorted};

/// The quantiles that are judged, and within what of the measured one each should be.
pub const QUANTILES: [(f64, f64); 3] = [(0.5, 0.2), (0.9, 0.2), (0.99, 0.4)];
/// So many replays with draws of their own are taken together.
const SEEDS: u64 = 5;
/// Draws of days for an interval.
const DRAWS: u64 = 200;

/// A quantile of latency, measured and predicted \[s\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// What part of all lies below.
    pub part: f64,
    /// Within what of the measured one it should be.
    pub goal: f64,
    /// What users saw.
    pub measured: f64,
    /// What is predicted.
    pub predicted: f64,
    /// Where 90 % of draws of as many days put the prediction.
    pub interval: (f64, f64),
}

impl Quantile {
    /// (predicted − measured) ÷ measured.
    pub fn relative_error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// Some days of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// The first and the last day, counted from one.
    pub days: (u32, u32),
    /// Requests that succeeded in it.
    pub requests: usize,
    /// The part that had to wait for a model to be loaded, as predicted.
    pub cold: f64,
    /// The quantiles.
    pub quantiles: Vec<Quantile>,
}

/// What is said of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// Its periods.
    pub periods: Vec<Period>,
    /// The instances of the pool.
    pub pool: Pool,
}

/// Replays a whole trace with what was fitted, and judges each of some periods of days.
///
/// # Errors
/// As [`replay`](replay()), or if no request of a period succeeded or is measured.
pub fn judged(
    requests: &Requests,
    fitted: &Fitted,
    stages: &Stages,
    periods: &[(u32, u32)],
) -> Result<Served, InputError> {
    let pool = Pool::fitted(fitted);
    let one = |number| {
        let seed = Seed::new(1).replication(number);
        replay(requests, fitted, stages, &pool, seed)
    };
    let replays: Vec<Replayed> =
        (0..SEEDS).into_par_iter().map(one).collect::<Result<_, InputError>>()?;
    let period = |&days: &(u32, u32)| {
        self::period(requests, &replays, days).ok_or_else(|| {
            let problem = format!("no request of days {} to {} succeeded", days.0, days.1);
            InputError::new("status", problem).help("rows with `succeed` and their `execution_s`")
        })
    };
    let periods = periods.iter().map(period).collect::<Result<_, InputError>>()?;
    Ok(Served { periods, pool })
}

fn period(requests: &Requests, replays: &[Replayed], days: (u32, u32)) -> Option<Period> {
    // Measured, day, and place in the trace of each request that counts.
    let own = requests.requests.iter().enumerate().filter(|(_, request)| {
        request.status == Status::Succeeded && (days.0..=days.1).contains(&request.day())
    });
    let own: Vec<(f64, u32, usize)> =
        own.filter_map(|(at, own)| Some((own.execution?, own.day(), at))).collect();
    let mut measured: Vec<f64> = own.iter().map(|(seen, ..)| *seen).collect();
    if measured.is_empty() {
        return None;
    }
    measured.sort_by(f64::total_cmp);
    let by_day: Vec<Vec<f64>> = own
        .chunk_by(|a, b| a.1 == b.1)
        .map(|day| {
            let predicted =
                day.iter().flat_map(|(.., at)| replays.iter().map(|r| r.latencies[*at]));
            predicted.collect()
        })
        .collect();
    let mut predicted: Vec<f64> = by_day.iter().flatten().copied().collect();
    predicted.sort_by(f64::total_cmp);
    let draws = draws(&by_day);
    let quantile = |at: usize| {
        let (part, goal) = QUANTILES[at];
        let drawn: Vec<f64> = draws.iter().map(|draw| draw[at]).collect();
        let interval = ninety(&drawn);
        let (measured, predicted) = (of_sorted(&measured, part), of_sorted(&predicted, part));
        Quantile { part, goal, measured, predicted, interval }
    };
    let cold = own.iter().flat_map(|(.., at)| replays.iter().filter(|r| r.cold[*at])).count();
    Some(Period {
        days,
        requests: own.len(),
        cold: cold as f64 / (own.len() * replays.len()) as f64,
        quantiles: (0..QUANTILES.len()).map(quantile).collect(),
    })
}

/// The quantiles that other days like these would have: as many days, drawn again from them.
fn draws(by_day: &[Vec<f64>]) -> Vec<[f64; QUANTILES.len()]> {
    let one = |number| {
        let days = Seed::new(1).of("serving/days").replication(number);
        let drawn =
            (0..by_day.len() as u64).map(|at| (days.unit(at) * by_day.len() as f64) as usize);
        let mut all: Vec<f64> = drawn.flat_map(|day| by_day[day].iter().copied()).collect();
        all.sort_unstable_by(f64::total_cmp);
        QUANTILES.map(|(part, _)| of_sorted(&all, part))
    };
    (0..DRAWS).into_par_iter().map(one).collect()
}
