//! Nothing is free by accident: what a file says has effect, and what it does not say is refused
//! where it would be needed.

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::{check, notes, predict};
use models::transfer::{HostMemory, Mode, Transfer, Transport};
use sim::Bytes;

use crate::fixture::{HOST, PAIR, library, steady, transfer};

/// The pair on a container network, with one profile replaced.
fn pair(cni: &str, kind: Kind, name: &str, text: &str, settings: &[Setting]) -> Cluster {
    built(cni, kind, name, text, settings).unwrap_or_else(|error| panic!("{error}"))
}

fn built(
    cni: &str,
    kind: Kind,
    name: &str,
    text: &str,
    settings: &[Setting],
) -> Result<Cluster, InputError> {
    let library = replaced(kind, name, text);
    let source = Source::new("t.toml", PAIR.replace("CNI", cni));
    Cluster::assemble("t", &source, &library, settings)
}

fn replaced(kind: Kind, name: &str, text: &str) -> Library {
    let mut library = library();
    library.add(kind, name, Source::new(format!("{name}.csv"), text));
    library
}

fn host(lines: &str) -> String {
    format!("{HOST}{lines}")
}

fn set(key: &str, value: impl Into<toml::Value>) -> Setting {
    Setting::new(key, value)
}

fn gbit_s(cluster: &Cluster, asked: &Transfer) -> f64 {
    steady(cluster, std::slice::from_ref(asked), Fidelity::Flow)[0].goodput.as_gbit_s()
}

const NIC: &str = "parameter,value,unit,low,high,how,source\nlatency,1,us,,,assumed,t\n";

/// A 10 Gbit/s card on a 40 Gbit/s cable: 8898 bytes of 9038 are payload, in each direction, for
/// sockets and for GPUDirect RDMA (4096 of 4178).
#[test]
fn a_card_delivers_what_its_port_can() {
    let slow = format!("{NIC}port_rate,10,Gbit/s,,,assumed,t\n");
    let cluster = pair("host", Kind::Nic, "nic", &slow, &[]);
    let streams = |from: &str, to: &str| {
        let asked = transfer(from, to, Bytes::gib(1));
        Transfer { streams: 8, ..asked }
    };
    for asked in [streams("client", "server"), streams("server", "client")] {
        let rate = gbit_s(&cluster, &asked);
        let wire = 10.0 * 8948.0 / 9038.0;
        assert!((rate / wire - 1.0).abs() < 5e-3, "{rate} is not {wire}");
    }
    let direct = Transfer { mode: Mode::GpuDirect, ..transfer("gpu-a", "gpu-b", Bytes::gib(1)) };
    let rate = gbit_s(&cluster, &direct);
    assert!((rate / (10.0 * 4096.0 / 4178.0) - 1.0).abs() < 5e-3, "{rate}");
}

/// A card of generation 3 with 8 lanes in a slot of generation 4 with 16 has a quarter of its link.
#[test]
fn a_slot_runs_at_the_lesser_of_its_two_ends() {
    let gpu = library().source(Kind::Gpu, "gpu").unwrap().text.clone();
    let rate = |lines: &str| {
        let cluster = pair("host", Kind::Gpu, "gpu", &format!("{gpu}{lines}"), &[]);
        gbit_s(&cluster, &transfer("gpu-a", "client", Bytes::gib(1)))
    };
    let whole = rate("");
    let quarter = rate("pcie_generation,3,count,,,assumed,t\npcie_lanes,8,count,,,assumed,t\n");
    assert!((quarter / whole - 0.25).abs() < 0.02, "{quarter} of {whole}");
    let more = rate("pcie_generation,6,count,,,assumed,t\npcie_lanes,16,count,,,assumed,t\n");
    assert_eq!(more, whole, "no better than the slot");
    let wrong = format!("{gpu}pcie_lanes,3,count,,,assumed,t\n");
    let error = built("host", Kind::Gpu, "gpu", &wrong, &[]).unwrap_err();
    assert!(error.to_string().starts_with("gpu.csv:14: pcie_lanes: is not possible"), "{error}");
}

