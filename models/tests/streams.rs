//! Streams, events, engines and the default stream, by hand-worked programs.

use models::cluster::Cluster;
use models::gpu::copy::{CopyEngine, Direction, Parameters};
use models::gpu::execute::Prepared;
use models::gpu::kernel::Kernel;
use models::gpu::launch::Launch;
use models::gpu::launches::Launches;
use models::gpu::machine::Machine;
use models::gpu::work::Work;
use models::input::Source;
use models::library::Kind;
use models::outcome::Fidelity;
use models::pcie::Port;
use models::plan::program::{Command, DefaultStream, Device, HostSide, Operation, Ran};
use models::predict::predict;
use models::profile::Profile;
use models::transfer::{Mode, Transfer};
use sim::{Bytes, Rate, Time};

use crate::fixture::{MILLISECOND, library, transfer};

const A100: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../calibration/profiles/gpu/a100-40-pcie.csv"
));

/// An A100 whose engines move 10 GB/s after 10 us, and whose calls and launches take no time.
fn device() -> Device {
    let profile = Profile::parse(Kind::Gpu, "a100", &Source::new("a100.csv", A100)).unwrap();
    let machine = Machine::from_profile(&profile).unwrap();
    let machine = Machine { launch_latency: Time::ZERO, stream_gap: 1e-6, ..machine };
    let engine = CopyEngine {
        call: Time::ZERO,
        setup: Time::from_us(10),
        gap: Time::from_us(10),
        rate: Rate::gbyte_s(10.0),
        mapped: Rate::gbyte_s(10.0),
    };
    Device {
        machine,
        to_device: engine,
        to_host: engine,
        copy_engines: 2,
        default_stream: DefaultStream::Legacy,
        non_blocking: vec![9],
        call: Time::ZERO,
    }
}

fn copy(stream: u32, direction: Direction) -> Command {
    let (amount, host) = (Bytes::new(900_000), HostSide::Pinned);
    Command {
        not_before: Time::ZERO,
        stream,
        operation: Operation::Copy { direction, amount, host },
    }
}

/// A kernel of about 100 us that fills a part of the SMs.
fn kernel(stream: u32, blocks: u32) -> Command {
    let device = device();
    let launch = Launch { residents_max: Some(1), ..Launch::line(blocks, 256) };
    let work = Work { single: 1.0, rounds: 1, ..Work::none() };
    let short = Prepared::new(&device.machine, &launch, &work).unwrap();
    let per_round = short.cost.lanes;
    let rounds = ((100e-6 - device.machine.block_turnover) / per_round) as u32;
    let long = Work { rounds, ..work };
    let kernel = Prepared::new(&device.machine, &launch, &long).unwrap();
    Command { not_before: Time::ZERO, stream, operation: Operation::Kernel(Box::new(kernel)) }
}

fn us(ran: &[Ran]) -> Vec<(f64, f64)> {
    let round = |time: Time| (time.as_seconds() * 1e6).round();
    ran.iter().map(|ran| (round(ran.begin), round(ran.end))).collect()
}

use Direction::{ToDevice, ToHost};

#[test]
fn a_stream_runs_in_order_and_streams_side_by_side() {
    let device = device();
    let in_order = [copy(1, ToDevice), kernel(1, 108), copy(1, ToHost)];
    assert_eq!(us(&device.run(&in_order)), [(0.0, 100.0), (100.0, 200.0), (200.0, 300.0)]);
    // Copies of one way share an engine; the two ways do not; a kernel needs none.
    let beside = [copy(1, ToDevice), copy(2, ToDevice), copy(3, ToHost), kernel(4, 108)];
    let expected = [(0.0, 100.0), (100.0, 200.0), (0.0, 100.0), (0.0, 100.0)];
    assert_eq!(us(&device.run(&beside)), expected);
    let one = Device { copy_engines: 1, ..device };
    assert_eq!(us(&one.run(&beside))[2], (200.0, 300.0));
}

#[test]
fn two_streams_overlap_copies_with_kernels() {
    let mut program = Vec::new();
    for stream in [1, 2] {
        program.extend([copy(stream, ToDevice), kernel(stream, 108), copy(stream, ToHost)]);
    }
    let ran = device().run(&program);
    assert_eq!(us(&ran)[5], (300.0, 400.0), "600 us one after the other");
}

#[test]
fn events_order_streams() {
    let record = Command { not_before: Time::ZERO, stream: 1, operation: Operation::Record(7) };
    let wait = Command { not_before: Time::ZERO, stream: 2, operation: Operation::Wait(7) };
    let program = [copy(1, ToDevice), record.clone(), wait.clone(), kernel(2, 108)];
    assert_eq!(us(&device().run(&program))[3], (100.0, 200.0));
    let early = [wait, copy(1, ToDevice), record, kernel(2, 108)];
    assert_eq!(us(&device().run(&early))[3], (0.0, 100.0), "an event not yet recorded");
}

#[test]
fn the_legacy_default_stream_waits_and_is_waited_for() {
    let program = [copy(1, ToDevice), kernel(0, 108), copy(2, ToHost), copy(9, ToHost)];
    let expected = [(0.0, 100.0), (100.0, 200.0), (200.0, 300.0), (0.0, 100.0)];
    assert_eq!(us(&device().run(&program)), expected);
    let per_thread = Device { default_stream: DefaultStream::PerThread, ..device() };
    assert_eq!(us(&per_thread.run(&program))[1], (0.0, 100.0));
}

