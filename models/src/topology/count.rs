//! Counted tables: `count` and the names of families, written out one table per thing.
//!
//! A table that is in something of which there are several is made once for each, and its own
//! `count` multiplies. What is made keeps the place of the table that it is made from.

use std::ops::Range;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::between::{cables, pairs};
use super::family::{Families, Family, renamed};
use super::{
    ForwarderTable, GpuTable, NicTable, NodeTable, PcieSwitchTable, Placed, PodTable, SwitchTable,
    Topology,
};
use super::{fabric, fault};
use crate::input::InputError;

/// The parts of a table that count or name what is counted.
pub(super) struct Parts<'t> {
    name: &'t mut Spanned<String>,
    count: &'t mut Option<Spanned<u32>>,
    /// The node that it is in.
    node: Option<&'t mut Spanned<String>>,
    /// The field that names what it belongs to in that node, and what that is.
    owner: Option<(&'static str, &'static str, &'t mut Spanned<String>)>,
    numas: Option<&'t mut Option<Spanned<Vec<Spanned<u32>>>>>,
    has_numa: bool,
}

/// A table that can be counted.
pub(super) trait Counted: Clone {
    /// What it makes.
    const WHAT: &'static str;

    fn parts(&mut self) -> Parts<'_>;

    /// Puts it on a NUMA node.
    fn sit(&mut self, _: &Spanned<u32>) {}
}

macro_rules! counted {
    ($($table:ident $what:literal),*) => {$(
        impl Counted for $table {
            const WHAT: &'static str = $what;

            fn parts(&mut self) -> Parts<'_> {
                let (name, count) = (&mut self.name, &mut self.count);
                Parts { name, count, node: None, owner: None, numas: None, has_numa: false }
            }
        }
    )*};
}

counted!(NodeTable "nodes", SwitchTable "switches", ForwarderTable "forwarders");

macro_rules! device {
    ($($table:ident $what:literal $($under:ident)?),*) => {$(
        impl Counted for $table {
            const WHAT: &'static str = $what;

            fn parts(&mut self) -> Parts<'_> {
                Parts {
                    name: &mut self.name,
                    count: &mut self.count,
                    node: Some(&mut self.node),
                    owner: None$(.or(
                        self.$under.as_mut().map(|under| ("under", PcieSwitchTable::WHAT, under))
                    ))?,
                    has_numa: self.numa.is_some(),
                    numas: Some(&mut self.numas),
                }
            }

            fn sit(&mut self, numa: &Spanned<u32>) {
                self.numa = Some(numa.clone());
            }
        }
    )*};
}

device!(PcieSwitchTable "PCIe switches" under, GpuTable "GPUs" under, NicTable "cards" under);

impl Counted for PodTable {
    const WHAT: &'static str = "pods";

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            name: &mut self.name,
            count: &mut self.count,
            node: Some(&mut self.node),
            owner: self.gpu.as_mut().map(|gpu| ("gpu", GpuTable::WHAT, gpu)),
            numas: Some(&mut self.numas),
            // Its NUMA node is 0 where nothing is said.
            has_numa: self.numa != 0,
        }
    }

    fn sit(&mut self, numa: &Spanned<u32>) {
        self.numa = *numa.get_ref();
    }
}

/// Writes every counted table out.
///
/// # Errors
/// A count that is zero, makes more than a million things, or does not fit what it stands beside;
/// the name of a member that there is not.
pub(super) fn expand(topology: &mut Topology) -> Result<(), InputError> {
    let mut families = Families::default();
    spread(&mut topology.nodes, &mut families)?;
    spread(&mut topology.switches, &mut families)?;
    spread(&mut topology.forwarders, &mut families)?;
    spread(&mut topology.pcie_switches, &mut families)?;
    spread(&mut topology.gpus, &mut families)?;
    spread(&mut topology.nics, &mut families)?;
    spread(&mut topology.pods, &mut families)?;
    for pod in &mut topology.pods {
        held(pod, &families)?;
    }
    cables(&mut topology.cables, &mut families)?;
    fabric::build(topology, &mut families)?;
    fault::apply(topology)?;
    pairs(&mut topology.nvlinks, &mut families)?;
    pairs(&mut topology.peers, &mut families)?;
    pairs(&mut topology.shared_memories, &mut families)?;
    for service in &mut topology.services {
        for pod in service.table.pods.get_ref() {
            families.check(service, "pods", pod)?;
        }
        let all = |family: &Family| 0..family.len();
        listed(&mut service.table.pods, PodTable::WHAT, &families, all);
    }
    topology.families = families.all;
    Ok(())
}

/// Puts names of members in the place of their family's.
fn listed(
    names: &mut Spanned<Vec<Spanned<String>>>,
    what: &str,
    families: &Families,
    members: impl Fn(&Family) -> Range<usize>,
) {
    let of = |name: Spanned<String>| match families.find(name.get_ref(), what) {
        None => vec![name],
        Some(family) => members(family).map(|at| renamed(&name, family.at(at))).collect(),
    };
    *names.get_mut() = std::mem::take(names.get_mut()).into_iter().flat_map(of).collect();
}

