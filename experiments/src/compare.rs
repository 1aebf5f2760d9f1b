//! Measured beside predicted: the prediction of a lab, and the table that both stand in.

use std::path::Path;

use calibration::net::fit::quantile;
use calibration::net::host::PROFILE;
use calibration::net::round::Readings;
use calibration::trial::Reading;
use models::cluster::Cluster;
use models::cluster::lab::Lab;
use models::input::InputError;
use models::library::Library;
use models::outcome::Outcome;
use models::solve::solve;
use models::transfer::{Transfer, Transport};

use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::record::{key_cells, keys, write_table};

/// The columns of `compare.csv` behind the keys.
const COLUMNS: [&str; 9] = [
    "figure",
    "rounds",
    "measured_median",
    "measured_low_quartile",
    "measured_high_quartile",
    "predicted",
    "relative_error",
    "inside_spread",
    "method",
];

/// What every transfer of every point should show on this host: `[point][transfer]`.
///
/// # Errors
/// If a topology cannot be assembled with this host's profile, which may lack a hop.
pub(crate) fn predicted(
    experiment: &Experiment,
    plan: &Plan,
    library: &Library,
) -> Result<Vec<Vec<Outcome>>, InputError> {
    let lab = Lab { profile: PROFILE.into(), pins: experiment.measure.pins.clone() };
    let of = |point: &crate::experiment::Point| {
        let (source, settings) = experiment.built(point)?;
        let label = &experiment.topologies[point.topology].label;
        let cluster = Cluster::assemble_lab(label, source, library, &settings, &lab)?;
        let outcomes = solve(&cluster, &point.transfers, point.fidelity, experiment.seed);
        outcomes.map_err(|error| experiment.placed(error, point))
    };
    plan.points.iter().map(of).collect()
}

/// A figure of a transfer, by reading and by prediction.
struct Figure {
    name: &'static str,
    measured: fn(&Reading) -> f64,
    predicted: f64,
}

/// What is compared of a transfer: its latency where it has a reply, its goodput, and with UDP
/// also the packets that arrive per second.
fn figures(transfer: &Transfer, outcome: &Outcome) -> Vec<Figure> {
    let goodput = Figure {
        name: "goodput_bit_s",
        measured: |reading| reading.goodput.as_bytes_per_s() * 8.0,
        predicted: outcome.goodput.as_bytes_per_s() * 8.0,
    };
    let completion = Figure {
        name: "completion_s",
        measured: |reading| reading.completion_s,
        predicted: outcome.completion.as_seconds(),
    };
    match (transfer.reply, transfer.transport) {
        (Some(_), _) => vec![completion],
        (None, Transport::Udp) => vec![Figure { name: "packet_s", ..goodput }],
        (None, Transport::Tcp) => vec![goodput],
    }
}

/// Writes `compare.csv` into `folder`: one row per figure of every transfer that was measured.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    readings: &[Readings],
    predicted: &[Vec<Outcome>],
) -> Result<(), Failure> {
    let header = keys(plan).into_iter().chain(COLUMNS).map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = vec![header];
    for (at, rounds) in readings.iter().enumerate().filter(|(_, rounds)| !rounds.is_empty()) {
        for (which, transfer) in plan.points[at].transfers.iter().enumerate() {
            let key = key_cells(experiment, plan, at, which);
            let of: Vec<&Reading> = rounds.iter().map(|round| &round[which]).collect();
            for figure in figures(transfer, &predicted[at][which]) {
                // Packets carry one datagram each, as large as the transfer says or the path lets.
                let per = if figure.name == "packet_s" { of[0].datagram.as_f64() * 8.0 } else { 1.0 };
                rows.push([key.clone(), cells(&figure, &of, per)].concat());
            }
        }
    }
    write_table(&folder.join("compare.csv"), rows.into_iter())
}

fn cells(figure: &Figure, readings: &[&Reading], per: f64) -> Vec<String> {
    let values: Vec<f64> = readings.iter().map(|r| (figure.measured)(r) / per).collect();
    let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile(&values, q));
    let predicted = figure.predicted / per;
    vec![
        figure.name.to_owned(),
        values.len().to_string(),
        median.to_string(),
        low.to_string(),
        high.to_string(),
        predicted.to_string(),
        (predicted / median - 1.0).to_string(),
        (low..=high).contains(&predicted).to_string(),
        readings[0].method.clone(),
    ]
}
