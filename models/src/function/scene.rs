//! What there is: GPUs, functions, and the calls that come.

use sim::{Bytes, Time};

use super::call::Call;
use super::cost::{Cost, Duration};
use super::keep::Keep;
use super::scaling::Scaling;

/// How many stages a start has.
pub const STAGES: usize = 6;

/// A stage of the start of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Layers that several images share are pulled to the node, unless they are there.
    Base,
    /// The image is pulled to the node, unless it is there.
    Image,
    /// The container is created and its process started.
    Container,
    /// The runtime is imported and the CUDA context made.
    Context,
    /// Weights come from a store or a disk into the host's memory.
    Host,
    /// Weights are copied to the GPU.
    Gpu,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; STAGES] =
        [Stage::Base, Stage::Image, Stage::Container, Stage::Context, Stage::Host, Stage::Gpu];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Base => "base",
            Stage::Image => "image",
            Stage::Container => "container",
            Stage::Context => "context",
            Stage::Host => "host",
            Stage::Gpu => "gpu",
        }
    }
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What weights may take of its memory that are on no GPU any more; none if they are dropped.
    pub host_memory: Bytes,
}

/// A GPU that instances run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// The node, by its number.
    pub node: u32,
    /// Its memory.
    pub memory: Bytes,
    /// How many calls work on it at once, whatever the instance.
    pub calls: u32,
}

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What an instance takes of a GPU's memory.
    pub weights: Bytes,
    /// The layers that its image shares with others, by their number.
    pub base: Option<u32>,
    /// How many calls an instance works on at once.
    pub concurrency: u32,
    /// What each [`Stage`] of a start costs.
    pub starts: [Cost; STAGES],
    /// What the gateway needs for a call.
    pub gateway: Duration,
    /// What is loaded for a call alone, where the call does not say.
    pub load: Cost,
    /// The work of a call, where the call does not say.
    pub work: Duration,
    /// What brings the result back.
    pub result: Cost,
    /// How long a call may take from its arrival to its end.
    pub limit: Option<Time>,
    /// The memory that a call needs in the end, and how much it may have \[B\].
    pub memory: Option<(Duration, f64)>,
    /// How long instances are kept; scaling by concurrency or queue decides that itself.
    pub keep: Keep,
    /// When instances are started and stopped.
    pub scaling: Scaling,
    /// As many are always there, and are when the run begins.
    pub least: u32,
    /// There are never more.
    pub most: u32,
    /// The function that is called with its result.
    pub then: Option<u32>,
}

impl Function {
    /// A function that costs nothing: one call at a time, instances that start for calls and stay
    /// until their room is needed.
    pub fn new(name: impl Into<String>) -> Function {
        Function {
            name: name.into(),
            weights: Bytes::new(1),
            base: None,
            concurrency: 1,
            starts: [Cost::NOTHING; STAGES],
            gateway: Duration::Nothing,
            load: Cost::NOTHING,
            work: Duration::Nothing,
            result: Cost::NOTHING,
            limit: None,
            memory: None,
            keep: Keep::Forever,
            scaling: Scaling::PerCall,
            least: 0,
            most: u32::MAX,
            then: None,
        }
    }
}

/// Everything that a run needs. Functions name each other by numbers that exist, chains end, every
/// function fits on some GPU, and calls are in the order of their arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Machines.
    pub nodes: Vec<Node>,
    /// Their GPUs.
    pub gpus: Vec<Gpu>,
    /// What is called.
    pub functions: Vec<Function>,
    /// The calls from outside.
    pub calls: Vec<Call>,
}

impl Scene {
    /// GPUs that are alike, each in a node of its own with memory for `models` functions of one
    /// byte, and one call at a time.
    pub fn pool(gpus: u32, models: u32) -> Scene {
        let name = |at: u32| format!("gpu-{at}");
        let node = |at| Node { name: name(at), host_memory: Bytes::new(0) };
        let gpu = |at| {
            let memory = Bytes::new(models.into());
            Gpu { name: name(at), node: at, memory, calls: 1 }
        };
        Scene {
            nodes: (0..gpus).map(node).collect(),
            gpus: (0..gpus).map(gpu).collect(),
            functions: Vec::new(),
            calls: Vec::new(),
        }
    }
}
