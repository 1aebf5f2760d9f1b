//! Matrices of copies between the GPUs of a machine, as p2pBandwidthLatencyTest prints them.

use models::collective::{Generation, Peers};
use models::input::InputError;

use super::words::{self, Gpu};
use super::{Reading, Run, Work};
use crate::family::Family;
use crate::file::Row;

/// More GPUs than any machine has.
const GPUS_MAX: u32 = 1024;

/// What a cell of a matrix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Bandwidth one way.
    OneWay,
    /// The sum of both ways at once.
    BothWays,
    /// The sum from one GPU to all others.
    ToAll,
    /// The latency of a write.
    Latency,
}

/// Reads a cell.
///
/// # Errors
/// If a number is malformed.
pub(super) fn read(row: &Row<'_>) -> Result<Reading, InputError> {
    let (machine, gpu, kind) = (row.text("machine")?, row.text("gpu")?, row.text("kind")?);
    let (from, to, unit) = (row.text("from")?, row.text("to")?, row.text("unit")?);
    let measured = row.positive("value")?;
    let label = format!("{} {kind} {from} {to}", machine.replace(' ', "-"));
    let family = Family::PeerMatrix;
    let cell = match (kind, unit) {
        ("latency_us", _) | (_, "us") => Cell::Latency,
        (kind, _) if kind.contains("fan-out") => Cell::ToAll,
        (kind, _) if kind.contains("bi") && !kind.contains("uni") => match kind {
            "bandwidth" => Cell::OneWay,
            _ => Cell::BothWays,
        },
        _ => Cell::OneWay,
    };
    let direct = !matches!(row.text("p2p")?, "disabled" | "off" | "no");
    let local = from == to;
    let gpus = gpus(row, machine);
    let unit = if cell == Cell::Latency { "us" } else { "GB/s" };
    let run = words::gpu(gpu).map(|known| {
        let peers = peers(gpu, &known, gpus, (direct, local));
        let work = Work::Copy(peers, cell);
        Run { work, measured, unit, decimals: row.decimals("value") }
    });
    Ok(Reading { family, label, run })
}

/// How many GPUs the machine of a row has: as many as the rows of its file name.
fn gpus(row: &Row<'_>, machine: &str) -> u32 {
    let same = row.file().rows().filter(|other| other.cell("machine") == Some(machine));
    let ends = same.flat_map(|row| [row.cell("from"), row.cell("to")]);
    let most = ends.flatten().filter_map(|end| end.parse::<u32>().ok()).max().unwrap_or(1);
    (most + 1).clamp(2, GPUS_MAX)
}

/// Four GPUs and fewer are joined pair by pair, more by switches.
const MESH_MAX: u32 = 4;

/// What joins two of so many GPUs.
fn peers(name: &str, gpu: &Gpu, gpus: u32, (direct, local): (bool, bool)) -> Peers {
    let name = name.to_lowercase();
    let boards = ["sxm", "gh200", "gb200", "gb300", "b200", "b300"];
    let nvlink = gpu.links > 0 && boards.iter().any(|board| name.contains(board));
    let links = match gpus {
        n if n <= MESH_MAX => gpu.links / (n - 1),
        // Eight V100 are a cube of pairs with one link or two.
        _ if gpu.generation == Generation::Volta => 1,
        _ => gpu.links,
    };
    let slot = match gpu.generation {
        Generation::Volta => 12.0,
        Generation::Ampere => 24.0,
        Generation::Hopper | Generation::Blackwell => 48.0,
    };
    let link_gb_s = match nvlink {
        true => Some(1.25 * f64::from(links) * gpu.generation.link_gb_s()),
        false => None,
    };
    Peers {
        memory_gb_s: gpu.memory_gb_s,
        slot_gb_s: slot,
        link_gb_s,
        others: gpus - 1,
        direct,
        local,
    }
}
