//! From readings of probes to costs: the model itself is the regression.
//!
//! Every probe is predicted by the same prices and solver as an experiment, and the costs are those
//! under which predictions and readings agree best, by the least squares of
//! [`calibration_fit::posterior`] (Levenberg-Marquardt in the logarithms, so no cost can be
//! negative).
//! What the probes do not decide is refused: it counts as assumed, and its line says so.
//!
//! The points of a Jacobian are clusters of one structure: each probe is predicted at all of them
//! as one [`Batch`].

use std::collections::BTreeSet;

use calibration_data::quantile::quantile;
use calibration_fit::covariance::{Covariance, covariance};
use calibration_fit::posterior::{Estimate, Observation, Point, fit};
use calibration_fit::prior::Priors;
use models::cluster::lab::{Lab, Pins};
use models::cluster::{Batch, Cluster};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::Outcome;
use models::predict::predict_batch;
use models::transfer::Transport;

use super::host::{HostFacts, PROFILE};
use super::left_out;
use super::probe::NetProbe;
use crate::trial::Reading;

/// The least relative standard error of a figure: what the model itself leaves unexplained.
pub(super) const MODEL_ERROR: f64 = 0.04;
/// A thread's time per byte: it also waits, wakes and acknowledges, which no cost tells apart. It
/// is what shows the costs of the side that is not the bottleneck.
const THREAD_ERROR: f64 = 0.2;
/// A parameter that keeps more than this part of its prior's spread was not decided by the probes.
const REFUSED: f64 = 0.8;

/// What is observed of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Goodput in bit/s.
    Goodput,
    /// The rate at which datagrams are sent in bit/s.
    Sent,
    /// The round trip in seconds.
    RoundTrip,
    /// Time of the sending thread per payload byte in s/B. Soft interrupts run in its time, so it
    /// is all that its core does for the way.
    Sending,
    /// Time of the reading thread per payload byte in s/B.
    Reading,
}

impl Figure {
    /// Every figure.
    pub const ALL: [Figure; 5] =
        [Figure::Goodput, Figure::Sent, Figure::RoundTrip, Figure::Sending, Figure::Reading];

    /// Its value in a reading; none where nothing arrived.
    pub fn of(self, reading: &Reading) -> Option<f64> {
        match self {
            Figure::Goodput => Some(reading.goodput.as_bytes_per_s() * 8.0),
            Figure::Sent => Some(reading.sent.as_bytes_per_s() * 8.0),
            Figure::RoundTrip => Some(reading.completion_s),
            Figure::Sending => reading.per_byte(reading.cpu.sender),
            Figure::Reading => reading.per_byte(reading.cpu.receiver),
        }
        .filter(|value| value.is_finite() && *value > 0.0)
    }

    /// Its name with the unit, as in the raw table.
    pub const fn name(self) -> &'static str {
        match self {
            Figure::Goodput => "goodput_bit_s",
            Figure::Sent => "sent_bit_s",
            Figure::RoundTrip => "round_trip_s",
            Figure::Sending => "sending_s_per_b",
            Figure::Reading => "reading_s_per_b",
        }
    }
}

/// A figure of a probe with its spread over rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Index of the probe.
    pub probe: usize,
    /// What it is.
    pub figure: Figure,
    /// One value per round.
    pub values: Vec<f64>,
}

impl Seen {
    /// The median over rounds.
    pub fn median(&self) -> f64 {
        quantile(&self.values, 0.5)
    }

    /// The quartiles over rounds.
    pub fn quartiles(&self) -> (f64, f64) {
        (quantile(&self.values, 0.25), quantile(&self.values, 0.75))
    }

    /// The standard error of the median as a part of it: 1.25 standard deviations of a normal
    /// distribution over √n, the deviation taken from the quartiles (1.35 of them apart).
    fn relative_error(&self) -> f64 {
        let (low, high) = self.quartiles();
        let deviation = (high - low) / 1.35 / self.median();
        1.25 * deviation / (self.values.len() as f64).sqrt()
    }
}

/// The figures that a probe gives, without values yet.
pub fn figures(probes: &[NetProbe]) -> Vec<Seen> {
    let of = |(probe, p): (usize, &NetProbe)| {
        let figures: &[Figure] = match (p.transfer.reply, p.transfer.transport) {
            (Some(_), _) => &[Figure::RoundTrip],
            (None, Transport::Tcp) => &[Figure::Goodput, Figure::Sending, Figure::Reading],
            (None, Transport::Udp) => &[Figure::Goodput, Figure::Sent],
        };
        let seen = move |figure: &Figure| Seen { probe, figure: *figure, values: Vec::new() };
        figures.iter().map(seen).collect::<Vec<Seen>>()
    };
    probes.iter().enumerate().flat_map(of).collect()
}

