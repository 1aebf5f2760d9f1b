//! The report of a comparison: the verdict first, then every topology, then every row.

use super::document::{Cell, Group, Page, Section, Table, numbers, words as column};
use super::{pick, verdict};
use crate::plot::Figure;
use crate::plot::measured::{self, Measured};
use crate::plot::words;
use crate::verdict::{Inversion, Ranking, Verdict};

/// The whole report of a comparison that was measured on `machine`.
pub fn page(measured: &Measured, machine: &str, figures: &[Figure]) -> Page {
    let judged = measured.verdict();
    let mut sections = vec![
        found(&judged, measured.rounds()),
        Section {
            id: "topologies",
            title: "Topology by topology",
            figures: pick(figures, &["measured-by-topology"]),
            ..Section::default()
        },
        Section {
            id: "scatter",
            title: "Predicted against measured",
            figures: pick(figures, &["predicted-vs-measured"]),
            ..Section::default()
        },
        rows(measured),
    ];
    sections.extend(skipped(measured));
    let title = match measured.name.as_str() {
        "" => "Measured and predicted".into(),
        name => format!("{name}: measured and predicted"),
    };
    Page {
        title,
        version: env!("CARGO_PKG_VERSION").into(),
        about: format!(
            "One experiment file, carried out by the kernel of {machine} and predicted from this \
             host's profile. {}, at most {} each.",
            words::count(measured.rows.len(), "figure"),
            words::count(measured.rounds(), "round")
        ),
        warning: (measured.rounds() == 1).then(|| {
            "Everything was measured once: nothing is known of how well it repeats, and no \
             ranking can be judged. More rounds tell."
                .into()
        }),
        answer: sentences(&judged, measured.rounds()),
        sections,
    }
}

/// The verdict, a sentence each, for report and terminal.
pub fn sentences(verdict: &Verdict, rounds: usize) -> Vec<String> {
    let mut sentences = Vec::new();
    for summary in &verdict.figures {
        let mut sentence = verdict::sentence(summary, rounds);
        if rounds > 1 {
            let inside = words::percent(summary.inside_ratio);
            sentence += &format!(" {inside} of the predictions lie inside the spread.");
        }
        sentences.push(sentence);
    }
    sentences.extend(ranked(&verdict.ranking));
    if verdict.skipped > 0 {
        let many = words::count(verdict.skipped, "row");
        sentences.push(format!("{many} could not be judged; the last section names them."));
    }
    if sentences.is_empty() {
        sentences.push("There is no row to compare.".into());
    }
    sentences
}

fn ranked(ranking: &Ranking) -> Option<String> {
    let pairs = ranking.decided();
    let undecided = match ranking.undecided {
        0 => String::new(),
        some => format!(" {} are too near each other to tell.", words::count(some, "pair")),
    };
    match (pairs, ranking.wrong.len()) {
        (0, _) if ranking.undecided == 0 => None,
        (0, _) => {
            Some(format!("Ranking by goodput: no measured gap exceeds the spread.{undecided}"))
        }
        (_, 0) => Some(format!(
            "Ranking by goodput: right in all {pairs} pairs of topologies whose measured gap \
             exceeds the spread.{undecided}"
        )),
        (_, wrong) => Some(format!(
            "Ranking by goodput: wrong in {wrong} of {pairs} pairs of topologies whose measured \
             gap exceeds the spread.{undecided}"
        )),
    }
}

fn found(judged: &Verdict, rounds: usize) -> Section {
    let mut section = Section {
        id: "verdict",
        title: "Verdict",
        tables: vec![verdict::summaries(&judged.figures, rounds)],
        ..Section::default()
    };
    let ranking = &judged.ranking;
    if ranking.decided() + ranking.undecided > 0 {
        section.facts = vec![
            ("pairs ranked right".into(), ranking.right.to_string()),
            ("pairs ranked wrong".into(), ranking.wrong.len().to_string()),
            ("pairs too near to tell".into(), ranking.undecided.to_string()),
        ];
        section.paragraphs.push(
            "A pair is two topologies at the same setting. It has an order to predict where the \
             quartiles of the two measured goodputs do not overlap."
                .into(),
        );
    }
    if !ranking.wrong.is_empty() {
        section.tables.push(inversions(&ranking.wrong));
    }
    section
}

fn inversions(wrong: &[Inversion]) -> Table {
    let row = |pair: &Inversion| {
        vec![
            Cell::text(pair.faster.clone()),
            Cell::text(pair.slower.clone()),
            Cell::text(pair.setting.clone()),
            Cell::number(words::gain(pair.measured_lead_ratio)),
            Cell::number(words::gain(pair.predicted_lead_ratio)).class("number bad"),
        ]
    };
    let columns = vec![
        column("measured to be faster"),
        column("than"),
        column("setting"),
        numbers("measured lead"),
        numbers("predicted lead"),
    ];
    let caption = "Pairs that were ranked wrong, the clearest gap first";
    Table::plain(caption, columns, wrong.iter().map(row).collect())
}

fn rows(measured: &Measured) -> Section {
    let (settings, methods) = (
        measured.rows.iter().any(|row| !row.setting.is_empty()),
        measured.rows.iter().any(|row| !row.method.is_empty()),
    );
    let table = |figure: String| {
        let row = |row: &measured::Row| {
            let mut cells = vec![Cell::text(row.subject.clone()).class("name")];
            cells.extend(settings.then(|| Cell::text(row.setting.clone())));
            cells.extend(verdict::cells(measured, row));
            cells.extend(methods.then(|| Cell::text(row.method.clone())));
            cells
        };
        let mut columns = vec![column("topology")];
        columns.extend(settings.then(|| column("setting")));
        columns.extend(verdict::columns());
        columns.extend(methods.then(|| column("method")));
        let rows = measured.of(&figure).map(row).collect();
        Table {
            caption: format!("Every row: {}", measured::name(&figure)),
            columns,
            groups: vec![Group { name: String::new(), rows }],
            shaded: false,
        }
    };
    Section {
        id: "rows",
        title: "Every row",
        tables: measured.figures().into_iter().map(table).collect(),
        ..Section::default()
    }
}

fn skipped(measured: &Measured) -> Option<Section> {
    let rows: Vec<_> = measured.skipped.iter().map(|what| vec![Cell::text(what.clone())]).collect();
    (!rows.is_empty()).then(|| Section {
        id: "skipped",
        title: "What could not be judged",
        paragraphs: vec!["Nothing was measured, or nothing predicted.".into()],
        tables: vec![Table::plain("Rows without a verdict", vec![column("row")], rows)],
        ..Section::default()
    })
}
