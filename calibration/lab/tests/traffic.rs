//! Traffic as its users call it: over loopback, between namespaces, and against what goes wrong.
#![cfg(target_os = "linux")]

#[path = "traffic/faults.rs"]
mod faults;
#[path = "traffic/iperf.rs"]
mod iperf;
#[path = "traffic/loopback.rs"]
mod loopback;
#[path = "traffic/namespaces.rs"]
mod namespaces;
#[path = "../../needs/mod.rs"]
mod needs;
#[path = "../../needs/of_gpu.rs"]
mod needs_of_gpu;
#[path = "../../needs/of_lab.rs"]
mod needs_of_lab;
#[path = "traffic/peer.rs"]
mod peer;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use calibration_lab::traffic::{Amount, Bulk, Protocol, Tool};
use sim::Bytes;

/// Nobody stops.
static GO: AtomicBool = AtomicBool::new(false);

fn message(protocol: Protocol, streams: usize, bytes: u64, write: u64) -> Bulk {
    Bulk {
        protocol,
        streams,
        write: Bytes::new(write),
        amount: Amount::Bytes(Bytes::new(bytes)),
        tool: Tool::InProcess,
        ..Bulk::default()
    }
}

fn lasting(protocol: Protocol, streams: usize, milliseconds: u64) -> Bulk {
    let amount = Amount::Duration(Duration::from_millis(milliseconds));
    Bulk { amount, ..message(protocol, streams, 1, 1400) }
}