/// A figure, measured and predicted by the finished fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// What was measured.
    pub seen: Seen,
    /// What the fitted profile predicts.
    pub predicted: f64,
}

/// The result of a calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct NetFit {
    /// Costs, in the units of the priors file.
    pub estimates: Vec<Estimate>,
    /// The names of those that the probes did not decide, which count as assumed.
    pub refused: Vec<String>,
    /// Every figure that was fitted.
    pub residuals: Vec<Residual>,
    /// The host profile, as a file.
    pub profile: String,
    /// How its lines hang together, as a file.
    pub posterior: String,
}

/// Fits the costs of `machine` to what was seen of `probes`.
///
/// # Errors
/// If the probes cannot be assembled, or the figures cannot be fitted.
pub fn run(
    machine: &HostFacts,
    probes: &[NetProbe],
    seen: Vec<Seen>,
    pins: &Pins,
    library: &Library,
) -> Result<NetFit, InputError> {
    let priors = machine.priors()?;
    let free = priors.free();
    let observations: Vec<Observation> = seen.iter().map(observation).collect();
    let moves: Vec<_> = free.iter().map(|free| priors.hops_of(&free.name)).collect();
    let bench = Bench { probes, pins, library };
    let kinds = bench.kinds(&priors)?;
    let model = |points: &[Point<'_>]| {
        let profile = |point: &Point<'_>| priors.profile(&point.values);
        let profiles: Vec<String> = points.iter().map(profile).collect();
        let known = |point: usize, probe: usize| match points[point].beside {
            Some(b) if kinds[probe].is_disjoint(&moves[b.moved]) => Some(b.predicted),
            _ => None,
        };
        bench.predict(&profiles, &seen, &known)
    };
    let posterior = fit(&free, &observations, model)?;
    let refused = |e: &&Estimate| e.spread_ratio > REFUSED;
    let refused: Vec<String> =
        posterior.estimates.iter().filter(refused).map(|e| e.name.clone()).collect();
    let values: Vec<f64> = posterior.estimates.iter().map(|e| e.value).collect();
    let moved = |own: &[f64], at: usize| {
        let moves = priors.hops_of(priors.name(at));
        let known = |_: usize, probe: usize| {
            let untouched = kinds[probe].is_disjoint(&moves) && !moves.contains("");
            untouched.then_some(posterior.predicted.as_slice())
        };
        Ok(bench.predict(&[priors.profile_of(own)], &seen, &known)?.swap_remove(0))
    };
    let Covariance { together, leverage } =
        covariance(&priors, &priors.own(&values), &observations, moved)?;
    let note = format!("calibrate net, {} figures of {} probes", seen.len(), probes.len());
    let mut profile = priors.fitted(&posterior.estimates, &refused, Some(&together), &note);
    let found = left_out::errors(probes, &seen, &observations, &posterior.predicted, &leverage);
    found.iter().for_each(|error| profile += &error.line());
    let residuals = seen.into_iter().zip(posterior.predicted);
    Ok(NetFit {
        estimates: posterior.estimates,
        refused,
        residuals: residuals.map(|(seen, predicted)| Residual { seen, predicted }).collect(),
        profile,
        posterior: together.file(),
    })
}

fn observation(seen: &Seen) -> Observation {
    let model = match seen.figure {
        Figure::Sending | Figure::Reading => THREAD_ERROR,
        Figure::Goodput | Figure::Sent | Figure::RoundTrip => MODEL_ERROR,
    };
    Observation { value: seen.median(), relative_error: libm::hypot(model, seen.relative_error()) }
}

/// Probes and what they are predicted with.
struct Bench<'a> {
    probes: &'a [NetProbe],
    pins: &'a Pins,
    library: &'a Library,
}