/// Writes out which GPUs a pod holds where it names a family: all that are in its node.
fn held(pod: &mut Placed<PodTable>, families: &Families) -> Result<(), InputError> {
    let Some(gpus) = &pod.table.gpus else { return Ok(()) };
    let mut row = 0;
    for name in gpus.get_ref() {
        families.check(pod, "gpus", name)?;
        if let Some(family) = families.find(name.get_ref(), GpuTable::WHAT) {
            let node = pod.table.node.get_ref();
            row = row_of(pod, "gpus", name, family, node, families)?.unwrap_or(0);
        }
    }
    let here = |family: &Family| row * family.width()..(row + 1) * family.width();
    let gpus = pod.table.gpus.as_mut().expect("it was looked at");
    listed(gpus, GpuTable::WHAT, families, here);
    Ok(())
}

/// Writes the tables of one kind out.
fn spread<T: Counted>(
    tables: &mut Vec<Placed<T>>,
    families: &mut Families,
) -> Result<(), InputError> {
    for at in std::mem::take(tables) {
        let Some(Spread { family, blank, copies, numas, owners }) = spread_of(&at, families)?
        else {
            tables.push(at);
            continue;
        };
        let home = family.home.as_ref().map(|home| &families.all[home]);
        for row in 0..family.over.unwrap_or(1) {
            for number in 0..family.width() {
                let mut table = blank.clone();
                let parts = table.parts();
                *parts.name = renamed(parts.name, family.member(row, number));
                if let (Some(node), Some(home)) = (parts.node, home) {
                    *node = renamed(node, home.at(row));
                }
                if let (Some((.., owner)), Some((name, only))) = (parts.owner, &owners) {
                    let owners = &families.all[name];
                    *owner = renamed(owner, owners.member(only.unwrap_or(row), number / copies));
                }
                if let Some(numas) = &numas {
                    table.sit(&numas[number]);
                }
                tables.push(Placed { table, source: Arc::clone(&at.source) });
            }
        }
        families.all.insert(family.name.clone(), family);
    }
    Ok(())
}

/// How a table is written out.
struct Spread<T> {
    family: Family,
    /// The table without what counts it.
    blank: T,
    /// How many it makes for each owner.
    copies: usize,
    /// The NUMA node of each member in a node.
    numas: Option<Vec<Spanned<u32>>>,
    /// The family that it belongs to, and the number of its node if that is always the same.
    owners: Option<(String, Option<usize>)>,
}

/// How `at` is written out; none if it stands for one thing.
fn spread_of<T: Counted>(
    at: &Placed<T>,
    families: &mut Families,
) -> Result<Option<Spread<T>>, InputError> {
    let mut blank = at.table.clone();
    let Parts { name, count, node, owner, numas, has_numa } = blank.parts();
    let (name, count) = (name.clone(), count.take());
    let numas = numas.and_then(Option::take);
    if let Some(node) = &node {
        families.check(at, "node", node)?;
    }
    let home = node.as_ref().and_then(|node| families.find(node.get_ref(), NodeTable::WHAT));
    let owners = match owner {
        None => None,
        Some((field, what, name)) => {
            families.check(at, field, name)?;
            let node = node.map(|node| node.get_ref().as_str()).unwrap_or_default();
            let owners = families.find(name.get_ref(), what);
            let row = |owners| row_of(at, field, name, owners, node, families);
            owners.map(|owners| Ok((owners, row(owners)?))).transpose()?
        }
    };
    let copies = at.copies(&count)?;
    let each = match (owners.and_then(|(owners, _)| owners.each), &count) {
        (None, None) => None,
        (each, _) => Some(each.unwrap_or(1).saturating_mul(copies)),
    };
    if let Some(numas) = &numas {
        let problem = match (has_numa, each.unwrap_or(1), numas.get_ref().len()) {
            (true, ..) => "stands beside `numa`".into(),
            (false, wanted, given) if wanted != given => {
                format!("has {given} entries where a node has {wanted} {}", T::WHAT)
            }
            _ => String::new(),
        };
        if !problem.is_empty() {
            let help = "numas = [0, 0, 1, 1]: one for each in a node, or `numa` for all";
            return Err(at.fault(numas, "numas", problem).help(help));
        }
    }
    let over = home.map(Family::len);
    let home = home.map(|home| home.name.clone());
    let owners = owners.map(|(owners, row)| (owners.name.clone(), row));
    let many = over.unwrap_or(1).saturating_mul(each.unwrap_or(1));
    match &count {
        Some(count) => families.make(many, at, "count", &count.span())?,
        None => families.make(many, at, "name", &name.span())?,
    }
    families.claim(at, &name, over.is_some() || each.is_some())?;
    if over.is_none() && each.is_none() {
        return Ok(None);
    }
    let family = Family { name: name.get_ref().clone(), what: T::WHAT, home, over, each };
    let numas = numas.map(Spanned::into_inner);
    Ok(Some(Spread { family, blank, copies, numas, owners }))
}

/// The number of the node that all owners are in, if it is not that of each member's own node.
fn row_of<T>(
    at: &Placed<T>,
    field: &str,
    name: &Spanned<String>,
    owners: &Family,
    node: &str,
    families: &Families,
) -> Result<Option<usize>, InputError> {
    let Some(home) = &owners.home else { return Ok(Some(0)) };
    if home == node {
        return Ok(None);
    }
    families.all[home].position(node).map(Some).ok_or_else(|| {
        let problem = format!("there is no `{}` in `{node}`", name.get_ref());
        at.fault(name, field, problem).help(format!("{}, in `{home}`", owners.described()))
    })
}
