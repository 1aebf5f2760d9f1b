//! The run: one agenda, and one `match` over what can happen.

mod calls;
mod instances;
mod room;
mod scale;

use std::collections::{BTreeSet, VecDeque};

use sim::{Agenda, Seed, Time};

use super::STAGES;
use super::account::Account;
use super::call::{End, Story};
use super::keep::Histogram;
use super::mover::Mover;
use super::node::Cached;
use super::scaling::Scaler;
use super::scene::{Function, Scene, Stage};
use instances::Instance;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Lived {
    /// What became of each call: those from outside first, then those of chains.
    pub stories: Vec<Story>,
    /// How many instances were started.
    pub starts: u64,
    /// What GPUs were occupied with, until the end.
    pub account: Account,
    /// When nothing lay ahead any more, or the run was ended.
    pub ended: Time,
}

/// Runs a scene until nothing lies ahead, or until `end`. What instances did is kept if `watched`.
///
/// # Panics
/// If the scene is not as [`Scene`] says.
pub fn live(
    scene: &Scene,
    mover: &mut dyn Mover,
    seed: Seed,
    (end, watched): (Time, bool),
) -> Lived {
    let mut world = World::new(scene, mover, seed, watched);
    world.begin();
    loop {
        // What has moved to its end makes room for what happens at the same instant.
        let moved = world.mover.next();
        match world.agenda.next(moved.min(end)) {
            Some(event) => world.handle(event),
            None if moved < end => world.move_on(),
            None => break,
        }
    }
    world.finish()
}

/// Everything that can happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A call arrives from outside.
    Arrive(u32),
    /// The gateway has let a call through.
    Queue(u32),
    /// The time limit of a call.
    Over(u32),
    /// A call has come to the end of what it did.
    Phase(u32),
    /// An instance has come to the end of a stage of its start.
    Stage(u32),
    /// An instance is no longer kept, if it has been idle for as long as this.
    Expire(u32, Time),
    /// An instance of a function should be there again, if so many calls have come and no more.
    Return(u32, u32),
    /// A scaler looks at its function.
    Look(u32),
}

/// What is known of a call besides its story.
#[derive(Clone, Copy, Debug)]
struct Way {
    phase: Phase,
    instance: u32,
    load: Option<Time>,
    work: Option<Time>,
    /// When what it does now began, and whether that is a movement.
    since: Time,
    moves: bool,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Gateway,
    Waits,
    Load,
    Work,
    Result,
    Over,
}

/// What is known of a function at present.
struct Known {
    queue: VecDeque<u32>,
    /// Instances that are there.
    live: Vec<u32>,
    /// Calls in work.
    working: u32,
    /// How many calls there were, and how many starts.
    calls: u32,
    starts: u64,
    last_end: Option<Time>,
    idle: Histogram,
    scaler: Scaler,
    /// Whether the scaler will look again.
    looks: bool,
    draws: Draws,
}

/// The consumers of chance of a function.
struct Draws {
    stages: [Seed; STAGES],
    gateway: Seed,
    load: Seed,
    work: Seed,
    result: Seed,
    memory: Seed,
}

impl Known {
    fn new(function: &Function, seed: Seed) -> Known {
        let of = |what: &str| seed.of(&format!("function/{}/{what}", function.name));
        let draws = Draws {
            stages: Stage::ALL.map(|stage| of(stage.name())),
            gateway: of("gateway"),
            load: of("load"),
            work: of("work"),
            result: of("result"),
            memory: of("memory"),
        };
        Known {
            queue: VecDeque::new(),
            live: Vec::new(),
            working: 0,
            calls: 0,
            starts: 0,
            last_end: None,
            idle: Histogram::default(),
            scaler: Scaler::new(&function.scaling),
            looks: false,
            draws,
        }
    }
}

struct World<'a> {
    scene: &'a Scene,
    mover: &'a mut dyn Mover,
    agenda: Agenda<Event>,
    stories: Vec<Story>,
    ways: Vec<Way>,
    known: Vec<Known>,
    instances: Vec<Instance>,
    /// By GPU: instances there, and calls in work.
    residents: Vec<Vec<u32>>,
    working: Vec<u32>,
    nodes: Vec<Cached>,
    /// The first call that waits, and its function, of each that has one.
    waiting: BTreeSet<(u32, u32)>,
    /// Whether room has become free since the functions that wait were looked at.
    stirred: bool,
    account: Account,
    moved: Vec<u64>,
}

