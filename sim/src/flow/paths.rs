//! The links that flows cross, and what flows have in common kept once.
//!
//! A flow's links stand with it, up to eight; longer paths are kept apart. Its weights are those of
//! a *class*, which flows with the same weights have together; weights of one take no memory.

use std::collections::HashMap;

use super::{Hop, LinkId};

/// The links of a flow, its share and its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    /// Its links; where there are more than fit, the first says where they stand.
    links: [u32; INLINE],
    count: u32,
    class: u32,
    pub(super) share: f64,
}

/// So many links stand with the flow: with its share, limit and rate they fill a cache line.
const INLINE: usize = 8;

/// The links and classes of flows.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    /// The links of long paths.
    links: Vec<u32>,
    /// Free places for them, by how many links have room there.
    free: Vec<Vec<u32>>,
    classes: Vec<Class>,
    free_classes: Vec<u32>,
    known: HashMap<Vec<u64>, u32>,
    /// Buffers for a flow that is added.
    merged: Vec<Hop>,
    key: Vec<u64>,
}

/// Weights by place on the path.
#[derive(Clone, Debug)]
struct Class {
    /// Empty if all are one.
    weights: Vec<f64>,
    uses: u32,
}

/// The class of weights of one.
const PLAIN: u32 = 0;

impl Default for Paths {
    fn default() -> Paths {
        Paths {
            links: Vec::new(),
            free: Vec::new(),
            classes: vec![Class { weights: Vec::new(), uses: 0 }],
            free_classes: Vec::new(),
            known: HashMap::new(),
            merged: Vec::new(),
            key: Vec::new(),
        }
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
        Path { links, count: count as u32, class: self.class(), share }
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

    /// The class of the weights in `merged`, with one use more.
    fn class(&mut self) -> u32 {
        if self.merged.iter().all(|hop| hop.weight == 1.0) {
            return PLAIN;
        }
        self.key.clear();
        self.key.extend(self.merged.iter().map(|hop| hop.weight.to_bits()));
        if let Some(&class) = self.known.get(&self.key) {
            self.classes[class as usize].uses += 1;
            return class;
        }
        let weights = self.merged.iter().map(|hop| hop.weight).collect();
        let new = Class { weights, uses: 1 };
        let class = match self.free_classes.pop() {
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

    /// Forgets the links of a flow.
    pub(super) fn remove(&mut self, path: &Path) {
        if path.count as usize > INLINE {
            self.free[path.count as usize].push(path.links[0]);
        }
        if path.class == PLAIN {
            return;
        }
        let class = &mut self.classes[path.class as usize];
        class.uses -= 1;
        if class.uses == 0 {
            self.key.clear();
            self.key.extend(class.weights.iter().map(|weight| weight.to_bits()));
            self.known.remove(&self.key);
            self.free_classes.push(path.class);
        }
    }

    /// The links of a flow, and the weight on each.
    #[inline]
    pub(super) fn of<'a>(&'a self, path: &'a Path) -> (&'a [u32], Weights<'a>) {
        let count = path.count as usize;
        let links = match path.links.get(..count) {
            Some(links) => links,
            None => &self.links[path.links[0] as usize..path.links[0] as usize + count],
        };
        (links, Weights(&self.classes[path.class as usize].weights))
    }

    /// The hops of a flow.
    pub(super) fn hops<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = Hop> {
        let (links, weights) = self.of(path);
        let hop = move |(at, &link)| Hop { link: LinkId(link), weight: weights.at(at) };
        links.iter().enumerate().map(hop)
    }
}

/// Weights by place on a path.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a>(&'a [f64]);

impl Weights<'_> {
    #[inline]
    pub(super) fn at(self, place: usize) -> f64 {
        self.0.get(place).copied().unwrap_or(1.0)
    }
}