impl Bench<'_> {
    fn cluster(&self, library: &Library, probe: &NetProbe) -> Result<Cluster, InputError> {
        let lab = Lab { profile: PROFILE.into(), pins: self.pins.clone() };
        Cluster::assemble_lab(&probe.name, &probe.topology, library, &[], &lab)
    }

    fn with(&self, profile: String) -> Library {
        let mut library = self.library.clone();
        library.add(Kind::Host, PROFILE, Source::new("trial", profile));
        library
    }

    /// The kinds of hop that each probe crosses, its socket layer among them.
    fn kinds(&self, priors: &Priors) -> Result<Vec<BTreeSet<String>>, InputError> {
        let values: Vec<f64> = priors.free().iter().map(|free| free.prior).collect();
        let library = self.with(priors.profile(&values));
        let of = |probe: &NetProbe| {
            let cluster = self.cluster(&library, probe)?;
            let mut kinds: BTreeSet<String> =
                cluster.graph.edge_weights().map(|hop| hop.kind.to_string()).collect();
            let services = cluster.services.values().flat_map(|service| &service.hops);
            kinds.extend(services.map(|hop| hop.kind.to_string()));
            kinds.extend(["tcp".to_owned(), "udp".to_owned(), "copy".to_owned()]);
            Ok(kinds)
        };
        self.probes.iter().map(of).collect()
    }

    /// One prediction per figure under each of several profiles. Of a profile and a probe of which
    /// `known` has all predictions, they are not computed.
    fn predict<'k>(
        &self,
        profiles: &[String],
        seen: &[Seen],
        known: &dyn Fn(usize, usize) -> Option<&'k [f64]>,
    ) -> Result<Vec<Vec<f64>>, InputError> {
        let libraries: Vec<Library> =
            profiles.iter().map(|profile| self.with(profile.clone())).collect();
        let mut predicted = vec![vec![0.0; seen.len()]; profiles.len()];
        for (which, probe) in self.probes.iter().enumerate() {
            let figures = || seen.iter().enumerate().filter(|(_, seen)| seen.probe == which);
            let mut lanes = Vec::new();
            for (point, predicted) in predicted.iter_mut().enumerate() {
                match known(point, which) {
                    Some(known) => figures().for_each(|(at, _)| predicted[at] = known[at]),
                    None => lanes.push(point),
                }
            }
            if lanes.is_empty() || figures().next().is_none() {
                continue;
            }
            let clusters = lanes.iter().map(|&point| self.cluster(&libraries[point], probe));
            let clusters = clusters.collect::<Result<Vec<Cluster>, InputError>>()?;
            let asked = std::slice::from_ref(&probe.transfer);
            let outcomes = predict_batch(&Batch::new(&clusters)?, asked, 0)?;
            for (point, outcomes) in lanes.into_iter().zip(outcomes) {
                for (at, seen) in figures() {
                    predicted[point][at] = self.value(probe, &outcomes[0], seen.figure);
                }
            }
        }
        Ok(predicted)
    }

    /// What an outcome says of a figure.
    fn value(&self, probe: &NetProbe, outcome: &Outcome, figure: Figure) -> f64 {
        match figure {
            Figure::Goodput => outcome.goodput.as_bytes_per_s() * 8.0,
            Figure::Sent => outcome.sent.as_bytes_per_s() * 8.0,
            Figure::RoundTrip => outcome.completion.as_seconds(),
            Figure::Sending | Figure::Reading => {
                let Pins { senders, readers } = self.pins;
                let cores = if figure == Figure::Sending { senders } else { readers };
                let core = format!("lab/core{}", cores[0]);
                let busy = outcome.utilisation.iter().find(|link| link.link == core);
                let busy_s = busy.map_or(0.0, |link| link.busy) * outcome.completion.as_seconds();
                // Never zero: the fit takes its logarithm.
                (busy_s / probe.transfer.message.as_f64()).max(1e-15)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures that the model itself makes with known costs give these costs back.
    #[test]
    fn known_costs_are_recovered_within_their_intervals() {
        let machine = HostFacts {
            cores: 2,
            kernel: "6.1".into(),
            processor: "simulated".into(),
            receive_buffer: 6 << 20,
        };
        let pins = Pins { senders: vec![0], readers: vec![1] };
        let probes: Vec<NetProbe> = super::super::probe::design();
        let library = calibration_data::shipped();
        let bench = Bench { probes: &probes, pins: &pins, library };
        let priors = machine.priors().unwrap();
        // Half as dear again as believed beforehand, one more than the other.
        let truth: Vec<f64> = (priors.free().iter().enumerate())
            .map(|(at, free)| free.prior * (1.2 + 0.1 * (at % 4) as f64))
            .collect();
        let mut seen = figures(&probes);
        let profile = [priors.profile(&truth)];
        let made = bench.predict(&profile, &seen, &|_, _| None).unwrap().remove(0);
        for (seen, made) in seen.iter_mut().zip(made) {
            seen.values = vec![made; 5];
        }
        let fit = run(&machine, &probes, seen, &pins, library).unwrap();
        let decided = fit.estimates.iter().zip(&truth).filter(|(e, _)| e.spread_ratio < 0.5);
        let (mut inside, mut all) = (0, 0);
        for (estimate, truth) in decided {
            all += 1;
            inside += usize::from((estimate.low..=estimate.high).contains(truth));
        }
        assert!(all >= 15 && inside * 20 >= all * 19, "{inside} of {all}: {:#?}", fit.estimates);
    }
}
