//! Contenders take turns, so that a busy machine disturbs all of them alike; what is reported is
//! the median of the turns and the range of their middle half. Time is that of the thread on a
//! core: on an idle machine the time on the wall, on a shared one without that of others.

use std::fmt;

use cpu_time::ThreadTime;

/// The median and the quartiles of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Middle {
    /// Half of the sample is less.
    pub median: f64,
    /// A quarter of the sample is less.
    pub low: f64,
    /// A quarter of the sample is more.
    pub high: f64,
}

impl Middle {
    /// Of a sample that is not empty.
    pub fn of(mut sample: Vec<f64>) -> Middle {
        sample.sort_by(f64::total_cmp);
        let at = |fraction: f64| sample[((sample.len() - 1) as f64 * fraction).round() as usize];
        Middle { median: at(0.5), low: at(0.25), high: at(0.75) }
    }
}

impl Middle {
    /// In another unit.
    pub fn scaled(self, factor: f64) -> Middle {
        let Middle { median, low, high } = self;
        Middle { median: median * factor, low: low * factor, high: high * factor }
    }
}

impl From<f64> for Middle {
    /// Of a single measurement.
    fn from(value: f64) -> Middle {
        Middle { median: value, low: value, high: value }
    }
}

impl fmt::Display for Middle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>7.2} ({:.2} to {:.2})", self.median, self.low, self.high)
    }
}

/// With what exponent a cost grows with size, both as (before, now): 1 is in proportion.
pub fn exponent(size: (f64, f64), cost: (f64, f64)) -> f64 {
    libm::log(cost.1 / cost.0) / libm::log(size.1 / size.0)
}

/// How long `work` keeps this thread on a core [s].
pub fn seconds(work: impl FnOnce()) -> f64 {
    let begin = ThreadTime::now();
    work();
    begin.elapsed().as_secs_f64()
}
