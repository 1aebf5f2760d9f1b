//! Cluster drawings show every place once, overlap nothing, and scale to many machines.

use std::path::PathBuf;

use models::library::Kind;

use super::*;
use crate::plot::picture::tests::assert_readable;

/// Machines with a GPU, a pod and a chain of stack points each, cabled to one switch.
fn racks(machines: usize, gpus: usize) -> GraphView {
    let mut view =
        GraphView { name: "racks".into(), about: "made up".into(), ..GraphView::default() };
    let mut add = |name: String, look, machine: Option<&str>| {
        view.places.push(PlaceView { name, look, machine: machine.map(str::to_owned) });
        view.places.len() - 1
    };
    let switch = add("tor".into(), Look::Switch, None);
    let mut hops = Vec::new();
    for number in 0..machines {
        let machine = format!("node-{number}");
        let stack = add(machine.clone(), Look::Stack, Some(&machine));
        let nic = add(format!("nic-{number}"), Look::Nic, Some(&machine));
        hops.extend([(stack, nic, "nic 7.9 GB/s"), (nic, stack, "nic 7.8 GB/s")]);
        hops.extend([(nic, switch, "wire 40 Gbit/s"), (switch, nic, "wire 40 Gbit/s")]);
        for at in 0..gpus {
            let gpu = add(format!("gpu-{number}-{at}"), Look::Gpu, Some(&machine));
            let pod = add(format!("pod-{number}-{at}"), Look::Pod, Some(&machine));
            let net = add(format!("pod-{number}-{at}/net"), Look::Stack, Some(&machine));
            hops.extend([(gpu, pod, "device-to-host copy"), (pod, gpu, "host-to-device copy")]);
            hops.extend([(pod, net, "socket"), (net, pod, "socket")]);
            hops.extend([(net, stack, "veth"), (stack, net, "veth")]);
        }
    }
    for (from, to, said) in hops {
        view.join(from, to, said.into(), false);
    }
    view
}

fn texts(view: &GraphView) -> Vec<String> {
    view.picture().text_boxes().into_iter().map(|(text, _)| text.to_owned()).collect()
}

#[test]
fn every_place_and_hop_is_named() {
    let view = racks(2, 1);
    assert_readable(&view.picture());
    let texts = texts(&view);
    for place in &view.places {
        let many = texts.iter().filter(|text| **text == place.name).count();
        // A machine's name is also that of its stack.
        let wanted = 1 + usize::from(view.machines().contains(&place.name.as_str()));
        assert_eq!(many, wanted, "{}", place.name);
    }
    for said in
        ["↓ device-to-host copy", "↑ host-to-device copy", "veth", "socket", "↓ nic 7.9 GB/s"]
    {
        assert!(texts.iter().any(|text| text == said), "{said} is missing: {texts:?}");
    }
    assert!(texts.iter().any(|text| text == "Every cable: wire 40 Gbit/s."));
}

#[test]
fn links_between_gpus_are_drawn_or_told() {
    let mut view = racks(1, 4);
    let gpu = |number: usize| {
        let name = format!("gpu-0-{number}");
        view.places.iter().position(|place| place.name == name).unwrap()
    };
    let pairs = [(gpu(0), gpu(1)), (gpu(0), gpu(3))];
    let bare = view.picture().marks.len();
    for (one, other) in pairs {
        view.join(one, other, "nvlink 25 GB/s".into(), false);
        view.join(other, one, "nvlink 25 GB/s".into(), false);
    }
    assert_readable(&view.picture());
    let told = "nvlink 25 GB/s: gpu-0-0 and gpu-0-1; gpu-0-0 and gpu-0-3.";
    assert!(texts(&view).iter().any(|text| text == told), "{:?}", texts(&view));
    // One line between neighbours, none across the two between, and the note.
    assert_eq!(view.picture().marks.len(), bare + 2);
}

#[test]
fn large_clusters_stay_readable() {
    assert_readable(&racks(3, 8).picture());
    assert_readable(&racks(1, 1).picture());
    if let Some(out) = std::env::var_os("PODPATH_FIGURES").map(PathBuf::from) {
        std::fs::create_dir_all(out.join("graph")).unwrap();
        std::fs::write(out.join("graph/racks.png"), racks(3, 8).png().unwrap()).unwrap();
        std::fs::write(out.join("graph/many.png"), racks(24, 8).png().unwrap()).unwrap();
    }
    let many = racks(24, 8);
    assert_readable(&many.picture());
    let texts = texts(&many);
    assert!(texts.iter().any(|text| text == "8 GPUs, 8 pods"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "nic-23"));
}

#[test]
fn every_shipped_topology_can_be_drawn() {
    let library = calibration_data::shipped();
    let out = std::env::var_os("PODPATH_FIGURES").map(PathBuf::from);
    let mut drawn = 0;
    for name in library.names(Kind::Topology) {
        // Some hold only what others include.
        let Ok(cluster) = Cluster::named(name, library, &[]) else { continue };
        let view = GraphView::of(&cluster);
        assert_readable(&view.picture());
        let svg = view.svg().unwrap();
        roxmltree::Document::parse(&svg).unwrap();
        assert_eq!(svg, view.svg().unwrap());
        drawn += 1;
        if let Some(out) = &out {
            std::fs::create_dir_all(out.join("graph")).unwrap();
            std::fs::write(out.join(format!("graph/{name}.png")), view.png().unwrap()).unwrap();
        }
    }
    assert!(drawn >= 20, "only {drawn} topologies were drawn");
}
