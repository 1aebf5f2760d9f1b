//! How much free GPU the usual pods cannot use.
//!
//! ```text
//! F = Σ over typical pods of weight × what is wasted on the node for that pod
//! ```
//!
//! For a pod that cannot run on a node all that is free is wasted, for another one only the free
//! parts of GPUs that are smaller than what it asks of one GPU (Q. Weng and others: Beware of
//! Fragmentation, USENIX ATC 2023, § 3). Turned around, what is *not* wasted is a sum over GPUs:
//!
//! ```text
//! total × F = total × Σ free − Σ free of a GPU × shares(that free) − 1000 c × wholes(c)
//! ```
//!
//! where `shares(x)` counts the typical pods that ask for a share of at most x, and `wholes(c)`
//! those that ask for at most c whole GPUs where c are unused; of both only those that the node's
//! model and free CPU allow. Counts are kept instead of weights, so F is an integer and two states
//! compare exactly.

use super::ask::{Ask, GpuAsk};
use super::fleet::Fleet;
use super::pods::Pods;
use super::state::Free;

/// The typical pods: the most frequent shapes make up this part of all.
const TYPICAL_PERCENT: usize = 95;

/// The typical pods of a trace, as tables of what they can use.
#[derive(Clone, Debug)]
pub struct Fragmentation {
    /// How many pods the counts count.
    total: i64,
    /// The CPU requests of typical pods in ascending order [thousandths of a core].
    cpu: Vec<u32>,
    /// For each part of a GPU, how many different shares are at most that.
    rank: Vec<u8>,
    shares: Table,
    wholes: Table,
}

/// Counts of pods by model, CPU and a rank.
#[derive(Clone, Debug)]
struct Table {
    ranks: usize,
    steps: usize,
    counts: Vec<i64>,
}

impl Table {
    #[inline]
    fn row(&self, model: u8, step: usize) -> &[i64] {
        let begin = (usize::from(model) * self.steps + step) * self.ranks;
        &self.counts[begin..begin + self.ranks]
    }

    /// The table of `(ask, rank, count)`: the count is in every row of a model that the ask allows
    /// and of at least its CPU, from its rank on.
    fn new(models: usize, cpu: &[u32], ranks: usize, pods: &[(Ask, usize, i64)]) -> Table {
        let steps = cpu.len() + 1;
        let mut counts = Vec::with_capacity(models * steps * ranks);
        for model in 0..models {
            for step in 0..steps {
                for rank in 0..ranks {
                    let runs = |(ask, lowest, _): &&(Ask, usize, i64)| {
                        let cpu = step > 0 && ask.cpu <= cpu[step - 1];
                        cpu && ask.models.has(model as u8) && *lowest <= rank
                    };
                    counts.push(pods.iter().filter(runs).map(|(.., count)| count).sum());
                }
            }
        }
        Table { ranks, steps, counts }
    }
}

