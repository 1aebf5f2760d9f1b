//! What needs neither root nor another program.

use std::time::Duration;

use calibration_lab::traffic::{
    Amount, Bulk, Connecting, DeviceResult, End, HostCopy, HostMemory, Messages, Method, Order,
    Produced, Protocol, RoundTrips, Tool, bulk, messages, produced, round_trips,
};
use sim::{Bytes, Rate};

use super::needs::lacks;
use super::{GO, lasting, message};

#[test]
fn every_byte_sent_is_received() {
    let here = End::loopback();
    for (streams, bytes, write) in
        [(1, 1, 1), (1, 10_007, 100), (3, 5_000_011, 65_536), (2, 3_000_000, 3_000_000)]
    {
        let load = message(Protocol::Tcp, streams, bytes, write);
        let sample = bulk(&here, &here, &load, &GO).expect("loopback");
        assert_eq!(sample.bytes_sent, Bytes::new(bytes));
        assert_eq!(sample.bytes_received, Bytes::new(bytes));
        assert_eq!((sample.method, sample.datagrams), (Method::InProcess, None));
        let goodput = bytes as f64 / sample.seconds;
        assert!((sample.goodput.as_bytes_per_s() / goodput - 1.0).abs() < 1e-6, "{sample:?}");
    }
}

#[test]
fn a_transfer_lasts_as_long_as_asked() {
    let here = End::loopback();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let sample = bulk(&here, &here, &lasting(protocol, 2, 300), &GO).expect("loopback");
        // How much longer depends on what else the machine does.
        assert!(sample.seconds >= 0.25, "{sample:?}");
        assert!(sample.cpu.sender.total_s() > 0.01, "{sample:?}");
        assert!(sample.cpu.thread_s_per_byte(sample.bytes_received) > Some(0.0));
        assert!(!sample.cpu.cores.is_empty());
    }
}

#[test]
fn datagrams_are_conserved_and_paced() {
    let here = End::loopback();
    let pace = Some(Rate::bytes_per_s(2e6));
    let load = Bulk { pace, ..message(Protocol::Udp, 2, 400_100, 1000) };
    let sample = bulk(&here, &here, &load, &GO).expect("loopback");
    let datagrams = sample.datagrams.expect("UDP");
    // Two shares of 200 050 bytes: 200 whole datagrams and one of 50 bytes each.
    assert_eq!((datagrams.sent, sample.bytes_sent), (402, Bytes::new(400_100)));
    assert!(datagrams.received <= datagrams.sent && datagrams.loss_ratio() < 0.5, "{sample:?}");
    assert!(sample.bytes_received <= sample.bytes_sent);
    // 0.4 MB at 2 MB/s, or longer on a busy machine.
    assert!(sample.seconds >= 0.18, "{sample:?}");
}

#[test]
fn a_flood_of_datagrams_counts_its_losses() {
    let here = End::loopback();
    let load = Bulk { write: Bytes::new(60_000), ..lasting(Protocol::Udp, 1, 200) };
    let sample = bulk(&here, &here, &load, &GO).expect("loopback");
    let datagrams = sample.datagrams.expect("UDP");
    assert_eq!(sample.bytes_received.get(), datagrams.received * 60_000);
    assert_eq!(sample.bytes_sent.get(), datagrams.sent * 60_000);
}

