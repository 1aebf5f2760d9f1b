//! Instances: they start stage by stage, are ready, idle, and leave.

use sim::Time;

use super::super::STAGES;
use super::super::account::Piece;
use super::super::cost::Cost;
use super::super::keep::Keep;
use super::super::scaling::Scaling;
use super::super::scene::Stage;
use super::{Event, World};

/// An instance of a function on a GPU.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) function: u32,
    pub(super) gpu: u32,
    /// The stage of its start that it is in; one past the last when it is ready.
    at: usize,
    /// Whether it has left.
    gone: bool,
    /// Calls in work.
    pub(super) calls: u32,
    /// Since when it is idle, where no call is in work.
    pub(super) since: Time,
    /// When it was ready; [`Time::MAX`] before.
    pub(super) ready: Time,
    /// Whether it has ever had a call.
    pub(super) served: bool,
    /// Whether it came back because idle times said so, and how long it is then kept.
    returned: Option<Time>,
    /// From when until when each stage of its start lasted.
    pub(super) stages: [(Time, Time); STAGES],
    /// The number of its start.
    number: u64,
}

impl Instance {
    pub(super) fn is_ready(&self) -> bool {
        self.at == STAGES
    }

    /// Whether it could make room.
    pub(super) fn is_idle(&self) -> bool {
        self.is_ready() && self.calls == 0 && !self.gone
    }
}

