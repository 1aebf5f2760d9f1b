//! The fluid model against its chunk-level twin: the same transfers over the same stages, once as
//! flows, once cut into chunks that queue at first-come servers.

use sim::{Agenda, Demand, Fifo, Flows, Hop, LinkId, Model, Time};

/// Transfers over numbered stages of these capacities [units/s]; each as hops and a size.
struct System<'a> {
    capacities: &'a [f64],
    transfers: &'a [(&'a [(u32, f64)], f64)],
}

/// When each transfer is complete, as flows.
fn fluid(system: &System<'_>) -> Vec<f64> {
    let mut flows = Flows::new();
    system.capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
    for (tag, (hops, size)) in system.transfers.iter().enumerate() {
        let hops: Vec<Hop> =
            hops.iter().map(|&(link, weight)| Hop { link: LinkId::new(link), weight }).collect();
        let demand = Demand { hops: &hops, size: *size, limit: f64::INFINITY, share: 1.0 };
        flows.start(Time::ZERO, demand, tag);
    }
    let (mut done, mut ends) = (Vec::new(), vec![0.0; system.transfers.len()]);
    while flows.next() < Time::MAX {
        let now = flows.next();
        flows.advance(now, &mut done);
        done.drain(..).for_each(|tag: usize| ends[tag] = now.as_seconds());
    }
    ends
}

/// A chunk of a transfer arrives at a stage of its path, or past the last.
#[derive(Clone, Copy)]
struct Arrive {
    transfer: usize,
    stage: usize,
}

struct Chunks<'a> {
    system: &'a System<'a>,
    chunk: f64,
    servers: Vec<Fifo>,
    /// How many chunks of each transfer have not yet started, and not yet arrived.
    waiting: Vec<u32>,
    missing: Vec<u32>,
    ends: Vec<f64>,
}

impl Model for Chunks<'_> {
    type Event = Arrive;

    fn handle(&mut self, Arrive { transfer, stage }: Arrive, agenda: &mut Agenda<Arrive>) {
        let now = agenda.now();
        match self.system.transfers[transfer].0.get(stage) {
            Some(&(server, weight)) => {
                let work = weight * self.chunk / self.system.capacities[server as usize];
                let service = Time::from_seconds(work);
                let departure = self.servers[server as usize].offer(now, service).unwrap();
                agenda.at(departure, Arrive { transfer, stage: stage + 1 });
            }
            None => {
                self.missing[transfer] -= 1;
                if self.missing[transfer] == 0 {
                    self.ends[transfer] = now.as_seconds();
                }
                // A window: the next chunk starts when one has arrived.
                if self.waiting[transfer] > 0 {
                    self.waiting[transfer] -= 1;
                    agenda.at(now, Arrive { transfer, stage: 0 });
                }
            }
        }
    }
}

/// When each transfer is complete, cut into chunks of which `window` are under way.
fn chunks(system: &System<'_>, chunk: f64, window: u32) -> Vec<f64> {
    let counts = || system.transfers.iter().map(|(_, size)| (size / chunk) as u32);
    let mut model = Chunks {
        system,
        chunk,
        servers: system.capacities.iter().map(|_| Fifo::new()).collect(),
        waiting: counts().map(|count| count - window).collect(),
        missing: counts().collect(),
        ends: vec![0.0; system.transfers.len()],
    };
    let mut agenda = Agenda::new();
    for _ in 0..window {
        for transfer in 0..system.transfers.len() {
            agenda.at(Time::ZERO, Arrive { transfer, stage: 0 });
        }
    }
    sim::run(&mut model, &mut agenda, Time::MAX);
    model.ends
}

#[test]
fn fluid_and_chunks_agree_on_who_is_done_when() {
    let cases: [(&str, System<'_>); 4] = [
        ("one transfer alone", System { capacities: &[10.0], transfers: &[(&[(0, 1.0)], 1e4)] }),
        (
            "three stages one after another: the slowest rules",
            System {
                capacities: &[10.0, 4.0, 7.0],
                transfers: &[(&[(0, 1.0), (1, 1.0), (2, 1.5)], 1e4)],
            },
        ),
        (
            "four transfers share a stage, two of them twice as long",
            System {
                capacities: &[10.0],
                transfers: &[
                    (&[(0, 1.0)], 1e4),
                    (&[(0, 1.0)], 1e4),
                    (&[(0, 1.0)], 2e4),
                    (&[(0, 1.0)], 2e4),
                ],
            },
        ),
        (
            "what one transfer leaves, for its own narrow stage, the other takes",
            System {
                capacities: &[10.0, 2.0],
                transfers: &[(&[(1, 1.0), (0, 1.0)], 1e4), (&[(0, 1.0)], 4e4)],
            },
        ),
    ];
    for (why, system) in cases {
        // 1000 chunks or more and a window of 8: filling and draining take under 2 %.
        for (fluid, chunks) in fluid(&system).into_iter().zip(chunks(&system, 10.0, 8)) {
            assert!((chunks / fluid - 1.0).abs() < 0.02, "{why}: {fluid} s, in chunks {chunks} s");
        }
    }
}

#[test]
fn a_window_of_one_chunk_adds_the_stages_up() {
    // Where nothing overlaps, times add and the fluid model, in which all stages work at once, is
    // too fast: three equal stages take three times as long.
    let system =
        System { capacities: &[10.0; 3], transfers: &[(&[(0, 1.0), (1, 1.0), (2, 1.0)], 1e4)] };
    let ratio = chunks(&system, 10.0, 1)[0] / fluid(&system)[0];
    assert!((ratio - 3.0).abs() < 1e-9, "{ratio}");
}
