//! Measured beside predicted: the prediction of a lab, and the table that both stand in.

mod pairs;
mod row;

use std::path::Path;
use std::sync::Arc;

use calibration_data::file::{DataFile, Row};
use calibration_data::quantile::quantile;
use calibration_lab::net::host::PROFILE;
use calibration_lab::net::round::Readings;
use calibration_lab::trial::Reading;
use models::cluster::lab::Lab;
use models::cluster::{Cluster, Drawn};
use models::input::{InputError, Source};
use models::library::Library;
use models::outcome::Outcome;
use models::predict::{predict, predict_drawn, predict_undrawn};
use models::transfer::{Transfer, Transport};
use models::uncertainty::{DRAWS, Draw};
use sim::Seed;

use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::interval::{Predicted, moved};
use crate::record::{key_cells, keys, write_table};
use crate::row::{cells, columns};
use pairs::Contender;

pub(crate) use pairs::{Known, Sure};
pub(crate) use row::{CompareRow, FigureRow};

/// What is predicted of a transfer.
pub(crate) struct Prediction {
    outcome: Outcome,
    /// The goodput \[bit/s\] and the completion \[s\] in each draw of what is unknown.
    drawn: Vec<[f64; 2]>,
}

/// What is predicted: `[point][transfer]`.
pub(crate) type Predictions = Vec<Vec<Prediction>>;

/// What every transfer of every point should show on this host.
///
/// # Errors
/// If a topology cannot be assembled with this host's profile, which may lack a hop.
pub(crate) fn predicted(
    experiment: &Experiment,
    plan: &Plan,
    library: &Library,
) -> Result<Predictions, InputError> {
    let lab = Lab { profile: PROFILE.into(), pins: experiment.measure.pins.clone() };
    let of = |point: &crate::experiment::Point| {
        let (source, settings) = experiment.built(point)?;
        let label = &experiment.topologies[point.topology].label;
        let assembled =
            |library: &Library| Cluster::assemble_lab(label, source, library, &settings, &lab);
        let cluster = assembled(library)?;
        let placed = |error| experiment.placed(error, point);
        let outcomes = predict(&cluster, &point.transfers, point.fidelity, experiment.seed);
        let outcomes = outcomes.map_err(placed)?;
        let draws = Draw::all(Seed::new(experiment.seed), DRAWS);
        let drawn = Drawn::new(draws, |draw| assembled(&library.drawn(draw)))?;
        let seeds = [experiment.seed];
        let known = predict_undrawn(&cluster, &point.transfers, &seeds).map_err(placed)?;
        let drawn = predict_drawn(&drawn, &point.transfers, &seeds, &|| false).map_err(placed)?;
        let drawn = drawn.expect("nobody stops it");
        let each = outcomes.into_iter().zip(known.iter().zip(drawn));
        Ok(each
            .map(|(outcome, (known, drawn))| {
                let whole = outcome.completion.as_seconds();
                let drawn = drawn.iter().map(|drawn| {
                    let (goodput, completion) = moved(&outcome, &known[0], drawn);
                    [goodput, completion.unwrap_or(whole)]
                });
                let drawn = drawn.collect();
                Prediction { outcome, drawn }
            })
            .collect())
    };
    plan.points().map(|point| of(&point)).collect()
}

/// The ends of a 90 % interval.
type Interval = (f64, f64);

/// A figure of a transfer, by reading and by prediction.
struct Figure {
    name: &'static str,
    measured: fn(&Reading) -> f64,
    predicted: f64,
    /// The same in each draw of what is unknown.
    drawn: Vec<f64>,
}

impl Figure {
    /// The 90 % interval, of which the table counts one in `per`.
    fn interval(&self, per: f64) -> Interval {
        let sure = Predicted::of(&self.drawn);
        (sure.low / per, sure.high / per)
    }
}

/// What is compared of a transfer: its latency where it has a reply, its goodput, and with UDP
/// also the packets that arrive per second.
fn figures(transfer: &Transfer, Prediction { outcome, drawn }: &Prediction) -> Vec<Figure> {
    let drawn = |which: usize| drawn.iter().map(|draw| draw[which]).collect();
    let goodput = Figure {
        name: "goodput_bit_s",
        measured: |reading| reading.goodput.as_bytes_per_s() * 8.0,
        predicted: outcome.goodput.as_bytes_per_s() * 8.0,
        drawn: drawn(0),
    };
    let completion = Figure {
        name: "completion_s",
        measured: |reading| reading.completion_s,
        predicted: outcome.completion.as_seconds(),
        drawn: drawn(1),
    };
    match (transfer.reply, transfer.transport) {
        (Some(_), _) => vec![completion],
        (None, Transport::Udp) => vec![Figure { name: "packet_s", ..goodput }],
        (None, Transport::Tcp) => vec![goodput],
    }
}

