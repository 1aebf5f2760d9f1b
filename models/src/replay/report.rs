//! What a replay says: when it ends, who was busy with what, and where the time of the longest path
//! went.

use std::collections::BTreeMap;

use serde::Serialize;
use sim::{Bytes, Time};

use super::{Kind, Traced};
use crate::outcome::Interval;

/// What became of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// From the first operation's beginning to the last one's end \[ps\].
    pub completion: Time,
    /// Every rank, in order.
    pub ranks: Vec<RankReport>,
    /// Every kind of operation that there is.
    pub kinds: Vec<KindReport>,
    /// The path that decides when it ends, by where its time passes and why; sums to the
    /// completion.
    pub path: Vec<Interval>,
    /// The part of the time that each link was busy, those that were used, busiest first.
    pub links: Vec<(String, f64)>,
    /// Steps of the plan.
    pub steps: usize,
    /// When each operation began and ended.
    #[serde(skip)]
    pub spans: Vec<[Time; 2]>,
}

/// What a rank did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankReport {
    /// Where it is.
    pub place: String,
    /// When its last operation ended \[ps\].
    pub end: Time,
    /// The time of its operations by kind; they may overlap.
    pub kinds: Vec<KindReport>,
}

/// Operations of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KindReport {
    /// The kind.
    pub kind: Kind,
    /// How many.
    pub operations: u64,
    /// What they moved.
    pub bytes: Bytes,
    /// The sum of their times from beginning to end \[ps\].
    pub time: Time,
}

/// Sums by rank and by kind.
pub(super) fn sums(
    traced: &Traced,
    places: &[String],
    spans: &[[Time; 2]],
) -> (Vec<RankReport>, Vec<KindReport>) {
    let mut ends = vec![Time::ZERO; traced.ranks as usize];
    let mut of_rank: Vec<BTreeMap<Kind, KindReport>> = vec![BTreeMap::new(); ends.len()];
    let mut whole: BTreeMap<Kind, KindReport> = BTreeMap::new();
    for (operation, [begin, end]) in traced.operations.iter().zip(spans) {
        let (rank, kind) = (operation.rank as usize, operation.does.kind());
        ends[rank] = ends[rank].max(*end);
        for sums in [&mut of_rank[rank], &mut whole] {
            let none = KindReport { kind, operations: 0, bytes: Bytes::ZERO, time: Time::ZERO };
            let sum = sums.entry(kind).or_insert(none);
            sum.operations += 1;
            let bytes = operation.does.bytes().get();
            sum.bytes = Bytes::new(sum.bytes.get().saturating_add(bytes));
            sum.time += end.saturating_sub(*begin);
        }
    }
    let told = |(place, (end, kinds)): (&String, (Time, BTreeMap<Kind, KindReport>))| RankReport {
        place: place.clone(),
        end,
        kinds: kinds.into_values().collect(),
    };
    let ranks = places.iter().zip(ends.into_iter().zip(of_rank)).map(told).collect();
    (ranks, whole.into_values().collect())
}
