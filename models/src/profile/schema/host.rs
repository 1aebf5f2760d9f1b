//! The lines of a host profile: cores, memory, the socket layer, and what each hop costs.

use super::super::Dimension::{Bytes, Count, Rate, Ratio, Time, TimePerByte};
use super::Line;
use super::Need::{Absent, Always, Default, Where};

/// Why a part of a hop's costs may be left out: the rest is checked when a hop is assembled.
const IN_THE_OTHERS: &str = "0: the hop's other lines of this direction hold the whole cost; one \
                             of per_byte, per_skb and per_segment is needed";
const IN_SKB: &str = "0: what a packet costs is in per_skb, which counts super-packets";
const NO_CONNECTION: &str = "0: the hop treats the first packet as any other";
const ONE_CALL: &str = "0: the hop sees packets and no calls";
const NO_WAIT: &str = "0: the hop's work takes its core's time, and nothing else is waited for";
const ALONE: &str = "0: a datagram costs what a super-packet costs, which is in per_skb";
const DELIVERED: &str = "0: a forwarded packet costs its socket what a delivered one costs";
const FRAGMENT: &str = "a fragment costs what a datagram costs, which is in per_skb";
const SHIPPED_ERRORS: &str = "model/errors says how far the models are off on this machine";
/// Where the costs of TCP are needed.
pub const TCP: &str = "a transfer sends TCP";
/// Where the costs of UDP are needed.
pub const UDP: &str = "a transfer sends UDP";
const STAGING: &str = "a copy has pageable memory, or a core copies shared memory";
const NAMES: &str = "a request asks a name server on this host";
const SOCKETS: &str = "data crosses from one NUMA node to another";
const AS_THE_LINK: &str = "as much as the link between the sockets carries";

