//! The meaning of a file of functions: everything that can be wrong with it is found here.

use std::path::Path;
use std::sync::Arc;

use models::cluster::Cluster;
use models::function::{Cost, Function, Movement};
use models::input::{InputError, Source, suggest};
use models::library::{Kind, Library};
use models::transfer::Transfer;
use sim::{Bytes, Time};

use super::Described;
use super::capacity;
use super::cost::{Moved, Reader};
use super::function::{At, Read, function};
use super::gpus::{Machines, machines};
use super::raw::{RawFunction, RawScene};
use super::sources::arrivals;
use crate::file;

pub(super) fn checked(
    raw: RawScene,
    source: &Arc<Source>,
    (folder, library): (&Path, &Library),
) -> Result<Described, InputError> {
    let reader = Reader { source };
    let cluster = cluster(&raw, reader, (folder, library))?;
    let machines = machines(&raw, reader, cluster.as_ref())?;
    if raw.function.is_empty() {
        return Err(reader
            .fault(&raw.name, "function", "no function is described")
            .help("a table [[function]] with `name`, `weights` and `work`"));
    }
    let memories: Vec<Bytes> = machines.gpus.iter().map(|gpu| gpu.memory).collect();
    let same = memories.iter().all(|memory| *memory == memories[0]).then_some(memories[0]);
    let mut functions: Vec<Function> = Vec::new();
    let mut movements = Vec::new();
    let mut bases: Vec<String> = Vec::new();
    for own in &raw.function {
        let name = own.name.get_ref();
        if functions.iter().any(|other| other.name == *name) {
            let problem = format!("`{name}` is named twice");
            return Err(reader
                .fault(&own.name, "function.name", problem)
                .help("a name of its own"));
        }
        let Read { mut function, moves } = function(own, reader, same)?;
        function.base = base(own, &mut bases, reader)?;
        for (at, moved) in moves {
            let movement = movement(own, reader, (at, &moved), &machines, cluster.as_ref())?;
            let number = Cost::Move(movements.len() as u32);
            match at {
                At::Start(stage) => function.starts[stage] = number,
                At::Load => function.load = number,
                At::Result => function.result = number,
            }
            movements.push(movement);
        }
        functions.push(function);
    }
    chains(&raw.function, &mut functions, reader)?;
    capacity::check(&raw.function, &functions, &machines.gpus, reader)?;
    let until = reader.time(&raw.until, "until")?.unwrap_or(Time::MAX);
    if raw.source.is_empty() {
        return Err(reader
            .fault(&raw.name, "source", "nothing calls any function")
            .help("a table [[source]] with `function` and `rate`, `every` or `times`"));
    }
    let sources = raw.source.iter().map(|own| {
        let called = named(&own.function, &functions, reader, "source.function")?;
        arrivals(own, reader, (called, until))
    });
    Ok(Described {
        sources: sources.collect::<Result<_, InputError>>()?,
        name: raw.name.get_ref().clone(),
        about: raw.about.clone(),
        nodes: machines.nodes,
        gpus: machines.gpus,
        functions,
        until,
        cluster,
        movements,
    })
}

/// The number of the layers that an image shares with others.
fn base(
    own: &RawFunction,
    bases: &mut Vec<String>,
    reader: Reader<'_>,
) -> Result<Option<u32>, InputError> {
    let field = |key: &str| format!("function.{}.{key}", own.name.get_ref());
    match (&own.base, &own.base_image) {
        (None, None) => Ok(None),
        (Some(name), Some(_)) => {
            let at = bases.iter().position(|known| known == name.get_ref());
            Ok(Some(at.unwrap_or_else(|| {
                bases.push(name.get_ref().clone());
                bases.len() - 1
            }) as u32))
        }
        (Some(name), None) => Err(reader
            .fault(name, field("base"), "costs nothing")
            .help("what its layers cost: base_image = \"4 GiB from registry\"")),
        (None, Some(value)) => Err(reader
            .fault(value, field("base_image"), "is shared with nobody")
            .help("the name that others share them by: base = \"cuda-12\"; or one `image`")),
    }
}

fn cluster(
    raw: &RawScene,
    reader: Reader<'_>,
    (folder, library): (&Path, &Library),
) -> Result<Option<Cluster>, InputError> {
    let Some(topology) = &raw.topology else { return Ok(None) };
    let name = topology.get_ref();
    if name.contains('/') || name.ends_with(".toml") {
        let text = file::read_text(&folder.join(name), "topology").map_err(|error| {
            let help = error.help.clone().unwrap_or_default();
            reader.fault(topology, "topology", error.problem).help(help)
        })?;
        return Cluster::assemble(name, &text, library, &[]).map(Some);
    }
    if library.source(Kind::Topology, name).is_err() {
        let help = suggest(name, library.names(Kind::Topology));
        let problem = format!("no topology is called `{name}`");
        return Err(reader.fault(topology, "topology", problem).help(help));
    }
    Cluster::named(name, library, &[]).map(Some)
}

