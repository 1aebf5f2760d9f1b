//! What steps take: stated times, or a roofline of a GPU.

use models::input::{InputError, suggest};
use models::library::{Kind, Library};
use models::profile::Dimension;
use models::serving::{Cache, Roofline, Steps};
use serde_spanned::Spanned;

use super::super::value::{Amount, Reader, Value};
use super::model::needed;
use super::raw::{RawModel, RawPool};
use crate::experiment::Scalar;

/// What prompts reach of the tensor cores' peak, and answers of the memory's bandwidth, where the
/// file does not say: values and 90 % intervals of public measurements of vLLM and SGLang, assumed.
const TENSOR_REACHED: &str = "0.45 (0.25 to 0.65)";
const MEMORY_REACHED: &str = "0.7 (0.5 to 0.88)";

/// What a step takes: stated, or by a roofline of a GPU.
pub(super) fn steps(
    raw: &RawPool,
    model: Option<&RawModel>,
    (reader, cache): (Reader<'_>, Option<Cache>),
    library: &Library,
) -> Result<Steps, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let stated = [
        (&raw.prefill, "prefill"),
        (&raw.per_token, "per_token"),
        (&raw.per_pair, "per_pair"),
        (&raw.decode, "decode"),
        (&raw.per_sequence, "per_sequence"),
        (&raw.per_kept, "per_kept"),
    ];
    let Some(gpu) = &raw.gpu else {
        for (value, key) in [
            (&raw.gpus_each, "gpus_each"),
            (&raw.tensor, "tensor"),
            (&raw.tensor_reached, "tensor_reached"),
            (&raw.memory_reached, "memory_reached"),
            (&raw.overhead, "overhead"),
        ] {
            let why = "no GPU says what steps take";
            reader.unread(value, field(key), why, "gpu = \"h100-80-sxm\", or stated times")?;
        }
        let time = |(value, key): (&Value, &str)| {
            Ok::<f64, InputError>(reader.amount(value, &field(key), Amount::Time)?.unwrap_or(0.0))
        };
        let [prefill, token, pair, decode, sequence, kept] = stated.map(time);
        return Ok(Steps {
            prefill: prefill?,
            token: token?,
            pair: pair?,
            decode: decode?,
            sequence: sequence?,
            kept: kept?,
        });
    };
    for (value, key) in stated {
        reader.unread(value, field(key), "a GPU says what steps take", "no gpu")?;
    }
    roofline(raw, gpu, (model, cache), reader, library)
}

/// By a GPU's peak of arithmetic and its memory.
fn roofline(
    raw: &RawPool,
    gpu: &Spanned<String>,
    (model, cache): (Option<&RawModel>, Option<Cache>),
    reader: Reader<'_>,
    library: &Library,
) -> Result<Steps, InputError> {
    let field = |key: &str| format!("pool.{}.{key}", raw.name.get_ref());
    let (Some(model), Some(cache)) = (model, cache) else {
        return Err(reader
            .fault(gpu, field("gpu"), "says nothing without a [model]")
            .help("[model] with layers, parameters, width and weights, or stated times"));
    };
    if library.source(Kind::Gpu, gpu.get_ref()).is_err() {
        let problem = format!("no GPU is called `{}`", gpu.get_ref());
        let help = suggest(gpu.get_ref(), library.names(Kind::Gpu));
        return Err(reader.fault(gpu, field("gpu"), problem).help(help));
    }
    let profile = library.profile(Kind::Gpu, gpu.get_ref())?;
    let bandwidth = profile.base("hbm_bandwidth", Dimension::Rate)?;
    let gpus = reader.count(&raw.gpus_each, &field("gpus_each"), (1, 1024))?.unwrap_or(1);
    let gpus = f64::from(gpus);
    let part = |value: &Value, key: &str, usual: &str| {
        let given = value
            .clone()
            .unwrap_or_else(|| Spanned::new(gpu.span(), Scalar::Text(usual.to_owned())));
        let own = reader.amount(&Some(given), &field(key), Amount::Part)?;
        Ok::<f64, InputError>(own.expect("it is given").max(1e-3))
    };
    let tensor = reader.amount(&raw.tensor, &field("tensor"), Amount::Flops)?;
    let help = "the peak of its tensor cores: tensor = \"989 Tflop/s\"";
    let tensor = reader.needs(tensor, gpu, field("tensor"), help)?;
    let flops = tensor * gpus * part(&raw.tensor_reached, "tensor_reached", TENSOR_REACHED)?;
    let bytes = bandwidth * gpus * part(&raw.memory_reached, "memory_reached", MEMORY_REACHED)?;
    let overhead = reader.amount(&raw.overhead, &field("overhead"), Amount::Time)?;
    let of = |value: &Value, key: &'static str, of: Amount| needed(model, value, (key, of), reader);
    let roofline = Roofline {
        parameters: of(&model.parameters, "parameters", Amount::Number)?,
        weight_bytes: of(&model.weights, "weights", Amount::Bytes)?,
        width: of(&model.width, "width", Amount::Number)?,
        layers: f64::from(cache.layers),
        token_bytes: cache.token_bytes(),
    };
    Ok(Steps::of(roofline, flops, bytes, overhead.unwrap_or(0.0)))
}
