//! A transfer carried out in a lab: what of a [`Transfer`] becomes which traffic.
//!
//! | a transfer with | is carried out as | its completion is |
//! | --- | --- | --- |
//! | a reply | requests and replies for `seconds` | the median round trip |
//! | UDP | datagrams as fast as they go for `seconds` | the message ÷ goodput |
//! | a GPU as its source | results, copied and sent | the median, from copy to last byte |
//! | at least 16 MiB on a warm connection | a stream for `seconds` | the message ÷ goodput |
//! | a smaller message, or a new connection | messages one by one | the median to the last byte |

mod possible;
mod way;

use std::net::SocketAddrV4;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use calibration_gpu::driver_is_there;
use models::cluster::lab::Pins;
use models::framing::TCP_IP_HEADERS;
use models::topology::Topology;
use models::transfer::{Connection, HostMemory, Mode, Transfer, Transport};
use sim::{Bytes, Rate};

pub use possible::check;
use possible::holder;
use way::Way;

use crate::namespace::{Lab, PodEnd};
use crate::traffic::peer::Peer;
use crate::traffic::{
    self, Amount, Bulk, CpuUse, DeviceResult, End, HostCopy, Messages, Order, Produced, RoundTrips,
    ThreadTimes, TrafficError,
};

/// A message of at least so many bytes is long beside its beginning and end: a stream stands for
/// it.
const STREAMED: Bytes = Bytes::mib(16);
/// What a stream writes at a time where the transfer does not say: iperf3's default.
const WRITE: Bytes = Bytes::kib(128);
/// More round trips or messages than this say nothing new.
const COUNT_MAX: u64 = 100_000;
/// What a message and its bytes are taken to last, where only the number of messages hangs on it.
const EXCHANGE_S: f64 = 50e-6;
const BYTES_PER_S: f64 = 1e9;
/// The MTU of Ethernet, where the network between two machines is not said.
const MTU: u32 = 1500;
/// How long nothing may happen before a transfer has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was measured of one transfer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Payload that arrived per second.
    pub goodput: Rate,
    /// The message's completion in seconds, see the table above.
    pub completion_s: f64,
    /// Payload that was sent per second.
    pub sent: Rate,
    /// The part of it that did not arrive, 0 to 1.
    pub loss_ratio: f64,
    /// How it was carried out, in a few words.
    pub method: String,
    /// Payload that arrived in all.
    pub arrived: Bytes,
    /// How long all of it took in seconds.
    pub seconds: f64,
    /// The payload of a datagram, where datagrams were sent.
    pub datagram: Bytes,
    /// What it cost of the processor.
    pub cpu: CpuUse,
}

impl Reading {
    /// The time of threads per payload byte that arrived [s/B]; none if nothing did.
    pub fn per_byte(&self, threads: ThreadTimes) -> Option<f64> {
        (self.arrived > Bytes::ZERO).then(|| threads.total_s() / self.arrived.as_f64())
    }
}

/// Where and how transfers are carried out.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// The standing lab.
    pub lab: &'a Lab,
    /// The topology that it plays.
    pub topology: &'a Topology,
    /// The cores of the threads.
    pub pins: &'a Pins,
    /// How long each transfer is repeated, in seconds.
    pub seconds: u32,
}

