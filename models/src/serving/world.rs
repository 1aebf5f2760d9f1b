//! The run: one agenda, and one `match` over what can happen.

mod engine;
mod fixed;
mod handing;
mod replica;
mod requests;
mod scale;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sim::stats::TimeMean;
use sim::{Agenda, Seed, Time};

use super::hop::Station;
use super::scene::{Scene, When};
use super::startup::Ran;
use super::story::Story;
use super::wire::Wire;
use crate::function::Scaler;
use crate::input::InputError;
use handing::Handing;
use replica::Replica;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Lived {
    /// What became of each request, in the order in which they were sent.
    pub stories: Vec<Story>,
    /// When the first token of each was made; [`Time::MAX`] if it never was.
    pub firsts: Vec<Time>,
    /// Starts of replicas: the pool, when it began \[s\], and its stages counted from then.
    pub starts: Vec<(u32, f64, Vec<Ran>)>,
    /// By pool: how many replicas there were on average, those that started included.
    pub replicas: Vec<f64>,
    /// The most handovers that were under way at once.
    pub in_flight: u32,
    /// When nothing lay ahead any more, or the run was ended.
    pub ended: Time,
}

/// Runs a scene until nothing lies ahead, or until `end`.
///
/// # Errors
/// If the wire cannot plan what has to be carried.
///
/// # Panics
/// If the scene is not as [`Scene`] says.
pub fn live(
    scene: &Scene,
    wire: &mut dyn Wire,
    seed: Seed,
    end: Time,
) -> Result<Lived, InputError> {
    let mut world = World::new(scene, wire, seed);
    world.begin();
    loop {
        let moved = world.wire.next();
        match world.agenda.next(moved.min(end)) {
            Some(event) => world.handle(event)?,
            None if moved < end => world.move_on(),
            None => break,
        }
    }
    Ok(world.finish())
}

/// Everything that can happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A source sends a request.
    Send(u32),
    /// A request comes to this of the hops, or past the last of its way.
    Hop(u32, u32),
    /// A replica ends a step, or a series of them: this run of it, if it was not cut short.
    Step(u32, u32),
    /// A replica that gathers requests has waited long enough for more.
    Gathered(u32),
    /// The first token of a request is made.
    First(u32),
    /// The user of a request has the last token.
    Ended(u32),
    /// A layer of a prompt is computed, and keys and values begin to leave.
    Leave(u32),
    /// The pieces of a handover begin to be posted.
    Post(u32),
    /// A handover has nothing left to wait for but the wire.
    Posted(u32),
    /// A replica is ready.
    Ready(u32),
    /// A scaler looks at its pool.
    Look(u32),
}

/// What is known of a request besides its story.
#[derive(Clone, Copy, Debug)]
struct Known {
    source: u32,
    /// Its number among those of its source.
    number: u64,
    replica: u32,
    /// Tokens of the prompt that are computed, and of the answer that are made.
    computed: u32,
    made: u32,
    made_at: Time,
    /// When its last token was made, if it was.
    done_at: Option<Time>,
    /// How much later than its replica its user has a token, once the first is there.
    behind: Option<Time>,
}

/// What is known of a source.
#[derive(Clone, Copy, Debug)]
struct Sender {
    seed: Seed,
    sent: u32,
    answered: u32,
}

/// What is known of a pool.
struct Pooled {
    /// Requests that no replica has.
    queue: VecDeque<u32>,
    replicas: Vec<u32>,
    turn: usize,
    starts: u64,
    scaler: Option<Scaler>,
    count: TimeMean,
    seed: Seed,
}

