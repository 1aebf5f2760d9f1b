//! The start of a replica: image, imports, weights, compilation, graphs.
//!
//! ```text
//!  fetch ──┬─► unpack (beside: as pieces come) ─► imports ─► weights ─► compile ─► ready
//!          └─► …
//! ```
//!
//! A stage begins when those it comes after have ended, and takes a time, or bytes over a rate.
//! Bytes that several readers fetch come at the readers' rates together or at the store's limit,
//! whichever is less. A stage beside another one begins with it, has its own last piece to do when
//! that one has ended, and never ends earlier.

use sim::Seed;

use crate::function::Duration;

/// What a stage takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// A time, whatever the bytes.
    pub time: Duration,
    /// Bytes \[B\].
    pub bytes: f64,
    /// The most that the store or the device gives, to all readers \[B/s\].
    pub limit: f64,
    /// Readers, and what each of them gets \[B/s\].
    pub readers: (f64, f64),
    /// Pieces (layers, files, tensors, pages), and what each needs besides its bytes \[s\].
    pub pieces: (f64, f64),
    /// The stages that it comes after, by number; each is less than its own.
    pub after: Vec<usize>,
    /// The stage that it runs beside, taking piece by piece what that one has done.
    pub beside: Option<usize>,
}

/// The stages of a start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// In the order of the file; each names only earlier ones.
    pub stages: Vec<Stage>,
}

/// When a stage of one start ran \[s\], counted from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ran {
    /// From when.
    pub from: f64,
    /// Until when.
    pub until: f64,
}

impl Stage {
    /// A stage that takes a time.
    pub fn of_time(name: impl Into<String>, time: Duration, after: Vec<usize>) -> Stage {
        let (bytes, limit, readers) = (0.0, f64::INFINITY, (1.0, f64::INFINITY));
        let (name, beside) = (name.into(), None);
        Stage { name, time, bytes, limit, readers, pieces: (0.0, 0.0), after, beside }
    }

    /// The rate at which its bytes come \[B/s\].
    pub fn rate(&self) -> f64 {
        (self.readers.0 * self.readers.1).min(self.limit)
    }

    /// How long it works alone \[s\], in the start of this number.
    pub fn alone(&self, seed: Seed, number: u64) -> f64 {
        let drawn = self.time.draw(seed.of(&self.name), number);
        let moved = if self.bytes > 0.0 { self.bytes / self.rate() } else { 0.0 };
        drawn + moved + self.pieces.0 * self.pieces.1
    }
}

impl Start {
    /// When each stage runs in the start of this number.
    pub fn run(&self, seed: Seed, number: u64) -> Vec<Ran> {
        let mut all: Vec<Ran> = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let alone = stage.alone(seed, number);
            let after = stage.after.iter().map(|at| all[*at].until).fold(0.0, f64::max);
            all.push(match stage.beside.map(|at| all[at]) {
                None => Ran { from: after, until: after + alone },
                Some(other) => {
                    let from = after.max(other.from);
                    let last = alone / stage.pieces.0.max(1.0);
                    Ran { from, until: (from + alone).max(other.until + last) }
                }
            });
        }
        all
    }

    /// How long the start of this number takes \[s\].
    pub fn takes(&self, seed: Seed, number: u64) -> f64 {
        self.run(seed, number).iter().map(|ran| ran.until).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use sim::Dist;

    use super::*;

    fn time(name: &str, value: f64, after: Vec<usize>) -> Stage {
        Stage::of_time(name, Duration::Dist(Dist::Constant { value }), after)
    }

    #[test]
    fn stages_follow_each_other_and_the_longest_way_rules() {
        let stages = vec![
            time("image", 3.0, vec![]),
            time("weights", 7.0, vec![]),
            time("imports", 2.0, vec![0]),
            time("engine", 1.0, vec![1, 2]),
        ];
        assert_eq!(Start { stages }.takes(Seed::new(1), 0), 8.0);
        assert_eq!(Start::default().takes(Seed::new(1), 0), 0.0);
    }

    /// Readers of a store that is bound by latency: each gets so much, until the disk is the limit.
    #[test]
    fn readers_add_up_to_the_limit() {
        let of = |readers: f64| Stage {
            bytes: 15e9,
            limit: 1e9,
            readers: (readers, 0.33e9),
            ..Stage::of_time("weights", Duration::Nothing, vec![])
        };
        let takes = |readers| of(readers).alone(Seed::new(1), 0);
        assert!((takes(1.0) - 45.45).abs() < 0.01);
        assert!((takes(4.0) - 15.0).abs() < 1e-9);
        assert_eq!(takes(4.0), takes(16.0));
    }

    /// Fourteen layers that are unpacked as they come: the last one is left when all are there.
    #[test]
    fn unpacking_beside_fetching() {
        let fetch = time("fetch", 28.0, vec![]);
        let quick = Stage { pieces: (14.0, 0.0), beside: Some(0), ..time("unpack", 14.0, vec![]) };
        let slow = Stage { time: Duration::Dist(Dist::Constant { value: 42.0 }), ..quick.clone() };
        let takes =
            |unpack: Stage| Start { stages: vec![fetch.clone(), unpack] }.takes(Seed::new(1), 0);
        assert_eq!(takes(quick.clone()), 29.0);
        assert_eq!(takes(slow), 42.0);
        let behind = Stage { beside: None, after: vec![0], ..quick };
        assert_eq!(takes(behind), 42.0);
    }
}
