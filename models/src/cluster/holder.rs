//! Pods and what they hold: their memory, their share of a GPU, and the copies between the two.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;

use super::accelerator::{Card, Cards, Held};
use super::assemble::Builder;
use super::device::{edge, plain};
use super::slot::{Slot, both_ways, load, memory};
use super::{DmaHop, KernelCopy, Lane, Pageable, PlaceKind, Word};
use crate::gpu::copy::Direction;
use crate::gpu::share::plugin::Offer;
use crate::host::staging::Staging;
use crate::input::{InputError, suggest};
use crate::profile::Profile;
use crate::topology::{Placed, PodTable};

/// Adds a pod's memory; where it holds GPUs or a share of one, gives those, and returns each GPU's
/// name and the place of the memory that is held of it.
pub(super) fn pod(
    builder: &mut Builder<'_>,
    at: &Placed<PodTable>,
    gpus: &mut Cards,
    switches: &BTreeMap<Word, Slot>,
) -> Result<Vec<(Word, NodeIndex)>, InputError> {
    let table = &at.table;
    let name = builder.claim(at, &table.name)?;
    let node = builder.machine_of(at, &table.node)?.name.clone();
    let place = builder.place(&name, PlaceKind::PodMemory, Some(&node));
    // All machines of a lab are one, whose NUMA nodes the topology does not know.
    builder.cluster.graph[place].numa = Some(table.numa).filter(|_| builder.lab.is_none());
    let mut all = Vec::new();
    if let Some(asked) = asked(at)? {
        for number in 0..asked.count {
            let (name, held) = hold(builder, at, &asked, number, gpus)?;
            copies(builder, (at, &node), place, (&gpus[&name], &held), switches)?;
            all.push((name, held.place));
        }
    }
    Ok(all)
}

/// What a pod asks for, and where its table says so.
struct Asked<'a> {
    resource: &'a str,
    /// How many: several are whole GPUs.
    count: usize,
    percentage: Option<f64>,
    /// The field, and its place in the table.
    field: &'static str,
    span: std::ops::Range<usize>,
}

/// Gives a pod one of what it asks for of the GPUs of its node.
fn hold(
    builder: &mut Builder<'_>,
    at: &Placed<PodTable>,
    asked: &Asked<'_>,
    number: usize,
    gpus: &mut Cards,
) -> Result<(Word, Held), InputError> {
    let table = &at.table;
    let pod = table.name.get_ref();
    let own = Word::from(match asked.count {
        1 => format!("{pod}/gpu"),
        _ => format!("{pod}/gpu-{number}"),
    });
    let mut refused: Option<InputError> = None;
    for name in candidates(at, number, gpus)? {
        let card = gpus.get_mut(&name).expect("a candidate is known");
        if asked.count > 1 && card.place.is_none() {
            let problem = format!("`{name}` is shared, and a pod holds one share at most");
            refused.get_or_insert(InputError::new(asked.field, problem).help("1 of it"));
            continue;
        }
        match card.hold(builder, &own, asked.resource, asked.percentage) {
            Ok(held) => return Ok((name, held)),
            Err(error) => refused = Some(refused.unwrap_or(error)),
        }
    }
    let none = || {
        let problem = format!("node `{}` has no GPU to give", table.node.get_ref());
        InputError::new(asked.field, problem).help("a [[gpu]] in that node")
    };
    let mut error = refused.unwrap_or_else(none);
    if number > 0 && table.gpus.is_none() {
        let (node, count) = (table.node.get_ref(), asked.count);
        error.problem = format!("node `{node}` has {number} of {count} to give");
    }
    let (field, span) = match (&error.field[..], &table.active_thread_percentage) {
        ("active_thread_percentage", Some(given)) => ("active_thread_percentage", given.span()),
        _ => match named(table, number) {
            Some(name) if table.gpus.is_some() => ("gpus", name.span()),
            _ => (asked.field, asked.span.clone()),
        },
    };
    Err(at.fault_at(span, field, error.problem).help(error.help.unwrap_or_default()))
}

