//! What the model says of the judging set, from a GPU's profile, its port's and its host's.
//!
//! | case | by what |
//! | --- | --- |
//! | copies, both ways at once, chunks, processes in turns and under MPS | `solve`, as `run` does |
//! | launches, graphs, streams, copy beside kernel, mapped memory | `gpu::device` |
//! | triad, stencil, reduction, transpose, tiles, histogram | `gpu::execute` |
//!
//! **Intervals.** Each line of the three profiles that has a low and a high end is moved to either,
//! alone, as far as 90 % of its interval of 95 % reach; what that changes of a prediction, in the
//! logarithm, adds up in squares, above and below apart. Lines without an interval add nothing, nor
//! do scatter of the measurement and what the model leaves out.

mod grid;
mod program;
mod scene;
mod transfer;

use models::input::InputError;
use models::library::{Kind as Folder, Library};
use models::profile::{Dimension, Parameter, unit};
use serde::{Deserialize, Serialize};

use super::case::{Asks, Case};
use super::cases;
use scene::Scene;

/// Standard deviations that bound 90 % and 95 % of a normal distribution on both sides.
const SIGMAS_90: f64 = 1.644_854;
const SIGMAS_95: f64 = 1.959_964;

/// The profiles that a prediction is made from.
#[derive(Clone, Debug)]
pub struct Subject {
    /// All profiles.
    pub library: Library,
    /// The GPU's.
    pub gpu: String,
    /// Its PCIe port's.
    pub pcie: String,
    /// The host's.
    pub host: String,
}

/// What predicts a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// [`models::solve`]: what `podpath run` asks.
    Solve,
    /// [`models::gpu::device`]: a program of streams.
    Program,
    /// [`models::gpu::execute`]: a kernel's grid.
    Execute,
}

impl By {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            By::Solve => "solve",
            By::Program => "program",
            By::Execute => "execute",
        }
    }
}

/// What is predicted of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The case.
    pub case: &'static Case,
    /// By what.
    pub by: By,
    /// The time in seconds with its interval of 90 %, or why the model has no word for it.
    pub said: Result<Said, String>,
}

/// A predicted time in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// The time.
    pub value: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
}

impl Case {
    /// What predicts it.
    pub fn by(&self) -> By {
        match self.asks {
            Asks::Copy { .. }
            | Asks::Duplex { .. }
            | Asks::Chunks { .. }
            | Asks::Processes { .. } => By::Solve,
            Asks::Queue { each: true, .. } => By::Execute,
            Asks::Mapped { .. }
            | Asks::Queue { .. }
            | Asks::Streams { .. }
            | Asks::Beside { .. } => By::Program,
        }
    }
}

