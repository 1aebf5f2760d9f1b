//! What a pod gets of a GPU when it asks as in a manifest, as NVIDIA's device plugin gives it.
//!
//! ```text
//! resources: { limits: { nvidia.com/gpu: 1 } }               # a GPU, or a share of one
//! resources: { limits: { nvidia.com/gpu.shared: 1 } }        # a share, where it is so named
//! resources: { limits: { nvidia.com/mig-1g.5gb: 1 } }        # an instance
//! ```
//!
//! Time slicing and MPS advertise a GPU `replicas` times, MIG its instances by their profile, or
//! as `nvidia.com/gpu` where all are alike (strategy `single`). An MPS replica gets an even part of
//! the threads and of the memory. README of <https://github.com/NVIDIA/k8s-device-plugin>,
//! "Shared Access to GPUs".

use super::mig::MigProfile;
use super::{Share, Sharing};
use crate::input::InputError;

/// What NVIDIA's resources begin with.
const VENDOR: &str = "nvidia.com/";

/// What is left of a GPU to be given to pods.
#[derive(Clone, Debug)]
pub struct Offer {
    sharing: Sharing,
    /// Replicas, or instances, that nobody has.
    left: u32,
    instances: Vec<MigProfile>,
}

impl Offer {
    /// All of a GPU that is set up for `sharing`.
    pub fn of(sharing: &Sharing) -> Offer {
        let (left, instances) = match sharing {
            Sharing::Exclusive => (1, Vec::new()),
            Sharing::TimeSlicing { replicas, .. } | Sharing::Mps { replicas } => {
                (*replicas, Vec::new())
            }
            Sharing::Mig(instances) => (instances.len() as u32, instances.clone()),
        };
        Offer { sharing: sharing.clone(), left, instances }
    }

    /// The resource that a pod asks for that does not say: a GPU or share of one.
    pub const ANY: &str = "nvidia.com/gpu";

    /// Gives what `resource` asks for, if there is any left.
    ///
    /// # Errors
    /// If this GPU does not offer the resource, or all of it is taken.
    pub fn take(&mut self, resource: &str) -> Result<Share, InputError> {
        let offered = format!("offered here: {}", self.offered().join(", "));
        let Some(name) = resource.strip_prefix(VENDOR) else {
            let problem = format!("`{resource}` is no GPU");
            return Err(InputError::new("limits", problem).help(offered));
        };
        let remedy = self.remedy();
        let taken = || {
            let problem = format!("no `{resource}` is left of this GPU");
            InputError::new("limits", problem).help(remedy)
        };
        let unknown = || {
            let problem = format!("this GPU does not offer `{resource}`");
            InputError::new("limits", problem).help(&offered)
        };
        let share = match (&self.sharing, name) {
            (Sharing::Exclusive, "gpu") => Share::Whole,
            (Sharing::TimeSlicing { .. }, "gpu" | "gpu.shared") => Share::Turn,
            (Sharing::Mps { replicas }, "gpu" | "gpu.shared") => {
                let even = 1.0 / f64::from(*replicas);
                Share::Client { thread_percentage: 100.0 * even, memory: even }
            }
            (Sharing::Mig(all), name) => {
                let wanted = name.strip_prefix("mig-");
                let alike = all.windows(2).all(|pair| pair[0] == pair[1]);
                let meant = |own: &MigProfile| match wanted {
                    Some(wanted) => own.profile == wanted,
                    None => name == "gpu" && alike,
                };
                if !all.iter().any(meant) {
                    return Err(unknown());
                }
                let at = self.instances.iter().position(meant).ok_or_else(taken)?;
                Share::Instance(self.instances.remove(at))
            }
            _ => return Err(unknown()),
        };
        self.left = self.left.checked_sub(1).ok_or_else(taken)?;
        Ok(share)
    }

    /// The resources that this GPU offers.
    fn offered(&self) -> Vec<String> {
        match &self.sharing {
            Sharing::Exclusive => vec![Offer::ANY.into()],
            Sharing::TimeSlicing { .. } | Sharing::Mps { .. } => {
                vec![Offer::ANY.into(), format!("{}.shared", Offer::ANY)]
            }
            Sharing::Mig(all) => {
                let mut names: Vec<String> =
                    all.iter().map(|own| format!("{VENDOR}mig-{}", own.profile)).collect();
                names.sort();
                names.dedup();
                if names.len() == 1 {
                    names.push(Offer::ANY.into());
                }
                names
            }
        }
    }

    fn remedy(&self) -> &'static str {
        match self.sharing {
            Sharing::Exclusive => {
                "another GPU, or [[gpu]] with sharing = \"time-slicing\", \"mps\" or \"mig\""
            }
            Sharing::TimeSlicing { .. } | Sharing::Mps { .. } => "[[gpu]] with more `replicas`",
            Sharing::Mig(_) => "[[gpu]] with more instances in `mig`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Turns;
    use super::*;

    fn mig(names: &[&str]) -> Sharing {
        let all = names.iter().map(|name| MigProfile::of("a100-40-pcie", name).unwrap());
        Sharing::Mig(all.collect())
    }

    #[test]
    fn a_pod_asks_as_a_kubernetes_user_writes_it() {
        let turns = Turns { quantum: sim::Time::from_ms(2), switch: sim::Time::ZERO };
        let turns = Sharing::TimeSlicing { replicas: 2, turns };
        let mut offer = Offer::of(&turns);
        assert_eq!(offer.take("nvidia.com/gpu").unwrap(), Share::Turn);
        assert_eq!(offer.take("nvidia.com/gpu.shared").unwrap(), Share::Turn);
        let told = offer.take("nvidia.com/gpu").unwrap_err().to_string();
        assert_eq!(
            told,
            "limits: no `nvidia.com/gpu` is left of this GPU ([[gpu]] with more `replicas`)"
        );
        let mut offer = Offer::of(&Sharing::Mps { replicas: 4 });
        let client = Share::Client { thread_percentage: 25.0, memory: 0.25 };
        assert_eq!(offer.take("nvidia.com/gpu").unwrap(), client);
        let mut offer = Offer::of(&mig(&["3g.20gb", "1g.5gb", "1g.5gb"]));
        let Share::Instance(large) = offer.take("nvidia.com/mig-3g.20gb").unwrap() else {
            panic!("an instance")
        };
        assert_eq!((large.sms, large.memory_slices), (42, 4));
        let told = offer.take("nvidia.com/mig-3g.20gb").unwrap_err().to_string();
        assert!(told.contains("more instances"), "{told}");
        let told = offer.take("nvidia.com/gpu").unwrap_err().to_string();
        assert!(told.contains("mig-1g.5gb, nvidia.com/mig-3g.20gb"), "{told}");
        // Strategy `single`: all instances alike are plain GPUs.
        assert!(Offer::of(&mig(&["1g.5gb", "1g.5gb"])).take("nvidia.com/gpu").is_ok());
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let mut whole = Offer::of(&Sharing::Exclusive);
        for resource in ["amd.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb"] {
            let told = whole.take(resource).unwrap_err().to_string();
            assert!(told.ends_with("(offered here: nvidia.com/gpu)"), "{told}");
        }
        assert_eq!(whole.take("nvidia.com/gpu").unwrap(), Share::Whole);
        let told = whole.take("nvidia.com/gpu").unwrap_err().to_string();
        assert!(told.contains("time-slicing"), "{told}");
    }
}
