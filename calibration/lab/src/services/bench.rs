//! What a Service costs for real: the first packet against the number of Services, and packets
//! after it.
//!
//! ```text
//!  client ──(rules of N Services, one real)── cable ── server
//!    new connection: connect returns after SYN and SYN-ACK; new socket: a datagram and its echo
//!    open connection: a byte and its echo
//! ```

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use calibration_data::shipped;
use models::input::Source;
use models::topology;

use super::{iptables, ipvs, nftables};
use crate::namespace::{Lab, LabError, PodEnd, RuleSet, Wiring, command, inside, takes};

/// The longest that anything here waits for a packet.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections before those that count.
const WARM_UP: u32 = 20;

/// A proxy whose rules the kernel may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// kube-proxy's rules for iptables.
    Iptables,
    /// kube-proxy's rules for nftables.
    Nftables,
    /// The kernel's load balancer.
    Ipvs,
}

impl Proxy {
    /// Its name in topology files.
    pub const fn name(self) -> &'static str {
        match self {
            Proxy::Iptables => "iptables",
            Proxy::Nftables => "nftables",
            Proxy::Ipvs => "ipvs",
        }
    }

    /// Rules for `services` Services, of which one leads to `backend`.
    fn rules(self, services: u32, backend: SocketAddrV4) -> RuleSet {
        let (address, port, backends) = (*SERVICE.ip(), SERVICE.port(), [backend]);
        match self {
            Proxy::Iptables => {
                RuleSet::Iptables(iptables::rules(services, address, port, &backends))
            }
            Proxy::Nftables => {
                RuleSet::Nftables(nftables::rules(services, address, port, &backends))
            }
            Proxy::Ipvs => RuleSet::Ipvs(ipvs::rules(services, address, port, &backends)),
        }
    }
}

/// Quartiles of a time in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter takes less.
    pub low_s: f64,
    /// Half take less.
    pub median_s: f64,
    /// Three quarters take less.
    pub high_s: f64,
}

/// What was seen with so many Services installed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Translation {
    /// Who translates; none where the server is called by its own address.
    pub proxy: Option<Proxy>,
    /// Services that are installed.
    pub services: u32,
    /// Opening a TCP connection.
    pub connect: Spread,
    /// A datagram from a new socket, and its echo.
    pub datagram: Spread,
    /// A byte over an open connection, and its echo.
    pub later: Spread,
}

/// Measures a proxy with so many Services installed, or the direct way.
///
/// # Errors
/// If this machine lacks something that it needs, or a step fails.
pub fn measure(
    proxy: Option<Proxy>,
    services: u32,
    repetitions: u32,
) -> Result<Translation, LabError> {
    let lab = pair(&format!("services-{}", proxy.map_or("direct", Proxy::name)))?;
    let (client, server) = (pod(&lab, "client"), pod(&lab, "server"));
    let backend = SocketAddrV4::new(server.address, PORT);
    let to = match proxy {
        None => backend,
        Some(proxy) => {
            let rules = proxy.rules(services, backend);
            takes(&rules)?;
            inside(&client.netns, || install(&rules, backend))??;
            SERVICE
        }
    };
    let echo = Echo::start(&server.netns, PORT)?;
    let seen = inside(&client.netns, || samples(to, repetitions))?;
    drop(echo);
    let [connect, datagram, later] = seen.map_err(|error| failed(to, &error))?;
    Ok(Translation { proxy, services, connect, datagram, later })
}

/// Two namespaces, `client` and `server`, and a cable between them.
pub(crate) fn pair(name: &str) -> Result<Lab, LabError> {
    let mut text = String::new();
    for (node, pod) in [("a", "client"), ("b", "server")] {
        text += &format!(
            "[[node]]\nname = \"node-{node}\"\nhost = \"bench-2024\"\ncni = \"host-network\"\n\
             [[nic]]\nname = \"nic-{node}\"\nnode = \"node-{node}\"\nprofile = \"generic-100g\"\n\
             pcie = \"gen3-x16\"\nmtu = 1500\n\
             [[pod]]\nname = \"{pod}\"\nnode = \"node-{node}\"\n"
        );
    }
    text += "[[cable]]\nbetween = [\"nic-a\", \"nic-b\"]\nrate = \"100 Gbit/s\"\n\
             latency = \"0 ns\"\n";
    let source = Source::new("pair of namespaces", text);
    let topology = topology::load(&source, shipped(), &[]).expect("a whole topology");
    let wiring = Wiring::of(&topology, shipped()).expect("a topology that a lab can play");
    Lab::build(&wiring, name)
}

/// A pod of [`pair`].
pub(crate) fn pod(lab: &Lab, name: &str) -> PodEnd {
    lab.pod(name).expect("a pod of the pair")
}

