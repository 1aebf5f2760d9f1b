//! `podpath serve` says where it waits, ends when asked, and refuses an address it cannot have.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use calibration::traffic::peer::Peer;
use calibration::traffic::{End, RoundTrips};
use nix::sys::signal::Signal;
use predicates::prelude::*;

use super::{Folder, signal};

static GO: AtomicBool = AtomicBool::new(false);

#[test]
fn it_serves_a_peer_and_ends_on_ctrl_c_even_in_a_session() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("text");
    let address = line.strip_prefix("waiting for a peer on ").expect("where it waits");
    let (address, _) = address.split_once(';').expect("how to end it");
    let connect = || Peer::connect(&End::loopback(), address, &[], Duration::from_secs(5), &GO);
    let mut peer = connect().expect("a session");
    let sample = peer.round_trips(&RoundTrips::default(), &GO).expect("round trips");
    assert_eq!(sample.latency.count, 1_000);
    signal(&child, Signal::SIGINT);
    let begin = Instant::now();
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    let error = peer.round_trips(&RoundTrips::default(), &GO).expect_err("it has ended");
    assert!(error.to_string().contains("peer"), "{error}");
}

#[test]
fn an_address_that_it_cannot_have_is_bad_input() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for (address, says) in
        [(address.as_str(), "in use"), ("203.0.113.7:7411", "assign"), ("here", "invalid")]
    {
        let assert = Folder::new().podpath().args(["serve", "--listen", address]).assert();
        assert.code(2).stderr(predicate::str::contains(says));
    }
}
