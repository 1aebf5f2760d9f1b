//! The two random numbers that others are made of: a standard exponential and a standard normal.
//!
//! By the ziggurat method (Marsaglia and Tsang, 2000, in the form of Doornik, 2005): 256 layers of
//! one area, of which most draws need a product and a comparison. Whatever needs a logarithm or an
//! exponential takes it from `libm`, so that a seed draws the same bits on every machine; the
//! tables are made from them at first use.

use std::sync::LazyLock;

use rand::{Rng, RngExt};

const LAYERS: usize = 256;
/// Where the tails begin with 256 layers: the `r` of Marsaglia and Tsang.
const TAIL_EXPONENTIAL: f64 = 7.697_117_470_131_05;
const TAIL_NORMAL: f64 = 3.654_152_885_361_009;

static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let area = (TAIL_EXPONENTIAL + 1.0) * libm::exp(-TAIL_EXPONENTIAL);
    Ziggurat::of(TAIL_EXPONENTIAL, area, |x| libm::exp(-x), |y| -libm::log(y))
});
static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let beyond = (std::f64::consts::PI / 2.0).sqrt()
        * libm::erfc(TAIL_NORMAL * std::f64::consts::FRAC_1_SQRT_2);
    let area = TAIL_NORMAL * bell(TAIL_NORMAL) + beyond;
    Ziggurat::of(TAIL_NORMAL, area, bell, |y| (-2.0 * libm::log(y)).sqrt())
});

/// A number of mean 1 whose probability to exceed `x` is e^−x.
pub(crate) fn exponential<R: Rng + ?Sized>(stream: &mut R) -> f64 {
    let table = &*EXPONENTIAL;
    loop {
        let bits = stream.next_u64();
        let layer = (bits % LAYERS as u64) as usize;
        let x = open_unit(bits) * table.x[layer];
        if x < table.x[layer + 1] {
            return x;
        }
        if layer == 0 {
            // Memoryless: the tail is the whole again. Zero has no logarithm.
            let unit = stream.random::<f64>().max(f64::MIN_POSITIVE);
            return TAIL_EXPONENTIAL - libm::log(unit);
        }
        if table.height(layer, stream) < libm::exp(-x) {
            return x;
        }
    }
}

/// A number of mean 0 and standard deviation 1 with the shape of the bell.
pub(crate) fn normal<R: Rng + ?Sized>(stream: &mut R) -> f64 {
    let table = &*NORMAL;
    loop {
        let bits = stream.next_u64();
        let layer = (bits % LAYERS as u64) as usize;
        let unit = between(bits, 2.0) - 3.0;
        let x = unit * table.x[layer];
        if x.abs() < table.x[layer + 1] {
            return x;
        }
        if layer == 0 {
            return tail(stream).copysign(unit);
        }
        if table.height(layer, stream) < bell(x) {
            return x;
        }
    }
}

/// A normal number beyond [`TAIL_NORMAL`] (Marsaglia, 1964).
fn tail<R: Rng + ?Sized>(stream: &mut R) -> f64 {
    loop {
        let x = libm::log(open_unit(stream.next_u64())) / TAIL_NORMAL;
        let y = libm::log(open_unit(stream.next_u64()));
        if -2.0 * y >= x * x {
            return TAIL_NORMAL - x;
        }
    }
}

fn bell(x: f64) -> f64 {
    libm::exp(-x * x / 2.0)
}

/// The upper 52 bits as a number from `least`, which is a power of two, to below its double.
fn between(bits: u64, least: f64) -> f64 {
    f64::from_bits(least.to_bits() | bits >> 12)
}

/// The upper 52 bits as a number between 0 and 1, both exclusive.
fn open_unit(bits: u64) -> f64 {
    between(bits, 1.0) - (1.0 - f64::EPSILON / 2.0)
}

/// The layers of a density that falls from zero on.
struct Ziggurat {
    /// Their right ends, falling; the first is as wide as its area asks for, tail included.
    x: [f64; LAYERS + 1],
    /// The density there.
    f: [f64; LAYERS + 1],
}

impl Ziggurat {
    fn of(tail: f64, area: f64, f: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Ziggurat {
        let mut x = [0.0; LAYERS + 1];
        (x[0], x[1]) = (area / f(tail), tail);
        for layer in 2..LAYERS {
            x[layer] = inverse(f(x[layer - 1]) + area / x[layer - 1]);
        }
        Ziggurat { x, f: x.map(f) }
    }

    /// Any height of a layer, all alike.
    fn height<R: Rng + ?Sized>(&self, layer: usize, stream: &mut R) -> f64 {
        let (below, above) = (self.f[layer], self.f[layer + 1]);
        above + (below - above) * stream.random::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::stats::normal_probability;

    const DRAWS: usize = 400_000;

    /// The largest distance between what was drawn and `truth` (Kolmogorov and Smirnov), times √n:
    /// 1.95 is exceeded once in a thousand times.
    fn distance(mut drawn: Vec<f64>, truth: fn(f64) -> f64) -> f64 {
        drawn.sort_by(f64::total_cmp);
        let n = drawn.len() as f64;
        let off = |(at, x): (usize, &f64)| {
            (truth(*x) - at as f64 / n).abs().max((truth(*x) - (at + 1) as f64 / n).abs())
        };
        drawn.iter().enumerate().map(off).fold(0.0, f64::max) * n.sqrt()
    }

    #[test]
    fn draws_follow_their_distributions() {
        let mut stream = Seed::new(3).stream("ziggurat");
        let drawn = (0..DRAWS).map(|_| exponential(&mut stream)).collect();
        let off = distance(drawn, |x| -libm::expm1(-x));
        assert!(off < 1.95, "exponential: {off}");
        let drawn = (0..DRAWS).map(|_| normal(&mut stream)).collect();
        let off = distance(drawn, normal_probability);
        assert!(off < 1.95, "normal: {off}");
    }

    #[test]
    fn tails_are_as_heavy_as_they_should_be() {
        let mut stream = Seed::new(4).stream("ziggurat");
        let n = 20_000_000;
        let beyond = |x: f64, bound: f64| usize::from(x.abs() > bound);
        let (mut exponentials, mut normals) = (0, 0);
        for _ in 0..n {
            exponentials += beyond(exponential(&mut stream), TAIL_EXPONENTIAL + 1.0);
            normals += beyond(normal(&mut stream), 4.0);
        }
        let truth = [libm::exp(-TAIL_EXPONENTIAL - 1.0), 2.0 * normal_probability(-4.0)];
        for (seen, part) in [exponentials, normals].into_iter().zip(truth) {
            let expected = part * f64::from(n);
            assert!((seen as f64 - expected).abs() < 4.0 * expected.sqrt(), "{seen} {expected}");
        }
    }

    #[test]
    fn layers_end_at_the_top_of_the_density() {
        for table in [&*EXPONENTIAL, &*NORMAL] {
            assert!(table.x.windows(2).all(|pair| pair[0] > pair[1]));
            // What the last layer lacks to the top is what the tail's constant leaves over.
            let area = table.x[0] * table.f[1];
            let last = table.x[LAYERS - 1] * (1.0 - table.f[LAYERS - 1]);
            assert!((last / area - 1.0).abs() < 1e-9, "{last} {area}");
        }
    }
}
