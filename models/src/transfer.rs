//! What a user asks of the cluster: one result that travels from here to there, and how.

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate};

use crate::collective::Group;
use crate::gpu::execute::Level;
use crate::gpu::kernel::Kernel;
use crate::pattern::Pattern;

mod request;

pub use request::Request;

/// A result that leaves `from` and is complete when its last byte is at `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Where the result lies: a GPU (device memory) or a pod (its host memory).
    pub from: String,
    /// Where it is wanted: a GPU, a pod, or a Service in front of pods.
    pub to: String,
    /// The Service through which the receiving pod is addressed, where `to` names a GPU or pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The size of the result in bytes, over all streams together.
    pub message: Bytes,
    /// Bytes per system call; with UDP, the payload of a datagram. Where it is not given, one call
    /// takes the whole message and a datagram is as large as a TCP segment of the same path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Bytes>,
    /// The size of a reply that the receiver sends once it has the message; the transfer is then
    /// complete when the reply has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Bytes>,
    /// The transport between the pods.
    pub transport: Transport,
    /// The rate at which the application offers datagrams, over all streams together; as fast as
    /// its socket takes them where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Rate>,
    /// What encoding and decoding move at each end, where the message is marshalled (gRPC,
    /// protobuf, JSON); as it lies in memory where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marshalled: Option<Rate>,
    /// Parallel connections (TCP) or flows (UDP) that share the message evenly.
    pub streams: u32,
    /// How device copies and the network take turns.
    pub mode: Mode,
    /// What the host buffer of a device copy is.
    pub host_memory: HostMemory,
    /// Whether the connection is already open and its window grown.
    pub connection: Connection,
    /// The kernel that makes the result, if its time is wanted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Kernel>,
    /// How the result was asked for, if that time is wanted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What the ranks of a group do together, in the place of one result from here to there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Box<Group>>,
    /// Who sends to whom, where it stands for many transfers; each of them is as this says, between
    /// other ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Box<Pattern>>,
}

impl Transfer {
    /// One message over an open connection, from host memory or a GPU to another: TCP, one stream,
    /// stage by stage.
    pub fn message(from: impl Into<String>, to: impl Into<String>, message: Bytes) -> Transfer {
        Transfer {
            from: from.into(),
            to: to.into(),
            via: None,
            message,
            write: None,
            reply: None,
            transport: Transport::Tcp,
            offered: None,
            marshalled: None,
            streams: 1,
            mode: Mode::Serial,
            host_memory: HostMemory::Pinned,
            connection: Connection::Warm,
            kernel: None,
            request: None,
            group: None,
            pattern: None,
        }
    }

    /// A collective of `message` bytes, counted as nccl-tests counts them.
    pub fn together(group: Group, message: Bytes) -> Transfer {
        let end = |name: Option<&String>| name.cloned().unwrap_or_default();
        let (from, to) = (end(group.ranks.first()), end(group.ranks.last()));
        let mode = Mode::GpuDirect;
        Transfer { mode, group: Some(Box::new(group)), ..Transfer::message(from, to, message) }
    }

    /// The same with a kernel at its closed form, which takes no time to find.
    pub(crate) fn in_closed_form(&self) -> Transfer {
        let kernel = self.kernel.map(|kernel| Kernel { level: Level::Kernel, ..kernel });
        Transfer { kernel, ..self.clone() }
    }

    /// The state in which the message meets its connection: a reply finds it open.
    pub fn connection_met(&self) -> Connection {
        match (&self.request, self.connection) {
            (Some(_), Connection::New) => Connection::Fresh,
            (_, connection) => connection,
        }
    }
}

/// The transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Reliable byte stream; sends no faster than the receiver and the path take.
    Tcp,
    /// Datagrams of one segment; sends as fast as the socket lets it; what does not fit is lost.
    Udp,
}

/// How the stages device → host → network → host → device take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One stage after another for the whole message: times add.
    Serial,
    /// Chunks of `chunk` bytes through `buffers` buffers a side: the slowest stage rules.
    Overlapped {
        /// The size of a chunk.
        chunk: Bytes,
        /// Host buffers on each side; at least one.
        buffers: u32,
    },
    /// RDMA between host memories, and copies between these and GPUs: chunk by chunk likewise.
    Rdma {
        /// The size of a chunk.
        chunk: Bytes,
        /// Host buffers on each side; at least one.
        buffers: u32,
    },
    /// GPUDirect RDMA: the NIC reads and writes device memory, and no host CPU hop is on the way.
    GpuDirect,
}

impl Mode {
    /// The size of chunks and the buffers of each side, where chunks take turns on the stages.
    pub const fn chunks(self) -> Option<(Bytes, u32)> {
        match self {
            Mode::Overlapped { chunk, buffers } | Mode::Rdma { chunk, buffers } => {
                Some((chunk, buffers))
            }
            Mode::Serial | Mode::GpuDirect => None,
        }
    }

    /// Whether the network is crossed by RDMA, past the sockets.
    pub const fn is_rdma(self) -> bool {
        matches!(self, Mode::Rdma { .. } | Mode::GpuDirect)
    }
}

/// The kind of host memory that a device copy reads or writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostMemory {
    /// Page-locked: the copy engine reads and writes it directly.
    #[default]
    Pinned,
    /// Ordinary memory: a core copies it through a pinned staging buffer.
    Pageable,
    /// Ordinary memory that was never written: the core also takes a page fault for each page that
    /// it copies into.
    Untouched,
    /// Page-locked, and mapped into the GPU's addresses: a kernel on its SMs loads from it and
    /// stores to it, in the place of the copy engine.
    Mapped,
}

impl HostMemory {
    /// Whether a core has to stage what a copy engine moves.
    pub const fn is_staged(self) -> bool {
        matches!(self, HostMemory::Pageable | HostMemory::Untouched)
    }
}

/// The state of the connection when the message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// Open, with its congestion window grown.
    #[default]
    Warm,
    /// To be opened: one round trip for the handshake, then slow start (RFC 6928, ten segments).
    New,
    /// Opened by this very message: what the first packet costs, and nobody waits for it.
    Opening,
    /// Open, but with its first window: slow start without a handshake.
    Fresh,
}
