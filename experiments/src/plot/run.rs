//! What one run left in its folder, as figures and report read it.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use super::PlotError;
use super::key;
use super::shown::Shown;
use super::table::{Row, Table};
use crate::record::{LifeRow, ReturnedRow, StepRow, SummaryRow, TakenRow, TogetherRow};

pub use super::key::Key;
pub use crate::estimate::Estimate;

/// The cause of time that would pass at line rate in any case.
pub const LINE_RATE: &str = "line-rate";

/// The results of a run, one summary per point and transfer.
#[derive(Clone, Debug)]
pub struct Run {
    /// One result per point and transfer, in file order.
    pub results: Vec<Outcome>,
    /// The hops' parts of the loss, in file order.
    pub taken: Vec<Taken>,
    /// What would bring bandwidth back, best first per point.
    pub returned: Vec<Returned>,
    /// The steps of requests, in file order; empty where nobody asked.
    pub steps: Vec<StepTime>,
    /// Where time passes, in file order: for each message its hops in path order.
    pub life: Vec<Spent>,
    /// What the transfers of a point reach together, in file order; empty where each has one.
    pub together: Vec<Together>,
    /// Which points all of this is about.
    pub shown: Shown,
    /// The results of each topology and size, and the changes at each point.
    by_size: HashMap<String, HashMap<u64, Vec<usize>>>,
    returned_at: HashMap<u64, Vec<usize>>,
}

/// A row of summary.csv.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which point and transfer.
    pub key: Arc<Key>,
    /// Payload rate that arrived \[bit/s\].
    pub goodput: Estimate,
    /// From ready to arrived \[s\]; none if it never arrives whole.
    pub completion_s: Option<f64>,
    /// The rate sent \[bit/s\].
    pub sent_bit_s: f64,
    /// The part of it lost, 0 to 1.
    pub loss_ratio: f64,
    /// The slowest link's line rate \[bit/s\].
    pub reference_bit_s: f64,
    /// Which link that is.
    pub reference_link: String,
    /// Where 90 % of draws of what is unknown put the goodput \[bit/s\]: low, median and high;
    /// none where nobody asked.
    pub predicted_bit_s: Option<[f64; 3]>,
    /// Goodput over reference.
    pub of_reference: f64,
    /// The busiest link of the way, whoever uses it.
    pub busiest_link: String,
    /// How busy it is, 0 to 1.
    pub busiest_ratio: f64,
    /// How many other transfers of the point use it.
    pub busiest_others: u64,
    /// The kind of hop that takes most.
    pub most_taken_by: String,
    /// How much of the reference it takes; none where nothing is taken.
    pub most_taken_ratio: Option<f64>,
}

/// A row of taken.csv.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which point and transfer.
    pub key: Arc<Key>,
    /// The hop: `node-a/vxlan`.
    pub hop: String,
    /// Its kind: `vxlan`.
    pub kind: String,
    /// The rate it takes \[bit/s\].
    pub bit_s: f64,
    /// That over the reference.
    pub ratio: f64,
}

/// A row of steps.csv.
#[derive(Clone, Debug)]
pub struct StepTime {
    /// Which point and transfer.
    pub key: Arc<Key>,
    /// The step: `connect`.
    pub step: String,
    /// How long it takes on average \[s\].
    pub mean_s: f64,
    /// Half of the replications take less \[s\].
    pub median_s: f64,
    /// Of a hundred replications, ninety-nine take less \[s\].
    pub p99_s: f64,
    /// The part of the whole request.
    pub share: f64,
}

/// A row of life.csv.
#[derive(Clone, Debug)]
pub struct Spent {
    /// Which point and transfer.
    pub key: Arc<Key>,
    /// The hop: `node-a/vxlan`.
    pub hop: String,
    /// Its kind: `vxlan`.
    pub kind: String,
    /// Why time passed there: `service`, `queueing`, `window`, `propagation` or `line-rate`.
    pub cause: String,
    /// How much, on average \[s\].
    pub mean_s: f64,
    /// The part of the whole completion.
    pub share: f64,
}

/// A row of returned.csv.
#[derive(Clone, Debug)]
pub struct Returned {
    /// Which point and transfer.
    pub key: Arc<Key>,
    /// What to change.
    pub change: String,
    /// Whether a user can do it.
    pub feasible: bool,
    /// The goodput with the change \[bit/s\].
    pub goodput_bit_s: f64,
    /// The relative gain.
    pub gain: f64,
    /// What it takes to do it.
    pub requires: String,
    /// What is lost with it.
    pub gives_up: String,
}

/// A row of together.csv.
#[derive(Clone, Debug)]
pub struct Together {
    /// The topology's name.
    pub topology: String,
    /// What else names the point: column and value, in column order.
    pub dimensions: Vec<(String, String)>,
    /// How many transfers it has.
    pub transfers: u64,
    /// The sum of their goodputs \[bit/s\].
    pub sum_bit_s: f64,
    /// The lowest and the highest of them \[bit/s\].
    pub span_bit_s: (f64, f64),
    /// Jain's index of them.
    pub fairness: f64,
    /// When the last of them has arrived \[s\]; none if one never does.
    pub last_s: Option<f64>,
    /// The payload of all \[B\].
    pub message_b: f64,
}

impl Run {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// If a file is missing or is not what `podpath run` writes.
    pub fn read(dir: &Path) -> Result<Run, PlotError> {
        Run::read_shown(dir, None)
    }

