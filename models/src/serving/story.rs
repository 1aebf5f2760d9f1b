//! What became of a request.

use sim::Time;

/// Times of a request; those that were never reached are [`Time::MAX`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Story {
    /// Tokens of its prompt, of which so many were kept from an earlier one.
    pub prompt: u32,
    /// Tokens of the prompt that need not be computed.
    pub cached: u32,
    /// Tokens of its answer.
    pub answer: u32,
    /// When its user sent it.
    pub sent: Time,
    /// When it had passed all hops, and a pool had it.
    pub arrived: Time,
    /// When its first step began.
    pub begun: Time,
    /// When its prompt was computed.
    pub prefilled: Time,
    /// When a decoding replica had room for it, and a connection was free.
    pub granted: Time,
    /// When its keys and values were handed over; `prefilled` where none were.
    pub handed: Time,
    /// When its user had the first token.
    pub first: Time,
    /// When its user had the last one.
    pub ended: Time,
    /// Bytes that were handed over \[B\].
    pub handed_bytes: f64,
}

impl Story {
    /// A request that was just sent.
    pub(super) fn of(sent: Time, (prompt, cached, answer): (u32, u32, u32)) -> Story {
        let never = Time::MAX;
        Story {
            prompt,
            cached,
            answer,
            sent,
            arrived: never,
            begun: never,
            prefilled: never,
            granted: never,
            handed: never,
            first: never,
            ended: never,
            handed_bytes: 0.0,
        }
    }

    /// Whether its user has the whole answer.
    pub fn is_answered(&self) -> bool {
        self.ended < Time::MAX
    }

    /// Time to first token \[s\].
    pub fn ttft(&self) -> f64 {
        (self.first - self.sent).as_seconds()
    }

    /// Time for each further token \[s\]; none of an answer of one.
    pub fn tpot(&self) -> Option<f64> {
        let further = f64::from(self.answer.checked_sub(1)?);
        (further > 0.0).then(|| (self.ended - self.first).as_seconds() / further)
    }
}
