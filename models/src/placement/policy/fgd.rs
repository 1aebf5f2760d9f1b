//! Fragmentation gradient descent: the node on which fragmentation rises least.
//!
//! ```text
//! 100 × sigmoid((F before − F after) ÷ 1000)
//! ```
//!
//! A score is the number of whole percents that the sigmoid reaches, so the inverse of the sigmoid
//! at each percent is all that is needed of it. `F` is an integer, and so is each of these bounds.

use super::scored::Score;
use crate::placement::ask::{Ask, GpuAsk};
use crate::placement::fragmentation::Fragmentation;
use crate::placement::state::Free;

pub(super) struct Fgd<'a> {
    fragmentation: &'a Fragmentation,
    /// The least fall of F that each score from one to 99 needs, in ascending order.
    bounds: Vec<i64>,
}

impl<'a> Fgd<'a> {
    pub(super) fn new(fragmentation: &'a Fragmentation) -> Fgd<'a> {
        let unit = 1000.0 * fragmentation.total() as f64;
        let bound = |percent: i32| {
            let part = f64::from(percent) / 100.0;
            (unit * libm::log(part / (1.0 - part))).ceil() as i64
        };
        Fgd { fragmentation, bounds: (1..100).map(bound).collect() }
    }
}

impl Score for Fgd<'_> {
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let rise = match ask.gpu {
            GpuAsk::None => self.fragmentation.rise_of_whole(free, ask, 0),
            GpuAsk::Share(milli) => self.fragmentation.least_rise(free, ask, milli).1,
            GpuAsk::Whole(count) => self.fragmentation.rise_of_whole(free, ask, count),
        };
        self.bounds.partition_point(|bound| *bound <= -rise) as u8
    }

    fn gpu(&self, free: &Free<'_>, ask: &Ask, milli: u16) -> u16 {
        self.fragmentation.least_rise(free, ask, milli).0
    }
}
