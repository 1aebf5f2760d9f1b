//! `podpath explain`: the waterfall sums to the whole, and follows what is set.

use serde_json::Value;

use super::{Folder, SMALL};

#[test]
fn parts_sum_to_the_whole_and_advice_is_sorted() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let told = folder.json(&["explain", "small.toml"]);
    let all = told["explained"].as_array().expect("a list");
    assert_eq!(all.len(), 2, "one for each topology, whatever is swept");
    for one in all {
        let number = |key: &str| one[key].as_f64().expect("a number");
        let taken = one["taken"].as_array().expect("a list").iter();
        let sum: f64 = taken.map(|t| t["taken_bit_s"]["mean"].as_f64().expect("a number")).sum();
        let (reference, left) = (number("reference_bit_s"), number("goodput_bit_s"));
        assert!((reference - sum - left).abs() < 1e-6 * reference, "{one:#}");
        let life = one["life"].as_array().expect("a list").iter();
        let sum: f64 = life.map(|part| part["time_s"]["mean"].as_f64().expect("a number")).sum();
        let whole = one["completion_s"]["mean"].as_f64().expect("a number");
        assert!((sum - whole).abs() < 1e-9 * whole, "{one:#}");
        let gains: Vec<f64> = one["returned"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| r["gain_ratio"].as_f64().expect("a number"))
            .collect();
        assert!(!gains.is_empty() && gains.is_sorted_by(|a, b| a >= b), "{gains:?}");
    }
}

#[test]
fn what_is_set_is_what_is_explained() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let ask = ["explain", "small.toml", "--topology", "flannel", "--set", "message=1 MiB"];
    let text = folder.run(&[&ask[..], &["--set", "streams=4", "--set", "nic.mtu=1500"]].concat());
    assert!(text.contains("flannel: client to server, 1 MiB, TCP, 4 streams, serial"), "{text}");
    assert!(text.contains("vxlan") && !text.contains("baremetal"), "{text}");
    let goodput = |mtu: &str| {
        let told = folder.json(&[&ask[..], &["--set", &format!("nic.mtu={mtu}")]].concat());
        told["explained"][0]["goodput_bit_s"].as_f64().expect("a number")
    };
    assert!(goodput("9000") > goodput("1500"));
}

/// An experiment with reports explains the settings that they are about, not the healthy one.
#[test]
fn what_was_reported_is_what_is_explained() {
    let folder = Folder::new();
    let told = folder.json(&["explain", "cases/kubernetes-95860"]);
    let all = told["explained"].as_array().expect("a list");
    let reported: Vec<&Value> = all.iter().map(|one| &one["reported"][0]).collect();
    assert_eq!(reported, ["9.4 Gbit/s", "1 Gbit/s to 4 Gbit/s"]);
    assert_eq!(all[1]["topology"], "case-10g-flannel");
    let goodput = all[1]["goodput_bit_s"].as_f64().expect("a number");
    assert!((1e9..4e9).contains(&goodput), "{goodput}");
    // What is set is explained as it is set.
    let told = folder.json(&["explain", "cases/kubernetes-95860", "--set", "nic.mtu=9000"]);
    assert_eq!(told["explained"][0]["reported"], serde_json::json!([]));
    // One topology has its own reports.
    let one = ["explain", "cases/kubernetes-95860", "--topology", "case-10g-flannel"];
    let text = folder.run(&one);
    assert!(text.contains("reported: 1 Gbit/s to 4 Gbit/s; nic.mtu 1500 B"), "{text}");
    let nothing = text.lines().filter(|line| line.contains(" 0.0 %"));
    let rows: Vec<&str> = nothing.filter(|line| !line.contains("smaller part")).collect();
    assert!(rows.is_empty(), "{rows:?}");
}
