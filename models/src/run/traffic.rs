//! Sources: what makes runs of plans over time, and what is kept of those that have ended.

use sim::{Agenda, Dist, Seed, Time};

use super::batch::Tally;
use super::fleet::Fleet;
use super::fluid::Fluid;
use super::runs::Origin;
use super::watch::Watch;
use super::world::Event;
use crate::workload::{Arrivals, Limit, Observed, Stop};

/// Precision is looked at after so many runs at first, then after a fifth more each time.
const LOOK_FIRST: u64 = 1_000;
/// More runs than this in flight mean that work arrives faster than it is done.
const IN_FLIGHT_MAX: u64 = 1_000_000;
/// More runs than this at one instant of a source that makes one when another ends: it never stops.
const AT_ONCE_MAX: u64 = 1_000_000;
/// The confidence of the interval that a precision is about.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Who watches a simulation from outside.
pub struct Control<'a> {
    /// Whether to stop at once.
    pub stop: &'a dyn Fn() -> bool,
    /// Is told now and then how much is done, 0 to 1.
    pub progress: &'a dyn Fn(f64),
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Control")
    }
}

/// What makes runs of one workload.
pub(crate) struct Source {
    /// The templates that its runs are of, one or the other by chance.
    templates: Vec<u32>,
    arrivals: Arrivals,
    stop: Stop,
    limit: Option<Limit>,
    /// Chance of its runs, of the time between them, and of its clients.
    runs: Seed,
    gaps: Seed,
    thoughts: Seed,
    /// The sources that make a run whenever one of this ends.
    followers: Vec<u32>,
    made: u64,
    /// How often each client has begun a run.
    rounds: Vec<u32>,
    /// Whether it makes no more.
    over: bool,
    look_next: u64,
    /// The instant of the last run, and how many it made at that one.
    at_once: (Time, u64),
    pub(crate) observed: Observed,
}

impl Source {
    /// The source of the workload `name`.
    pub(crate) fn new(
        name: &str,
        seed: Seed,
        templates: Vec<u32>,
        arrivals: Arrivals,
        stop: Stop,
        limit: Option<Limit>,
        observed: Observed,
    ) -> Source {
        let rounds = match arrivals {
            Arrivals::Closed { clients, .. } => vec![0; clients as usize],
            _ => Vec::new(),
        };
        Source {
            templates,
            arrivals,
            stop,
            limit,
            runs: seed.of(&format!("workload/{name}")),
            gaps: seed.of(&format!("arrivals/{name}")),
            thoughts: seed.of(&format!("think/{name}")),
            followers: Vec::new(),
            made: 0,
            rounds,
            over: false,
            look_next: LOOK_FIRST,
            at_once: (Time::ZERO, 0),
            observed,
        }
    }

    /// A client thinks, if it begins another run.
    fn think(&self, origin: &Origin, agenda: &mut Agenda<Event>) {
        if let (Arrivals::Closed { think, .. }, false) = (&self.arrivals, self.over) {
            let round = self.rounds[origin.client as usize];
            let client = self.thoughts.replication(origin.client.into());
            let again = Event::Arrive { source: origin.source, client: origin.client };
            agenda.after(drawn(think, client, round.into()), again);
        }
    }

    /// The instant of the next arrival of an open source, which has made some by now.
    fn next(&self, now: Time) -> Time {
        match &self.arrivals {
            Arrivals::At(at) => (*at).max(now),
            Arrivals::Every(gap) if self.made == 0 => Time::ZERO.max(now).min(*gap),
            Arrivals::Every(gap) => now + *gap,
            Arrivals::Poisson { rate_hz } => {
                let gap = Dist::Exponential { mean: 1.0 / rate_hz };
                now + drawn(&gap, self.gaps, self.made)
            }
            Arrivals::Trace(times) => times.get(self.made as usize).copied().unwrap_or(Time::MAX),
            Arrivals::Closed { .. } | Arrivals::After(_) => Time::MAX,
        }
    }

