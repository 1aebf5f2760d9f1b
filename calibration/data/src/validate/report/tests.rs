//! Errors by hand, and the keys of the JSON.

use super::*;

fn judged(predicted: f64) -> Judged {
    Judged {
        family: Family::CniTcp,
        file: "x.csv".into(),
        row: 1,
        label: "calico dts".into(),
        used: Use::Holdout,
        comparisons: vec![
            Comparison::new("write", "Gbit/s", 10.0, predicted, 2),
            Comparison::new("read", "Gbit/s", 10.0, 10.0, 2),
        ],
    }
}

#[test]
fn errors_by_hand() {
    let rows = [11.0, 9.5, 10.0, 14.0, 10.2].map(judged);
    let report = Report { judged: rows.to_vec(), ..Report::default() };
    let summary = report.family(Family::CniTcp, None).unwrap();
    let errors = summary.errors.unwrap();
    // Sorted: 0, 0.02, 0.05, 0.10, 0.40; the 90th percentile is 60 % of the way to the last.
    assert!((errors.median - 0.05).abs() < 1e-12);
    assert!((errors.p90 - 0.28).abs() < 1e-12);
    assert!((errors.worst - 0.40).abs() < 1e-12);
    assert_eq!(errors.worst_row.comparisons[0].predicted, 14.0);
    assert!(report.family(Family::Pcie, None).is_none());
    assert!(report.family(Family::CniTcp, Some(Use::Calibration)).is_none());
}

#[test]
fn intervals_are_in_the_digits_that_are_printed() {
    let draws: Vec<f64> = (0..=100).map(|n| 1.0 + f64::from(n) / 100.0).collect();
    let of = |measured| Comparison::new("b", "GB/s", measured, 1.5, 1).with_draws(&draws);
    let (low, high) = of(1.5).interval.unwrap();
    // 5 % and 95 % are 1.05 and 1.95.
    assert!((low - 1.05).abs() < 0.051 && (high - 1.95).abs() < 0.051, "{low} {high}");
    let row = Judged { comparisons: vec![of(low), of(2.1)], ..judged(1.0) };
    assert_eq!(coverage(&[&row]).unwrap().coverage_90, 0.5);
    assert!(coverage(&[&judged(1.0)]).is_none(), "nothing is unknown about it");
}

#[test]
fn a_difference_below_the_printed_digits_is_none() {
    assert_eq!(Comparison::new("b", "GB/s", 0.03, 0.0343, 2).relative_error(), 0.0);
    assert!(Comparison::new("b", "GB/s", 0.03, 0.0353, 2).relative_error() > 0.3);
}

#[test]
fn the_json_has_the_agreed_keys() {
    let skipped = Skipped {
        family: Family::GpuCache,
        file: "x.csv".into(),
        row: 7,
        label: "a100_40".into(),
        why: "no model".into(),
    };
    let report = Report { judged: vec![judged(11.0)], skipped: vec![skipped], ..Report::default() };
    let json = serde_json::to_value(&report).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&json), ["families", "rows_skipped"]);
    let families = json["families"].as_array().unwrap();
    assert_eq!(families.len(), 2);
    let expected = [
        "family",
        "rows",
        "predicted",
        "median_abs_rel_error",
        "p90_abs_rel_error",
        "worst_abs_rel_error",
        "worst_row",
        "coverage_90",
        "coverage_90_low",
        "coverage_90_high",
        "median_width",
        "mean_interval_score",
    ];
    assert_eq!(keys(&families[0]), expected);
    assert_eq!(families[0]["family"], "cni_tcp");
    assert_eq!(families[1]["predicted"], 0);
    assert!(families[1]["worst_row"].is_null());
    assert_eq!(keys(&json["rows_skipped"][0]), ["row", "why"]);
    assert_eq!(json["rows_skipped"][0]["row"], 7);
}
