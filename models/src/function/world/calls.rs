//! Calls: they arrive, wait, are worked on, and end.

use sim::{Seed, Time};

use super::super::account::{Piece, State};
use super::super::call::End;
use super::super::cost::Cost;
use super::super::scaling::Scaling;
use super::{Event, Phase, World, fresh, untold};

impl World<'_> {
    pub(super) fn arrive(&mut self, call: u32) {
        let (now, story) = (self.agenda.now(), &self.stories[call as usize]);
        let (at, root) = (story.function, story.root);
        let function = &self.scene.functions[at as usize];
        let known = &mut self.known[at as usize];
        known.calls += 1;
        if let (0, Some(last)) = (known.working + known.queue.len() as u32, known.last_end) {
            known.idle.add(now - last);
        }
        let gateway = function.gateway.draw(known.draws.gateway, root.into());
        self.agenda.after(Time::from_seconds(gateway), Event::Queue(call));
        if let Some(limit) = function.limit {
            self.agenda.after(limit, Event::Over(call));
        }
    }

    pub(super) fn queue(&mut self, call: u32) {
        if self.ways[call as usize].phase != Phase::Gateway {
            return;
        }
        let story = &mut self.stories[call as usize];
        story.queued = self.agenda.now();
        let function = story.function;
        self.ways[call as usize].phase = Phase::Waits;
        let queue = &mut self.known[function as usize].queue;
        queue.push_back(call);
        if queue.len() == 1 {
            self.waiting.insert((call, function));
        }
        self.note(function);
        self.look_again(function);
        self.dispatch(function);
    }

    /// Gives calls of a function that wait to instances, and starts some if that is its scaling.
    pub(super) fn dispatch(&mut self, function: u32) {
        while let Some(&call) = self.known[function as usize].queue.front() {
            let Some(instance) = self.free_instance(function) else { break };
            self.unqueue(function, 0);
            self.take(call, instance);
        }
        let waiting = self.known[function as usize].queue.len() as u32;
        if waiting == 0 {
            return;
        }
        let own = &self.scene.functions[function as usize];
        let live = &self.known[function as usize].live;
        let at_once = match own.scaling {
            Scaling::PerCall => {
                let starting = live.iter().filter(|&&at| !self.instances[at as usize].is_ready());
                let coming = starting.count() as u32 * own.concurrency;
                waiting.saturating_sub(coming).div_ceil(own.concurrency)
            }
            _ => {
                let wakes = self.known[function as usize].scaler.wakes_at_once();
                u32::from(wakes && live.is_empty())
            }
        };
        for _ in 0..at_once {
            if !self.start(function) {
                break;
            }
        }
    }

    /// Takes the call at a place of the queue out of it.
    fn unqueue(&mut self, function: u32, place: usize) {
        let queue = &mut self.known[function as usize].queue;
        if place == 0 {
            self.waiting.remove(&(queue[0], function));
            queue.pop_front();
            if let Some(&next) = queue.front() {
                self.waiting.insert((next, function));
            }
        } else {
            queue.remove(place);
        }
    }

    /// An instance takes a call.
    fn take(&mut self, call: u32, instance: u32) {
        let now = self.agenda.now();
        let own = &mut self.instances[instance as usize];
        own.calls += 1;
        let (gpu, first) = (own.gpu, !std::mem::replace(&mut own.served, true));
        let story = &mut self.stories[call as usize];
        story.begun = now;
        story.cold = first && own.ready > story.queued;
        if story.cold {
            for (spent, (from, until)) in story.starting.iter_mut().zip(own.stages) {
                *spent = until.min(now).saturating_sub(from.max(story.queued));
            }
        }
        self.known[story.function as usize].working += 1;
        self.working[gpu as usize] += 1;
        self.ways[call as usize].instance = instance;
        self.mark(gpu);
        self.note(self.stories[call as usize].function);
        self.enter(call, Phase::Load);
    }

    /// A call begins with what is next.
    fn enter(&mut self, call: u32, phase: Phase) {
        let (now, root) = (self.agenda.now(), self.stories[call as usize].root);
        let at = self.stories[call as usize].function as usize;
        let (function, draws) = (&self.scene.functions[at], &self.known[at].draws);
        let way = &mut self.ways[call as usize];
        (way.phase, way.since) = (phase, now);
        let drawn = |cost: &Cost, consumer: Seed| match cost {
            Cost::Time(duration) => Ok(Time::from_seconds(duration.draw(consumer, root.into()))),
            Cost::Move(movement) => Err(*movement),
        };
        let lasts = match phase {
            Phase::Load => way.load.map_or_else(|| drawn(&function.load, draws.load), Ok),
            Phase::Work => Ok(way.work.unwrap_or_else(|| {
                Time::from_seconds(function.work.draw(draws.work, root.into()))
            })),
            _ => drawn(&function.result, draws.result),
        };
        match lasts {
            Ok(mut span) => {
                if let (Phase::Work, Some((needs, limit))) = (phase, &function.memory) {
                    // Its memory grows evenly until it has what it needs.
                    let part = limit / needs.draw(draws.memory, root.into());
                    if part < 1.0 {
                        span = Time::from_seconds(span.as_seconds() * part);
                    }
                }
                self.agenda.after(span, Event::Phase(call));
            }
            Err(movement) => {
                way.moves = true;
                let gpu = self.instances[way.instance as usize].gpu;
                self.mover.begin(now, movement, gpu, u64::from(call) << 1 | 1);
            }
        }
    }

    /// A call has come to the end of what it did.
    pub(super) fn phase(&mut self, call: u32) {
        let now = self.agenda.now();
        let way = &mut self.ways[call as usize];
        way.moves = false;
        let (phase, since, instance) = (way.phase, way.since, way.instance);
        if phase == Phase::Over {
            return;
        }
        let story = &mut self.stories[call as usize];
        let what = match phase {
            Phase::Load => "load",
            Phase::Work => "work",
            _ => "result",
        };
        let (gpu, function) = (self.instances[instance as usize].gpu, story.function);
        self.account.piece(|| Piece { gpu, function, instance, what, from: since, until: now });
        match phase {
            Phase::Load => {
                story.loaded = now;
                self.enter(call, Phase::Work);
            }
            Phase::Work => {
                story.worked = now;
                match self.is_out_of_memory(call) {
                    true => self.close(call, End::OutOfMemory),
                    false => self.enter(call, Phase::Result),
                }
            }
            _ => self.close(call, End::Answered),
        }
    }

    fn is_out_of_memory(&self, call: u32) -> bool {
        let story = &self.stories[call as usize];
        let at = story.function as usize;
        let Some((needs, limit)) = &self.scene.functions[at].memory else { return false };
        needs.draw(self.known[at].draws.memory, story.root.into()) > *limit
    }

    /// The time limit of a call.
    pub(super) fn over(&mut self, call: u32) {
        let function = self.stories[call as usize].function;
        match self.ways[call as usize].phase {
            Phase::Over => {}
            Phase::Gateway => self.close(call, End::OverTime),
            Phase::Waits => {
                let queue = &self.known[function as usize].queue;
                let place = queue.iter().position(|own| *own == call).expect("it waits");
                self.unqueue(function, place);
                self.close(call, End::OverTime);
            }
            Phase::Load | Phase::Work | Phase::Result => {
                if std::mem::take(&mut self.ways[call as usize].moves) {
                    self.mover.stop(self.agenda.now(), u64::from(call) << 1 | 1);
                }
                self.close(call, End::OverTime);
            }
        }
    }

    /// A call ends, and its instance, if it has one, is free for others.
    fn close(&mut self, call: u32, end: End) {
        let now = self.agenda.now();
        let way = &mut self.ways[call as usize];
        let was = std::mem::replace(&mut way.phase, Phase::Over);
        let instance = way.instance;
        let story = &mut self.stories[call as usize];
        (story.ended, story.end) = (now, end);
        let (function, root) = (story.function, story.root);
        self.known[function as usize].last_end = Some(now);
        if !matches!(was, Phase::Gateway | Phase::Waits) {
            let own = &mut self.instances[instance as usize];
            own.calls -= 1;
            own.since = now;
            self.working[own.gpu as usize] -= 1;
            self.known[function as usize].working -= 1;
            self.stirred = true;
            let gpu = own.gpu;
            match end {
                End::OutOfMemory => self.replace(instance),
                _ => self.rest(instance),
            }
            self.mark(gpu);
        }
        self.note(function);
        if let (End::Answered, Some(next)) = (end, self.scene.functions[function as usize].then) {
            let call = self.stories.len() as u32;
            self.stories.push(untold(next, root, now));
            self.ways.push(fresh(None, None));
            self.arrive(call);
        }
    }

    /// Notes what a GPU is occupied with.
    pub(super) fn mark(&mut self, gpu: u32) {
        let residents = &self.residents[gpu as usize];
        let starting = || residents.iter().any(|at| !self.instances[*at as usize].is_ready());
        let state = match self.working[gpu as usize] {
            0 if residents.is_empty() => State::Empty,
            0 if starting() => State::Starting,
            0 => State::Idle,
            _ => State::Working,
        };
        self.account.set(gpu, state, self.agenda.now());
    }
}
