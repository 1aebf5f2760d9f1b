//! A node with one GPU, as the model sees it: whole, shared in turns, and shared by MPS.

use models::cluster::Cluster;
use models::gpu::Gpu;
use models::gpu::copy::{CopyEngine, Direction};
use models::gpu::machine::Machine;
use models::gpu::off::Off;
use models::input::{InputError, Source};
use models::library::Kind;
use models::pcie::Port;
use models::uncertainty::model::Errors;

use super::super::process::PROCESSES;
use super::Subject;

/// Everything that predictions are made of.
pub(super) struct Scene {
    /// One pod has the GPU.
    pub(super) whole: Cluster,
    /// Two pods have it in turns.
    pub(super) turns: Cluster,
    /// Two pods are clients of MPS.
    pub(super) mps: Cluster,
    /// The GPU's execution model.
    pub(super) machine: Machine,
    /// Copies to the device and to the host.
    pub(super) engines: [CopyEngine; 2],
    /// Host copies that may run at once.
    pub(super) copy_engines: u32,
}

impl Scene {
    /// # Errors
    /// If a profile is missing or malformed, or the GPU's has no execution model.
    pub(super) fn new(subject: &Subject) -> Result<Scene, InputError> {
        let library = &subject.library;
        let cluster = |name: &str, text: String| {
            Cluster::assemble(name, &Source::new(name, text), library, &[])
        };
        let gpu = Gpu::from_profile(&library.profile(Kind::Gpu, &subject.gpu)?)?;
        let off = Off::of(&Errors::of(library)?, &gpu);
        let gpu = gpu.off_by(off);
        let port = Port::from_profile(&library.profile(Kind::Pcie, &subject.pcie)?)?;
        let machine = gpu.machine.clone().ok_or_else(|| {
            InputError::new("compute_capability", "the GPU's profile has no execution model")
                .help("a profile that `podpath calibrate gpu` wrote, or a shipped one that has it")
        })?;
        let engine = |direction| gpu.copy.engine(&port, direction);
        Ok(Scene {
            whole: cluster("judging set", whole(subject))?,
            turns: cluster("judging set, in turns", shared(subject, "time-slicing"))?,
            mps: cluster("judging set, under MPS", shared(subject, "mps"))?,
            machine,
            engines: [engine(Direction::ToDevice), engine(Direction::ToHost)],
            copy_engines: gpu.copy.engines,
        })
    }
}

/// One node and its GPU.
fn node(subject: &Subject) -> String {
    let Subject { gpu, pcie, host, .. } = subject;
    format!(
        "[[node]]\nname = \"node\"\nhost = {host:?}\ncni = \"host-network\"\n\n\
         [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = {gpu:?}\npcie = {pcie:?}\n"
    )
}

fn whole(subject: &Subject) -> String {
    let node = node(subject);
    format!("{node}\n[[pod]]\nname = \"process\"\nnode = \"node\"\ngpu = \"gpu\"\n")
}

fn shared(subject: &Subject, sharing: &str) -> String {
    let mut text = node(subject);
    text += &format!("sharing = {sharing:?}\nreplicas = {PROCESSES}\n");
    for at in 0..PROCESSES {
        text += &format!(
            "\n[[pod]]\nname = \"process-{at}\"\nnode = \"node\"\n\
             limits = {{ \"nvidia.com/gpu.shared\" = 1 }}\n"
        );
    }
    text
}
