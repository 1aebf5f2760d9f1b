//! Bulk by iperf3: pairs of processes, one per core of the sender's list.
//!
//! All streams of one iperf3 3.12 process share one thread, so several streams on several cores
//! need several processes. They start together and run equally long: their rates add.

mod report;

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sim::{Bytes, Rate};

use super::bulk::{Amount, Bulk, BulkSample, Datagrams, Method, Protocol};
use super::cpu::{Cores, CpuUse};
use super::end::{End, join};
use super::error::{TrafficError, all};
use super::message::both;
use super::process::{self, Output};
use super::stream::listen;
use super::watch::{TICK, Watch};
use report::Report;

const PROGRAM: &str = "iperf3";
/// What a server says when it can be connected to.
const READY: &str = "Server listening on";
/// What it says when somebody else has its port.
const TAKEN: &str = "unable to start listener for connections: Address already in use";
/// How many ports a server tries.
const PORTS: u32 = 5;

/// What reports of iperf3 clients, which ran side by side, say together: as [`bulk`](super::bulk())
/// makes it of those of its own.
///
/// # Errors
/// If one is no whole report of a transfer by `protocol`, or nothing was received.
pub fn read_reports(texts: &[&str], protocol: Protocol) -> Result<BulkSample, TrafficError> {
    let reports = texts.iter().map(|text| report::parse(text, protocol));
    sum(&reports.collect::<Result<Vec<_>, _>>()?, protocol, Vec::new())
}

/// Moves a load by iperf3.
pub(super) fn bulk(
    from: &End,
    to: &End,
    load: &Bulk,
    stop: &AtomicBool,
) -> Result<BulkSample, TrafficError> {
    process::requirements()?;
    let watch = Watch::new(stop, load.patience);
    let cores = Cores::now()?;
    let count = processes(from, load);
    let reports = thread::scope(|scope| {
        let (ready, readies) = channel();
        let serve = || watch.guard(servers(to, count, load, &watch, ready));
        let serving = scope.spawn(serve);
        let ports = watch.guard(ports(&readies, count, &watch));
        let reports = ports.and_then(|ports| watch.guard(clients(from, to, &ports, load, &watch)));
        // A server without its client would wait for ever.
        if reports.is_err() {
            watch.fail();
        }
        both(reports, join(serving)).map(|(reports, ())| reports)
    })?;
    sum(&reports, load.protocol, cores.elapsed()?)
}

/// How many pairs of processes carry a load.
pub(super) fn processes(from: &End, load: &Bulk) -> usize {
    // A Service has one port, and with it one server.
    let most = if load.port != 0 || load.target.is_some() { 1 } else { load.streams };
    from.cores.len().clamp(1, most)
}

/// Runs servers until each has served one client; tells each one's number and port when it
/// listens.
pub(super) fn servers(
    to: &End,
    count: usize,
    load: &Bulk,
    watch: &Watch<'_>,
    ready: Sender<(usize, u16)>,
) -> Result<(), TrafficError> {
    thread::scope(|scope| {
        let mut servers = Vec::new();
        for index in 0..count {
            let ready = ready.clone();
            servers.push(scope.spawn(move || watch.guard(server(to, index, load, watch, ready))));
        }
        all(servers.into_iter().map(join).collect()).map(|_| ())
    })
}

fn server(
    to: &End,
    index: usize,
    load: &Bulk,
    watch: &Watch<'_>,
    ready: Sender<(usize, u16)>,
) -> Result<(), TrafficError> {
    to.enter(index)?;
    let free = || listen(to, load.port).map(|(_, port)| port);
    let listens = |port| {
        // Nobody listens any more if the transfer was given up.
        let _ = ready.send((index, port));
    };
    serve(to, load, watch, &free, &listens)
}

