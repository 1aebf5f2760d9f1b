//! Two caches in a row, event by event: the node's and the cluster's, under many questions.
//!
//! The twin of [`hit_ratio`] and [`behind`]: names with a popularity each, questions at random, the
//! remaining time to live handed from the cluster's cache to the node's. The other nodes of the
//! cluster ask the cluster's cache too, and keep its answers young or old.

use sim::{Agenda, Dist, Model, Seed, Stream, Time};

use super::cache::{Cache, behind, hit_ratio};
use super::wait::unit;

/// The popularity of `names` names by Zipf's law with exponent `exponent`; sums to one.
pub fn zipf(names: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=names).map(|rank| (rank as f64).powf(-exponent)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Who asks, and how long answers live.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The part of the questions that is for each name; sums to one.
    pub popularity: Vec<f64>,
    /// Questions per second of the node, over all names [1/s].
    pub node_hz: f64,
    /// Questions per second that all other nodes send to the cluster's cache [1/s].
    pub others_hz: f64,
    /// The time to live of a fresh answer in seconds.
    pub ttl_s: f64,
}

/// The part of the node's questions that each cache answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hits {
    /// By the node's cache, of all.
    pub node: f64,
    /// By the cluster's cache, of those that reach it from the node.
    pub cluster: f64,
}

impl Load {
    /// The hit ratios in closed form: each name on its own, weighted by popularity.
    pub fn expected(&self) -> Hits {
        let (mut by_node, mut reach, mut by_cluster) = (0.0, 0.0, 0.0);
        for part in &self.popularity {
            let (own_hz, others_hz) = (part * self.node_hz, part * self.others_hz);
            let behind = behind(own_hz, others_hz, self.ttl_s);
            let node = hit_ratio(own_hz, behind.ttl_s);
            by_node += part * node;
            reach += part * (1.0 - node);
            by_cluster += part * (1.0 - node) * behind.hit;
        }
        Hits { node: by_node, cluster: if reach > 0.0 { by_cluster / reach } else { 0.0 } }
    }

    /// The hit ratios over `seconds` of simulated time, the first tenth left out.
    pub fn simulated(&self, seconds: f64, seed: Seed) -> Hits {
        let mut station = Station::new(self, seed, Time::from_seconds(seconds / 10.0));
        let mut agenda = Agenda::new();
        for who in [Event::Node, Event::Other] {
            station.again(who, &mut agenda);
        }
        sim::run(&mut station, &mut agenda, Time::from_seconds(seconds));
        let asked = station.asked.max(1) as f64;
        let reached = (station.asked - station.by_node).max(1) as f64;
        Hits { node: station.by_node as f64 / asked, cluster: station.by_cluster as f64 / reached }
    }
}

/// Somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Node,
    Other,
}

struct Station<'a> {
    load: &'a Load,
    chance: Stream,
    warm: Time,
    node: Cache<usize>,
    cluster: Cache<usize>,
    asked: u64,
    by_node: u64,
    by_cluster: u64,
}

impl<'a> Station<'a> {
    fn new(load: &'a Load, seed: Seed, warm: Time) -> Station<'a> {
        let chance = seed.stream("names/station");
        let (node, cluster) = (Cache::new(), Cache::new());
        Station { load, chance, warm, node, cluster, asked: 0, by_node: 0, by_cluster: 0 }
    }

    /// Notes when this one asks next, if it ever does.
    fn again(&mut self, who: Event, agenda: &mut Agenda<Event>) {
        let rate_hz = match who {
            Event::Node => self.load.node_hz,
            Event::Other => self.load.others_hz,
        };
        if rate_hz > 0.0 {
            let wait = Dist::Exponential { mean: 1.0 / rate_hz }.sample(&mut self.chance);
            agenda.after(Time::from_seconds(wait), who);
        }
    }

    fn name(&mut self) -> usize {
        let mut left = unit(&mut self.chance);
        let names = &self.load.popularity;
        let found = names.iter().position(|part| {
            left -= part;
            left < 0.0
        });
        found.unwrap_or(names.len() - 1)
    }
}

impl Model for Station<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let (name, now) = (self.name(), agenda.now());
        self.again(event, agenda);
        let counts = event == Event::Node && now >= self.warm;
        self.asked += u64::from(counts);
        if event == Event::Node && self.node.remaining(&name, now).is_some() {
            self.by_node += u64::from(counts);
            return;
        }
        let found = self.cluster.remaining(&name, now);
        self.by_cluster += u64::from(counts && found.is_some());
        let lives = found.unwrap_or_else(|| {
            let ttl = Time::from_seconds(self.load.ttl_s);
            self.cluster.keep(name, now, ttl);
            ttl
        });
        if event == Event::Node {
            self.node.keep(name, now, lives);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_agrees_with_the_closed_form() {
        let one = vec![1.0];
        let cases = [
            // Alone: the cluster's answer dies when the node's does.
            (one.clone(), 0.2, 0.0, 0.01),
            (one.clone(), 2.0, 0.0, 0.01),
            // Among many: answers come half-aged.
            (one, 0.1, 5.0, 0.01),
            (zipf(50, 1.0), 1.0, 20.0, 0.01),
            (zipf(1000, 0.8), 4.0, 100.0, 0.01),
        ];
        for (popularity, node_hz, others_hz, tolerance) in cases {
            let load = Load { popularity, node_hz, others_hz, ttl_s: 30.0 };
            let expected = load.expected();
            let seen = load.simulated(100_000.0 / node_hz, Seed::new(5));
            let off =
                (seen.node - expected.node).abs().max((seen.cluster - expected.cluster).abs());
            assert!(off < tolerance, "{node_hz}, {others_hz}: {seen:?}, not {expected:?}");
        }
    }

    #[test]
    fn popular_names_come_first_and_all_sum_to_one() {
        let parts = zipf(100, 1.0);
        assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((parts[0] / parts[9] - 10.0).abs() < 1e-9);
    }
}
