//! Names looked up by the real C library, and Services called through real rules.

use calibration::lab::requirements;
use calibration::names::{self, Asker};
use calibration::services::bench::{self, Proxy};

/// Whether labs can be built here; says so aloud if not.
fn can_build() -> bool {
    match requirements() {
        Ok(()) => true,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            false
        }
    }
}

/// The errand of the process that [`names::measure`] starts: this test, called by its name.
#[test]
fn asks_as_a_process_of_its_own() {
    names::answer();
}

#[test]
fn the_c_library_asks_as_often_as_the_model_says() {
    if !can_build() {
        return;
    }
    let arguments = ["--exact", "asks_as_a_process_of_its_own", "--nocapture"];
    let asker = Asker {
        program: std::env::current_exe().expect("this test"),
        arguments: arguments.map(str::to_owned).into(),
    };
    let rows = names::measure(&asker, 30).unwrap_or_else(|error| panic!("{error}"));
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

#[test]
fn a_list_of_rules_slows_the_first_packet_and_a_map_does_not() {
    if !can_build() {
        return;
    }
    let measured = bench::measure(&[1, 5000], 100).unwrap_or_else(|error| panic!("{error}"));
    for reason in &measured.1 {
        eprintln!("skipped: {reason}");
    }
    for row in &measured.0 {
        println!(
            "{:?} {}: connect {:.1}, datagram {:.1}, later {:.1} us",
            row.proxy,
            row.services,
            row.connect.median_s * 1e6,
            row.datagram.median_s * 1e6,
            row.later.median_s * 1e6
        );
    }
    let connect = |proxy, services| {
        let mut rows = measured.0.iter();
        let row = rows.find(|row| row.proxy == Some(proxy) && row.services == services);
        row.expect("a row").connect.median_s
    };
    // Half of 5000 rules at a nanosecond each would be 2.5 us; a map pays nothing.
    let list = connect(Proxy::Iptables, 5000) - connect(Proxy::Iptables, 1);
    let map = connect(Proxy::Nftables, 5000) - connect(Proxy::Nftables, 1);
    assert!(list > 2.5e-6 && list > 2.0 * map, "a list adds {list} s, a map {map} s");
}