    fn is_over(&self, now: Time) -> bool {
        self.over || self.stop.until.is_some_and(|until| now >= until)
    }

    /// Makes a run of number `number`.
    fn make(&mut self, source: u32, client: u32, number: u64, now: Time) -> (u32, Origin) {
        self.made += 1;
        self.over |= self.stop.count.is_some_and(|count| self.made >= count);
        if let Arrivals::Trace(times) = &self.arrivals {
            self.over |= self.made as usize >= times.len();
        }
        self.observed.begun(now);
        self.at_once = if self.at_once.0 == now { (now, self.at_once.1 + 1) } else { (now, 1) };
        let seed = self.runs.replication(number);
        let which = (seed.unit(u64::MAX) * self.templates.len() as f64) as usize;
        (self.templates[which], Origin { seed, source, client, number, born: now, attempt: 0 })
    }

    /// Whether its mean is known as well as was asked for.
    fn is_precise(&mut self) -> bool {
        let Some(precision) = self.stop.precision else { return false };
        if self.observed.count() < self.look_next {
            return false;
        }
        self.look_next = self.observed.count() * 6 / 5;
        let interval = self.observed.batches().interval(CONFIDENCE);
        interval.is_some_and(|interval| interval.half_width <= precision * interval.mean)
    }
}

/// A span drawn from a distribution of seconds.
fn drawn(dist: &Dist, seed: Seed, number: u64) -> Time {
    Time::from_seconds(dist.sample(&mut seed.draw(number)))
}

/// All sources, and what is looked at.
pub(crate) struct Traffic {
    pub(crate) sources: Vec<Source>,
    pub(crate) watch: Watch,
    /// For each pool, its set-ups, if it has any.
    fleets: Vec<Option<Fleet>>,
    /// What became of batches, once all is over.
    pub(crate) batches: Vec<Tally>,
    in_flight: u64,
    /// Why it cannot go on.
    broken: Option<Broken>,
}

/// Why a simulation cannot go on: what its source does, at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) source: u32,
    pub(crate) at: Time,
    pub(crate) what: Trouble,
}

/// What a source does that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It makes more than is done, so that too much is in flight.
    Overload,
    /// It makes run after run without time passing.
    Standstill,
}

impl Traffic {
    pub(crate) fn new(
        mut sources: Vec<Source>,
        watch: Watch,
        fleets: Vec<Option<Fleet>>,
    ) -> Traffic {
        for at in 0..sources.len() {
            if let Arrivals::After(leader) = sources[at].arrivals {
                sources[leader].followers.push(at as u32);
            }
        }
        Traffic { sources, watch, fleets, batches: Vec::new(), in_flight: 0, broken: None }
    }

    /// The set-ups of a pool.
    pub(super) fn fleet(&mut self, pool: usize) -> Option<&mut Fleet> {
        self.fleets.get_mut(pool)?.as_mut()
    }

    /// Notes what happens first.
    pub(super) fn begin(&self, agenda: &mut Agenda<Event>) {
        for (at, source) in self.sources.iter().enumerate() {
            let at = at as u32;
            match &source.arrivals {
                Arrivals::Closed { clients, think } => {
                    for client in 0..*clients {
                        let thinks = drawn(think, source.thoughts.replication(client.into()), 0);
                        agenda.at(thinks, Event::Arrive { source: at, client });
                    }
                }
                _ => agenda.at(source.next(Time::ZERO), Event::Arrive { source: at, client: 0 }),
            }
        }
        agenda.at(self.watch.next(), Event::Window);
    }

