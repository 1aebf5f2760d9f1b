//! Counted cables, and pairs of what is in one node.

use std::ops::Range;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::family::{Families, Family, renamed};
use super::{CableTable, NvlinkTable, PairTable, Placed, SharedMemoryTable};
use crate::input::{InputError, suggest};

/// The names at the ends of a table.
type Ends = Spanned<[Spanned<String>; 2]>;

/// How cables lead between two ends.
#[derive(Clone, Copy)]
enum Way {
    /// From each to each.
    Mesh,
    /// From so many of the end that has more, in turn, to each of the other.
    Turn(usize),
    /// From so many nodes in turn, each node's member `j` to number `j` of the next so many.
    Rails { nodes: usize, rails: usize },
}

impl Way {
    /// The members of both ends that cable `number` connects, where they have so many.
    fn ends(self, number: usize, [a, b]: [usize; 2]) -> [usize; 2] {
        let other = match self {
            Way::Mesh => return [number / b, number % b],
            Way::Turn(per) => number / per,
            Way::Rails { nodes, rails } => number / rails / nodes * rails + number % rails,
        };
        if a >= b { [number, other] } else { [other, number] }
    }
}

/// Writes cables out.
///
/// # Errors
/// If the numbers of members do not fit.
pub(super) fn cables(
    tables: &mut Vec<Placed<CableTable>>,
    families: &mut Families,
) -> Result<(), InputError> {
    for at in std::mem::take(tables) {
        let between = &at.table.between;
        let ends = ends(&at, between, families)?;
        let sizes = ends.each_ref().map(|end| end.as_ref().map_or(1, Family::len));
        let way = way(&at, ends.each_ref().map(Option::as_ref))?;
        let copies = at.copies(&at.table.count)?;
        let many = match way {
            Way::Mesh => sizes[0].saturating_mul(sizes[1]),
            Way::Turn(_) | Way::Rails { .. } => sizes[0].max(sizes[1]),
        };
        families.make(many.saturating_mul(copies), &at, "between", &between.span())?;
        for number in 0..many {
            let [n, m] = way.ends(number, sizes);
            let mut table = at.table.clone();
            (table.count, table.per, table.pattern) = (None, None, None);
            name_ends(&mut table.between, &ends, [n, m]);
            for _ in 0..copies {
                tables.push(Placed { table: table.clone(), source: Arc::clone(&at.source) });
            }
        }
    }
    Ok(())
}

/// The families that stand at both ends.
fn ends<T>(
    at: &Placed<T>,
    between: &Ends,
    families: &Families,
) -> Result<[Option<Family>; 2], InputError> {
    for name in between.get_ref() {
        families.check(at, "between", name)?;
    }
    Ok(between.get_ref().each_ref().map(|name| families.all.get(name.get_ref()).cloned()))
}

/// Puts the names of members in the place of those of their families.
fn name_ends(between: &mut Ends, ends: &[Option<Family>; 2], numbers: [usize; 2]) {
    for ((name, family), number) in between.get_mut().iter_mut().zip(ends).zip(numbers) {
        if let Some(family) = family {
            *name = renamed(name, family.at(number));
        }
    }
}

