//! Looking names up for real: the C library's resolver in one namespace, a name server in another.
//!
//! ```text
//!  client namespace                          server namespace
//!  getaddrinfo ─ /etc/netns/…/resolv.conf ── UDP ── dnsmasq with a cluster's zone, which logs
//!  (a process of its own: the file applies)          every question; or silence
//! ```
//!
//! How many questions a name costs is counted and held against [`models::name`] exactly; how long
//! it takes is held against as many rounds as the model says, of which one was measured.

mod asker;
mod report;
mod server;

use std::time::Duration;

use models::name::resolver::{Order, Resolver, questions};
use models::name::wait::silent_s;
use models::name::zone::Zone;

use crate::namespace::LabError;
use crate::services::bench;

pub use asker::{Asker, answer};
pub use report::{Lookup, table};
use server::{Server, Silence};

/// The domain of the zone that is served.
const DOMAIN: &str = "cluster.local";
/// The names that exist: a Service and a host outside the cluster.
const NAMES: [&str; 2] = ["infer.default.svc.cluster.local", "example.com"];
/// Lookups before those that count.
const WARM_UP: u32 = 3;
/// What a silent server is asked for once, in seconds.
const SILENT_TIMEOUT_S: u32 = 1;

/// A name that is looked up, and how the resolver is set.
struct Case {
    what: &'static str,
    name: &'static str,
    resolver: Resolver,
}

/// Looks names up `repetitions` times each. The first of each order of questions is the yardstick
/// of a round: two questions at once share client and server, and take longer than one.
///
/// # Errors
/// If there is no root, a program is missing, or the resolver does not end in time.
pub fn measure(asker: &Asker, repetitions: u32) -> Result<Vec<Lookup>, LabError> {
    let lab = bench::pair("names")?;
    let (client, host) = (bench::pod(&lab, "client"), bench::pod(&lab, "server"));
    let zone = Zone::new(DOMAIN, NAMES);
    let mut rows: Vec<Lookup> = Vec::new();
    let mut yardsticks: Vec<(Order, f64)> = Vec::new();
    let server = Server::start(&host, &NAMES)?;
    server.answers_to(&client)?;
    for case in cases() {
        let session = asker.session(&client.netns, &host.address, &case.resolver)?;
        let limit = Duration::from_secs(30);
        session.run(case.name, WARM_UP, limit)?;
        let before = server.settled();
        let samples = session.run(case.name, repetitions, limit)?;
        let seen = (server.settled() - before) as f64 / f64::from(repetitions);
        let rounds = case.resolver.rounds(case.name, &zone);
        let mut row = Lookup::of(case.what, case.name, case.resolver.ndots, &samples);
        row.questions = (questions(&rounds) as f64, seen);
        let order = case.resolver.order;
        let own = (order, row.seconds[1] / rounds.len() as f64);
        if yardsticks.iter().all(|(of, _)| *of != order) {
            yardsticks.push(own);
        }
        let round_s = yardsticks.iter().find(|(of, _)| *of == order).map_or(own.1, |y| y.1);
        row.predicted_s = rounds.len() as f64 * round_s;
        rows.push(row);
    }
    drop(server);
    let silence = Silence::begin(&host)?;
    for name in ["infer.default.svc.cluster.local.", "infer"] {
        let timeout_s = SILENT_TIMEOUT_S;
        let resolver = Resolver { timeout_s, ..Resolver::of_pod("default", DOMAIN) };
        let session = asker.session(&client.netns, &host.address, &resolver)?;
        let before = silence.datagrams()?;
        let samples = session.run(name, 1, Duration::from_secs(30))?;
        let seen = (silence.datagrams()? - before) as f64;
        let mut row = Lookup::of("nobody answers", name, resolver.ndots, &samples);
        row.predicted_s = f64::from(silent_s(&resolver, name));
        let tries = row.predicted_s / f64::from(timeout_s);
        row.questions = (2.0 * tries, seen);
        rows.push(row);
    }
    Ok(rows)
}

/// A whole name of each order first: the others are multiples of it.
fn cases() -> Vec<Case> {
    let pod = || Resolver::of_pod("default", DOMAIN);
    let with = |ndots| Resolver { ndots, ..pod() };
    let case = |what, name, resolver| Case { what, name, resolver };
    vec![
        case("a whole name", "infer.default.svc.cluster.local.", pod()),
        case("the Service alone", "infer", pod()),
        case("with its namespace", "infer.default.svc", pod()),
        case("a whole name without its dot", "infer.default.svc.cluster.local", pod()),
        case("a whole name, ndots 1", "infer.default.svc.cluster.local", with(1)),
        case("a name outside", "example.com", pod()),
        case("a name outside, ndots 1", "example.com", with(1)),
        case("a name that is nowhere", "nowhere.example", pod()),
        case(
            "a whole name, one question at a time",
            "infer.default.svc.cluster.local.",
            Resolver { order: Order::Serial, ..pod() },
        ),
        case(
            "one question at a time",
            "infer.default.svc",
            Resolver { order: Order::Serial, ..pod() },
        ),
    ]
}
