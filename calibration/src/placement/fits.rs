//! Pods that no node of a cluster could take, even with nothing else on it.

use models::input::InputError;
use models::placement::{Ask, Fleet, GpuAsk, Models, Pods, State};

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
    let (field, problem) = blame(ask, fleet, fits);
    let name = row.cell("name").unwrap_or_default();
    Err(row
        .fault(field, format!("the pod `{name}` fits on no node, even an empty one: {problem}"))
        .help("a pod that some node can take"))
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

/// What is at fault: what would let the pod fit if it were asked for no longer.
fn blame(ask: &Ask, fleet: &Fleet, fits: impl Fn(&Ask) -> bool) -> (&'static str, String) {
    let nodes = fleet.nodes().iter();
    if ask.models == Models::NONE {
        let models = fleet.models().join(", ");
        return ("gpu_spec", format!("no node has a GPU of such a model (there are {models})"));
    }
    if fits(&Ask { cpu: 0, ..*ask }) {
        let most = nodes.map(|node| node.cpu).max().unwrap_or(0);
        return ("cpu_milli", format!("{} is too much (the largest has {most})", ask.cpu));
    }
    if fits(&Ask { memory: 0, ..*ask }) {
        let most = nodes.map(|node| node.memory).max().unwrap_or(0);
        return ("memory_mib", format!("{} is too much (the largest has {most})", ask.memory));
    }
    if fits(&Ask { gpu: GpuAsk::None, ..*ask }) {
        let allowed = nodes.filter(|node| ask.models.has(node.model));
        let most = allowed.map(|node| node.gpus).max().unwrap_or(0);
        let asked = ask.gpu_milli() as f64 / 1000.0;
        let model = if ask.models == Models::ANY { "" } else { " of an allowed model" };
        return ("num_gpu", format!("{asked} is too much (the largest{model} has {most})"));
    }
    ("cpu_milli", "no node has as much of several things at once".into())
}
