//! Pods and what they hold: their memory, their share of a GPU, and the copies between the two.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::accelerator::{Card, Cards, Held};
use super::assemble::Builder;
use super::device::{edge, plain};
use super::slot::{Slot, load, memory};
use super::{DmaHop, Lane, Pageable, PlaceKind, Word};
use crate::gpu::copy::Direction;
use crate::gpu::share::plugin::Offer;
use crate::host::staging::Staging;
use crate::input::{InputError, suggest};
use crate::topology::{Placed, PodTable};

/// Adds a pod's memory; where it holds a GPU or a share of one, gives that, and returns the GPU's
/// name and the place of the share's memory.
pub(super) fn pod(
    builder: &mut Builder<'_>,
    at: &Placed<PodTable>,
    gpus: &mut Cards,
    switches: &BTreeMap<Word, Slot>,
) -> Result<Option<(Word, NodeIndex)>, InputError> {
    let table = &at.table;
    let name = builder.claim(at, &table.name)?;
    let node = builder.machine_of(at, &table.node)?.name.clone();
    let place = builder.place(&name, PlaceKind::PodMemory, Some(&node));
    // All machines of a lab are one, whose NUMA nodes the topology does not know.
    builder.cluster.graph[place].numa = Some(table.numa).filter(|_| builder.lab.is_none());
    let Some((name, held)) = hold(builder, at, gpus)? else { return Ok(None) };
    copies(builder, (at, &node), place, (&gpus[&name], &held), switches)?;
    Ok(Some((name, held.place)))
}

/// What a pod asks for, and where its table says so.
struct Asked<'a> {
    resource: &'a str,
    /// The field, and its place in the table.
    field: &'static str,
    span: std::ops::Range<usize>,
}

/// Gives a pod what it asks for of the GPUs of its node.
fn hold(
    builder: &mut Builder<'_>,
    at: &Placed<PodTable>,
    gpus: &mut Cards,
) -> Result<Option<(Word, Held)>, InputError> {
    let table = &at.table;
    let percentage = percentage(at)?;
    let asked = match (asked(at)?, &table.gpu) {
        (Some(asked), _) => asked,
        (None, Some(gpu)) => Asked { resource: Offer::ANY, field: "gpu", span: gpu.span() },
        (None, None) => match &table.active_thread_percentage {
            None => return Ok(None),
            Some(given) => {
                let problem = "the pod asks for no GPU".into();
                return Err(at
                    .fault(given, "active_thread_percentage", problem)
                    .help("gpu = \"NAME\", or limits = { \"nvidia.com/gpu\" = 1 }"));
            }
        },
    };
    let candidates = candidates(at, gpus)?;
    let mut refused: Option<InputError> = None;
    for name in candidates {
        let card = gpus.get_mut(&name).expect("a candidate is known");
        match card.hold(builder, table.name.get_ref(), asked.resource, percentage) {
            Ok(held) => return Ok(Some((name, held))),
            Err(error) => refused = Some(refused.unwrap_or(error)),
        }
    }
    let none = || {
        let problem = format!("node `{}` has no GPU to give", table.node.get_ref());
        InputError::new(asked.field, problem).help("a [[gpu]] in that node")
    };
    let error = refused.unwrap_or_else(none);
    let (field, span) = match (&error.field[..], &table.active_thread_percentage) {
        ("active_thread_percentage", Some(given)) => ("active_thread_percentage", given.span()),
        _ => (asked.field, asked.span),
    };
    Err(at.fault_at(span, field, error.problem).help(error.help.unwrap_or_default()))
}

/// The GPUs that may serve a pod: the one that it names, else all of its node.
fn candidates(at: &Placed<PodTable>, gpus: &Cards) -> Result<Vec<Word>, InputError> {
    let node = at.table.node.get_ref();
    let Some(name) = &at.table.gpu else {
        return Ok(gpus.of_node(node).to_vec());
    };
    match gpus.get(name.get_ref()) {
        Some(card) if card.slot.node == **node => Ok(vec![name.get_ref().as_str().into()]),
        Some(card) => {
            let problem = format!("`{}` is in node `{}`", name.get_ref(), card.slot.node);
            Err(at.fault(name, "gpu", problem).help(format!("a GPU of node `{node}`")))
        }
        None => {
            let known: Vec<&str> = gpus.names().collect();
            Err(at
                .fault(name, "gpu", format!("no gpu is called `{}`", name.get_ref()))
                .help(suggest(name.get_ref(), known)))
        }
    }
}

/// The resource of a pod's `limits`.
fn asked(at: &Placed<PodTable>) -> Result<Option<Asked<'_>>, InputError> {
    let Some(limits) = &at.table.limits else { return Ok(None) };
    let mut all = limits.get_ref().iter();
    let (Some((resource, count)), None) = (all.next(), all.next()) else {
        let problem = format!("names {} resources", limits.get_ref().len());
        return Err(at
            .fault(limits, "limits", problem)
            .help("one resource of GPUs: { \"nvidia.com/gpu\" = 1 }"));
    };
    if *count.get_ref() != 1 {
        let problem = format!("{} of `{resource}` is not possible", count.get_ref());
        return Err(at
            .fault(count, "limits", problem)
            .help("1: a pod here holds one GPU, or one share of one"));
    }
    Ok(Some(Asked { resource, field: "limits", span: count.span() }))
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
            edge(builder, from, to, name, kind, Lane::Host, dma);
            continue;
        }
        let copies = gpu.spec.copy.engine(&gpu.slot.seated.port, direction);
        let memory = memory(builder, node, table.numa)?;
        let pageable = staging(builder, node)?.map(|(host, staging)| {
            let into_host = direction == Direction::ToHost;
            Pageable { host, staging, into_host, memory }
        });
        let mut dma = DmaHop {
            setup: copies.setup.as_seconds(),
            call: copies.call.as_seconds(),
            pool: Some(engine),
            pageable,
            ..plain()
        };
        load(builder, &mut dma, &gpu.slot, direction.operation(), table.numa, switches)?;
        dma.read_limit = Some(dma.read_limit.map_or(copies.rate, |limit| limit.min(copies.rate)));
        edge(builder, from, to, name, kind, Lane::Host, dma);
    }
    Ok(())
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
