//! Rows of the reference PCIe model: write, read and concurrent bandwidth of one link setting.

use models::input::InputError;
use models::pcie::{AddressBits, Generation, Link, PayloadSize, Settings, Width, reference};
use sim::Bytes;

use super::{Comparison, Verdict};
use crate::family::Family;
use crate::file::Row;

/// Larger payloads would leave the digits that the table prints.
const PAYLOAD_MAX: u64 = 1 << 30;

pub(super) fn judge(row: &Row<'_>) -> Result<Verdict, InputError> {
    let link = link(row)?;
    let payload = Bytes::new(row.count("payload_bytes", PAYLOAD_MAX)?);
    let ours = reference::predict(&link, payload)
        .ok_or_else(|| row.fault("payload_bytes", "needs at least one byte"))?;
    let figures = [
        ("write", "write_gbit_s", ours.write),
        ("read", "read_gbit_s", ours.read),
        ("bidirectional", "bidirectional_gbit_s", ours.concurrent),
    ];
    let compare = |(name, column, rate): (&'static str, &str, sim::Rate)| {
        let measured = row.positive(column)?;
        let decimals = row.decimals(column);
        Ok(Comparison::new(name, "Gbit/s", measured, rate.as_gbit_s(), decimals))
    };
    let compared = figures.into_iter().map(compare).collect::<Result<Vec<_>, InputError>>()?;
    row.positive("raw_gbit_s")?;
    row.positive("tlp_layer_gbit_s")?;
    let mut label = format!(
        "{} {} MPS {} MRRS {} {payload}",
        link.generation,
        link.width,
        link.settings.max_payload.bytes().get(),
        link.settings.max_read_request.bytes().get(),
    );
    if let Some(why) = reference::difference(&link) {
        label += &format!(" ({why})");
    }
    Ok(Verdict { family: Family::Pcie, label, outcome: Ok(compared) })
}

/// The link that a row describes.
fn link(row: &Row<'_>) -> Result<Link, InputError> {
    let size = |column: &str| {
        let bytes = Bytes::new(row.count(column, 4096)?);
        PayloadSize::new(bytes).map_err(|e| row.fault(column, e.to_string()))
    };
    let generation: Generation =
        row.text("gen")?.parse().map_err(|e| row.fault("gen", format!("{e}")))?;
    let width: Width =
        row.text("lanes")?.parse().map_err(|e| row.fault("lanes", format!("{e}")))?;
    let bits = row.count("addr_bits", 64)? as u32;
    let address = AddressBits::new(bits).map_err(|e| row.fault("addr_bits", e.to_string()))?;
    let settings = Settings {
        max_payload: size("mps_bytes")?,
        max_read_request: size("mrrs_bytes")?,
        address,
        ..Settings::default()
    };
    Ok(Link { generation, width, settings })
}
