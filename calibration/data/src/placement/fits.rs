//! Pods that no node of a cluster could take, even with nothing else on it.

use models::input::InputError;
use models::placement::{Ask, Fleet, GpuAsk, Models, Node, Pods, State};

use crate::file::DataFile;

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

/// More pods than anybody lets arrive.
const ARRIVALS_MAX: u64 = 2_000_000;

/// Checks that drawn pods come to ask for so many percent of a cluster's GPU, and soon enough.
///
/// # Errors
/// If no pod asks for GPU, or so little that more than two million would have to arrive.
pub fn check_arrivals(
    file: &DataFile,
    trace: &Pods,
    fleet: &Fleet,
    percent: u32,
) -> Result<(), InputError> {
    let told = |problem: String, help: &str| {
        let line = file.source().span_of_line(1);
        Err(InputError::new("num_gpu", problem).help(help).at(file.source(), line))
    };
    let asked = (0..trace.count()).map(|pod| trace.ask(pod).gpu_milli()).sum::<u64>();
    if asked == 0 {
        return told("no pod asks for a GPU".into(), "at least one pod with GPUs");
    }
    let rounds = fleet.gpu_milli() as f64 * f64::from(percent) / 100.0 / asked as f64;
    let arrivals = rounds * trace.count() as f64;
    if arrivals > ARRIVALS_MAX as f64 {
        let problem =
            format!("some {arrivals:.0} pods would have to arrive, so little they ask for");
        return told(problem, "pods that ask for more GPU, or a smaller percentage or cluster");
    }
    Ok(())
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
