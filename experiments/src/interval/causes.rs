//! Which unknowns make an interval wide: of each number, how much narrower the interval would be
//! if it were known.
//!
//! One standard deviation of each independent number moves the logarithm of the goodput by `d`.
//! A parameter whose own number is the weighted sum `w` of independent ones explains
//!
//! ```text
//!   (Σ d·w)² / Σ d²
//! ```
//!
//! of the variance: what knowing it would take away, whatever the order of parameters. What is in
//! one of several states with probabilities `p` ([`states`]) moves it by
//!
//! ```text
//!   d² = Σ p·(ln x − Σ p·ln x)²
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use models::cluster::{Cluster, Drawn};
use models::input::InputError;
use models::library::{Kind, Library};
use models::outcome::Reached;
use models::predict::{Stop, flows, predict_drawn};
use models::profile::Parameter;
use models::uncertainty::Draw;
use models::uncertainty::prior::spread;
use sim::Seed;

use super::measurement;
use super::states::{self, Open};
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::record::write_table;

/// The file that has them.
pub(crate) const FILE: &str = "widening.csv";
/// So many parameters are named of each transfer.
const NAMED: usize = 5;
/// Of more topologies and transfers than this, the first are looked at.
const LOOKED_AT_MAX: usize = 24;
/// Places of all clusters that are assembled for a point together, above which nothing is looked
/// at: it would take longer than the run.
const PLACES_MAX: usize = 500_000;
/// The same of transfers.
const TRANSFERS_MAX: usize = 20_000;
/// A parameter that explains less of the variance is not named.
const WORTH: f64 = 0.005;

/// The columns of `widening.csv`.
const COLUMNS: [&str; 14] = [
    "experiment",
    "point",
    "topology",
    "transfer",
    "rank",
    "kind",
    "profile",
    "parameter",
    "explained_ratio",
    "value",
    "unit",
    "low",
    "high",
    "measurement",
];

/// A parameter that makes an interval wide.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) kind: Kind,
    pub(crate) profile: String,
    /// The line as its file has it, with the interval that its number has.
    pub(crate) line: Parameter,
    /// What it is in words, if it is no number.
    pub(crate) about: Option<String>,
    /// What would tell it.
    pub(crate) measurement: String,
    /// The part of the variance that knowing it would take away.
    pub(crate) explained: f64,
}

/// The causes for one transfer of a point.
pub(crate) struct Wide {
    pub(crate) point: usize,
    pub(crate) transfer: usize,
    pub(crate) causes: Vec<Cause>,
}

/// What makes the intervals of an experiment wide: of each topology and transfer, at the point with
/// the largest message; none if `stop` said so first.
///
/// # Errors
/// If a cluster with other values cannot be.
pub(crate) fn of(
    experiment: &Experiment,
    plan: &Plan,
    stop: Stop<'_>,
) -> Result<Option<Vec<Wide>>, InputError> {
    let mut wide = Vec::new();
    for at in looked_at(plan) {
        if wide.len() >= LOOKED_AT_MAX {
            break;
        }
        let Some(causes) = of_point(experiment, plan, &plan.point(at), stop)? else {
            return Ok(None);
        };
        let causes = causes.into_iter().enumerate();
        wide.extend(causes.map(|(transfer, causes)| Wide { point: at, transfer, causes }));
    }
    wide.truncate(LOOKED_AT_MAX);
    Ok(Some(wide))
}

/// Of each topology the first point with its largest message.
fn looked_at(plan: &Plan) -> Vec<usize> {
    let size = |point: &Point| point.transfers.iter().map(|t| t.message.get()).max();
    let mut best: BTreeMap<usize, (usize, Option<u64>)> = BTreeMap::new();
    for (at, point) in plan.points().enumerate() {
        let size = size(&point);
        let best = best.entry(point.topology).or_insert((at, size));
        if size > best.1 {
            *best = (at, size);
        }
    }
    best.into_values().map(|(at, _)| at).collect()
}

/// An uncertain line, and the independent numbers that it is made of.
struct Line {
    kind: Kind,
    profile: String,
    row: Parameter,
    parts: Vec<(String, f64)>,
}

