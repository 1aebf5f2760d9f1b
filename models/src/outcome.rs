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
    /// kernel where the transfer has one, and from the client's call where it has a request.
    pub completion: Time,
    /// The rate at which the sender sent; above `goodput` where datagrams were lost.
    pub sent: Rate,
    /// The part of what was sent that never arrived, 0 to 1.
    pub loss_ratio: f64,
    /// The life of the message, in order, without gap or overlap: parts sum to `completion`.
    pub life: Vec<Interval>,
    /// The steps of the request that this replies to, in order, which sum to `completion`; empty
    /// where nobody asked.
    pub steps: Vec<StepTime>,
    /// Busy part of every link that was used, 0 to 1, in path order.
    pub utilisation: Vec<Utilisation>,
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
}

/// How busy a link was while the message was under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utilisation {
    /// The link's name: `node-b/core3`, `nic-a/wire-out`.
    pub link: String,
    /// Busy part, 0 to 1.
    pub busy: f64,
}

/// Where the bandwidth went and what would bring it back (DESIGN section 5).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribution {
    /// The line rate that the waterfall starts from: the slowest link of the way.
    pub reference: Rate,
    /// The name of that link.
    pub reference_link: String,
    /// What is left at the end of the waterfall: `reference` less all that was taken.
    pub goodput: Rate,
    /// The drop booked to each hop, in path order; sums to `reference − goodput`.
    pub taken: Vec<Taken>,
    /// What to change, best first.
    pub returned: Vec<Advice>,
}

/// The drop booked to one hop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// The hop's name in the cluster: `node-a/vxlan`.
    pub hop: String,
    /// The hop's kind, equal on both sides: `vxlan`, `device-to-host copy`.
    pub kind: String,
    /// Bytes per second that adding this hop cost.
    pub bytes_per_s: f64,
}

/// One change and what it would bring.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The change as an instruction: `overlap copies with 1 MiB chunks`, `take vxlan away`.
    pub change: String,
    /// Whether a user can do it (`true`) or it only bounds what work on that hop could bring.
    pub feasible: bool,
    /// The goodput with the change.
    pub goodput: Rate,
    /// The relative gain: 0.38 for +38 %.
    pub gain_ratio: f64,
}
