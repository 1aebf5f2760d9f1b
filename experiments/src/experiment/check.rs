//! From an experiment as written to one whose every value has been judged.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::library::Library;
use models::outcome::Fidelity;
use serde_spanned::Spanned;

use super::axis::{Axis, AxisReader, Varied};
use super::draft::{Draft, Field, ModeName, count, word};
use super::load::Load;
use super::parameter::{Change, Parameter, fidelity};
use super::problem::Problem;
use super::raw::{OneOrMany, RawExperiment, RawRequest, RawTransfer};
use super::scalar::Scalar;
use super::{Experiment, measure, reported, request, topology};
use crate::library;

/// The most replications of a point.
const REPETITIONS_MAX: i64 = 10_000;
/// Enough replications for an interval, few enough to wait for.
const REPETITIONS_DEFAULT: i64 = 5;
/// The most transfers that begin together.
const TRANSFERS_MAX: usize = 100;

/// Judges `raw`, which was read from `source`.
pub(super) fn checked(
    raw: RawExperiment,
    source: &Arc<Source>,
    folder: Option<&Path>,
    shipped: &Library,
) -> Result<Experiment, InputError> {
    let name = checked_name(&raw.name, source)?;
    let library = library_of(raw.profiles.as_ref(), source, folder, shipped)?;
    let topologies = topology::find_all(&raw.topologies, source, folder, &library)?;
    let number = |value: &Option<Spanned<Scalar>>, field: &str, default: i64, max: i64| match value
    {
        None => Ok(default),
        Some(v) => count(v.get_ref(), max).map_err(|p| p.at(field, source, v.span())),
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
    let load = Load::read(workloads, &raw.step, pools, source, folder)?;
    if let (Some(_), Some(v), true) = (&load, &raw.fidelity, level != Fidelity::Flow) {
        let problem = Problem::new("workloads run over time, at one fidelity", "`flow`");
        return Err(problem.at("fidelity", source, v.span()));
    }
    let mut transfers = match (raw.transfer.as_slice(), &load) {
        ([], Some(_)) => Vec::new(),
        _ => checked_transfers(&raw.transfer, source)?,
    };
    if let Some(request) = &raw.request {
        request::put_into(&mut transfers, request, load.is_some(), source)?;
    }
    let reader =
        AxisReader { source, transfers: &transfers, load: load.as_ref(), library: &library };
    let axes = checked_axes(&raw, &reader)?;
    check_complete(&transfers, &axes, source)?;
    check_chunks(&raw.transfer, &transfers, &axes, source)?;
    let measure = measure::checked(&raw.measure, source)?;
    let places = places(&raw);
    if let (Some(_), Some(reported)) = (&load, raw.reported.as_slice().first()) {
        let problem =
            Problem::new("stands beside no workload", "an experiment without [[workload]]");
        return Err(problem.at("reported", source, reported.value.span()));
    }
    let reported = raw.reported.into_vec().into_iter().enumerate();
    let beside = reported::Beside { topologies: &topologies, transfers: &transfers, axes: &axes };
    let reported = reported.map(|(at, r)| reported::checked(r, at, source, &beside));
    Ok(Experiment {
        source: Arc::clone(source),
        name,
        about: raw.about,
        cause: raw.cause,
        repetitions: repetitions as u32,
        seed,
        fidelity: level,
        reported: reported.collect::<Result<_, _>>()?,
        library: Arc::new(library),
        topologies,
        places,
        load,
        transfers,
        axes,
        measure,
        narrowed: false,
    })
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
    folder: Option<&Path>,
    shipped: &Library,
) -> Result<Library, InputError> {
    let mut library = shipped.clone();
    if let Some(profiles) = profiles {
        let path = folder.unwrap_or(Path::new("")).join(profiles.get_ref());
        library::add_folder(&mut library, &path).map_err(|error| match error.source {
            Some(_) => error,
            None => error.at(source, profiles.span()),
        })?;
    }
    Ok(library)
}

fn checked_transfers(
    raw: &OneOrMany<RawTransfer>,
    source: &Arc<Source>,
) -> Result<Vec<Draft>, InputError> {
    let list = raw.as_slice();
    let several = list.len() != 1;
    if list.is_empty() {
        let problem = Problem::new("is missing", "a table [transfer], or [[workload]]");
        return Err(problem.at("transfer", source, 0..0));
    }
    if list.len() > TRANSFERS_MAX {
        let help = format!("1 to {TRANSFERS_MAX} tables [[transfer]]");
        let problem = Problem::new(format!("there are {} transfers", list.len()), help);
        return Err(problem.at("transfer", source, 0..0));
    }
    let mut drafts: Vec<Draft> = Vec::with_capacity(list.len());
    for (at, raw) in list.iter().enumerate() {
        let place = if several { format!("transfer[{at}]") } else { "transfer".into() };
        let draft = checked_transfer(raw, at, &place, several, source)?;
        if drafts.iter().any(|other| other.name == draft.name) {
            let span = raw.name.as_ref().map_or(0..0, Spanned::span);
            let problem = Problem::new(format!("`{}` is given twice", draft.name), "another name");
            return Err(problem.at(format!("{place}.name"), source, span));
        }
        drafts.push(draft);
    }
    Ok(drafts)
}

fn checked_transfer(
    raw: &RawTransfer,
    at: usize,
    place: &str,
    several: bool,
    source: &Arc<Source>,
) -> Result<Draft, InputError> {
    let name = match &raw.name {
        None if several => format!("transfer-{}", at + 1),
        None => "transfer".into(),
        Some(name) => word(name.get_ref())
            .and_then(|word| match word.contains('.') {
                true => Err(Problem::new("has a dot", "a name without dots, for use in sweeps")),
                false => Ok(word.to_owned()),
            })
            .map_err(|p| p.at(format!("{place}.name"), source, name.span()))?,
    };
    let mut draft = Draft::new(name);
    for (field, value) in raw.fields() {
        if let Some(value) = value {
            let wrong =
                |p: Problem| p.at(format!("{place}.{}", field.name()), source, value.span());
            draft.assign(field, value.get_ref()).map_err(wrong)?;
        }
    }
    Ok(draft)
}

impl RawTransfer {
    /// Every field with what the file says of it.
    fn fields(&self) -> [(Field, &Option<Spanned<Scalar>>); 21] {
        [
            (Field::From, &self.from),
            (Field::To, &self.to),
            (Field::Via, &self.via),
            (Field::Message, &self.message),
            (Field::Write, &self.write),
            (Field::Reply, &self.reply),
            (Field::Transport, &self.transport),
            (Field::Streams, &self.streams),
            (Field::Mode, &self.mode),
            (Field::Chunk, &self.chunk),
            (Field::Buffers, &self.buffers),
            (Field::HostMemory, &self.host_memory),
            (Field::Connection, &self.connection),
            (Field::KernelRead, &self.kernel_read),
            (Field::KernelWritten, &self.kernel_written),
            (Field::KernelFlop, &self.kernel_flop),
            (Field::KernelPrecision, &self.kernel_precision),
            (Field::KernelThreads, &self.kernel_threads),
            (Field::KernelBlock, &self.kernel_block),
            (Field::KernelLaunch, &self.kernel_launch),
            (Field::KernelLevel, &self.kernel_level),
        ]
    }
}

/// Where the fields of transfers and of the request stand.
fn places(raw: &RawExperiment) -> Vec<(Field, Range<usize>)> {
    let fields = raw.transfer.as_slice().iter().flat_map(RawTransfer::fields);
    let fields = fields.chain(raw.request.iter().flat_map(RawRequest::fields));
    fields.filter_map(|(field, value)| Some((field, value.as_ref()?.span()))).collect()
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
    for (at, transfer) in transfers.iter().enumerate() {
        let mut whole = transfer.clone();
        for varied in axes.iter().flat_map(|axis| &axis.varied) {
            if let [Change::Transfer { which, field, value }, ..] = &varied.changes[..]
                && which.is_none_or(|which| which == at)
            {
                whole.assign(*field, value).expect("the value was judged");
            }
        }
        if let Err(missing) = whole.finish() {
            let field = match missing.is_of_request() {
                true => missing.name().to_owned(),
                false => format!("{}.{}", transfer.name, missing.name()),
            };
            let table = if missing.is_of_request() { "request" } else { "transfer" };
            let span = source.text.find(table).map_or(0..0, |at| at..at + table.len());
            return Err(Problem::new("is missing", example(missing)).at(field, source, span));
        }
    }
    Ok(())
}

fn example(field: Field) -> &'static str {
    match field {
        Field::From => "from = \"gpu-a\": where the result lies",
        Field::To => "to = \"server\": where it is wanted",
        Field::RequestService => "service = \"infer\": the Service that is called",
        _ => "message = \"1 MiB\": the size of the result, here or in the sweep",
    }
}

