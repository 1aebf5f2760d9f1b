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

/// A list of other links, in a cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub(super) struct List {
    /// Of which making it is right; of an earlier one, it is not.
    making: u32,
    /// The share of all flows; not a number if they differ or their weights are not one, and then
    /// nothing is listed.
    pub(super) share: f64,
    pub(super) others: Vec<Other>,
}

/// The lists of all links.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    lists: Vec<List>,
    /// Lists of this making are right: a number above zero.
    making: u32,
    /// Where each link stands in the list that is made; [`NOWHERE`] in between.
    places: Vec<u32>,
}

/// A link is not in the list.
const NOWHERE: u32 = u32::MAX;
/// A list that is not right, whatever is made.
const NEVER: u32 = 0;

impl Spread {
    /// Adds a link.
    pub(super) fn link(&mut self) {
        self.lists.push(List::default());
        self.places.push(NOWHERE);
        self.making = self.making.max(NEVER + 1);
    }

    /// No list is right any more.
    pub(super) fn forget(&mut self) {
        // After 2^32 times one that was made at the first would be taken for right.
        self.making = self.making.checked_add(1).unwrap_or_else(|| {
            self.lists.iter_mut().for_each(|list| list.making = NEVER);
            NEVER + 1
        });
    }

    /// A flow with this path is held back at `id` from now on.
    #[inline]
    pub(super) fn add(&mut self, id: u32, links: &[u32], class: &Class) {
        let list = &mut self.lists[id as usize];
        if list.making != self.making || list.share.is_nan() {
            return;
        }
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

    /// A flow with this path is held back at `id` no more.
    #[inline]
    pub(super) fn remove(&mut self, id: u32, links: &[u32]) {
        let list = &mut self.lists[id as usize];
        if list.making != self.making {
            return;
        }
        if list.share.is_nan() {
            // The others may be alike.
            list.making = NEVER;
            return;
        }
        for &link in links.iter().filter(|&&link| link != id) {
            let place = list.others.iter().position(|other| other.link == link);
            let place = place.expect("a link that a flow crosses is listed");
            list.others[place].count -= 1;
            if list.others[place].count == 0 {
                list.others.swap_remove(place);
            }
        }
    }

    /// The list of a link, if it is right and the flows that the link holds back are alike.
    #[inline]
    pub(super) fn of(&self, id: u32) -> Option<&List> {
        let list = &self.lists[id as usize];
        (list.making == self.making && !list.share.is_nan()).then_some(list)
    }

    /// Makes the list of a link that holds back flows with these paths, if it is not right.
    pub(super) fn make(&mut self, id: u32, paths: &Paths, rows: &[Path]) {
        let list = &mut self.lists[id as usize];
        if list.making != self.making {
            list.making = self.making;
            list.make(id, paths, rows, &mut self.places);
        }
    }
}

impl List {
    fn is_of(&self, class: &Class) -> bool {
        class.is_plain() && self.share.to_bits() == class.share.to_bits()
    }

    fn make(&mut self, id: u32, paths: &Paths, rows: &[Path], places: &mut [u32]) {
        self.others.clear();
        for (at, row) in rows.iter().enumerate() {
            let (links, class) = paths.of(row);
            if at == 0 {
                self.share = class.share;
            }
            if !self.is_of(class) {
                self.share = f64::NAN;
                break;
            }
            for &link in links.iter().filter(|&&link| link != id) {
                let place = &mut places[link as usize];
                if *place == NOWHERE {
                    *place = self.others.len() as u32;
                    self.others.push(Other { link, count: 0 });
                }
                self.others[*place as usize].count += 1;
            }
        }
        self.others.iter().for_each(|other| places[other.link as usize] = NOWHERE);
        if self.share.is_nan() {
            self.others.clear();
        }
    }
}
