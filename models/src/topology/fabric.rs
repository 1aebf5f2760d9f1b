//! Fabrics by name and size: a `[[fabric]]` is written out as switches and cables.
//!
//! ```text
//!  single-switch   one switch for all cards
//!  leaf-spine      each leaf to every spine
//!  rail-optimised  the same; card `j` of every node is at a leaf of rail `j`
//!  fat-tree        k-ary, of two or three levels (M. Al-Fares, A. Loukissas, A. Vahdat, *A
//!                  scalable, commodity data center network architecture*, SIGCOMM 2008)
//!  dragonfly+      groups of leaves and spines, joined spine to spine (A. Shpiner and others,
//!                  *Dragonfly+: low cost topology for scaling datacenters*, HiPINEB 2017)
//! ```
//!
//! Switches are called after the fabric: `clos-leaf-3`, `clos-spine-0`.

mod dragonfly;
mod fat_tree;
mod leaf_spine;

use std::ops::Range;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::family::{Families, Family, MEMBERS_MAX, renamed};
use super::{CableTable, FabricTable, NicTable, Placed, Queues, SwitchTable, Topology};
use crate::input::{InputError, suggest};
use crate::quantity::parse_rate;

use super::count::Counted;

/// What is wrong with a field of a fabric.
struct Flaw {
    field: &'static str,
    problem: String,
    help: String,
}

impl Flaw {
    fn new(field: &'static str, problem: impl Into<String>, help: impl Into<String>) -> Flaw {
        Flaw { field, problem: problem.into(), help: help.into() }
    }
}

/// An end of a cable of a fabric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// A card, by its number.
    Card(usize),
    /// A switch, by its number.
    Switch(usize),
}

/// Switches and cables of a fabric.
#[derive(Debug, Default)]
struct Made {
    /// What switches are called behind the fabric's name.
    switches: Vec<String>,
    /// Cables, each by its two ends.
    cables: Vec<[End; 2]>,
}

impl Made {
    /// Adds `many` switches of a tier, and says which they are.
    fn tier(&mut self, tier: &str, many: usize) -> Range<usize> {
        let first = self.switches.len();
        self.switches.extend((0..many).map(|number| format!("{tier}-{number}")));
        first..self.switches.len()
    }

    fn cable(&mut self, a: End, b: End) {
        self.cables.push([a, b]);
    }

    /// Leads cables from a leaf to each spine, `uplinks` side by side.
    fn up(&mut self, leaf: usize, spines: Range<usize>, uplinks: usize) {
        for spine in spines {
            for _ in 0..uplinks {
                self.cable(End::Switch(leaf), End::Switch(spine));
            }
        }
    }
}

/// The numbers of a fabric.
struct Size<'a> {
    table: &'a FabricTable,
    /// How many cards it joins.
    cards: usize,
    /// Cards of a node, where all have as many.
    rails: Option<usize>,
    /// The rate of a card's cable over that of a cable between switches.
    ratio: f64,
}

impl Size<'_> {
    /// A number that the kind cannot do without.
    fn needed(&self, field: &'static str, of: &Option<Spanned<u32>>) -> Result<usize, Flaw> {
        match of {
            None => Err(Flaw::new(field, "is missing", format!("{field} = 16"))),
            Some(number) => counted(field, *number.get_ref()),
        }
    }

    /// A number, or 1.
    fn or_one(&self, field: &'static str, of: &Option<Spanned<u32>>) -> Result<usize, Flaw> {
        of.as_ref().map_or(Ok(1), |number| counted(field, *number.get_ref()))
    }
}

/// No fabric has more of anything that is counted for one of its parts.
const COUNT_MAX: u32 = 65_536;

fn counted(field: &'static str, number: u32) -> Result<usize, Flaw> {
    match number {
        1..=COUNT_MAX => Ok(number as usize),
        _ => {
            let help = format!("1 to {COUNT_MAX}");
            Err(Flaw::new(field, format!("{number} is not possible"), help))
        }
    }
}

