//! A GPU: how long a kernel lasts, how fast its engines copy, and how pods share it.
//!
//! - [`kernel`]: launch latency and the roofline, from the data sheet alone.
//! - [`launches`]: how kernels follow each other.
//! - [`launch`], [`work`], [`access`]: what a kernel asks for, thread by thread.
//! - [`capability`], [`occupancy`]: what its generation allows, and how many blocks an SM holds.
//! - [`machine`], [`memory`], [`block`]: the calibrated GPU, and what one block costs on it.
//! - [`off`]: how far all of that may be off.
//! - [`execute`]: how long the grid runs, at three levels of detail.
//! - [`copy`]: the copy engines, between device memory and pinned or pageable host memory.
//! - [`share`]: a GPU for several pods.
//! - [`assumed`]: what is taken for true where a profile says nothing.
//!
//! The first table is what every profile has; [`machine`] has what execution needs besides.
//!
//! | parameter | unit | what |
//! | --- | --- | --- |
//! | `sms` | count | streaming multiprocessors |
//! | `clock` | MHz | boost clock |
//! | `memory` | GiB | device memory |
//! | `hbm_bandwidth` | GB/s | device memory, as the data sheet has it |
//! | `fp32_peak`, `fp64_peak` | Tflop/s | outside tensor cores |
//! | `launch_latency` | time | from the launch call to the kernel's first instruction |
//! | `copy_engines` | count | host copies that may run at once, both directions together |
//! | `copy_setup`, `copy_call` | time | see [`copy::CopyEngine`] |
//! | `copy_to_device_efficiency`, `copy_to_host_efficiency` | ratio | see [`copy`] |
//! | `turn_quantum`, `turn_switch` | time | see [`share::Turns`] |
//! | `share_streams_cost` | ratio | see [`Gpu::crowded`] |

pub mod access;
pub mod assumed;
pub mod atomics;
pub mod block;
pub mod capability;
pub mod copy;
pub mod execute;
pub mod kernel;
pub mod launch;
pub mod launches;
pub mod machine;
pub mod memory;
pub mod occupancy;
pub mod off;
pub mod peer;
pub mod share;
pub mod work;

use sim::{Bytes, Rate, Time};

use crate::input::InputError;
use crate::profile::{Dimension, How, Profile};

/// Turns shorter than the time to switch would be a GPU that does little else, and no turn at all a
/// simulation that never ends.
const QUANTUM_MIN: Time = Time::from_us(1);

/// What simple models need to know of a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Boost clock in hertz.
    pub clock_hz: f64,
    /// Device memory.
    pub memory: Bytes,
    /// What device memory can move, reads and writes together.
    pub hbm_bandwidth: Rate,
    /// Single-precision peak outside tensor cores [flop/s].
    pub fp32_flop_per_s: f64,
    /// Double-precision peak outside tensor cores [flop/s].
    pub fp64_flop_per_s: f64,
    /// From the launch call to the kernel's first instruction.
    pub launch_latency: Time,
    /// The copy engines.
    pub copy: copy::Parameters,
    /// How pods take turns, where the topology does not say.
    pub turns: share::Turns,
    /// What each kernel beside another one adds to the time of both, as a part of its time alone,
    /// where each of them fills the GPU: 1 is sharing without loss.
    pub share_streams_cost: f64,
    /// Whether its copies were measured, and not taken to be as those of another.
    pub copies_known: bool,
    /// What runs kernels thread by thread, where the profile has it.
    pub machine: Option<machine::Machine>,
}

impl Gpu {
    /// Reads a GPU from a profile of kind `gpu`.
    ///
    /// # Errors
    /// If a parameter is missing, has the wrong unit, or is out of range. A profile that has one
    /// parameter of the execution model has to have them all.
    pub fn from_profile(profile: &Profile) -> Result<Gpu, InputError> {
        let modelled = is_modelled(profile);
        let machine = modelled.then(|| machine::Machine::from_profile(profile)).transpose()?;
        Ok(Gpu { machine, ..Gpu::facts(&assumed::completed(profile))? })
    }

