//! From transfers on a cluster to outcomes, at three fidelities over one set of prices.
//!
//! ```text
//!  route ─► price ─► place (cores) ─┬► closed: static shares, pipeline recurrence
//!                                   ├► flow:   plan on the engine, max-min flows
//!                                   └► chunk:  the same plan, units in FIFO servers
//! ```

mod advice;
mod attribute;
mod chunk;
mod closed;
mod datagram;
mod life;
mod placed;
mod plan;
mod reply;
mod share;
mod world;

use sim::{Rate, Seed};

use crate::cluster::{Accelerator, Cluster};
use crate::gpu::kernel;
use crate::input::InputError;
use crate::outcome::{Fidelity, Outcome};
use crate::price::Presence;
use crate::request;
use crate::route::{Route, route};
use crate::transfer::{Mode, Transfer};

pub use attribute::attribute;
pub use plan::{Op, Plan, plan_of};

/// More chunks than this in one transfer is taken for a mistake.
pub const CHUNKS_MAX: u64 = 1 << 16;
/// More parallel streams than this in one transfer is taken for a mistake.
pub const STREAMS_MAX: u32 = 4096;
/// The largest message: 1 PiB.
pub const MESSAGE_MAX: u64 = 1 << 50;

/// Computes transfers that begin at the same instant, one outcome each, in order.
///
/// `seed` decides what chance decides: which receive queue each flow is hashed to.
///
/// # Errors
/// If a transfer names no place of the cluster, there is no way between its ends, or a number in
/// it is out of range.
pub fn solve(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<Outcome>, InputError> {
    let mut there = outcomes(cluster, transfers, fidelity, seed)?;
    reply::follow(cluster, transfers, fidelity, seed, &mut there)?;
    for (outcome, transfer) in there.iter_mut().zip(transfers) {
        request::put_before(cluster, transfer, fidelity, seed, outcome)?;
    }
    Ok(there)
}

/// The ways there, without replies and requests.
fn outcomes(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<Outcome>, InputError> {
    let ways = ways(cluster, transfers)?;
    let scene = Scene::new(cluster, transfers, &ways, Seed::new(seed));
    if fidelity == Fidelity::Chunk {
        check_units(&scene)?;
    }
    Ok(match fidelity {
        Fidelity::Closed => closed::outcomes(&scene),
        Fidelity::Flow | Fidelity::Chunk => world::outcomes(&scene, fidelity),
    })
}

/// The steady state of a long transfer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Payload that arrives per second, over all streams.
    pub goodput: Rate,
    /// Payload that the sender sends per second.
    pub sent: Rate,
    /// The part that is lost, 0 to 1.
    pub loss_ratio: f64,
}

/// The steady rates of transfers that run beside each other for long: what an iperf3 of a minute
/// sees. The size of the messages still decides the cost per system call.
///
/// # Errors
/// As [`solve`].
pub fn steady(
    cluster: &Cluster,
    transfers: &[Transfer],
    seed: u64,
) -> Result<Vec<Steady>, InputError> {
    let ways = ways(cluster, transfers)?;
    let scene = Scene::new(cluster, transfers, &ways, Seed::new(seed));
    Ok(closed::steady(&scene))
}

fn ways<'a>(cluster: &'a Cluster, transfers: &[Transfer]) -> Result<Vec<Route<'a>>, InputError> {
    transfers
        .iter()
        .map(|transfer| {
            check(transfer)?;
            let way = route(cluster, transfer)?;
            check_kernel(cluster, transfer)?;
            Ok(way)
        })
        .collect()
}

