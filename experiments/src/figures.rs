//! Four figures of every transfer of every point, which is as much of a sweep as is in memory at
//! once: what stands beside what, along an axis.

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan};

/// The figures of all finished transfers, in the order of the plan.
pub(crate) struct Figures {
    /// How many transfers a point has.
    transfers: usize,
    points: Vec<u32>,
    /// Goodput, rate sent, loss and completion, of means; a result that never arrives whole takes
    /// no time.
    rows: Vec<[f64; 4]>,
}

/// A row, and the group of those that differ from it on one axis alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    /// The place without the axis, and the transfer.
    pub(crate) group: (u32, u32),
    /// Which row.
    pub(crate) at: usize,
}

impl Figures {
    /// None yet, of the transfers of an experiment.
    pub(crate) fn new(experiment: &Experiment) -> Figures {
        Figures { transfers: experiment.transfers.len(), points: Vec::new(), rows: Vec::new() }
    }

    /// Makes room for those of so many points.
    pub(crate) fn reserve(&mut self, points: usize) {
        self.points.reserve_exact(points);
        self.rows.reserve_exact(points * self.transfers);
    }

    /// Adds those of a point behind the others.
    pub(crate) fn add(&mut self, point: usize, digests: &[Digest]) {
        self.points.push(point as u32);
        self.rows.extend(digests.iter().map(|digest| {
            let completion = digest.completion_s.as_ref().map_or(0.0, |estimate| estimate.mean);
            let [goodput, sent, loss] =
                [digest.goodput_bit_s, digest.sent_bit_s, digest.loss_ratio].map(|one| one.mean);
            [goodput, sent, loss, completion]
        }));
    }

    /// The point and the transfer of a row.
    pub(crate) fn of(&self, row: usize) -> (usize, usize) {
        (self.points[row / self.transfers] as usize, row % self.transfers)
    }

    /// The mean goodput of a row \[bit/s\].
    pub(crate) fn goodput_bit_s(&self, row: usize) -> f64 {
        self.rows[row][0]
    }

    /// All four figures of a row.
    pub(crate) fn all(&self, row: usize) -> [f64; 4] {
        self.rows[row]
    }

    /// The rows that count, those next to each other that differ on the axis `number` alone.
    pub(crate) fn grouped(
        &self,
        plan: &Plan,
        number: usize,
        counts: &dyn Fn(usize) -> bool,
    ) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for at in (0..self.rows.len()).filter(|at| counts(*at)) {
            let (point, transfer) = self.of(at);
            rows.push(Row { group: (plan.without(point, number) as u32, transfer as u32), at });
        }
        rows.sort_unstable();
        rows
    }
}
