//! The binary form of GOAL, as LogGOPSim's `txt2bin` writes it on machines that store the low byte
//! first.
//!
//! ```text
//! u64 4223 · u32 ranks · u8 highest cpu · u8 highest card · per rank u64 begin, u64 end
//! per rank:  u32 operations · u32 heads · u32 per head · 39 bytes per operation · u32 per edge
//! operation: u32 needs · u8 kind (1 send, 2 receive, 3 calc) · u32 peer · u64 size · u32 tag ·
//!            u8 cpu · u8 card · u32 count and u32 first edge of those that need its end ·
//!            u32 count and u32 first edge of those that need its beginning
//! ```
//!
//! Begin and end count from the ninth byte of the file. `txt2bin`: `Graph::serialize_mmap`.

use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::{Moment, Need, OPERATIONS_MAX, Port, RANKS_MAX};

use super::super::part::Part;
use super::super::{Place, at};
use super::{Goal, Message, Read, part};

/// The first eight bytes, as a number.
const MAGIC: u64 = 4223;
/// The same when LogGOPSim has run with `--save-mem`, which spoils the file.
const SPOILT: u64 = 2342;
/// Bytes of an operation.
const RECORD: usize = 39;
/// What rank or tag a receive has that takes any.
const ANY: u32 = u32::MAX;

/// Whether a content begins as a binary schedule does.
pub(in super::super) fn looks_like(content: &[u8]) -> bool {
    let magic = content.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let turned = content.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    magic.into_iter().chain(turned).any(|magic| magic == MAGIC || magic == SPOILT)
}

/// Reads a schedule.
pub(in super::super) fn read(name: &str, content: &[u8]) -> Result<Part, InputError> {
    let source = Source::new(name, "");
    let file = File { content, source: &source };
    match file.u64(0, "magic")? {
        MAGIC => {}
        SPOILT => {
            let problem = "the schedule was spoilt by a run of LogGOPSim with --save-mem";
            return Err(file.fault(0, "magic", problem.into(), "make it anew with txt2bin"));
        }
        _ => {
            let problem = "the schedule was written on a machine that stores the high byte first";
            return Err(file.fault(0, "magic", problem.into(), "the text that it was made of"));
        }
    }
    let ranks = file.u32(8, "ranks")?;
    if !(1..=RANKS_MAX).contains(&ranks) {
        let problem = format!("{ranks} is no number of ranks");
        return Err(file.fault(8, "ranks", problem, &format!("1 to {RANKS_MAX}")));
    }
    let mut read = Vec::new();
    for rank in 0..ranks {
        let table = 14 + 16 * rank as usize;
        let begin = file.u64(table, "begin")?;
        let end = file.u64(table + 8, "end")?;
        let length = content.len() as u64 - 8;
        if begin > end || end > length {
            let problem = format!("rank {rank} stands from {begin} to {end} of {length} bytes");
            return Err(file.fault(table, "begin", problem, WHOLE));
        }
        file.rank(rank, ranks, begin as usize + 8, end as usize + 8, &mut read)?;
    }
    Ok(part(&source, "GOAL (binary)", ranks, read))
}

const WHOLE: &str = "the whole file, as txt2bin wrote it";

/// The content, and its name.
struct File<'a> {
    content: &'a [u8],
    source: &'a Arc<Source>,
}

