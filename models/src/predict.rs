//! The one question: what becomes of transfers on a cluster, at a fidelity.
//!
//! ```text
//!  route ─► price ─► plan ─┬► closed: longest path, static rates
//!                          ├► flow:   the engine, max-min flows          ─► account
//!                          └► chunk:  the engine, units that queue
//! ```
//!
//! `run`, `validate`, `compare` and the fits all ask it here.

mod crowd;
mod drawn;
mod replications;
mod together;

pub(crate) mod clock;
pub(crate) mod placement;

use sim::{Seed, Time};

use crate::account;
use crate::cluster::{Accelerator, Batch, Cluster};
use crate::gpu::kernel;
use crate::input::InputError;
use crate::outcome::{Advice, Fidelity, Outcome, Reached};
use crate::plan::{Context, Plan, build, seat, ways};
use crate::price::Change;
use crate::route::{Route, route};
use crate::run::start::{traces, traces_watched};
use crate::run::{Resources, Trace, closed, units};
use crate::transfer::{Mode, Transfer};

pub(crate) use crowd::Crowd;
pub use crowd::flows;
pub use drawn::{predict_drawn, predict_undrawn};
pub use replications::Replications;
use together::check_together;
pub use together::{Together, together};

/// Says whether to stop: asked again and again by work that may take long.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Nobody stops it.
const ON: Stop<'static> = &|| false;

/// More chunks than this in one transfer is taken for a mistake.
pub const CHUNKS_MAX: u64 = 1 << 16;
/// More parallel streams than this in one transfer is taken for a mistake.
pub const STREAMS_MAX: u32 = 4096;
/// The largest message: 1 PiB.
pub const MESSAGE_MAX: u64 = 1 << 50;