/// Carries `transfers` out at the same time; one reading each, in order.
///
/// # Errors
/// The first failure, if one fails.
pub fn carry_out(
    stage: &Stage<'_>,
    transfers: &[Transfer],
    stop: &AtomicBool,
) -> Result<Vec<Reading>, TrafficError> {
    let begin = Barrier::new(transfers.len());
    let mut first_stream = 0;
    let mut runs = Vec::new();
    for transfer in transfers {
        runs.push(Run::new(stage, transfer, first_stream));
        first_stream += transfer.streams as usize;
    }
    let readings: Vec<Result<Reading, TrafficError>> = std::thread::scope(|scope| {
        let carry = |mut run: Run<'_>| {
            begin.wait();
            run.carry_out(stop)
        };
        let running: Vec<_> = runs.into_iter().map(|run| scope.spawn(move || carry(run))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    readings.into_iter().collect()
}

/// Carries `transfers` of a topology out between this machine and a peer, one after another; the
/// topology only says which of them start in a GPU.
///
/// # Errors
/// The first failure, if one fails.
pub fn carry_out_to(
    peer: &mut Peer,
    topology: &Topology,
    transfers: &[Transfer],
    seconds: u32,
    stop: &AtomicBool,
) -> Result<Vec<Reading>, TrafficError> {
    let one = |transfer: &Transfer| {
        let (_, from_gpu) = holder(topology, &transfer.from).expect("was checked");
        let span = Duration::from_secs(seconds.into());
        // What is between the two machines is theirs to say; Ethernet's is the MTU they have.
        let mut run = Run { transfer, way: Way::There(peer), from_gpu, mtu: MTU, span };
        run.carry_out(stop)
    };
    transfers.iter().map(one).collect()
}

/// One transfer on its way.
struct Run<'a> {
    transfer: &'a Transfer,
    way: Way<'a>,
    from_gpu: bool,
    /// The largest IP packet of the sending pod in bytes.
    mtu: u32,
    span: Duration,
}

impl<'a> Run<'a> {
    fn new(stage: &Stage<'_>, transfer: &'a Transfer, first_stream: usize) -> Run<'a> {
        let (sender, from_gpu) = holder(stage.topology, &transfer.from).expect("was checked");
        let service = stage.lab.service(transfer.via.as_ref().unwrap_or(&transfer.to));
        let receiver = match stage.lab.pod(&transfer.to) {
            Some(pod) => pod,
            None => {
                let mut behind = stage.topology.services.iter();
                let behind = behind.find(|s| *s.table.name.get_ref() == transfer.to);
                let pods = behind.expect("was checked").table.pods.get_ref();
                stage.lab.pod(pods[0].get_ref()).expect("was checked")
            }
        };
        let sender = stage.lab.pod(&sender).expect("was checked");
        let mtu = sender.mtu;
        let way = Way::Here {
            from: end(sender, &stage.pins.senders, first_stream),
            to: end(receiver, &stage.pins.readers, first_stream),
            target: service.map(|(address, port)| SocketAddrV4::new(address, port)),
        };
        Run { transfer, way, from_gpu, mtu, span: Duration::from_secs(stage.seconds.into()) }
    }

    fn carry_out(&mut self, stop: &AtomicBool) -> Result<Reading, TrafficError> {
        let transfer = self.transfer;
        if let Some(reply) = transfer.reply {
            return self.round_trips(reply, stop);
        }
        if self.from_gpu {
            return self.produced(stop);
        }
        let warm = transfer.connection == Connection::Warm;
        match transfer.transport {
            Transport::Udp => self.bulk(traffic::Protocol::Udp, stop),
            Transport::Tcp if warm && (transfer.message >= STREAMED || transfer.streams > 1) => {
                self.bulk(traffic::Protocol::Tcp, stop)
            }
            Transport::Tcp => self.messages(stop),
        }
    }

    fn port(&self) -> u16 {
        self.way.target().map_or(0, |target| target.port())
    }

    fn bulk(
        &mut self,
        protocol: traffic::Protocol,
        stop: &AtomicBool,
    ) -> Result<Reading, TrafficError> {
        let load = Bulk {
            protocol,
            streams: self.transfer.streams as usize,
            write: self.transfer.write.unwrap_or(match protocol {
                traffic::Protocol::Tcp => WRITE,
                traffic::Protocol::Udp => self.datagram(),
            }),
            amount: Amount::Duration(self.span),
            target: self.way.target(),
            port: self.port(),
            patience: PATIENCE,
            ..Bulk::default()
        };
        let sample = self.way.bulk(&load, stop)?;
        Ok(Reading {
            goodput: sample.goodput,
            completion_s: self.transfer.message.as_f64() / sample.goodput.as_bytes_per_s(),
            sent: sample.sent,
            loss_ratio: sample.datagrams.map_or(0.0, |datagrams| datagrams.loss_ratio()),
            method: format!("stream for {} s ({})", self.span.as_secs(), tool(sample.method)),
            arrived: sample.bytes_received,
            seconds: sample.seconds,
            datagram: load.write,
            cpu: sample.cpu,
        })
    }

    /// A datagram that is as large as a TCP segment of the same path.
    fn datagram(&self) -> Bytes {
        Bytes::new(u64::from(self.mtu).saturating_sub(TCP_IP_HEADERS.get()))
    }

    fn messages(&mut self, stop: &AtomicBool) -> Result<Reading, TrafficError> {
        let bytes = self.transfer.message;
        let load = Messages {
            bytes,
            write: self.transfer.write.unwrap_or(bytes),
            count: self.count(bytes),
            warm_up: 10,
            connection: connection(self.transfer.connection),
            target: self.way.target(),
            port: self.port(),
            patience: PATIENCE,
        };
        let sample = self.way.messages(&load, stop)?;
        Ok(self.of_times(
            sample.times.median_s,
            sample.times.mean_s,
            "messages",
            sample.cpu,
            load.count,
        ))
    }

    fn round_trips(&mut self, reply: Bytes, stop: &AtomicBool) -> Result<Reading, TrafficError> {
        let protocol = match self.transfer.transport {
            Transport::Tcp => traffic::Protocol::Tcp,
            Transport::Udp => traffic::Protocol::Udp,
        };
        let load = RoundTrips {
            protocol,
            request: self.transfer.message,
            reply,
            count: COUNT_MAX,
            duration: Some(self.span),
            warm_up: 20,
            connection: connection(self.transfer.connection),
            timeout: Duration::from_secs(1),
            target: self.way.target(),
            port: self.port(),
            patience: PATIENCE,
        };
        let sample = self.way.round_trips(&load, stop)?;
        let (median, mean) = (sample.latency.median_s, sample.latency.mean_s);
        let count = sample.latency.count as u64;
        Ok(self.of_times(median, mean, "round trips", sample.cpu, count))
    }

    fn produced(&mut self, stop: &AtomicBool) -> Result<Reading, TrafficError> {
        let bytes = self.transfer.message;
        let order = match self.transfer.mode {
            Mode::Overlapped { chunk, buffers } => {
                Order::Overlapped { chunk, buffers: buffers as usize }
            }
            Mode::Serial | Mode::GpuDirect | Mode::Rdma { .. } => Order::Serial,
        };
        let load = Produced {
            bytes,
            order,
            count: self.count(bytes),
            warm_up: 1,
            target: self.way.target(),
            port: self.port(),
            patience: PATIENCE,
        };
        let memory = match self.transfer.host_memory {
            HostMemory::Pinned | HostMemory::Mapped => traffic::HostMemory::Pinned,
            HostMemory::Pageable => traffic::HostMemory::Pageable,
            HostMemory::Untouched => traffic::HostMemory::Untouched,
        };
        let sample = match driver_is_there() {
            true => {
                let mut copy = DeviceResult::new(0, memory, bytes)
                    .map_err(|error| TrafficError::Producer(error.to_string()))?;
                self.way.produced(&load, &mut copy, stop)?
            }
            false => {
                let mut copy = HostCopy::new(memory, bytes);
                self.way.produced(&load, &mut copy, stop)?
            }
        };
        let what = match &sample.emulated_by {
            Some(by) => format!("results, {by}"),
            None => "results".into(),
        };
        let (median, mean) = (sample.times.median_s, sample.times.mean_s);
        Ok(self.of_times(median, mean, &what, sample.cpu, load.count))
    }

    /// About as many messages as fit into the time. This says how long a trial lasts, and nothing
    /// about what it finds.
    fn count(&self, bytes: Bytes) -> u64 {
        let each = EXCHANGE_S + bytes.as_f64() / BYTES_PER_S;
        ((self.span.as_secs_f64() / each) as u64).clamp(3, COUNT_MAX)
    }

    fn of_times(&self, median_s: f64, mean_s: f64, what: &str, cpu: CpuUse, count: u64) -> Reading {
        let goodput = Rate::bytes_per_s(self.transfer.message.as_f64() / median_s.max(1e-9));
        Reading {
            goodput,
            completion_s: median_s,
            sent: goodput,
            loss_ratio: 0.0,
            method: format!("{count} {what} (in this process)"),
            arrived: self.transfer.message * count,
            seconds: mean_s * count as f64,
            datagram: Bytes::ZERO,
            cpu,
        }
    }
}

/// A pod's end, its threads on `cores` from the `first`-th on.
fn end(pod: PodEnd, cores: &[usize], first: usize) -> End {
    let cores = (0..cores.len()).map(|at| cores[(first + at) % cores.len()]).collect();
    End { netns: Some(pod.netns), address: pod.address, cores }
}

fn connection(connection: Connection) -> traffic::Connecting {
    match connection {
        Connection::Warm => traffic::Connecting::Warm,
        // What only a part of a request is, `check` has refused.
        Connection::New | Connection::Opening | Connection::Fresh => traffic::Connecting::Each,
    }
}

fn tool(method: traffic::Method) -> &'static str {
    match method {
        traffic::Method::Iperf3 { .. } => "iperf3",
        traffic::Method::InProcess => "in this process",
        traffic::Method::Peer => "at a peer",
    }
}
