//! Pods that no node of a cluster could take, even with nothing else on it.

use models::input::InputError;
use models::placement::{Ask, Fleet, GpuAsk, Models, Node, Pods, State};

use crate::data::DataFile;

/// Checks that each pod fits on some node when the cluster is empty.
///
/// # Errors
/// Names the first that does not, and what of it is too large.
pub fn check_fits(file: &DataFile, pods: &Pods, fleet: &Fleet) -> Result<(), InputError> {
    let state = State::new(fleet);
    let fits = |ask: &Ask| (0..fleet.nodes().len()).any(|node| state.free(node).fits(ask));
    let unfit: Vec<bool> = pods.shapes().iter().map(|ask| !fits(ask)).collect();
    let first = pods.shape_of_each().iter().position(|shape| unfit[*shape as usize]);
    let Some(pod) = first else { return Ok(()) };
    let row = file.rows().nth(pod).expect("a pod is a row");
    let ask = pods.ask(pod);
    let (field, problem) = blame(ask, fleet);
    let name = row.cell("name").unwrap_or_default();
    Err(row
        .fault(field, format!("the pod `{name}` fits on no node, even an empty one: {problem}"))
        .help("a pod that some node can take, or --skip-too-large"))
}

/// Checks that a pod asks for GPU: without, what has arrived would pass no percentage.
///
/// # Errors
/// If none does.
pub fn check_asks(file: &DataFile, trace: &Pods) -> Result<(), InputError> {
    match trace.shapes().iter().any(|ask| ask.gpu_milli() > 0) {
        true => Ok(()),
        false => Err(InputError::new("num_gpu", "no pod asks for a GPU")
            .help("at least one pod with GPUs")
            .at(file.source(), file.source().span_of_line(1))),
    }
}

/// What is at fault: GPUs, and of the nodes that have those, CPU or memory.
fn blame(ask: &Ask, fleet: &Fleet) -> (&'static str, String) {
    if ask.models == Models::NONE {
        let models = fleet.models().join(", ");
        return ("gpu_spec", format!("no node has a GPU of such a model (there are {models})"));
    }
    let state = State::new(fleet);
    let able = |ask: Ask| -> Vec<&Node> {
        let fits = |at: &usize| state.free(*at).fits(&ask);
        (0..fleet.nodes().len()).filter(fits).map(|at| &fleet.nodes()[at]).collect()
    };
    let with_gpus = able(Ask { cpu: 0, memory: 0, ..*ask });
    let most = |of: fn(&Node) -> u32| with_gpus.iter().map(|node| of(node)).max().unwrap_or(0);
    let (cpu, memory) = (most(|node| node.cpu), most(|node| node.memory));
    let such = if ask.gpu == GpuAsk::None { "" } else { " with such GPUs" };
    match () {
        () if with_gpus.is_empty() => {
            let allowed = fleet.nodes().iter().filter(|node| ask.models.has(node.model));
            let most = allowed.map(|node| node.gpus).max().unwrap_or(0);
            let asked = ask.gpu_milli() as f64 / 1000.0;
            let model = if ask.models == Models::ANY { "" } else { " of an allowed model" };
            ("num_gpu", format!("{asked} is too much (the largest{model} has {most})"))
        }
        () if cpu < ask.cpu => {
            ("cpu_milli", format!("{} is too much (the largest{such} has {cpu})", ask.cpu))
        }
        () if memory < ask.memory => {
            ("memory_mib", format!("{} is too much (the largest{such} has {memory})", ask.memory))
        }
        () => ("cpu_milli", format!("no node{such} has as much CPU and memory at once")),
    }
}