/// Writes `compare.csv` into `folder`: one row per figure of every transfer that was measured; and
/// `pairs.csv`, from which it tells how sure predictions were.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    readings: &[Readings],
    predicted: &[Vec<Prediction>],
) -> Result<Sure, Failure> {
    let mut contenders = Vec::new();
    let mut rows: Vec<Vec<String>> = vec![header(plan)];
    for (at, rounds) in readings.iter().enumerate().filter(|(_, rounds)| !rounds.is_empty()) {
        for (which, transfer) in plan.point(at).transfers.iter().enumerate() {
            let key = key_cells(experiment, plan, at, which);
            let of: Vec<&Reading> = rounds.iter().map(|round| &round[which]).collect();
            for figure in figures(transfer, &predicted[at][which]) {
                // Packets carry one datagram each, as large as the transfer says or the path lets.
                let per = match figure.name {
                    "packet_s" => of[0].datagram.as_f64() * 8.0,
                    _ => 1.0,
                };
                let spread = spread(&figure, &of, per);
                let sure = figure.interval(per);
                let row = row_of(&figure, of.len(), &spread, (per, sure), &of[0].method);
                rows.push([key.clone(), cells(&row)].concat());
                contenders.push(Contender::new(at, which, of.len(), (figure, sure), spread));
            }
        }
    }
    write_table(&folder.join(CompareRow::FILE), rows.into_iter())?;
    pairs::write(folder, experiment, plan, &contenders)
}

/// Writes the table of an earlier comparison with other predictions.
///
/// # Errors
/// If it is no such table, is of another experiment, or cannot be written.
pub(crate) fn judge(
    folder: &Path,
    source: &Arc<Source>,
    experiment: &Experiment,
    plan: &Plan,
    predicted: &[Vec<Prediction>],
) -> Result<Sure, Failure> {
    let mut contenders = Vec::new();
    let file = DataFile::from_bytes(&source.name, source.text.as_bytes())?;
    let header = header(plan);
    let older = keys(plan).len() + CompareRow::WITHOUT_INTERVAL;
    let is = |header: &[String]| file.columns().eq(header.iter().map(String::as_str));
    if !is(&header) && !is(&header[..older]) {
        return Err(InputError::new("header", "is not that of this experiment's compare.csv")
            .help("the folder of an earlier `podpath compare` of the same file")
            .at(file.source(), file.source().span_of_line(1))
            .into());
    }
    let mut rows: Vec<Vec<String>> = vec![header];
    for row in file.rows() {
        let point: usize = row.text("point")?.parse().unwrap_or(usize::MAX);
        let transfer = row.text("transfer")?;
        let which = experiment.transfers.iter().position(|draft| draft.name == transfer);
        let of = (point < plan.len()).then(|| plan.point(point));
        let (Some(of), Some(which)) = (of, which) else {
            return Err(row.fault("point", "is no point of this experiment").into());
        };
        let figures = figures(&of.transfers[which], &predicted[point][which]);
        let name = row.text("figure")?;
        let Some(figure) = figures.into_iter().find(|figure| figure.name == name) else {
            return Err(row.fault("figure", format!("`{name}` is no figure of it")).into());
        };
        let key = key_cells(experiment, plan, point, which);
        let rounds = row.positive("rounds")? as usize;
        let (cells, spread, sure) = judged(&row, rounds, &figure, &of.transfers[which])?;
        rows.push([key, cells].concat());
        contenders.push(Contender::new(point, which, rounds, (figure, sure), spread));
    }
    write_table(&folder.join(CompareRow::FILE), rows.into_iter())?;
    pairs::write(folder, experiment, plan, &contenders)
}

/// The cells of a row with another prediction, what was measured, and the interval.
fn judged(
    row: &Row<'_>,
    rounds: usize,
    figure: &Figure,
    transfer: &Transfer,
) -> Result<(Vec<String>, Spread, Interval), InputError> {
    let spread = Spread {
        low: row.positive("measured_low_quartile")?,
        median: row.positive("measured_median")?,
        high: row.positive("measured_high_quartile")?,
    };
    // Where the datagram was as large as the path let it be, its size is in the old prediction.
    let per = match (figure.name, transfer.write) {
        ("packet_s", Some(write)) => write.as_f64() * 8.0,
        ("packet_s", None) => {
            return Err(row.fault("figure", "needs a `write` to be judged again"));
        }
        _ => 1.0,
    };
    let sure = figure.interval(per);
    let judged = row_of(figure, rounds, &spread, (per, sure), row.text("method")?);
    Ok((cells(&judged), spread, sure))
}

/// A median and its quartiles.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

/// The columns of `compare.csv`.
fn header(plan: &Plan) -> Vec<String> {
    keys(plan).into_iter().chain(columns::<CompareRow>()).collect()
}

/// The row of a figure, of which the table counts one in `per`, with its interval.
fn row_of(
    figure: &Figure,
    rounds: usize,
    spread: &Spread,
    (per, sure): (f64, Interval),
    method: &str,
) -> CompareRow {
    let Spread { low, median, high } = *spread;
    let predicted = figure.predicted / per;
    CompareRow {
        of: FigureRow {
            figure: figure.name.to_owned(),
            rounds,
            measured_median: Some(median),
            measured_low_quartile: Some(low),
            measured_high_quartile: Some(high),
            predicted: Some(predicted),
        },
        relative_error: Some(predicted / median - 1.0),
        inside_spread: Some((low..=high).contains(&predicted)),
        method: method.to_owned(),
        predicted_low: Some(sure.0),
        predicted_high: Some(sure.1),
    }
}

/// What was measured of a figure, of which the table counts one in `per`.
fn spread(figure: &Figure, readings: &[&Reading], per: f64) -> Spread {
    let values: Vec<f64> = readings.iter().map(|r| (figure.measured)(r) / per).collect();
    let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile(&values, q));
    Spread { low, median, high }
}
