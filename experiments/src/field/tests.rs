//! Every shipped case is read, planned and computed, and says what it said.
//!
//! `tests/field.txt` holds what is predicted for each figure in closed form: a change of a model or
//! profile that moves one shows up there in review. `UPDATE=1` writes it anew.

use std::fmt::Write;
use std::fs;

use models::outcome::Fidelity;

use super::{Figure, Group, files};

fn figures() -> Vec<Figure> {
    let cases = files::shipped().expect("every case can be planned");
    let closed = cases.experiments.into_iter().map(|mut task| {
        task.experiment.at_fidelities(&[Fidelity::Closed]);
        task.plan = task.experiment.plan().expect("at any fidelity");
        task
    });
    let closed = closed.flat_map(|task| task.figures(false, &|| {}).expect("figures"));
    let scenes = cases.scenes.iter().flat_map(|own| own.figures(0, &|| {}).expect("figures"));
    closed.chain(scenes).collect()
}

#[test]
fn every_figure_says_what_it_said() {
    let figures = figures();
    assert!(figures.iter().any(|figure| figure.group == Group::Gpu));
    assert!(figures.iter().any(|figure| figure.group == Group::Network));
    let mut said = String::new();
    let mut case = "";
    for one in &figures {
        if one.case != case {
            writeln!(said, "{}", one.case).expect("text");
            case = &one.case;
        }
        let reported = match one.reported_low == one.reported_high {
            true => format!("{:.4e}", one.reported_low),
            false => format!("{:.4e} to {:.4e}", one.reported_low, one.reported_high),
        };
        let (text, predicted, unit) = (&one.text, one.predicted, one.unit);
        writeln!(said, "  {text}: {reported}, predicted {predicted:.3e} {}", unit.name())
            .expect("text");
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/field.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(golden, &said).expect("a writable file");
    }
    let before = fs::read_to_string(golden).expect("tests/field.txt; UPDATE=1 writes it");
    for (now, then) in said.lines().zip(before.lines()) {
        assert_eq!(now, then, "UPDATE=1 accepts it");
    }
    assert_eq!(said.lines().count(), before.lines().count(), "a figure came or went");
}

#[test]
fn every_case_has_a_figure_and_a_name_of_its_own() {
    let tasks = files::shipped().expect("every case can be planned").experiments;
    let mut names = std::collections::BTreeSet::new();
    for task in &tasks {
        assert!(!task.experiment.reported.is_empty(), "{}: nothing is reported", task.name);
        assert!(names.insert(task.experiment.name.clone()), "{}: named twice", task.name);
        assert!(task.experiment.name.starts_with(&task.case), "{}", task.name);
    }
}