#[test]
fn a_pageable_copy_blocks_the_host() {
    let operation = Operation::Copy {
        direction: ToDevice,
        amount: Bytes::new(900_000),
        host: HostSide::Pageable(Rate::gbyte_s(5.0)),
    };
    let program = [Command { not_before: Time::ZERO, stream: 1, operation }, kernel(2, 108)];
    assert_eq!(us(&device().run(&program)), [(0.0, 190.0), (190.0, 290.0)]);
}

#[test]
fn kernels_share_sms_in_order() {
    // Half a device each: side by side. A full one first: the next waits.
    let halves = [kernel(1, 54), kernel(2, 54)];
    assert_eq!(us(&device().run(&halves)), [(0.0, 100.0), (0.0, 100.0)]);
    let full = [kernel(1, 108), kernel(2, 54)];
    assert_eq!(us(&device().run(&full)), [(0.0, 100.0), (100.0, 200.0)]);
    // Two thirds and two thirds: the second has one third until the first has ended.
    let thirds = us(&device().run(&[kernel(1, 72), kernel(2, 72)]));
    assert_eq!(thirds, [(0.0, 100.0), (0.0, 150.0)]);
}

#[test]
fn a_graph_saves_the_gaps() {
    let device = device();
    let Operation::Kernel(each) = kernel(1, 108).operation else { panic!("a kernel") };
    let stream: Vec<Command> = (0..10).map(|_| kernel(1, 108)).collect();
    let one_by_one = device.run(&stream)[9].end;
    let graph =
        Command { not_before: Time::ZERO, stream: 1, operation: Operation::Graph(vec![*each; 10]) };
    let captured = device.run(&[graph])[0].end;
    let saved = one_by_one.saturating_sub(captured).as_seconds();
    let expected = 9.0 * (device.machine.stream_gap - device.machine.graph_gap);
    assert!((saved - expected).abs() < 1e-8, "{saved} {expected}");
}

#[test]
fn the_host_may_come_later() {
    let late = Command { not_before: Time::from_us(50), ..copy(2, ToHost) };
    let ran = us(&device().run(&[copy(1, ToDevice), late, kernel(3, 108)]));
    assert_eq!(ran, [(0.0, 100.0), (50.0, 150.0), (50.0, 150.0)]);
}

#[test]
fn peers() {
    use models::gpu::peer::{Connection, rate};
    let profile = Profile::parse(Kind::Gpu, "a100", &Source::new("a100.csv", A100)).unwrap();
    let all = rate(&profile, Connection::NvSwitch).unwrap().as_gbyte_s();
    let half = rate(&profile, Connection::NvLink(6)).unwrap().as_gbyte_s();
    assert!((all - 300.0 * 16.0 / 17.0).abs() < 1e-6 && (all / half - 2.0).abs() < 1e-9);
    let told = rate(&profile, Connection::NvLink(13)).unwrap_err().to_string();
    assert_eq!(told, "links: 13 links are not possible (1 to 12)");
}

/// A result that is computed chunk by chunk in one stream and copied in another, each copy after an
/// event: the plan of a transfer is what CUDA makes of that program. It has an event cost as much
/// as a gap between kernels, the copy cross the slot, and copies in line set up beside each other;
/// the program has none of these.
#[test]
fn a_transfers_plan_is_the_program_that_a_user_would_write() {
    let mut library = library();
    library.add(Kind::Gpu, "gpu", Source::new("a100.csv", A100));
    let cluster = Cluster::named("veth", &library, &[]).unwrap();
    let profile = Profile::parse(Kind::Gpu, "a100", &Source::new("a100.csv", A100)).unwrap();
    let machine = Machine::from_profile(&profile).unwrap();
    let port = Port::from_profile(&library.profile(Kind::Pcie, "slot").unwrap()).unwrap();
    let engines = Parameters::from_profile(&profile).unwrap();
    let engine = |direction| engines.engine(&port, direction);
    let (to_device, to_host) = (engine(ToDevice), engine(ToHost));
    let beside = (to_host.setup - to_host.gap).as_seconds();
    let to_host = CopyEngine { setup: to_host.gap, ..to_host };
    let gap = machine.stream_gap;
    let device = Device { machine, to_device, to_host, ..device() };

    let (chunk, chunks) = (Bytes::mib(4), 16u64);
    // Kernels that are faster than their copies, about as fast, and slower.
    for flop in [0.0, 2e9, 2e10] {
        let whole = Kernel {
            read: chunk * chunks * 2,
            written: chunk * chunks,
            threads: 1 << 22,
            flop: flop * chunks as f64,
            launches: Launches::PerChunk,
            ..MILLISECOND
        };
        let asked = Transfer {
            kernel: Some(whole),
            mode: Mode::Overlapped { chunk, buffers: 64 },
            ..transfer("gpu-a", "client", chunk * chunks)
        };
        let (launch, work) = whole.share(chunk, chunk * chunks).launch().unwrap();
        let prepared = Prepared::new(&device.machine, &launch, &work).unwrap();
        let command = |stream, operation| Command { not_before: Time::ZERO, stream, operation };
        let copy = Operation::Copy { direction: ToHost, amount: chunk, host: HostSide::Pinned };
        let program: Vec<Command> = (0..chunks as u32)
            .flat_map(|i| {
                [
                    command(1, Operation::Kernel(Box::new(prepared.clone()))),
                    command(1, Operation::Record(i)),
                    command(2, Operation::Wait(i)),
                    command(2, copy.clone()),
                ]
            })
            .collect();
        let ends = device.run(&program).last().unwrap().end.as_seconds();
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let outcome = &predict(&cluster, std::slice::from_ref(&asked), fidelity, 7).unwrap()[0];
            let later = outcome.completion.as_seconds() - ends - gap - beside;
            assert!((0.0..1e-6).contains(&later), "{fidelity:?} {flop}: {later} s later");
        }
    }
}
