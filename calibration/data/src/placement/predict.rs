//! How full a policy makes the cluster, as the published results came about: the mean of seeds.
//!
//! The protocol leaves open which of equal nodes a policy takes beyond "the one whose name comes
//! first". The published tool renames its nodes with random numbers before each run, so this is an
//! order that each seed draws. That order was compared with the order of the file on the workloads
//! of [`CHOSEN_ON`] alone; all others judge it.

use std::collections::HashMap;

use models::input::{InputError, suggest};
use models::placement::{Fill, Fleet, Fragmentation, Pods, Policy, State, drawn, fill};
use rayon::prelude::*;
use sim::Seed;
use sim::stats::student_quantile;

use super::beside::beside;
use super::fits::check_arrivals;
use super::nodes::{nodes, require};
use super::pods::pods;
use crate::file::{DataFile, Row};

/// The workloads that were looked at when a choice was open.
pub const CHOSEN_ON: [&str; 3] = ["default", "gpushare40", "multigpu30"];
/// The seed whose replications are drawn.
pub const SEED: Seed = Seed::new(1);
/// Pods arrive until they ask for so much [percent of the cluster's GPU].
const ARRIVALS_PERCENT: u32 = 130;
/// Which of the states about a percentage the published tables have is not told; they seem to lie
/// evenly within this \[points\].
const READ_WITHIN: f64 = 0.05;
/// The most seeds of a row.
const SEEDS_MAX: u64 = 1000;
/// The columns that say which state of which run a row is about.
pub(crate) const COLUMNS: [&str; 5] =
    ["workload", "policy", "arrived_percent", "seeds", "allocated_percent_mean"];

/// What is predicted of a state \[percent\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The mean over seeds of what is allocated.
    pub allocated: f64,
    /// Where the mean of as many other seeds lies with a probability of 90 %.
    pub interval: (f64, f64),
    /// The mean over seeds of what is fragmented of the rest.
    pub fragmented: f64,
}

/// Fills the cluster once for each policy and each of so many seeds: those of the first policy
/// first. The result does not depend on the number of threads.
pub fn fills(
    fleet: &Fleet,
    trace: &Pods,
    policies: &[Policy],
    (percent, seed, seeds): (u32, Seed, u64),
) -> Vec<Vec<Fill>> {
    let typical = Fragmentation::new(fleet, trace);
    let runs = policies.iter().flat_map(|policy| (0..seeds).map(move |number| (*policy, number)));
    let runs: Vec<(Policy, u64)> = runs.collect();
    let one = |&(policy, number): &(Policy, u64)| {
        let seed = seed.replication(number);
        let order = drawn(trace, fleet, percent, seed);
        let fleet = fleet.shuffled(seed);
        let mut scheduler = policy.scheduler(trace, &typical, seed);
        fill(&mut State::new(&fleet), trace, &order, &mut *scheduler, &typical)
    };
    let all: Vec<Fill> = runs.par_iter().map(one).collect();
    all.chunks(seeds.max(1) as usize).map(<[Fill]>::to_vec).collect()
}

/// The runs of every workload and policy of a table.
#[derive(Debug, Default)]
pub struct Predictions {
    runs: HashMap<(String, Policy, u64), Vec<Fill>>,
}

/// What a row of the table is about.
struct Asked<'a> {
    workload: &'a str,
    policy: Policy,
    seeds: u64,
    percent: u64,
}

impl Predictions {
    /// Runs what the rows of a table are about.
    ///
    /// # Errors
    /// If a row asks for something that cannot be, or the nodes or pods are not beside the table.
    pub fn of(file: &DataFile) -> Result<Predictions, InputError> {
        require(file, &COLUMNS)?;
        let nodes = nodes(&beside(file, "openb_nodes.csv")?)?;
        // Workloads with what is asked of each, in the order in which they appear.
        let mut wanted: Vec<(&str, u64, Vec<Policy>)> = Vec::new();
        for row in file.rows() {
            let asked = asked(&row)?;
            let same = |(name, seeds, _): &&mut (&str, u64, Vec<Policy>)| {
                *name == asked.workload && *seeds == asked.seeds
            };
            match wanted.iter_mut().find(same) {
                Some((.., policies)) if policies.contains(&asked.policy) => {}
                Some((.., policies)) => policies.push(asked.policy),
                None => wanted.push((asked.workload, asked.seeds, vec![asked.policy])),
            }
        }
        let mut runs = HashMap::new();
        for (workload, seeds, policies) in wanted {
            let table = beside(file, &format!("openb_pods_{workload}.csv"))?;
            let trace = pods(&table, &nodes)?.pods;
            check_arrivals(&table, &trace, &nodes, ARRIVALS_PERCENT)?;
            let all = fills(&nodes, &trace, &policies, (ARRIVALS_PERCENT, SEED, seeds));
            let keys = policies.into_iter().map(|policy| (workload.to_owned(), policy, seeds));
            runs.extend(keys.zip(all));
        }
        Ok(Predictions { runs })
    }

    /// What is predicted for a row.
    ///
    /// # Errors
    /// As [`Predictions::of`].
    pub fn figure(&self, row: &Row<'_>) -> Result<Figure, InputError> {
        let Asked { workload, policy, seeds, percent } = asked(row)?;
        let key = (workload.to_owned(), policy, seeds);
        let fills = self.runs.get(&key).expect("every row of the table was run");
        let at = percent as usize - 1;
        let readings: Option<Vec<_>> = fills.iter().map(|fill| fill.readings.get(at)).collect();
        let readings = readings.ok_or_else(|| {
            row.fault("arrived_percent", format!("{percent} was not reached by every seed"))
        })?;
        let of = |value: fn(&models::placement::Reading) -> f64| -> Vec<f64> {
            readings.iter().map(|reading| value(reading)).collect()
        };
        let allocated = of(|reading| reading.allocated_percent);
        let fragmented = of(|reading| reading.fragmented_percent);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let half = half_width(&allocated);
        let middle = mean(&allocated);
        let interval = (middle - half, middle + half);
        Ok(Figure { allocated: middle, interval, fragmented: mean(&fragmented) })
    }
}

/// How far the mean of as many other seeds may be from the mean of these, by Student's t for 90 %:
/// both means are off by s ÷ √n, and theirs by the state that was read as well. Nothing is said of
/// one seed but the latter.
fn half_width(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let freedom = (count - 1.0).max(1.0);
    let variance = 2.0 * squares / freedom + READ_WITHIN.powi(2) / 3.0;
    let t = student_quantile(0.95, freedom);
    t * (variance / count).sqrt()
}

fn asked<'a>(row: &Row<'a>) -> Result<Asked<'a>, InputError> {
    let (workload, name) = (row.text("workload")?, row.text("policy")?);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !workload.chars().all(plain) {
        return Err(row
            .fault("workload", format!("`{workload}` is no name of a workload"))
            .help("letters, digits, `-` and `_`: the NAME of openb_pods_NAME.csv.gz"));
    }
    let policy = Policy::named(name).ok_or_else(|| {
        let known = Policy::ALL.iter().map(|(name, _)| *name);
        row.fault("policy", format!("`{name}` is no policy")).help(suggest(name, known))
    })?;
    let seeds = row.count("seeds", SEEDS_MAX)?;
    let percent = row.count("arrived_percent", ARRIVALS_PERCENT.into())?;
    Ok(Asked { workload, policy, seeds, percent })
}
