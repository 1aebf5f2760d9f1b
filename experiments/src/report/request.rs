//! How a result was asked for: the steps of a request and their shares.

use super::document::{Cell, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::run::{Run, StepTime};
use crate::plot::steps::{Request, names, shown};
use crate::plot::words;

/// The section on requests; none where nobody asked.
pub fn steps(run: &Run, figures: &[Figure]) -> Option<Section> {
    let requests = shown(run);
    let first = requests.first()?;
    let biggest = first.steps.iter().max_by(|a, b| a.share.total_cmp(&b.share))?;
    let text = format!(
        "The client's call takes {} at the first setting; most of it, {}, is the step “{}”. Steps \
         follow each other and sum to the whole. A connection that is kept open needs neither name \
         nor handshake.",
        words::time(first.whole.mean_s),
        words::percent(biggest.share),
        biggest.step
    );
    Some(Section {
        id: "request",
        title: "Where a request's time goes",
        paragraphs: vec![text],
        figures: pick(figures, &["request-steps"]),
        tables: vec![table(run, &requests, false), table(run, &requests, true)],
        ..Section::default()
    })
}

/// A row per request, a column per step: mean and share, or median and what 99 of 100 stay below.
fn table(run: &Run, requests: &[Request<'_>], spread: bool) -> Table {
    let names = names(run);
    let mut columns = vec![column("setting")];
    columns.extend(names.iter().map(|name| numbers(name)));
    columns.push(numbers("whole"));
    let row = |request: &Request<'_>| {
        let mut row = vec![Cell::text(request.label.clone()).class("name")];
        for name in &names {
            let step = request.steps.iter().find(|step| step.step == *name);
            row.push(match step {
                None => Cell::number("–"),
                Some(step) if spread => quantiles(step),
                Some(step) => {
                    let text =
                        format!("{} ({})", words::time(step.mean_s), words::percent(step.share));
                    Cell::number(text).shaded(step.share)
                }
            });
        }
        row.push(match spread {
            true => quantiles(request.whole),
            false => Cell::number(words::time_figure(request.whole.mean_s)),
        });
        row
    };
    let caption = match spread {
        false => "Steps of a request: mean time and share of the whole",
        true => "Steps of a request: median, and what 99 of 100 stay below where that differs",
    };
    let rows = requests.iter().map(row).collect();
    Table { shaded: !spread, ..Table::plain(caption, columns, rows) }
}

fn quantiles(step: &StepTime) -> Cell {
    let (median, most) = (words::time_figure(step.median_s), words::time_figure(step.p99_s));
    Cell::number(if median == most { median } else { format!("{median} / {most}") })
}
