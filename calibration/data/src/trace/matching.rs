//! Which receive takes which message: the first receive of a rank from another with a tag takes the
//! first message that the other sends it with that tag, in the order of the file, and so on.

use std::collections::{BTreeMap, HashMap, VecDeque};

use models::input::InputError;

use super::Imported;
use super::notes::Notes;

/// No operation.
const NONE: u32 = u32::MAX;

/// One end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Whether it is the sending end.
    pub(super) sends: bool,
    /// The rank at the other end.
    pub(super) peer: u32,
    pub(super) tag: u32,
    pub(super) bytes: u64,
}

/// For each operation of a trace that is a receive, the operation that sends what it receives.
pub(super) fn matched(
    trace: &Imported,
    messages: &[Option<Message>],
    notes: &mut Notes,
) -> Result<Vec<u32>, InputError> {
    let fault = |operation: usize, field: &str, problem: String, help: &str| {
        trace.fault(operation, InputError::new(field, problem).help(help))
    };
    let ends = |sends: bool| {
        let operations = trace.traced.operations.iter().map(|operation| operation.rank);
        let all = operations.zip(messages).enumerate();
        all.filter_map(move |(at, (rank, message))| {
            Some((at, rank, message.filter(|message| message.sends == sends)?))
        })
    };
    // From, to and tag.
    let mut waiting: HashMap<(u32, u32, u32), VecDeque<u32>> = HashMap::new();
    let mut alike: BTreeMap<(u32, u32, u32), u32> = BTreeMap::new();
    for (at, rank, message) in ends(true) {
        let key = (rank, message.peer, message.tag);
        waiting.entry(key).or_default().push_back(at as u32);
        *alike.entry(key).or_default() += 1;
    }
    let mut sends = vec![NONE; messages.len()];
    let mut larger = 0u64;
    for (at, rank, message) in ends(false) {
        let key = (message.peer, rank, message.tag);
        let Some(send) = waiting.get_mut(&key).and_then(VecDeque::pop_front) else {
            let problem = format!(
                "rank {rank} receives a message from rank {} with tag {} that is not sent",
                message.peer, message.tag
            );
            return Err(fault(at, "recv", problem, "one send for each receive"));
        };
        let sent = messages[send as usize].expect("a send");
        if sent.bytes > message.bytes {
            let problem = format!("{} bytes are received of {} sent", message.bytes, sent.bytes);
            return Err(fault(at, "recv", problem, "as many as are sent, or more"));
        }
        larger += u64::from(sent.bytes < message.bytes);
        sends[at] = send;
    }
    let lost = waiting.values().filter_map(|sends| sends.front()).min();
    if let Some(&send) = lost {
        let rank = trace.traced.operations[send as usize].rank;
        let message = messages[send as usize].expect("a send");
        let problem = format!(
            "rank {rank} sends a message to rank {} with tag {} that is not received",
            message.peer, message.tag
        );
        return Err(fault(send as usize, "send", problem, "one receive for each send"));
    }
    let groups = alike.values().filter(|count| **count > 1).count();
    if groups > 0 {
        notes.say(format!(
            "Messages of the same sender, receiver and tag are matched in the order of the file: \
             {groups} groups."
        ));
    }
    notes.count(larger, "receives are larger than what is sent, which counts");
    Ok(sends)
}