    /// The run that an event makes, if it makes one: its template, and who it is.
    pub(super) fn arrive(
        &mut self,
        event: Event,
        agenda: &mut Agenda<Event>,
    ) -> Option<(u32, Origin)> {
        let now = agenda.now();
        let (at, client, follows) = match event {
            Event::Arrive { source, client } => (source, client, None),
            Event::Follow { source, number } => (source, 0, Some(number)),
            _ => return None,
        };
        let source = &mut self.sources[at as usize];
        if source.is_over(now) {
            return None;
        }
        let number = match (follows, source.rounds.get_mut(client as usize)) {
            (Some(number), _) => number,
            (None, Some(round)) => {
                *round += 1;
                u64::from(client) << 32 | u64::from(*round)
            }
            (None, None) => source.made,
        };
        let made = source.make(at, client, number, now);
        let next = source.next(now);
        if follows.is_none() && !source.is_over(next) {
            agenda.at(next, event);
        }
        self.in_flight += 1;
        let closed = matches!(source.arrivals, Arrivals::Closed { .. });
        let what = match () {
            () if self.in_flight > IN_FLIGHT_MAX => Some(Trouble::Overload),
            () if closed && source.at_once.1 > AT_ONCE_MAX => Some(Trouble::Standstill),
            () => None,
        };
        self.broken = self.broken.or(what.map(|what| Broken { source: at, at: now, what }));
        Some(made)
    }

    /// A run has ended.
    pub(super) fn ended(&mut self, origin: &Origin, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        self.in_flight -= 1;
        let source = &mut self.sources[origin.source as usize];
        source.observed.ended(origin.born, now);
        if !source.over && source.is_precise() {
            source.over = true;
            source.observed.close(now);
        }
        source.think(origin, agenda);
        for &follower in &source.followers {
            agenda.at(now, Event::Follow { source: follower, number: origin.number });
        }
    }

    /// How long a run may last.
    pub(super) fn limit(&self, origin: &Origin) -> Time {
        self.sources[origin.source as usize].limit.map_or(Time::MAX, |limit| limit.after)
    }

    /// A run was cut off: who it is when it begins again, if it does. Each attempt has chance of
    /// its own.
    pub(super) fn again(&mut self, origin: &Origin) -> Option<Origin> {
        let source = &mut self.sources[origin.source as usize];
        let attempt = origin.attempt + 1;
        source.limit.filter(|limit| attempt < limit.attempts)?;
        source.observed.retried += 1;
        let seed = source.runs.replication(origin.number).replication(attempt.into());
        Some(Origin { seed, attempt, ..*origin })
    }

    /// A run was given up.
    pub(super) fn lost(&mut self, origin: &Origin, agenda: &mut Agenda<Event>) {
        self.in_flight -= 1;
        let source = &mut self.sources[origin.source as usize];
        source.observed.gave_up(agenda.now());
        source.think(origin, agenda);
    }

    /// Whether nothing is left to happen.
    fn is_over(&self, now: Time) -> bool {
        let leads = |source: &Source| !matches!(source.arrivals, Arrivals::After(_));
        self.in_flight == 0
            && self.sources.iter().filter(|source| leads(source)).all(|source| source.is_over(now))
    }

    /// Looks at links and pools, if it is time to; `rang`: whether the wake-up for that rang.
    pub(super) fn look(&mut self, rang: bool, fluid: &mut Fluid, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        self.watch.look(now, self.is_over(now), fluid);
        if rang {
            agenda.at(self.watch.next(), Event::Window);
        }
    }

    /// Why it cannot go on, if it cannot.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// How much is done, 0 to 1: as much as of the source that is furthest from its end.
    pub(super) fn progress(&self, now: Time) -> f64 {
        let of = |source: &Source| {
            let part = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
            let until = source.stop.until;
            let time = until.map_or(0.0, |until| part(now.as_seconds(), until.as_seconds()));
            let count = source.stop.count;
            let count = count.map_or(0.0, |count| part(source.made as f64, count as f64));
            if source.over { 1.0 } else { time.max(count) }
        };
        let leads = |source: &&Source| !matches!(source.arrivals, Arrivals::After(_));
        self.sources.iter().filter(leads).map(of).fold(1.0, f64::min)
    }
}
