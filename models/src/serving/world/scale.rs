//! Replicas that are started and stopped.

use sim::Time;

use super::replica::Replica;
use super::{Event, World};
use crate::function::Seen;

impl World<'_> {
    /// Adds a replica to a pool.
    pub(super) fn add(&mut self, pool: u32, is_ready: bool) {
        let at = self.replicas.len() as u32;
        self.replicas.push(Replica::new(pool, is_ready));
        self.pools[pool as usize].replicas.push(at);
        self.count(pool);
    }

    fn count(&mut self, pool: u32) {
        let many = self.pools[pool as usize].replicas.len() as f64;
        let now = self.agenda.now();
        self.pools[pool as usize].count.set(now, many);
    }

    /// Starts a replica of a pool.
    pub(super) fn start(&mut self, pool: u32) {
        let own = &mut self.pools[pool as usize];
        let ran = self.scene.pools[pool as usize].start.run(own.seed, own.starts);
        own.starts += 1;
        let takes = ran.iter().map(|ran| ran.until).fold(0.0, f64::max);
        let now = self.agenda.now();
        self.starts.push((pool, now.as_seconds(), ran));
        let at = self.replicas.len() as u32;
        self.add(pool, false);
        self.agenda.at(now + Time::from_seconds(takes), Event::Ready(at));
    }

    /// A replica is ready.
    pub(super) fn ready(&mut self, at: u32) {
        let replica = &mut self.replicas[at as usize];
        replica.is_ready = true;
        self.grant(at);
        self.step(at);
    }

    /// A replica has nothing to do: it stops if it is to.
    pub(super) fn settle(&mut self, at: u32) {
        let replica = &self.replicas[at as usize];
        if !(replica.is_stopping && replica.is_empty()) {
            return;
        }
        let pool = replica.pool;
        self.pools[pool as usize].replicas.retain(|other| *other != at);
        self.count(pool);
    }

    fn seen(&self, pool: u32) -> Seen {
        let own = &self.pools[pool as usize];
        let replicas = own.replicas.iter().map(|at| &self.replicas[*at as usize]);
        let waiting: usize = replicas.clone().map(|own| own.queue.len() + own.wished.len()).sum();
        Seen {
            waiting: (own.queue.len() + waiting) as u32,
            working: replicas.clone().map(Replica::working).sum::<usize>() as u32,
            ready: replicas.clone().filter(|own| own.takes()).count() as u32,
            live: replicas.filter(|own| !own.is_stopping).count() as u32,
        }
    }

    /// Tells the scaler of a pool that requests came or went.
    pub(super) fn note(&mut self, pool: u32) {
        if self.pools[pool as usize].scaler.is_none() {
            return;
        }
        let (now, seen) = (self.agenda.now(), self.seen(pool));
        if let Some(scaler) = &mut self.pools[pool as usize].scaler {
            scaler.note(now, seen);
        }
    }

    /// A request waits for a pool: the first replica starts at once where a gateway asks for it.
    pub(super) fn wake(&mut self, pool: u32) {
        let own = &self.pools[pool as usize];
        let at_once = own.scaler.as_ref().is_some_and(|scaler| scaler.wakes_at_once());
        if at_once && own.replicas.is_empty() {
            self.start(pool);
        }
    }

    /// The scaler of a pool will look again, as long as there are requests.
    pub(super) fn look_again(&mut self, pool: u32) {
        let scaler = self.pools[pool as usize].scaler.as_ref();
        if let Some(every) = scaler.and_then(|scaler| scaler.every()) {
            self.agenda.after(every, Event::Look(pool));
        }
    }

    /// A scaler looks at its pool.
    pub(super) fn look(&mut self, pool: u32) {
        if !self.is_open() {
            return;
        }
        let (now, seen) = (self.agenda.now(), self.seen(pool));
        let own = &self.scene.pools[pool as usize];
        let scaler = self.pools[pool as usize].scaler.as_mut().expect("it looks");
        let desired = scaler.desired(now, seen).clamp(own.least, own.most);
        for _ in seen.live..desired {
            self.start(pool);
        }
        for _ in desired..seen.live {
            self.stop_one(pool);
        }
        self.look_again(pool);
    }

    /// Stops the replica of a pool with the fewest requests, the last of those; one that is not
    /// ready goes first.
    fn stop_one(&mut self, pool: u32) {
        let live = |at: &&u32| !self.replicas[**at as usize].is_stopping;
        let load = |at: &&u32| {
            let replica = &self.replicas[**at as usize];
            (replica.is_ready, replica.load(), u32::MAX - **at)
        };
        let own = self.pools[pool as usize].replicas.iter().filter(live).min_by_key(load);
        let Some(at) = own.copied() else { return };
        let replica = &mut self.replicas[at as usize];
        replica.is_stopping = true;
        self.settle(at);
    }
}
