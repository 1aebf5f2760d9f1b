//! Rows of copies between host and GPU.

use models::input::InputError;

use super::gpu::Gpu;
use super::{Comparison, Verdict};
use crate::copy::bandwidth_of;
use crate::family::{Family, MemcpyRow};
use crate::file::Row;

/// Why a pageable copy is not predicted.
const PAGEABLE: &str = "a pageable copy depends on the host, which the table does not describe";

pub(super) fn judge(
    read: &MemcpyRow,
    row: &Row<'_>,
    gpu: Result<&Gpu, String>,
) -> Result<Verdict, InputError> {
    let outcome = match gpu {
        Err(why) => Err(why),
        Ok(_) if read.pageable => Err(PAGEABLE.to_owned()),
        Ok(gpu) => {
            let predicted = bandwidth_of(read, &gpu.subject)?;
            let draws = gpu.drawn()?.iter().map(|drawn| bandwidth_of(read, drawn));
            let draws = draws.collect::<Result<Vec<f64>, InputError>>()?;
            let decimals = row.decimals("bandwidth_gb_s");
            let measured = read.bandwidth;
            let compared = Comparison::new("bandwidth", "GB/s", measured, predicted, decimals);
            Ok(vec![compared.with_draws(&draws)])
        }
    };
    let direction = if read.to_device { "in" } else { "out" };
    let memory = if read.pageable { "pageable" } else { "pinned" };
    let label = format!("{} {direction} {memory} {} KiB", read.gpu, read.bytes / 1024);
    Ok(Verdict { family: Family::GpuMemcpy, label, outcome })
}
