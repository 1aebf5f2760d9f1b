//! From an experiment as written to one whose every value has been judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::library::Library;
use models::outcome::Fidelity;
use serde_spanned::Spanned;

use super::axis::{Axis, AxisReader, Varied};
use super::field::{Field, Raw, count};
use super::load::Load;
use super::parameter::{Change, Of, fidelity};
use super::problem::Problem;
use super::raw::RawExperiment;
use super::scalar::Scalar;
use super::transfer::{Draft, TransferTable};
use super::{Experiment, group, measure, pattern, reported, request, topology};
use crate::near::Near;

/// The most replications of a point.
const REPETITIONS_MAX: i64 = 10_000;
/// Enough replications for an interval, few enough to wait for.
const REPETITIONS_DEFAULT: i64 = 5;

/// Judges `raw`, which was read from `source`.
pub(super) fn checked(
    raw: RawExperiment,
    source: &Arc<Source>,
    near: Near<'_>,
    shipped: &Library,
) -> Result<Experiment, InputError> {
    let name = checked_name(&raw.name, source)?;
    let library = library_of(raw.profiles.as_ref(), source, near, shipped)?;
    let topologies = topology::find_all(&raw.topologies, source, near, &library)?;
    let number = |value: &Option<Spanned<Scalar>>, field: &str, default: i64, max: i64| match value
    {
        None => Ok(default),
        Some(v) => count(v.get_ref(), 1, max).map_err(|p| p.at(field, source, v.span())),
    };
    let repetitions =
        number(&raw.repetitions, "repetitions", REPETITIONS_DEFAULT, REPETITIONS_MAX)?;
    let seed = match &raw.seed {
        None => 1,
        Some(v) => seed(v.get_ref()).map_err(|p| p.at("seed", source, v.span()))?,
    };
    let level = match &raw.fidelity {
        None => Fidelity::default(),
        Some(v) => fidelity(v.get_ref()).map_err(|p| p.at("fidelity", source, v.span()))?,
    };
    let (workloads, pools) = (raw.workload.as_slice(), raw.pool.as_slice());
    let load = Load::read(workloads, &raw.step, pools, raw.batch.as_slice(), source, near)?;
    if let (Some(_), Some(v), true) = (&load, &raw.fidelity, level != Fidelity::Flow) {
        let problem = Problem::new("workloads run over time, at one fidelity", "`flow`");
        return Err(problem.at("fidelity", source, v.span()));
    }
    let mut transfers = match (raw.transfer.as_slice(), &load) {
        ([], Some(_)) => Vec::new(),
        (list, _) => checked_transfers(list, source)?,
    };
    if let Some(request) = &raw.request {
        request::put_into(&mut transfers, request, load.is_some(), source)?;
    }
    let reader =
        AxisReader { source, transfers: &transfers, load: load.as_ref(), library: &library };
    let axes = checked_axes(&raw, &reader)?;
    check_all(&transfers, &axes, source)?;
    let swept = axes.iter().flat_map(|axis| &axis.varied).any(|varied| varied.key == "collective");
    let together = swept || group::any(&transfers);
    let measure = measure::checked(&raw.measure, source)?;
    let beside = reported::Beside {
        topologies: &topologies,
        transfers: &transfers,
        axes: &axes,
        repetitions: repetitions.unsigned_abs(),
    };
    let reported = reported::all(raw.reported.into_vec(), load.is_some(), source, &beside)?;
    Ok(Experiment {
        source: Arc::clone(source),
        name,
        about: raw.about,
        cause: raw.cause,
        repetitions: repetitions as u32,
        seed,
        fidelity: level,
        reported,
        library: Arc::new(if together { library.with_collectives() } else { library }),
        topologies,
        load,
        transfers,
        axes,
        measure,
        narrowed: false,
    })
}

/// What only all fields of transfers and all axes together show to be wrong.
fn check_all(transfers: &[Draft], axes: &[Axis], source: &Arc<Source>) -> Result<(), InputError> {
    pattern::check(transfers, axes, source)?;
    group::check(transfers, axes, source)?;
    check_complete(transfers, axes, source)?;
    check_chunks(transfers, axes, source)
}