impl<'a> World<'a> {
    fn new(scene: &'a Scene, mover: &'a mut dyn Mover, seed: Seed, watched: bool) -> World<'a> {
        let outside = scene.calls.len();
        let (mut stories, mut ways) = (Vec::with_capacity(outside), Vec::with_capacity(outside));
        for (number, call) in (0..).zip(&scene.calls) {
            stories.push(untold(call.function, number, call.arrives));
            ways.push(fresh(call.load, call.work));
        }
        World {
            scene,
            mover,
            agenda: Agenda::new(),
            stories,
            ways,
            known: scene.functions.iter().map(|own| Known::new(own, seed)).collect(),
            instances: Vec::new(),
            residents: vec![Vec::new(); scene.gpus.len()],
            working: vec![0; scene.gpus.len()],
            nodes: scene.nodes.iter().map(|node| Cached::new(node.host_memory)).collect(),
            waiting: BTreeSet::new(),
            stirred: false,
            account: Account::new(scene.gpus.len(), watched),
            moved: Vec::new(),
        }
    }

    fn begin(&mut self) {
        for function in 0..self.scene.functions.len() as u32 {
            for _ in 0..self.scene.functions[function as usize].least {
                self.start(function);
            }
        }
        if let Some(first) = self.scene.calls.first() {
            self.agenda.at(first.arrives, Event::Arrive(0));
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive(call) => {
                let next = call + 1;
                if let Some(later) = self.scene.calls.get(next as usize) {
                    self.agenda.at(later.arrives, Event::Arrive(next));
                }
                self.arrive(call);
            }
            Event::Queue(call) => self.queue(call),
            Event::Over(call) => self.over(call),
            Event::Phase(call) => self.phase(call),
            Event::Stage(instance) => self.stage(instance),
            Event::Expire(instance, since) => self.expire(instance, since),
            Event::Return(function, calls) => self.come_back(function, calls),
            Event::Look(function) => self.look(function),
        }
        self.settle();
    }

    /// What a mover has brought to its end.
    fn move_on(&mut self) {
        let mut moved = std::mem::take(&mut self.moved);
        self.mover.advance(self.agenda.now(), &mut moved);
        for tag in moved.drain(..) {
            let number = (tag >> 1) as u32;
            match tag & 1 {
                0 => self.stage(number),
                _ => self.phase(number),
            }
        }
        self.moved = moved;
        self.settle();
    }

    /// Looks at the functions that wait, those of the first calls first, if room became free.
    fn settle(&mut self) {
        while std::mem::take(&mut self.stirred) {
            let waiting: Vec<u32> = self.waiting.iter().map(|(_, function)| *function).collect();
            waiting.into_iter().for_each(|function| self.dispatch(function));
        }
    }

    fn finish(mut self) -> Lived {
        let now = self.agenda.now();
        self.account.close(now);
        let arrived = self.stories.iter().take_while(|story| story.arrived <= now).count();
        let outside = self.scene.calls.len();
        // A call that had not arrived when the run was ended is none.
        if arrived < outside {
            let chains = self.stories.split_off(outside);
            self.stories.truncate(arrived);
            self.stories.extend(chains);
        }
        Lived {
            stories: self.stories,
            starts: self.known.iter().map(|known| known.starts).sum(),
            account: self.account,
            ended: now,
        }
    }
}

/// The story of a call that has just arrived.
fn untold(function: u32, root: u32, arrived: Time) -> Story {
    Story {
        function,
        root,
        arrived,
        queued: Time::MAX,
        begun: Time::MAX,
        loaded: Time::MAX,
        worked: Time::MAX,
        ended: Time::MAX,
        starting: [Time::ZERO; STAGES],
        cold: false,
        end: End::Waiting,
    }
}

fn fresh(load: Option<Time>, work: Option<Time>) -> Way {
    let (phase, instance, since) = (Phase::Gateway, u32::MAX, Time::ZERO);
    Way { phase, instance, load, work, since, moves: false }
}
