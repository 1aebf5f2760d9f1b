//! `podpath explain`: the waterfall sums to the whole, and follows what is set.

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
