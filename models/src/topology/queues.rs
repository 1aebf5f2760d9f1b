//! What the ports of a fabric do when more comes than goes.

use sim::Bytes;

use super::{FabricTable, Placed};
use crate::input::{InputError, suggest};
use crate::quantity::parse_bytes;

/// The most that the logarithm of a flow's share spreads.
const UNFAIRNESS_MAX: f64 = 3.0;

/// What a full queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It drops what comes.
    Drop,
    /// It marks what comes before it is full (ECN), and TCP senders answer in proportion (DCTCP).
    Mark,
    /// It pauses whoever sends to it (PFC): nothing is lost.
    Pause,
}

/// The queues of a fabric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queues {
    /// What they do when they are full.
    pub full: Full,
    /// What a port holds; none where it is never full.
    pub buffer: Option<Bytes>,
    /// The standard deviation of the logarithm of a TCP flow's share, where it is given.
    pub unfairness: Option<f64>,
}

impl Queues {
    /// What a fabric's table says.
    ///
    /// # Errors
    /// If a number or word in it is not possible.
    pub(super) fn of(at: &Placed<FabricTable>) -> Result<Queues, InputError> {
        let FabricTable { queue, buffer, unfairness, .. } = &at.table;
        let full = match queue {
            None => Full::Drop,
            Some(word) => match word.get_ref().as_str() {
                "drop" => Full::Drop,
                "ecn" => Full::Mark,
                "pfc" => Full::Pause,
                other => {
                    let problem = format!("no queue is called `{other}`");
                    let help = suggest(other, ["drop", "ecn", "pfc"]);
                    return Err(at.fault(word, "queue", problem).help(help));
                }
            },
        };
        let buffer = match buffer {
            None => None,
            Some(text) => match parse_bytes(text.get_ref()) {
                Ok(Bytes::ZERO) => {
                    let problem = "is zero".to_owned();
                    return Err(at.fault(text, "buffer", problem).help("at least \"1 B\""));
                }
                Ok(bytes) => Some(bytes),
                Err(error) => return Err(at.fault(text, "buffer", error.problem).help(error.help)),
            },
        };
        let unfairness = match unfairness {
            None => None,
            Some(given) => match *given.get_ref() {
                sigma if (0.0..=UNFAIRNESS_MAX).contains(&sigma) => Some(sigma),
                sigma => {
                    let problem = format!("{sigma} is no spread of shares");
                    let help = format!("0 (all flows share alike) to {UNFAIRNESS_MAX}");
                    return Err(at.fault(given, "unfairness", problem).help(help));
                }
            },
        };
        Ok(Queues { full, buffer, unfairness })
    }
}
