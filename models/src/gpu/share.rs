//! Sharing one GPU between pods: alone, in turns, side by side, or cut in pieces.
//!
//! | way | what a pod has | what it loses |
//! | --- | --- | --- |
//! | exclusive | the GPU | nothing |
//! | time slicing | the GPU, in turns of `quantum` | its neighbours' turns, and a switch each |
//! | MPS | some SMs, all of the memory system | what its neighbours move through L2 and memory |
//! | MIG | an instance: SMs, L2, memory and copy engines of its own | the rest of the GPU |
//!
//! `mig.csv` has NVIDIA's published profiles (MIG User Guide, "Supported MIG Profiles"): most GPUs
//! have seven slices of SMs and eight of memory, an A30 four of each. SMs are what `nvidia-smi mig
//! -lgip` tells: slices leave some over, which larger instances and those with more memory get.

use serde::Deserialize;
use sim::Time;

use crate::input::{InputError, nearest};

use super::machine::Machine;

const PROFILES: &str = include_str!("mig.csv");

/// What of a GPU a pod may use, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// SMs.
    pub sms: f64,
    /// L2 cache and its bandwidth.
    pub l2: f64,
    /// Bandwidth of device memory.
    pub bandwidth: f64,
    /// Device memory.
    pub memory: f64,
}

impl Part {
    /// All of it.
    pub const WHOLE: Part = Part { sms: 1.0, l2: 1.0, bandwidth: 1.0, memory: 1.0 };
}

/// A published MIG profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigProfile {
    /// The GPU family, which its profiles' names begin with: `a100-40`, `h100-80-sxm`.
    pub gpu: String,
    /// The name as a resource line has it: `1g.5gb`, and `1g.5gb.me` for NVIDIA's `1g.5gb+me`.
    pub profile: String,
    /// Slices of SMs, of seven (an A30: of four).
    pub compute_slices: u32,
    /// SMs of the instance.
    pub sms: u32,
    /// Slices of L2 and memory, in eighths of the GPU.
    pub memory_slices: u32,
    /// Memory of the instance in GiB, as the name rounds it.
    pub memory_gib: u32,
    /// Copy engines of the instance.
    pub copy_engines: u32,
    /// Instances of this profile that a GPU can hold.
    pub instances: u32,
    /// The documents that say so, and what is assumed where they do not.
    pub source: String,
}

impl MigProfile {
    /// Every published profile.
    pub fn all() -> Vec<MigProfile> {
        let mut reader = csv::Reader::from_reader(PROFILES.as_bytes());
        reader.deserialize().map(|row| row.expect("the table is tested")).collect()
    }

    /// A profile of the GPU family that `gpu` (a profile's name, `a100-40-pcie`) belongs to.
    ///
    /// # Errors
    /// If the GPU cannot be cut, or has no such profile.
    pub fn of(gpu: &str, profile: &str) -> Result<MigProfile, InputError> {
        let all = MigProfile::all();
        let own: Vec<&MigProfile> = all.iter().filter(|own| gpu.starts_with(&own.gpu)).collect();
        if own.is_empty() {
            return Err(InputError::new("resource", format!("`{gpu}` has no MIG profiles")));
        }
        let found = own.iter().find(|own| own.profile == profile);
        found.map(|found| (*found).clone()).ok_or_else(|| {
            let names = own.iter().map(|own| own.profile.as_str());
            let near = nearest(profile, names.clone()).map(str::to_owned);
            let all = names.collect::<Vec<_>>().join(", ");
            InputError::new("resource", format!("`{gpu}` has no MIG profile `{profile}`"))
                .help(near.map_or(all, |near| format!("did you mean `{near}`?")))
        })
    }

    /// What of `machine` an instance has.
    pub fn part(&self, machine: &Machine) -> Part {
        let slices = f64::from(self.memory_slices) / 8.0;
        let sms = f64::from(self.sms) / f64::from(machine.sms);
        Part { sms: sms.min(1.0), l2: slices, bandwidth: slices, memory: slices }
    }
}

/// How a GPU is shared between pods.
#[derive(Clone, Debug, PartialEq)]
pub enum Sharing {
    /// One pod has it.
    Exclusive,
    /// Pods take turns.
    TimeSlicing {
        /// Pods that may have work at the same time.
        replicas: u32,
        /// The longest turn.
        quantum: Time,
        /// From one pod's work to the next one's.
        switch: Time,
    },
    /// Processes run side by side.
    Mps {
        /// `CUDA_MPS_ACTIVE_THREAD_PERCENTAGE`: of the SMs, above 0 to 100.
        thread_percentage: f64,
    },
    /// An instance of its own.
    Mig(MigProfile),
}

/// The time slice of the default setting of the driver and of `nvidia-smi compute-policy`.
pub const QUANTUM: Time = Time::from_ms(2);
/// From one process's work to another's. Assumed; contexts are saved to device memory.
pub const SWITCH: Time = Time::from_us(200);