/// Predicts transfers that begin at the same instant: one outcome each, in order.
///
/// `seed` decides what chance decides: which receive queue each flow is hashed to, and what of a
/// request is lost or cached.
///
/// # Errors
/// If a transfer names no place of the cluster, there is no route between its ends, a number in it
/// is out of range, or it does not end within the simulated clock.
pub fn predict(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<Outcome>, InputError> {
    let starts = vec![Time::ZERO; transfers.len()];
    predict_from(cluster, transfers, &starts, fidelity, seed)
}

/// The same for transfers that begin at instants of their own. The closed form takes all others to
/// be there for as long, whenever they begin.
///
/// # Errors
/// As [`predict`].
///
/// # Panics
/// If there is not one start for each transfer.
pub fn predict_from(
    cluster: &Cluster,
    transfers: &[Transfer],
    starts: &[Time],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<Outcome>, InputError> {
    assert_eq!(transfers.len(), starts.len(), "one start for each transfer");
    let crowd = Crowd::of(cluster, transfers, seed)?;
    let plans = planned(&[cluster], crowd.flows(), fidelity, false, seed)?;
    let resources = Resources::of(cluster);
    let all: Vec<&Plan> = plans.iter().collect();
    let book = |traces: &[Trace]| {
        clock::check_ended(traces).map(|()| account::of_crowd(cluster, &crowd, &plans, traces))
    };
    match fidelity {
        Fidelity::Closed => closed::read(&[resources], &all, book).remove(0),
        Fidelity::Flow | Fidelity::Chunk => {
            book(&traces(&resources, &all, &crowd.each(starts), fidelity))
        }
    }
}

/// Predicts transfers that begin at the same instant on each cluster of a batch, in closed form:
/// the outcomes of [`predict`] for each lane, for about what one costs and the lanes' arithmetic.
///
/// Routes are found once, steps are laid out once, and each plan is walked once; what a step costs
/// is found for each lane, and stands side by side.
///
/// # Errors
/// As [`predict`], if something is wrong in any lane.
pub fn predict_batch(
    batch: &Batch<'_>,
    transfers: &[Transfer],
    seed: u64,
) -> Result<Vec<Vec<Outcome>>, InputError> {
    let lanes = batch.lanes();
    read(lanes, transfers, false, seed, &|crowd, plans, traces: &[Trace]| {
        let lane = traces.first().map_or(0, |trace| trace.lane as usize);
        account::of_crowd(lanes[lane], crowd, plans, traces)
    })
}

/// The same, but only when transfers are complete and what rate they reach: what a study of
/// thousands of draws reads, without an account of it.
///
/// # Errors
/// As [`predict_batch`].
pub fn reached(
    batch: &Batch<'_>,
    transfers: &[Transfer],
    seed: u64,
) -> Result<Vec<Vec<Reached>>, InputError> {
    read(batch.lanes(), transfers, true, seed, &account::reached_by_crowd)
}

/// What is booked of a lane's traces.
type Book<'b, T> = &'b dyn Fn(&Crowd<'_>, &[Plan], &[Trace]) -> T;

/// Plans transfers for all lanes, reads the plans, and books what was read of each lane.
fn read<T>(
    lanes: &[&Cluster],
    transfers: &[Transfer],
    brief: bool,
    seed: u64,
    book: Book<'_, T>,
) -> Result<Vec<T>, InputError> {
    let crowd = Crowd::of(lanes[0], transfers, seed)?;
    let plans = planned(lanes, crowd.flows(), Fidelity::Closed, brief, seed)?;
    let resources: Vec<Resources> = lanes.iter().map(|lane| Resources::of(lane)).collect();
    let all: Vec<&Plan> = plans.iter().collect();
    Ok(closed::read(&resources, &all, |traces| book(&crowd, &plans, traces)))
}

/// The greatest part of each link of a cluster that transfers had in use at any instant, by name:
/// never above one, whoever sends.
///
/// # Errors
/// As [`predict`].
pub fn occupancy(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<(String, f64)>, InputError> {
    let plans = plans(cluster, transfers, fidelity, seed)?;
    let all: Vec<&Plan> = plans.iter().collect();
    let starts = vec![Time::ZERO; plans.len()];
    let watched = traces_watched(&Resources::of(cluster), &all, &starts, fidelity, ON);
    let (_, most) = watched.expect("nobody stops it");
    let names = cluster.links.iter().map(|link| link.name.to_string());
    Ok(names.zip(most).collect())
}

/// The plans of transfers; of a pattern, one for each of its flows.
///
/// # Errors
/// As [`predict`].
pub fn plans(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Vec<Plan>, InputError> {
    planned(&[cluster], Crowd::of(cluster, transfers, seed)?.flows(), fidelity, false, seed)
}

fn planned(
    clusters: &[&Cluster],
    transfers: &[Transfer],
    fidelity: Fidelity,
    brief: bool,
    seed: u64,
) -> Result<Vec<Plan>, InputError> {
    let (base, seed, change) = (clusters[0], Seed::new(seed), Change::default());
    let mut routes = routes(base, transfers)?;
    let cores = seat(base, transfers, &mut routes, seed);
    let mut plans = Vec::with_capacity(transfers.len());
    for ((transfer, route), cores) in transfers.iter().zip(routes).zip(&cores) {
        clusters[1..].iter().try_for_each(|cluster| check_kernel(cluster, transfer))?;
        let routes = &ways(clusters, route)[..];
        let once = Context::once(clusters, transfer, routes, cores, &change);
        plans.push(build(&Context { brief, fidelity, seed, ..once })?);
    }
    if fidelity == Fidelity::Chunk {
        check_together(transfers)?;
        check_units(&plans)?;
    }
    Ok(plans)
}

/// What changes to each transfer would bring while the others run beside it, best first.
///
/// # Errors
/// As [`predict`].
pub fn advise(
    cluster: &Cluster,
    transfers: &[Transfer],
    seed: u64,
) -> Result<Vec<Vec<Advice>>, InputError> {
    advise_some(cluster, transfers, seed, |_| true)
}

/// The same of the transfers that `asked` names, and nothing of the others: each is priced beside
/// all, so that the time for all of them grows with the square of their number.
///
/// # Errors
/// As [`predict`].
pub fn advise_some(
    cluster: &Cluster,
    transfers: &[Transfer],
    seed: u64,
    asked: impl Fn(usize) -> bool,
) -> Result<Vec<Vec<Advice>>, InputError> {
    let replications = Replications::new(cluster, transfers, Fidelity::Closed, ON)?;
    Ok(replications.advice(seed, asked)?.expect("nobody stops it"))
}

/// Finds what is wrong with transfers, without running them.
///
/// # Errors
/// As [`predict`].
pub fn check(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
) -> Result<(), InputError> {
    if transfers.iter().all(|transfer| transfer.kernel.is_none()) {
        return clock::check(cluster, &plans(cluster, transfers, fidelity, 0)?);
    }
    routes(cluster, Crowd::of(cluster, transfers, 0)?.flows())?;
    // A kernel may take seconds at a fine level, and is right if its closed form is.
    let transfers: Vec<Transfer> = transfers.iter().map(Transfer::in_closed_form).collect();
    clock::check(cluster, &plans(cluster, &transfers, fidelity, 0)?)
}

/// What a reader should know of the ways of transfers, in sentences: where less is used than a
/// topology gives.
///
/// # Errors
/// As [`predict`].
pub fn notes(cluster: &Cluster, transfers: &[Transfer]) -> Result<Vec<String>, InputError> {
    let crowd = Crowd::of(cluster, transfers, 0)?;
    let routes = routes(cluster, crowd.flows())?;
    let notes =
        |(route, transfer): (&Route<'_>, _)| route.notes(cluster, transfer).collect::<Vec<_>>();
    Ok(routes.iter().zip(crowd.flows()).flat_map(notes).collect())
}

pub(crate) fn routes<'a>(
    cluster: &'a Cluster,
    transfers: &[Transfer],
) -> Result<Vec<Route<'a>>, InputError> {
    transfers.iter().map(|transfer| way(cluster, transfer)).collect()
}

/// The way of a transfer that has been checked.
pub(crate) fn way<'a>(cluster: &'a Cluster, transfer: &Transfer) -> Result<Route<'a>, InputError> {
    check_numbers(transfer)?;
    let way = route(cluster, transfer)?;
    check_kernel(cluster, transfer)?;
    Ok(way)
}

/// The way of `transfer` where it is that of another, which has been found as `known`.
pub(crate) fn same_way<'r, 'a>(
    cluster: &Cluster,
    transfer: &Transfer,
    (known, other): (&'r Route<'a>, &Transfer),
) -> Option<Result<&'r Route<'a>, InputError>> {
    let lanes = |transfer: &Transfer| (transfer.mode.is_rdma(), transfer.mode == Mode::GpuDirect);
    let ends = |transfer: &Transfer| {
        (transfer.transport, transfer.host_memory, transfer.kernel.is_some(), lanes(transfer))
    };
    let together = |transfer: &Transfer| transfer.group.as_ref().map(|_| transfer.message);
    let same = ends(transfer) == ends(other)
        && (&transfer.group, together(transfer)) == (&other.group, together(other))
        && (&transfer.from, &transfer.to, &transfer.via) == (&other.from, &other.to, &other.via);
    let checked = || check_numbers(transfer).and_then(|()| check_kernel(cluster, transfer));
    same.then(|| checked().map(|()| known))
}

/// Refuses numbers that no transfer can have.
fn check_numbers(transfer: &Transfer) -> Result<(), InputError> {
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
    if let Some((chunk, buffers)) = transfer.mode.chunks() {
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
    let place = cluster.places.get(transfer.from.as_str());
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

/// Refuses a question that would take hours unit by unit.
fn check_units(plans: &[Plan]) -> Result<(), InputError> {
    let all: f64 = plans.iter().map(Plan::units).sum();
    if all <= units::EVENTS_MAX {
        return Ok(());
    }
    let problem = format!("`chunk` would take {all:.1e} events for these messages");
    Err(InputError::new("fidelity", problem).help(format!(
        "smaller messages (at most {:.0e} events), or fidelity = \"flow\"",
        units::EVENTS_MAX
    )))
}