impl World<'_> {
    /// An instance that takes a call of a function now: the one with the fewest calls, and of those
    /// the one that was in use last, so that others may leave.
    pub(super) fn free_instance(&self, function: u32) -> Option<u32> {
        let own = &self.scene.functions[function as usize];
        let fits = |&&at: &&u32| {
            let instance = &self.instances[at as usize];
            let gpu = instance.gpu as usize;
            instance.is_ready()
                && instance.calls < own.concurrency
                && self.working[gpu] < self.scene.gpus[gpu].calls
        };
        let order = |&&at: &&u32| {
            let instance = &self.instances[at as usize];
            (instance.calls, std::cmp::Reverse(instance.since), at)
        };
        self.known[function as usize].live.iter().filter(fits).min_by_key(order).copied()
    }

    /// Starts an instance of a function where there is room for it; whether there was.
    pub(super) fn start(&mut self, function: u32) -> bool {
        let own = &self.scene.functions[function as usize];
        if self.known[function as usize].live.len() as u32 >= own.most {
            return false;
        }
        let Some(room) = self.room(function) else { return false };
        let now = self.agenda.now();
        let node = &mut self.nodes[self.scene.gpus[room.gpu as usize].node as usize];
        // A process that was swapped out lives on, with its weights in the host's memory.
        let begins = if node.give(function) { Stage::Gpu as usize } else { 0 };
        for other in room.leave {
            self.swap_out(other);
        }
        let known = &mut self.known[function as usize];
        let (instance, number) = (self.instances.len() as u32, known.starts);
        known.starts += 1;
        known.live.push(instance);
        self.instances.push(Instance {
            function,
            gpu: room.gpu,
            at: begins,
            gone: false,
            calls: 0,
            since: now,
            ready: Time::MAX,
            served: false,
            returned: None,
            stages: [(now, now); STAGES],
            number,
        });
        self.residents[room.gpu as usize].push(instance);
        self.mark(room.gpu);
        self.go_on(instance);
        true
    }

    /// Begins the stage that an instance is at.
    fn go_on(&mut self, instance: u32) {
        let now = self.agenda.now();
        let own = &mut self.instances[instance as usize];
        let node = self.scene.gpus[own.gpu as usize].node as usize;
        let cached = &self.nodes[node];
        let base = self.scene.functions[own.function as usize].base;
        if own.at == Stage::Base as usize
            && (cached.has_image(own.function) || base.is_none_or(|base| cached.has_base(base)))
        {
            own.at += 1;
        }
        if own.at == Stage::Image as usize && cached.has_image(own.function) {
            own.at += 1;
        }
        let stage = own.at;
        own.stages[stage] = (now, Time::MAX);
        let function = own.function as usize;
        match &self.scene.functions[function].starts[stage] {
            Cost::Time(duration) => {
                let consumer = self.known[function].draws.stages[stage];
                let span = Time::from_seconds(duration.draw(consumer, own.number));
                self.agenda.after(span, Event::Stage(instance));
            }
            Cost::Move(movement) => {
                self.mover.begin(now, *movement, own.gpu, u64::from(instance) << 1);
            }
        }
    }

    /// An instance has come to the end of a stage of its start.
    pub(super) fn stage(&mut self, instance: u32) {
        let now = self.agenda.now();
        let own = &mut self.instances[instance as usize];
        let (stage, gpu, function) = (own.at, own.gpu, own.function);
        let from = own.stages[stage].0;
        own.stages[stage].1 = now;
        own.at += 1;
        let (ready, what) = (own.is_ready(), Stage::ALL[stage].name());
        self.account.piece(|| Piece { gpu, function, instance, what, from, until: now });
        if let (true, Some(base)) =
            (stage == Stage::Base as usize, self.scene.functions[function as usize].base)
        {
            let node = self.scene.gpus[gpu as usize].node as usize;
            self.nodes[node].keep_base(base);
        }
        if stage == Stage::Image as usize {
            let node = self.scene.gpus[gpu as usize].node as usize;
            self.nodes[node].keep_image(function);
        }
        if !ready {
            return self.go_on(instance);
        }
        let own = &mut self.instances[instance as usize];
        (own.ready, own.since) = (now, now);
        self.stirred = true;
        self.mark(gpu);
        self.note(function);
        self.dispatch(function);
        self.rest(instance);
    }

    /// What becomes of an instance that nobody calls.
    pub(super) fn rest(&mut self, instance: u32) {
        let own = &self.instances[instance as usize];
        let function = own.function as usize;
        if !own.is_idle() || self.scene.functions[function].scaling != Scaling::PerCall {
            return;
        }
        let since = own.since;
        let keep = match self.scene.functions[function].keep {
            Keep::Forever => return,
            Keep::For(keep) => keep,
            Keep::Histogram => match own.returned.filter(|_| !own.served) {
                Some(keep) => keep,
                None => {
                    let (head, keep) = self.known[function].idle.windows();
                    if head > Time::ZERO {
                        let calls = self.known[function].calls;
                        self.agenda.after(head, Event::Return(function as u32, calls));
                        // Others that wait for it take it first.
                        Time::ZERO
                    } else {
                        keep
                    }
                }
            },
        };
        self.agenda.after(keep, Event::Expire(instance, since));
    }

    /// An instance is no longer kept.
    pub(super) fn expire(&mut self, instance: u32, since: Time) {
        let own = &self.instances[instance as usize];
        let function = own.function as usize;
        let least = self.scene.functions[function].least as usize;
        if own.is_idle() && own.since == since && self.known[function].live.len() > least {
            self.kill(instance);
        }
    }

    /// An instance comes back before the next call, if none came meanwhile.
    pub(super) fn come_back(&mut self, function: u32, calls: u32) {
        let known = &self.known[function as usize];
        if known.calls != calls || !known.live.is_empty() {
            return;
        }
        let (_, keep) = known.idle.windows();
        if self.start(function) {
            let instance = self.instances.len() - 1;
            self.instances[instance].returned = Some(keep);
        }
    }

    /// An idle instance leaves its GPU; its weights stay in the host's memory if they may.
    fn swap_out(&mut self, instance: u32) {
        let own = &self.instances[instance as usize];
        let weights = self.scene.functions[own.function as usize].weights;
        let (node, function) = (self.scene.gpus[own.gpu as usize].node, own.function);
        self.nodes[node as usize].take(function, weights);
        self.kill(instance);
    }

    /// An instance is gone.
    pub(super) fn kill(&mut self, instance: u32) {
        let own = &mut self.instances[instance as usize];
        own.gone = true;
        let (gpu, function) = (own.gpu, own.function);
        self.residents[gpu as usize].retain(|at| *at != instance);
        self.known[function as usize].live.retain(|at| *at != instance);
        self.stirred = true;
        self.mark(gpu);
    }

    /// An instance was killed, and where it was one of the least number another one starts.
    pub(super) fn replace(&mut self, instance: u32) {
        let function = self.instances[instance as usize].function;
        self.kill(instance);
        let least = self.scene.functions[function as usize].least as usize;
        if self.known[function as usize].live.len() < least {
            self.start(function);
        }
    }
}
