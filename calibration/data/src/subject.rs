//! One GPU in one node, to ask `predict` about copies and kernels by themselves.

use std::sync::Arc;

use models::cluster::Cluster;
use models::gpu::Gpu;
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::{Fidelity, Outcome};
use models::predict::predict;
use models::profile::Profile;
use models::transfer::Transfer;
use models::uncertainty::Draw;

/// The name of the GPU, and of its profile.
pub const GPU: &str = "subject";
/// The pod that holds it.
pub const POD: &str = "pod";

/// A node with one GPU. What the node's own profile says does not show in a copy of pinned memory
/// or in a kernel.
#[derive(Clone, Debug)]
pub struct Subject {
    cluster: Cluster,
}

impl Subject {
    /// The GPU of a profile, in the slot that the profile names.
    ///
    /// # Errors
    /// If the profile, or that of its slot, is malformed.
    pub fn new(profile: &Profile, library: &Library) -> Result<Subject, InputError> {
        Subject::with(profile, &[], library)
    }

    /// The same with other values of some parameters, in base units.
    ///
    /// # Errors
    /// As [`Subject::new`].
    pub fn with(
        profile: &Profile,
        tried: &[(String, f64)],
        library: &Library,
    ) -> Result<Subject, InputError> {
        let (generation, lanes) = (profile.count("pcie_generation")?, profile.count("pcie_lanes")?);
        let text = format!(
            "about = \"one GPU\"\n\
             [[node]]\nname = \"node\"\nhost = \"bench-2024\"\ncni = \"host-network\"\n\
             [[gpu]]\nname = \"{GPU}\"\nnode = \"node\"\nprofile = \"{GPU}\"\n\
             pcie = \"gen{generation}-x{lanes}\"\n\
             [[pod]]\nname = \"{POD}\"\nnode = \"node\"\ngpu = \"{GPU}\"\n"
        );
        let mut library = library.clone();
        library.add(Kind::Gpu, GPU, Arc::clone(profile.source()));
        if let Ok(together) = library.source(Kind::Posterior, &profile.name).cloned() {
            library.add(Kind::Posterior, GPU, together);
        }
        for (parameter, value) in tried {
            library.set(Kind::Gpu, GPU, parameter, *value)?;
        }
        let source = Source::new("subject.toml", text);
        Ok(Subject { cluster: Cluster::assemble("subject", &source, &library, &[])? })
    }

    /// The GPU in each of `draws` of what is unknown.
    ///
    /// # Errors
    /// As [`Subject::new`], of a drawn profile.
    pub fn drawn(
        profile: &Profile,
        library: &Library,
        draws: impl Iterator<Item = Draw>,
    ) -> Result<Vec<Subject>, InputError> {
        draws.map(|draw| Subject::new(profile, &library.drawn(draw))).collect()
    }

    /// The GPU, as far off as the model may be in the draw that it was assembled with.
    pub fn gpu(&self) -> &Gpu {
        let gpu = self.cluster.gpus.values().next();
        &gpu.expect("the topology has one").gpu
    }

    /// What becomes of one transfer.
    ///
    /// # Errors
    /// If it is impossible.
    pub fn ask(&self, transfer: &Transfer) -> Result<Outcome, InputError> {
        let asked = std::slice::from_ref(transfer);
        Ok(predict(&self.cluster, asked, Fidelity::Flow, 0)?.swap_remove(0))
    }
}