impl File<'_> {
    fn fault(&self, byte: usize, field: &str, problem: String, help: &str) -> InputError {
        let error = InputError::new(field, problem).help(help);
        at(self.source, Place::Byte(byte as u64), error)
    }

    fn bytes<const N: usize>(&self, byte: usize, field: &str) -> Result<[u8; N], InputError> {
        let bytes = self.content.get(byte..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or_else(|| {
            let problem = format!("the file ends at byte {}", self.content.len());
            self.fault(byte, field, problem, WHOLE)
        })
    }

    fn u32(&self, byte: usize, field: &str) -> Result<u32, InputError> {
        self.bytes(byte, field).map(u32::from_le_bytes)
    }

    fn u64(&self, byte: usize, field: &str) -> Result<u64, InputError> {
        self.bytes(byte, field).map(u64::from_le_bytes)
    }

    /// Reads the operations of a rank, which stand from `begin` to `end`.
    fn rank(
        &self,
        rank: u32,
        ranks: u32,
        begin: usize,
        end: usize,
        read: &mut Vec<Read>,
    ) -> Result<(), InputError> {
        let count = self.u32(begin, "operations")? as usize;
        let heads = self.u32(begin + 4, "heads")? as usize;
        let first = begin + 8 + 4 * heads;
        let edges = first + RECORD * count;
        if edges > end || heads > count {
            let problem = format!("rank {rank} has {count} operations in {} bytes", end - begin);
            return Err(self.fault(begin, "operations", problem, WHOLE));
        }
        let base = read.len();
        if base + count > OPERATIONS_MAX {
            let problem = format!("there are more than {OPERATIONS_MAX} operations");
            return Err(self.fault(begin, "operations", problem, "a shorter schedule"));
        }
        let mut needs: Vec<Vec<Need>> = vec![Vec::new(); count];
        let mut left = (end - edges) / 4;
        for number in 0..count {
            let record = first + RECORD * number;
            for (offset, moment) in [(23, Moment::Ended), (31, Moment::Begun)] {
                let many = self.u32(record + offset, "edges")? as usize;
                let from = self.u32(record + offset + 4, "edges")? as usize;
                let behind = edges + 4 * (from + many);
                if many > left || (many > 0 && behind > end) {
                    let problem = format!("{many} edges from edge {from} on are not all there");
                    return Err(self.fault(record + offset, "edges", problem, WHOLE));
                }
                left -= many;
                for edge in 0..many {
                    let byte = edges + 4 * (from + edge);
                    let to = self.u32(byte, "edge")? as usize;
                    let Some(needs) = needs.get_mut(to) else {
                        let problem = format!("operation {to} of rank {rank} is not there");
                        let help = format!("0 to {}", count - 1);
                        return Err(self.fault(byte, "edge", problem, &help));
                    };
                    needs.push(Need { operation: (base + number) as u32, moment });
                }
            }
        }
        for (number, needs) in needs.into_iter().enumerate() {
            let record = first + RECORD * number;
            let counted = self.u32(record, "needs")? as usize;
            if counted != needs.len() {
                let problem = format!("is {counted}, and {} edges lead here", needs.len());
                return Err(self.fault(record, "needs", problem, WHOLE));
            }
            let goal = self.goal(record, ranks)?;
            read.push(Read { rank, goal, needs, place: Place::Byte(record as u64) });
        }
        Ok(())
    }

    fn goal(&self, record: usize, ranks: u32) -> Result<Goal, InputError> {
        let [kind] = self.bytes(record + 4, "kind")?;
        let peer = self.u32(record + 5, "peer")?;
        let size = self.u64(record + 9, "size")?;
        let tag = self.u32(record + 17, "tag")?;
        let [cpu, nic] = self.bytes(record + 21, "cpu")?;
        if kind == 3 {
            return Ok(Goal::Calc { ns: size, cpu });
        }
        for (offset, field, value) in [(5, "peer", peer), (17, "tag", tag)] {
            if value == ANY {
                let problem = "stands for any, which is not replayed".into();
                let help = "the rank and tag that the receive took where it was recorded";
                return Err(self.fault(record + offset, field, problem, help));
            }
        }
        if peer >= ranks {
            let problem = format!("rank {peer} is not there");
            let help = format!("0 to {}", ranks - 1);
            return Err(self.fault(record + 5, "peer", problem, &help));
        }
        let message = Message { bytes: size, peer, tag, port: Port { cpu, nic } };
        match kind {
            1 => Ok(Goal::Send(message)),
            2 => Ok(Goal::Receive(message)),
            _ => {
                let problem = format!("{kind} is no kind of operation");
                Err(self.fault(record + 4, "kind", problem, "1 send, 2 receive, 3 calc"))
            }
        }
    }
}