    /// Reads a folder that has the rows of those points of a run that are shown.
    ///
    /// # Errors
    /// As [`Run::read`].
    pub fn read_shown(dir: &Path, shown: Option<Shown>) -> Result<Run, PlotError> {
        let table = |name| Table::read_if_there(dir, name);
        let must =
            |name| table(name)?.ok_or_else(|| PlotError::file(&dir.join(name), &"is missing"));
        let summary = must("summary.csv")?;
        let (taken, returned) = (must("taken.csv")?, must("returned.csv")?);
        let (steps, life) = (table("steps.csv")?, table("life.csv")?);
        let beside = table("together.csv")?;
        let results = key::read(Some(&summary), outcome)?;
        let mut by_size: HashMap<String, HashMap<u64, Vec<usize>>> = HashMap::new();
        for (at, result) in results.iter().enumerate() {
            let key = &result.key;
            let sizes = by_size.entry(key.topology.clone()).or_default();
            sizes.entry(key.message_b.to_bits()).or_default().push(at);
        }
        let returned = key::read(Some(&returned), advice)?;
        let mut returned_at: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, one) in returned.iter().enumerate() {
            returned_at.entry(one.key.point).or_default().push(at);
        }
        let together = beside.as_ref().map(|table| {
            let rows = table.rows().map(|row| together(&row, table));
            rows.collect::<Result<Vec<Together>, PlotError>>()
        });
        let points = distinct(results.iter().map(|result| result.key.point)).len();
        Ok(Run {
            results,
            taken: key::read(Some(&taken), part)?,
            returned,
            steps: key::read(steps.as_ref(), step)?,
            life: key::read(life.as_ref(), spent)?,
            together: together.transpose()?.unwrap_or_default(),
            shown: shown.unwrap_or_else(|| Shown::all(points)),
            by_size,
            returned_at,
        })
    }

    /// The results of one topology and size, in file order.
    pub fn of_size(&self, topology: &str, message_b: f64) -> impl Iterator<Item = &Outcome> {
        let sizes = self.by_size.get(topology);
        let own = sizes.and_then(|sizes| sizes.get(&message_b.to_bits()));
        own.into_iter().flatten().map(|at| &self.results[*at])
    }

    /// What would bring bandwidth back for one transfer of a point, best first.
    pub fn returned_to<'r>(&'r self, key: &'r Key) -> impl Iterator<Item = &'r Returned> {
        let own = self.returned_at.get(&key.point).into_iter().flatten();
        own.map(|at| &self.returned[*at]).filter(move |one| *one.key == *key)
    }

    /// A figure's note, and what was left out of the figure.
    pub fn noted(&self, note: &str) -> String {
        match self.shown.told() {
            Some(told) => format!("{note} {told}"),
            None => note.to_owned(),
        }
    }

    /// The topologies in file order.
    pub fn topologies(&self) -> Vec<String> {
        distinct(self.results.iter().map(|result| result.key.topology.clone()))
    }

    /// The largest message of the run \[B\].
    pub fn largest_message(&self) -> f64 {
        self.results.iter().map(|result| result.key.message_b).fold(0.0, f64::max)
    }
}

/// Each value once, where it comes first.
pub fn distinct<T: Clone + Eq + Hash>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

fn outcome(key: Arc<Key>, row: SummaryRow) -> Outcome {
    Outcome {
        predicted_bit_s: row.goodput_bit_s_predicted.rising(),
        key,
        goodput: row.goodput_bit_s,
        completion_s: row.completion_s.mean,
        sent_bit_s: row.sent_bit_s.mean,
        loss_ratio: row.loss_ratio.mean,
        reference_bit_s: row.reference_bit_s,
        reference_link: row.reference_link,
        of_reference: row.of_reference_ratio,
        busiest_link: row.busiest_link,
        busiest_ratio: row.busiest_ratio,
        busiest_others: row.busiest_others,
        most_taken_by: row.most_taken_by,
        most_taken_ratio: row.most_taken_ratio,
    }
}

fn part(key: Arc<Key>, row: TakenRow) -> Taken {
    Taken { key, hop: row.hop, kind: row.kind, bit_s: row.taken_bit_s.mean, ratio: row.taken_ratio }
}

fn step(key: Arc<Key>, row: StepRow) -> StepTime {
    StepTime {
        key,
        step: row.step,
        mean_s: row.time_s.mean,
        median_s: row.time_s_p50,
        p99_s: row.time_s_p99,
        share: row.share_ratio,
    }
}

fn spent(key: Arc<Key>, row: LifeRow) -> Spent {
    Spent {
        key,
        hop: row.hop,
        // What passes at line rate is no hop's doing, and is shown apart.
        kind: if row.cause == LINE_RATE { "line rate".into() } else { row.kind },
        cause: row.cause,
        mean_s: row.time_s.mean,
        share: row.share_ratio,
    }
}

fn together(row: &Row, table: &Table) -> Result<Together, PlotError> {
    let columns = table.between("topology", "transfers").iter();
    let named = columns.map(|column| Ok((column.clone(), row.text(column)?.to_owned())));
    let own: TogetherRow = row.read()?;
    Ok(Together {
        topology: row.text("topology")?.into(),
        dimensions: named.collect::<Result<_, PlotError>>()?,
        transfers: own.transfers as u64,
        sum_bit_s: own.goodput_sum_bit_s.mean,
        span_bit_s: (own.goodput_least_bit_s, own.goodput_most_bit_s),
        fairness: own.fairness_ratio,
        last_s: own.last_completion_s.mean,
        message_b: own.message_sum_b as f64,
    })
}

fn advice(key: Arc<Key>, row: ReturnedRow) -> Returned {
    Returned {
        key,
        change: row.change,
        feasible: row.feasible,
        goodput_bit_s: row.goodput_bit_s,
        gain: row.gain_ratio,
        requires: row.requires,
        gives_up: row.gives_up,
    }
}
