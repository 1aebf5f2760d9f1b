//! The normal and Student's distribution, as intervals need them. The same bits on every machine.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use special::{Beta, Error};

/// From so many degrees of freedom on, two terms around the normal one (Abramowitz and Stegun
/// 26.7.5) are off by less than 1e-10, while the logarithms of the beta function begin to cancel.
const NEARLY_NORMAL: f64 = 5000.0;

/// The probability that a standard normal number is below `z`.
pub fn normal_probability(z: f64) -> f64 {
    libm::erfc(-z * FRAC_1_SQRT_2) / 2.0
}

/// The number below which a standard normal number is with `probability`.
///
/// # Panics
/// Unless `probability` lies between 0 and 1, exclusive.
pub fn normal_quantile(probability: f64) -> f64 {
    within(probability);
    SQRT_2 * (2.0 * probability - 1.0).inv_error()
}

/// The number below which a number is with `probability` that has Student's distribution with
/// `freedom` degrees of freedom.
///
/// # Panics
/// Unless `probability` lies between 0 and 1, exclusive, and `freedom` is above zero.
pub fn student_quantile(probability: f64, freedom: f64) -> f64 {
    within(probability);
    assert!(freedom > 0.0, "{freedom} degrees of freedom");
    if probability == 0.5 {
        return 0.0;
    }
    if freedom > NEARLY_NORMAL {
        let z = normal_quantile(probability);
        let third = (z.powi(3) + z) / (4.0 * freedom);
        let fifth = 5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z;
        return z + third + fifth / (96.0 * freedom * freedom);
    }
    let beyond = probability.min(1.0 - probability);
    let (a, b) = (freedom / 2.0, 0.5);
    let part = (2.0 * beyond).inv_inc_beta(a, b, a.ln_beta(b));
    (freedom * (1.0 - part) / part).sqrt().copysign(probability - 0.5)
}

fn within(probability: f64) {
    assert!(probability > 0.0 && probability < 1.0, "a probability of {probability}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_are_those_of_the_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.95, 1.644_853_626_951_472_7),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813),
            (1e-9, -5.997_807_015_007_687),
            (0.02, -2.053_748_910_631_823),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}: {}", normal_quantile(p));
            assert!((normal_probability(z) / p - 1.0).abs() < 1e-9, "{z}");
        }
    }

    #[test]
    fn student_s_numbers_are_those_of_the_tables() {
        for (p, freedom, t) in [
            (0.975, 1.0, 12.706_204_736_174_694),
            (0.95, 1.0, 6.313_751_514_675_04),
            (0.975, 2.0, 4.302_652_729_749_462),
            (0.95, 3.0, 2.353_363_434_801_827),
            (0.975, 4.0, 2.776_445_105_197_799),
            (0.975, 9.0, 2.262_157_162_798_205),
            (0.95, 29.0, 1.699_127_026_533_498),
            (0.995, 10.0, 3.169_272_672_616_95),
            (0.975, 1000.0, 1.962_339_080_826_408),
            (0.975, 10_000.0, 1.960_201_239_890_626),
            (0.975, 1e7, 1.959_964_221_767_205),
        ] {
            assert!((student_quantile(p, freedom) / t - 1.0).abs() < 1e-9, "{p} {freedom}");
            assert!((student_quantile(1.0 - p, freedom) / t + 1.0).abs() < 1e-9);
        }
        assert_eq!(student_quantile(0.5, 3.0), 0.0);
    }
}