/// Serves one client on a port that is `free`, and says on which once it `listens`.
///
/// iperf3 cannot be handed a listener: between a look at what is free and its start, another
/// connection may take the port. Then it is given another, unless the load asks for this one.
fn serve(
    to: &End,
    load: &Bulk,
    watch: &Watch<'_>,
    free: &dyn Fn() -> Result<u16, TrafficError>,
    listens: &(dyn Fn(u16) + Sync),
) -> Result<(), TrafficError> {
    let mut left = if load.port == 0 { PORTS } else { 1 };
    loop {
        let port = free()?;
        let (port_text, address) = (port.to_string(), to.address.to_string());
        let arguments =
            ["--server", "--one-off", "--forceflush", "--port", &port_text, "--bind", &address];
        let arguments = arguments.map(str::to_owned);
        let on_line = |line: &str| {
            if line.starts_with(READY) {
                listens(port);
            }
        };
        let limit = limit(load) + load.patience;
        let output = process::run(PROGRAM, &arguments, limit, watch, &on_line)?;
        left -= 1;
        match output.success {
            true => return Ok(()),
            false if left > 0 && output.stderr.contains(TAKEN) => {}
            false => return Err(said(&output)),
        }
    }
}

/// The servers' ports in their order, once all listen.
pub(super) fn ports(
    readies: &Receiver<(usize, u16)>,
    count: usize,
    watch: &Watch<'_>,
) -> Result<Vec<u16>, TrafficError> {
    let doing = "waiting for iperf3 to listen";
    let begin = Instant::now();
    let mut ports = vec![None; count];
    while ports.contains(&None) {
        match readies.recv_timeout(TICK) {
            Ok((index, port)) => ports[index] = Some(port),
            Err(RecvTimeoutError::Disconnected) => return Err(TrafficError::Abandoned),
            Err(RecvTimeoutError::Timeout) => watch.check()?,
        }
        if begin.elapsed() > watch.patience {
            return Err(TrafficError::Silent { doing, waited: watch.patience });
        }
    }
    Ok(ports.into_iter().flatten().collect())
}

/// Runs a client against each port; all start together.
pub(super) fn clients(
    from: &End,
    to: &End,
    ports: &[u16],
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Vec<Report>, TrafficError> {
    let together = Barrier::new(ports.len());
    thread::scope(|scope| {
        let mut clients = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let together = &together;
            let streams =
                load.streams / ports.len() + usize::from(index < load.streams % ports.len());
            let arguments = client_arguments(to, *port, streams, load);
            clients.push(scope.spawn(move || {
                let entered = from.enter(index);
                together.wait();
                watch.guard(entered.and_then(|()| client(&arguments, load, watch)))
            }));
        }
        all(clients.into_iter().map(join).collect())
    })
}

fn client(arguments: &[String], load: &Bulk, watch: &Watch<'_>) -> Result<Report, TrafficError> {
    let output = process::run(PROGRAM, arguments, limit(load), watch, &|_| ())?;
    match output.stdout.trim().is_empty() {
        true => Err(said(&output)),
        false => report::parse(&output.stdout, load.protocol),
    }
}

fn client_arguments(to: &End, port: u16, streams: usize, load: &Bulk) -> Vec<String> {
    let (address, port) = match load.target {
        Some(target) => (*target.ip(), target.port()),
        None => (to.address, port),
    };
    let seconds = match load.amount {
        Amount::Duration(time) => time.as_secs(),
        // Never sent here: such a load stays in the process.
        Amount::Bytes(_) => 1,
    };
    let patience_ms = load.patience.as_millis().max(1);
    let text = format!(
        "--client {address} --port {port} --json --interval 0 --time {seconds} --parallel \
         {streams} --length {} --connect-timeout {patience_ms}",
        load.write.get(),
    );
    let mut arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if load.zero_copy {
        arguments.push("--zerocopy".into());
    }
    if load.protocol == Protocol::Udp {
        // Without a rate iperf3 sends 1 Mbit/s; 0 is as fast as it goes. The rate is a stream's.
        let bit_s = load.pace.map_or(0.0, |rate| rate.as_bytes_per_s() * 8.0 / load.streams as f64);
        let options = ["--udp", "--udp-counters-64bit", "--bitrate"].map(str::to_owned);
        arguments.extend(options);
        arguments.push(format!("{bit_s:.0}"));
    }
    arguments
}

