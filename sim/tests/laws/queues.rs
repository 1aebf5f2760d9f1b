//! Queues against their closed forms, and Little's law.

use sim::stats::{Histogram, Interval, warm_up};
use sim::{Agenda, Dist, Fifo, Model, Seed, Stream, Time};

use crate::station::Station;

/// Customers per second; service takes one second on average.
const RATE: f64 = 0.7;
const CUSTOMERS: u32 = 20_000;
const REPLICATIONS: u64 = 20;

fn replicate(value: impl Fn(Seed) -> f64) -> Interval {
    let values: Vec<f64> =
        (0..REPLICATIONS).map(|index| value(Seed::new(11).replication(index))).collect();
    Interval::of(&values, 0.99).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Asserts that the closed form lies in the interval, and that the interval says something.
fn check(name: &str, found: Interval, expected: f64) {
    assert!(found.contains(expected), "{name}: {found:?} misses {expected}");
    assert!(found.half_width < 0.05 * expected, "{name}: {found:?} is too wide to tell");
}

#[test]
fn an_exponential_server_keeps_customers_as_the_formula_says() {
    // M/M/1: the stay is exponential with mean 1 / (service rate − arrival rate).
    let stay = 1.0 / (1.0 - RATE);
    let stays = |seed| {
        let service = Dist::Exponential { mean: 1.0 };
        let station = Station::run(RATE, service, CUSTOMERS, seed).0;
        warm_up::after_fraction(&station.stays, 0.1).to_vec()
    };
    check("mean stay", replicate(|seed| mean(&stays(seed))), stay);
    let ninetieth = |seed| {
        let mut histogram = Histogram::new();
        stays(seed).into_iter().for_each(|stay| histogram.add(stay));
        histogram.quantile(0.9).unwrap()
    };
    check("90th percentile", replicate(ninetieth), stay * libm::log(10.0));
}

#[test]
fn a_constant_server_keeps_customers_as_the_formula_says() {
    // M/D/1 (Pollaczek and Khinchine): mean stay = service × (1 + load / (2 (1 − load))).
    let stay = 1.0 + RATE / (2.0 * (1.0 - RATE));
    let service = Dist::Constant { value: 1.0 };
    let by_pool = |seed| {
        let station = Station::run(RATE, service.clone(), CUSTOMERS, seed).0;
        mean(warm_up::after_fraction(&station.stays, 0.1))
    };
    check("pool", replicate(by_pool), stay);
    let by_fifo = |seed| mean(warm_up::after_fraction(&fifo_stays(usize::MAX, seed).0, 0.1));
    check("fifo", replicate(by_fifo), stay);
    // The same arrivals and the same order of service: the same stays, but for one rounding.
    let seed = Seed::new(3);
    let pool = Station::run(RATE, service.clone(), CUSTOMERS, seed).0.stays;
    let fifo = fifo_stays(usize::MAX, seed).0;
    assert!(pool.iter().zip(&fifo).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn a_full_queue_drops_as_the_formula_says() {
    // M/M/1/K: the fraction dropped is (1 − ρ) ρ^K / (1 − ρ^(K+1)); here ρ = 0.7 and K = 4.
    let expected = 0.3 * RATE.powi(4) / (1.0 - RATE.powi(5));
    let dropped = |seed| {
        let (stays, dropped) = fifo_stays(4, seed);
        assert_eq!(stays.len() as u64 + dropped, u64::from(CUSTOMERS), "nobody is lost");
        dropped as f64 / f64::from(CUSTOMERS)
    };
    check("fraction dropped", replicate(dropped), expected);
}

#[test]
fn customers_here_are_arrivals_times_stay() {
    // Little's law on a sample path that begins and ends empty holds exactly, for any service.
    for service in [Dist::Exponential { mean: 1.0 }, Dist::Uniform { low: 0.0, high: 1.9 }] {
        let (station, end) = Station::run(RATE, service, CUSTOMERS, Seed::new(4));
        let (area, stays) = (station.here.area(end), station.stays.iter().sum::<f64>());
        assert!((area - stays).abs() <= 1e-9 * stays, "{area} customer seconds, {stays} stayed");
    }
}

/// The stays of those whom a server with room for `room` serves, and how many it drops. Service is
/// constant if there is room for all, else exponential.
fn fifo_stays(room: usize, seed: Seed) -> (Vec<f64>, u64) {
    struct Server {
        fifo: Fifo,
        service: Dist,
        arrivals: Stream,
        services: Stream,
        left: u32,
        stays: Vec<f64>,
    }
    impl Model for Server {
        type Event = ();
        fn handle(&mut self, (): (), agenda: &mut Agenda<()>) {
            let service = Time::from_seconds(self.service.sample(&mut self.services));
            if let Some(departure) = self.fifo.offer(agenda.now(), service) {
                self.stays.push((departure - agenda.now()).as_seconds());
            }
            self.left -= 1;
            if self.left > 0 {
                let between = Dist::Exponential { mean: 1.0 / RATE }.sample(&mut self.arrivals);
                agenda.after(Time::from_seconds(between), ());
            }
        }
    }
    let service = match room {
        usize::MAX => Dist::Constant { value: 1.0 },
        _ => Dist::Exponential { mean: 1.0 },
    };
    let mut server = Server {
        fifo: Fifo::with_room(room),
        service,
        arrivals: seed.stream("arrivals"),
        services: seed.stream("services"),
        left: CUSTOMERS,
        stays: Vec::new(),
    };
    let mut agenda = Agenda::new();
    agenda.at(Time::ZERO, ());
    sim::run(&mut server, &mut agenda, Time::MAX);
    let dropped = server.fifo.dropped();
    (server.stays, dropped)
}
