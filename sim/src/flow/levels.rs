//! The levels at which something may stop rising flows, lowest first.
//!
//! Levels are taken in ascending order, and none is noted that lies below the last one taken: a
//! radix heap, in which noting costs a count of leading zeros and taking moves each entry a few
//! times at most (R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, *Faster algorithms for the shortest
//! path problem*, Journal of the ACM 37(2), 1990).

/// What stops a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// The limit of the flow in this slot.
    Limit(u32),
    /// This link, which is full.
    Link(u32),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The bits of the level, whose order is that of levels since they are never negative.
    key: u64,
    stop: Stop,
}

/// Levels that are to come.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    /// The last that was taken.
    last: u64,
    /// Entries by the highest bit in which they differ from that; the first, which differ in none,
    /// with the one that comes next at the end.
    buckets: Vec<Vec<Entry>>,
    /// Which buckets have entries.
    filled: u128,
}

impl Default for Levels {
    fn default() -> Levels {
        Levels { last: 0, buckets: vec![Vec::new(); 65], filled: 0 }
    }
}

impl Levels {
    /// Notes a level; one below the last that was taken, by rounding, counts as that.
    #[inline]
    pub(crate) fn note(&mut self, level: f64, stop: Stop) {
        // Adding zero turns a negative zero, whose bits are the greatest, into zero.
        let key = (level + 0.0).to_bits().max(self.last);
        self.put(Entry { key, stop });
    }

    #[inline]
    fn put(&mut self, entry: Entry) {
        let at = (64 - (entry.key ^ self.last).leading_zeros()) as usize;
        self.filled |= 1 << at;
        let bucket = &mut self.buckets[at];
        match at {
            // Of equal levels, limits come first, and whatever has the lower number.
            0 => {
                let place = bucket.partition_point(|other| other.stop > entry.stop);
                bucket.insert(place, entry);
            }
            _ => bucket.push(entry),
        }
    }

    /// Takes the lowest level, with what stops flows there.
    pub(crate) fn take(&mut self) -> Option<(Stop, f64)> {
        if self.filled & 1 == 0 {
            self.refill()?;
        }
        let next = self.buckets[0].pop().expect("a filled bucket");
        if self.buckets[0].is_empty() {
            self.filled &= !1;
        }
        Some((next.stop, f64::from_bits(next.key)))
    }

    /// Deals the lowest bucket out anew around its least entry.
    fn refill(&mut self) -> Option<()> {
        if self.filled == 0 {
            return None;
        }
        let at = self.filled.trailing_zeros() as usize;
        let mut bucket = std::mem::take(&mut self.buckets[at]);
        self.filled &= !(1 << at);
        self.last = bucket.iter().map(|entry| entry.key).min()?;
        for entry in bucket.drain(..) {
            if entry.key == self.last {
                self.buckets[0].push(entry);
            } else {
                self.put(entry);
            }
        }
        self.buckets[0].sort_unstable_by(|a, b| b.stop.cmp(&a.stop));
        self.filled |= 1;
        self.buckets[at] = bucket;
        Some(())
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        while self.filled != 0 {
            self.buckets[self.filled.trailing_zeros() as usize].clear();
            self.filled &= self.filled - 1;
        }
        self.last = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lowest_comes_first(
            steps in prop::collection::vec((0.0..1e3f64, 0..9u32, any::<bool>(), 0..3u8), 1..300),
        ) {
            let mut levels = Levels::default();
            let (mut plain, mut last): (Vec<(f64, Stop)>, f64) = (Vec::new(), 0.0);
            for (above, number, is_link, take) in steps {
                // Few distinct levels, so that many are equal; never below the last.
                let level = last + (above / 200.0).floor();
                let stop = if is_link { Stop::Link(number) } else { Stop::Limit(number) };
                levels.note(level, stop);
                plain.push((level, stop));
                if take > 0 {
                    plain.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
                    let expected = plain.pop();
                    prop_assert_eq!(levels.take().map(|(stop, level)| (level, stop)), expected);
                    last = expected.map_or(last, |(level, _)| level);
                }
                if take == 2 && plain.is_empty() {
                    levels.clear();
                    last = 0.0;
                }
            }
        }
    }
}
