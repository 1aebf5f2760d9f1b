//! Paths that people take: what each mechanism of the model gives where it can be worked out by
//! hand.

use models::cluster::Cluster;
use models::gpu::kernel::Kernel;
use models::gpu::launches::Launches;
use models::input::Source;
use models::library::{Kind, Library};
use models::outcome::{Fidelity, Outcome};
use models::predict::predict;
use models::transfer::{HostMemory, Mode, Transfer, Transport};
use sim::{Bytes, Rate, Time};

use crate::fixture::{HOST, PAIR, PCIE, library};

const ALL: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];

/// A library with further lines of its host, card and slot.
fn with(host: &str, nic: &str, slot: Option<&str>) -> Library {
    let mut library = library();
    let mut add = |kind: Kind, name: &str, text: String| {
        let file = format!("{}/{name}.csv", kind.folder());
        library.add(kind, name, Source::new(file, text));
    };
    add(Kind::Host, "own", format!("{HOST}{host}"));
    let head = "parameter,value,unit,low,high,how,source\nlatency,1,us,,,assumed,fixture\n";
    add(Kind::Nic, "own", format!("{head}{nic}"));
    add(Kind::Pcie, "own", slot.unwrap_or(PCIE).into());
    library
}

/// The pair of nodes on these, `text` changed.
fn pair(library: &Library, changes: &[(&str, &str)]) -> Cluster {
    let mut text = PAIR.replace("CNI", "veth").replace("host = \"host\"", "host = \"own\"");
    text = text.replace("profile = \"nic\"", "profile = \"own\"");
    text = text.replace("pcie = \"slot\"", "pcie = \"own\"");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Cluster::assemble("t", &Source::new("t.toml", text), library, &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn of(cluster: &Cluster, asked: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, asked, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

fn one(cluster: &Cluster, asked: &Transfer) -> Outcome {
    of(cluster, std::slice::from_ref(asked), Fidelity::Flow).remove(0)
}

fn close(found: f64, expected: f64, part: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < part, "{what}: found {found}, expected {expected}");
}

fn gbyte_s(outcome: &Outcome) -> f64 {
    outcome.goodput.as_gbyte_s()
}

/// Copies to a GPU keep 0.5 of their rate beside copies from it, which lose nothing; alone they
/// lose nothing either.
#[test]
fn copies_to_a_gpu_may_starve_behind_copies_from_it() {
    let library = with("copy_read_share,0.5,ratio,,,assumed,fixture\n", "", None);
    let cluster = pair(&library, &[]);
    let size = Bytes::gib(4);
    let into = Transfer::message("client", "gpu-a", size);
    let out = Transfer::message("gpu-a", "client", size * 2);
    let alone = [gbyte_s(&one(&cluster, &into)), gbyte_s(&one(&cluster, &out))];
    for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
        let both = of(&cluster, &[into.clone(), out.clone()], fidelity);
        let what = format!("{fidelity:?}");
        // Requests of the one share their direction with the data of the other.
        close(gbyte_s(&both[0]), 0.5 * alone[0], 0.03, &format!("{what}, in"));
        close(gbyte_s(&both[1]), alone[1], 0.03, &format!("{what}, out"));
    }
    let fair = pair(&with("", "", None), &[]);
    close(alone[0], gbyte_s(&one(&fair, &into)), 1e-5, "alone");
}

#[test]
fn a_bounce_buffer_holds_every_copy_back() {
    let library = with("bounce.per_byte,0.2,ns/B,,,assumed,fixture\n", "", None);
    let cluster = pair(&library, &[]);
    let asked = Transfer::message("client", "gpu-a", Bytes::gib(1));
    for fidelity in ALL {
        let found = gbyte_s(&of(&cluster, std::slice::from_ref(&asked), fidelity)[0]);
        close(found, 5.0, 0.001, "one core at 0.2 ns a byte");
    }
}

#[test]
fn calls_of_a_driver_by_way_of_another_system_take_their_time() {
    let asked = Transfer::message("client", "gpu-a", Bytes::new(4));
    let native = one(&pair(&with("", "", None), &[]), &asked).completion;
    let library = with("driver.call,45,us,,,assumed,fixture\n", "", None);
    let passed = one(&pair(&library, &[]), &asked).completion;
    close((passed - native).as_seconds(), 45e-6, 1e-6, "a call");
}

/// A kernel that takes 1 ms, five times: a launch of 5 us before the first, and no model of what
/// comes between, so as much before the others.
#[test]
fn kernels_in_a_row_are_launched_one_after_another() {
    let kernel = Kernel { count: 5, ..crate::fixture::MILLISECOND };
    let asked = |kernel| Transfer {
        kernel: Some(kernel),
        ..Transfer::message("gpu-a", "client", Bytes::kib(4))
    };
    let cluster = pair(&with("", "", None), &[]);
    let copy = one(&cluster, &Transfer::message("gpu-a", "client", Bytes::kib(4))).completion;
    for fidelity in ALL {
        let found = of(&cluster, &[asked(kernel)], fidelity)[0].completion - copy;
        // The copy waits for the event as long as for a launch.
        close(found.as_seconds(), 5.0 * 1e-3 + 5.0 * 5e-6 + 5e-6, 0.01, "five kernels");
    }
    // A host that needs 3 ms from launch to launch leaves the GPU idle, and a graph does not.
    let slow = with("driver.launch,3,ms,,,assumed,fixture\n", "", None);
    let slow = pair(&slow, &[]);
    let found = one(&slow, &asked(kernel)).completion - copy;
    close(found.as_seconds(), 5.0 * 3e-3 + 5e-6, 1e-3, "a slow host");
    let graph = Kernel { launches: Launches::Graph, ..kernel };
    let found = one(&slow, &asked(graph)).completion - copy;
    close(found.as_seconds(), 5.0 * 1e-3 + 5.0 * 5e-6 + 5e-6, 1e-6, "a graph");
    let host_time = Kernel { host_time: Time::from_ms(3), ..kernel };
    let found = one(&cluster, &asked(host_time)).completion - copy;
    close(found.as_seconds(), 5.0 * 3e-3 + 5e-6, 1e-3, "slow code");
}

#[test]
fn a_kernel_copies_from_mapped_memory_without_an_engine() {
    let mut library = with("", "", None);
    let gpu = library.source(Kind::Gpu, "gpu").unwrap().text.clone();
    let lines =
        "mapped_read_rate,9,GB/s,,,assumed,fixture\nmapped_write_rate,11,GB/s,,,assumed,f\n";
    library.add(Kind::Gpu, "mapped", Source::new("gpu/mapped.csv", format!("{gpu}{lines}")));
    let cluster = pair(&library, &[("profile = \"gpu\"", "profile = \"mapped\"")]);
    for (from, to, rate) in [("client", "gpu-a", 9.0), ("gpu-a", "client", 11.0)] {
        let asked = Transfer {
            host_memory: HostMemory::Mapped,
            ..Transfer::message(from, to, Bytes::gib(4))
        };
        for fidelity in ALL {
            let found = gbyte_s(&of(&cluster, std::slice::from_ref(&asked), fidelity)[0]);
            close(found, rate, 1e-3, "loads and stores");
        }
        let small = Transfer { message: Bytes::new(4), ..asked };
        close(
            one(&cluster, &small).completion.as_seconds() * 1e6,
            5.6,
            0.2,
            "a launch and a round trip",
        );
    }
}

/// RDMA between host memories: 9000 less 44 leave RDMA packets of 4096 bytes on the wire, and no
/// core has a part in it.
#[test]
fn rdma_goes_past_the_sockets() {
    let cluster = pair(&with("", "", None), &[]);
    let mode = Mode::Rdma { chunk: Bytes::mib(1), buffers: 4 };
    let host = Transfer { mode, ..Transfer::message("client", "server", Bytes::gib(1)) };
    let wire = 40.0 / 8.0 * 4096.0 / f64::from(4096 + 44 + 38);
    for fidelity in ALL {
        let found = &of(&cluster, std::slice::from_ref(&host), fidelity)[0];
        close(gbyte_s(found), wire, 0.005, "the wire");
        assert!(found.utilisation.iter().all(|link| !link.link.contains("/core")));
    }
    // From GPU to GPU: copies through host memory, chunk by chunk, which are faster than the wire.
    let staged = Transfer { mode, ..Transfer::message("gpu-a", "gpu-b", Bytes::gib(1)) };
    let outcome = one(&cluster, &staged);
    close(gbyte_s(&outcome), wire, 0.01, "staged");
    let kinds: Vec<&str> = outcome.taken.iter().map(|taken| &*taken.kind).collect();
    assert!(kinds.contains(&"device-to-host copy") && kinds.contains(&"rdma"), "{kinds:?}");
    assert!(!kinds.contains(&"socket"), "{kinds:?}");
}

#[test]
fn devices_reach_each_other_across_sockets_by_what_the_host_passes_on() {
    let host = "socket_link_bandwidth,20,GB/s,,,assumed,f\nsocket_link_latency,100,ns,,,assumed,f\n\
                socket_link_peer_read,3,GB/s,,,assumed,f\n\
                socket_link_peer_write,7,GB/s,,,assumed,f\n";
    let more = "[[gpu]]\nname = \"gpu-c\"\nnode = \"node-a\"\nprofile = \"gpu\"\npcie = \"own\"\n\
                numa = 1\n[[pod]]\nname = \"other\"\nnode = \"node-a\"\ngpu = \"gpu-c\"\n\
                [[peer_to_peer]]\nbetween = [\"gpu-a\", \"gpu-c\"]\n";
    let fast = ("rate = \"40 Gbit/s\"", "rate = \"400 Gbit/s\"");
    let far = format!("name = \"nic-a\"\nnuma = 1\n{}", "");
    let cluster = pair(
        &with(host, "", None),
        &[fast, ("name = \"nic-a\"\n", &far), ("[[service]]", &format!("{more}[[service]]"))],
    );
    let peer = Transfer::message("gpu-a", "gpu-c", Bytes::gib(1));
    close(gbyte_s(&one(&cluster, &peer)), 7.0, 1e-3, "writes");
    // The card reads the GPU's memory on the other socket.
    let direct = |from: &str, to: &str| Transfer {
        mode: Mode::GpuDirect,
        ..Transfer::message(from, to, Bytes::gib(1))
    };
    close(gbyte_s(&one(&cluster, &direct("gpu-a", "gpu-b"))), 3.0, 1e-3, "reads");
    close(gbyte_s(&one(&cluster, &direct("gpu-b", "gpu-a"))), 7.0, 1e-3, "writes by the card");
    // Host memory is reached at the link's own rate.
    let copy = Transfer::message("other", "gpu-c", Bytes::gib(1));
    assert!(gbyte_s(&one(&cluster, &copy)) > 18.0);
}

/// Two switches below one: their GPUs share its uplink, and reach each other below it.
#[test]
fn switches_sit_below_switches() {
    let slots = |own: &str| {
        format!(
            "{own}\n[[pcie_switch]]\nname = \"low-0\"\nnode = \"node-a\"\npcie = \"own\"\n\
             under = \"top\"\n[[pcie_switch]]\nname = \"top\"\nnode = \"node-a\"\npcie = \"own\"\n\
             [[pcie_switch]]\nname = \"low-1\"\nnode = \"node-a\"\npcie = \"own\"\n\
             under = \"top\"\n"
        )
    };
    let gpu = "[[gpu]]\nname = \"gpu-c\"\nnode = \"node-a\"\nprofile = \"gpu\"\npcie = \"own\"\n\
               under = \"low-1\"\n[[pod]]\nname = \"other\"\nnode = \"node-a\"\ngpu = \"gpu-c\"\n\
               [[peer_to_peer]]\nbetween = [\"gpu-a\", \"gpu-c\"]\n[[service]]";
    let library = with("", "", None);
    let cluster = pair(
        &library,
        &[
            ("about = \"two nodes\"", &slots("about = \"two nodes\"")),
            ("name = \"gpu-a\"\n", "name = \"gpu-a\"\nunder = \"low-0\"\n"),
            ("[[service]]", gpu),
        ],
    );
    let out = |gpu: &str, pod: &str| Transfer::message(gpu, pod, Bytes::gib(1));
    let alone = gbyte_s(&one(&cluster, &out("gpu-a", "client")));
    let both = of(&cluster, &[out("gpu-a", "client"), out("gpu-c", "other")], Fidelity::Flow);
    close(gbyte_s(&both[0]), alone / 2.0, 0.01, "a shared uplink");
    let peers = [Transfer::message("gpu-a", "gpu-c", Bytes::gib(1)), out("gpu-c", "other")];
    let found = of(&cluster, &peers, Fidelity::Flow);
    close(gbyte_s(&found[0]), alone, 0.01, "peers below the upper switch");
    let text = PAIR.replace("CNI", "veth").replace(
        "[[service]]",
        "[[pcie_switch]]\nname = \"x\"\n\
        node = \"node-a\"\npcie = \"slot\"\nunder = \"x\"\n[[service]]",
    );
    let told = crate::fixture::refused(&text, &[]).to_string();
    assert!(told.contains("under: `x` sits below itself"), "{told}");
}

/// Cubic at a tenth of a per cent over a millisecond reaches Reno's √(3/2p) = 38.7 segments a
/// round trip; BBR does not notice.
#[test]
fn loss_holds_tcp_back_by_its_congestion_control() {
    let lossy = ("latency = \"10 ns\"", "latency = \"250 us\"\nloss = 0.0005");
    let library = with("", "", None);
    let asked = Transfer::message("client", "server", Bytes::gib(1));
    let cluster = pair(&library, &[lossy]);
    let lost: f64 = 1.0 - (1.0 - 0.0005f64).powi(2);
    let round_trip = 2.0 * (2.0 * 250e-6 + 1e-6 + 2e-6);
    let expected = 8948.0 * (1.5 / lost).sqrt() / round_trip;
    for fidelity in ALL {
        let found = of(&cluster, std::slice::from_ref(&asked), fidelity)[0].goodput;
        close(found.as_bytes_per_s(), expected, 0.01, "cubic");
    }
    let bbr = ("cni = \"veth\"", "cni = \"veth\"\ncongestion_control = \"bbr\"");
    let found = gbyte_s(&one(&pair(&library, &[lossy, bbr]), &asked));
    let without = ("latency = \"10 ns\"", "latency = \"250 us\"");
    close(found, gbyte_s(&one(&pair(&library, &[without]), &asked)), 0.002, "bbr");
    // Datagrams are lost, and nobody slows down.
    let datagrams = Transfer { transport: Transport::Udp, ..asked };
    for fidelity in ALL {
        let found = of(&cluster, std::slice::from_ref(&datagrams), fidelity).remove(0);
        close(found.loss_ratio, lost, 0.02, "the part of datagrams");
    }
}

#[test]
fn the_way_back_of_a_cable_may_be_slower() {
    let slow = ("rate = \"40 Gbit/s\"", "rate = \"10 Gbit/s\"\nrate_back = \"1 Gbit/s\"");
    let cluster = pair(&with("", "", None), &[slow]);
    let there = one(&cluster, &Transfer::message("client", "server", Bytes::gib(1)));
    let back = one(&cluster, &Transfer::message("server", "client", Bytes::gib(1)));
    // Each of the two cables has its slower way away from the switch.
    close(there.goodput.as_gbit_s(), 0.9932, 0.01, "to the server");
    close(back.goodput.as_gbit_s(), 0.9932, 0.01, "to the client");
}

/// 300 Mbit/s are offered to a limit of 100: two thirds are lost, headers aside.
#[test]
fn a_limiter_drops_what_is_offered_beyond_its_rate() {
    let limit = ("name = \"client\"\n", "name = \"client\"\nrate = \"100 Mbit/s\"\n");
    let cluster = pair(&with("", "", None), &[limit]);
    let asked = Transfer {
        transport: Transport::Udp,
        write: Some(Bytes::new(1400)),
        offered: Some(Rate::gbit_s(0.3)),
        ..Transfer::message("client", "server", Bytes::mib(64))
    };
    let passed = 100.0 * 1400.0 / f64::from(1400 + 28 + 14);
    for fidelity in ALL {
        let found = of(&cluster, std::slice::from_ref(&asked), fidelity).remove(0);
        // Unit by unit the limiter's queue still empties when the sender is done.
        let queue = if fidelity == Fidelity::Chunk { 0.07 } else { 0.01 };
        close(found.sent.as_gbit_s(), 0.3, queue, "sent");
        close(found.goodput.as_gbit_s() * 1e3, passed, 0.02, "received");
        close(found.loss_ratio, 1.0 - passed / 300.0, queue, "lost");
    }
}

/// A last chunk of few bytes has more headers for each than a bucket holds for the whole message:
/// it goes as the chunks before it went, at every level.
#[test]
fn a_last_chunk_of_few_bytes_passes_a_bucket_too() {
    let library = with("", "", None);
    let limit = "name = \"client\"\nrate = \"20 Gbit/s\"\nburst = \"1 MiB\"\n";
    let cluster = pair(&library, &[("name = \"client\"\n", limit)]);
    let free = pair(&library, &[]);
    let mode = Mode::Overlapped { chunk: Bytes::new(4108), buffers: 4 };
    let asked =
        Transfer { mode, streams: 2, ..Transfer::message("client", "gpu-b", Bytes::new(262_937)) };
    for fidelity in ALL {
        let [limited, unlimited] = [&cluster, &free]
            .map(|cluster| of(cluster, std::slice::from_ref(&asked), fidelity)[0].completion);
        close(limited.as_seconds(), unlimited.as_seconds(), 0.01, "the bucket takes all of it");
    }
}

/// 10 MB through a bucket of 4 MB at 100 Mbit/s: the rest, headers included, takes its time.
#[test]
fn a_full_bucket_lets_the_beginning_pass() {
    let limit = |more: &str| format!("name = \"client\"\nrate = \"100 Mbit/s\"\n{more}");
    let library = with("", "", None);
    let bucket = limit("burst = \"4 MB\"\n");
    let cluster = pair(&library, &[("name = \"client\"\n", &bucket)]);
    let asked = Transfer::message("client", "server", Bytes::new(10_000_000));
    let wire = 10e6 * (8948.0 + 52.0 + 14.0) / 8948.0;
    for fidelity in ALL {
        let found = of(&cluster, std::slice::from_ref(&asked), fidelity)[0].completion;
        close(found.as_seconds(), (wire - 4e6) * 8.0 / 100e6, 0.02, "what is left");
    }
    let small = Transfer { message: Bytes::mib(1), ..asked };
    let free = pair(&library, &[]);
    close(
        one(&cluster, &small).completion.as_seconds(),
        one(&free, &small).completion.as_seconds(),
        0.01,
        "all at once",
    );
    let without = PAIR
        .replace("CNI", "veth")
        .replace("name = \"client\"\n", "name = \"client\"\nburst = \"1 MB\"\n");
    let told = crate::fixture::refused(&without, &[]).to_string();
    assert!(told.contains("burst: has no effect without `rate`"), "{told}");
}

#[test]
fn a_card_may_limit_a_flow_and_wait_before_it_interrupts() {
    let asked = Transfer::message("client", "server", Bytes::gib(1));
    let limited = pair(&with("", "flow_limit,5,Gbit/s,,,assumed,fixture\n", None), &[]);
    close(one(&limited, &asked).goodput.as_gbit_s(), 5.0, 0.001, "one flow");
    let two = Transfer { streams: 2, ..asked };
    close(one(&limited, &two).goodput.as_gbit_s(), 10.0, 0.001, "two flows");
    let one_byte = Transfer::message("client", "server", Bytes::new(1));
    let quick = one(&pair(&with("", "", None), &[]), &one_byte).completion;
    let patient = pair(&with("", "moderation,20,us,,,assumed,fixture\n", None), &[]);
    let waited = one(&patient, &one_byte).completion;
    close((waited - quick).as_seconds(), 20e-6, 1e-6, "moderation");
}

/// Super-packets of 512 KiB in place of 64: an eighth of what a hop does for each.
#[test]
fn big_tcp_saves_the_work_for_each_super_packet() {
    let slow = HOST.replace("veth.rx_per_skb,1,us", "veth.rx_per_skb,100,us");
    let cluster = |more: &str| {
        let mut library = with("", "", None);
        library.add(Kind::Host, "slow", Source::new("host/slow.csv", format!("{slow}{more}")));
        let fast = ("rate = \"40 Gbit/s\"", "rate = \"400 Gbit/s\"");
        pair(&library, &[fast, ("host = \"own\"", "host = \"slow\"")])
    };
    let asked = Transfer::message("client", "server", Bytes::gib(1));
    let usual = one(&cluster(""), &asked).goodput.as_bytes_per_s();
    let big = "tcp.super_packet,524280,B,,,assumed,fixture\n";
    let found = one(&cluster(big), &asked).goodput.as_bytes_per_s();
    // 100 us for 7 segments of 8948 bytes, or for 58; reading takes 0.25 ns a byte beside it.
    let seconds = |segments: f64| 100e-6 / (segments * 8948.0) + 0.25e-9;
    close(found / usual, seconds(7.0) / seconds(58.0), 0.03, "an eighth");
}

#[test]
fn what_is_marshalled_costs_each_end_a_pass() {
    let cluster = pair(&with("", "", None), &[("rate = \"40 Gbit/s\"", "rate = \"400 Gbit/s\"")]);
    let asked = Transfer::message("client", "server", Bytes::gib(1));
    let plain = 1.0 / one(&cluster, &asked).goodput.as_bytes_per_s();
    let marshalled = Transfer { marshalled: Some(Rate::gbyte_s(1.0)), ..asked };
    let found = 1.0 / one(&cluster, &marshalled).goodput.as_bytes_per_s();
    close(found - plain, 1e-9, 0.02, "a pass at 1 GB/s on the busier core");
}