/// Refuses more things than a topology may have, before they are made.
fn fits(field: &'static str, parts: &[usize]) -> Result<(), Flaw> {
    match parts.iter().fold(1, |all: usize, part| all.saturating_mul(*part)) {
        many if many <= MEMBERS_MAX => Ok(()),
        many => {
            let problem = format!("makes {many} things");
            Err(Flaw::new(field, problem, "at most a million in a topology"))
        }
    }
}

/// Lays out a fabric.
type Layout = fn(&Size<'_>) -> Result<Made, Flaw>;

/// Every kind: its name, the numbers that it reads, and how it is laid out.
const KINDS: [(&str, &[&str], Layout); 5] = [
    ("single-switch", &[], single),
    (
        "leaf-spine",
        &["cards_per_leaf", "spines", "oversubscription", "uplinks", "uplink_rate"],
        leaf_spine::layout,
    ),
    (
        "rail-optimised",
        &["cards_per_leaf", "spines", "oversubscription", "uplinks", "uplink_rate"],
        leaf_spine::rails,
    ),
    ("fat-tree", &["ports", "levels", "uplink_rate"], fat_tree::layout),
    (
        "dragonfly+",
        &["cards_per_leaf", "leaves_per_group", "spines", "uplinks", "global_links", "uplink_rate"],
        dragonfly::layout,
    ),
];

/// Cables between switches may be faster than this times those of cards, or slower; beyond it, a
/// unit is wrong.
const RATIO_MAX: f64 = 1e6;

fn single(size: &Size<'_>) -> Result<Made, Flaw> {
    let mut made = Made { switches: vec!["switch".into()], ..Made::default() };
    (0..size.cards).for_each(|card| made.cable(End::Card(card), End::Switch(0)));
    Ok(made)
}

/// Writes fabrics out.
///
/// # Errors
/// If a number is missing, impossible for the kind, or not read by it; if there are no such cards.
pub(super) fn build(topology: &mut Topology, families: &mut Families) -> Result<(), InputError> {
    for at in std::mem::take(&mut topology.fabrics) {
        let (cards, rails) = cards(&at, topology, families)?;
        let made = laid_out(&at, &cards, rails)?;
        let FabricTable { name, rate, uplink_rate, latency, switch_latency, spread, .. } =
            &at.table;
        let things = made.switches.len() + made.cables.len();
        families.make(things, &at, "name", &name.span())?;
        let named = |switch: &str| renamed(name, format!("{}-{switch}", name.get_ref()));
        let queues = Queues::of(&at)?;
        for switch in &made.switches {
            let name = named(switch);
            families.claim(&at, &name, false)?;
            let (latency, spread) = (switch_latency.clone(), spread.clone());
            let table = SwitchTable { name, count: None, latency, spread };
            topology.queues.insert(topology.switches.len(), queues);
            topology.switches.push(Placed { table, source: Arc::clone(&at.source) });
        }
        let end = |end: End| match end {
            End::Card(card) => cards[card].clone(),
            End::Switch(switch) => named(&made.switches[switch]),
        };
        for ends in made.cables {
            let trunk = ends.iter().all(|end| matches!(end, End::Switch(_)));
            let rate = uplink_rate.as_ref().filter(|_| trunk).unwrap_or(rate).clone();
            let table = CableTable {
                between: Spanned::new(at.table.cards.span(), ends.map(end)),
                count: None,
                per: None,
                pattern: None,
                rate,
                rate_back: None,
                loss: None,
                latency: latency.clone(),
            };
            topology.cables.push(Placed { table, source: Arc::clone(&at.source) });
        }
    }
    Ok(())
}

/// The switches and cables of a fabric.
fn laid_out(
    at: &Placed<FabricTable>,
    cards: &[Spanned<String>],
    rails: Option<usize>,
) -> Result<Made, InputError> {
    let table = &at.table;
    let kind = table.kind.get_ref().as_str();
    let Some((_, reads, layout)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
        let problem = format!("no fabric is called `{kind}`");
        let help = suggest(kind, KINDS.iter().map(|(known, ..)| *known));
        return Err(at.fault(&table.kind, "kind", problem).help(help));
    };
    if let Some((field, span)) = table.given().find(|(field, _)| !reads.contains(field)) {
        let problem = format!("has no effect in a fabric of kind `{kind}`");
        let help = match reads {
            [] => "leave it out".into(),
            reads => format!("it reads {}", reads.join(", ")),
        };
        return Err(at.fault_at(span, field, problem).help(help));
    }
    let rate = |field: &'static str, text: &Spanned<String>| {
        let read = parse_rate(text.get_ref());
        read.map_err(|error| at.fault(text, field, error.problem).help(error.help))
    };
    let own = rate("rate", &table.rate)?.as_bytes_per_s();
    let trunk = match &table.uplink_rate {
        None => own,
        Some(text) => rate("uplink_rate", text)?.as_bytes_per_s(),
    };
    let ratio = own / trunk;
    if !(1.0 / RATIO_MAX..=RATIO_MAX).contains(&ratio) {
        let at_rate = table.uplink_rate.as_ref().unwrap_or(&table.rate);
        let problem = "is more than a million times another rate than that of a card".into();
        return Err(at.fault(at_rate, "uplink_rate", problem).help("rates of one fabric"));
    }
    let size = Size { table, cards: cards.len(), rails, ratio };
    layout(&size).map_err(|Flaw { field, problem, help }| {
        let given = table.given().find(|(known, _)| *known == field);
        let span = given.map_or_else(|| table.kind.span(), |(_, span)| span);
        at.fault_at(span, field, problem).help(help)
    })
}

