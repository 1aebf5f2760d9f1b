//! Steps one after the other, on one clock with all that moves.

use sim::{Seed, Time};

use super::job::Job;
use crate::function::Mover;

/// Which movements a job has, by their numbers; each for as many ends as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// The all-reduce of a bucket.
    pub bucket: Option<u32>,
    /// The exchange of tokens between experts.
    pub exchange: Option<u32>,
    /// The data of a step, for so many pods.
    pub data: Option<(u32, u32)>,
}

/// Where a step goes \[s\], on average; together they are the step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// What a rank computes on average.
    pub compute: f64,
    /// What it waits for the slowest rank.
    pub straggler: f64,
    /// What all compute longer because gradients are reduced beside it.
    pub slowed: f64,
    /// What is left of reducing gradients when all is computed.
    pub exposed: f64,
    /// Exchanges of tokens between experts that compute waits for.
    pub exchange: f64,
    /// The update of the parameters.
    pub update: f64,
    /// The wait for data.
    pub data: f64,
    /// Not a part of the step: how long gradients are being reduced.
    pub reducing: f64,
}

impl Parts {
    /// The step \[s\].
    pub fn step(&self) -> f64 {
        let Parts { compute, straggler, slowed, exposed, exchange, update, data, .. } = *self;
        compute + straggler + slowed + exposed + exchange + update + data
    }

    fn add(&mut self, other: &Parts, times: f64) {
        self.compute += other.compute * times;
        self.straggler += other.straggler * times;
        self.slowed += other.slowed * times;
        self.exposed += other.exposed * times;
        self.exchange += other.exchange * times;
        self.update += other.update * times;
        self.data += other.data * times;
        self.reducing += other.reducing * times;
    }
}

/// Tags of what moves.
const BUCKET: u64 = 0;
const EXCHANGE: u64 = 1;
const DATA: u64 = 2;

/// What is under way.
struct Clock<'a> {
    mover: &'a mut dyn Mover,
    now: Time,
    done: Vec<u64>,
    /// Pods whose data are still on their way.
    loading: u32,
}

impl Clock<'_> {
    /// Waits until something that moves ends, or until `end`; whether `tag` was among it.
    fn wait(&mut self, end: Time, tag: u64) -> bool {
        let next = self.mover.next();
        if next > end {
            self.now = self.now.max(end);
            return false;
        }
        self.now = self.now.max(next);
        self.mover.advance(next, &mut self.done);
        let mut found = false;
        for done in self.done.drain(..) {
            match done {
                DATA => self.loading -= 1,
                own => found |= own == tag,
            }
        }
        found
    }

    /// Waits until what was begun with `tag` ends.
    fn until(&mut self, tag: u64) {
        while !self.wait(Time::MAX, tag) {
            assert!(self.mover.next() < Time::MAX, "it was begun");
        }
    }
}

/// Runs a job, and tells where its steps go on average; the first, which has to wait for its own
/// data, is left out where there are others.
///
/// # Panics
/// If a movement is not one of `mover`'s.
pub fn train(job: &Job, moves: Moves, mover: &mut dyn Mover, seed: Seed) -> Parts {
    let mut clock = Clock { mover, now: Time::ZERO, done: Vec::new(), loading: 0 };
    load(&mut clock, moves);
    let mut all = Parts::default();
    let counted = job.steps.saturating_sub(1).max(1);
    for step in 0..job.steps {
        let parts = one(job, moves, &mut clock, seed, step.into());
        if step > 0 || job.steps == 1 {
            all.add(&parts, 1.0 / f64::from(counted));
        }
    }
    all
}

/// Begins to load the data of a step.
fn load(clock: &mut Clock<'_>, moves: Moves) {
    if let Some((movement, pods)) = moves.data {
        clock.loading = pods;
        (0..pods).for_each(|pod| clock.mover.begin(clock.now, movement, pod, DATA));
    }
}

fn one(job: &Job, moves: Moves, clock: &mut Clock<'_>, seed: Seed, step: u64) -> Parts {
    let mut parts = Parts::default();
    let begun = clock.now;
    while clock.loading > 0 {
        clock.wait(Time::MAX, u64::MAX);
    }
    clock.now += Time::from_seconds(job.prepare);
    parts.data = (clock.now - begun).as_seconds();
    // The data of the next step come beside this one.
    load(clock, moves);
    if let Some(movement) = moves.exchange.filter(|_| job.exchanges > 0 && job.hidden < 1.0) {
        // All are alike: one is moved, beside whatever else is under way, and counted often.
        let from = clock.now;
        clock.mover.begin(from, movement, 0, EXCHANGE);
        clock.until(EXCHANGE);
        let one = (clock.now - from).as_seconds();
        let exposed = one * f64::from(job.exchanges) * (1.0 - job.hidden);
        clock.now = clock.now.max(from + Time::from_seconds(exposed));
        parts.exchange = (clock.now - from).as_seconds();
    }
    let (ready, all, mean) = job.ready(seed, step);
    (parts.compute, parts.straggler) = (mean, all - mean);
    let from = clock.now;
    let (computed, reducing) = reduce(job, moves, clock, (&ready, all));
    parts.slowed = ((computed - from).as_seconds() - all).max(0.0);
    parts.exposed = (clock.now - computed).as_seconds();
    parts.reducing = reducing;
    parts.update = job.update;
    clock.now += Time::from_seconds(job.update);
    parts
}

/// Computes, and reduces buckets beside it; when all is computed, and how long buckets were under
/// way \[s\].
fn reduce(
    job: &Job,
    moves: Moves,
    clock: &mut Clock<'_>,
    (ready, all): (&[f64], f64),
) -> (Time, f64) {
    let Some(movement) = moves.bucket.filter(|_| job.buckets > 0) else {
        let computed = clock.now + Time::from_seconds(all);
        while clock.now < computed {
            clock.wait(computed, u64::MAX);
        }
        return (computed, 0.0);
    };
    // How much is computed, and the buckets that are reduced and that are under way.
    let (mut work, mut reduced, mut flying) = (0.0, 0, false);
    let (mut computed, mut busy) = (None, 0.0);
    while computed.is_none() || reduced < ready.len() {
        let slower = if flying { job.beside } else { 1.0 };
        let next = match reduced + usize::from(flying) {
            at if !flying && at < ready.len() => ready[at].min(all),
            _ => all,
        };
        if !flying && reduced < ready.len() && work >= ready[reduced] - 1e-12 {
            clock.mover.begin(clock.now, movement, 0, BUCKET);
            flying = true;
            continue;
        }
        let from = clock.now;
        let due = match computed {
            Some(_) => Time::MAX,
            None => from + Time::from_seconds((next - work).max(0.0) * slower),
        };
        let ended = clock.wait(due, BUCKET);
        let passed = (clock.now - from).as_seconds();
        if computed.is_none() {
            work = if clock.now >= due { next } else { work + passed / slower };
            if work >= all {
                computed = Some(clock.now);
            }
        }
        if flying {
            busy += passed;
        }
        if ended {
            (flying, reduced) = (false, reduced + 1);
        }
    }
    (computed.expect("the loop ends then"), busy)
}
