//! Spans: what a model says of itself. Statistics, tables and plots are made from them elsewhere.
//!
//! A model emits one span for each operation of each run of a plan, and keeps no counters. Who
//! listens decides what is kept: everything (`Vec<Span>`, a timeline), some statistic (a closure),
//! or nothing (`()`).

use crate::Time;

/// One operation of one run: what it was, when it began and when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Which run of a plan, counted from zero in the order of beginning.
    pub run: u32,
    /// Which operation of the plan.
    pub op: u32,
    /// When it began.
    pub begin: Time,
    /// When it ended; no earlier than `begin`.
    pub end: Time,
}

impl Span {
    /// How long it took.
    pub fn length(&self) -> Time {
        self.end - self.begin
    }
}

/// Whoever listens to spans.
pub trait Record {
    /// Takes note of a span that has ended.
    fn span(&mut self, span: Span);
}

/// Keeps every span: a timeline.
impl Record for Vec<Span> {
    fn span(&mut self, span: Span) {
        self.push(span);
    }
}

/// Keeps nothing.
impl Record for () {
    fn span(&mut self, _: Span) {}
}

/// Computes whatever the closure computes.
impl<F: FnMut(Span)> Record for F {
    fn span(&mut self, span: Span) {
        self(span);
    }
}
