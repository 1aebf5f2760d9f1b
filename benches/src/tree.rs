//! A fat tree of three levels: a graph of links, and the hops between two of its leaves.
//!
//! With switches of `k` ports there are `k` groups of `k/2` lower and `k/2` middle switches, and
//! `(k/2)²` upper ones; `k/2` leaves hang on each lower switch, `k³/4` in all (Al-Fares, Loukissas
//! & Vahdat, SIGCOMM 2008). Each cable is two links, one for each direction.

use sim::{Flows, Hop, LinkId};

/// A fat tree whose links are numbered level by level.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    half: u32,
}

/// The six groups of links, in the order in which they are numbered.
#[derive(Clone, Copy)]
enum Level {
    LeafToLower,
    LowerToMiddle,
    MiddleToUpper,
    UpperToMiddle,
    MiddleToLower,
    LowerToLeaf,
}

impl Tree {
    /// A tree of switches with `ports` ports, all links with this capacity [units/s].
    pub fn build<T: Copy>(ports: u32, capacity: f64, flows: &mut Flows<T>) -> Tree {
        let tree = Tree { half: ports / 2 };
        // Each of the six groups has as many links as there are leaves.
        (0..6 * tree.leaves()).for_each(|_| _ = flows.link(capacity));
        tree
    }

    /// How many leaves it has.
    pub fn leaves(&self) -> u32 {
        2 * self.half * self.half * self.half
    }

    /// Replaces `hops` by the hops from one leaf to another; `hash` chooses among equal paths.
    pub fn route(&self, from: u32, to: u32, hash: u32, hops: &mut Vec<Hop>) {
        let half = self.half;
        let mut cross = |level: Level, index: u32| {
            let link = LinkId::new(level as u32 * self.leaves() + index);
            hops.push(Hop { link, weight: 1.0 });
        };
        let (lower_from, lower_to) = (from / half, to / half);
        let (middle, upper) = (hash % half, hash / half % half);
        cross(Level::LeafToLower, from);
        if lower_from != lower_to {
            let (group_from, group_to) = (lower_from / half, lower_to / half);
            cross(Level::LowerToMiddle, lower_from * half + middle);
            if group_from != group_to {
                cross(Level::MiddleToUpper, (group_from * half + middle) * half + upper);
                cross(Level::UpperToMiddle, (group_to * half + middle) * half + upper);
            }
            cross(Level::MiddleToLower, lower_to * half + middle);
        }
        cross(Level::LowerToLeaf, to);
    }
}
