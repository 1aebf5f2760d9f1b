//! The model that is served.

use models::input::InputError;
use models::serving::{Cache, Shape};

use super::super::value::{Amount, Reader};
use super::raw::RawModel;
use crate::experiment::Scalar;

/// More than this is taken for a mistake.
const COUNT_MAX: u32 = 1_000_000_000;

/// The keys and values of a model, if one is described.
pub(super) fn cache(
    raw: Option<&RawModel>,
    reader: Reader<'_>,
) -> Result<Option<Cache>, InputError> {
    let Some(raw) = raw else { return Ok(None) };
    let count =
        |value: &Option<_>, key: &str| reader.count(value, &format!("model.{key}"), (1, COUNT_MAX));
    let layers = count(&Some(raw.layers.clone()), "layers")?.expect("it is given");
    let (heads, size, latent) = (
        count(&raw.kv_heads, "kv_heads")?,
        count(&raw.head_size, "head_size")?,
        count(&raw.latent, "latent")?,
    );
    let shape = match (heads, size, latent) {
        (Some(heads), Some(size), None) => Shape::Heads { heads, size },
        (None, None, Some(width)) => Shape::Latent { width },
        _ => {
            let problem = "does not say what a layer keeps of a token";
            return Err(reader
                .fault(&raw.layers, "model", problem)
                .help("kv_heads and head_size, or latent (multi-head latent attention)"));
        }
    };
    let number = reader.amount(&raw.number_bytes, "model.number_bytes", Amount::Number)?;
    let number_bytes = number.unwrap_or(2.0);
    if !(0.25..=8.0).contains(&number_bytes) {
        let value = raw.number_bytes.as_ref().expect("it was given");
        return Err(reader
            .fault(value, "model.number_bytes", format!("{number_bytes} bytes are no number"))
            .help("2 for bf16, 1 for fp8"));
    }
    let block = count(&raw.block, "block")?.unwrap_or(16);
    Ok(Some(Cache { layers, shape, number_bytes, block }))
}

/// A value of the model that a roofline needs.
pub(super) fn needed(
    raw: &RawModel,
    value: &Option<serde_spanned::Spanned<Scalar>>,
    (key, of): (&str, Amount),
    reader: Reader<'_>,
) -> Result<f64, InputError> {
    let own = reader.amount(value, &format!("model.{key}"), of)?;
    let help = "with `gpu` a pool needs parameters, width and weights of the model";
    reader.needs(own, &raw.layers, format!("model.{key}"), help)
}