/// Every case with its interval, in the order of the set.
///
/// # Errors
/// If a profile is missing or malformed, or the GPU's has no execution model.
pub fn predict(subject: &Subject) -> Result<Vec<Prediction>, InputError> {
    let plain = values(subject)?;
    let mut spreads = vec![(0.0, 0.0); plain.len()];
    for (folder, name, row) in lines(subject)? {
        let mut reach = vec![(0.0f64, 0.0f64); plain.len()];
        for value in ends(&row) {
            let mut moved = subject.clone();
            moved.library.set(folder, &name, &row.parameter, value)?;
            for ((reach, plain), other) in reach.iter_mut().zip(&plain).zip(values(&moved)?) {
                let (Ok(plain), Ok(other)) = (plain, other) else { continue };
                let by = (other / plain).ln();
                *reach = (reach.0.min(by), reach.1.max(by));
            }
        }
        for (spread, reach) in spreads.iter_mut().zip(reach) {
            *spread = (spread.0 + reach.0.powi(2), spread.1 + reach.1.powi(2));
        }
    }
    let prediction =
        |((case, said), (below, above)): ((&'static Case, Result<_, _>), (f64, f64))| {
            let said = said.map(|value: f64| Said {
                value,
                low: value * (-below.sqrt()).exp(),
                high: value * above.sqrt().exp(),
            });
            Prediction { case, by: case.by(), said }
        };
    Ok(cases().iter().zip(plain).zip(spreads).map(prediction).collect())
}

/// Every case in seconds, or why not, in the order of the set.
///
/// # Errors
/// As [`predict`].
pub fn values(subject: &Subject) -> Result<Vec<Result<f64, String>>, InputError> {
    let scene = Scene::new(subject)?;
    Ok(cases().iter().map(|case| value(&scene, case)).collect())
}

/// A case in seconds, or why not.
fn value(scene: &Scene, case: &Case) -> Result<f64, String> {
    let seconds = match case.by() {
        By::Solve => transfer::seconds(scene, &case.asks),
        By::Program => program::seconds(scene, &case.asks),
        By::Execute => grid::seconds(scene, &case.asks),
    };
    match seconds {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        Ok(_) => Err("takes no time by the model".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// Every line of the three profiles that has an interval.
fn lines(subject: &Subject) -> Result<Vec<(Folder, String, Parameter)>, InputError> {
    let mut lines = Vec::new();
    for (folder, name) in
        [(Folder::Gpu, &subject.gpu), (Folder::Pcie, &subject.pcie), (Folder::Host, &subject.host)]
    {
        let profile = subject.library.profile(folder, name)?;
        let with = profile.rows().iter().filter(|row| row.low < row.high && row.low.is_some());
        lines.extend(with.map(|row| (folder, name.clone(), row.clone())));
    }
    Ok(lines)
}

/// The ends of 90 % of a line, in base units: in the logarithm, unless it reaches down to zero.
fn ends(row: &Parameter) -> impl Iterator<Item = f64> {
    let (_, dimension, factor) = unit(&row.unit).copied().unwrap_or(("", Dimension::Ratio, 1.0));
    let value = row.value;
    let part = SIGMAS_90 / SIGMAS_95;
    let end = move |end: f64| match end > 0.0 && value > 0.0 {
        true => value * (end / value).powf(part),
        false => value + (end - value) * part,
    };
    let whole = move |value: f64| match dimension {
        Dimension::Count | Dimension::Bytes => value.round(),
        _ => value,
    };
    let ends = [row.low, row.high].into_iter().flatten().map(end);
    ends.map(move |value| whole(value * factor))
}

#[cfg(test)]
mod tests {
    use models::profile::How;

    use super::*;
    use crate::shipped;

    fn row(value: f64, low: f64, high: f64, unit: &str) -> Parameter {
        Parameter {
            parameter: "x".into(),
            value,
            unit: unit.into(),
            low: Some(low),
            high: Some(high),
            how: How::Assumed,
            source: "a test".into(),
        }
    }

    #[test]
    fn ends_are_those_of_ninety_per_cent_in_base_units() {
        let found: Vec<f64> = ends(&row(10.0, 5.0, 20.0, "us")).collect();
        let factor = 2f64.powf(SIGMAS_90 / SIGMAS_95);
        assert!((found[0] / (10e-6 / factor) - 1.0).abs() < 1e-12, "{found:?}");
        assert!((found[1] / (10e-6 * factor) - 1.0).abs() < 1e-12, "{found:?}");
        let counted: Vec<f64> = ends(&row(256.0, 32.0, 256.0, "count")).collect();
        assert_eq!(counted, [45.0, 256.0]);
        let to_zero: Vec<f64> = ends(&row(1.0, 0.0, 1.0, "ratio")).collect();
        assert!((to_zero[0] - (1.0 - SIGMAS_90 / SIGMAS_95)).abs() < 1e-12);
    }

    /// A copy of 1 GiB by hand: set-up, then bytes at the port's rate for reads, of which the
    /// engine reaches its part.
    #[test]
    fn a_large_pinned_copy_is_what_the_port_carries() {
        let gpu = "h100-80-sxm";
        let subject = Subject {
            library: shipped().clone(),
            gpu: gpu.into(),
            pcie: "gen5-x16".into(),
            host: "two-socket-2021".into(),
        };
        let at = cases().iter().position(|c| c.name == "pinned/blocking/to-device/1GiB").unwrap();
        let seconds = values(&subject).unwrap()[at].clone().unwrap();
        let profile = shipped().profile(Folder::Pcie, "gen5-x16").unwrap();
        let port = models::pcie::Port::from_profile(&profile).unwrap();
        let link = port.dma_bandwidth(models::pcie::Operation::Read, sim::Bytes::gib(1)).unwrap();
        let expected = 27.7e-6 + (1u64 << 30) as f64 / (0.9357 * link.as_bytes_per_s());
        println!("{seconds} {expected}");
        assert!((seconds / expected - 1.0).abs() < 0.02, "{seconds}, by hand {expected}");
    }
}
