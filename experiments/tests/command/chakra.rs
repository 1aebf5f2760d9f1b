//! Chakra execution traces as a user replays them, in their three forms.

mod writer;

use serde_json::{Value, json};

use super::Folder;
use writer::{COLLECTIVE, COMPUTE, Node, RECEIVE, SEND, graph, jsonized, node};
pub(super) use writer::{Type, binary};

/// Rank 0 computes and sends 1 MiB to rank 1, which computes meanwhile and then with it; not in
/// order, and with needs that follow from others.
pub(super) fn pair() -> [Vec<Node>; 2] {
    let cpu = [("is_cpu_op", 1), ("tid", 7)];
    let message = |peer| [(peer, 1), ("comm_size", 1 << 20), ("comm_tag", 3)];
    let mut sent = message("comm_dst");
    sent[0].1 = 1;
    let mut received = message("comm_src");
    received[0].1 = 0;
    [
        vec![
            node(2, SEND, &[0, 1], 999, &sent),
            node(0, COMPUTE, &[], 1_000, &cpu),
            node(1, COMPUTE, &[0], 500, &cpu),
        ],
        vec![
            node(5, COMPUTE, &[], 200, &cpu),
            node(6, RECEIVE, &[], 999, &received),
            node(7, 1, &[6], 0, &[]),
            node(8, COMPUTE, &[7, 5, 6], 300, &cpu),
        ],
    ]
}

const ON: [&str; 2] = ["--topology", "flannel"];

fn replayed(folder: &Folder, files: &[&str], options: &[&str]) -> Value {
    folder.json(&[&["replay"], files, options].concat())
}

fn us(value: &Value) -> f64 {
    (value.as_f64().expect("a number") * 1e12).round() / 1e6
}

