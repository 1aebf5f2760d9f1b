//! Where the time of a move goes when nobody else is there.

use sim::LinkId;

use super::demand::Streaming;
use super::stage::{Crossed, Owned, Placed};
use super::{Draft, Row};
use crate::outcome::Cause;
use crate::price::Carrier;

impl Placed<'_> {
    /// Where the time of the stage's streaming goes when nobody else is there.
    ///
    /// It takes as long as its slowest resource. What that is beyond the time at line rate is
    /// divided among all resources that take longer than line rate, by the rule for an airport's
    /// runway (S. Littlechild, G. Owen, *A simple expression for the Shapley value in a special
    /// case*, Management Science 20(3), 1973): each stretch of time is shared evenly by those that
    /// need it. So resources that are equally slow take equal parts, in whatever order they stand,
    /// and one that is a little faster than the slowest takes nearly as much.
    pub(super) fn streaming(&self, draft: &mut Draft, owned: &[Owned], bytes: f64) -> Streaming {
        if draft.is_brief {
            let waits_else = self.row(draft, 0, Cause::Queueing);
            let alone = self.alone(owned, bytes);
            return Streaming { alone, waits_else, ..Streaming::default() };
        }
        let busy = self.busy(owned);
        let (mut resources, waits) = self.resources(draft, owned, &busy, bytes);
        resources.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let alone = resources.last().map_or(0.0, |slowest| slowest.seconds);
        let (line, line_row) = match self.line {
            Some(line) => {
                let hop = self.hops[line.hop];
                let row = Row { hop, cause: Cause::LineRate, step: self.step, counts: self.counts };
                let seconds = self.bytes.as_f64() / line.rate.as_bytes_per_s();
                (seconds.min(alone), Some(draft.row(row)))
            }
            None => (0.0, None),
        };
        let waits_else = match resources.last() {
            Some(slowest) => {
                let hop = draft.rows[slowest.rows[0].0 as usize].hop;
                let (step, counts) = (self.step, self.counts);
                draft.row(Row { hop, cause: Cause::Queueing, step, counts })
            }
            None => self.row(draft, 0, Cause::Queueing),
        };
        let parts = divided(&resources, line);
        Streaming { alone, line, line_row, parts, waits, waits_else }
    }

    /// How long the slowest of what flows keep busy takes \[s\].
    fn alone(&self, owned: &[Owned], bytes: f64) -> f64 {
        let limit = owned[0].flow.limit;
        let limit = if limit.is_finite() { bytes / limit } else { 0.0 };
        let time = |link, weight| bytes * weight / self.capacity(link);
        match owned {
            [one] => {
                let times = one.flow.hops.iter().map(|hop| time(hop.link, hop.weight));
                times.fold(limit, f64::max)
            }
            _ => {
                let busy = self.busy(owned).into_iter().filter(|busy| busy.slows);
                busy.map(|busy| time(busy.link, busy.weight)).fold(limit, f64::max)
            }
        }
    }

    /// The links that flows cross, in the order in which they are met, with the work of all.
    fn busy(&self, owned: &[Owned]) -> Vec<Busy> {
        let mut busy: Vec<Busy> = Vec::new();
        for (first, one) in owned.iter().enumerate() {
            for Crossed { hop, met, .. } in &one.links {
                // The streams of one message that share a link are its own work, not a queue.
                if let Some(known) = busy.iter_mut().find(|busy| busy.link == hop.link) {
                    known.weight += hop.weight;
                    continue;
                }
                // What it only loses datagrams at does not slow it down.
                let slows = one.flow.hops.iter().any(|held| held.link == hop.link);
                let (link, weight, own) = (hop.link, hop.weight, hop.weight);
                busy.push(Busy { link, weight, own, met: *met, first, slows });
            }
        }
        busy
    }

    /// What a stage's flows keep busy, each by itself, and the rows of waiting for each link.
    fn resources(
        &self,
        draft: &mut Draft,
        owned: &[Owned],
        busy: &[Busy],
        bytes: f64,
    ) -> (Vec<Resource>, Vec<(LinkId, u32)>) {
        let mut resources: Vec<Resource> = Vec::new();
        let mut waits: Vec<(LinkId, u32)> = Vec::new();
        for busy in busy {
            waits.push((busy.link, self.row(draft, busy.met, Cause::Queueing)));
            if busy.slows {
                let owners = owned[busy.first].owners(busy.link);
                let rows = owners
                    .map(|(at, own)| (self.row(draft, at, Cause::Service), own / busy.own))
                    .collect();
                let seconds = bytes * busy.weight / self.capacity(busy.link);
                resources.push(Resource { seconds, rows });
            }
        }
        let limited = match self.stage.carrier {
            // What limits a kernel is the kernel.
            Carrier::Kernel | Carrier::Group => Cause::Service,
            Carrier::Copy | Carrier::Network => Cause::Window,
        };
        let (limit, at) = (owned[0].flow.limit, owned[0].limit_hop);
        if limit.is_finite() {
            let rows = vec![(self.row(draft, at, limited), 1.0)];
            resources.push(Resource { seconds: bytes / limit, rows });
        }
        if self.stage.carrier == Carrier::Group {
            resources = together(resources);
        }
        (resources, waits)
    }
}

/// A link that flows cross.
struct Busy {
    link: LinkId,
    /// The weight of all, and that of the flow that crosses it first.
    weight: f64,
    own: f64,
    /// Where on the way.
    met: usize,
    /// Which flow crosses it first.
    first: usize,
    /// Whether it holds that flow back.
    slows: bool,
}

/// Something that a stage keeps busy: for how long \[s\], and the parts of those who do.
struct Resource {
    seconds: f64,
    rows: Vec<(u32, f64)>,
}

/// Links of one class as one resource, which is as slow as the slowest of them: a hundred cables
/// that are alike are no more to blame than one.
fn together(resources: Vec<Resource>) -> Vec<Resource> {
    let mut classes: Vec<Resource> = Vec::new();
    for resource in resources {
        let row = resource.rows.first().map(|(row, _)| *row);
        match classes.iter_mut().find(|class| class.rows.first().map(|(row, _)| *row) == row) {
            Some(class) if class.seconds >= resource.seconds => {}
            Some(class) => *class = resource,
            None => classes.push(resource),
        }
    }
    classes
}

/// Divides the time that the slowest of `resources`, fastest first, takes beyond `line` seconds.
fn divided(resources: &[Resource], line: f64) -> Vec<(u32, f64)> {
    let mut parts: Vec<(u32, f64)> = Vec::new();
    let mut reached = line;
    for (at, resource) in resources.iter().enumerate() {
        let stretch = resource.seconds - reached;
        if stretch <= 0.0 {
            continue;
        }
        reached = resource.seconds;
        let each = stretch / (resources.len() - at) as f64;
        for (row, share) in resources[at..].iter().flat_map(|resource| &resource.rows) {
            match parts.iter_mut().find(|(known, _)| known == row) {
                Some((_, seconds)) => *seconds += each * share,
                None => parts.push((*row, each * share)),
            }
        }
    }
    parts
}
