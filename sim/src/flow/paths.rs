//! The links that flows cross, and what flows have in common kept once.
//!
//! A flow's links stand with it, up to seven; longer paths are kept apart. Its share, its weights
//! and how many there are are those of a *class*, which flows that are alike have together.

use std::collections::HashMap;

use super::{Hop, LinkId};

/// The links of a flow and its class, in half a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Path {
    /// Its links; where there are more than fit, the first says where they stand.
    links: [u32; INLINE],
    class: u32,
}
const _: () = assert!(size_of::<Path>() == 32);

/// So many links stand with the flow.
const INLINE: usize = 7;

/// The links and classes of flows.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    /// The links of long paths.
    links: Vec<u32>,
    /// Free places for them, by how many links have room there.
    free: Vec<Vec<u32>>,
    classes: Vec<Class>,
    /// Classes that no flow has: they are kept for the next that does, unless they get many.
    idle: usize,
    vacant: Vec<u32>,
    known: HashMap<Vec<u64>, u32>,
    /// The class that was asked for last.
    latest: u32,
    /// The share of all flows that there ever were; not a number if they differ.
    share: Option<f64>,
    /// Buffers for a flow that is added.
    merged: Vec<Hop>,
    key: Vec<u64>,
}

/// What flows have in common.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) share: f64,
    count: u32,
    uses: u32,
    /// By place on the path; empty if all are one.
    weights: Vec<f64>,
}

/// So many classes that no flow has are always kept.
const IDLE: usize = 64;

impl Class {
    /// The weight in a place on the path.
    #[inline]
    pub(super) fn weight(&self, place: usize) -> f64 {
        self.weights.get(place).copied().unwrap_or(1.0)
    }

    /// Whether all weights are one.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.weights.is_empty()
    }

    /// Whether it is that of flows with these hops and this share.
    fn is_of(&self, hops: &[Hop], share: f64) -> bool {
        self.count as usize == hops.len()
            && self.share.to_bits() == share.to_bits()
            && hops.iter().enumerate().all(|(at, hop)| self.weight(at) == hop.weight)
    }
}

impl Paths {
    /// Keeps the links that a flow weighs on, each once, in the order in which they are met.
    pub(super) fn add(&mut self, hops: &[Hop], share: f64) -> Path {
        self.merged.clear();
        for hop in hops.iter().filter(|hop| hop.weight > 0.0) {
            match self.merged.iter_mut().find(|other| other.link == hop.link) {
                Some(other) => other.weight += hop.weight,
                None => self.merged.push(*hop),
            }
        }
        let count = self.merged.len();
        let mut links = [0; INLINE];
        if count <= INLINE {
            links.iter_mut().zip(&self.merged).for_each(|(place, hop)| *place = hop.link.0);
        } else {
            links[0] = self.keep();
        }
        Path { links, class: self.class(share) }
    }

    /// Keeps the links in `merged` apart; where.
    fn keep(&mut self) -> u32 {
        let count = self.merged.len();
        if self.free.len() <= count {
            self.free.resize(count + 1, Vec::new());
        }
        let links = self.merged.iter().map(|hop| hop.link.0);
        match self.free[count].pop() {
            Some(first) => {
                let room = &mut self.links[first as usize..first as usize + count];
                room.iter_mut().zip(links).for_each(|(place, link)| *place = link);
                first
            }
            None => {
                let first = u32::try_from(self.links.len()).expect("fewer than 2^32 hops");
                self.links.extend(links);
                first
            }
        }
    }

    /// The class of the hops in `merged`, with one use more.
    fn class(&mut self, share: f64) -> u32 {
        let latest = self.classes.get(self.latest as usize);
        let class = match latest.is_some_and(|class| class.is_of(&self.merged, share)) {
            true => self.latest,
            false => self.find(share),
        };
        self.latest = class;
        let uses = &mut self.classes[class as usize].uses;
        self.idle -= usize::from(*uses == 0);
        *uses += 1;
        class
    }

    /// The class of the hops in `merged`, which may be new.
    fn find(&mut self, share: f64) -> u32 {
        let plain = self.merged.iter().all(|hop| hop.weight == 1.0);
        let weights = self.merged.iter().map(|hop| hop.weight).filter(|_| !plain);
        self.key.clear();
        self.key.extend([share.to_bits(), self.merged.len() as u64]);
        self.key.extend(weights.clone().map(f64::to_bits));
        if let Some(&class) = self.known.get(&self.key) {
            return class;
        }
        let weights = weights.collect();
        let common = self.share.get_or_insert(share);
        if common.to_bits() != share.to_bits() {
            *common = f64::NAN;
        }
        if self.idle > IDLE + self.known.len() / 2 {
            self.clear_out();
        }
        let new = Class { share, count: self.merged.len() as u32, uses: 0, weights };
        self.idle += 1;
        let class = match self.vacant.pop() {
            Some(class) => {
                self.classes[class as usize] = new;
                class
            }
            None => {
                self.classes.push(new);
                self.classes.len() as u32 - 1
            }
        };
        self.known.insert(self.key.clone(), class);
        class
    }

    /// Forgets the classes that no flow has.
    fn clear_out(&mut self) {
        let classes = &self.classes;
        self.known.retain(|_, class| classes[*class as usize].uses > 0);
        let mut kept = vec![false; self.classes.len()];
        self.known.values().for_each(|&class| kept[class as usize] = true);
        self.vacant = (0..self.classes.len() as u32).filter(|&c| !kept[c as usize]).collect();
        self.idle = 0;
        // What was asked for last may be gone.
        self.latest = u32::MAX;
    }

    /// Forgets the links of a flow.
    pub(super) fn remove(&mut self, path: &Path) {
        let class = &mut self.classes[path.class as usize];
        class.uses -= 1;
        self.idle += usize::from(class.uses == 0);
        if class.count as usize > INLINE {
            self.free[class.count as usize].push(path.links[0]);
        }
    }

    /// The links of a flow, and its share and weights.
    #[inline]
    pub(super) fn of<'a>(&'a self, path: &'a Path) -> (&'a [u32], &'a Class) {
        let class = &self.classes[path.class as usize];
        let count = class.count as usize;
        let links = match path.links.get(..count) {
            Some(links) => links,
            None => &self.links[path.links[0] as usize..path.links[0] as usize + count],
        };
        (links, class)
    }

    /// The share that all flows have, unless they differ.
    #[inline]
    pub(super) fn common_share(&self) -> Option<f64> {
        self.share.filter(|share| !share.is_nan())
    }

    /// The share of a flow.
    #[inline]
    pub(super) fn share(&self, path: &Path) -> f64 {
        self.classes[path.class as usize].share
    }

    /// The hops of a flow.
    pub(super) fn hops<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = Hop> {
        let (links, class) = self.of(path);
        let hop = |(at, &link)| Hop { link: LinkId(link), weight: class.weight(at) };
        links.iter().enumerate().map(hop)
    }
}
