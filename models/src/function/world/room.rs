//! Where an instance starts.

use sim::{Bytes, Time};

use super::World;

/// A GPU, and the instances that leave it first.
pub(super) struct Room {
    pub(super) gpu: u32,
    pub(super) leave: Vec<u32>,
}

impl World<'_> {
    /// Where there is room for an instance of a function: on a GPU that is free to work; where its
    /// weights are in the host's memory; where nobody has to leave, else where those who do were
    /// idle for the longest time; where its image is; where the fewest others are.
    pub(super) fn room(&self, function: u32) -> Option<Room> {
        let mut best = None;
        for (gpu, own) in (0..).zip(&self.scene.gpus) {
            let Some((leave, since)) = self.leaving(gpu, function) else { continue };
            let node = &self.nodes[own.node as usize];
            let rank = (
                self.working[gpu as usize] >= own.calls,
                !node.has_weights(function),
                since,
                !node.has_image(function),
                self.residents[gpu as usize].len(),
                gpu,
            );
            if best.as_ref().is_none_or(|(other, _)| rank < *other) {
                best = Some((rank, leave));
            }
        }
        best.map(|((.., gpu), leave)| Room { gpu, leave })
    }

    /// The idle instances that have to leave a GPU, and since when the last of them is idle: the
    /// beginning of time if none has to. None if all that may leave are not enough.
    fn leaving(&self, gpu: u32, function: u32) -> Option<(Vec<u32>, Option<Time>)> {
        let weights = self.scene.functions[function as usize].weights;
        let size = |at: &u32| {
            let function = self.instances[*at as usize].function;
            self.scene.functions[function as usize].weights
        };
        let residents = &self.residents[gpu as usize];
        let memory = self.scene.gpus[gpu as usize].memory;
        let mut taken: Bytes = residents.iter().map(size).sum();
        if taken + weights <= memory {
            return Some((Vec::new(), None));
        }
        if weights > memory {
            return None;
        }
        let may = |at: &u32| self.may_leave(*at, function);
        let mut idle: Vec<u32> = residents.iter().copied().filter(may).collect();
        idle.sort_by_key(|at| (self.instances[*at as usize].since, *at));
        // Of a function with a least number only what is above it may leave.
        let mut spare: Vec<(u32, usize)> = Vec::new();
        let mut leave = Vec::new();
        for at in idle {
            let function = self.instances[at as usize].function;
            let live = self.known[function as usize].live.len();
            let least = self.scene.functions[function as usize].least as usize;
            let mine = spare.iter().position(|(own, _)| *own == function);
            let mine = mine.unwrap_or_else(|| {
                spare.push((function, live.saturating_sub(least)));
                spare.len() - 1
            });
            if spare[mine].1 == 0 {
                continue;
            }
            spare[mine].1 -= 1;
            taken = taken - size(&at);
            leave.push(at);
            if taken + weights <= memory {
                return Some((leave, Some(self.instances[at as usize].since)));
            }
        }
        None
    }

    /// Whether an instance is idle, and not about to take a call that waits for its GPU: one that
    /// came before those of `other` stays, and so does every one while the GPU is busy. Else two
    /// functions could throw each other out for ever.
    fn may_leave(&self, instance: u32, other: u32) -> bool {
        let own = &self.instances[instance as usize];
        let first = |function: u32| self.known[function as usize].queue.front();
        let busy = self.working[own.gpu as usize] >= self.scene.gpus[own.gpu as usize].calls;
        own.is_idle()
            && match (first(own.function), first(other)) {
                (None, _) => true,
                (Some(mine), Some(others)) => !busy && others < mine,
                (Some(_), None) => false,
            }
    }
}
