//! Every picosecond of every replication has its hop and cause.

use super::*;
use crate::experiment::Experiment;
use crate::run::{Changes, replicate};
use crate::shipped;

fn read(name: &str) -> Experiment {
    let file = format!("{}/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    shipped::read(&file).unwrap()
}

#[test]
fn the_parts_of_every_replication_sum_to_its_completion() {
    let mut causes: Vec<Cause> = Vec::new();
    for (name, points) in [("gpu-result", 64), ("service-path", 3)] {
        let mut experiment = read(name);
        experiment.repetitions = 3;
        let plan = experiment.plan().unwrap();
        for point in &plan.points().take(points).collect::<Vec<_>>() {
            let samples =
                replicate(&experiment, &plan, point, (Changes::All, &|| false)).unwrap().unwrap();
            let outcomes: Vec<&Outcome> = samples.iter().map(|s| &s.outcomes[0]).collect();
            let parts = parts(&outcomes);
            for outcome in &outcomes {
                let spans = parts.iter().map(|part| booked(outcome, *part));
                assert_eq!(spans.sum::<Time>(), outcome.completion, "{name} {:?}", point.steps);
            }
            causes.extend(parts.iter().map(|part| part.cause));
            let shares = life(&samples, 0);
            let sum: f64 = shares.iter().map(|spent| spent.share).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{name}: shares sum to {sum}");
        }
    }
    for cause in [Cause::Service, Cause::Window, Cause::Propagation, Cause::LineRate] {
        assert!(causes.contains(&cause), "no {cause:?} in either experiment");
    }
}

#[test]
fn hops_stand_in_path_order_and_each_but_once_for_a_cause() {
    let experiment = read("gpu-result");
    let plan = experiment.plan().unwrap();
    // The last size is cut into a thousand chunks: their intervals are added up.
    for point in &plan.points().collect::<Vec<_>>() {
        let samples =
            replicate(&experiment, &plan, point, (Changes::All, &|| false)).unwrap().unwrap();
        let life = life(&samples, 0);
        let taken = &samples[0].outcomes[0].taken;
        let first: Vec<&str> = life[..3].iter().map(|spent| spent.kind.as_str()).collect();
        assert_eq!(first, ["launch", "kernel", "event"]);
        let steps: Vec<(usize, Cause)> = life
            .iter()
            .map(|spent| {
                let at = taken.iter().position(|taken| taken.hop == spent.hop).unwrap();
                assert_eq!(taken[at].kind, spent.kind);
                (at, spent.cause)
            })
            .collect();
        assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    }
}

#[test]
fn what_is_no_hop_of_the_way_has_a_kind_too() {
    let mut experiment = read("service-path");
    experiment.repetitions = 1;
    let plan = experiment.plan().unwrap();
    let point = &plan.point(0);
    let samples = replicate(&experiment, &plan, point, (Changes::All, &|| false)).unwrap().unwrap();
    let life = life(&samples, 0);
    let kind = |hop: &str| life.iter().find(|spent| spent.hop == hop).map(|s| s.kind.as_str());
    assert_eq!(kind("gpu-b/copy-in"), Some("host-to-device copy"), "a hop before its way");
    let names = life.iter().find(|spent| spent.kind == "names");
    assert!(names.is_some_and(|spent| spent.hop.ends_with("/names")), "a name server's work");
    let service = life.iter().find(|spent| spent.kind.starts_with("service"));
    assert!(service.is_some(), "the translation of the Service: {:?}", life);
}
