//! Where the operations of an executor follow each other whatever they cost, so that nobody waits
//! for it.

use std::collections::HashMap;

use super::{Does, Moment, Traced};

/// So many operations are looked at to find out whether one comes after another; where that is not
/// enough, it is taken not to.
const LOOKED_AT_MAX: usize = 256;

impl Traced {
    /// For each operation, whether it has to take an executor that others of its rank may hold.
    pub fn contended(&self) -> Vec<bool> {
        let on = |at: usize| match self.operations[at].does {
            Does::Work { on: Some(on), .. } => Some((self.operations[at].rank, on)),
            _ => None,
        };
        let mut last: HashMap<(u32, u16), usize> = HashMap::new();
        let mut contended: HashMap<(u32, u16), bool> = HashMap::new();
        // In the order in which they are given each comes after those before it, or it is not said.
        for at in 0..self.operations.len() {
            let Some(executor) = on(at) else { continue };
            let follows = last.insert(executor, at).is_none_or(|before| self.follows(at, before));
            *contended.entry(executor).or_default() |= !follows;
        }
        (0..self.operations.len()).map(|at| on(at).is_some_and(|on| contended[&on])).collect()
    }

    /// Whether an operation begins after another of its rank has ended, by what operations need.
    fn follows(&self, at: usize, before: usize) -> bool {
        let (mut open, mut next) = (vec![at], 0);
        while let Some(&operation) = open.get(next).filter(|_| next < LOOKED_AT_MAX) {
            next += 1;
            for need in &self.operations[operation].needs {
                let need_at = need.operation as usize;
                if need.moment == Moment::Ended && need_at == before {
                    return true;
                }
                // What needs a beginning comes after all that comes before that.
                if !open.contains(&need_at) {
                    open.push(need_at);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use sim::Time;

    use super::super::{Kind, Need, Operation};
    use super::*;

    #[test]
    fn operations_that_may_meet_at_an_executor_are_told_from_those_that_cannot() {
        let work = |rank, on, needs: &[u32]| Operation {
            rank,
            does: Does::Work { kind: Kind::Calc, time: Time::from_ns(1), on: Some(on) },
            needs: needs.iter().map(|&need| Need::ended(need)).collect(),
        };
        // A chain over another executor; two that meet; a beginning that is needed, not an end.
        let mut operations = vec![
            work(0, 0, &[]),
            work(0, 1, &[0]),
            work(0, 0, &[1]),
            work(1, 0, &[]),
            work(1, 0, &[]),
            work(2, 0, &[]),
            work(2, 0, &[5]),
        ];
        operations[6].needs[0].moment = Moment::Begun;
        let traced = Traced { ranks: 3, operations };
        assert_eq!(traced.contended(), [false, false, false, true, true, true, true]);
    }
}
