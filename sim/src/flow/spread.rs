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
