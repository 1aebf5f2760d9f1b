//! When a brief plan ends and how much of that counts, without the life of its firings.
//!
//! The account of a plan goes back along the path that decides when it ends. Here the time that
//! counts is carried forward along the same path, so nothing has to be kept of firings that nobody
//! waits for any more.
//!
//! Chunks soon go alike: a pipeline is a max-plus linear system, `x(i) = A ⊗ x(i − 1)`, and such a
//! system becomes periodic, `x(i + p) = d + x(i)` (F. Baccelli et al., *Synchronization and
//! Linearity*, 1992, theorem 3.112). Times are whole picoseconds and all chunks but the first and
//! the last take equally long, so once a whole state has come again a span later, it will come
//! again to the picosecond: the chunks up to the last are a multiplication.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use sim::Time;

use super::{Client, Reader};
use crate::plan::{BASE, Book, Op, PhaseId, Plan};

/// The longest period that is looked for: pools and buffers of up to as many slots give it.
const PERIOD_MAX: u32 = 4;
/// So many chunks back a step may wait for another, that periods are looked for.
const LAG_MAX: u32 = 16;
/// Loops of fewer chunks are over before a period could pay.
const LOOP_MIN: u32 = 16;

/// When a plan ends, and the time on its path that counts against the goodput.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) ended: Time,
    pub(crate) counted: Time,
}

/// What a firing leaves to those that wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    end: Time,
    /// The time that counts on the path up to here.
    counted: Time,
    /// Whether what the last firing of the plan waits longer would count, if this were it.
    waits_count: bool,
}

const NOTHING_YET: Mark = Mark { end: Time::ZERO, counted: Time::ZERO, waits_count: false };

/// The plan of `reader` in its own place; none if it is not brief, or loses datagrams: then its
/// life has to be told.
pub(super) fn ends(reader: &Reader<'_>, of: usize) -> Option<Ends> {
    let plan = reader.plan(of);
    if !plan.is_brief || reader.lane != BASE || plan.demands(BASE).any(|d| d.is_lossy()) {
        return None;
    }
    let loops = loops(plan)?;
    let mut walk = Walk::new(reader, of, plan)?;
    for steps in loops {
        walk.run(steps);
    }
    let last = walk.last()?;
    let slack = reader.slack(plan, last.end).map_or(Time::ZERO, |(_, slack)| slack);
    let counted = if last.waits_count { last.counted + slack } else { last.counted };
    Some(Ends { ended: last.end + slack, counted })
}

/// Steps of one count that stand together; none if loops of equally many chunks stand apart and
/// one waits for the other chunk by chunk.
fn loops(plan: &Plan) -> Option<Vec<Range<usize>>> {
    let steps = &plan.steps;
    let mut loops: Vec<Range<usize>> = Vec::new();
    for at in 0..steps.len() {
        match loops.last_mut() {
            Some(own) if steps[own.start].count == steps[at].count => own.end = at + 1,
            _ => loops.push(at..at + 1),
        }
    }
    let is_apart = |own: &Range<usize>| {
        let count = steps[own.start].count;
        let mut edges = own.clone().flat_map(|at| plan.into(at as u32));
        count > 1
            && edges.any(|edge| {
                steps[edge.step as usize].count == count && !own.contains(&(edge.step as usize))
            })
    };
    (!loops.iter().any(is_apart)).then_some(loops)
}

/// What a step has left so far.
struct Left {
    /// Of its last firings, by iteration modulo their number.
    recent: Vec<Mark>,
    /// The first of those that ended last, and the last of them.
    first_last: Option<Mark>,
    last: Option<Mark>,
}

impl Left {
    fn at(&self, i: u32) -> Mark {
        self.recent[i as usize % self.recent.len()]
    }

    fn note(&mut self, i: u32, mark: Mark) {
        let slots = self.recent.len();
        self.recent[i as usize % slots] = mark;
        self.offer(mark);
    }

    fn offer(&mut self, mark: Mark) {
        if self.first_last.is_none_or(|first| mark.end > first.end) {
            self.first_last = Some(mark);
        }
        if self.last.is_none_or(|last| mark.end >= last.end) {
            self.last = Some(mark);
        }
    }
}

/// A pool as the plan itself takes of it: the firings that gave it back, and how often it was
/// taken.
#[derive(Default)]
struct Taken {
    given: Vec<Mark>,
    taken: usize,
}

/// What a phase takes, and whether its time counts; nothing is booked of what has no booking.
#[derive(Clone, Copy)]
struct Takes {
    time: Time,
    booked: Option<bool>,
}