/// The causes of each transfer of a point.
fn of_point(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
    stop: Stop<'_>,
) -> Result<Option<Vec<Vec<Cause>>>, InputError> {
    let library = experiment.library_at(point)?;
    let cluster = &plan.worlds[point.world].cluster;
    let lines = uncertain(cluster, &library)?;
    let open = states::open(cluster, &library)?;
    let mut numbers: BTreeMap<(Kind, &str, &str), usize> = BTreeMap::new();
    for line in &lines {
        for (of, _) in &line.parts {
            let next = numbers.len();
            numbers.entry((line.kind, &line.profile, of)).or_insert(next);
        }
    }
    let mut names: Vec<(Kind, &str, &str)> = numbers.keys().copied().collect();
    names.sort_by_key(|name| numbers[name]);
    let lanes = 2 * names.len() + open.iter().map(|open| open.odds.len()).sum::<usize>();
    let places = cluster.graph.node_count();
    let flows = flows(cluster, &point.transfers)?;
    let too_many = lanes * places > PLACES_MAX || lanes * flows > TRANSFERS_MAX;
    if lanes == 0 || too_many {
        return Ok(Some(vec![Vec::new(); point.transfers.len()]));
    }
    let draws = names.iter().flat_map(|(kind, profile, of)| {
        [1.0, -1.0].map(|normal| Draw::alone([kind.folder(), profile, of], normal))
    });
    let draws = draws.chain(open.iter().flat_map(Open::draws));
    let drawn = Drawn::new(draws, |draw| experiment.drawn(point, draw))?;
    let seed = Seed::new(experiment.seed).replication(0).get();
    let Some(reached) = predict_drawn(&drawn, &point.transfers, &[seed], stop)? else {
        return Ok(None);
    };
    let causes = |reached: &Vec<Reached>| {
        let logs: Vec<f64> =
            reached.iter().map(|r| libm::log(r.goodput.as_bytes_per_s())).collect();
        let (pairs, mut states) = logs.split_at(2 * names.len());
        let moves: Vec<f64> = pairs.chunks_exact(2).map(|two| (two[0] - two[1]) / 2.0).collect();
        let mut found = Vec::new();
        for line in &lines {
            let number = |of: &str| numbers[&(line.kind, line.profile.as_str(), of)];
            let along: f64 = line.parts.iter().map(|(of, w)| w * moves[number(of)]).sum();
            found.push((along * along, line.cause()));
        }
        let mut whole: f64 = moves.iter().map(|d| d * d).sum();
        for open in &open {
            let (own, others) = states.split_at(open.odds.len());
            states = others;
            let variance = open.variance(own);
            whole += variance;
            found.push((variance, open.cause()));
        }
        let part = |variance: f64| if whole > 0.0 { variance / whole } else { 0.0 };
        let causes = found.into_iter();
        let causes = causes.map(|(variance, cause)| Cause { explained: part(variance), ..cause });
        let mut causes: Vec<Cause> = causes.filter(|cause| cause.explained >= WORTH).collect();
        causes.sort_by(|a, b| b.explained.total_cmp(&a.explained));
        causes.truncate(NAMED);
        causes
    };
    Ok(Some(reached.iter().map(causes).collect()))
}

impl Line {
    /// It as a cause, of which it is not known yet how much it explains.
    fn cause(&self) -> Cause {
        Cause {
            kind: self.kind,
            profile: self.profile.clone(),
            line: self.row.clone(),
            about: None,
            measurement: measurement::of(self.kind, &self.row.parameter).to_owned(),
            explained: 0.0,
        }
    }
}

/// The lines that a cluster's models have read and that are not known exactly.
fn uncertain(cluster: &Cluster, library: &Library) -> Result<Vec<Line>, InputError> {
    let mut lines = Vec::new();
    for ((kind, name), read) in &cluster.read {
        let profile = library.given(*kind, name)?;
        let posterior = library.posterior_of(&profile)?;
        for row in profile.rows().iter().filter(|row| read.contains(&row.parameter)) {
            let own = spread(row);
            if own.is_exact() {
                continue;
            }
            let together = profile.together(&row.parameter, posterior);
            let alone = || vec![(row.parameter.clone(), 1.0)];
            lines.push(Line {
                kind: *kind,
                profile: name.clone(),
                row: Parameter { low: Some(own.low), high: Some(own.high), ..row.clone() },
                parts: together.map_or_else(alone, <[_]>::to_vec),
            });
        }
    }
    Ok(lines)
}

/// Writes `widening.csv` into `folder`, if anything is uncertain.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    wide: &[Wide],
) -> Result<(), Failure> {
    if wide.iter().all(|wide| wide.causes.is_empty()) {
        return Ok(());
    }
    let rows = wide.iter().flat_map(|wide| {
        let topology = plan.point(wide.point).topology;
        let key = [
            experiment.name.clone(),
            wide.point.to_string(),
            experiment.topologies[topology].label.clone(),
            experiment.transfers[wide.transfer].name.clone(),
        ];
        wide.causes.iter().enumerate().map(move |(rank, cause)| {
            let mut cells = key.to_vec();
            let end = |end: Option<f64>| end.map_or(String::new(), |end| end.to_string());
            cells.extend([
                (rank + 1).to_string(),
                cause.kind.folder().to_owned(),
                cause.profile.clone(),
                cause.line.parameter.clone(),
                cause.explained.to_string(),
                cause.line.value.to_string(),
                cause.line.unit.clone(),
                end(cause.line.low),
                end(cause.line.high),
                cause.measurement.clone(),
            ]);
            cells
        })
    });
    let header = std::iter::once(COLUMNS.map(str::to_owned).to_vec());
    write_table(&folder.join(FILE), header.chain(rows))
}

/// What to measure first: the first cause of the first transfer that has one, in a sentence.
pub(crate) fn sentence(experiment: &Experiment, plan: &Plan, wide: &[Wide]) -> Option<String> {
    let first = wide.iter().find(|wide| !wide.causes.is_empty())?;
    let cause = first.causes.first()?;
    let topology = &experiment.topologies[plan.point(first.point).topology].label;
    let line = &cause.line.parameter;
    let what = match &cause.about {
        Some(about) => format!("{about} ({line})"),
        None => format!("`{}.{}.{line}`", cause.kind.folder(), cause.profile),
    };
    Some(format!(
        "{:.0} % of what is unknown about `{topology}` is {what}: {}",
        100.0 * cause.explained,
        cause.measurement,
    ))
}
