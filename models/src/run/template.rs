//! A plan laid out for its runs: what each firing does, how many it waits for and which it lets go
//! on, in flat arrays, so that a run looks nothing up.
//!
//! Where no life is kept, waits in a row are one:
//!
//! ```text
//!  move ─► wait 2 us ─► wait 10 us ─► wait 0 ─► move     becomes     move ─► wait 12 us ─► move
//! ```

use sim::Time;

use crate::plan::{BASE, Op, Plan};

/// What a firing does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Firing {
    pub(super) op: Op,
    /// The step and the iteration that it is.
    pub(super) step: u32,
    pub(super) i: u32,
    /// The chance that decides whether it happens, and the amount that its wait lasts.
    pub(super) only_if: Option<u32>,
    pub(super) drawn: Option<u32>,
    /// Those that it lets go on: from `behind` on at its end, and from `landed` on at its arrival.
    behind: u32,
    landed: u32,
    end: u32,
}

/// A plan, laid out for its runs.
pub(super) struct Template<'a> {
    pub(super) plan: &'a Plan,
    pub(super) firings: Vec<Firing>,
    /// For each firing, how many it waits for.
    pub(super) need: Vec<u32>,
    behind: Vec<u32>,
    /// The firings that wait for none.
    pub(super) heads: Vec<u32>,
    /// How many firings a run has.
    pub(super) open: u32,
    /// Slots of runs that have ended.
    pub(super) free: Vec<u32>,
}

impl<'a> Template<'a> {
    /// `whole`: whether each firing of the plan is told one by one.
    pub(super) fn new(plan: &'a Plan, whole: bool) -> Template<'a> {
        let mut firings = Vec::with_capacity(plan.len());
        let mut behind: Vec<u32> = Vec::with_capacity(2 * plan.len());
        for (at, step) in (0..).zip(&plan.steps) {
            for i in 0..step.count {
                let bounds = [false, true].map(|arrival| {
                    let first = behind.len() as u32;
                    let own = plan.behind(at, i).filter(|(_, landed)| *landed == arrival);
                    own.for_each(|(firings, _)| behind.extend(firings));
                    first
                });
                firings.push(Firing {
                    op: plan.phase(step.phase(i), BASE).op,
                    step: at,
                    i,
                    only_if: step.only_if,
                    drawn: step.drawn,
                    behind: bounds[0],
                    landed: bounds[1],
                    end: behind.len() as u32,
                });
            }
        }
        let mut need = vec![0; firings.len()];
        behind.iter().for_each(|&firing| need[firing as usize] += 1);
        let heads = (0..).zip(&need).filter(|(_, need)| **need == 0).map(|(at, _)| at).collect();
        let open = firings.len() as u32;
        let free = Vec::new();
        let mut template = Template { plan, firings, need, behind, heads, open, free };
        if !whole {
            template.merge();
        }
        template
    }

    /// Merges each wait with what alone waits for it alone: another wait, or, if it takes no time,
    /// whatever that does.
    fn merge(&mut self) {
        let mut merged = vec![false; self.firings.len()];
        for at in 0..self.firings.len() {
            while let (false, Some(next)) = (merged[at], self.merged(at)) {
                let behind = self.behind_all(at)[0] as usize;
                merged[behind] = true;
                self.firings[at] = next;
                self.open -= 1;
            }
        }
    }

    /// A firing with the one behind it, if they can be one.
    fn merged(&self, at: usize) -> Option<Firing> {
        let one = self.firings[at];
        let (Op::Wait(first), None, &[behind]) = (one.op, one.drawn, self.behind_all(at)) else {
            return None;
        };
        let next = self.firings[behind as usize];
        if self.need[behind as usize] != 1 || next.only_if != one.only_if {
            return None;
        }
        match next.op {
            Op::Wait(second) if next.drawn.is_none() => {
                Some(Firing { op: Op::Wait(first + second), ..next })
            }
            _ => (first == Time::ZERO).then_some(next),
        }
    }

    fn behind_all(&self, at: usize) -> &[u32] {
        let firing = &self.firings[at];
        &self.behind[firing.behind as usize..firing.end as usize]
    }

    /// Those that a firing lets go on at its end, and those at its arrival.
    pub(super) fn behind(&self, firing: &Firing) -> [&[u32]; 2] {
        let Firing { behind, landed, end, .. } = *firing;
        let range = |from: u32, to: u32| &self.behind[from as usize..to as usize];
        [range(behind, landed), range(landed, end)]
    }
}

#[cfg(test)]
mod tests {
    use petgraph::graph::NodeIndex;
    use proptest::prelude::*;

    use super::super::super::plan::{Book, Draft, Link};
    use super::*;

    /// Steps that wait for so many nanoseconds, each after some of those before it.
    fn plan(steps: &[(u64, Vec<usize>)]) -> Plan {
        let mut draft = Draft::new(1);
        let mut nodes: Vec<NodeIndex> = Vec::new();
        for (ns, after) in steps {
            let mut after: Vec<usize> =
                after.iter().filter(|_| !nodes.is_empty()).map(|at| at % nodes.len()).collect();
            after.sort_unstable();
            after.dedup();
            let after: Vec<_> = after.iter().map(|&at| (nodes[at], Link::default())).collect();
            nodes.push(draft.once(Op::Wait(Time::from_ns(*ns)), Book::Nobody, &after));
        }
        draft.freeze().unwrap()
    }

    /// When the last firing of a run ends, and how many there were.
    fn ran(template: &Template<'_>) -> (Time, u32) {
        let mut missing = template.need.clone();
        let mut begin = vec![Time::ZERO; missing.len()];
        let (mut open, mut last, mut fired) = (template.heads.clone(), Time::ZERO, 0);
        while let Some(at) = open.pop() {
            let firing = template.firings[at as usize];
            let Op::Wait(time) = firing.op else { panic!("all of them wait") };
            let end = begin[at as usize] + time;
            (last, fired) = (last.max(end), fired + 1);
            for &next in template.behind(&firing).into_iter().flatten() {
                begin[next as usize] = begin[next as usize].max(end);
                missing[next as usize] -= 1;
                if missing[next as usize] == 0 {
                    open.push(next);
                }
            }
        }
        (last, fired)
    }

    #[test]
    fn waits_in_a_row_are_one_and_a_join_stays() {
        // 0 → 1 → 2 is a row; 3 joins it with 4, which waits for nobody.
        let rows = [(2, vec![]), (10, vec![0]), (0, vec![1]), (5, vec![2, 2]), (1, vec![])];
        let mut steps = rows.to_vec();
        steps.swap(3, 4);
        steps[4].1 = vec![2, 3];
        let plan = plan(&steps);
        let (whole, merged) = (Template::new(&plan, true), Template::new(&plan, false));
        assert_eq!(ran(&whole), (Time::from_ns(17), 5));
        assert_eq!(ran(&merged), (Time::from_ns(17), 3));
        assert_eq!(merged.open, 3);
    }

    fn any_steps() -> impl Strategy<Value = Vec<(u64, Vec<usize>)>> {
        prop::collection::vec((0u64..3, prop::collection::vec(0usize..16, 0..3)), 1..16)
    }

    proptest! {
        #[test]
        fn merged_waits_end_when_they_did(steps in any_steps()) {
            let plan = plan(&steps);
            let (whole, merged) = (Template::new(&plan, true), Template::new(&plan, false));
            prop_assert_eq!(ran(&whole).0, ran(&merged).0);
            prop_assert_eq!(ran(&whole).1, plan.len() as u32);
            prop_assert_eq!(ran(&merged).1, merged.open);
        }
    }
}
