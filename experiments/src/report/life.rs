//! Where each microsecond goes: a message's life by kind of hop, in words, bars and numbers.

use super::document::{Cell, Folded, Group, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::life::{KERNEL, Kinds, Life, OfSize, kinds, shown};
use crate::plot::run::{Run, distinct};
use crate::plot::series::{Plan, Series};
use crate::plot::words;

/// How many kinds of hop a sentence names.
const NAMED: usize = 3;
/// A part below this is not worth a word.
const WORTH: f64 = 0.005;

/// The section on time; none where the run does not ask for it.
pub fn section(run: &Run, plan: &Plan, figures: &[Figure]) -> Option<Section> {
    let sizes = shown(run, plan);
    let kinds = kinds(&sizes);
    let lives = || sizes.iter().flat_map(|size| &size.topologies).flat_map(|(_, lives)| lives);
    let mut series: Vec<&Series> = Vec::new();
    for life in lives() {
        if series.iter().all(|known| known.shared != life.series.shared) {
            series.push(life.series);
        }
    }
    let (first, last) = (series.first()?, series.last()?);
    let text = "Each interval of a message's life is booked to one hop and one cause: the hop \
                works (service), others use the resource (queueing), a window is full (window), or \
                signals travel (propagation). The time that the message would take at line rate in \
                any case is set apart (line rate); all else is loss. The parts sum to the \
                completion, kernel included. Where chunks overlap, an interval belongs to the hop \
                that the message waited for. Every row is in life.csv.";
    let mut paragraphs = vec![text.to_owned()];
    for size in
        distinct([sizes.first()?, sizes.last()?].map(|size| size.message_b.to_bits()).into_iter())
    {
        let ends = [first, last].map(|series| sentence(&sizes, f64::from_bits(size), series));
        paragraphs.extend(distinct(ends.into_iter().flatten()));
    }
    let folded = |series: &&Series| Folded {
        summary: format!("Time by kind of hop in numbers{}", series.suffix()),
        table: Some(table(&sizes, &kinds, series)),
        text: None,
    };
    Some(Section {
        id: "time",
        title: "Where each microsecond goes",
        paragraphs,
        figures: pick(figures, &["time-by-hop"]),
        folded: series.iter().map(folded).collect(),
        ..Section::default()
    })
}

/// The lives of one series: size, topology and life.
fn of<'s, 'r>(
    sizes: &'s [OfSize<'r>],
    series: &'s Series,
) -> impl Iterator<Item = (f64, &'s str, &'s Life<'r>)> {
    sizes.iter().flat_map(move |size| {
        size.topologies.iter().flat_map(move |(name, lives)| {
            let own = lives.iter().filter(|life| life.series.shared == series.shared);
            own.map(move |life| (size.message_b, name.as_str(), life))
        })
    })
}

/// Which kinds of hop take most of the first topology's message of one size.
fn sentence(sizes: &[OfSize<'_>], message_b: f64, series: &Series) -> Option<String> {
    let (_, topology, life) = of(sizes, series).find(|(size, ..)| *size == message_b)?;
    let none = Kinds { named: Vec::new(), others: true };
    let all = distinct(life.spent.iter().map(|spent| spent.kind.clone()));
    let mut kinds: Vec<(&String, f64)> =
        all.iter().map(|kind| (kind, life.at(&none, Some(kind)))).collect();
    kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
    let part = |(kind, seconds): &(&String, f64)| {
        let share = words::percent(seconds / life.whole_s);
        format!("{kind} {} ({share})", words::time(*seconds))
    };
    let worth = |(_, seconds): &&(&String, f64)| *seconds >= WORTH * life.whole_s;
    let parts: Vec<String> = kinds.iter().take(NAMED).filter(worth).map(part).collect();
    let kernel = kinds.iter().skip(NAMED).find(|(kind, _)| *kind == KERNEL).map(part);
    let kernel = kernel.map_or(String::new(), |part| format!("; {part}"));
    let how = match series.label.as_str() {
        "" => String::new(),
        label => format!(" ({label})"),
    };
    Some(format!(
        "On {topology}, {}{how} are there after {}. Most of that: {}{kernel}.",
        words::size(message_b),
        words::time(life.whole_s),
        words::list(&parts)
    ))
}

/// A row per topology and size, a column per kind of hop.
fn table(sizes: &[OfSize<'_>], kinds: &Kinds, series: &Series) -> Table {
    let mut columns = vec![column("topology"), numbers("message")];
    columns.extend(kinds.named.iter().map(|kind| numbers(kind)));
    columns.extend(kinds.others.then(|| numbers("all other hops")));
    columns.push(numbers("arrives after"));
    let cell = |life: &Life<'_>, kind: Option<&str>| {
        let seconds = life.at(kinds, kind);
        let share = seconds / life.whole_s;
        match seconds > 0.0 {
            true => Cell::number(words::time_figure(seconds)).shaded(share),
            false => Cell::number(""),
        }
    };
    let row = |message_b: f64, life: &Life<'_>| {
        let mut row = vec![Cell::number(words::size(message_b))];
        row.extend(kinds.named.iter().map(|kind| cell(life, Some(kind))));
        row.extend(kinds.others.then(|| cell(life, None)));
        row.push(Cell::number(words::time_figure(life.whole_s)));
        row
    };
    let names = distinct(of(sizes, series).map(|(_, name, _)| name));
    let group = |name: &str| {
        let own = of(sizes, series).filter(|(_, other, _)| *other == name);
        Group { name: name.to_owned(), rows: own.map(|(size, _, life)| row(size, life)).collect() }
    };
    Table {
        caption: format!("Time by kind of hop, shaded by its part of the whole{}", series.suffix()),
        columns,
        groups: names.into_iter().map(group).collect(),
        shaded: true,
    }
}