/// The longest that a client may take.
fn limit(load: &Bulk) -> Duration {
    let time = match load.amount {
        Amount::Duration(time) => time,
        Amount::Bytes(_) => Duration::ZERO,
    };
    time + load.patience * 2
}

/// The error of a process that said why.
fn said(output: &Output) -> TrafficError {
    let text = format!("{} {}", output.stderr.trim(), output.stdout.trim());
    TrafficError::Program { program: PROGRAM, problem: report::quote(text.trim()) }
}

/// All processes as one transfer.
pub(super) fn sum(
    reports: &[Report],
    protocol: Protocol,
    cores: Vec<super::CoreTimes>,
) -> Result<BulkSample, TrafficError> {
    let total = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let rate = |of: fn(&Report) -> f64| {
        let bytes_per_s = reports.iter().map(of).sum::<f64>() / 8.0;
        let sent = total(|report| report.sent.bytes);
        Rate::try_bytes_per_s(bytes_per_s).ok_or(TrafficError::NothingReceived { sent })
    };
    let datagrams = Datagrams {
        sent: total(|report| report.sent.packets),
        received: total(|report| report.received.arrived()),
    };
    Ok(BulkSample {
        goodput: rate(|report| report.received.bits_per_second)?,
        sent: rate(|report| report.sent.bits_per_second)?,
        bytes_sent: Bytes::new(total(|report| report.sent.bytes)),
        bytes_received: Bytes::new(total(|report| report.received.bytes)),
        datagrams: (protocol == Protocol::Udp).then_some(datagrams),
        seconds: reports.iter().map(|report| report.received.seconds).fold(0.0, f64::max),
        retransmits: reports.iter().map(|report| report.sent.retransmits).sum(),
        method: Method::Iperf3 { processes: reports.len() },
        cpu: CpuUse {
            cores,
            peer_cores: Vec::new(),
            sender: reports.iter().map(Report::sender_times).sum(),
            receiver: reports.iter().map(Report::receiver_times).sum(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::needs::lacks;

    /// Serves where the first port is taken: where it listens, and how it ends once it is stopped.
    fn served(port: u16) -> (Option<u16>, TrafficError) {
        let here = End::loopback();
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taken = (taken.local_addr().expect("an address").port(), taken);
        let first = AtomicBool::new(true);
        let free = || match first.swap(false, Ordering::Relaxed) {
            true => Ok(taken.0),
            false => listen(&here, 0).map(|(_, port)| port),
        };
        let load = Bulk { port, ..Bulk::default() };
        let stop = AtomicBool::new(false);
        let listening = std::sync::Mutex::new(None);
        let listens = |port| {
            *listening.lock().expect("no panic") = Some(port);
            stop.store(true, Ordering::Relaxed);
        };
        let watch = Watch::new(&stop, Duration::from_secs(5));
        let ended = serve(&here, &load, &watch, &free, &listens);
        let listening = listening.into_inner().expect("no panic");
        assert_ne!(listening, Some(taken.0));
        (listening, ended.expect_err("nobody called"))
    }

    #[test]
    fn a_port_that_somebody_else_took_is_exchanged() {
        if lacks(&process::requirements()) {
            return;
        }
        let (port, ended) = served(0);
        assert!(port.is_some() && matches!(ended, TrafficError::Stopped), "{port:?}: {ended}");
    }

    #[test]
    fn a_port_that_the_load_asks_for_is_not_exchanged() {
        if lacks(&process::requirements()) {
            return;
        }
        let (port, ended) = served(5201);
        assert!(port.is_none() && ended.to_string().contains(TAKEN), "{port:?}: {ended}");
    }
}
