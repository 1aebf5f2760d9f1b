//! MIG: the instances that a GPU can be cut into, and which of them fit beside each other.
//!
//! `mig.csv` has the published profiles (MIG User Guide, "Supported MIG Profiles"). Most GPUs have
//! eight slices of memory and seven of SMs, an A30 four of each. SMs are what `nvidia-smi mig
//! -lgip` tells: slices leave some over, which larger instances and those with more memory get. An
//! instance takes a row of memory slices and SM slices from the same place on:
//!
//! ```text
//!  memory  0 1 2 3 4 5 6 7
//!  3g.20gb ■ ■ ■ ■                 may begin at 0 and 4
//!  2g.10gb         ■ ■             may begin at 0, 2 and 4
//!  1g.5gb              ■           may begin at 0 to 6: an eighth slice of SMs there is not
//! ```
//!
//! So a profile begins at multiples of its memory slices, as long as its SM slices are there; this
//! is what `nvidia-smi mig -lgipp` lists.

use serde::Deserialize;

use super::Part;
use crate::input::{InputError, suggest};

/// What the name of the one instance ends in that has the media engines.
const MEDIA: &str = ".me";

const PROFILES: &str = include_str!("mig.csv");

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

    /// The profiles of the GPU family that `gpu` (a profile's name, `a100-40-pcie`) belongs to.
    ///
    /// # Errors
    /// If the GPU cannot be cut.
    pub fn family(gpu: &str) -> Result<Vec<MigProfile>, InputError> {
        let (own, others): (Vec<MigProfile>, Vec<MigProfile>) =
            MigProfile::all().into_iter().partition(|own| gpu.starts_with(&own.gpu));
        if own.is_empty() {
            let mut able: Vec<String> = others.into_iter().map(|other| other.gpu).collect();
            able.dedup();
            return Err(InputError::new("mig", format!("`{gpu}` has no MIG profiles"))
                .help(format!("GPUs that can be cut: {}", able.join(", "))));
        }
        Ok(own)
    }

    /// A profile of the GPU family that `gpu` belongs to, by its name.
    ///
    /// # Errors
    /// If the GPU cannot be cut, or has no such profile.
    pub fn of(gpu: &str, profile: &str) -> Result<MigProfile, InputError> {
        let family = MigProfile::family(gpu)?;
        let found = family.iter().find(|own| own.profile == profile);
        found.cloned().ok_or_else(|| {
            let names = family.iter().map(|own| own.profile.as_str());
            InputError::new("mig", format!("`{gpu}` has no MIG profile `{profile}`"))
                .help(suggest(profile, names))
        })
    }

    /// What an instance has of a GPU with `sms` SMs.
    pub fn part(&self, sms: u32) -> Part {
        let slices = f64::from(self.memory_slices) / f64::from(whole(&self.gpu).memory_slices);
        let sms = f64::from(self.sms) / f64::from(sms);
        Part { sms: sms.min(1.0), l2: slices, bandwidth: slices, memory: slices }
    }

    /// The slice that each of `wanted`, all of one GPU, begins at; none if they do not fit
    /// together.
    pub fn placed(wanted: &[MigProfile]) -> Option<Vec<u32>> {
        let whole = whole(&wanted.first()?.gpu);
        let alike = |profile: &MigProfile| wanted.iter().filter(|other| *other == profile).count();
        let media = wanted.iter().filter(|profile| profile.profile.ends_with(MEDIA)).count();
        if media > 1 || wanted.iter().any(|own| alike(own) > own.instances as usize) {
            return None;
        }
        let mut starts = vec![0; wanted.len()];
        // The largest first; equal ones are interchangeable.
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(wanted[*at].memory_slices));
        fits(wanted, &whole, &order, 0, &mut starts).then_some(starts)
    }
}

/// The profile that is the whole GPU: the last of its family.
fn whole(gpu: &str) -> MigProfile {
    let own = MigProfile::all().into_iter().filter(|profile| profile.gpu == gpu);
    own.max_by_key(|profile| profile.compute_slices).expect("a profile is of its own family")
}

/// Places `order` one after the other into the slices that `taken` (a bit each) leaves.
fn fits(
    wanted: &[MigProfile],
    whole: &MigProfile,
    order: &[usize],
    taken: u64,
    starts: &mut [u32],
) -> bool {
    let Some((&first, rest)) = order.split_first() else { return true };
    let profile = &wanted[first];
    let step = profile.memory_slices.max(1) as usize;
    let slices = (1u64 << profile.memory_slices) - 1;
    let eighths = (whole.memory_slices / whole.compute_slices).max(1);
    (0..whole.memory_slices)
        .step_by(step)
        .filter(|start| start + profile.memory_slices <= whole.memory_slices)
        .filter(|start| start / eighths + profile.compute_slices <= whole.compute_slices)
        .any(|start| {
            starts[first] = start;
            taken & (slices << start) == 0
                && fits(wanted, whole, rest, taken | (slices << start), starts)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(gpu: &str, names: &[&str]) -> Vec<MigProfile> {
        names.iter().map(|name| MigProfile::of(gpu, name).unwrap()).collect()
    }

    #[test]
    fn published_profiles_fit_their_gpus_as_often_as_published() {
        let all = MigProfile::all();
        assert_eq!(all.len(), 47);
        for profile in &all {
            let several = |count: u32| vec![profile.clone(); count as usize];
            assert!(MigProfile::placed(&several(profile.instances)).is_some(), "{profile:?}");
            assert!(MigProfile::placed(&several(profile.instances + 1)).is_none(), "{profile:?}");
            assert!(profile.source.contains("https://"), "{profile:?}");
        }
    }

    /// Combinations of the MIG User Guide's figure "MIG Profiles on A100".
    #[test]
    fn what_goes_beside_what() {
        let cases: [(&[&str], bool); 8] = [
            (&["3g.20gb", "3g.20gb"], true),
            (&["4g.20gb", "3g.20gb"], true),
            (&["4g.20gb", "2g.10gb", "1g.5gb"], true),
            (&["3g.20gb", "2g.10gb", "1g.5gb"], true),
            (&["2g.10gb", "2g.10gb", "2g.10gb", "1g.5gb"], true),
            (&["4g.20gb", "4g.20gb"], false),
            (&["3g.20gb", "3g.20gb", "1g.5gb"], false),
            (&["7g.40gb", "1g.5gb"], false),
        ];
        for (names, possible) in cases {
            let placed = MigProfile::placed(&profiles("a100-40-pcie", names));
            assert_eq!(placed.is_some(), possible, "{names:?}: {placed:?}");
        }
    }

    #[test]
    fn unknown_instances_are_refused_with_a_suggestion() {
        let told = |gpu, profile| MigProfile::of(gpu, profile).unwrap_err().to_string();
        let near = told("a100-40-pcie", "1g.6gb");
        assert!(near.starts_with("mig: `a100-40-pcie` has no MIG profile `1g.6gb` (did"), "{near}");
        let able = told("v100-16-pcie", "1g.5gb");
        assert!(able.contains("has no MIG profiles") && able.contains("a100-40"), "{able}");
    }
}