/// How a table's cables lead between two ends.
fn way(at: &Placed<CableTable>, ends: [Option<&Family>; 2]) -> Result<Way, InputError> {
    const PATTERNS: [&str; 2] = ["mesh", "rails"];
    let CableTable { per, pattern, between, .. } = &at.table;
    if let Some(word) = pattern.as_ref().filter(|word| !PATTERNS.contains(&word.get_ref().as_str()))
    {
        let problem = format!("no pattern is called `{}`", word.get_ref());
        return Err(at.fault(word, "pattern", problem).help(suggest(word.get_ref(), PATTERNS)));
    }
    let is = |wanted| pattern.as_ref().is_some_and(|word| word.get_ref() == wanted);
    let [Some(a), Some(b)] = ends else {
        let said = [
            ("per", per.as_ref().map(Spanned::span)),
            ("pattern", pattern.as_ref().map(Spanned::span)),
        ];
        let said = said.into_iter().find_map(|(field, span)| Some((field, span?)));
        return match said {
            None => Ok(Way::Turn(usize::MAX)),
            Some((field, span)) => Err(at
                .fault_at(span, field, "has no effect where an end is a single thing".into())
                .help("leave it out: all members of the other end lead there")),
        };
    };
    // Where there are as many of both, rails are those of the end that is in nodes.
    let rank = |end: &Family| (end.len(), end.over.is_some() && end.each.is_some());
    let (big, small) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
    let told = |span: Range<usize>, field: &str, help: String| {
        let problem = format!("{}, and {}", a.described(), b.described());
        Err(at.fault_at(span, field, problem).help(help))
    };
    let (way, groups, span) = match (per, big.over.zip(big.each)) {
        (Some(per), _) if *per.get_ref() == 0 => {
            return Err(at.fault(per, "per", "0 is not possible".into()).help("1 or more"));
        }
        (per, _) if is("mesh") => {
            return match per {
                None => Ok(Way::Mesh),
                Some(per) => Err(at
                    .fault(per, "per", "has no effect in a mesh".into())
                    .help("leave it out: a mesh leads from each to each")),
            };
        }
        (per, Some((over, rails))) if is("rails") => {
            let nodes = per.as_ref().map_or(over, |per| *per.get_ref() as usize);
            (Way::Rails { nodes, rails }, over.div_ceil(nodes) * rails, per)
        }
        (_, None) if is("rails") => {
            let span = pattern.as_ref().map_or(between.span(), Spanned::span);
            return told(span, "pattern", "rails need several of the one in each node".into());
        }
        (Some(per), _) => {
            let each = *per.get_ref() as usize;
            (Way::Turn(each), big.len().div_ceil(each), &at.table.per)
        }
        (None, _) if big.len() == small.len() => return Ok(Way::Turn(1)),
        (None, _) => {
            let help = "as many of both, a single thing at one end, `per = 32` (so many of the \
                        one in turn to each of the other), or `pattern = \"mesh\"` (each to each)";
            return told(between.span(), "between", help.into());
        }
    };
    if groups == small.len() {
        return Ok(way);
    }
    let field = if span.is_some() { "per" } else { "pattern" };
    let span = span.as_ref().map(Spanned::span);
    let span = span.or(pattern.as_ref().map(Spanned::span)).unwrap_or(between.span());
    told(span, field, format!("{} {} would fit", groups, small.what))
}

/// A table between two things of one node.
pub(super) trait Paired: Clone {
    fn between(&mut self) -> &mut Ends;
}

macro_rules! paired {
    ($($table:ident),*) => {$(
        impl Paired for $table {
            fn between(&mut self) -> &mut Ends {
                &mut self.between
            }
        }
    )*};
}

paired!(NvlinkTable, PairTable, SharedMemoryTable);

/// Writes pairs out: every two members of a family that are in one node, or where the ends are two
/// families, those of one number.
///
/// # Errors
/// If there are no such two.
pub(super) fn pairs<T: Paired>(
    tables: &mut Vec<Placed<T>>,
    families: &mut Families,
) -> Result<(), InputError> {
    for mut at in std::mem::take(tables) {
        let between = at.table.between().clone();
        let ends = ends(&at, &between, families)?;
        let (a, b) = match &ends {
            [None, None] => {
                tables.push(at);
                continue;
            }
            [Some(a), Some(b)] => (a, b),
            [Some(family), None] | [None, Some(family)] => {
                let help = "a family at both ends, or one of its members";
                return Err(at.fault(&between, "between", family.described()).help(help));
            }
        };
        let alike = (&a.home, a.over, a.each) == (&b.home, b.over, b.each);
        let width = a.width();
        let numbers: Vec<[usize; 2]> = match a.name == b.name {
            true => (0..width).flat_map(|n| (n + 1..width).map(move |m| [n, m])).collect(),
            false if alike => (0..width).map(|n| [n, n]).collect(),
            false => Vec::new(),
        };
        if numbers.is_empty() {
            let problem = format!("{}, and {}", a.described(), b.described());
            let help = "a family with several in each node, or two that are alike";
            return Err(at.fault(&between, "between", problem).help(help));
        }
        let rows = a.len() / width;
        families.make(rows * numbers.len(), &at, "between", &between.span())?;
        for row in 0..rows {
            for pair in &numbers {
                let mut table = at.table.clone();
                name_ends(table.between(), &ends, pair.map(|number| row * width + number));
                tables.push(Placed { table, source: Arc::clone(&at.source) });
            }
        }
    }
    Ok(())
}
