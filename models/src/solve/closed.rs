//! The closed form: static shares for the rates, and a max-plus recurrence for the pipeline.
//!
//! Chunk i may begin stage s when it has left stage s − 1, the engine of s is free, and a buffer
//! behind s is free (n of them):
//!
//! ```text
//!  begin(i, s) = max( end(i, s−1) + latency(s−1),  end(i−1, s),  end(i−n, s+1) )
//!  end(i, s)   = begin(i, s) + set-up(s) + bytes / rate(s)
//! ```
//!
//! Rates take all transfers of the scene to be in the same stage at the same time. A kernel that is
//! launched once is over before the first chunk begins; a time-sliced one takes as long as its
//! turns and those of all others, and longer by the same factor for each chunk.

mod timing;

use sim::{Bytes, Rate, Time};

pub(super) use self::timing::seconds;
use self::timing::{Timing, shared, sum, timing};
use super::life::add;
use super::placed::PlacedStage;
use super::plan::{Chunks, chunks, launches};
use super::share::Rates;
use super::{Scene, Steady};
use crate::gpu::kernel::Launches;
use crate::outcome::{Cause, Interval, Outcome, Utilisation};
use crate::price::Carrier;

/// Steady rates: the slowest stage of each transfer.
pub(super) fn steady(scene: &Scene<'_>) -> Vec<Steady> {
    let capacities = scene.capacities();
    let all = whole(scene);
    (0..all.len())
        .map(|t| {
            let total = |s: usize| sum(&shared(scene, &capacities, &all, t, s));
            let stages: Vec<Rates> = (0..all[t].len()).map(total).collect();
            let slowest = stages.iter().map(|r| r.delivered).fold(f64::INFINITY, f64::min);
            let ratio = |r: &Rates| if r.sent.is_finite() { r.delivered / r.sent } else { 1.0 };
            let passes: f64 = stages.iter().map(ratio).product();
            let goodput = finite(slowest);
            Steady {
                goodput,
                sent: finite(goodput.as_bytes_per_s() / passes.max(f64::MIN_POSITIVE)),
                loss_ratio: 1.0 - passes,
            }
        })
        .collect()
}

/// The stages of every transfer for its whole message.
fn whole(scene: &Scene<'_>) -> Vec<Vec<PlacedStage>> {
    let messages = scene.transfers.iter().map(|transfer| transfer.message).enumerate();
    messages.map(|(t, message)| scene.stages(t, message)).collect()
}

/// A rate that a report can print: what nothing limits is not infinite but very fast.
fn finite(bytes_per_s: f64) -> Rate {
    Rate::bytes_per_s(bytes_per_s.clamp(1e-3, 1e18))
}

/// Why a chunk began a stage when it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Itself,
    Engine,
    Buffer,
}

/// The recurrence, remembered for the booking.
struct Pipeline {
    begin: Vec<Vec<(Time, Waited)>>,
    end: Vec<Vec<Time>>,
}

pub(super) fn outcomes(scene: &Scene<'_>) -> Vec<Outcome> {
    let capacities = scene.capacities();
    let cuts: Vec<Chunks> = scene.transfers.iter().map(chunks).collect();
    let stages = |size: fn(&Chunks) -> Bytes| -> Vec<Vec<PlacedStage>> {
        cuts.iter().enumerate().map(|(t, cut)| scene.stages(t, size(cut))).collect()
    };
    let (full, last) = (stages(|cut| cut.full), stages(|cut| cut.last));
    // Only kernels are asked about as a whole.
    let kernels = scene.transfers.iter().any(|transfer| transfer.kernel.is_some());
    let whole = if kernels { whole(scene) } else { Vec::new() };
    (0..scene.transfers.len())
        .map(|t| {
            let timing =
                |all: &[Vec<PlacedStage>], s| timing(scene, &capacities, all, &whole, t, s);
            let timings = |all: &[Vec<PlacedStage>]| -> Vec<Timing> {
                (0..all[t].len()).map(|s| timing(all, s)).collect()
            };
            let once = launches(&scene.transfers[t]) == Some(Launches::Once);
            let piece = Pieces {
                full: (&full[t], timings(&full)),
                last: (&last[t], timings(&last)),
                kernel: once.then(|| (&whole[t][0], timing(&whole, 0))),
                cut: cuts[t],
            };
            piece.outcome(&capacities, scene)
        })
        .collect()
}