impl FabricTable {
    /// The numbers of its size that are given.
    fn given(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        let counts = [
            ("cards_per_leaf", &self.cards_per_leaf),
            ("spines", &self.spines),
            ("uplinks", &self.uplinks),
            ("ports", &self.ports),
            ("levels", &self.levels),
            ("leaves_per_group", &self.leaves_per_group),
            ("global_links", &self.global_links),
        ];
        let counts = counts.map(|(field, of)| (field, of.as_ref().map(Spanned::span)));
        let others = [
            ("oversubscription", self.oversubscription.as_ref().map(Spanned::span)),
            ("uplink_rate", self.uplink_rate.as_ref().map(Spanned::span)),
        ];
        let all = counts.into_iter().chain(others);
        all.filter_map(|(field, span)| Some((field, span?)))
    }
}

/// The names of the cards of a fabric, and how many each node has, where all have as many.
fn cards(
    at: &Placed<FabricTable>,
    topology: &Topology,
    families: &Families,
) -> Result<(Vec<Spanned<String>>, Option<usize>), InputError> {
    let list = &at.table.cards;
    let (mut cards, mut rails): (Vec<Spanned<String>>, Vec<Option<usize>>) = Default::default();
    for name in list.get_ref() {
        families.check(at, "cards", name)?;
        match families.find(name.get_ref(), NicTable::WHAT) {
            Some(family) => {
                cards.extend((0..family.len()).map(|number| renamed(name, family.at(number))));
                rails.push(family.over.map(|_| Family::width(family)));
            }
            None => {
                let is_card = |nic: &Placed<NicTable>| nic.table.name.get_ref() == name.get_ref();
                if !topology.nics.iter().any(is_card) {
                    let known = topology.nics.iter().map(|nic| nic.table.name.get_ref().as_str());
                    let known = known.chain(families.all.keys().map(String::as_str));
                    let problem = format!("no card is called `{}`", name.get_ref());
                    let help = suggest(name.get_ref(), known);
                    return Err(at.fault(name, "cards", problem).help(help));
                }
                cards.push(name.clone());
                rails.push(None);
            }
        }
    }
    let mut names: Vec<&str> = cards.iter().map(|card| card.get_ref().as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
        let problem = format!("`{}` is given twice", twice[0]);
        return Err(at.fault(list, "cards", problem).help("each card once"));
    }
    if cards.len() < 2 {
        let problem = format!("{} is nothing to join", cards.len());
        return Err(at.fault(list, "cards", problem).help("two cards or more"));
    }
    let alike = rails.windows(2).all(|two| two[0] == two[1]);
    Ok((cards, rails[0].filter(|_| alike)))
}
