//! Every shipped file is read by the parser that users' files meet.

use calibration_data::published::published;
use calibration_data::shipped;
use models::catalogue::{CniSpec, HopSpec};
use models::cluster::Cluster;
use models::gpu::machine::Machine;
use models::library::Kind;
use models::profile::Parameter;
use models::uncertainty::prior::spread;
use models::uncertainty::{DRAWS, Draw};
use sim::Seed;

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

/// The kinds of profile that are tables of parameters.
const TABLES: [Kind; 4] = [Kind::Host, Kind::Gpu, Kind::Pcie, Kind::Nic];

/// Files that other topologies include; alone they are no cluster.
const PARTS: [&str; 3] = ["bench-pair", "bench-wire", "quickstart-pair"];

/// What is unknown may be anywhere within what is believed of it, and there is a cluster still.
#[test]
fn every_shipped_topology_can_be_drawn() {
    let library = shipped();
    let moved = |draw: Draw| {
        let drawn = library.drawn(draw);
        for name in library.names(Kind::Topology).filter(|name| !PARTS.contains(name)) {
            if let Err(error) = Cluster::named(name, &drawn, &[]) {
                panic!("{name} in {draw:?}: {error}");
            }
        }
        for (kind, name) in TABLES.iter().flat_map(|k| library.names(*k).map(move |n| (*k, n))) {
            let (given, drawn) = (library.given(kind, name), drawn.profile(kind, name));
            let (given, drawn) = (given.unwrap(), drawn.unwrap());
            let pairs = given.rows().iter().zip(drawn.rows());
            // What a state says is as unknown as the state.
            let open = library.open(kind, name).unwrap();
            let said = |line: &str| open.iter().any(|own| own.moves(line));
            let known = |row: &Parameter| spread(row).is_exact() && !said(&row.parameter);
            for (given, drawn) in pairs.filter(|(given, _)| known(given)) {
                assert_eq!(given.value, drawn.value, "{name} {}", given.parameter);
            }
            if kind == Kind::Gpu && given.has("compute_capability") {
                Machine::from_profile(&drawn).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    };
    Draw::all(Seed::new(1), DRAWS).for_each(moved);
}

#[test]
fn every_shipped_file_parses() {
    let library = shipped();
    let mut files = 0;
    for kind in Kind::ALL {
        for name in library.names(kind) {
            let read = match kind {
                Kind::Host
                | Kind::Gpu
                | Kind::Pcie
                | Kind::Nic
                | Kind::Model
                | Kind::Collective => library.profile(kind, name).map(|_| ()),
                Kind::Posterior => library.posterior(name).map(|_| ()),
                Kind::Hypothesis => library.hypothesis(name).map(|_| ()),
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
    assert_eq!(rows, 34_464);
}
