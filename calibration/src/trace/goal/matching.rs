//! Which receive takes which message: the first receive of a rank from another with a tag takes the
//! first message that the other sends it with that tag, in the order of the file, and so on.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::Traced;

use super::super::{Imported, Place, at};
use super::{Goal, Read, operations};

/// No operation.
const NONE: u32 = u32::MAX;

/// Matches messages and checks the whole.
pub(super) fn matched(
    source: &Arc<Source>,
    format: &'static str,
    ranks: u32,
    read: Vec<Read>,
) -> Result<Imported, InputError> {
    let fault = |place: Place, field: &str, problem: String, help: &str| {
        at(source, place, InputError::new(field, problem).help(help))
    };
    // From, to and tag.
    let mut waiting: HashMap<(u32, u32, u32), VecDeque<u32>> = HashMap::new();
    let mut alike: BTreeMap<(u32, u32, u32), u32> = BTreeMap::new();
    for (number, send) in read.iter().enumerate() {
        if let Goal::Send(message) = send.goal {
            let key = (send.rank, message.peer, message.tag);
            waiting.entry(key).or_default().push_back(number as u32);
            *alike.entry(key).or_default() += 1;
        }
    }
    let mut sends = vec![NONE; read.len()];
    let mut larger = 0u64;
    for (number, receive) in read.iter().enumerate() {
        let Goal::Receive(message) = receive.goal else { continue };
        let key = (message.peer, receive.rank, message.tag);
        let Some(send) = waiting.get_mut(&key).and_then(VecDeque::pop_front) else {
            let problem = format!(
                "rank {} receives a message from rank {} with tag {} that is not sent",
                receive.rank, message.peer, message.tag
            );
            return Err(fault(receive.place, "recv", problem, "one send for each receive"));
        };
        let Goal::Send(sent) = read[send as usize].goal else { unreachable!("a send") };
        if sent.bytes > message.bytes {
            let problem = format!("{} bytes are received of {} sent", message.bytes, sent.bytes);
            return Err(fault(receive.place, "recv", problem, "as many as are sent, or more"));
        }
        larger += u64::from(sent.bytes < message.bytes);
        sends[number] = send;
    }
    let lost = waiting.values().filter_map(|sends| sends.front()).min();
    if let Some(&send) = lost {
        let Read { rank, place, goal: Goal::Send(message), .. } = read[send as usize] else {
            unreachable!("a send")
        };
        let problem = format!(
            "rank {rank} sends a message to rank {} with tag {} that is not received",
            message.peer, message.tag
        );
        return Err(fault(place, "send", problem, "one receive for each send"));
    }
    let mut notes = Vec::new();
    let groups = alike.values().filter(|count| **count > 1).count();
    if groups > 0 {
        notes.push(format!(
            "Messages of the same sender, receiver and tag are matched in the order of the file: \
             {groups} groups."
        ));
    }
    if larger > 0 {
        notes.push(format!("{larger} receives are larger than what is sent, which counts."));
    }
    let (operations, places) = operations(read, &sends);
    let traced = Traced { ranks, operations };
    let source = Arc::clone(source);
    Ok(Imported { format, traced, notes, recorded: None, places, source })
}