/// Refuses numbers that no transfer can have.
fn check(transfer: &Transfer) -> Result<(), InputError> {
    let bytes = transfer.message.get();
    if !(1..=MESSAGE_MAX).contains(&bytes) {
        return Err(
            InputError::new("message", format!("{bytes} bytes is no message")).help("1 B to 1 PiB")
        );
    }
    if !(1..=STREAMS_MAX).contains(&transfer.streams) || u64::from(transfer.streams) > bytes {
        let problem = format!("{} streams cannot share {bytes} bytes", transfer.streams);
        return Err(InputError::new("streams", problem)
            .help(format!("1 to {STREAMS_MAX}, and no more than the message has bytes")));
    }
    for (field, bytes) in [("write", transfer.write), ("reply", transfer.reply)] {
        if bytes.is_some_and(|bytes| !(1..=MESSAGE_MAX).contains(&bytes.get())) {
            return Err(InputError::new(field, "is no amount of payload").help("1 B to 1 PiB"));
        }
    }
    if let Mode::Overlapped { chunk, buffers } = transfer.mode {
        if chunk.get() == 0 || transfer.message.div_ceil(chunk) > CHUNKS_MAX {
            let problem = format!("{chunk} cuts {} into too many chunks", transfer.message);
            return Err(InputError::new("chunk", problem)
                .help(format!("above zero, and at most {CHUNKS_MAX} chunks a message")));
        }
        if chunk.get() < u64::from(transfer.streams) {
            return Err(InputError::new("chunk", "has fewer bytes than there are streams"));
        }
        if !(1..=65_536).contains(&buffers) {
            return Err(InputError::new("buffers", format!("{buffers} is no number of buffers"))
                .help("1 to 65536; 2 are enough to overlap two stages"));
        }
    }
    Ok(())
}

/// Refuses a kernel that the GPU it is to run on cannot carry out. Any part of a possible kernel is
/// possible.
fn check_kernel(cluster: &Cluster, transfer: &Transfer) -> Result<(), InputError> {
    let Some(own) = &transfer.kernel else { return Ok(()) };
    let place = cluster.places.get(&transfer.from);
    let Some(Accelerator { gpu, .. }) = place.and_then(|place| cluster.gpus.get(place)) else {
        return Ok(());
    };
    let held =
        [("kernel_read", own.read), ("kernel_written", own.written), ("message", transfer.message)];
    if let Some((field, needed)) = held.into_iter().find(|(_, bytes)| *bytes > gpu.memory) {
        let problem = format!("{needed} are more than the {} of device memory", gpu.memory);
        return Err(InputError::new(field, problem).help("less, or a larger GPU or share of one"));
    }
    kernel::check(gpu, own)
}

/// Refuses a scene that would take hours unit by unit.
fn check_units(scene: &Scene<'_>) -> Result<(), InputError> {
    let stages = |t: usize| scene.stages(t, scene.transfers[t].message);
    let events = |t: usize| stages(t).iter().map(chunk::events).sum::<f64>();
    let all: f64 = (0..scene.transfers.len()).map(events).sum();
    if all <= chunk::EVENTS_MAX {
        return Ok(());
    }
    let problem = format!("`chunk` would take {all:.1e} events for these messages");
    Err(InputError::new("fidelity", problem).help(format!(
        "smaller messages (at most {:.0e} events), or fidelity = \"flow\"",
        chunk::EVENTS_MAX
    )))
}

/// Everything a solver needs to know of one question.
struct Scene<'a> {
    cluster: &'a Cluster,
    transfers: &'a [Transfer],
    ways: &'a [Route<'a>],
    placement: placed::Placement,
    /// Whether hop `position` of transfer `index` costs what it costs.
    presence: Box<dyn Fn(usize, usize) -> Presence + 'a>,
    /// A link that stands in for the reference rate of one transfer's first network stage.
    floor: Option<Floor>,
}

/// The line rate that a waterfall starts from: it remains when every hop is free.
#[derive(Clone, Copy)]
struct Floor {
    transfer: usize,
    rate: Rate,
}

impl<'a> Scene<'a> {
    fn new(
        cluster: &'a Cluster,
        transfers: &'a [Transfer],
        ways: &'a [Route<'a>],
        seed: Seed,
    ) -> Scene<'a> {
        let placement = placed::place(cluster, transfers, ways, seed);
        let presence = Box::new(|_, _| Presence::Real);
        Scene { cluster, transfers, ways, placement, presence, floor: None }
    }
}