/// The number of a function by its name.
fn named(
    value: &serde_spanned::Spanned<String>,
    functions: &[Function],
    reader: Reader<'_>,
    field: &str,
) -> Result<u32, InputError> {
    let name = value.get_ref();
    let at = functions.iter().position(|own| own.name == *name);
    at.map(|at| at as u32).ok_or_else(|| {
        let known: Vec<&str> = functions.iter().map(|own| own.name.as_str()).collect();
        reader
            .fault(value, field, format!("no function is called `{name}`"))
            .help(suggest(name, known))
    })
}

/// Joins chains, which must end.
fn chains(
    raw: &[RawFunction],
    functions: &mut [Function],
    reader: Reader<'_>,
) -> Result<(), InputError> {
    for (at, own) in raw.iter().enumerate() {
        let Some(then) = &own.then else { continue };
        let field = format!("function.{}.then", own.name.get_ref());
        functions[at].then = Some(named(then, functions, reader, &field)?);
    }
    for (at, own) in raw.iter().enumerate() {
        let mut way = vec![at];
        let mut next = functions[at].then;
        while let Some(to) = next {
            let to = to as usize;
            if way.contains(&to) {
                let names: Vec<&str> =
                    way.iter().chain([&to]).map(|at| functions[*at].name.as_str()).collect();
                let then = own.then.as_ref().expect("it has one");
                let field = format!("function.{}.then", own.name.get_ref());
                let problem = format!("the chain never ends: {}", names.join(" → "));
                return Err(reader
                    .fault(then, field, problem)
                    .help("chains in which no function comes twice"));
            }
            way.push(to);
            next = functions[to].then;
        }
    }
    Ok(())
}

/// What moves, for every GPU.
fn movement(
    raw: &RawFunction,
    reader: Reader<'_>,
    (at, moved): (At, &Moved),
    machines: &Machines,
    cluster: Option<&Cluster>,
) -> Result<Movement, InputError> {
    let name = raw.name.get_ref();
    let field = format!("function.{name}.{}", at.name());
    let values = [&raw.base_image, &raw.image, &raw.container, &raw.context, &raw.host, &raw.gpu];
    let value = match at {
        At::Start(stage) => values[stage],
        At::Load => &raw.load,
        At::Result => &raw.result,
    };
    let value = value.as_ref().expect("it moves something");
    let fault = |problem: String, help: &str| reader.fault(value, &field, problem).help(help);
    let Some(cluster) = cluster else {
        let problem = "bytes move, but there is no topology for them to move over".to_owned();
        return Err(fault(problem, "a time, or topology = \"…\" at the top of the file"));
    };
    if moved.bytes.get() == 0 {
        return Err(fault("nothing moves".into(), "an amount above zero, or no such line"));
    }
    const GPU: usize = models::function::Stage::Gpu as usize;
    let far = match (&moved.far, at) {
        (None, At::Start(GPU)) => None,
        (None, _) => {
            return Err(fault("it is not said from or to where".into(), "\"2 GiB from store\""));
        }
        (Some(_), At::Start(GPU)) => {
            return Err(fault("weights come from the pod of the GPU".into(), "gpu = \"7 GiB\""));
        }
        (Some(far), _) => Some(far),
    };
    if let Some(far) = far.filter(|far| cluster.endpoint("far", far).is_err()) {
        let known: Vec<&str> = cluster.places.keys().map(|place| &**place).collect();
        let problem = format!("`{far}` is no pod of the topology");
        return Err(reader.fault(value, &field, problem).help(suggest(far, known)));
    }
    let transfer = |(gpu, pod): (&models::function::Gpu, &String)| {
        let (from, to) = match (at, far) {
            (At::Result, Some(far)) => (gpu.name.clone(), far.clone()),
            (At::Load, Some(far)) => (far.clone(), gpu.name.clone()),
            (_, Some(far)) => (far.clone(), pod.clone()),
            (_, None) => (pod.clone(), gpu.name.clone()),
        };
        Some(Transfer::message(from, to, moved.bytes))
    };
    let transfers: Vec<Option<Transfer>> =
        machines.gpus.iter().zip(&machines.pods).map(transfer).collect();
    for transfer in transfers.iter().flatten() {
        models::route::route(cluster, transfer).map_err(|error| {
            let help = error.help.unwrap_or_else(|| "ends between which there is a way".into());
            fault(format!("{}: {}", error.field, error.problem), &help)
        })?;
    }
    Ok(Movement { name: format!("{name} {}", at.name()), transfers })
}
