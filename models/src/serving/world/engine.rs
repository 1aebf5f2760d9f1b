//! Steps of a replica with continuous batching.
//!
//! Steps in which the same sequences are answered are run as one series: nothing happens between
//! them. A request that could join cuts the series at the end of the step under way.

use sim::Time;

use super::super::pool::{Batching, Role};
use super::replica::Run;
use super::{Event, World};

impl World<'_> {
    /// Something may have changed for a replica: it begins a step, or ends a series early.
    pub(super) fn nudge(&mut self, at: u32) {
        if self.replicas[at as usize].run.is_none() {
            return self.step(at);
        }
        if !self.can_join(at) {
            return;
        }
        let now = self.agenda.now();
        let replica = &mut self.replicas[at as usize];
        let run = replica.run.as_mut().expect("it runs");
        if run.steps == 1 {
            return;
        }
        // The first step that ends now or later.
        let (mut low, mut high) = (1, run.steps);
        while low < high {
            let middle = low + (high - low) / 2;
            match run.until(middle) >= now {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        if low < run.steps {
            replica.runs += 1;
            (run.steps, run.number) = (low, replica.runs);
            let (until, number) = (run.until(low), run.number);
            self.agenda.at(until.max(now), Event::Step(at, number));
        }
    }

    /// Tokens that a request needs room for on a replica of a pool.
    pub(super) fn needs(&self, pool: u32, request: u32) -> u64 {
        let story = &self.stories[request as usize];
        let answer = match self.scene.pools[pool as usize].role {
            Role::Prefill => 0,
            Role::Both | Role::Decode => story.answer,
        };
        u64::from(story.prompt) + u64::from(answer)
    }

    /// Whether a replica has room for so many tokens more; one that has nothing takes anything.
    pub(super) fn has_room(&self, at: u32, tokens: u64) -> bool {
        let replica = &self.replicas[at as usize];
        let room = self.scene.pools[replica.pool as usize].room;
        replica.taken == 0 || room.is_none_or(|room| replica.taken + tokens <= room)
    }

    /// The next request that a replica could take in.
    fn waits_for(&self, at: u32) -> Option<u32> {
        let replica = &self.replicas[at as usize];
        let shared = || self.pools[replica.pool as usize].queue.front();
        let shared = || shared().filter(|_| replica.takes());
        replica.queue.front().or_else(shared).copied()
    }

    fn can_join(&self, at: u32) -> bool {
        let replica = &self.replicas[at as usize];
        let pool = &self.scene.pools[replica.pool as usize];
        if let Batching::Fixed { .. } = pool.batching {
            return false;
        }
        let Some(request) = self.waits_for(at) else { return false };
        let free = (replica.working() as u32) < pool.sequences;
        // What was handed over has its room already.
        let handed = pool.role == Role::Decode;
        free && (handed || self.has_room(at, self.needs(replica.pool, request)))
    }

    /// Takes in what fits, and begins the next step if there is anything to do.
    pub(super) fn step(&mut self, at: u32) {
        let replica = &self.replicas[at as usize];
        if replica.run.is_some() || !replica.is_ready {
            return;
        }
        let pool = replica.pool;
        let Batching::Continuous { tokens } = self.scene.pools[pool as usize].batching else {
            return self.step_fixed(at);
        };
        while self.can_join(at) {
            self.join(at);
        }
        let replica = &self.replicas[at as usize];
        let steps = self.scene.pools[pool as usize].steps;
        let mut left = tokens.saturating_sub(replica.answers.len() as u32).max(1);
        let (mut prompts, mut work) = (Vec::new(), 0.0);
        for request in &replica.prompts {
            let own = &self.known[*request as usize];
            let chunk = (self.stories[*request as usize].prompt - own.computed).min(left);
            if chunk > 0 {
                work += steps.prompt(own.computed, chunk);
                prompts.push((*request, chunk));
                left -= chunk;
            }
        }
        let many = replica.answers.len() as u32;
        if prompts.is_empty() && many == 0 {
            return self.settle(at);
        }
        let kept = |request: &u32| {
            let made = self.known[*request as usize].made;
            f64::from(self.stories[*request as usize].prompt) + f64::from(made)
        };
        let kept: f64 = replica.answers.iter().map(kept).sum();
        let first = steps.time((!prompts.is_empty()).then_some(work), many, kept);
        let further = |request: &u32| {
            self.stories[*request as usize].answer - self.known[*request as usize].made
        };
        let series = match prompts.is_empty() {
            true => replica.answers.iter().map(further).min().expect("there is one"),
            false => 1,
        };
        let growth = steps.kept * f64::from(many);
        self.run(at, Run { number: 0, from: Time::ZERO, steps: series, first, growth, prompts });
    }

    /// Begins a series, and tells of first tokens in it.
    pub(super) fn run(&mut self, at: u32, run: Run) {
        let now = self.agenda.now();
        let replica = &mut self.replicas[at as usize];
        replica.runs += 1;
        let run = Run { number: replica.runs, from: now, ..run };
        let (first, until) = (run.until(1), run.until(run.steps));
        self.agenda.at(until, Event::Step(at, run.number));
        for request in &replica.answers {
            let known = &mut self.known[*request as usize];
            if known.made == 0 {
                self.agenda.at(first, Event::First(*request));
            }
        }
        for (request, chunk) in &run.prompts {
            let story = &mut self.stories[*request as usize];
            story.begun = story.begun.min(now);
            let last = self.known[*request as usize].computed + chunk == story.prompt;
            if last && self.leaves_by_layers(*request) {
                let layers = f64::from(self.scene.cache.layers.max(1));
                let layer = Time::from_seconds(run.first / layers);
                self.agenda.at(now + layer, Event::Leave(*request));
            }
        }
        self.replicas[at as usize].run = Some(run);
    }

    /// A replica takes in the next request.
    fn join(&mut self, at: u32) {
        let replica = &mut self.replicas[at as usize];
        let pool = replica.pool;
        let own = replica.queue.pop_front();
        let request = own.or_else(|| self.pools[pool as usize].queue.pop_front());
        let request = request.expect("one waits");
        let needs = self.needs(pool, request);
        let replica = &mut self.replicas[at as usize];
        let known = &mut self.known[request as usize];
        known.replica = at;
        if self.scene.pools[pool as usize].role == Role::Decode {
            replica.answers.push(request);
            return;
        }
        replica.taken += needs;
        known.computed = self.stories[request as usize].cached;
        replica.prompts.push(request);
    }

    /// A series has ended.
    pub(super) fn stepped(&mut self, at: u32, number: u32) {
        let replica = &mut self.replicas[at as usize];
        let Some(run) = replica.run.take_if(|run| run.number == number) else { return };
        let pool = replica.pool;
        if let Batching::Fixed { .. } = self.scene.pools[pool as usize].batching {
            return self.stepped_fixed(at);
        }
        let mut done = Vec::new();
        replica.answers.retain(|request| {
            let known = &mut self.known[*request as usize];
            known.made += run.steps;
            let over = known.made >= self.stories[*request as usize].answer;
            if over {
                done.push(*request);
            }
            !over
        });
        done.into_iter().for_each(|request| self.leave(at, request));
        for (request, chunk) in run.prompts {
            let known = &mut self.known[request as usize];
            known.computed += chunk;
            if known.computed == self.stories[request as usize].prompt {
                self.prefilled(at, request);
            }
        }
        self.note(pool);
        self.step(at);
    }

    /// A prompt is computed.
    pub(super) fn prefilled(&mut self, at: u32, request: u32) {
        let now = self.agenda.now();
        self.stories[request as usize].prefilled = now;
        let replica = &mut self.replicas[at as usize];
        replica.prompts.retain(|other| *other != request);
        if self.scene.pools[replica.pool as usize].role == Role::Prefill {
            replica.leaving += 1;
            return self.computed(request);
        }
        self.stories[request as usize].handed = now;
        self.known[request as usize].made = 1;
        self.first(request);
        match self.stories[request as usize].answer {
            1 => self.leave(at, request),
            _ => self.replicas[at as usize].answers.push(request),
        }
    }

    /// A request has its last token, and leaves its replica.
    pub(super) fn leave(&mut self, at: u32, request: u32) {
        let pool = self.replicas[at as usize].pool;
        let needs = self.needs(pool, request);
        let replica = &mut self.replicas[at as usize];
        replica.taken -= needs.min(replica.taken);
        self.made_all(request);
        self.grant(at);
    }
}