#[test]
fn messages_are_timed_one_by_one() {
    let here = End::loopback();
    for connection in [Connecting::Warm, Connecting::Each] {
        let bytes = Bytes::new(1_000_001);
        let load = Messages { bytes, count: 10, connection, ..Messages::default() };
        let sample = messages(&here, &here, &load, &GO).expect("loopback");
        assert_eq!(sample.times.count, 10);
        assert_eq!((sample.bytes_sent, sample.bytes_received), (bytes * 12, bytes * 12));
        assert!(sample.times.min_s > 0.0 && sample.half_round_trip_s.is_none());
        let goodput = bytes.as_f64() / sample.times.median_s;
        assert!((sample.goodput.as_bytes_per_s() / goodput - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_result_is_sent_as_it_is_made_or_when_it_is_whole() {
    let here = End::loopback();
    let bytes = Bytes::new(4_000_001);
    let ring = |buffers| Order::Overlapped { chunk: Bytes::kib(256), buffers };
    for order in [Order::Serial, ring(1), ring(2), ring(64)] {
        for memory in [HostMemory::Pinned, HostMemory::Pageable, HostMemory::Untouched] {
            let mut producer = HostCopy::new(memory, bytes);
            let load = Produced { bytes, order, count: 4, ..Produced::default() };
            let sample = produced(&here, &here, &load, &mut producer, &GO).expect("loopback");
            assert_eq!((sample.times.count, sample.making.count), (4, 4));
            assert_eq!(sample.emulated_by.as_deref(), Some("emulated by a timed host copy"));
            // A result is not there before it is made.
            assert!(sample.times.max_s >= sample.making.min_s, "{sample:?}");
        }
    }
}

/// The rest of the result is made while a chunk is on its way: with a producer whose cost is
/// waiting, the whole takes hardly longer than making it.
#[test]
fn overlapping_hides_the_sending() {
    let here = End::loopback();
    let bytes = Bytes::mib(8);
    let run = |order| {
        let mut producer = Slow(HostCopy::new(HostMemory::Pinned, bytes));
        let load = Produced { bytes, order, count: 3, ..Produced::default() };
        produced(&here, &here, &load, &mut producer, &GO).expect("loopback")
    };
    let serial = run(Order::Serial);
    let overlapped = run(Order::Overlapped { chunk: Bytes::mib(1), buffers: 3 });
    assert!(serial.making.median_s >= 0.08 && overlapped.making.median_s >= 0.08);
    assert!(serial.times.min_s > serial.making.min_s);
    let exposed = |sample: &calibration_lab::traffic::ProducedSample| {
        sample.times.min_s - sample.making.min_s
    };
    assert!(exposed(&overlapped) < 0.06, "{overlapped:?}");
}

/// Takes 10 ms per MiB.
struct Slow(HostCopy);

impl calibration_lab::traffic::Produce for Slow {
    type Buffer = Vec<u8>;

    fn buffer(&mut self, bytes: usize) -> Result<Vec<u8>, calibration_lab::traffic::TrafficError> {
        self.0.buffer(bytes)
    }

    fn make(
        &mut self,
        offset: usize,
        bytes: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), calibration_lab::traffic::TrafficError> {
        std::thread::sleep(Duration::from_millis(10 * (bytes >> 20) as u64));
        self.0.make(offset, bytes, buffer)
    }

    fn view(
        buffer: &Vec<u8>,
        bytes: usize,
    ) -> Result<&[u8], calibration_lab::traffic::TrafficError> {
        HostCopy::view(buffer, bytes)
    }

    fn emulated_by(&self) -> Option<&'static str> {
        self.0.emulated_by()
    }
}

#[test]
fn requests_are_answered() {
    let here = End::loopback();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for connection in [Connecting::Warm, Connecting::Each] {
            for (request, reply) in [(1, 1), (3, 20_000), (20_000, 3)] {
                let load = RoundTrips {
                    protocol,
                    connection,
                    request: Bytes::new(request),
                    reply: Bytes::new(reply),
                    count: 50,
                    warm_up: 2,
                    ..RoundTrips::default()
                };
                let sample = round_trips(&here, &here, &load, &GO).expect("loopback");
                assert_eq!(sample.latency.count as u64 + sample.lost, 50, "{sample:?}");
                assert!(sample.latency.min_s > 0.0 && sample.latency.max_s <= sample.seconds);
            }
        }
    }
}

#[test]
fn round_trips_end_with_their_duration() {
    let here = End::loopback();
    let duration = Some(Duration::from_millis(200));
    let load = RoundTrips { duration, count: 10_000_000 - 20, ..RoundTrips::default() };
    let sample = round_trips(&here, &here, &load, &GO).expect("loopback");
    assert!((0.19..1.0).contains(&sample.seconds), "{sample:?}");
    assert!(sample.latency.count > 100);
}

#[test]
fn an_impossible_load_is_refused_in_words() {
    let here = End::loopback();
    let refused = |load: &Bulk| bulk(&here, &here, load, &GO).expect_err("impossible").to_string();
    let good = message(Protocol::Udp, 1, 1000, 1000);
    let bad = Bulk { streams: 0, ..good.clone() };
    assert_eq!(refused(&bad), "0 streams; 1 to 128 are possible");
    let bad = Bulk { write: Bytes::new(65_508), ..good.clone() };
    assert!(refused(&bad).starts_with("a write of 64.0 KiB; 1 B to "), "{}", refused(&bad));
    let bad = Bulk { amount: Amount::Duration(Duration::ZERO), ..good.clone() };
    assert!(refused(&bad).starts_with("0 s; above 0 "));
    let bad = Bulk { amount: Amount::Bytes(Bytes::new(1)), streams: 2, ..good.clone() };
    assert_eq!(refused(&bad), "a message of 1 B over 2 streams");
    let bad = Bulk { tool: Tool::Iperf3, ..good.clone() };
    assert_eq!(refused(&bad), "iperf3 does not wait for a message's last byte");
    let bad = Bulk { protocol: Protocol::Tcp, zero_copy: true, tool: Tool::Auto, ..good.clone() };
    assert!(refused(&bad).starts_with("zero-copy needs iperf3, and "));
    let bad = Bulk { patience: Duration::MAX, ..good };
    assert!(refused(&bad).starts_with("a patience above 0"));
    for count in [0, u64::MAX] {
        let load = RoundTrips { count, ..RoundTrips::default() };
        assert!(round_trips(&here, &here, &load, &GO).is_err());
        let load = Messages { count, ..Messages::default() };
        assert!(messages(&here, &here, &load, &GO).is_err());
    }
    let order = Order::Overlapped { chunk: Bytes::gib(1), buffers: usize::MAX };
    let load = Produced { order, bytes: Bytes::gib(1), ..Produced::default() };
    let mut producer = HostCopy::new(HostMemory::Pinned, Bytes::new(1));
    assert!(produced(&here, &here, &load, &mut producer, &GO).is_err());
}

#[test]
fn a_result_on_a_gpu_is_sent_as_any_other() {
    let producer = DeviceResult::new(0, HostMemory::Pinned, Bytes::mib(1));
    if lacks(&producer) {
        return;
    }
    let mut producer = producer.expect("what is missing was told above");
    let here = End::loopback();
    let load = Produced { bytes: Bytes::mib(1), count: 4, ..Produced::default() };
    let sample = produced(&here, &here, &load, &mut producer, &GO).expect("a GPU's result");
    assert_eq!(sample.emulated_by, None);
}
