//! From values to places on the page, and which values get a tick.

/// A line from values to pixels, straight or logarithmic.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    kind: Kind,
    values: (f64, f64),
    pixels: (f64, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Linear,
    Log,
}

impl Scale {
    /// A straight scale from zero to `top`, onto `pixels`.
    pub fn from_zero(top: f64, pixels: (f64, f64)) -> Scale {
        let top = if top.is_finite() && top > 0.0 { top } else { 1.0 };
        Scale { kind: Kind::Linear, values: (0.0, top), pixels }
    }

    /// A straight scale that holds `low` and `high`, onto `pixels`.
    pub fn linear(low: f64, high: f64, pixels: (f64, f64)) -> Scale {
        let high = if high > low { high } else { low + 1.0 };
        Scale { kind: Kind::Linear, values: (low, high), pixels }
    }

    /// A logarithmic scale from `low` to `high`, both above zero; a lone value is its middle.
    pub fn log(low: f64, high: f64, pixels: (f64, f64)) -> Scale {
        let (low, high) = if high > low { (low, high) } else { (low / 2.0, low * 2.0) };
        Scale { kind: Kind::Log, values: (low, high), pixels }
    }

    /// Where `value` stands \[px\].
    pub fn at(&self, value: f64) -> f64 {
        let turn = |value: f64| match self.kind {
            Kind::Linear => value,
            Kind::Log => libm::log(value.max(f64::MIN_POSITIVE)),
        };
        let (low, high) = (turn(self.values.0), turn(self.values.1));
        let part = (turn(value) - low) / (high - low);
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }

    /// The two ends as values.
    pub fn values(&self) -> (f64, f64) {
        self.values
    }

    /// About `wanted` round values on a straight scale: steps of 1, 2 or 5 times a power of ten.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = self.values;
        let rough = (high - low) / wanted.max(1) as f64;
        let power = libm::pow(10.0, libm::log10(rough).floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|digit| digit * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(power * 10.0);
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(|at| at as f64 * step).collect()
    }

    /// Powers of ten on a logarithmic scale, with 2 and 5 between them where there is room.
    pub fn decades(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = self.values;
        let first = libm::log10(low).floor() as i32;
        let last = libm::log10(high).ceil() as i32;
        let within = |digits: &[f64], skip: i32| -> Vec<f64> {
            (first..=last)
                .filter(|power| power.rem_euclid(skip) == 0)
                .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)))
                .filter(|tick| *tick >= low * 0.999 && *tick <= high * 1.001)
                .collect()
        };
        let fine = within(&[1.0, 2.0, 5.0], 1);
        if fine.len() <= wanted {
            return fine;
        }
        let coarse = (1..=last - first + 1).map(|skip| within(&[1.0], skip));
        let mut fitting = coarse.filter(|ticks| ticks.len() <= wanted.max(1));
        fitting.next().unwrap_or_default()
    }

    /// Powers of two on a logarithmic scale of bytes, at most `wanted`, evenly spaced.
    pub fn powers_of_two(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = self.values;
        let first = (libm::log2(low) - 1e-9).ceil() as i32;
        let last = (libm::log2(high) + 1e-9).floor() as i32;
        let span = (last - first).max(0) as usize;
        let step = [1, 2, 4, 5, 10, 20].into_iter().find(|step| span / step < wanted).unwrap_or(20);
        // From the upper end of a KiB, MiB or GiB, so that labels are round.
        (first..=last)
            .filter(|power| power.rem_euclid(step as i32) == 0)
            .map(|power| 2f64.powi(power))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(Scale::from_zero(41.0, (0.0, 1.0)).ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(Scale::from_zero(0.9, (0.0, 1.0)).ticks(4), [0.0, 0.5]);
        assert_eq!(Scale::linear(-2.0, 4.0, (0.0, 1.0)).ticks(3), [-2.0, 0.0, 2.0, 4.0]);
        assert_eq!(Scale::log(3.0, 4000.0, (0.0, 1.0)).decades(5), [10.0, 100.0, 1000.0]);
        assert_eq!(Scale::log(0.04, 280.0, (0.0, 1.0)).decades(4), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(Scale::log(1.0, 10.0, (0.0, 1.0)).decades(6), [1.0, 2.0, 5.0, 10.0]);
        let sizes = Scale::log(4096.0, 1_073_741_824.0, (0.0, 1.0)).powers_of_two(6);
        assert_eq!(sizes, [4096.0, 65536.0, 1_048_576.0, 16_777_216.0, 268_435_456.0].to_vec());
    }

    #[test]
    fn a_scale_maps_its_ends_and_its_middle() {
        let log = Scale::log(1.0, 100.0, (10.0, 30.0));
        assert!((log.at(1.0) - 10.0).abs() < 1e-9 && (log.at(100.0) - 30.0).abs() < 1e-9);
        assert!((log.at(10.0) - 20.0).abs() < 1e-9);
        assert!((Scale::log(8.0, 8.0, (0.0, 10.0)).at(8.0) - 5.0).abs() < 1e-9);
        assert!((Scale::from_zero(0.0, (0.0, 10.0)).at(0.5) - 5.0).abs() < 1e-9);
    }
}
