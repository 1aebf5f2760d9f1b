//! What is wrong with a trace, whatever format it came from.

use sim::{Bytes, Time};

use super::{Does, Moment, Traced};
use crate::input::InputError;
use crate::predict::MESSAGE_MAX;

/// More ranks than this in one trace are taken for a mistake.
pub const RANKS_MAX: u32 = 65_536;
/// More operations than this are not replayed: up to two kilobytes each are kept.
pub const OPERATIONS_MAX: usize = 1_000_000;
/// An operation that lasts longer is taken for a mistake: one day.
pub const TIME_MAX: Time = Time::from_ms(86_400_000);

/// What is wrong, and the operation it is about.
pub(crate) type Wrong = (usize, InputError);

impl Traced {
    /// Finds what is wrong with it: sizes and times out of range, unknown ranks and operations,
    /// operations that wait for themselves where messages of at most `eager` bytes are sent whether
    /// or not anybody has asked for them.
    ///
    /// # Errors
    /// The first thing that is wrong, with the place of the operation at fault.
    pub fn check(&self, eager: Bytes) -> Result<(), (usize, InputError)> {
        let whole = |field: &str, problem: String, help: String| {
            (0, InputError::new(field, problem).help(help))
        };
        if !(1..=RANKS_MAX).contains(&self.ranks) {
            let problem = format!("{} is no number of ranks", self.ranks);
            return Err(whole("ranks", problem, format!("1 to {RANKS_MAX}")));
        }
        if self.operations.is_empty() || self.operations.len() > OPERATIONS_MAX {
            let problem = format!("there are {} operations", self.operations.len());
            return Err(whole("operations", problem, format!("1 to {OPERATIONS_MAX}")));
        }
        for at in 0..self.operations.len() {
            self.check_one(at).map_err(|error| (at, error))?;
        }
        self.check_circles(eager)
    }

    fn check_one(&self, at: usize) -> Result<(), InputError> {
        let operation = &self.operations[at];
        let rank = |field: &str, rank: u32| match rank < self.ranks {
            true => Ok(()),
            false => {
                let problem = format!("rank {rank} is not there");
                let help = format!("0 to {}", self.ranks - 1);
                Err(InputError::new(field, problem).help(help))
            }
        };
        rank("rank", operation.rank)?;
        match operation.does {
            Does::Work { time, .. } if time > TIME_MAX => {
                let problem = format!("{time} is no length of an operation");
                return Err(InputError::new("time", problem).help("at most a day"));
            }
            Does::Send { to, .. } => {
                rank("to", to)?;
                if to == operation.rank {
                    let problem = "the message is to the rank that sends it";
                    return Err(InputError::new("to", problem).help("another rank"));
                }
            }
            Does::Receive { send, .. } => {
                let sent = self.operations.get(send as usize).map(|send| send.does);
                if !matches!(sent, Some(Does::Send { to, .. }) if to == operation.rank) {
                    let problem = "the message is sent by no operation to this rank";
                    return Err(InputError::new("from", problem).help("a matching send"));
                }
            }
            Does::Work { .. } | Does::Copy { .. } => {}
        }
        let bytes = operation.does.bytes().get();
        if bytes > MESSAGE_MAX {
            let problem = format!("{bytes} bytes are no message");
            return Err(InputError::new("bytes", problem).help("at most 1 PiB"));
        }
        let all = self.operations.len();
        match operation.needs.iter().find(|need| need.operation as usize >= all) {
            Some(need) => {
                let problem = format!("operation {} is not there", need.operation);
                Err(InputError::new("needs", problem).help(format!("0 to {}", all - 1)))
            }
            None => Ok(()),
        }
    }

    /// Each operation is two moments, and the second comes after the first. A receive ends after
    /// its send has begun; a send that is not eager ends after its receive has begun.
    fn check_circles(&self, eager: Bytes) -> Result<(), Wrong> {
        let all = self.operations.len();
        let moment = |operation: u32, moment: Moment| match moment {
            Moment::Begun => 2 * operation as usize,
            Moment::Ended => 2 * operation as usize + 1,
        };
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (at, operation) in self.operations.iter().enumerate() {
            let begun = moment(at as u32, Moment::Begun);
            let ended = moment(at as u32, Moment::Ended);
            edges.push((begun, ended));
            let needs = operation.needs.iter();
            edges.extend(needs.map(|need| (moment(need.operation, need.moment), begun)));
            if let Does::Receive { send, .. } = operation.does {
                edges.push((moment(send, Moment::Begun), ended));
                if self.operations[send as usize].does.bytes() > eager {
                    edges.push((begun, moment(send, Moment::Ended)));
                }
            }
        }
        match circle(2 * all, edges) {
            None => Ok(()),
            Some(at) => {
                let problem = "the operation waits for itself";
                let help = format!(
                    "operations that come before it, without a circle; the send of a message above \
                     {eager} waits for its receive"
                );
                Err((at / 2, InputError::new("requires", problem).help(help)))
            }
        }
    }
}

/// The first node of a circle, if there is any among so many nodes with edges from one to another.
///
/// # Panics
/// If an edge names a node that is not there.
pub fn circle(nodes: usize, mut edges: Vec<(usize, usize)>) -> Option<usize> {
    edges.sort_unstable();
    let mut first = vec![0usize; nodes + 1];
    let mut missing = vec![0u32; nodes];
    for &(from, to) in &edges {
        first[from + 1] += 1;
        missing[to] += 1;
    }
    for at in 0..nodes {
        first[at + 1] += first[at];
    }
    let mut open: Vec<usize> = (0..nodes).filter(|&at| missing[at] == 0).collect();
    while let Some(at) = open.pop() {
        for &(_, to) in &edges[first[at]..first[at + 1]] {
            missing[to] -= 1;
            if missing[to] == 0 {
                open.push(to);
            }
        }
    }
    // What is left is a circle or stands behind one: its way back ends in the circle.
    let mut before = vec![usize::MAX; nodes];
    for &(from, to) in edges.iter().rev() {
        if missing[from] > 0 && missing[to] > 0 {
            before[to] = from;
        }
    }
    let mut at = missing.iter().position(|missing| *missing > 0)?;
    let mut seen = vec![false; nodes];
    while !seen[at] {
        seen[at] = true;
        at = before[at];
    }
    // The first of the circle in the order of the nodes.
    let mut least = at;
    let mut next = before[at];
    while next != at {
        least = least.min(next);
        next = before[next];
    }
    Some(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_and_not_what_stands_behind_it() {
        assert_eq!(circle(3, vec![(0, 1), (1, 2)]), None);
        // 5 and 4 wait for each other, 0 waits for 4, and 6 for nobody.
        assert_eq!(circle(7, vec![(4, 5), (5, 4), (4, 0), (0, 1), (6, 4)]), Some(4));
        assert_eq!(circle(2, vec![(1, 1), (1, 0)]), Some(1));
    }
}
