//! The GPU model: a kernel of 10^6 blocks at each level, and a day of an 8-GPU node.

use std::hint::black_box;

use models::gpu::copy::{CopyEngine, Direction};
use models::gpu::execute::{Level, Prepared, duration, execute};
use models::gpu::launch::Launch;
use models::gpu::machine::Machine;
use models::gpu::work::Work;
use models::input::Source;
use models::library::Kind;
use models::plan::program::{Command, DefaultStream, Device, HostSide, Operation};
use models::profile::Profile;
use rand::RngExt;
use sim::{Bytes, Rate, Seed, Time};

use crate::measure::{Middle, seconds};
use crate::table::Table;

const A100: &str = include_str!("../../calibration/profiles/gpu/a100-40-pcie.csv");
/// Blocks of the kernel.
const BLOCKS: u32 = 1_000_000;
/// Requests of a day, over all GPUs.
const REQUESTS: u32 = 100_000;
/// GPUs of the node.
const GPUS: u32 = 8;

/// Prints how long the model takes.
pub fn times(table: &mut Table) {
    let machine = machine();
    let work = Work { double: 1.0, ..Work::streams(2, 1, 8) };
    let launch = Launch::line(BLOCKS, 256);
    let kernel = Prepared::new(&machine, &launch, &work).expect("it fits");
    println!("a kernel of {BLOCKS} blocks of 256 threads (median and middle half of 21)");
    let many = 10_000;
    let closed = turns(21, || {
        for _ in 0..many {
            black_box(duration(black_box(&machine), black_box(&kernel)));
        }
    });
    let prepared = turns(21, || {
        for _ in 0..many {
            let kernel = Prepared::new(black_box(&machine), black_box(&launch), &work);
            black_box(duration(&machine, &kernel.expect("it fits")));
        }
    });
    let each = 1e6 / f64::from(many);
    let (closed, prepared) = (scaled(closed, each), scaled(prepared, each));
    println!("  closed form          {closed} us");
    println!("  with its preparation {prepared} us");
    table.add("GPU kernel, closed form", closed, "us", "");
    table.add("GPU kernel, closed form and preparation", prepared, "us", "");
    let cohort = turns(21, || {
        black_box(execute(&machine, std::slice::from_ref(&kernel), Level::Cohort));
    });
    let cohort = scaled(cohort, 1e6);
    println!("  cohorts              {cohort} us");
    table.add("GPU kernel, cohorts", cohort, "us", "");
    let work = Work { variation: 0.3, ..work };
    let unequal = Prepared::new(&machine, &launch, &work).expect("it fits");
    let unequal = turns(21, || {
        black_box(execute(&machine, std::slice::from_ref(&unequal), Level::Cohort));
    });
    let unequal = scaled(unequal, 1e3);
    println!("  of unequal blocks    {unequal} ms");
    table.add("GPU kernel, cohorts of unequal blocks", unequal, "ms", "");
    let warps = turns(1, || {
        black_box(execute(&machine, std::slice::from_ref(&kernel), Level::Warp));
    });
    let warps = scaled(warps, 1.0);
    println!("  warps (once)         {warps} s");
    table.add("GPU kernel, warps", warps, "s", "");
    let day = scaled(turns(3, || day(&machine)), 1.0);
    println!("a day of {GPUS} GPUs with {REQUESTS} requests (of 3)\n  {day} s");
    table.add("GPU, a day of requests", day, "s", "");
}

fn machine() -> Machine {
    let profile =
        Profile::parse(Kind::Gpu, "a100", &Source::new("a100.csv", A100)).expect("it ships");
    Machine::from_profile(&profile).expect("it ships")
}

fn turns(count: usize, mut work: impl FnMut()) -> Vec<f64> {
    (0..count).map(|_| seconds(&mut work)).collect()
}

fn scaled(sample: Vec<f64>, factor: f64) -> Middle {
    Middle::of(sample.into_iter().map(|value| value * factor).collect())
}

/// Every request copies in, runs two kernels and copies out, in one of four streams of its GPU.
fn day(machine: &Machine) {
    let rate = Rate::gbyte_s(24.0);
    let setup = Time::from_us(10);
    let engine = CopyEngine { call: Time::ZERO, setup, gap: setup, rate, mapped: rate };
    let device = Device {
        machine: machine.clone(),
        to_device: engine,
        to_host: engine,
        copy_engines: 2,
        default_stream: DefaultStream::PerThread,
        non_blocking: Vec::new(),
        call: Time::from_us(3),
    };
    let work = Work { double: 100.0, ..Work::streams(2, 1, 8) };
    let kernel = Prepared::new(machine, &Launch::line(20_000, 256), &work).expect("it fits");
    for gpu in 0..GPUS {
        let mut stream = Seed::new(1).stream(&format!("arrivals/{gpu}"));
        let mut program = Vec::new();
        let mut arrivals: Vec<f64> =
            (0..REQUESTS / GPUS).map(|_| stream.random::<f64>() * 86_400.0).collect();
        arrivals.sort_by(f64::total_cmp);
        for (at, arrival) in arrivals.into_iter().enumerate() {
            let not_before = Time::from_seconds(arrival);
            let copy =
                |direction, amount| Operation::Copy { direction, amount, host: HostSide::Pinned };
            let operations = [
                copy(Direction::ToDevice, Bytes::mib(16)),
                Operation::Kernel(Box::new(kernel.clone())),
                Operation::Kernel(Box::new(kernel.clone())),
                copy(Direction::ToHost, Bytes::mib(4)),
            ];
            let stream = at as u32 % 4;
            program.extend(operations.map(|operation| Command { not_before, stream, operation }));
        }
        black_box(device.run(&program));
    }
}
