//! A queue with one server, built from the engine's parts, for the laws that it must keep.

use sim::stats::TimeMean;
use sim::{Agenda, Dist, Model, Pool, Seed, Stream, Time};

#[derive(Clone, Copy)]
pub(crate) enum Event {
    Arrive,
    Depart { arrived: Time },
}

/// Customers arrive at random, wait for the one server in line, and are served.
pub(crate) struct Station {
    between: Dist,
    service: Dist,
    arrivals: Stream,
    services: Stream,
    server: Pool<Time>,
    left: u32,
    /// How long each customer was here, in the order of departure [s].
    pub(crate) stays: Vec<f64>,
    /// How many customers are here.
    pub(crate) here: TimeMean,
}

impl Station {
    /// Lets `customers` arrive, one per `1/rate` s on average, and runs until all have left.
    /// Returns the station and the time of the last departure.
    pub(crate) fn run(rate: f64, service: Dist, customers: u32, seed: Seed) -> (Station, Time) {
        let mut station = Station {
            between: Dist::Exponential { mean: 1.0 / rate },
            service,
            arrivals: seed.stream("arrivals"),
            services: seed.stream("services"),
            server: Pool::new(1),
            left: customers,
            stays: Vec::new(),
            here: TimeMean::new(Time::ZERO, 0.0),
        };
        let mut agenda = Agenda::new();
        agenda.at(Time::ZERO, Event::Arrive);
        sim::run(&mut station, &mut agenda, Time::MAX);
        (station, agenda.now())
    }

    fn serve(&mut self, arrived: Time, agenda: &mut Agenda<Event>) {
        let service = Time::from_seconds(self.service.sample(&mut self.services));
        agenda.after(service, Event::Depart { arrived });
    }
}

impl Model for Station {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        match event {
            Event::Arrive => {
                self.here.add(now, 1.0);
                if let Some(arrived) = self.server.acquire(now) {
                    self.serve(arrived, agenda);
                }
                self.left -= 1;
                if self.left > 0 {
                    let between = self.between.sample(&mut self.arrivals);
                    agenda.after(Time::from_seconds(between), Event::Arrive);
                }
            }
            Event::Depart { arrived } => {
                self.here.add(now, -1.0);
                self.stays.push((now - arrived).as_seconds());
                if let Some(arrived) = self.server.release() {
                    self.serve(arrived, agenda);
                }
            }
        }
    }
}