impl Fragmentation {
    /// The typical pods of a trace.
    pub fn new(fleet: &Fleet, trace: &Pods) -> Fragmentation {
        let pods = typical(trace);
        let total = pods.iter().map(|(_, count)| count).sum();
        let mut cpu: Vec<u32> = pods.iter().map(|(ask, _)| ask.cpu).collect();
        cpu.sort_unstable();
        cpu.dedup();
        let mut sizes: Vec<u16> = pods.iter().filter_map(|(ask, _)| share(ask)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let rank = (0..=1000u16).map(|left| sizes.partition_point(|size| *size <= left) as u8);
        let rank: Vec<u8> = rank.collect();
        let shares = pods.iter().filter_map(|(ask, count)| {
            Some((*ask, usize::from(rank[usize::from(share(ask)?)]), *count))
        });
        let wholes = pods.iter().filter_map(|(ask, count)| match ask.gpu {
            GpuAsk::Whole(gpus) => Some((*ask, usize::from(gpus), *count)),
            GpuAsk::None | GpuAsk::Share(_) => None,
        });
        let (shares, wholes): (Vec<_>, Vec<_>) = (shares.collect(), wholes.collect());
        let gpus_max = fleet.nodes().iter().map(|node| node.gpus).max().unwrap_or(0);
        let models = fleet.models().len();
        Fragmentation {
            total,
            shares: Table::new(models, &cpu, sizes.len() + 1, &shares),
            wholes: Table::new(models, &cpu, usize::from(gpus_max) + 1, &wholes),
            cpu,
            rank,
        }
    }

    /// What the typical pods cannot use of a node's free GPU [thousandths of one].
    pub fn of(&self, free: &Free<'_>) -> f64 {
        self.counted(free) as f64 / self.total as f64
    }

    /// The same, times the number of typical pods.
    pub(super) fn counted(&self, free: &Free<'_>) -> i64 {
        let (rows, whole) = (self.rows(free, free.cpu), free.whole_gpus());
        let used: i64 = free.gpus.iter().map(|&left| rows.share(left)).sum();
        self.total * free.gpu_milli() as i64 - used - rows.whole(whole)
    }

    /// The GPU by which F rises least when a pod takes `milli` of it, the first of several, and by
    /// how much it rises, times the number of typical pods.
    pub(super) fn least_rise(&self, free: &Free<'_>, ask: &Ask, milli: u16) -> (u16, i64) {
        let enough = (0u16..).zip(free.gpus).filter(|(_, left)| **left >= milli);
        let (rows, whole) = (self.rows(free, free.cpu - ask.cpu), free.whole_gpus());
        let base = self.moved(free, ask) - self.total * i64::from(milli);
        let rises = enough.map(|(gpu, &left)| (gpu, rows.taken(milli, left, whole)));
        let (gpu, least) = rises.min_by_key(|(_, rise)| *rise).expect("a pod fits");
        (gpu, base + least)
    }

    /// The rise when a pod takes so many whole GPUs, or none.
    pub(super) fn rise_of_whole(&self, free: &Free<'_>, ask: &Ask, count: u16) -> i64 {
        let (rows, whole) = (self.rows(free, free.cpu - ask.cpu), free.whole_gpus());
        let shares = i64::from(count) * rows.share(1000);
        let wholes = rows.whole(whole) - rows.whole(whole - count);
        self.moved(free, ask) - self.total * 1000 * i64::from(count) + shares + wholes
    }

    /// How many pods the counts count.
    pub(super) fn total(&self) -> i64 {
        self.total
    }

    /// By how much F rises since the CPU that a pod takes is gone.
    fn moved(&self, free: &Free<'_>, ask: &Ask) -> i64 {
        let (before, after) = (self.step(free.cpu), self.step(free.cpu - ask.cpu));
        if before == after {
            return 0;
        }
        let whole = free.whole_gpus();
        let used = |step| {
            let rows = self.at(free, step);
            free.gpus.iter().map(|&left| rows.share(left)).sum::<i64>() + rows.whole(whole)
        };
        used(before) - used(after)
    }

    #[inline]
    fn rows(&self, free: &Free<'_>, cpu: u32) -> Rows<'_> {
        self.at(free, self.step(cpu))
    }

    #[inline]
    fn at(&self, free: &Free<'_>, step: usize) -> Rows<'_> {
        let model = free.node.model;
        let (shares, wholes) = (self.shares.row(model, step), self.wholes.row(model, step));
        Rows { rank: &self.rank, shares, wholes }
    }

    #[inline]
    fn step(&self, cpu: u32) -> usize {
        self.cpu.partition_point(|asked| *asked <= cpu)
    }
}

/// The rows of both tables for a model and what CPU is free.
struct Rows<'a> {
    rank: &'a [u8],
    shares: &'a [i64],
    wholes: &'a [i64],
}

impl Rows<'_> {
    /// What pods that share can use of a GPU.
    #[inline]
    fn share(&self, left: u16) -> i64 {
        i64::from(left) * self.shares[usize::from(self.rank[usize::from(left)])]
    }

    /// What pods of whole GPUs can use of so many.
    #[inline]
    fn whole(&self, count: u16) -> i64 {
        1000 * i64::from(count) * self.wholes[usize::from(count)]
    }

    /// What they can use less of when `milli` of what is `left` of a GPU is taken.
    #[inline]
    fn taken(&self, milli: u16, left: u16, whole: u16) -> i64 {
        let shares = self.share(left) - self.share(left - milli);
        match left {
            1000 => shares + self.whole(whole) - self.whole(whole - 1),
            _ => shares,
        }
    }
}

fn share(ask: &Ask) -> Option<u16> {
    match ask.gpu {
        GpuAsk::Share(milli) => Some(milli),
        GpuAsk::None | GpuAsk::Whole(_) => None,
    }
}

/// The most frequent shapes, which together make up [`TYPICAL_PERCENT`] of the pods, with how many
/// pods have each; of shapes that are as frequent, the one that appears first. Memory is no part of
/// a shape.
fn typical(trace: &Pods) -> Vec<(Ask, i64)> {
    let mut counts: Vec<(Ask, i64)> = Vec::new();
    let mut places = vec![None; trace.shapes().len()];
    for &shape in trace.shape_of_each() {
        let place = places[shape as usize].get_or_insert_with(|| {
            let ask = Ask { memory: 0, ..trace.shapes()[shape as usize] };
            let known = counts.iter().position(|(known, _)| *known == ask);
            known.unwrap_or_else(|| {
                counts.push((ask, 0));
                counts.len() - 1
            })
        });
        counts[*place].1 += 1;
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let pods = trace.count();
    let mut sum = 0;
    let enough = counts.iter().position(|(_, count)| {
        sum += *count as usize;
        100 * sum >= TYPICAL_PERCENT * pods
    });
    counts.truncate(enough.map_or(0, |last| last + 1));
    counts
}
