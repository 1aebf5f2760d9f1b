//! How the flows that a link holds back spread over other links.
//!
//! When a link's level changes, each of its flows takes another amount of each other link that it
//! crosses: of one link, all those that cross it together, as many times the amount of one. So
//! each link that holds many flows back keeps a list of the others and of how many of its flows
//! cross each. A change of level reads that list from end to end instead of the paths of all flows,
//! which are far away in memory; flows with the same path cost no more than one. A list is made
//! when it is first needed, and flows that come and go are counted in it from then on.

use super::paths::{Class, Path, Paths};

/// Another link, and how many of the flows that a link holds back cross it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other {
    pub(super) link: u32,
    pub(super) count: u32,
}

/// A list of other links, in half a cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(32))]
pub(super) struct List {
    /// The share of all flows; not a number if they differ or their weights are not one, and then
    /// nothing is listed.
    pub(super) share: f64,
    pub(super) others: Vec<Other>,
}

/// The lists of all links. Which are right, a mark of each link tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    lists: Vec<List>,
    /// Where each link stands in the list that is made; [`NOWHERE`] in between.
    places: Vec<u32>,
}

/// A link is not in the list.
const NOWHERE: u32 = u32::MAX;

impl Spread {
    /// Adds a link.
    pub(super) fn link(&mut self) {
        self.lists.push(List::default());
        self.places.push(NOWHERE);
    }

    /// A flow with this path is held back from now on at `id`, whose list is right.
    pub(super) fn add(&mut self, id: u32, links: &[u32], class: &Class) {
        let list = &mut self.lists[id as usize];
        if !list.is_of(class) {
            list.share = f64::NAN;
            return;
        }
        for &link in links.iter().filter(|&&link| link != id) {
            match list.others.iter_mut().find(|other| other.link == link) {
                Some(other) => other.count += 1,
                None => list.others.push(Other { link, count: 1 }),
            }
        }
    }

    /// A flow with this path is held back no more at `id`, whose list is right; tells if it still
    /// is: those that are left may be alike.
    pub(super) fn remove(&mut self, id: u32, links: &[u32]) -> bool {
        let list = &mut self.lists[id as usize];
        if list.share.is_nan() {
            return false;
        }
        for &link in links.iter().filter(|&&link| link != id) {
            let place = list.others.iter().position(|other| other.link == link);
            let place = place.expect("a link that a flow crosses is listed");
            list.others[place].count -= 1;
            if list.others[place].count == 0 {
                list.others.swap_remove(place);
            }
        }
        true
    }

    /// The list of a link, which is right, if the flows that the link holds back are alike.
    #[inline]
    pub(super) fn of(&self, id: u32) -> Option<&List> {
        let list = &self.lists[id as usize];
        (!list.share.is_nan()).then_some(list)
    }

    /// Makes the list of a link that holds back flows with these paths.
    pub(super) fn make(&mut self, id: u32, paths: &Paths, rows: &[Path]) {
        let List { share, others } = &mut self.lists[id as usize];
        others.clear();
        *share = rows.first().map_or(f64::NAN, |row| paths.share(row));
        for row in rows {
            let (links, class) = paths.of(row);
            if !class.is_plain() || class.share.to_bits() != share.to_bits() {
                *share = f64::NAN;
                break;
            }
            for &link in links.iter().filter(|&&link| link != id) {
                let place = &mut self.places[link as usize];
                if *place == NOWHERE {
                    *place = others.len() as u32;
                    others.push(Other { link, count: 0 });
                }
                others[*place as usize].count += 1;
            }
        }
        others.iter().for_each(|other| self.places[other.link as usize] = NOWHERE);
    }
}

impl List {
    /// Whether flows of this class are like those that are listed.
    fn is_of(&self, class: &Class) -> bool {
        class.is_plain() && self.share.to_bits() == class.share.to_bits()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::{Hop, LinkId};
    use super::*;

    const LINKS: u32 = 9;

    fn path(paths: &mut Paths, links: &[u32], share: f64) -> Path {
        let hop = |&link: &u32| Hop { link: LinkId::new(link), weight: 1.0 };
        let hops: Vec<Hop> = links.iter().map(hop).collect();
        paths.add(&hops, share)
    }

    /// How many of these flows cross each other link.
    fn counted(paths: &Paths, held: &[Path]) -> BTreeMap<u32, u32> {
        let mut counts = BTreeMap::new();
        for row in held {
            for &link in paths.of(row).0.iter().filter(|&&link| link != 0) {
                *counts.entry(link).or_insert(0) += 1;
            }
        }
        counts
    }

    proptest! {
        /// However flows come and go, the list is that of those that are there.
        #[test]
        fn the_list_is_that_of_the_flows_that_are_there(
            first in prop::collection::vec(prop::collection::vec(1..LINKS, 0..9), 1..6),
            steps in prop::collection::vec(
                (prop::collection::vec(1..LINKS, 0..9), any::<prop::sample::Index>(), 0..8u32),
                0..40,
            ),
        ) {
            let (mut paths, mut spread) = (Paths::default(), Spread::default());
            (0..LINKS).for_each(|_| spread.link());
            // A link that is crossed twice would have a weight of its own.
            let with = |links: Vec<u32>| -> Vec<u32> {
                BTreeSet::from_iter(links).into_iter().chain([0]).collect()
            };
            let rows = |held: &[(Path, f64)]| -> Vec<Path> { held.iter().map(|of| of.0).collect() };
            let common = |held: &[(Path, f64)]| match held {
                [(_, share), rest @ ..] if rest.iter().all(|of| of.1 == *share) => Some(*share),
                _ => None,
            };
            let mut held: Vec<(Path, f64)> = Vec::new();
            for links in first {
                held.push((path(&mut paths, &with(links), 1.0), 1.0));
            }
            spread.make(0, &paths, &rows(&held));
            let mut listed = Some(1.0);
            for (links, which, step) in steps {
                if step < 4 && !held.is_empty() {
                    let (gone, _) = held.swap_remove(which.index(held.len()));
                    let is_right = spread.remove(0, paths.of(&gone).0);
                    prop_assert_eq!(is_right, listed.is_some());
                    if !is_right {
                        spread.make(0, &paths, &rows(&held));
                        listed = common(&held);
                    }
                } else {
                    // Seldom one that is not like the others.
                    let share = if step == 7 { 2.0 } else { 1.0 };
                    let new = path(&mut paths, &with(links), share);
                    let (links, class) = paths.of(&new);
                    spread.add(0, links, class);
                    held.push((new, share));
                    listed = listed.filter(|listed| *listed == share);
                }
                let list = spread.of(0);
                prop_assert_eq!(list.map(|list| list.share), listed);
                if let Some(list) = list {
                    let found = list.others.iter().map(|other| (other.link, other.count));
                    let found: BTreeMap<u32, u32> = found.collect();
                    prop_assert_eq!(found, counted(&paths, &rows(&held)));
                }
            }
        }
    }
}
