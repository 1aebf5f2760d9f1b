//! The policies, one file each.

mod best_fit;
mod clustering;
mod dot_product;
mod fgd;
mod kubernetes;
mod packing;
mod random;
mod scored;
mod topology;

use sim::Seed;

use super::fragmentation::Fragmentation;
use super::pods::Pods;
use super::scheduler::Scheduler;

/// A policy by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Any node on which the pod fits.
    Random,
    /// The node on which the pod leaves least.
    BestFit,
    /// The node whose free resources lie least in the direction of what the pod asks for.
    DotProduct,
    /// GPUs in use first, then nodes in use.
    GpuPacking,
    /// Nodes that hold pods of the same class first.
    GpuClustering,
    /// The node on which fragmentation rises least.
    Fgd,
    /// What kube-scheduler does unless it is told otherwise: CPU and memory spread evenly.
    Kubernetes,
    /// The pods of a gang near each other in the network, and GPUs of one NUMA node.
    Topology,
}

impl Policy {
    /// Every policy by its name.
    pub const ALL: [(&'static str, Policy); 8] = [
        ("random", Policy::Random),
        ("best-fit", Policy::BestFit),
        ("dot-product", Policy::DotProduct),
        ("gpu-packing", Policy::GpuPacking),
        ("gpu-clustering", Policy::GpuClustering),
        ("fgd", Policy::Fgd),
        ("kubernetes", Policy::Kubernetes),
        ("topology", Policy::Topology),
    ];

    /// The policy of that name.
    pub fn named(name: &str) -> Option<Policy> {
        Policy::ALL.iter().find(|(known, _)| *known == name).map(|(_, policy)| *policy)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let (name, _) =
            Policy::ALL.iter().find(|(_, known)| *known == self).expect("all are there");
        name
    }

    /// A scheduler that places pods of a trace so.
    pub fn scheduler<'a>(
        self,
        trace: &'a Pods,
        fragmentation: &'a Fragmentation,
        seed: Seed,
    ) -> Box<dyn Scheduler + 'a> {
        match self {
            Policy::Random => Box::new(random::Random::new(trace, seed)),
            Policy::BestFit => scored::boxed(trace, best_fit::BestFit),
            Policy::DotProduct => scored::boxed(trace, dot_product::DotProduct),
            Policy::GpuPacking => scored::boxed(trace, packing::Packing),
            Policy::GpuClustering => scored::boxed(trace, clustering::Clustering),
            Policy::Fgd => scored::boxed(trace, fgd::Fgd::new(fragmentation)),
            Policy::Kubernetes => scored::boxed(trace, kubernetes::Kubernetes),
            Policy::Topology => Box::new(topology::Topology::new(trace)),
        }
    }
}