/// The name of GPU `number` that a pod holds, where its table says which.
fn named(table: &PodTable, number: usize) -> Option<&Spanned<String>> {
    match &table.gpus {
        None => table.gpu.as_ref(),
        Some(gpus) => gpus.get_ref().get(number),
    }
}

/// The GPUs that may serve a pod: the one that it names, else all of its node.
fn candidates(at: &Placed<PodTable>, number: usize, gpus: &Cards) -> Result<Vec<Word>, InputError> {
    let node = at.table.node.get_ref();
    let Some(name) = named(&at.table, number) else {
        return Ok(gpus.of_node(node).to_vec());
    };
    let field = if at.table.gpus.is_some() { "gpus" } else { "gpu" };
    match gpus.get(name.get_ref()) {
        Some(card) if card.slot.node == **node => Ok(vec![name.get_ref().as_str().into()]),
        Some(card) => {
            let problem = format!("`{}` is in node `{}`", name.get_ref(), card.slot.node);
            Err(at.fault(name, field, problem).help(format!("a GPU of node `{node}`")))
        }
        None => {
            let known: Vec<&str> = gpus.names().collect();
            Err(at
                .fault(name, field, format!("no gpu is called `{}`", name.get_ref()))
                .help(suggest(name.get_ref(), known)))
        }
    }
}

/// What a pod asks for: by the names of GPUs, by its `limits`, or by both.
fn asked(at: &Placed<PodTable>) -> Result<Option<Asked<'_>>, InputError> {
    let table = &at.table;
    let percentage = percentage(at)?;
    let named = match (&table.gpu, &table.gpus) {
        (Some(_), Some(gpus)) => {
            let problem = "stands beside `gpu`".into();
            return Err(at.fault(gpus, "gpus", problem).help("one of the two"));
        }
        (Some(gpu), None) => Some(("gpu", gpu.span(), 1)),
        (None, Some(gpus)) if gpus.get_ref().is_empty() => {
            let problem = "is an empty list".into();
            return Err(at.fault(gpus, "gpus", problem).help("gpus = [\"gpu-0\", \"gpu-1\"]"));
        }
        (None, Some(gpus)) => Some(("gpus", gpus.span(), gpus.get_ref().len())),
        (None, None) => None,
    };
    let Some((resource, count)) = limit(at)? else {
        if let (None, Some(given)) = (&named, &table.active_thread_percentage) {
            let problem = "the pod asks for no GPU".into();
            return Err(at
                .fault(given, "active_thread_percentage", problem)
                .help("gpu = \"NAME\", or limits = { \"nvidia.com/gpu\" = 1 }"));
        }
        let of = |(field, span, count)| {
            let resource = Offer::ANY;
            Asked { resource, count, percentage, field, span }
        };
        return Ok(named.map(of));
    };
    let (asks, span) = (*count.get_ref() as usize, count.span());
    let names = named.map(|(field, _, names)| (field, names));
    if let Some((field, names)) = names.filter(|(_, names)| *names != asks) {
        let problem = format!("{asks} of `{resource}`, where `{field}` names {names}");
        return Err(at.fault(count, "limits", problem).help("the same number of both"));
    }
    Ok(Some(Asked { resource, count: asks, percentage, field: "limits", span }))
}

/// The resource of a pod's `limits`, and how many of it.
fn limit(at: &Placed<PodTable>) -> Result<Option<(&str, &Spanned<u32>)>, InputError> {
    let Some(limits) = &at.table.limits else { return Ok(None) };
    let mut all = limits.get_ref().iter();
    let (Some((resource, count)), None) = (all.next(), all.next()) else {
        let problem = format!("names {} resources", limits.get_ref().len());
        return Err(at
            .fault(limits, "limits", problem)
            .help("one resource of GPUs: { \"nvidia.com/gpu\" = 1 }"));
    };
    if *count.get_ref() == 0 {
        let problem = format!("0 of `{resource}` is not possible");
        return Err(at.fault(count, "limits", problem).help("1 or more, or no `limits`"));
    }
    Ok(Some((resource, count)))
}

