//! Booking time: every part of a message's life belongs to one hop and one cause.
//!
//! Parts are computed as real numbers and cut at whole picoseconds of the running sum, so that
//! they always add up to the whole, to the picosecond.

use sim::Time;

use super::placed::PlacedStage;
use crate::outcome::{Cause, Interval};
use crate::price::Carrier;

/// The kind of the hop that stands in for the line rate of a waterfall.
pub(super) const REFERENCE: &str = "reference";

/// A part of a stage's time: hop, cause, and either seconds or a share.
pub(super) type Part = (usize, Cause, f64);

impl PlacedStage {
    /// What occupies the stage before the first byte: system calls, engine set-up in seconds.
    pub(super) fn setup_parts(&self) -> Vec<Part> {
        let hops = self.stage.hops.iter().enumerate();
        hops.filter(|(_, hop)| hop.setup > 0.0)
            .map(|(at, hop)| (at, Cause::Service, hop.setup))
            .collect()
    }

    /// What passes without occupying it: signals, and the first unit being stored and forwarded by
    /// every link but the slowest, whose time is in the streaming in seconds.
    pub(super) fn latency_parts(&self, capacities: &[f64]) -> Vec<Part> {
        let flow = &self.flows[0];
        let share = self.bytes.as_f64() / f64::from(self.stage.flows);
        let first = match self.stage.carrier {
            // SMs and memory work at the same time, and nothing is handed on before the end.
            Carrier::Kernel => 0.0,
            Carrier::Copy | Carrier::Network => share.min(self.stage.unit.as_f64()),
        };
        let slowest = self.slowest_link(capacities);
        let mut parts = Vec::new();
        for (at, hop) in self.stage.hops.iter().enumerate() {
            if hop.latency > 0.0 {
                parts.push((at, Cause::Propagation, hop.latency));
            }
        }
        for (slot, hop) in flow.hops.iter().enumerate().filter(|(slot, _)| Some(*slot) != slowest) {
            let capacity = capacities[hop.link.index()];
            if !flow.beside[slot] {
                for &(at, weight) in &flow.owners[slot] {
                    parts.push((at, Cause::Service, first * weight / capacity));
                }
            }
        }
        parts.sort_by_key(|part| part.0);
        parts
    }

    /// The link that would rule if the flow were alone, of its first flow.
    fn slowest_link(&self, capacities: &[f64]) -> Option<usize> {
        let flow = &self.flows[0];
        let cost = |slot: &usize| {
            let hop = flow.hops[*slot];
            hop.weight / capacities[hop.link.index()]
        };
        (0..flow.hops.len()).max_by(|a, b| cost(a).total_cmp(&cost(b)))
    }

    /// Who the streaming time belongs to when nobody else is there: hop, cause, share (sums to 1);
    /// and the seconds that it takes.
    pub(super) fn stream_parts(&self, capacities: &[f64]) -> (Vec<Part>, f64) {
        let bytes = self.bytes.as_f64() / f64::from(self.stage.flows);
        let flow = &self.flows[0];
        let limited = match self.stage.carrier {
            // What limits a kernel is the kernel.
            Carrier::Kernel => Cause::Service,
            Carrier::Copy | Carrier::Network => Cause::Window,
        };
        let Some(slot) = self.slowest_link(capacities) else {
            let seconds = if flow.limit.is_finite() { bytes / flow.limit } else { 0.0 };
            return (vec![(flow.limit_hop, limited, 1.0)], seconds);
        };
        let hop = flow.hops[slot];
        // Streams of one transfer that share a link are one message's own work, not a queue.
        let sharing = self.flows.iter().filter(|f| f.hops.iter().any(|h| h.link == hop.link));
        let weight = hop.weight * sharing.count() as f64;
        let seconds = bytes * weight / capacities[hop.link.index()];
        if bytes / flow.limit > seconds {
            return (vec![(flow.limit_hop, limited, 1.0)], bytes / flow.limit);
        }
        let owners = &flow.owners[slot];
        let parts = owners.iter().map(|&(at, own)| (at, Cause::Service, own / hop.weight));
        (parts.collect(), seconds)
    }

    /// Names the hops of `parts`.
    pub(super) fn book(&self, parts: &[Part], whole: Time, into: &mut Vec<Interval>) {
        let total: f64 = parts.iter().map(|part| part.2).sum();
        if total <= 0.0 {
            return;
        }
        let mut sum = 0.0;
        let mut booked = Time::ZERO;
        for (i, &(at, cause, part)) in parts.iter().enumerate() {
            sum += part;
            let until = match i + 1 == parts.len() {
                true => whole,
                false => Time::from_ps((whole.as_ps() as f64 * (sum / total)) as u64).min(whole),
            };
            add(into, &self.stage.hops[at].name, cause, until - booked);
            booked = until;
        }
    }
}

/// Adds an interval, joining it to the last one of the same hop and cause.
pub(super) fn add(life: &mut Vec<Interval>, hop: &str, cause: Cause, span: Time) {
    if span == Time::ZERO {
        return;
    }
    match life.last_mut() {
        Some(last) if last.hop == hop && last.cause == cause => last.span += span,
        _ => life.push(Interval { hop: hop.to_owned(), cause, span }),
    }
}