#[test]
fn every_form_and_every_type_of_integer_is_the_same_trace() {
    let folder = Folder::new();
    let pair = pair();
    let mut all = Vec::new();
    for (at, integers) in [Type::Int32, Type::Int64, Type::Uint64, Type::Sint64, Type::Fixed32]
        .into_iter()
        .enumerate()
    {
        for (rank, nodes) in pair.iter().enumerate() {
            folder.write(&format!("{at}.{rank}.et"), binary(nodes, integers));
        }
        all.push(replayed(&folder, &[&format!("{at}.1.et"), &format!("{at}.0.et")], &ON));
    }
    for (rank, nodes) in pair.iter().enumerate() {
        folder.write(&format!("j.{rank}.json"), jsonized(nodes));
        folder.write(&format!("g.{rank}.json"), graph(nodes));
    }
    all.push(replayed(&folder, &["j.0.json", "j.1.json"], &ON));
    all.push(replayed(&folder, &["g.0.json", "g.1.json"], &ON));
    for other in &all[1..] {
        assert_eq!(*other, all[0]);
    }
    let told = &all[0];
    assert_eq!(told["operations"], 6);
    // What rank 1 does ends with what it needs the message for, which rank 0 sends after 1.5 ms.
    let message = us(&told["completion_s"]) - 1_500.0 - 300.0;
    assert!(message > 1_048_576.0 * 8.0 / 40e3 && message < 1e3, "{message} us");
    let notes = told["notes"].to_string();
    for note in [
        "4 computations keep their recorded time",
        "2 sends and receives are priced anew",
        "2 dependencies follow from others",
        "Ranks are numbered as the names of their files say",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
}

#[test]
fn the_order_within_a_thread_or_stream_is_kept() {
    let folder = Folder::new();
    let completion = |nodes: &[Node]| {
        folder.write("one.et", binary(nodes, Type::Int64));
        let on = ["--topology", "quickstart-vxlan", "--ranks", "gpu-a"];
        us(&replayed(&folder, &["one.et"], &on)["completion_s"])
    };
    let on = |id, us, stream| node(id, COMPUTE, &[], us, &[("is_cpu_op", 0), ("stream", stream)]);
    assert_eq!(completion(&[on(0, 10, 7), on(1, 20, 7), on(2, 25, 20)]), 30.0);
    // Where no stream is named, one computation of the GPU runs at a time, and one of the CPU.
    let bare = |id, us, cpu| node(id, COMPUTE, &[], us, &[("is_cpu_op", cpu)]);
    assert_eq!(completion(&[bare(0, 10, 0), bare(1, 20, 0), bare(2, 25, 1)]), 30.0);
}

#[test]
fn collectives_keep_their_time_where_that_is_asked_for() {
    let folder = Folder::new();
    let nodes = |us| [node(0, COLLECTIVE, &[], us, &[("comm_type", 0), ("comm_size", 1 << 20)])];
    folder.write("one.et", binary(&nodes(70), Type::Uint64));
    let told = replayed(&folder, &["one.et"], &["--topology", "quickstart-vxlan", "--recorded"]);
    assert_eq!(us(&told["completion_s"]), 70.0);
    assert!(told["notes"].to_string().contains("1 collectives keep their recorded time"));
}

#[test]
fn a_missing_duration_is_given_by_the_user() {
    let folder = Folder::new();
    let gpu = [("is_cpu_op", 0)];
    let nodes = [node(0, COMPUTE, &[], 0, &gpu), node(1, COMPUTE, &[0], 40, &gpu)];
    folder.write("one.et", binary(&nodes, Type::Int64));
    let options = ["--topology", "quickstart-vxlan", "--missing-duration", "700 ns"];
    let told = replayed(&folder, &["one.et"], &options);
    assert_eq!(us(&told["completion_s"]), 40.7);
    let scaled =
        replayed(&folder, &["one.et"], &[&options[..], &["--scale-kernels", "0.5"]].concat());
    assert_eq!(us(&scaled["completion_s"]), 20.35);
    assert!(scaled["notes"].to_string().contains("2 kernels take their recorded time × 0.5."));
}

/// Replays files that cannot be: the error.
fn refused(files: &[(&str, Vec<u8>)], options: &[&str]) -> Value {
    let folder = Folder::new();
    for (name, content) in files {
        folder.write(name, content);
    }
    let names = files.iter().map(|(name, _)| *name);
    let output = folder
        .podpath()
        .arg("replay")
        .args(names)
        .args(options)
        .args(["--topology", "flannel", "--json", "--out", "out"])
        .output()
        .expect("it ran");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(!folder.path().join("out").exists(), "it wrote something");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    told["error"].clone()
}

/// Holds the error about a trace of two ranks against what it should say.
fn assert_refused(pair: &[Vec<Node>; 2], field: &str, says: &str) {
    let [first, second] = pair.each_ref().map(|nodes| binary(nodes, Type::Int64));
    let error = refused(&[("t.0.et", first), ("t.1.et", second)], &[]);
    assert_eq!(error["field"], field, "{error:#}");
    assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{error:#}");
    assert!(error["file"].as_str().is_some_and(|file| file.starts_with("t.")), "{error:#}");
}

#[test]
fn an_attribute_that_is_missing_or_not_possible_is_refused_at_its_node() {
    // The send of rank 0 is node 2, and the receive of rank 1 is node 6.
    for (rank, at, name, value, field, says) in [
        (0, 0, "comm_size", None, "node 2: comm_size", "is missing"),
        (0, 0, "comm_size", Some(-8), "node 2: comm_size", "-8 is not possible"),
        (0, 0, "comm_dst", None, "node 2: comm_dst", "is missing"),
        (0, 0, "comm_dst", Some(2), "node 2: comm_dst", "2 is not possible"),
        (0, 0, "comm_src", Some(1), "node 2: comm_src", "is 1, in the file of rank 0"),
        (1, 1, "comm_src", Some(-1), "node 6: comm_src", "-1 stands for any"),
        (1, 1, "comm_tag", Some(-1), "node 6: comm_tag", "-1 stands for any"),
        (1, 1, "comm_tag", Some(4), "node 6: recv", "that is not sent"),
    ] {
        let mut pair = pair();
        let attributes: &mut Vec<(&'static str, i64)> = &mut pair[rank][at].attributes;
        attributes.retain(|(known, _)| *known != name);
        attributes.extend(value.map(|value| (name, value)));
        assert_refused(&pair, field, says);
    }
}

#[test]
fn a_bad_node_is_refused() {
    type Change = fn(&mut [Vec<Node>; 2]);
    let needs = "data_deps or ctrl_deps";
    let cases: [(Change, String, &str); 7] = [
        (|p| p[0][1].us = 0, "node 0: duration_micros".into(), "is missing, or zero"),
        (|p| p[1].retain(|n| n.id == 5), "node 2: send".into(), "that is not received"),
        (|p| p[0][1].needs = vec![9], format!("node 0: {needs}"), "node 9 is not there"),
        (|p| p[0][1].needs = vec![2], format!("node 2: {needs}"), "waits for itself"),
        (|p| p[0][1].id = 1, "node 1: id".into(), "1 is given twice"),
        (|p| p[1][0].kind = COLLECTIVE, "node 5: type".into(), "is a collective, for which"),
        (|p| p[1][0].kind = 8, "node 5: type".into(), "STORAGE_NODE is not replayed"),
    ];
    for (change, field, says) in cases {
        let mut pair = pair();
        change(&mut pair);
        assert_refused(&pair, &field, says);
    }
}

#[test]
fn a_file_that_is_cut_or_of_another_version_is_refused() {
    let [sender, _] = pair();
    let whole = binary(&sender, Type::Int64);
    let another = [b"\x07\x0a\x050.0.9", &whole[8..]].concat();
    let text = jsonized(&sender);
    let cut = &text[..text.len() - 3];
    let lines = cut.lines().count() as u64;
    let typed = text.replace("\"int64Val\": \"1\"", "\"int64Val\": \"many\"");
    let cases: [(Vec<u8>, &str, &str); 9] = [
        (another, "byte 0: version", "`0.0.9` is another version"),
        (whole[..whole.len() - 3].to_vec(), "byte", "is cut"),
        (whole[..8].to_vec(), "object 0: nodes", "no node but metadata"),
        ([&whole[..8], &[2, 0x0b, 0x00]].concat(), "byte 10: node", "is no field of a message"),
        (cut.into(), "JSON", "EOF while parsing"),
        (text.replace("0.0.4", "0.0.1").into(), "object 0: version", "`0.0.1` is another version"),
        (typed.into(), "node 2: comm_dst", "is `many`, and no whole number"),
        (
            text.replace("COMM_SEND_NODE", "SENDING_NODE").into(),
            "node 2: type",
            "SENDING_NODE is not",
        ),
        (
            json!({ "workload_graph": 3 }).to_string().into(),
            "object 0: workload_graph",
            "is no list",
        ),
    ];
    for (content, field, says) in cases {
        let error = refused(&[("t.et", content)], &[]);
        assert!(
            error["field"].as_str().is_some_and(|f| f.starts_with(field)),
            "{field}: {error:#}"
        );
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{says}: {error:#}");
        if field == "JSON" {
            assert_eq!(error["line"], lines);
        }
    }
    // Whatever is cut or turned, it is an error or a trace, and no panic.
    for at in 1..whole.len() {
        let folder = Folder::new();
        let mut spoilt = whole.clone();
        spoilt[at] ^= 0xff;
        folder.write("cut.et", &whole[..at]);
        folder.write("spoilt.et", spoilt);
        for file in ["cut.et", "spoilt.et"] {
            let output = folder.podpath().args(["replay", file, "--loggops"]).output();
            let output = output.expect("it ran");
            assert!(matches!(output.status.code(), Some(0 | 2)), "byte {at}: {output:?}");
        }
    }
}

#[test]
fn what_has_no_effect_and_files_that_do_not_belong_together_are_refused() {
    let [first, second] = pair().map(|nodes| binary(&nodes, Type::Int64));
    let goal = b"num_ranks 1\nrank 0 {\ncalc 1000\n}\n".to_vec();
    let both = [("t.0.et", first.clone()), ("t.1.et", second)];
    let goals = [("a.goal", goal.clone()), ("b.goal", goal.clone())];
    let mixed = [("t.0.et", first), ("b.goal", goal)];
    for (files, options, field, says) in [
        (&both[..], &["--missing-duration", "1 us"][..], "--missing-duration", "has no effect"),
        (&both, &["--missing-duration", "1"], "--missing-duration", "has no unit"),
        (&both, &["--scale-kernels", "2"], "--scale-kernels", "there is no kernel"),
        (&both, &["--scale-kernels", "1,2,3"], "--scale-kernels", "3 numbers for 2 ranks"),
        (&both, &["--scale-kernels", "0"], "--scale-kernels", "`0` is not possible"),
        (&both, &["--ranks", "server,server"], "ranks", "are both at `server`"),
        (&goals[..1], &["--recorded"], "--recorded", "has no effect on a GOAL"),
        (&goals, &[], "file", "all its ranks in one file"),
        (&mixed, &[], "file", "is a GOAL, and others are a Chakra"),
    ] {
        let error = refused(files, options);
        assert_eq!(error["field"], field, "{error:#}");
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{error:#}");
    }
}