fn percentage(at: &Placed<PodTable>) -> Result<Option<f64>, InputError> {
    let Some(given) = &at.table.active_thread_percentage else { return Ok(None) };
    match *given.get_ref() {
        percentage if percentage > 0.0 && percentage <= 100.0 => Ok(Some(percentage)),
        percentage => Err(at
            .fault(given, "active_thread_percentage", format!("{percentage} is not possible"))
            .help("above 0, and at most 100")),
    }
}

/// The copies between a pod's memory and its share of a GPU.
fn copies(
    builder: &mut Builder<'_>,
    (at, node): (&Placed<PodTable>, &Word),
    place: NodeIndex,
    (gpu, held): (&Card, &Held),
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    let table = &at.table;
    let [out, into] = held.engines;
    let directions = [
        (held.place, place, Direction::ToHost, "device-to-host copy", "/copy-out", out),
        (place, held.place, Direction::ToDevice, "host-to-device copy", "/copy-in", into),
    ];
    for (from, to, direction, kind, step, engine) in directions {
        let name = builder.name(&held.name, step);
        if builder.lab.is_some() {
            // A lab without the GPU has a core copy what the engine would.
            let machine = &builder.machines[node];
            let per_byte = machine.profile.seconds_per_byte("copy.per_byte")?;
            let dma = DmaHop { copied_by: Some((machine.host, per_byte)), ..plain() };
            edge(builder, from, to, name, kind, Lane::Copy, dma);
            continue;
        }
        let copies = gpu.spec.copy.engine(&gpu.slot.seated.port, direction);
        let memory = memory(builder, node, table.numa)?;
        let pageable = staging(builder, node)?.map(|(host, staging)| {
            let into_host = direction == Direction::ToHost;
            Pageable { host, staging, into_host, memory }
        });
        let call = builder.machines[node].profile.seconds("driver.call")?;
        let by_kernel = KernelCopy {
            launch: gpu.spec.launch_latency.as_seconds(),
            bytes_per_s: copies.mapped.as_bytes_per_s(),
        };
        let mut dma = DmaHop {
            setup: copies.setup.as_seconds() + call,
            gap: copies.gap.as_seconds() + call,
            call: copies.call.as_seconds() + call,
            pool: Some(engine),
            pageable,
            bounced: bounced(builder, node)?,
            by_kernel: Some(by_kernel),
            ..plain()
        };
        load(builder, &mut dma, &gpu.slot, direction.operation(), table.numa, switches)?;
        both_ways(builder, &mut dma, &gpu.slot, direction.operation(), switches)?;
        dma.read_limit = Some(dma.read_limit.map_or(copies.rate, |limit| limit.min(copies.rate)));
        edge(builder, from, to, name, kind, Lane::Copy, dma);
    }
    Ok(())
}

/// What a core does for every byte of a copy by way of a bounce buffer, where there is one.
fn bounced(builder: &Builder<'_>, node: &str) -> Result<Option<(usize, f64)>, InputError> {
    let machine = &builder.machines[node];
    let per_byte = machine.profile.optional("bounce.per_byte", Profile::seconds_per_byte)?;
    Ok(per_byte.map(|per_byte| (machine.host, per_byte)))
}

/// How a machine's driver stages pageable memory; none where its profile does not say.
pub(super) fn staging(
    builder: &Builder<'_>,
    node: &str,
) -> Result<Option<(usize, Staging)>, InputError> {
    let machine = &builder.machines[node];
    if !machine.profile.has("staging.per_byte") {
        return Ok(None);
    }
    Ok(Some((machine.host, Staging::from_profile(&machine.profile)?)))
}
