//! Faults: cables and switches that are down or slow, put into the cables that there are.

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::unionfind::UnionFind;

use super::{CableTable, FaultTable, Placed, Topology};
use crate::input::{InputError, suggest};

/// Takes away what is down, and slows what is slow.
///
/// # Errors
/// If there is no such cable, or what is down cuts cards off from each other.
pub(super) fn apply(topology: &mut Topology) -> Result<(), InputError> {
    let faults = std::mem::take(&mut topology.faults);
    let (slow, down): (Vec<_>, Vec<_>) = faults.into_iter().partition(|at| at.table.rate.is_some());
    for at in down {
        let meant = meant(&at, &topology.cables)?;
        let mut down = meant.iter().copied().peekable();
        let all = std::mem::take(&mut topology.cables);
        let before = Joined::by(&all);
        let left = all.iter().enumerate();
        let left = left.filter(|(number, _)| down.next_if_eq(number).is_none());
        topology.cables = left.map(|(_, cable)| cable.clone()).collect();
        check_whole(&at, topology, &before)?;
    }
    for at in slow {
        let rate = at.table.rate.clone().expect("it is slow by it");
        let rate = Placed { table: rate, source: Arc::clone(&at.source) };
        let meant = meant(&at, &topology.cables)?;
        topology.slowed.extend(meant.into_iter().map(|number| (number, rate.clone())));
    }
    Ok(())
}

/// The cables that a fault is about, in order.
fn meant(at: &Placed<FaultTable>, cables: &[Placed<CableTable>]) -> Result<Vec<usize>, InputError> {
    let FaultTable { at: place, between, count, .. } = &at.table;
    let names = match (place, between) {
        (Some(place), None) => vec![place],
        (None, Some(between)) => between.get_ref().iter().collect(),
        (Some(place), Some(_)) => {
            let help = "a switch or card by `at`, or a cable by its two ends";
            return Err(at.fault(place, "at", "stands beside `between`".into()).help(help));
        }
        (None, None) => {
            let help = "at = \"clos-spine-0\", or between = [\"clos-leaf-0\", \"clos-spine-0\"]";
            return Err(at.fault_at(0..0, "fault", "names nothing".into()).help(help));
        }
    };
    let ends = |cable: &Placed<CableTable>| {
        cable.table.between.get_ref().each_ref().map(|end| end.get_ref().clone())
    };
    let is_meant = |cable: &&Placed<CableTable>| {
        let ends = ends(cable);
        names.iter().all(|name| ends.contains(name.get_ref()))
    };
    let all = cables.iter().enumerate().filter(|(_, cable)| is_meant(cable));
    let mut all: Vec<usize> = all.map(|(number, _)| number).collect();
    let field = if place.is_some() { "at" } else { "between" };
    if all.is_empty() {
        let first = names[0].get_ref();
        let known: Vec<String> = cables.iter().flat_map(ends).collect();
        let help = match known.contains(first) {
            true => {
                let other = cables.iter().map(ends).find(|ends| ends.contains(first));
                let [a, b] = other.expect("it is an end of one");
                format!("one that there is: between `{a}` and `{b}`")
            }
            false => suggest(first, known.iter().map(String::as_str)),
        };
        let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.get_ref())).collect();
        let problem = format!(
            "no cable leads {}",
            match &names[..] {
                [one] => format!("to {one}"),
                names => format!("between {}", names.join(" and ")),
            }
        );
        return Err(at.fault(names_at(at), field, problem).help(help));
    }
    if let Some(count) = count {
        let wanted = *count.get_ref() as usize;
        if !(1..=all.len()).contains(&wanted) {
            let problem = format!("{wanted} of {} cables is not possible", all.len());
            return Err(at.fault(count, "count", problem).help(format!("1 to {}", all.len())));
        }
        all.truncate(wanted);
    }
    Ok(all)
}

/// What a fault names, to point at.
fn names_at(at: &Placed<FaultTable>) -> &serde_spanned::Spanned<String> {
    match (&at.table.at, &at.table.between) {
        (Some(place), _) => place,
        (None, Some(between)) => &between.get_ref()[0],
        (None, None) => unreachable!("it names something"),
    }
}

/// Refuses a fault that cuts cards off from others that they reached before.
fn check_whole(
    at: &Placed<FaultTable>,
    topology: &Topology,
    before: &Joined<'_>,
) -> Result<(), InputError> {
    let after = Joined::by(&topology.cables);
    // Of each part that there was, the first card and where it is now.
    let mut first: HashMap<usize, (&str, Option<usize>)> = HashMap::new();
    for nic in &topology.nics {
        let name = nic.table.name.get_ref().as_str();
        let Some(old) = before.root(name) else { continue };
        let new = after.root(name);
        let (other, there) = *first.entry(old).or_insert((name, new));
        if new.is_none() && other == name || new == there && new.is_some() {
            continue;
        }
        let (cut, whole) = if there.is_none() { (other, name) } else { (name, other) };
        let field = if at.table.at.is_some() { "at" } else { "between" };
        let problem = format!("cuts `{cut}` off from `{whole}`");
        let help = "a fault that leaves another way, `rate` for a slow one, or cards without it";
        return Err(at.fault(names_at(at), field, problem).help(help));
    }
    Ok(())
}

/// Which things cables join.
struct Joined<'c> {
    numbers: HashMap<&'c str, usize>,
    parts: UnionFind<usize>,
}

impl<'c> Joined<'c> {
    fn by(cables: &'c [Placed<CableTable>]) -> Joined<'c> {
        let mut numbers = HashMap::new();
        let mut number = |name: &'c str| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        };
        let ends = cables.iter().map(|cable| cable.table.between.get_ref().each_ref());
        let pairs: Vec<[usize; 2]> =
            ends.map(|ends| ends.map(|end| number(end.get_ref().as_str()))).collect();
        let mut parts = UnionFind::new(numbers.len());
        for [a, b] in pairs {
            parts.union(a, b);
        }
        Joined { numbers, parts }
    }

    /// What stands for the part that a thing is in, if a cable leads there.
    fn root(&self, name: &str) -> Option<usize> {
        Some(self.parts.find(*self.numbers.get(name)?))
    }
}
