//! One server and a queue (M/M/1), beside its closed form.
//!
//! ```text
//! cargo run -p podpath-sim --example queue
//! ```
//!
//! Customers arrive at random, `RATE` per second; service takes one second on average. In the long
//! run a customer stays `1 / (1 − RATE)` seconds.

use sim::stats::{Interval, warm_up};
use sim::{Agenda, Dist, Model, Pool, Seed, Stream, Time};

/// Arrivals per second [1/s].
const RATE: f64 = 0.8;

/// All that can happen.
#[derive(Clone, Copy)]
enum Event {
    Arrive,
    Depart { arrived: Time },
}

struct Queue {
    arrivals: Stream,
    services: Stream,
    server: Pool<Time>,
    stays: Vec<f64>,
}

impl Model for Queue {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let next = match event {
            Event::Arrive => {
                let between = Dist::Exponential { mean: 1.0 / RATE }.sample(&mut self.arrivals);
                agenda.after(Time::from_seconds(between), Event::Arrive);
                self.server.acquire(now)
            }
            Event::Depart { arrived } => {
                self.stays.push((now - arrived).as_seconds());
                self.server.release()
            }
        };
        if let Some(arrived) = next {
            let service = Dist::Exponential { mean: 1.0 }.sample(&mut self.services);
            agenda.after(Time::from_seconds(service), Event::Depart { arrived });
        }
    }
}

/// The mean stay in one replication [s], without its first tenth.
fn mean_stay(seed: Seed) -> f64 {
    let mut queue = Queue {
        arrivals: seed.stream("arrivals"),
        services: seed.stream("services"),
        server: Pool::new(1),
        stays: Vec::new(),
    };
    let mut agenda = Agenda::new();
    agenda.at(Time::ZERO, Event::Arrive);
    sim::run(&mut queue, &mut agenda, Time::from_ms(50_000_000));
    let steady = warm_up::after_fraction(&queue.stays, 0.1);
    steady.iter().sum::<f64>() / steady.len() as f64
}

fn main() {
    let stays: Vec<f64> = (0..20).map(|i| mean_stay(Seed::new(1).replication(i))).collect();
    let Interval { mean, half_width, .. } = Interval::of(&stays, 0.95).expect("20 replications");
    let expected = 1.0 / (1.0 - RATE);
    println!("mean stay {mean:.3} ± {half_width:.3} s (95 %), by the formula {expected:.3} s");
    assert!((mean - expected).abs() <= half_width);
}
