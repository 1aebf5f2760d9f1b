//! Names looked up by the real C library, and Services called through real rules.

#[path = "../../needs/mod.rs"]
mod needs;
#[path = "../../needs/of_lab.rs"]
mod needs_of_lab;

use calibration_lab::names::{self, Asker};
use calibration_lab::services::bench::{Proxy, Translation, measure};
use needs::lacks;

#[test]
#[ignore = "not a test: what names::measure starts as another process"]
fn asks_as_a_process_of_its_own() {
    names::answer();
}

#[test]
fn the_c_library_asks_as_often_as_the_model_says() {
    let arguments = ["--ignored", "--exact", "asks_as_a_process_of_its_own", "--nocapture"];
    let asker = Asker {
        program: std::env::current_exe().expect("this test"),
        arguments: arguments.map(str::to_owned).into(),
    };
    let measured = names::measure(&asker, 30);
    if lacks(&measured) {
        return;
    }
    let rows = measured.expect("what is missing was told above");
    let mut complaints = Vec::new();
    for row in &rows {
        println!(
            "{:30} {:32} {} of {} questions, {:.1} us, predicted {:.1} us",
            row.what,
            row.name,
            row.questions.1,
            row.questions.0,
            row.seconds[1] * 1e6,
            row.predicted_s * 1e6
        );
        if row.questions.0 != row.questions.1 {
            complaints.push(format!("{row:?}"));
        }
        // Microseconds of a shared machine are printed, not judged: `calibrate net` records them.
        assert!(row.error_ratio().is_finite(), "{row:?}");
        let silent = row.what == "nobody answers";
        assert_eq!(row.found, !silent && row.name != "nowhere.example", "{row:?}");
        if silent {
            assert!((row.seconds[1] - row.predicted_s).abs() < 0.2, "{row:?}");
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert_eq!(rows.len(), 12);
}

/// Nothing, if this machine lacks what the proxy needs.
fn translated(proxy: Option<Proxy>, services: u32) -> Option<Translation> {
    let measured = measure(proxy, services, 100);
    if lacks(&measured) {
        return None;
    }
    let row = measured.expect("what is missing was told above");
    println!(
        "{proxy:?} {services}: connect {:.1}, datagram {:.1}, later {:.1} us",
        row.connect.median_s * 1e6,
        row.datagram.median_s * 1e6,
        row.later.median_s * 1e6
    );
    Some(row)
}

#[test]
fn a_list_of_rules_slows_the_first_packet_and_a_map_does_not() {
    let mut added = Vec::new();
    for proxy in [Proxy::Iptables, Proxy::Nftables] {
        let Some(one) = translated(Some(proxy), 1) else { return };
        let Some(many) = translated(Some(proxy), 5000) else { return };
        added.push(many.connect.median_s - one.connect.median_s);
    }
    // Half of 5000 rules at a nanosecond each would be 2.5 us; a map pays nothing.
    let [list, map] = added[..] else { unreachable!("two proxies") };
    assert!(list > 2.5e-6 && list > 2.0 * map, "a list adds {list} s, a map {map} s");
}

#[test]
fn the_kernels_load_balancer_answers_as_the_server_itself_does() {
    let Some(direct) = translated(None, 0) else { return };
    let Some(balanced) = translated(Some(Proxy::Ipvs), 5000) else { return };
    for row in [direct, balanced] {
        for seen in [row.connect, row.datagram, row.later] {
            assert!(0.0 < seen.low_s && seen.low_s <= seen.high_s, "{row:?}");
        }
    }
}
