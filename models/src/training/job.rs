//! What is trained.

use sim::Seed;

/// What a rank computes in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compute {
    /// The forward pass \[s\].
    pub forward: f64,
    /// The backward pass \[s\].
    pub backward: f64,
    /// How much longer or shorter it takes from rank to rank and step to step: the standard
    /// deviation of its logarithm.
    pub spread: f64,
}

/// A job of data-parallel training.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Ranks, each of which computes.
    pub ranks: u32,
    /// What each computes.
    pub compute: Compute,
    /// Gradients are reduced in so many parts of one size.
    pub buckets: u32,
    /// Whether they are reduced beside the backward pass, and not after it.
    pub is_overlapped: bool,
    /// How much slower ranks compute while gradients are reduced.
    pub beside: f64,
    /// How many times a step experts exchange tokens, and the part of that which is hidden.
    pub exchanges: u32,
    /// See above.
    pub hidden: f64,
    /// The update of the parameters \[s\].
    pub update: f64,
    /// What a rank does with its data before it can use them \[s\].
    pub prepare: f64,
    /// Steps that are run.
    pub steps: u32,
}

impl Job {
    /// When each bucket is ready on every rank, and when all ranks have computed \[s\], counted
    /// from the beginning of step `step`, were nothing else under way; and what a rank computes on
    /// average.
    ///
    /// Buckets are made evenly over the backward pass.
    pub(super) fn ready(&self, seed: Seed, step: u64) -> (Vec<f64>, f64, f64) {
        let seed = seed.of("training").of("compute");
        let ranks = u64::from(self.ranks);
        let factor = |rank: u64| {
            let normal = sim::stats::normal_quantile(seed.unit(step * ranks + rank));
            libm::exp(self.compute.spread * normal)
        };
        let factors: Vec<f64> = match self.compute.spread > 0.0 {
            true => (0..ranks).map(factor).collect(),
            false => vec![1.0],
        };
        let slowest = factors.iter().copied().fold(0.0, f64::max);
        let mean = factors.iter().sum::<f64>() / factors.len() as f64;
        let Compute { forward, backward, .. } = self.compute;
        let all = slowest * (forward + backward);
        let bucket = |at: u32| {
            let part = f64::from(at + 1) / f64::from(self.buckets.max(1));
            let part = if self.is_overlapped { part } else { 1.0 };
            slowest * (forward + backward * part)
        };
        let ready = (0..self.buckets).map(bucket).collect();
        (ready, all, mean * (forward + backward))
    }
}
