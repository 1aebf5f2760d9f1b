//! The fields of a transfer that are about the kernel which makes its result.

use models::gpu::execute::Level;
use models::gpu::kernel::{Kernel, Launches, Precision};

use super::draft::{Field, amount, count, one_of};
use super::problem::Problem;
use super::scalar::Scalar;

/// The most work of one kernel, in flop: a day at an exaflop a second.
const FLOP_MAX: f64 = 1e23;
/// The most threads of one kernel: a grid of 2^31 − 1 blocks.
const THREADS_MAX: i64 = ((1 << 31) - 1) * BLOCK_MAX;
/// The most threads of a block.
const BLOCK_MAX: i64 = 1024;

/// Sets one field of `kernel`.
///
/// # Errors
/// If the value is of the wrong type, has a wrong unit, or is out of range.
pub(super) fn assign(kernel: &mut Kernel, field: Field, value: &Scalar) -> Result<(), Problem> {
    match field {
        Field::KernelRead => kernel.read = amount(value)?,
        Field::KernelWritten => kernel.written = amount(value)?,
        Field::KernelFlop => kernel.flop = number(value)?,
        Field::KernelPrecision => {
            let kinds = [("single", Precision::Single), ("double", Precision::Double)];
            kernel.precision = one_of(value, kinds)?;
        }
        Field::KernelThreads => kernel.threads = count(value, THREADS_MAX)? as u64,
        Field::KernelBlock => kernel.block = count(value, BLOCK_MAX)? as u32,
        Field::KernelLaunch => {
            let ways = [
                ("once", Launches::Once),
                ("per-chunk", Launches::PerChunk),
                ("graph", Launches::Graph),
            ];
            kernel.launches = one_of(value, ways)?;
        }
        Field::KernelLevel => {
            let levels =
                [("kernel", Level::Kernel), ("cohort", Level::Cohort), ("warp", Level::Warp)];
            kernel.level = one_of(value, levels)?;
        }
        other => unreachable!("`{}` is not about a kernel", other.name()),
    }
    Ok(())
}

/// A number, zero or more.
fn number(value: &Scalar) -> Result<f64, Problem> {
    let number = match value {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Text(_) | Scalar::Boolean(_) => None,
    };
    let wrong = || Problem::new(format!("`{value}` is not possible"), "a number, zero or more");
    number.filter(|number| (0.0..=FLOP_MAX).contains(number)).ok_or_else(wrong)
}