/// A chunk size, a number of buffers or a launch by chunks that no point uses is a slip.
fn check_chunks(
    raw: &OneOrMany<RawTransfer>,
    transfers: &[Draft],
    axes: &[Axis],
    source: &Arc<Source>,
) -> Result<(), InputError> {
    let varied = || axes.iter().flat_map(|axis| &axis.varied);
    let overlapped = |value: &Scalar| *value == Scalar::Text("overlapped".into());
    let is = |varied: &Varied, wanted: Field| match &varied.parameter {
        Parameter::Transfer { field, .. } => *field == wanted,
        _ => false,
    };
    let mut modes = varied().filter(|v| is(v, Field::Mode));
    let by_sweep = modes.any(|v| v.values.iter().any(overlapped));
    if by_sweep || transfers.iter().any(|transfer| transfer.mode == ModeName::Overlapped) {
        return Ok(());
    }
    let of_chunks = [Field::Chunk, Field::Buffers, Field::KernelLaunch];
    let in_tables = raw.as_slice().iter().flat_map(RawTransfer::fields);
    let in_tables = in_tables.filter_map(|(field, value)| Some((field, value.as_ref()?.span())));
    let in_tables = in_tables.filter(|(field, _)| of_chunks.contains(field));
    let in_axes = of_chunks.into_iter().flat_map(|field| {
        varied().filter(move |v| is(v, field)).map(move |v| (field, v.span.clone()))
    });
    match in_tables.chain(in_axes).next() {
        None => Ok(()),
        Some((field, span)) => {
            let problem = Problem::new("has no effect", "mode = \"overlapped\" uses chunks");
            Err(problem.at(format!("transfer.{}", field.name()), source, span))
        }
    }
}