    /// How much more of the SMs `clients` kernels take that fill the GPU together, than the sum of
    /// what they take alone.
    ///
    /// ```text
    ///   time of k together = time of one · (1 + (k − 1) · cost)
    /// ```
    pub fn crowded(&self, clients: u32) -> f64 {
        let clients = f64::from(clients.max(1));
        (1.0 + (clients - 1.0) * self.share_streams_cost) / clients
    }

    /// All but the execution model.
    fn facts(profile: &Profile) -> Result<Gpu, InputError> {
        let positive = |parameter, dimension| match profile.base(parameter, dimension)? {
            value if value > 0.0 => Ok(value),
            _ => Err(profile.fault(parameter, "must be above zero", "a value above zero")),
        };
        let quantum = Time::from_seconds(positive("turn_quantum", Dimension::Time)?);
        if quantum < QUANTUM_MIN {
            return Err(profile.fault("turn_quantum", "is too short for a turn", "1 us or more"));
        }
        Ok(Gpu {
            sms: positive("sms", Dimension::Count).and(profile.count("sms"))?,
            clock_hz: positive("clock", Dimension::Frequency)?,
            memory: profile.bytes("memory")?,
            hbm_bandwidth: profile.rate("hbm_bandwidth")?,
            fp32_flop_per_s: positive("fp32_peak", Dimension::Flops)?,
            fp64_flop_per_s: positive("fp64_peak", Dimension::Flops)?,
            launch_latency: profile.time("launch_latency")?,
            copy: copy::Parameters::from_profile(profile)?,
            turns: share::Turns { quantum, switch: profile.time("turn_switch")? },
            share_streams_cost: positive("share_streams_cost", Dimension::Ratio)?,
            copies_known: profile.rows().iter().any(|row| {
                row.parameter == "copy_setup" && matches!(row.how, How::Measured | How::Fitted)
            }),
            machine: None,
        })
    }
}

/// Whether a profile has an execution model, or at least a part of one.
fn is_modelled(profile: &Profile) -> bool {
    machine::CALIBRATED.iter().any(|(name, _)| profile.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::library::Kind;
    use crate::pcie::Port;

    /// Every file of a folder of shipped profiles, by name.
    fn shipped(kind: Kind) -> Vec<Profile> {
        let root = env!("CARGO_MANIFEST_DIR");
        let folder = format!("{root}/../calibration/profiles/{}", kind.folder());
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let parse = |path: &std::path::PathBuf| {
            let name = path.file_stem().unwrap().to_string_lossy();
            let text = std::fs::read_to_string(path).unwrap();
            Profile::parse(kind, &name, &Source::new(&*name, text)).unwrap()
        };
        paths.iter().map(parse).collect()
    }

    #[test]
    fn the_instances_of_every_mig_profile_have_their_sms() {
        let gpus = shipped(Kind::Gpu);
        for instance in share::mig::MigProfile::all() {
            let mut whole =
                gpus.iter().filter(|gpu| gpu.name.starts_with(&instance.gpu)).peekable();
            assert!(whole.peek().is_some(), "no GPU for {instance:?}");
            for gpu in whole {
                let sms = Gpu::from_profile(gpu).unwrap().sms;
                assert!(instance.sms * instance.instances <= sms, "{}: {instance:?}", gpu.name);
            }
        }
    }

    #[test]
    fn every_shipped_gpu_and_port_can_be_read() {
        let gpus = shipped(Kind::Gpu);
        assert!(gpus.len() >= 7);
        for profile in &gpus {
            let gpu = Gpu::from_profile(profile).unwrap_or_else(|error| panic!("{error}"));
            // Two operations per lane and cycle: 64 or 128 single-precision lanes an SM.
            let lanes = gpu.fp32_flop_per_s / (2.0 * gpu.clock_hz * f64::from(gpu.sms));
            let nearest = if lanes < 96.0 { 64.0 } else { 128.0 };
            assert!((lanes / nearest - 1.0).abs() < 0.01, "{}: {lanes}", profile.name);
        }
        let ports = shipped(Kind::Pcie);
        assert!(ports.len() >= 6);
        for profile in &ports {
            let port = Port::from_profile(profile).unwrap_or_else(|error| panic!("{error}"));
            let Some(link) = port.link() else { continue };
            assert_eq!(profile.name, format!("{}-{}", link.generation, link.width));
        }
    }
}
