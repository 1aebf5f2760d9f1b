//! Whether there is room for what is to be there.

use models::function::{Function, Gpu};
use models::input::InputError;

use super::cost::Reader;
use super::raw::RawFunction;

/// Refuses functions that fit on no GPU, and least numbers that fit on none together.
pub(super) fn check(
    raw: &[RawFunction],
    functions: &[Function],
    gpus: &[Gpu],
    reader: Reader<'_>,
) -> Result<(), InputError> {
    let largest = gpus.iter().map(|gpu| gpu.memory).max().expect("there is a GPU");
    let mut taken = 0.0;
    for (raw, own) in raw.iter().zip(functions) {
        let name = &own.name;
        if own.weights > largest {
            let problem = format!("{} are more than any GPU has, {largest}", own.weights);
            let value = raw.weights.as_ref().expect("a share is at most one");
            return Err(reader
                .fault(value, format!("function.{name}.weights"), problem)
                .help("less, or a larger GPU"));
        }
        taken += own.weights.as_f64() * f64::from(own.least);
        let all: f64 = gpus.iter().map(|gpu| gpu.memory.as_f64()).sum();
        if taken > all {
            let value = raw.min_instances.as_ref().expect("it takes some");
            let problem =
                format!("all least instances up to `{name}` need more than all GPUs have");
            return Err(reader
                .fault(value, format!("function.{name}.min_instances"), problem)
                .help("fewer, or more GPUs"));
        }
    }
    Ok(())
}
