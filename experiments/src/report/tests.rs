//! The report holds every table, and nothing from a file becomes markup.

use std::fs;

use super::*;
use crate::plot::fixture::{self, Fixture};
use crate::plot::manifest::{Reported, Unit};
use crate::plot::{self};

fn report(fixture: &Fixture, more: &[(&str, &str)]) -> String {
    let folder = fixture.folder();
    for (name, text) in more {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let figures = plot::all(folder.path()).unwrap();
    write(folder.path(), &figures).unwrap();
    read(folder.path())
}

/// A report with every space a plain one.
fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("report.html")).unwrap().replace('\u{a0}', " ")
}

const PARAMETERS: &str = "kind,profile,parameter,value,unit,low,high,how,source\n\
    gpu,a100,hbm_bandwidth,1555,GB/s,,,datasheet,https://example.org/a100\n\
    host,bench-2024,vxlan.rx_per_byte,0.17,ns/B,0.1,0.3,fitted,<i>rows</i> 1 to 4\n\
    host,bench-2024,cores,8,count,,,assumed,not stated\n";

#[test]
fn every_table_and_figure_is_there() {
    let html = report(&Fixture::quickstart(), &[("parameters.csv", PARAMETERS)]);
    let expected = [
        "What was reported, and why",
        "What users reported, and what is predicted over what they left open, with its 90 % \
         interval",
        "2–3.6 (1.8–4.2) Gbit/s",
        "vxlan: here veth",
        "81 us (percentile 99)",
        "25 % too low",
        "Goodput of the largest message of each topology",
        "Goodput at every point",
        "Taken of 40 Gbit/s by kind of hop, largest message: 1 stream, serial",
        "Taken of 40 Gbit/s by kind of hop, largest message: 8 streams, overlapped",
        "Best changes for the largest message: 1 stream, serial",
        "overlap copies with 1 MiB chunks",
        "Where each microsecond goes",
        "Time by kind of hop in numbers: 1 stream, serial",
        // 40 % of the loss, and of the time, is tcp's: 60 µs and 4 KiB at 0.39 of 40 Gbit/s.
        "On baremetal, 4 KiB (1 stream, serial) are there after 62.1 µs. Most of that: tcp 24.8 µs \
         (40 %), device-to-host copy 12.4 µs (20 %) and veth 6.21 µs (10 %).",
        "Assumptions and what they do to the answer",
        "Assumed numbers",
        "Fitted numbers",
        "All numbers with their sources",
        "Data files with their hashes",
        "One core does the work of every veth &amp; tunnel.",
    ];
    for text in expected {
        assert!(html.contains(text), "`{text}` is missing");
    }
    assert_eq!(html.matches("<svg ").count(), 8);
    assert_eq!(html.matches("<figcaption>").count(), 8);
    assert_eq!(html.matches("role=\"img\"").count(), 8);
    // 6 topologies × 2 streams × 2 modes: flannel's best is 82 % of 40 Gbit/s.
    assert!(html.contains("33.0 Gbit/s"), "flannel's goodput");
}

#[test]
fn the_answer_comes_first() {
    let html = report(&Fixture::quickstart(), &[]);
    let answer = &html[html.find("class=\"answer\"").unwrap()..html.find("<nav").unwrap()];
    let expected = [
        "At 1 GiB (8 streams, overlapped), baremetal reaches 98 % of the 40 Gbit/s line rate (39.4 \
         Gbit/s) and flannel-service 58 % (23.4 Gbit/s); the other 4 lie between.",
        "What takes most of the line rate (1 stream, serial): tcp, 24 % to 31 % on every topology.",
        "What brings most back (1 stream, serial): overlap copies with 1 MiB chunks, +38 % on \
         every topology.",
        "Reported (flannel, streams 1): 1 Gbit/s to 4 Gbit/s; predicted: 2–3.6 (1.8–4.2) Gbit/s, \
         inside.",
    ];
    for text in expected {
        assert!(answer.contains(text), "`{text}` is not in {answer}");
    }
}

#[test]
fn text_from_files_stays_text() {
    let mut fixture = Fixture::one();
    fixture.topologies = vec!["<script>alert('t')</script>".into()];
    let html = report(&fixture, &[("parameters.csv", PARAMETERS)]);
    assert!(!html.contains("<script"), "a script got in");
    assert!(html.contains("&lt;script&gt;alert(1)"), "the experiment's text is missing");
    assert!(html.contains("&lt;i&gt;rows&lt;/i&gt; 1 to 4"), "a source is missing");
    assert!(html.contains("href=\"https://example.org/1?a=b&amp;c=d\""), "a source is no link");
}

#[test]
fn links_lead_to_web_addresses_only() {
    let script = PARAMETERS.replace("https://example.org/a100", "javascript:alert(1)");
    let html = report(&Fixture::one(), &[("parameters.csv", &script)]);
    assert!(!html.contains("href=\"javascript"), "a script address became a link");
    for fetched in [" src=", "url(", "<link", "@import"] {
        assert!(!html.contains(fetched), "`{fetched}` fetches something");
    }
}

#[test]
fn an_interrupted_run_says_so() {
    assert!(report(&Fixture::many(), &[]).contains("This run was interrupted: 12 of 12 points"));
    assert!(!report(&Fixture::one(), &[]).contains("This run was interrupted"));
}