struct Walk<'a> {
    reader: &'a Reader<'a>,
    of: usize,
    plan: &'a Plan,
    steps: Vec<Left>,
    takes: Vec<Option<Takes>>,
    turns: HashMap<Client, f64>,
    pools: BTreeMap<usize, Taken>,
    /// For each iteration of the loop under way, what pools had been given and taken after it.
    pooled: Vec<Vec<(usize, usize)>>,
}

impl<'a> Walk<'a> {
    /// None if some phase is booked to what counts and to what does not.
    fn new(reader: &'a Reader<'a>, of: usize, plan: &'a Plan) -> Option<Walk<'a>> {
        let slots = |at: usize| match plan.steps[at].count {
            1 => 1,
            count => {
                let lags = |edges: &[crate::plan::Edge]| edges.iter().map(|e| e.lag).max();
                let own = lags(plan.out(at as u32)).unwrap_or(0);
                (own.min(count) + LAG_MAX + PERIOD_MAX + 1) as usize
            }
        };
        let left =
            |at: usize| Left { recent: vec![NOTHING_YET; slots(at)], first_last: None, last: None };
        let counts = |row: u32| plan.rows[row as usize].counts;
        let is_mixed =
            (0..plan.phases() as u32).any(|phase| match plan.phase(PhaseId(phase), BASE).book {
                Book::Parts { first, count } => {
                    let parts = plan.shares(first, count);
                    parts.iter().any(|part| counts(part.0) != counts(parts[0].0))
                }
                Book::Nobody | Book::Streaming(_) => false,
            });
        (!is_mixed).then(|| Walk {
            reader,
            of,
            plan,
            steps: (0..plan.steps.len()).map(left).collect(),
            takes: vec![None; plan.phases()],
            turns: HashMap::new(),
            pools: BTreeMap::new(),
            pooled: Vec::new(),
        })
    }

    fn run(&mut self, steps: Range<usize>) {
        let count = self.plan.steps[steps.start].count;
        self.pooled.clear();
        let mut edges = steps.clone().flat_map(|at| self.plan.into(at as u32));
        let lag = edges.try_fold(0, |most, edge| {
            let within = self.plan.steps[edge.step as usize].count == count;
            let lag = if within { edge.lag } else { 0 };
            (lag <= LAG_MAX).then_some(lag.max(most))
        });
        let mut looks = lag.filter(|_| count >= LOOP_MIN);
        let mut i = 0;
        while i < count {
            steps.clone().for_each(|step| self.fire(step as u32, i));
            if let Some(lag) = looks {
                self.pooled.push(self.pools.values().map(|p| (p.given.len(), p.taken)).collect());
                if let Some((period, by)) = self.period(&steps, i, lag.max(1)) {
                    let rounds = (count - 2).saturating_sub(i) / period;
                    self.skip(&steps, i, period, by, u64::from(rounds));
                    self.shift(&steps, i, rounds * period);
                    i += rounds * period;
                    looks = None;
                }
            }
            i += 1;
        }
    }

    fn fire(&mut self, step: u32, i: u32) {
        let plan = self.plan;
        let mut by: Option<Mark> = None;
        let mut meet = |mark: Mark| {
            if by.is_none_or(|known| mark.end > known.end) {
                by = Some(mark);
            }
        };
        let count = plan.steps[step as usize].count;
        for edge in plan.into(step) {
            let theirs = &self.steps[edge.step as usize];
            if plan.steps[edge.step as usize].count == count {
                if let Some(at) = i.checked_sub(edge.lag) {
                    meet(theirs.at(at));
                }
            } else {
                meet(theirs.first_last.expect("a loop is over before what waits for all of it"));
            }
        }
        let phase = plan.steps[step as usize].phase(i);
        let Takes { time, booked } = self.takes(phase);
        let before = by.unwrap_or(NOTHING_YET);
        let end = before.end + time;
        let span = end.saturating_sub(before.end);
        let mut mark = match booked {
            Some(counts) => Mark {
                end,
                counted: if counts { before.counted + span } else { before.counted },
                waits_count: counts,
            },
            // What nobody books and what takes no time is not where a plan ends.
            None if by.is_some() && before.end >= end => before,
            None => Mark { end, counted: before.counted, waits_count: false },
        };
        match plan.phase(phase, BASE).op {
            Op::Acquire(pool) => {
                let slots = self.reader.resources.pools[pool.0] as usize;
                let Taken { given, taken } = self.pools.entry(pool.0).or_default();
                *taken += 1;
                let by = taken.checked_sub(slots + 1).and_then(|at| given.get(at)).copied();
                if let Some(by) = by.filter(|by| by.end > before.end) {
                    // Whoever gave it back let this one in.
                    let end = by.end + time;
                    mark = Mark { end, counted: by.counted, waits_count: false };
                }
            }
            Op::Release(pool) => self.pools.entry(pool.0).or_default().given.push(mark),
            Op::Wait(_) | Op::Move(_) | Op::Turn { .. } => {}
        }
        self.steps[step as usize].note(i, mark);
    }

    fn takes(&mut self, id: PhaseId) -> Takes {
        if let Some(known) = self.takes[id.0 as usize] {
            return known;
        }
        let phase = self.plan.phase(id, BASE);
        let (time, _) = self.reader.takes(self.of, phase, &mut self.turns);
        let counts = |row: u32| self.plan.rows[row as usize].counts;
        let booked = match phase.book {
            Book::Nobody => None,
            Book::Parts { first, count } => {
                self.plan.shares(first, count).first().map(|part| counts(part.0))
            }
            Book::Streaming(id) => Some(counts(self.plan.demand(id).streaming.waits_else)),
        };
        let takes = Takes { time, booked };
        self.takes[id.0 as usize] = Some(takes);
        takes
    }

    /// After how many chunks the state after chunk `i` has come again, and by how much later.
    fn period(&self, steps: &Range<usize>, i: u32, lag: u32) -> Option<(u32, (Time, Time))> {
        (1..=PERIOD_MAX).find_map(|period| {
            // The first chunk is none of those that go alike.
            let begin = i.checked_sub(period + lag)?;
            let by = later(self.steps[steps.start].at(i - period), self.steps[steps.start].at(i))?;
            if begin == 0 || by.0 == Time::ZERO {
                return None;
            }
            let same = |before: Mark, after: Mark| later(before, after) == Some(by);
            let again = steps.clone().all(|step| {
                let left = &self.steps[step];
                (0..lag).all(|back| same(left.at(i - back - period), left.at(i - back)))
            });
            (again && self.pools_again(i, period, &same)).then_some((period, by))
        })
    }

    /// Whether pools stand after chunk `i` as they stood a period before.
    fn pools_again(&self, i: u32, period: u32, same: &dyn Fn(Mark, Mark) -> bool) -> bool {
        let before = &self.pooled[(i - period) as usize];
        let after = &self.pooled[i as usize];
        before.len() == after.len()
            && self.pools.iter().zip(before.iter().zip(after)).all(|((pool, own), (old, new))| {
                let (gave, took) = (new.0 - old.0, new.1 - old.1);
                let slots = self.reader.resources.pools[*pool] as usize;
                // Those that still let somebody in.
                let open = new.1.saturating_sub(slots).min(new.0);
                gave == took
                    && (gave == 0
                        || open >= gave
                            && (open..new.0).all(|at| same(own.given[at - gave], own.given[at])))
            })
    }

    /// Lets so many periods pass: what their firings would have left at their end.
    fn skip(
        &mut self,
        steps: &Range<usize>,
        i: u32,
        period: u32,
        (later, counted): (Time, Time),
        rounds: u64,
    ) {
        let (later, counted) = (later * rounds, counted * rounds);
        let pass = |mark: &mut Mark| {
            mark.end += later;
            mark.counted += counted;
        };
        for left in &mut self.steps[steps.clone()] {
            left.recent.iter_mut().for_each(pass);
            if rounds > 0 {
                for at in i + 1 - period..=i {
                    left.offer(left.at(at));
                }
            }
        }
        let (before, after) = (&self.pooled[(i - period) as usize], &self.pooled[i as usize]);
        for ((own, old), new) in self.pools.values_mut().zip(before).zip(after) {
            if new.0 > old.0 {
                own.given.iter_mut().for_each(pass);
            }
        }
    }

    /// Numbers the firings that are kept as those of so many chunks later.
    fn shift(&mut self, steps: &Range<usize>, i: u32, by: u32) {
        for left in &mut self.steps[steps.clone()] {
            let slots = left.recent.len();
            let kept: Vec<Mark> =
                (0..slots as u32).map(|back| left.at(i + slots as u32 - back)).collect();
            for (back, mark) in kept.into_iter().enumerate() {
                let at = (i + by) as usize + slots - back;
                left.recent[at % slots] = mark;
            }
        }
    }

    /// The firing that ended last.
    fn last(&self) -> Option<Mark> {
        let ends = self.steps.iter().filter_map(|left| left.last);
        ends.max_by_key(|mark| mark.end)
    }
}

/// By how much later one firing ended than another, and how much more of it counts; none if it is
/// not of its kind.
fn later(before: Mark, after: Mark) -> Option<(Time, Time)> {
    let is_like = before.waits_count == after.waits_count
        && before.end <= after.end
        && before.counted <= after.counted
        && after.end < Time::MAX;
    is_like.then(|| (after.end - before.end, after.counted - before.counted))
}