struct World<'a> {
    scene: &'a Scene,
    wire: &'a mut dyn Wire,
    agenda: Agenda<Event>,
    stations: Vec<Station>,
    stories: Vec<Story>,
    known: Vec<Known>,
    senders: Vec<Sender>,
    pools: Vec<Pooled>,
    replicas: Vec<Replica>,
    handings: BTreeMap<u32, Handing>,
    /// Handovers between two replicas: those under way, and those that wait.
    pairs: BTreeMap<(u32, u32), (u32, VecDeque<u32>)>,
    met: BTreeSet<(u32, u32)>,
    starts: Vec<(u32, f64, Vec<Ran>)>,
    flying: u32,
    in_flight: u32,
    moved: Vec<u64>,
}

impl<'a> World<'a> {
    fn new(scene: &'a Scene, wire: &'a mut dyn Wire, seed: Seed) -> World<'a> {
        let seed = seed.of("serving");
        let sender =
            |at: usize| Sender { seed: seed.of(&format!("source/{at}")), sent: 0, answered: 0 };
        let pooled = |pool: &super::Pool| Pooled {
            queue: VecDeque::new(),
            replicas: Vec::new(),
            turn: 0,
            starts: 0,
            scaler: pool.scaling.as_ref().map(Scaler::new),
            count: TimeMean::new(Time::ZERO, 0.0),
            seed: seed.of(&format!("pool/{}", pool.name)),
        };
        World {
            scene,
            wire,
            agenda: Agenda::new(),
            stations: scene.hops.iter().map(Station::new).collect(),
            stories: Vec::new(),
            known: Vec::new(),
            senders: (0..scene.sources.len()).map(sender).collect(),
            pools: scene.pools.iter().map(pooled).collect(),
            replicas: Vec::new(),
            handings: BTreeMap::new(),
            pairs: BTreeMap::new(),
            met: BTreeSet::new(),
            starts: Vec::new(),
            flying: 0,
            in_flight: 0,
            moved: Vec::new(),
        }
    }

    fn begin(&mut self) {
        for pool in 0..self.scene.pools.len() as u32 {
            let own = &self.scene.pools[pool as usize];
            for _ in 0..own.least {
                match own.cold {
                    true => self.start(pool),
                    false => self.add(pool, true),
                }
            }
            self.look_again(pool);
        }
        for (at, source) in (0..).zip(&self.scene.sources) {
            let many = match source.when {
                When::Users(users) => users.min(source.count),
                When::Poisson(_) | When::Every(_) => 1,
            };
            (0..many).for_each(|_| self.agenda.at(source.span.0, Event::Send(at)));
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), InputError> {
        match event {
            Event::Send(source) => self.send(source),
            Event::Hop(request, hop) => self.hop(request, hop),
            Event::Step(replica, run) => self.stepped(replica, run),
            Event::Gathered(replica) => self.step(replica),
            Event::First(request) => self.first(request),
            Event::Ended(request) => self.ended(request),
            Event::Leave(request) => self.leave_by_layers(request),
            Event::Post(request) => return self.post(request),
            Event::Posted(request) => self.posted(request),
            Event::Ready(replica) => self.ready(replica),
            Event::Look(pool) => self.look(pool),
        }
        Ok(())
    }

    fn move_on(&mut self) {
        let mut moved = std::mem::take(&mut self.moved);
        self.wire.advance(self.agenda.now(), &mut moved);
        moved.drain(..).for_each(|tag| self.arrived(tag as u32));
        self.moved = moved;
    }

    /// Whether requests are still to be sent or answered.
    fn is_open(&self) -> bool {
        let own = self.senders.iter().zip(&self.scene.sources);
        let mut open = own.map(|(sender, source)| {
            sender.answered < sender.sent || (sender.sent < source.count && self.sends(source))
        });
        open.any(|open| open)
    }

    fn sends(&self, source: &super::Source) -> bool {
        self.agenda.now() < source.span.1
    }

    fn finish(self) -> Lived {
        let now = self.agenda.now();
        Lived {
            firsts: self.known.iter().map(|known| known.made_at).collect(),
            stories: self.stories,
            starts: self.starts,
            replicas: self.pools.iter().map(|pool| pool.count.mean(now)).collect(),
            in_flight: self.in_flight,
            ended: now,
        }
    }
}