/// Installs the rules of a proxy in this thread's namespace.
fn install(rules: &RuleSet, backend: SocketAddrV4) -> Result<(), LabError> {
    let run = |line: &str, input: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        command::run(&words, input)
    };
    let address = SERVICE.ip();
    // Translation comes after the first look at the routes, so there must be one.
    run(&format!("ip route add {address}/32 via {}", backend.ip()), "")?;
    match rules {
        RuleSet::Iptables(text) => run("iptables-restore", text)?,
        RuleSet::Nftables(text) => run("nft -f -", text)?,
        RuleSet::Ipvs(text) => {
            let device = ipvs::ADDRESS_DEVICE;
            run(&format!("ip link add {device} type dummy"), "")?;
            run(&format!("ip address add {address}/32 dev {device}"), "")?;
            run("ipvsadm --restore", text)?
        }
    };
    Ok(())
}

/// Where the Service that is called answers.
const SERVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 96, 0, 10), 80);
/// The server's own port.
const PORT: u16 = 8080;

fn failed(to: SocketAddrV4, error: &std::io::Error) -> LabError {
    LabError::Failed { command: format!("calling {to}"), complaint: error.to_string() }
}

/// Times new connections, new sockets and an open connection, in turn.
fn samples(to: SocketAddrV4, repetitions: u32) -> std::io::Result<[Spread; 3]> {
    let mut open = TcpStream::connect_timeout(&to.into(), PATIENCE)?;
    open.set_nodelay(true)?;
    open.set_read_timeout(Some(PATIENCE))?;
    let mut times: [Vec<f64>; 3] = Default::default();
    for number in 0..WARM_UP + repetitions {
        let spans = [connect(to)?, datagram(to)?, later(&mut open)?];
        for (times, span) in times.iter_mut().zip(spans) {
            if number >= WARM_UP {
                times.push(span.as_secs_f64());
            }
        }
    }
    Ok(times.map(Spread::of))
}

fn connect(to: SocketAddrV4) -> std::io::Result<Duration> {
    let begin = Instant::now();
    let stream = TcpStream::connect_timeout(&to.into(), PATIENCE)?;
    let span = begin.elapsed();
    drop(stream);
    Ok(span)
}

fn datagram(to: SocketAddrV4) -> std::io::Result<Duration> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(to)?;
    let begin = Instant::now();
    socket.send(&[1])?;
    socket.recv(&mut [0; 8])?;
    Ok(begin.elapsed())
}

fn later(open: &mut TcpStream) -> std::io::Result<Duration> {
    let begin = Instant::now();
    open.write_all(&[1])?;
    open.read_exact(&mut [0])?;
    Ok(begin.elapsed())
}

impl Spread {
    fn of(mut seconds: Vec<f64>) -> Spread {
        seconds.sort_by(f64::total_cmp);
        let at = |part: f64| seconds[((seconds.len() - 1) as f64 * part).round() as usize];
        Spread { low_s: at(0.25), median_s: at(0.5), high_s: at(0.75) }
    }
}

/// A server that echoes on TCP and UDP until it is dropped.
struct Echo {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Echo {
    fn start(netns: &str, port: u16) -> Result<Echo, LabError> {
        let any = (Ipv4Addr::UNSPECIFIED, port);
        let bound = inside(netns, || -> std::io::Result<_> {
            let (streams, datagrams) = (TcpListener::bind(any)?, UdpSocket::bind(any)?);
            streams.set_nonblocking(true)?;
            datagrams.set_read_timeout(Some(TICK))?;
            Ok((streams, datagrams))
        })?;
        let to = SocketAddrV4::new(any.0, port);
        let (streams, datagrams) = bound.map_err(|error| failed(to, &error))?;
        let ends = Arc::new(AtomicBool::new(false));
        let (one, other) = (Arc::clone(&ends), Arc::clone(&ends));
        let threads = vec![
            thread::spawn(move || accept(&streams, &one)),
            thread::spawn(move || return_datagrams(&datagrams, &other)),
        ];
        Ok(Echo { ends, threads })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

/// How often a server looks whether it shall end.
const TICK: Duration = Duration::from_millis(50);

fn accept(streams: &TcpListener, ends: &AtomicBool) {
    while !ends.load(Ordering::Relaxed) {
        match streams.accept() {
            Ok((stream, _)) => {
                thread::spawn(move || return_bytes(stream));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // The kernel completes handshakes itself: nobody waits for this.
                thread::sleep(Duration::from_millis(1));
            }
            Err(_) => return,
        }
    }
}

fn return_bytes(mut stream: TcpStream) {
    let ready = stream.set_nonblocking(false).and_then(|()| stream.set_nodelay(true));
    if ready.and_then(|()| stream.set_read_timeout(Some(PATIENCE))).is_err() {
        return;
    }
    let mut buffer = [0; 64];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn return_datagrams(datagrams: &UdpSocket, ends: &AtomicBool) {
    let mut buffer = [0; 64];
    while !ends.load(Ordering::Relaxed) {
        if let Ok((count, from)) = datagrams.recv_from(&mut buffer) {
            // A reply that is lost shows as a time-out at the client.
            let _ = datagrams.send_to(&buffer[..count], from);
        }
    }
}