/// One transfer: stages and timings of its two sizes of chunk.
struct Pieces<'a> {
    full: (&'a [PlacedStage], Vec<Timing>),
    last: (&'a [PlacedStage], Vec<Timing>),
    /// The kernel, if it is launched once.
    kernel: Option<(&'a PlacedStage, Timing)>,
    cut: Chunks,
}

impl Pieces<'_> {
    fn at(&self, i: usize) -> (&[PlacedStage], &[Timing]) {
        let (stages, timings) =
            if i as u64 + 1 == self.cut.count { &self.last } else { &self.full };
        (stages, timings)
    }

    fn outcome(&self, capacities: &[f64], scene: &Scene<'_>) -> Outcome {
        let depth = self.full.0.len();
        let pipeline = self.run(depth);
        let final_chunk = self.cut.count as usize - 1;
        let (_, timings) = self.at(final_chunk);
        let mut completion = pipeline.end[depth - 1][final_chunk] + timings[depth - 1].latency;
        let mut life = self.life(&pipeline, depth, capacities);
        let slack = self.contended(capacities, completion);
        if slack > Time::ZERO {
            let hop = life.last().map_or(String::new(), |last| last.hop.clone());
            add(&mut life, &hop, Cause::Queueing, slack);
            completion += slack;
        }
        let message = self.cut.full * (self.cut.count - 1) + self.cut.last;
        let passes: f64 = timings.iter().map(|t| t.passes).product();
        outcome(message, completion, passes, life, self.utilisation(scene, completion, capacities))
    }

    /// The first stage that is carried out chunk by chunk.
    fn begins(&self) -> usize {
        usize::from(self.kernel.is_some())
    }

    fn run(&self, depth: usize) -> Pipeline {
        let count = self.cut.count as usize;
        let mut begin = vec![Vec::with_capacity(count); depth];
        let mut end: Vec<Vec<Time>> = vec![Vec::with_capacity(count); depth];
        let buffers = self.cut.buffers as usize;
        let computed = self.kernel.as_ref().map_or(Time::ZERO, |(_, timing)| timing.alone());
        for i in 0..count {
            let (stages, timings) = self.at(i);
            let mut ready = computed;
            // A stage that is not carried out chunk by chunk ends when it begins.
            (0..self.begins()).for_each(|s| {
                begin[s].push((ready, Waited::Itself));
                end[s].push(ready);
            });
            for s in self.begins()..depth {
                let mut start = (ready, Waited::Itself);
                let engine = if i > 0 { end[s][i - 1] } else { Time::ZERO };
                // Every chunk of a result has its place in device memory.
                let buffered = s + 1 < depth && stages[s].stage.carrier != Carrier::Kernel;
                let buffer =
                    if buffered && i >= buffers { end[s + 1][i - buffers] } else { Time::ZERO };
                if engine > start.0 {
                    start = (engine, Waited::Engine);
                }
                if buffer > start.0 {
                    start = (buffer, Waited::Buffer);
                }
                let first = if i == 0 { timings[s].first } else { Time::ZERO };
                let done = start.0 + first + timings[s].setup + timings[s].stream;
                begin[s].push(start);
                end[s].push(done);
                ready = done + timings[s].latency;
            }
        }
        Pipeline { begin, end }
    }

    /// The critical path, from the arrival of the last byte back to the beginning.
    fn life(&self, pipeline: &Pipeline, depth: usize, capacities: &[f64]) -> Vec<Interval> {
        let mut backwards: Vec<Vec<Interval>> = Vec::new();
        let (mut i, mut s) = (self.cut.count as usize - 1, depth - 1);
        let mut arrives = true;
        loop {
            let (stages, timings) = self.at(i);
            let (stage, timing) = (&stages[s], &timings[s]);
            let mut piece = Vec::new();
            if i == 0 {
                add(&mut piece, &stage.stage.hops[0].name, Cause::Service, timing.first);
            }
            timing.book(stage, arrives, capacities, &mut piece);
            backwards.push(piece);
            match pipeline.begin[s][i].1 {
                Waited::Itself if s == self.begins() => break,
                Waited::Itself => (s, arrives) = (s - 1, true),
                Waited::Engine => (i, arrives) = (i - 1, false),
                Waited::Buffer => {
                    (i, s, arrives) = (i - self.cut.buffers as usize, s + 1, false);
                }
            }
        }
        if let Some((stage, timing)) = &self.kernel {
            let mut piece = Vec::new();
            add(&mut piece, &stage.stage.hops[0].name, Cause::Service, timing.first);
            timing.book(stage, true, capacities, &mut piece);
            backwards.push(piece);
        }
        let mut life = Vec::new();
        for interval in backwards.into_iter().rev().flatten() {
            add(&mut life, &interval.hop, interval.cause, interval.span);
        }
        life
    }

    /// How much longer it takes because stages that run at the same time share links.
    fn contended(&self, capacities: &[f64], completion: Time) -> Time {
        let mut busy = vec![0.0; capacities.len()];
        let times = (self.cut.count - 1) as f64;
        for (stages, times) in [(self.full.0, times), (self.last.0, 1.0)] {
            for stage in stages {
                let share = stage.bytes.as_f64() / f64::from(stage.stage.flows);
                for hop in stage.flows.iter().flat_map(|flow| &flow.hops) {
                    busy[hop.link.index()] += times * share * hop.weight;
                }
            }
        }
        let seconds = busy.iter().zip(capacities).map(|(busy, c)| busy / c).fold(0.0, f64::max);
        // Datagrams that are dropped never load what lies behind.
        let lossy = self.full.1.iter().any(|timing| timing.passes < 1.0);
        if lossy { Time::ZERO } else { Time::from_seconds(seconds).saturating_sub(completion) }
    }

    fn utilisation(
        &self,
        scene: &Scene<'_>,
        completion: Time,
        capacities: &[f64],
    ) -> Vec<Utilisation> {
        utilisation(scene, self.full.0, self.last.0, &self.cut, completion, capacities)
    }
}

/// Books a stage's streaming: what it takes alone to its own hops, the rest to queueing there.
pub(super) fn book_stream(
    stage: &PlacedStage,
    stream: Time,
    capacities: &[f64],
    into: &mut Vec<Interval>,
) {
    let (parts, alone) = stage.stream_parts(capacities);
    let alone = Time::from_seconds(alone).min(stream);
    stage.book(&parts, alone, into);
    if let Some(&(at, ..)) = parts.iter().max_by(|a, b| a.2.total_cmp(&b.2)) {
        // A picosecond a flow or unit is rounding, not a queue.
        let rounding = u64::from(stage.stage.flows) + stage.bytes.div_ceil(stage.stage.unit);
        let wait = stream - alone;
        let cause = if wait.as_ps() <= rounding { parts[0].1 } else { Cause::Queueing };
        add(into, &stage.stage.hops[at].name, cause, wait);
    }
}

/// The busy part of each link that a transfer used, in path order.
pub(super) fn utilisation(
    scene: &Scene<'_>,
    full: &[PlacedStage],
    last: &[PlacedStage],
    cut: &Chunks,
    completion: Time,
    capacities: &[f64],
) -> Vec<Utilisation> {
    let mut order: Vec<usize> = Vec::new();
    let mut busy = vec![0.0; capacities.len()];
    for (stages, times) in [(full, (cut.count - 1) as f64), (last, 1.0)] {
        for stage in stages {
            let share = stage.bytes.as_f64() / f64::from(stage.stage.flows);
            for hop in stage.flows.iter().flat_map(|flow| &flow.hops) {
                let link = hop.link.index();
                if !order.contains(&link) && link < scene.cluster.links.len() {
                    order.push(link);
                }
                busy[link] += times * share * hop.weight / capacities[link];
            }
        }
    }
    let whole = completion.as_seconds().max(1e-12);
    order
        .into_iter()
        .map(|link| Utilisation {
            link: scene.cluster.links[link].name.clone(),
            busy: (busy[link] / whole).min(1.0),
        })
        .collect()
}

/// Puts an outcome together.
pub(super) fn outcome(
    message: Bytes,
    completion: Time,
    passes: f64,
    life: Vec<Interval>,
    utilisation: Vec<Utilisation>,
) -> Outcome {
    let sent = finite(message.as_f64() / completion.as_seconds().max(1e-12));
    let goodput = finite(sent.as_bytes_per_s() * passes);
    let (loss_ratio, steps) = (1.0 - passes, Vec::new());
    Outcome { goodput, completion, sent, loss_ratio, life, steps, utilisation }
}
