//! Placements in points of percent: how far predictions are off, and whether they rank policies.

use serde::Serialize;

/// Policies of one state that differ by more than this are ranked [points of percent].
const RANKED_FROM: f64 = 0.5;

/// A row of placements, measured and predicted \[percent\].
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The workload.
    pub workload: String,
    /// The policy.
    pub policy: String,
    /// What had arrived.
    pub arrived_percent: String,
    /// What was allocated.
    pub allocated: (f64, f64),
    /// What was fragmented of the rest, if the table says.
    pub fragmented: Option<(f64, f64)>,
}

impl Placed {
    fn off(&self) -> f64 {
        (self.allocated.1 - self.allocated.0).abs()
    }
}

/// How well placements are predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Points {
    /// The mean absolute difference of what is allocated [points of percent].
    pub mean_abs_points: f64,
    /// The largest one.
    pub worst_abs_points: f64,
    /// The row that has it.
    pub worst_row: String,
    /// Pairs of policies that differ by more than half a point in one state.
    pub pairs: usize,
    /// Those of them that are predicted the right way round.
    pub pairs_ranked_right: usize,
    /// The mean absolute difference of what is fragmented [points of percent].
    pub mean_abs_fragmented_points: Option<f64>,
}

impl Points {
    /// Judges rows; none if there are none.
    pub fn of(rows: &[Placed]) -> Option<Points> {
        let worst = rows.iter().max_by(|a, b| a.off().total_cmp(&b.off()))?;
        let mut ranked = (0, 0);
        for (at, one) in rows.iter().enumerate() {
            let same = |other: &&Placed| {
                other.workload == one.workload && other.arrived_percent == one.arrived_percent
            };
            for other in rows[at + 1..].iter().filter(same) {
                let measured = one.allocated.0 - other.allocated.0;
                let predicted = one.allocated.1 - other.allocated.1;
                if measured.abs() > RANKED_FROM {
                    ranked.0 += 1;
                    ranked.1 += usize::from(measured * predicted > 0.0);
                }
            }
        }
        let off = |(measured, predicted): (f64, f64)| (predicted - measured).abs();
        let fragmented: Vec<f64> = rows.iter().filter_map(|row| row.fragmented).map(off).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let all: Vec<f64> = rows.iter().map(Placed::off).collect();
        Some(Points {
            mean_abs_points: mean(&all),
            worst_abs_points: worst.off(),
            worst_row: [&*worst.workload, &worst.policy, &worst.arrived_percent].join(" "),
            pairs: ranked.0,
            pairs_ranked_right: ranked.1,
            mean_abs_fragmented_points: (!fragmented.is_empty()).then(|| mean(&fragmented)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_ranks_by_hand() {
        let row = |policy: &str, percent: &str, allocated| Placed {
            workload: "default".into(),
            policy: policy.into(),
            arrived_percent: percent.into(),
            allocated,
            fragmented: Some((10.0, 12.0)),
        };
        // At 90 the three differ by 1, 1.4 and 0.4 points, of which 0.4 are too few to count; the
        // first pair is the wrong way round. A row of another state is in no pair.
        let rows = [
            row("a", "90", (80.0, 81.5)),
            row("b", "90", (81.0, 81.2)),
            row("c", "90", (81.4, 81.6)),
            row("a", "100", (95.0, 95.0)),
        ];
        let points = Points::of(&rows).unwrap();
        assert!((points.mean_abs_points - 0.475).abs() < 1e-9, "{points:?}");
        assert!((points.worst_abs_points - 1.5).abs() < 1e-9);
        assert_eq!(points.worst_row, "default a 90");
        assert_eq!((points.pairs, points.pairs_ranked_right), (2, 1));
        assert_eq!(points.mean_abs_fragmented_points, Some(2.0));
        assert_eq!(Points::of(&[]), None);
    }
}
