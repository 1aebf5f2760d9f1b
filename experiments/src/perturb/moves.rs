//! To what a number is moved: a little first, then so far that what hardly binds shows.

use models::profile::Dimension;

/// Values to try in place of `value`, both in the base unit of the dimension.
pub(super) fn tries(value: f64, dimension: Dimension) -> Vec<f64> {
    if value == 0.0 {
        return vec![match dimension {
            Dimension::Time => 1e-6,
            Dimension::TimePerByte => 1e-10,
            Dimension::Ratio => 0.1,
            Dimension::Rate | Dimension::Frequency | Dimension::Flops => 1e9,
            Dimension::Count | Dimension::Bytes => 1.0,
        }];
    }
    let scaled = |factors: &[f64]| factors.iter().map(|factor| value * factor).collect::<Vec<_>>();
    match dimension {
        Dimension::Count => {
            let near = [1.0, -1.0, 6.0, 10.0].map(|step| value + step).into_iter();
            let far = scaled(&[0.5, 2.0, 0.25, 4.0, 1.0 / 16.0, 1.0 / 64.0, 1.0 / 256.0]);
            near.chain(far).filter(|moved| moved.fract() == 0.0 && *moved >= 1.0).collect()
        }
        // Powers of two stay such.
        Dimension::Bytes => {
            let all = scaled(&[2.0, 0.5, 0.25, 1.0 / 64.0, 100.0]);
            all.into_iter().map(f64::round).filter(|moved| *moved >= 1.0).collect()
        }
        _ => scaled(&[1.1, 1.0 / 1.1, 4.0, 0.25, 100.0, 0.01]),
    }
}
