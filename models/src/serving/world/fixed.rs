//! Batches of a fixed size: gathered, and answered whole before the next.

use sim::Time;

use super::super::pool::Batching;
use super::replica::Run;
use super::{Event, World};

impl World<'_> {
    /// Begins a batch if enough wait, or the first of them has waited long enough.
    pub(super) fn step_fixed(&mut self, at: u32) {
        let pool = self.replicas[at as usize].pool;
        let Batching::Fixed { size, wait } = self.scene.pools[pool as usize].batching else {
            unreachable!("it was asked for")
        };
        while (self.replicas[at as usize].queue.len() as u32) < size {
            let Some(request) = self.pools[pool as usize].queue.pop_front() else { break };
            self.replicas[at as usize].queue.push_back(request);
        }
        let now = self.agenda.now();
        let queue = &self.replicas[at as usize].queue;
        let Some(first) = queue.front() else { return self.settle(at) };
        let due = self.stories[*first as usize].arrived + wait;
        if (queue.len() as u32) < size && due > now {
            self.agenda.at(due, Event::Gathered(at));
            return;
        }
        let many = queue.len().min(size as usize);
        let batch: Vec<u32> = self.replicas[at as usize].queue.drain(..many).collect();
        let steps = self.scene.pools[pool as usize].steps;
        let (mut work, mut longest, mut kept) = (0.0, 1, 0.0);
        for request in &batch {
            let story = &mut self.stories[*request as usize];
            story.begun = now;
            work += steps.prompt(story.cached, story.prompt - story.cached);
            longest = longest.max(story.answer);
            kept += f64::from(story.prompt);
            self.known[*request as usize].replica = at;
        }
        let (prefill, further) = (steps.time(Some(work), 0, 0.0), longest - 1);
        let many = batch.len() as u32;
        let mut all = prefill;
        if further > 0 {
            let kept = kept + f64::from(many) * f64::from(further + 1) / 2.0;
            all += f64::from(further) * steps.time(None, many, kept);
        }
        let made = now + Time::from_seconds(prefill);
        batch.iter().for_each(|request| self.agenda.at(made, Event::First(*request)));
        self.replicas[at as usize].prompts = batch;
        let (from, prompts) = (Time::ZERO, Vec::new());
        self.run(at, Run { number: 0, from, steps: 1, first: all, growth: 0.0, prompts });
    }

    /// A batch is answered.
    pub(super) fn stepped_fixed(&mut self, at: u32) {
        let now = self.agenda.now();
        let batch = std::mem::take(&mut self.replicas[at as usize].prompts);
        for request in batch {
            let story = &mut self.stories[request as usize];
            story.prefilled = story.prefilled.min(now);
            story.handed = story.prefilled;
            self.made_all(request);
        }
        let pool = self.replicas[at as usize].pool;
        self.note(pool);
        self.step_fixed(at);
    }
}