/// Every line of a host profile.
pub(super) const LINES: [Line; 75] = [
    Line::of("cores", Count, Always, "cores of the machine"),
    Line::of("receive_queues", Count, Always, "receive queues (RSS), each served by a core"),
    Line::of(
        "core_speed",
        Ratio,
        Default(1.0, "1: the costs are those of this machine's own cores"),
        "speed of the cores beside those that the costs were measured on",
    ),
    Line::of(
        "memory_bandwidth",
        Rate,
        Absent("no limit: the memory channels of a NUMA node carry more than its devices move"),
        "what the memory of one NUMA node moves, reads and writes together",
    ),
    Line::of("error.tcp", Ratio, Absent(SHIPPED_ERRORS), "how far TCP is off on ways left out"),
    Line::of("error.udp", Ratio, Absent(SHIPPED_ERRORS), "how far UDP is off on ways left out"),
    Line::of("error.round_trip", Ratio, Absent(SHIPPED_ERRORS), "how far round trips are off"),
    Line::of("socket_link_bandwidth", Rate, Where(SOCKETS), "UPI, QPI or xGMI, each direction"),
    Line::of("socket_link_latency", Time, Where(SOCKETS), "what crossing it adds"),
    Line::of(
        "socket_link_peer_read",
        Rate,
        Absent(AS_THE_LINK),
        "of the link between the sockets, what one device's reads of another reach",
    ),
    Line::of(
        "socket_link_peer_write",
        Rate,
        Absent(AS_THE_LINK),
        "of the link between the sockets, what one device's writes to another reach",
    ),
    Line::of(
        "copy_read_share",
        Ratio,
        Default(1.0, "1: copies to a device keep up beside copies from it"),
        "what copies to a device keep of their rate while copies from it run at theirs",
    ),
    Line::of(
        "driver.call",
        Time,
        Default(0.0, "0: the driver is called as where the GPU was calibrated"),
        "more per device copy: calls that another system passes on",
    ),
    Line::of(
        "driver.launch",
        Time,
        Default(0.0, "0: the host launches kernels faster than the GPU runs them"),
        "the least from one launch of a kernel to the next",
    ),
    Line::of(
        "bounce.per_byte",
        TimePerByte,
        Absent("device copies read and write the memory of the process itself"),
        "of a core that encrypts what is copied, or copies it, by way of a bounce buffer",
    ),
    Line::of("tcp.window", Bytes, Always, "the window of a TCP socket"),
    Line::of(
        "tcp.super_packet",
        Bytes,
        Default(65_535.0, "65535: the largest IPv4 packet, which GSO fills"),
        "the largest super-packet of TCP: up to 524280 with BIG TCP",
    ),
    Line::of("tcp.latency", Time, Where(TCP), "wake-up and hand-over at each end"),
    Line::of("tcp.tx_per_message", Time, Where(TCP), "a system call that writes"),
    Line::of("tcp.rx_per_message", Time, Where(TCP), "a system call that reads"),
    Line::of("tcp.tx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte sent"),
    Line::of("tcp.rx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte received"),
    Line::of("tcp.tx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per super-packet sent"),
    Line::of("tcp.rx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per super-packet received"),
    Line::of("tcp.tx_per_segment", Time, Default(0.0, IN_SKB), "per segment sent"),
    Line::of("tcp.rx_per_segment", Time, Default(0.0, IN_SKB), "per segment received"),
    Line::of("tcp.per_connection", Time, Default(0.0, NO_CONNECTION), "opening a connection"),
    Line::of(
        "tcp.forwarded_per_skb",
        Time,
        Default(0.0, DELIVERED),
        "more per super-packet sent, where packets are forwarded on the way",
    ),
    Line::of(
        "tcp.forwarded_per_byte",
        TimePerByte,
        Default(0.0, DELIVERED),
        "more per byte sent, where packets are forwarded on the way",
    ),
    Line::of(
        "udp.send_buffer",
        Bytes,
        Where("the profile has udp.send_completion"),
        "what a UDP socket may have in flight to the card",
    ),
    Line::of(
        "udp.send_completion",
        Time,
        Absent("no limit: its core alone holds a sender back; udp.send_buffer is absent with it"),
        "until the card has completed a packet, which gives the socket its room back",
    ),
    Line::of("udp.latency", Time, Where(UDP), "wake-up and hand-over at each end"),
    Line::of("udp.tx_per_message", Time, Default(0.0, "0: in udp.tx_per_skb"), "a system call"),
    Line::of("udp.rx_per_message", Time, Default(0.0, "0: in udp.rx_per_skb"), "a system call"),
    Line::of("udp.tx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte sent"),
    Line::of("udp.rx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte received"),
    Line::of("udp.tx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per datagram sent"),
    Line::of("udp.rx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per datagram received"),
    Line::of(
        "udp.tx_per_fragment",
        Time,
        Absent(FRAGMENT),
        "per IP fragment sent of a datagram but its first",
    ),
    Line::of(
        "udp.rx_per_fragment",
        Time,
        Absent(FRAGMENT),
        "per IP fragment received of a datagram but its first",
    ),
    Line::of("udp.tx_per_segment", Time, Default(0.0, IN_SKB), "per wire packet sent"),
    Line::of("udp.rx_per_segment", Time, Default(0.0, IN_SKB), "per wire packet received"),
    Line::of("udp.per_connection", Time, Default(0.0, NO_CONNECTION), "opening a socket"),
    Line::of(
        "udp.forwarded_per_skb",
        Time,
        Default(0.0, DELIVERED),
        "more per datagram sent, where packets are forwarded on the way",
    ),
    Line::of(
        "udp.forwarded_per_byte",
        TimePerByte,
        Default(0.0, DELIVERED),
        "more per byte sent, where packets are forwarded on the way",
    ),
    Line::of(
        "HOP.tx_per_byte",
        TimePerByte,
        Default(0.0, IN_THE_OTHERS),
        "per byte on the way out",
    ),
    Line::of("HOP.rx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte on the way in"),
    Line::of("HOP.tx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per super-packet out"),
    Line::of("HOP.rx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per super-packet in"),
    Line::of("HOP.tx_per_segment", Time, Default(0.0, IN_SKB), "per wire packet out"),
    Line::of("HOP.rx_per_segment", Time, Default(0.0, IN_SKB), "per wire packet in"),
    Line::of("HOP.tx_per_message", Time, Default(0.0, ONE_CALL), "per message out"),
    Line::of("HOP.rx_per_message", Time, Default(0.0, ONE_CALL), "per message in"),
    Line::of("HOP.tx_per_datagram", Time, Default(0.0, ALONE), "more per datagram out"),
    Line::of("HOP.rx_per_datagram", Time, Default(0.0, ALONE), "more per datagram in"),
    Line::of("HOP.per_connection", Time, Default(0.0, NO_CONNECTION), "opening a connection"),
    Line::of("HOP.latency", Time, Default(0.0, NO_WAIT), "delay that occupies nobody, each way"),
    Line::of(
        "HOP.udp_flow_limit",
        Rate,
        Absent("no limit: its queue holds what one flow sends"),
        "the most that one UDP flow gets through on the way in",
    ),
    Line::of("SERVICE.tx_per_byte", TimePerByte, Default(0.0, IN_THE_OTHERS), "per byte"),
    Line::of("SERVICE.tx_per_skb", Time, Default(0.0, IN_THE_OTHERS), "per super-packet"),
    Line::of("SERVICE.tx_per_segment", Time, Default(0.0, IN_SKB), "per wire packet"),
    Line::of("SERVICE.tx_per_message", Time, Default(0.0, ONE_CALL), "per message"),
    Line::of("SERVICE.tx_per_datagram", Time, Default(0.0, ALONE), "more per datagram"),
    Line::of("SERVICE.per_connection", Time, Default(0.0, NO_CONNECTION), "the first packet"),
    Line::of(
        "SERVICE.per_rule",
        Time,
        Default(0.0, "0: the translation finds a Service by a hash, however many there are"),
        "of the first packet, per Service installed",
    ),
    Line::of("SERVICE.latency", Time, Default(0.0, NO_WAIT), "delay that occupies nobody"),
    Line::of(
        "copy.per_byte",
        TimePerByte,
        Where("a lab has a core copy what a copy engine would"),
        "of a core that copies in place of a GPU's engine",
    ),
    Line::of("staging.per_byte", TimePerByte, Where(STAGING), "of a core that copies"),
    Line::of("staging.first_touch_per_byte", TimePerByte, Where(STAGING), "page faults, clearing"),
    Line::of("staging.per_chunk", Time, Where(STAGING), "calls and a wait per pinned buffer"),
    Line::of("staging.chunk", Bytes, Where(STAGING), "size of a pinned buffer of the driver"),
    Line::of(
        "names.client",
        Time,
        Where("a request's client is started for it"),
        "loading the resolver, reading its files and starting its thread",
    ),
    Line::of("names.per_query", Time, Where(NAMES), "a question answered from memory"),
    Line::of("names.forward", Time, Where(NAMES), "the resolver outside, there and back"),
    Line::of("names.ttl", Time, Where(NAMES), "how long an answer lives"),
];
