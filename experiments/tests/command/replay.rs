//! Traces as a user replays them: GOAL as text and binary, places of ranks, and bad input.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::Folder;

/// Two ranks: one computes and sends 1 MiB, the other receives and computes.
pub(super) const PAIR: &str = "\
num_ranks 2
rank 0 {
l1: calc 1000000 cpu 0 // a millisecond
l2: send 1048576b to 1 tag 7
l2 requires l1
}
rank 1 { /* waits
for rank 0 */
a: recv 1048576b from 0 tag 7
b: calc 500000
b requires a
}
";

/// Dissemination, the algorithm behind barriers: in round k everybody sends a byte to the rank 2^k
/// further on, and goes on when it has heard from the one 2^k before.
fn dissemination(ranks: u32) -> String {
    let mut text = format!("num_ranks {ranks}\n");
    for rank in 0..ranks {
        text += &format!("\nrank {rank} {{\n");
        let mut step = 1;
        while step < ranks {
            let (to, from) = ((rank + step) % ranks, (rank + ranks - step) % ranks);
            text += &format!("s{step}: send 1b to {to} tag 0\n");
            if step > 1 {
                text += &format!("s{step} requires r{}\n", step / 2);
            }
            text += &format!("r{step}: recv 1b from {from} tag 0\n");
            step *= 2;
        }
        text += "}\n";
    }
    text
}

fn completion_ns(told: &Value) -> f64 {
    (told["completion_s"].as_f64().expect("a number") * 1e12).round() / 1e3
}

#[test]
fn a_published_example_ends_when_loggopsim_says() {
    // README of LogGOPSim, of its dissemination_16.goal with its default parameters: 22000 ns.
    let folder = Folder::new();
    folder.write("d.goal", dissemination(16));
    let told = folder.json(&["replay", "d.goal", "--loggops"]);
    assert_eq!(completion_ns(&told), 22_000.0);
    for rank in told["ranks"].as_array().expect("ranks") {
        assert_eq!(rank["end_s"], 22e-6);
    }
}

/// Kind, peer, size and tag of each operation of a rank, and who needs whose end.
type Operations = (Vec<[u64; 4]>, Vec<[u32; 2]>);

/// A schedule as LogGOPSim's txt2bin writes it.
fn binary(ranks: &[Operations]) -> Vec<u8> {
    let mut bodies = Vec::new();
    for (operations, needs) in ranks {
        let mut body = Vec::new();
        let heads: Vec<u32> = (0..operations.len() as u32)
            .filter(|at| needs.iter().all(|[who, _]| who != at))
            .collect();
        body.extend((operations.len() as u32).to_le_bytes());
        body.extend((heads.len() as u32).to_le_bytes());
        heads.iter().for_each(|head| body.extend(head.to_le_bytes()));
        let (mut first, mut edges) = (0u32, Vec::new());
        for (at, [kind, peer, size, tag]) in operations.iter().enumerate() {
            let own = needs.iter().filter(|[who, _]| *who == at as u32).count() as u32;
            let behind: Vec<u32> =
                needs.iter().filter(|[_, of]| *of == at as u32).map(|[who, _]| *who).collect();
            body.extend(own.to_le_bytes());
            body.push(*kind as u8);
            body.extend((*peer as u32).to_le_bytes());
            body.extend(size.to_le_bytes());
            body.extend((*tag as u32).to_le_bytes());
            body.extend([0, 0]);
            body.extend((behind.len() as u32).to_le_bytes());
            body.extend(first.to_le_bytes());
            first += behind.len() as u32;
            edges.extend(behind);
            body.extend(0u32.to_le_bytes());
            body.extend(first.to_le_bytes());
        }
        edges.iter().for_each(|edge| body.extend(edge.to_le_bytes()));
        bodies.push(body);
    }
    let mut file = 4223u64.to_le_bytes().to_vec();
    file.extend((ranks.len() as u32).to_le_bytes());
    file.extend([0, 0]);
    let mut at = 6 + 16 * ranks.len() as u64;
    for body in &bodies {
        file.extend(at.to_le_bytes());
        at += body.len() as u64;
        file.extend(at.to_le_bytes());
    }
    file.extend(bodies.concat());
    file
}

/// [`PAIR`] in the binary form.
fn pair_in_binary() -> Vec<u8> {
    binary(&[
        (vec![[3, 0, 1_000_000, 0], [1, 1, 1 << 20, 7]], vec![[1, 0]]),
        (vec![[2, 0, 1 << 20, 7], [3, 0, 500_000, 0]], vec![[1, 0]]),
    ])
}

