//! Real traffic between two ends, each a network namespace with an address and cores.
//!
//! ```text
//!            ┌ bulk ────────┬─ iperf3 (whole seconds, zero-copy)
//!  two ends ─┤              └─ in this process (a message, any duration)
//!            ├ messages ────── each timed from its start to the receiver's last byte
//!            ├ produced ────── chunks of a result sent while the rest is still made
//!            └ round_trips ─── request and reply
//! ```
//!
//! In one process both ends read one monotonic clock, so a message is timed one way. Between two
//! machines ([`peer`]) a message ends at an acknowledgement, less half a round trip. Every wait is
//! bounded by the load's patience, and a flag ends a transfer within a second.

mod bulk;
mod cpu;
mod datagram;
mod end;
mod error;
mod iperf;
mod message;
pub mod peer;
mod process;
mod produced;
mod round_trip;
mod stream;
mod summary;
mod watch;

pub use bulk::{Amount, Bulk, BulkSample, Datagrams, Method, Protocol, Tool, bulk};
pub use cpu::{CoreTimes, CpuUse, ThreadTimes};
pub use end::End;
pub use error::TrafficError;
pub use iperf::read_reports;
pub use message::{Connecting, MessageSample, Messages, messages};
pub use process::requirements;
pub use produced::gpu::DeviceResult;
pub use produced::{HostCopy, HostMemory, Order, Produce, Produced, ProducedSample, produced};
pub use round_trip::{RoundTripSample, RoundTrips, round_trips};
pub use summary::Summary;