impl Sharing {
    /// What a pod's resource line asks of a GPU that is set up to be shared among `replicas`.
    ///
    /// `nvidia.com/gpu` is a whole GPU, or a turn of one where the device plugin is told to
    /// advertise replicas; `nvidia.com/gpu.shared` is what it is renamed to then;
    /// `nvidia.com/mig-1g.5gb` is an instance.
    ///
    /// # Errors
    /// If the resource is unknown, or the GPU has no such instance.
    pub fn of_resource(resource: &str, gpu: &str, replicas: u32) -> Result<Sharing, InputError> {
        let turns =
            || Sharing::TimeSlicing { replicas: replicas.max(1), quantum: QUANTUM, switch: SWITCH };
        match resource.strip_prefix("nvidia.com/") {
            Some("gpu") if replicas <= 1 => Ok(Sharing::Exclusive),
            Some("gpu" | "gpu.shared") => Ok(turns()),
            Some(name) if name.starts_with("mig-") => {
                MigProfile::of(gpu, &name["mig-".len()..]).map(Sharing::Mig)
            }
            _ => Err(InputError::new("resource", format!("`{resource}` is no GPU"))
                .help("nvidia.com/gpu, nvidia.com/gpu.shared or nvidia.com/mig-1g.5gb")),
        }
    }

    /// The machine that a pod sees while `neighbours` other pods are at work; MPS neighbours
    /// move `moved` (0 to 1) of what memory can.
    pub fn machine(&self, machine: &Machine, moved: f64) -> Machine {
        match self {
            Sharing::Exclusive | Sharing::TimeSlicing { .. } => machine.clone(),
            Sharing::Mps { thread_percentage } => {
                let left = 1.0 - moved.clamp(0.0, 1.0);
                // Max-min: nobody is pushed below an even share by one neighbour.
                let bandwidth = left.max(0.5);
                let sms = thread_percentage / 100.0;
                machine.part(&Part { sms, l2: bandwidth, bandwidth, memory: 1.0 })
            }
            Sharing::Mig(profile) => machine.part(&profile.part(machine)),
        }
    }

    /// How long work of `alone` takes while `busy` pods in all have work.
    pub fn elapsed(&self, alone: Time, busy: u32) -> Time {
        let Sharing::TimeSlicing { quantum, switch, .. } = self else { return alone };
        let others = u64::from(busy.saturating_sub(1));
        if others == 0 || alone == Time::ZERO {
            return alone;
        }
        // Before each of its turns every other pod has one, and each turn begins with a switch.
        let turns = alone.as_ps().div_ceil(quantum.as_ps().max(1));
        let others_turn = quantum.saturating_add(*switch).as_ps();
        let waiting = turns.saturating_mul(others.saturating_mul(others_turn) + switch.as_ps());
        alone.saturating_add(Time::from_ps(waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_profiles_fit_their_gpus() {
        let all = MigProfile::all();
        assert_eq!(all.len(), 47);
        for profile in &all {
            let memory = profile.memory_slices * profile.instances;
            let compute = profile.compute_slices * profile.instances;
            assert!(memory <= 8 && compute <= 7, "{profile:?}");
            assert!(profile.source.contains("https://"), "{profile:?}");
        }
    }

    #[test]
    fn a_pod_asks_as_a_kubernetes_user_writes_it() {
        let ask = |resource, replicas| Sharing::of_resource(resource, "a100-40-pcie", replicas);
        assert_eq!(ask("nvidia.com/gpu", 1).unwrap(), Sharing::Exclusive);
        let turns = Sharing::TimeSlicing { replicas: 4, quantum: QUANTUM, switch: SWITCH };
        assert_eq!(ask("nvidia.com/gpu", 4).unwrap(), turns);
        assert_eq!(ask("nvidia.com/gpu.shared", 4).unwrap(), turns);
        let Sharing::Mig(instance) = ask("nvidia.com/mig-3g.20gb", 1).unwrap() else { panic!() };
        assert_eq!((instance.sms, instance.memory_slices), (42, 4));
        for (resource, expected) in [
            ("amd.com/gpu", "resource: `amd.com/gpu` is no GPU"),
            ("nvidia.com/mig-1g.6gb", "resource: `a100-40-pcie` has no MIG profile `1g.6gb`"),
        ] {
            let told = ask(resource, 1).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
        let told = Sharing::of_resource("nvidia.com/mig-1g.5gb", "v100-16-pcie", 1).unwrap_err();
        assert!(told.to_string().contains("has no MIG profiles"), "{told}");
    }

    /// Three pods with 4 ms each, in turns of 2 ms with 0.2 ms to switch: two turns, before each
    /// of them two others' and three switches.
    #[test]
    fn turns() {
        let sharing = Sharing::TimeSlicing { replicas: 3, quantum: QUANTUM, switch: SWITCH };
        assert_eq!(sharing.elapsed(Time::from_ms(4), 3), Time::from_us(4_000 + 2 * 4_600));
        assert_eq!(sharing.elapsed(Time::from_ms(4), 1), Time::from_ms(4));
        assert_eq!(Sharing::Exclusive.elapsed(Time::from_ms(4), 3), Time::from_ms(4));
    }
}
