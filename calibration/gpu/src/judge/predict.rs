//! What the model says of the judging set, from a GPU's profile, its port's and its host's.
//!
//! | case | by what |
//! | --- | --- |
//! | copies, both ways at once, chunks, processes that share | `predict`, as `run` does |
//! | launches, graphs, streams, copy beside kernel, mapped memory | `plan::program` |
//! | chunks with one buffer | `plan::program` |
//! | triad, stencil, reduction, transpose, tiles, histogram | `gpu::execute` |
//!
//! `run` has buffers of the host alone: a kernel that must wait until its chunk has been copied is
//! beyond it. With two buffers and more none waits where copies are slower than kernels, as they
//! are here; with one each does.
//!
//! Intervals are those of [`interval`](mod@interval): they have what the profiles' lines say of
//! themselves, and neither the scatter of a measurement nor what the model leaves out.

mod grid;
pub mod interval;
mod program;
mod scene;
mod transfer;

use models::input::InputError;
use models::library::Library;
use serde::{Deserialize, Serialize};

use super::case::{Asks, Case};
use super::cases;
use scene::Scene;

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
    /// [`models::predict`]: what `podpath run` asks.
    Solve,
    /// [`models::plan::program`]: a program of streams.
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
            Asks::Chunks { buffers: 1, .. } => By::Program,
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
    let draws = interval::draws(subject);
    let drawn = draws.iter().map(values).collect::<Result<Vec<_>, InputError>>()?;
    let prediction = |(at, said): (usize, Result<f64, String>)| {
        let case = &cases()[at];
        let said = said.map(|value| {
            let others: Vec<f64> =
                drawn.iter().filter_map(|all| all[at].as_ref().ok().copied()).collect();
            let (low, high) = interval::ninety(value, &others);
            Said { value, low, high }
        });
        Prediction { case, by: case.by(), said }
    };
    Ok(values(subject)?.into_iter().enumerate().map(prediction).collect())
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
        By::Program => program::seconds(scene, &case.measurement().work),
        By::Execute => grid::seconds(scene, &case.asks),
    };
    match seconds {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        Ok(_) => Err("takes no time by the model".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calibration_data::shipped;

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
        let profile = shipped().profile(models::library::Kind::Pcie, "gen5-x16").unwrap();
        let port = models::pcie::Port::from_profile(&profile).unwrap();
        let link = port.dma_bandwidth(models::pcie::Operation::Read, sim::Bytes::gib(1)).unwrap();
        let expected = 9.4e-6 + (1u64 << 30) as f64 / (0.982 * link.as_bytes_per_s());
        assert!((seconds / expected - 1.0).abs() < 0.02, "{seconds}, by hand {expected}");
    }
}
