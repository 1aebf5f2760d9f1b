//! `podpath respond` says where it waits, ends when asked, refuses an address it cannot have, and
//! beyond loopback asks for a token.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use calibration_lab::traffic::peer::{Peer, Token};
use calibration_lab::traffic::{End, RoundTrips, TrafficError};
use nix::sys::signal::Signal;
use predicates::prelude::*;

use super::{Folder, signal};

static GO: AtomicBool = AtomicBool::new(false);

/// The command, and the first address that it says it waits on.
fn waiting(arguments: &[&str], token: Option<&str>) -> (std::process::Child, String, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("podpath"));
    command.args(arguments).env_remove("PODPATH_TOKEN").stderr(Stdio::piped());
    token.map(|token| command.env("PODPATH_TOKEN", token));
    let mut child = command.spawn().expect("it runs");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let (mut before, mut line) = (String::new(), String::new());
    let address = loop {
        line.clear();
        assert!(said.read_line(&mut line).expect("text") > 0, "it ended: {before}");
        if let Some(address) = line.strip_prefix("waiting for a peer on ") {
            break address.split_once(';').expect("how to end it").0.to_owned();
        }
        before.push_str(&line);
    };
    // What it says later has a reader: else it would end on a broken pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    (child, address, before)
}

fn connect(address: &str, token: Option<&Token>) -> Result<Peer, TrafficError> {
    Peer::connect(&End::loopback(), (address, token), &[], Duration::from_secs(5), &GO)
}

fn end(mut child: std::process::Child) {
    signal(&child, Signal::SIGINT);
    let begin = Instant::now();
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn it_responds_to_a_peer_and_ends_on_ctrl_c_even_in_a_session() {
    let (child, address, before) = waiting(&["respond", "--listen", "127.0.0.1:0"], None);
    assert_eq!(before, "");
    let mut peer = connect(&address, None).expect("a session");
    let sample = peer.round_trips(&RoundTrips::default(), &GO).expect("round trips");
    assert_eq!(sample.latency.count, 1_000);
    end(child);
    let error = peer.round_trips(&RoundTrips::default(), &GO).expect_err("it has ended");
    assert!(error.to_string().contains("peer"), "{error}");
}

#[test]
fn the_old_name_says_the_new_one() {
    let (child, _, before) = waiting(&["serve", "--listen", "127.0.0.1:0"], None);
    assert!(before.starts_with("`serve` is called `respond` now"), "{before}");
    end(child);
    let help = Folder::new().run(&["--help"]);
    assert!(help.contains("  respond ") && !help.contains("  serve "), "{help}");
}

#[test]
fn beyond_loopback_both_ends_have_one_token() {
    let secret = "tdPz4SSs0cW9qxtA";
    let arguments = ["respond", "--listen", "0.0.0.0:0"];
    let (child, address, _) = waiting(&arguments, Some(secret));
    let port = address.rsplit_once(':').expect("a port").1;
    let address = format!("127.0.0.1:{port}");
    let token = Token::new(secret).expect("a token");
    let mut peer = connect(&address, Some(&token)).expect("a session");
    peer.round_trips(&RoundTrips::default(), &GO).expect("round trips");
    let other = Token::new("tdPz4SSs0cW9qxtB").expect("a token");
    let told = connect(&address, Some(&other)).expect_err("another token").to_string();
    assert_eq!(told, "the peer has another token");
    // As a user meets it: the sentence, and nothing written.
    let folder = Folder::new();
    folder.write("small.toml", super::SMALL);
    let measure = ["measure", "small.toml", "--peer", &address, "--out", "out"];
    let mut command = folder.podpath();
    command.args(measure).env_remove("PODPATH_TOKEN");
    let says = "asks for a token: give --token-file or PODPATH_TOKEN";
    command.assert().code(1).stderr(predicate::str::contains(says));
    assert!(!folder.path().join("out").exists());
    end(child);
}

#[test]
fn what_is_no_token_is_refused_and_not_shown() {
    let folder = Folder::new();
    folder.write("short", "secret\n");
    folder.write("two", "0123456789abcdef\n0123456789abcdef\n");
    for file in ["short", "two", "missing"] {
        let arguments = ["respond", "--listen", "127.0.0.1:0", "--token-file", file];
        let assert = folder.podpath().args(arguments).assert().code(2);
        let assert = assert.stderr(predicate::str::contains("--token-file"));
        assert.stderr(predicate::str::contains("secret").not());
    }
    let mut command = folder.podpath();
    command.args(["respond", "--listen", "127.0.0.1:0"]).env("PODPATH_TOKEN", "short");
    command.assert().code(2).stderr(predicate::str::contains("PODPATH_TOKEN: holds no token"));
    let alone = ["measure", "quickstart", "--token-file", "two"];
    let says = "--token-file: is for a peer, and none is named";
    folder.podpath().args(alone).assert().code(2).stderr(predicate::str::contains(says));
}

#[test]
fn an_address_that_it_cannot_have_is_bad_input() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for (address, token, says) in [
        (address.as_str(), None, "in use"),
        ("203.0.113.7:7411", Some("0123456789abcdef"), "assign"),
        ("203.0.113.7:7411", None, "and there is no token"),
        ("0.0.0.0:7411", None, "and there is no token"),
        ("127.0.0.1:22", None, "port 22 is below 1024"),
        ("here", None, "invalid"),
    ] {
        let folder = Folder::new();
        let mut command = folder.podpath();
        command.args(["respond", "--listen", address]).env_remove("PODPATH_TOKEN");
        token.map(|token| command.env("PODPATH_TOKEN", token));
        command.assert().code(2).stderr(predicate::str::contains(says));
    }
}