#[test]
fn text_binary_and_packed_are_the_same_schedule() {
    let folder = Folder::new();
    folder.write("pair.goal", PAIR);
    folder.write("pair.bin", pair_in_binary());
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(PAIR.as_bytes()).expect("memory");
    folder.write("pair.goal.gz", packed.finish().expect("memory"));
    let told = |file| folder.json(&["replay", file, "--topology", "flannel"]);
    let text = told("pair.goal");
    assert_eq!(told("pair.goal.gz"), text);
    let binary = told("pair.bin");
    assert_eq!(binary["format"], "GOAL (binary)");
    assert_eq!((&binary["path"], &binary["ranks"]), (&text["path"], &text["ranks"]));
    // What it computes, and a message between the two that takes longer than its line rate.
    let message = completion_ns(&text) - 1_500_000.0;
    assert!(message > 1_048_576.0 * 8.0 / 40.0 && message < 1e6, "{message}");
}

#[test]
fn ranks_are_where_they_are_put() {
    let folder = Folder::new();
    folder.write("pair.goal", PAIR);
    folder.write("ranks.csv", "rank,place\n1,client\n0,server\n");
    let told =
        |ranks| folder.json(&["replay", "pair.goal", "--topology", "flannel", "--ranks", ranks]);
    let table = told("ranks.csv");
    assert_eq!(table, told("server,client"));
    assert_eq!(table["ranks"][0]["place"], "server");
    let refused = |ranks: &str, says: &str| {
        let arguments = ["replay", "pair.goal", "--topology", "flannel", "--ranks", ranks];
        let output = folder.podpath().args(arguments).output().expect("it ran");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(says), "{ranks}: {stderr}");
    };
    refused("server", "1 places for 2 ranks");
    refused("server,clint", "`clint` is no GPU, pod or Service");
    refused("gpus", "has 0 GPUs for 2 ranks");
    for (rows, says) in [
        ("rank,place\n0,server\n", "rank 1 of 2 has no place"),
        ("rank,place\n0,server\n0,client\n", "rank 0 is given twice"),
        ("rank,place\n2,server\n", "rank 2 is not there"),
        ("rank,place\none,server\n", "invalid digit"),
    ] {
        folder.write("bad.csv", rows);
        refused("bad.csv", says);
    }
}

#[test]
fn tables_are_written() {
    let folder = Folder::new();
    folder.write("pair.goal", PAIR);
    folder.run(&["replay", "pair.goal", "--topology", "flannel", "--out", "out", "--quiet"]);
    assert_eq!(folder.read("out/operations.csv").lines().count(), 5);
    assert_eq!(folder.read("out/ranks.csv").lines().count(), 5);
    for file in ["kinds.csv", "path.csv", "links.csv"] {
        assert!(folder.read(&format!("out/{file}")).lines().count() > 1, "{file}");
    }
}

/// Replays a bad trace: its error.
fn refused(name: &str, content: &[u8]) -> Value {
    let folder = Folder::new();
    folder.write(name, content);
    let arguments = ["replay", name, "--loggops", "--json", "--out", "out"];
    let output = folder.podpath().args(arguments).output().expect("it ran");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(!stderr.contains("panicked") && stderr.len() < 4_000, "{stderr}");
    assert!(!folder.path().join("out").exists(), "it wrote something");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["error"]["file"], name, "{told}");
    told["error"].clone()
}