/// The socket link has 1 GB/s: a pod on another socket than its card reaches no more, nor does a
/// GPU that sends by GPUDirect.
#[test]
fn what_crosses_the_sockets_shares_their_link() {
    let host =
        host("socket_link_bandwidth,1,GB/s,,,assumed,t\nsocket_link_latency,200,ns,,,assumed,t\n");
    let near = pair("host", Kind::Host, "host", &host, &[]);
    let far_nic = [set("nic.nic-a.numa", 1)];
    let far = pair("host", Kind::Host, "host", &host, &far_nic);
    let tcp = Transfer { streams: 8, ..transfer("client", "server", Bytes::gib(1)) };
    let direct = Transfer { mode: Mode::GpuDirect, ..transfer("gpu-a", "gpu-b", Bytes::gib(1)) };
    for asked in [tcp, direct] {
        assert!(gbit_s(&near, &asked) > 30.0, "{asked:?}");
        let rate = gbit_s(&far, &asked);
        assert!((rate - 8.0).abs() < 0.1, "{rate} of {asked:?}");
    }
    let byte = transfer("client", "server", Bytes::new(1));
    let time = |cluster: &Cluster| {
        predict(cluster, std::slice::from_ref(&byte), Fidelity::Closed, 1).unwrap()[0].completion
    };
    let more = time(&far).as_seconds() - time(&near).as_seconds();
    assert!((more - 200e-9).abs() < 2e-9, "{more}");
    let error = built("host", Kind::Host, "host", HOST, &far_nic).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("socket_link_bandwidth: is missing from this profile (add"), "{told}");
}

/// Memory of 3 GB/s: a copy out of a socket and the card's access move each byte three times.
#[test]
fn the_kernel_s_copies_load_memory() {
    let slow = HOST.replace("memory_bandwidth,100", "memory_bandwidth,3");
    let cluster = pair("host", Kind::Host, "host", &slow, &[]);
    let asked = Transfer { streams: 8, ..transfer("client", "server", Bytes::gib(1)) };
    let rate = gbit_s(&cluster, &asked);
    assert!((rate - 8.0).abs() < 0.02, "{rate}");
}

#[test]
fn a_transport_without_costs_is_refused_with_the_line_to_add() {
    let without = |begin: &str| {
        let lines = HOST.lines().filter(|line| !line.starts_with(begin));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let udp = |t: Transfer| Transfer { transport: Transport::Udp, ..t };
    let asked = transfer("client", "server", Bytes::mib(1));
    let pageable = Transfer {
        host_memory: HostMemory::Pageable,
        ..transfer("gpu-a", "client", Bytes::mib(1))
    };
    for (begin, asked, expected) in [
        ("tcp.latency", asked.clone(), "tcp.latency: is missing from this profile (add the line"),
        ("tcp.rx_per_byte", asked.clone(), "hop `tcp`: host profile `host` has no cost of it on"),
        ("udp.", udp(asked), "hop `udp`: host profile `host` has no cost of it on the way out"),
        ("staging.", pageable, "staging.per_byte: is missing from this profile (add the line"),
    ] {
        let cluster = pair("host", Kind::Host, "host", &without(begin), &[]);
        let error = check(&cluster, &[asked], Fidelity::Flow).unwrap_err().to_string();
        assert!(error.contains(expected), "without {begin}: {error}");
        // Nobody is bothered who does not go there.
        let copy = transfer("gpu-a", "client", Bytes::mib(1));
        check(&cluster, &[copy], Fidelity::Flow).unwrap();
    }
    let error = built("veth", Kind::Host, "host", &without("veth.rx"), &[]).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("hop `veth`: host profile `host` has no cost of it on the way in"));
    assert!(told.contains("add one of the lines `veth.rx_per_byte,VALUE,ns/B,,,assumed,SOURCE`"));
}

#[test]
fn a_pod_s_mtu_above_that_of_its_way_is_noted() {
    let asked = [transfer("client", "server", Bytes::mib(1))];
    let noted = |mtu: i64| {
        let cluster = pair("vxlan", Kind::Host, "host", HOST, &[set("pod.mtu", mtu)]);
        notes(&cluster, &asked).unwrap()
    };
    assert!(noted(8950).is_empty());
    let note = &noted(9000)[0];
    assert!(note.contains("an MTU of 9000 bytes, and its way takes packets of 8950"), "{note}");
}
