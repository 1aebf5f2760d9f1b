//! Which points figures and report are made of: all of them, or of very many a part.
//!
//! A figure of more marks than dots tells nothing that some thousand rows do not tell. What is left
//! out stands in the tables, and every figure says that something was.

use std::collections::{BTreeMap, HashSet};

use super::words;

/// A run with more summaries than this shows a part of them.
pub const ROWS_MAX: usize = 4_000;
/// So many rows are that part, about.
const ROWS_SHOWN: usize = 2_000;

/// The points that are shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Their numbers; none if all are.
    some: Option<HashSet<usize>>,
    /// How many there are.
    all: usize,
}

/// What decides whether a point is shown.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The number of the point.
    pub number: usize,
    /// That of its topology.
    pub topology: usize,
    /// Its largest message \[B\].
    pub message_b: u64,
}

impl Shown {
    /// All of so many points.
    pub fn all(points: usize) -> Shown {
        Shown { some: None, all: points }
    }

    /// Of points in the order of the plan, with more than [`ROWS_MAX`] summaries, those that are
    /// shown.
    pub fn among(points: &[Spot], rows: usize) -> Shown {
        let all = points.len();
        if rows <= ROWS_MAX {
            return Shown::all(all);
        }
        let wanted = (ROWS_SHOWN * all / rows).max(1);
        // The largest messages are what figures speak of first, unless nearly all are as large.
        let mut largest: BTreeMap<usize, u64> = BTreeMap::new();
        for point in points {
            let most = largest.entry(point.topology).or_default();
            *most = point.message_b.max(*most);
        }
        let is_largest = |point: &&Spot| largest[&point.topology] == point.message_b;
        let few = points.iter().filter(is_largest).count() <= wanted;
        let part = wanted as f64 / all as f64;
        let shown = points
            .iter()
            .enumerate()
            .filter(|(at, point)| (few && is_largest(point)) || spread(*at) < part);
        let some: HashSet<usize> = shown.map(|(_, point)| point.number).collect();
        Shown { some: Some(some).filter(|some| some.len() < all), all }
    }

    /// Whether a point is shown.
    pub fn holds(&self, point: usize) -> bool {
        self.some.as_ref().is_none_or(|some| some.contains(&point))
    }

    /// Whether all points are.
    pub fn is_all(&self) -> bool {
        self.some.is_none()
    }

    /// What a reader must know of it; nothing where all points are shown.
    pub fn told(&self) -> Option<String> {
        let some = self.some.as_ref()?;
        Some(format!(
            "Of {}, {} are shown, spread evenly over all settings.",
            words::count(self.all, "point"),
            some.len()
        ))
    }
}

/// A place in [0, 1) for each number, such that any run of numbers is spread evenly, and so are
/// those that are as far apart as the steps of an axis: multiples of the golden ratio (D. Knuth,
/// *Sorting and Searching*, 1998, section 6.4).
fn spread(at: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    (at as f64 * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a cross of topologies and sizes, the sizes counting fastest.
    fn points(topologies: usize, sizes: usize) -> Vec<Spot> {
        let all = (0..topologies * sizes).map(|number| Spot {
            number,
            topology: number / sizes,
            message_b: (1 + number % sizes) as u64,
        });
        all.collect()
    }

    #[test]
    fn all_of_few_points_are_shown_and_some_thousand_rows_of_many() {
        let few = points(10, 400);
        let shown = Shown::among(&few, few.len());
        assert!(few.iter().all(|point| shown.holds(point.number)) && shown.told().is_none());
        for (topologies, sizes) in [(10, 1_000), (100, 1_000), (3, 2_000)] {
            let many = points(topologies, sizes);
            let shown = Shown::among(&many, many.len());
            let kept: Vec<&Spot> = many.iter().filter(|p| shown.holds(p.number)).collect();
            assert!((1_900..=2_200).contains(&kept.len()), "{} are shown", kept.len());
            // Each topology has its part, and its largest message.
            for topology in 0..topologies {
                let own: Vec<_> = kept.iter().filter(|p| p.topology == topology).collect();
                let even = 2_000 / topologies;
                assert!((even / 2..=even * 2).contains(&own.len()), "{topology}: {}", own.len());
                assert!(own.iter().any(|point| point.message_b == sizes as u64), "{topology}");
            }
            assert!(shown.told().unwrap().contains(&kept.len().to_string()));
        }
    }

    #[test]
    fn no_step_of_an_axis_is_left_out() {
        let many = points(1, 20_000);
        let shown = Shown::among(&many, many.len());
        for axis in [2, 3, 5, 7, 10, 12, 16, 20, 50] {
            for step in 0..axis {
                let own = many.iter().filter(|point| point.number % axis == step);
                let kept = own.filter(|point| shown.holds(point.number)).count();
                let even = 2_000 / axis;
                assert!((even / 2..=even * 2).contains(&kept), "{kept} of step {step} of {axis}");
            }
        }
    }
}
