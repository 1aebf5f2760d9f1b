//! The side that answers: dnsmasq with a cluster's zone, or nobody.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::namespace::{LabError, PodEnd, command, inside};

/// How long a server may take to answer its first question.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where names lead; documentation addresses (RFC 5737).
const ADDRESS: &str = "192.0.2.10";
/// A question for the root's name servers: identity 7, one question, type NS, class IN.
const QUESTION: [u8; 17] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// A name server that logs every question; gone when dropped.
pub(super) struct Server {
    child: Child,
    asked: Arc<AtomicUsize>,
    address: std::net::Ipv4Addr,
}

impl Server {
    /// Starts dnsmasq in a pod; it knows `names` and says that nothing else exists.
    pub(super) fn start(pod: &PodEnd, names: &[&str]) -> Result<Server, LabError> {
        let mut run = Command::new(command::find("dnsmasq")?);
        run.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"])
            .args(["--log-queries", "--log-facility=-", "--local=/#/", "--local-ttl=30"])
            .args(["--user=root", "--bind-interfaces", "--pid-file="])
            .arg(format!("--listen-address={}", pod.address))
            .args(names.iter().map(|name| format!("--host-record={name},{ADDRESS}")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let spawned = inside(&pod.netns, || run.spawn())?;
        let mut child = spawned.map_err(|error| failed(&error.to_string()))?;
        let log = BufReader::new(child.stderr.take().expect("a pipe was asked for"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if line.contains(" query[A] ") || line.contains(" query[AAAA] ") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Server { child, asked, address: pod.address })
    }

    /// Waits until a question from `client` is answered.
    pub(super) fn answers_to(&self, client: &PodEnd) -> Result<(), LabError> {
        let ask = || -> std::io::Result<bool> {
            let socket = UdpSocket::bind(("0.0.0.0", 0))?;
            socket.set_read_timeout(Some(Duration::from_millis(50)))?;
            socket.connect((self.address, 53))?;
            let until = Instant::now() + PATIENCE;
            while Instant::now() < until {
                // Before the server listens, the kernel says that nobody does.
                if socket.send(&QUESTION).is_ok() && socket.recv(&mut [0; 512]).is_ok() {
                    return Ok(true);
                }
                thread::sleep(Duration::from_millis(10));
            }
            Ok(false)
        };
        match inside(&client.netns, ask)? {
            Ok(true) => Ok(()),
            Ok(false) => Err(failed("it does not answer")),
            Err(error) => Err(failed(&error.to_string())),
        }
    }

    /// The number of questions so far, once the log has been still for a moment.
    pub(super) fn settled(&self) -> usize {
        let until = Instant::now() + PATIENCE;
        let mut before = self.asked.load(Ordering::Relaxed);
        loop {
            thread::sleep(Duration::from_millis(40));
            let now = self.asked.load(Ordering::Relaxed);
            if now == before || Instant::now() > until {
                return now;
            }
            before = now;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(complaint: &str) -> LabError {
    LabError::Failed { command: "dnsmasq".into(), complaint: complaint.into() }
}

/// A rule that drops every question, and counts it; gone with its namespace.
pub(super) struct Silence<'a> {
    pod: &'a PodEnd,
}

impl Silence<'_> {
    /// Has a pod say nothing to questions.
    pub(super) fn begin(pod: &PodEnd) -> Result<Silence<'_>, LabError> {
        let rules = "table ip silence {\n    chain input {\n        type filter hook input \
                     priority 0;\n        udp dport 53 counter drop\n    }\n}\n";
        nft(pod, &["-f", "-"], rules)?;
        Ok(Silence { pod })
    }

    /// How many questions came.
    pub(super) fn datagrams(&self) -> Result<u64, LabError> {
        let list = nft(self.pod, &["list", "table", "ip", "silence"], "")?;
        let packets = list.split("packets ").nth(1).and_then(|rest| rest.split(' ').next());
        Ok(packets.and_then(|number| number.parse().ok()).unwrap_or(0))
    }
}

fn nft(pod: &PodEnd, arguments: &[&str], input: &str) -> Result<String, LabError> {
    let words = ["nft"].iter().chain(arguments).map(|word| (*word).to_owned());
    let words: Vec<String> = words.collect();
    inside(&pod.netns, || command::run(&words, input))?
}