fn seed(value: &Scalar) -> Result<u64, Problem> {
    let number = match value {
        Scalar::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let problem = || Problem::new(format!("`{value}` is not possible"), "an integer, zero or more");
    number.ok_or_else(problem)
}

/// A name that can be a folder on any system and cannot leave the one it is put in.
fn checked_name(name: &Spanned<String>, source: &Arc<Source>) -> Result<String, InputError> {
    let text = name.get_ref();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('.') {
        return Ok(text.clone());
    }
    let help = "1 to 64 letters, digits, `-`, `_` and `.`, not starting with `.`";
    let shown: String = text.chars().take(64).collect();
    let problem = Problem::new(format!("`{shown}` cannot name a folder"), help);
    Err(problem.at("name", source, name.span()))
}

fn library_of(
    profiles: Option<&Spanned<String>>,
    source: &Arc<Source>,
    near: Near<'_>,
    shipped: &Library,
) -> Result<Library, InputError> {
    let mut library = shipped.clone();
    if let Some(profiles) = profiles {
        near.add_profiles(profiles.get_ref(), &mut library).map_err(|error| {
            match error.source {
                Some(_) => error,
                None => error.at(source, profiles.span()),
            }
        })?;
    }
    Ok(library)
}

fn checked_transfers(
    list: &[Raw<TransferTable>],
    source: &Arc<Source>,
) -> Result<Vec<Draft>, InputError> {
    let several = list.len() != 1;
    if list.is_empty() {
        let problem = Problem::new("is missing", "a table [transfer], or [[workload]]");
        return Err(problem.at("transfer", source, 0..0));
    }
    let mut names = BTreeSet::new();
    let mut drafts: Vec<Draft> = Vec::with_capacity(list.len());
    for (at, raw) in list.iter().enumerate() {
        let place = if several { format!("transfer[{at}]") } else { "transfer".into() };
        let default = if several { format!("transfer-{}", at + 1) } else { "transfer".into() };
        let (name, span) = raw.name(&place, source)?.unwrap_or((default, 0..0));
        let mut draft = Draft::new(name);
        raw.read(&place, source, |field, value, span| draft.assign(field, value, span))?;
        if !names.insert(draft.name.clone()) {
            let problem = Problem::new(format!("`{}` is given twice", draft.name), "another name");
            return Err(problem.at(format!("{place}.name"), source, span));
        }
        drafts.push(draft);
    }
    Ok(drafts)
}

/// All axes, in the order in which points count through them.
fn checked_axes(raw: &RawExperiment, reader: &AxisReader<'_>) -> Result<Vec<Axis>, InputError> {
    let mut axes = vec![reader.set(&raw.set)?];
    axes.extend(reader.cross(&raw.sweep.cross)?);
    for (at, table) in raw.sweep.zip.iter().enumerate() {
        axes.push(reader.zip(at, table)?);
    }
    for (at, assumption) in raw.assumption.iter().enumerate() {
        axes.push(reader.assumption(at, assumption)?);
    }
    axes.retain(|axis| !axis.varied.is_empty());
    let mut keys: Vec<&str> = Vec::new();
    for varied in axes.iter().flat_map(|axis| &axis.varied) {
        if keys.contains(&varied.key.as_str()) {
            let problem = Problem::new("is varied or set twice", "each parameter in one place");
            return Err(problem.at(&varied.key, reader.source, varied.span.clone()));
        }
        keys.push(&varied.key);
    }
    Ok(axes)
}

/// Every transfer has its ends and size, from its table or from an axis.
fn check_complete(
    transfers: &[Draft],
    axes: &[Axis],
    source: &Arc<Source>,
) -> Result<(), InputError> {
    let mut whole = transfers.to_vec();
    for varied in axes.iter().flat_map(|axis| &axis.varied) {
        if let [Change::Field { of: Of::Transfers(which), field, value }, ..] = &varied.changes[..]
        {
            let of = which.map_or(0..whole.len(), |which| which..which + 1);
            for draft in &mut whole[of] {
                draft.assign(field, value, &varied.span).expect("the value was judged");
            }
        }
    }
    for transfer in &whole {
        if let Err(missing) = transfer.finish() {
            let (table, field) = match missing.split_once('.') {
                Some((table, _)) => (table, missing.to_owned()),
                None => ("transfer", format!("{}.{missing}", transfer.name)),
            };
            let span = source.text.find(table).map_or(0..0, |at| at..at + table.len());
            return Err(Problem::new("is missing", example(missing)).at(field, source, span));
        }
    }
    Ok(())
}

fn example(field: &str) -> &'static str {
    match field {
        "from" => "from = \"gpu-a\": where the result lies",
        "to" => "to = \"server\": where it is wanted",
        "ranks" => "ranks = \"gpu\": the GPUs that take part",
        "request.service" => "service = \"infer\": the Service that is called",
        _ => "message = \"1 MiB\": the size of the result, here or in the sweep",
    }
}

/// A chunk size, a number of buffers or a launch by chunks that no point uses is a slip.
fn check_chunks(
    transfers: &[Draft],
    axes: &[Axis],
    source: &Arc<Source>,
) -> Result<(), InputError> {
    let varied = || axes.iter().flat_map(|axis| &axis.varied);
    let field_of = |varied: &Varied| varied.of_transfers().map(|(_, field)| field);
    let chunked = ["overlapped", "rdma"].map(|mode| Scalar::Text(mode.into()));
    let overlapped = |value: &Scalar| chunked.contains(value);
    let mut modes = varied().filter(|v| field_of(v).is_some_and(|field| field.name == "mode"));
    let by_sweep = modes.any(|v| v.values.iter().any(overlapped));
    if by_sweep || transfers.iter().any(Draft::is_overlapped) {
        return Ok(());
    }
    let in_tables = transfers.iter().flat_map(Draft::written);
    let in_tables = in_tables.map(|(field, written)| (field, written.span.clone()));
    let in_axes = varied().filter_map(|varied| Some((field_of(varied)?, varied.span.clone())));
    // Several kernels in a row are launched somehow, with chunks or without.
    let counted = varied().any(|v| field_of(v).is_some_and(|field| field.name == "kernel_count"));
    let in_a_row = counted || transfers.iter().any(Draft::has_launches);
    let launch = |field: &Field| in_a_row && field.name == "kernel_launch";
    let of_chunks = |(field, _): &(&Field, _)| field.within.of_chunks && !launch(field);
    match in_tables.chain(in_axes).find(of_chunks) {
        None => Ok(()),
        Some((field, span)) => {
            let help = match field.name {
                "kernel_launch" => "mode = \"overlapped\" launches by chunks, kernel_count several",
                _ => "mode = \"overlapped\" or \"rdma\" uses chunks",
            };
            let problem = Problem::new("has no effect", help);
            Err(problem.at(format!("transfer.{}", field.name), source, span))
        }
    }
}
