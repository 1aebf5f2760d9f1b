//! Topologies that are refused, and why; routes that are taken.

use models::cluster::{Cluster, Setting};
use models::input::Source;
use models::library::Kind;
use models::route::route;
use models::transfer::Mode;
use sim::Bytes;

use crate::fixture::{PAIR, cluster, library, refused, transfer};

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let pair = PAIR.replace("CNI", "veth");
    let cases: &[(&str, &str, &str)] = &[
        ("cni = \"veth\"", "cni = \"vet\"", "t.toml:6: cni: no cni is called `vet` (did you mean"),
        ("host = \"host\"", "host = \"hst\"", "t.toml:5: host: no host is called `hst`"),
        ("mtu = 9000", "mtu = 10", "t.toml:26: mtu: 10 bytes is no MTU (576 to 65535"),
        ("mtu = 9000", "mtu = -1", "t.toml:26: mtu"),
        ("mtu = 9000", "mtv = 9000", "t.toml:26: mtv: unknown field `mtv` (did you mean `mtu`?)"),
        ("\"40 Gbit/s\"", "\"-40 Gbit/s\"", "t.toml:38: rate: `-40 Gbit/s` is not a possible band"),
        ("\"40 Gbit/s\"", "\"nan Gbit/s\"", "t.toml:38: rate: `nan Gbit/s` has no finite number"),
        ("\"40 Gbit/s\"", "\"40\"", "t.toml:38: rate: `40` has no unit"),
        ("\"nic-a\", \"tor\"", "\"nic-x\", \"tor\"", "t.toml:37: between: no nic, switch or"),
        ("\"nic-a\", \"tor\"", "\"tor\", \"tor\"", "t.toml:37: between: both ends are `tor`"),
        ("name = \"gpu-b\"", "name = \"gpu-a\"", "t.toml:17: name: `gpu-a` is the name of someth"),
        ("pods = [\"server\"]", "pods = [\"servr\"]", "t.toml:54: pods: no pod is called `servr`"),
        ("pods = [\"server\"]", "pods = []", "t.toml:54: pods: a Service needs a pod behind it"),
        ("gpu = \"gpu-a\"", "gpu = \"gpu-b\"", "t.toml:47: gpu: `gpu-b` is in node `node-b`"),
        (
            "proxy = \"iptables\"",
            "proxy = \"ipvs\"",
            "t.toml:55: proxy: no Service proxy is called",
        ),
        ("[[node]]", "include = [\"t2\"]\n[[node]]", "t.toml:3: include: no topology is called"),
    ];
    for (from, to, expected) in cases {
        assert!(pair.contains(from), "{from}");
        let message = refused(&pair.replacen(from, to, 1), &[]).to_string();
        assert!(message.starts_with(expected), "{to}: {message}");
    }
}

#[test]
fn settings_change_what_a_file_says_and_must_mean_something() {
    let pair = PAIR.replace("CNI", "veth");
    let setting = |key: &str| Setting::new(key, 10);
    let message = refused(&pair, &[setting("nic.mtu")]).to_string();
    assert!(message.contains("mtu: 10 bytes is no MTU"), "{message}");
    let message = refused(&pair, &[setting("nic.nobody.mtu")]).to_string();
    assert!(message.starts_with("nic.nobody.mtu: no table of this topology is meant"), "{message}");
    let message = refused(&pair, &[setting("mtu")]).to_string();
    assert!(message.contains("is not the name of a setting"), "{message}");
}

#[test]
fn the_way_goes_where_the_data_goes() {
    let cluster = cluster("vxlan");
    let kinds = |mode| {
        let asked = transfer("gpu-a", "gpu-b", Bytes::kib(4));
        let way = route(&cluster, &models::transfer::Transfer { mode, ..asked }).unwrap();
        let stages = way.stages.iter();
        let kind = |stage: &Vec<models::route::Leg<'_>>| {
            stage.iter().map(|leg| leg.hop().kind.to_string()).collect::<Vec<_>>().join(" ")
        };
        stages.map(kind).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(Mode::Serial),
        [
            "device-to-host copy",
            "socket veth vxlan nic wire wire nic vxlan veth socket",
            "host-to-device copy"
        ]
    );
    assert_eq!(kinds(Mode::GpuDirect), ["gpudirect wire wire gpudirect"]);
}

#[test]
fn a_service_is_crossed_at_the_clients_node() {
    let cluster = cluster("veth");
    let asked = transfer("client", "web", Bytes::kib(4));
    let way = route(&cluster, &asked).unwrap();
    let kinds: Vec<&str> = way.stages[0].iter().map(|leg| &*leg.hop().kind).collect();
    assert_eq!(kinds[..3], ["socket", "veth", "service-iptables"]);
    let through = models::transfer::Transfer { via: Some("web".into()), ..asked };
    let through = models::transfer::Transfer { to: "gpu-b".into(), ..through };
    assert_eq!(route(&cluster, &through).unwrap().stages.len(), 2);
    let stray = models::transfer::Transfer { to: "client".into(), ..through };
    assert!(
        route(&cluster, &models::transfer::Transfer { from: "server".into(), ..stray }).is_err()
    );
}

/// 12 links of 25 GB/s, and 16 of 17 flits are payload: all of them through an NVSwitch, or as many
/// as two GPUs have between them.
#[test]
fn nvlink_moves_what_the_gpus_profiles_say() {
    let mut library = library();
    let a100 = "../../calibration/profiles/gpu/a100-40-sxm.csv";
    let path = format!("{}/tests/{a100}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    library.add(Kind::Gpu, "sxm", Source::new("sxm.csv", text));
    let pair = PAIR.replace("CNI", "veth").replace("profile = \"gpu\"", "profile = \"sxm\"");
    let with = |lines: &str, text: &str| {
        let nvlink = "[[nvlink]]\nbetween = [\"gpu-a\", \"gpu-b\"]\nlatency = \"1 us\"";
        let source = Source::new("t.toml", format!("{text}{nvlink}\n{lines}"));
        Cluster::assemble("t", &source, &library, &[])
    };
    for (lines, gbyte_s) in [("", 300.0), ("links = 4", 100.0)] {
        let cluster = with(lines, &pair).unwrap();
        let link = cluster.links.iter().find(|link| link.name == "gpu-a→gpu-b").unwrap();
        let ratio = link.capacity / (gbyte_s * 1e9 * 16.0 / 17.0);
        assert!((ratio - 1.0).abs() < 1e-6, "{lines}: {ratio}");
    }
    let refused = |lines, text: &str| with(lines, text).unwrap_err().to_string();
    let many = refused("links = 13", &pair);
    assert!(many.contains("links: 13 links are not possible (1 to 12)"), "{many}");
    let both = refused("links = 4\nrate = \"9 GB/s\"", &pair);
    assert!(both.contains("links: stands beside `rate`"), "{both}");
    let none = refused("", &PAIR.replace("CNI", "veth"));
    assert!(none.contains("has no NVLink"), "{none}");
}
