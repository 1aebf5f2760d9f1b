//! Every shipped file is read by the parser that users' files meet.

use calibration::published::published;
use calibration::shipped;
use models::catalogue::{CniSpec, HopSpec};
use models::cluster::Cluster;
use models::library::Kind;

/// The set-ups of the 2024 CNI benchmark: each has a topology of its name.
pub const SETUPS: [&str; 23] = [
    "antrea",
    "antrea-ipsec",
    "antrea-noencap",
    "antrea-wg",
    "baremetal",
    "calico",
    "calico-ebpf",
    "calico-ebpf-wg",
    "calico-vpp",
    "calico-vpp-ipsec",
    "calico-vpp-wg",
    "calico-wg",
    "canal",
    "cilium",
    "cilium-hubble-full",
    "cilium-ipsec",
    "cilium-nohubble",
    "cilium-nokproxy",
    "cilium-wg",
    "flannel",
    "kubeovn",
    "kuberouter",
    "kuberouter-all",
];

/// Files that other topologies include; alone they are no cluster.
const PARTS: [&str; 3] = ["bench-pair", "bench-wire", "quickstart-pair"];

#[test]
fn every_shipped_file_parses() {
    let library = shipped();
    let mut files = 0;
    for kind in Kind::ALL {
        for name in library.names(kind) {
            let read = match kind {
                Kind::Host | Kind::Gpu | Kind::Pcie | Kind::Nic | Kind::Model => {
                    library.profile(kind, name).map(|_| ())
                }
                Kind::Posterior => library.posterior(name).map(|_| ()),
                Kind::Hop => HopSpec::load(name, library).map(|_| ()),
                Kind::Cni => CniSpec::load(name, library).map(|_| ()),
                Kind::Topology if PARTS.contains(&name) => library.source(kind, name).map(|_| ()),
                Kind::Topology => Cluster::named(name, library, &[]).map(|_| ()),
            };
            if let Err(error) = read {
                panic!("{error}");
            }
            files += 1;
        }
    }
    assert!(files > 100, "only {files} files were found");
}

#[test]
fn every_set_up_of_the_benchmark_has_a_topology() {
    let names: Vec<&str> = shipped().names(Kind::Topology).collect();
    for setup in SETUPS {
        assert!(names.contains(&setup), "{setup}");
    }
}

#[test]
fn every_cni_can_be_paid_for_by_the_shipped_host() {
    let library = shipped();
    let host = library.profile(Kind::Host, "bench-2024").unwrap();
    for name in library.names(Kind::Hop) {
        let begin = format!("{name}.");
        let priced = host.rows().iter().any(|row| row.parameter.starts_with(&begin));
        assert!(priced, "the host has no costs for `{name}`");
    }
}

#[test]
fn every_published_table_is_read() {
    let rows: usize = published().unwrap().iter().map(|file| file.rows().count()).sum();
    assert_eq!(rows, 3364);
}