#[test]
fn a_figure_is_said_in_its_own_unit() {
    let one = |value: &str, unit, predicted, sure| Reported {
        value: value.into(),
        unit,
        predicted: Some((predicted, predicted)),
        sure,
        ..Reported::default()
    };
    let said = |one: Reported| one.say_predicted();
    let rate = one("9.4 Gbit/s", Unit::Bandwidth, 9.1e9, Some((6.2e9, 9.4e9)));
    assert_eq!(said(rate), "9.1 (6.2–9.4) Gbit/s");
    let rate = one("12 GB/s", Unit::Bandwidth, 99.2e9, None);
    assert_eq!(said(rate), "12.4 GB/s");
    let time = one("81 us", Unit::Time, 54e-6, Some((40e-6, 1.2e-3)));
    assert_eq!(said(time), "54 (40–1200) µs");
    let often = one("24900 /s", Unit::Frequency, 26_100.0, Some((900.0, 3e4)));
    assert_eq!(said(often), "26.1 (0.9–30) k/s");
    assert_eq!(said(Reported::default()), "no point matches");
}

#[test]
fn a_verdict_is_in_words() {
    let one = |miss| Reported { miss, ..Reported::default() }.verdict();
    assert_eq!(one(Some(0.25)), "25 % too high");
    assert_eq!(one(Some(-0.5)), "50 % too low");
    assert_eq!(one(Some(0.0)), "inside");
    assert_eq!(one(None), "no point matches");
    let cause = |cause: Option<&str>, here: Option<&str>| {
        let [cause, most_taken_by] = [cause, here].map(|name| name.map(str::to_owned));
        Reported { cause, most_taken_by, ..Reported::default() }.say_cause()
    };
    assert_eq!(cause(Some("vxlan"), Some("vxlan")), "vxlan: same here");
    assert_eq!(cause(Some("vxlan"), Some("veth")), "vxlan: here veth");
    assert_eq!(cause(None, Some("veth")), "");
}

#[test]
fn a_sweep_of_more_settings_is_told_as_a_range() {
    let html = report(&Fixture::swept(), &[]);
    let expected = [
        "lowest and highest over nic.mtu",
        "Of the settings that were swept, figures and tables show the first: nic.mtu 1500 B.",
        "baremetal reaches 31 % to 39 % of the 40 Gbit/s line rate (12.5 Gbit/s to 15.6 Gbit/s)",
        "tcp, 24 % to 33 % at every setting.",
    ];
    for text in expected {
        assert!(html.contains(text), "`{text}` is missing");
    }
    assert!(!html.contains('\u{fffd}'), "line breaks of the manifest are kept");
}

#[test]
fn the_same_run_gives_the_same_report() {
    let fixture = Fixture::quickstart();
    assert!(report(&fixture, &[]) == report(&fixture, &[]));
}

#[test]
fn a_validation_counts_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("validate.csv"), fixture::validation()).unwrap();
    let figures = plot::validation(folder.path()).unwrap();
    validation(folder.path(), &figures).unwrap();
    let html = read(folder.path());
    let expected = [
        "pcie: 60 rows, 20 held out; median error 6 %",
        "Skipped rows by file and reason",
        "1 row could not be predicted",
        "there is no CNI &lt;b&gt;odd",
        "The worst rows of each family",
        "cni_tcp &lt;",
    ];
    for text in expected {
        assert!(html.contains(text), "`{text}` is missing");
    }
    assert_eq!(html.matches("<svg ").count(), 1);
}

#[test]
fn a_calibration_says_what_its_probes_did_not_decide() {
    let folder = tempfile::tempdir().unwrap();
    let html = |rounds| {
        fixture::lab::calibration(folder.path(), rounds);
        crate::net_report::write(folder.path(), "a <made-up> machine").unwrap();
        read(folder.path())
    };
    let repeated = html(5);
    let expected = [
        "Measured on a &lt;made-up&gt; machine",
        "19 figures of 14 probes in 5 rounds: 95 readings.",
        "The probes decided 4 of the 6 costs they look at; 2 stay as assumed",
        "not decided by these probes: assumed",
        "assumed: wake-up &lt;b&gt;of&lt;/b&gt; it",
        "7.47 to 8.42",
        "Goodput: 5 values, median error 8 %",
    ];
    for text in expected {
        assert!(repeated.contains(text), "`{text}` is missing");
    }
    assert_eq!(repeated.matches("<svg ").count(), 5);
    assert!(!repeated.contains("role=\"alert\""), "nothing to warn of");
    let once = html(1);
    assert!(once.contains("beside a spread that one round cannot tell"));
    assert!(once.contains("Every probe ran once"));
}

#[test]
fn a_comparison_opens_with_its_verdict() {
    let folder = tempfile::tempdir().unwrap();
    fixture::lab::comparison(folder.path(), 5);
    crate::compare_report::write(folder.path(), "a made-up machine").unwrap();
    let html = read(folder.path());
    let (verdict, sentences) = crate::compare_report::verdict(folder.path()).unwrap();
    // Macvlan is predicted below the bridges and the routers, at each of three settings.
    let wrong: Vec<_> = verdict.ranking.wrong.iter().map(|p| (&*p.faster, &*p.slower)).collect();
    assert_eq!(wrong.len(), 6, "{wrong:?}");
    assert!(wrong.iter().all(|(faster, _)| *faster == "macvlan"), "{wrong:?}");
    // 28 pairs of 8 topologies, at 3 settings.
    assert_eq!(verdict.ranking.decided() + verdict.ranking.undecided, 84);
    assert_eq!(verdict.skipped, 1);
    assert!(sentences.iter().any(|text| text.contains("Ranking by goodput: wrong in 6 of")));
    let answer = &html[html.find("class=\"answer\"").unwrap()..html.find("<nav").unwrap()];
    for sentence in &sentences {
        assert!(answer.contains(sentence), "{sentence}");
    }
    for text in ["&lt;i&gt;wireguard&lt;/i&gt;", "iperf3", "Pairs that were ranked wrong"] {
        assert!(html.contains(text), "`{text}` is missing");
    }
    assert_eq!(html.matches("<svg ").count(), 2);
}