#[test]
fn a_bad_schedule_is_refused_at_its_line() {
    let replaced = |from: &str, to: &str| PAIR.replacen(from, to, 1);
    let cases: [(String, u64, &str, &str); 26] = [
        (" \n".into(), 1, "file", "is empty"),
        ("hello\n".into(), 1, "file", "is no trace in a known format"),
        (PAIR[12..].into(), 1, "num_ranks", "is missing"),
        (replaced("num_ranks 2", "num_ranks 0"), 1, "num_ranks", "is zero"),
        (replaced("num_ranks 2", "num_ranks many"), 1, "num_ranks", "`many` is no possible"),
        (replaced("num_ranks 2", "num_ranks 70000"), 1, "num_ranks", "`70000` is no possible"),
        (replaced("num_ranks 2", "num_ranks 3"), 12, "rank", "rank 2 of 3 has no block"),
        (replaced("rank 1 {", "rank 2 {"), 7, "rank", "rank 2 is not there"),
        (replaced("rank 1 {", "rank 0 {"), 7, "rank", "rank 0 has a block at line 2"),
        (PAIR[..PAIR.len() - 2].into(), 11, "rank", "the block of rank 1 is not closed"),
        (PAIR[..30].into(), 3, "calc", "found the end of the line"),
        (replaced("1000000 cpu 0", "-5"), 3, "calc", "`-5` is no possible number"),
        (replaced("1000000 cpu 0", "99999999999999999999"), 3, "calc", "is no possible number"),
        (replaced("1000000 cpu 0", "90000000000000"), 3, "time", "is no length of an operation"),
        (replaced("cpu 0", "cpu 256"), 3, "cpu", "`256` is no possible number"),
        (replaced("cpu 0", "nic 0"), 3, "nic", "stands behind `calc`"),
        (replaced("to 1", "to 2"), 4, "to", "rank 2 is not there"),
        (replaced("to 1", "to 0"), 9, "recv", "that is not sent"),
        (replaced("recv 1048576b from 0 tag 7", "calc 1"), 4, "send", "that is not received"),
        (replaced("from 0", "from -1"), 9, "from", "-1 stands for any"),
        (replaced("from 0 tag 7", "from 0 tag -1"), 9, "tag", "-1 stands for any"),
        (replaced("from 0 tag 7", "from 0 tag 8"), 9, "recv", "that is not sent"),
        (replaced("a: recv 1048576b", "a: recv 8b"), 9, "recv", "8 bytes are received of 1048576"),
        (replaced("1048576b", "1048576"), 4, "bytes", "has no unit"),
        (replaced("l2 requires l1", "l2 requires l9"), 5, "requires", "`l9` is no operation"),
        (
            replaced("b requires a", "b requires a\na requires b"),
            9,
            "requires",
            "the operation waits for itself",
        ),
    ];
    for (text, line, field, says) in cases {
        let error = refused("bad.goal", text.as_bytes());
        let told = format!("{text}\n{error:#}");
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{told}");
        assert_eq!((&error["line"], &error["field"]), (&line.into(), &field.into()), "{told}");
    }
}

#[test]
fn what_takes_longer_than_time_goes_is_refused() {
    // 80 000 s each: the 231st ends after 2^64 ps.
    let calcs = "calc 80000000000000\n".repeat(300);
    let error = refused("long.goal", format!("num_ranks 1\nrank 0 {{\n{calcs}}}\n").as_bytes());
    assert_eq!((&error["line"], &error["field"]), (&233.into(), &"time".into()), "{error:#}");
}

#[test]
fn a_bad_binary_is_refused_at_its_byte() {
    let whole = pair_in_binary();
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    // The first operation stands at byte 58: 8 + 6 + 32, then three numbers.
    let turned: Vec<u8> = whole[..8].iter().rev().chain(&whole[8..]).copied().collect();
    let spoilt = [&2342u64.to_le_bytes()[..], &whole[8..]].concat();
    let cases: [(Vec<u8>, &str, &str); 10] = [
        (turned, "byte 0: magic", "stores the high byte first"),
        (spoilt, "byte 0: magic", "spoilt by a run of LogGOPSim"),
        (changed(8, 0), "byte 8: ranks", "0 is no number of ranks"),
        (changed(11, 9), "byte 8: ranks", "is no number of ranks"),
        (whole[..40].to_vec(), "byte 14: begin", "rank 0 stands from"),
        (changed(49, 9), "byte 46: operations", "operations in"),
        (changed(62, 4), "byte 62: kind", "4 is no kind"),
        (changed(58, 1), "byte 58: needs", "is 1, and 0 edges lead here"),
        (changed(81, 9), "byte 81: edges", "9 edges from edge 0"),
        (changed(136, 7), "byte 136: edge", "operation 7 of rank 0"),
    ];
    for (bytes, field, says) in cases {
        let error = refused("bad.bin", &bytes);
        let told = format!("{field}: {error:#}");
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(says)), "{told}");
        assert_eq!(error["field"], field, "{told}");
    }
    // Whatever byte is wrong, it is an error or a schedule, and no panic.
    for at in (8..whole.len()).step_by(3) {
        let folder = Folder::new();
        folder.write("bad.bin", changed(at, 0xff));
        let output = folder.podpath().args(["replay", "bad.bin", "--loggops"]).output();
        let output = output.expect("it ran");
        assert!(matches!(output.status.code(), Some(0 | 2)), "byte {at}: {output:?}");
    }
}
