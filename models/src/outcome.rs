//! What came of a transfer: rate, time, loss, and who took what.

use serde::{Deserialize, Serialize};
use sim::{Rate, Time};

/// How finely a transfer is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Static shares and sums of stage times; microseconds of work.
    Closed,
    /// The engine: max-min flows and first-come pools, event by event.
    #[default]
    Flow,
    /// Units that really queue (GSO super-packets, datagrams, TLP bursts) in FIFO servers.
    Chunk,
}

/// The result of one transfer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Payload that arrived, over the time from its being ready, or from the launch of the kernel
    /// that makes it, to its last byte's arrival.
    pub goodput: Rate,
    /// From the result's being ready to the arrival of its last byte; from the launch of the
    /// kernel where the transfer has one, from the client's call where it has a request, and to the
    /// arrival of the reply where it has one.
    pub completion: Time,
    /// The rate at which the sender sent; above `goodput` where datagrams were lost.
    pub sent: Rate,
    /// The part of what was sent that never arrived, 0 to 1.
    pub loss_ratio: f64,
    /// The line rate of the way: that of its slowest cable, or of its slowest device link.
    pub reference: Rate,
    /// The name of that link; `sockets` where two sockets on one node are all there is.
    pub reference_link: String,
    /// What each hop takes of the line rate, in path order; sums to `reference − goodput`.
    pub taken: Vec<Taken>,
    /// The life of the message by hop and cause; parts sum to `completion`.
    pub life: Vec<Interval>,
    /// The steps of the request that this replies to, in order, which sum to `completion`; empty
    /// where nobody asked.
    pub steps: Vec<StepTime>,
    /// Busy part of every link that was used, 0 to 1, in path order.
    pub utilisation: Vec<Utilisation>,
    /// What single flows reached, where the transfer is a pattern of many.
    pub flows: Option<Flows>,
}

/// What the flows of a pattern reached, each over its own time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flows {
    /// How many there are.
    pub count: u32,
    /// The goodput of the slowest.
    pub least: Rate,
    /// Half of them reach less.
    pub median: Rate,
    /// The goodput of the fastest.
    pub most: Rate,
}

/// When a transfer is complete and what rate it reached, as an [`Outcome`] says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// See [`Outcome::goodput`].
    pub goodput: Rate,
    /// See [`Outcome::completion`].
    pub completion: Time,
    /// See [`Outcome::sent`].
    pub sent: Rate,
    /// See [`Outcome::loss_ratio`].
    pub loss_ratio: f64,
}

impl Outcome {
    /// When it is complete and what rate it reached.
    pub fn reached(&self) -> Reached {
        let Outcome { goodput, completion, sent, loss_ratio, .. } = *self;
        Reached { goodput, completion, sent, loss_ratio }
    }

    /// The bottleneck: the link of the way that was busiest, whoever used it.
    pub fn bottleneck(&self) -> Option<&Utilisation> {
        self.utilisation.iter().reduce(|a, b| if b.busy > a.busy { b } else { a })
    }
}

/// A step from a client's call to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// From the Service's name to its address.
    Resolve,
    /// The handshake, with the first packet's translation.
    Connect,
    /// The request, to the memory of the server's pod.
    Send,
    /// From there to the GPU.
    CopyIn,
    /// The kernel, launch included.
    Kernel,
    /// The result from the GPU to host memory.
    CopyOut,
    /// The result back to the client.
    Reply,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 7] = [
        Step::Resolve,
        Step::Connect,
        Step::Send,
        Step::CopyIn,
        Step::Kernel,
        Step::CopyOut,
        Step::Reply,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Resolve => "resolve name",
            Step::Connect => "connect",
            Step::Send => "send request",
            Step::CopyIn => "copy in",
            Step::Kernel => "kernel",
            Step::CopyOut => "copy out",
            Step::Reply => "send reply",
        }
    }
}

/// How long a step took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StepTime {
    /// The step.
    pub step: Step,
    /// How long.
    pub span: Time,
}

/// A part of a message's life, booked to one hop and one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The hop's name in the cluster: `node-a/vxlan`.
    pub hop: String,
    /// The hop's kind, equal on both sides: `vxlan`.
    pub kind: String,
    /// Why the time passed there.
    pub cause: Cause,
    /// How long.
    pub span: Time,
}

/// Why time passed at a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The hop's slowest resource was busy with this message.
    Service,
    /// Something else used the resource, or a buffer or engine was not free.
    Queueing,
    /// A window, tag or credit limit.
    Window,
    /// Signals and fixed latencies.
    Propagation,
    /// What would pass at the line rate of the way in any case: no loss.
    #[serde(rename = "line-rate")]
    LineRate,
}

/// How busy a link was while the message was under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utilisation {
    /// The link's name: `node-b/core3`, `nic-a/wire-out`.
    pub link: String,
    /// Busy part, 0 to 1, by whoever used it.
    pub busy: f64,
    /// The part that this message kept it busy for.
    pub own: f64,
    /// How many other transfers of the run use it.
    pub others: u32,
}

/// What one hop takes of the line rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// The hop's name in the cluster: `node-a/vxlan`.
    pub hop: String,
    /// The hop's kind, equal on both sides: `vxlan`, `device-to-host copy`.
    pub kind: String,
    /// The loss that is booked to it in bytes per second.
    pub bytes_per_s: f64,
}

/// One change and what it would bring.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The change as an instruction: `overlap copies with 1 MiB chunks`, `make vxlan free`.
    pub change: String,
    /// Whether a user can do it (`true`) or it only bounds what work on that hop could bring.
    pub feasible: bool,
    /// What it takes to do it; empty where nothing is needed.
    pub requires: String,
    /// What is lost with it; empty where nothing is.
    pub gives_up: String,
    /// The goodput with the change.
    pub goodput: Rate,
    /// The relative gain: 0.38 for +38 %.
    pub gain_ratio: f64,
}
