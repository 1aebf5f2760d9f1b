//! What a lab can carry out of all that a transfer can say.

use models::input::InputError;
use models::topology::Topology;
use models::transfer::{HostMemory, Mode, Transfer, Transport};

/// Which transfers a lab can carry out.
///
/// # Errors
/// If it cannot carry out this one: the error names the field.
pub fn check(topology: &Topology, transfer: &Transfer) -> Result<(), InputError> {
    let refuse =
        |field: &str, problem: String, help: &str| Err(InputError::new(field, problem).help(help));
    if transfer.mode.is_rdma() {
        let problem = "RDMA needs cards that no lab of virtual devices has".into();
        return refuse("mode", problem, "serial or overlapped");
    }
    if transfer.kernel.is_some() {
        let problem = "a lab launches no kernels".into();
        return refuse("kernel_read", problem, "a transfer without a kernel");
    }
    if transfer.request.is_some() {
        let problem = "a lab resolves no names and runs no server's GPU".into();
        return refuse("request", problem, "`reply` for a request and its reply");
    }
    if topology.gpus.iter().any(|gpu| *gpu.table.name.get_ref() == transfer.to) {
        let problem = format!("`{}` is a GPU: a lab's transfers end in a pod", transfer.to);
        return refuse("to", problem, "a pod or a Service");
    }
    let from_gpu = holder(topology, &transfer.from)?.1;
    if from_gpu && (transfer.transport == Transport::Udp || transfer.streams > 1) {
        let problem = "a result from a GPU is sent over one TCP connection here".into();
        return refuse("streams", problem, "transport = \"tcp\", streams = 1");
    }
    if transfer.host_memory == HostMemory::Mapped {
        let problem = "a lab has no GPU whose kernel could copy".into();
        return refuse("host_memory", problem, "host_memory = \"pinned\"");
    }
    if !from_gpu && matches!(transfer.mode, Mode::Overlapped { .. }) {
        let problem = "there is no copy that could overlap".into();
        return refuse("mode", problem, "mode = \"serial\", or a transfer from a GPU");
    }
    if transfer.reply.is_some() && transfer.streams > 1 {
        return refuse("streams", "requests go over one connection".into(), "streams = 1");
    }
    Ok(())
}

/// The pod that a transfer starts in, and whether the result lies in its GPU.
pub(super) fn holder(topology: &Topology, from: &str) -> Result<(String, bool), InputError> {
    if topology.pods.iter().any(|pod| pod.table.name.get_ref() == from) {
        return Ok((from.to_owned(), false));
    }
    // A pod's share of a GPU has the pod's name in front.
    let shares = from.strip_suffix("/gpu");
    if let Some(pod) = topology
        .pods
        .iter()
        .map(|pod| pod.table.name.get_ref())
        .find(|name| Some(name.as_str()) == shares)
    {
        return Ok((pod.clone(), true));
    }
    let holds = |gpu: &serde_spanned::Spanned<String>| gpu.get_ref() == from;
    match topology.pods.iter().find(|pod| pod.table.gpu.as_ref().is_some_and(holds)) {
        Some(pod) => Ok((pod.table.name.get_ref().clone(), true)),
        None => Err(InputError::new("from", format!("no pod is or holds `{from}`"))
            .help("a pod, or a GPU that a pod holds")),
    }
}
