//! Where the ranks of a trace are: pods or GPUs in the order of the topology, a list, or a table.

use std::path::Path;

use models::cluster::{Cluster, PlaceKind};
use models::input::InputError;
use models::replay::{Does, Kind, Traced};
use serde::Deserialize;

use crate::file;

/// A line of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rank: u32,
    place: String,
}

/// The place of each rank.
pub(super) fn places(
    asked: Option<&str>,
    cluster: &Cluster,
    traced: &Traced,
) -> Result<Vec<String>, InputError> {
    let on_gpu = |does: &Does| matches!(does.kind(), Kind::Kernel | Kind::Copy | Kind::Collective);
    let on_gpu = traced.operations.iter().any(|operation| on_gpu(&operation.does));
    match asked.unwrap_or(if on_gpu { "gpus" } else { "pods" }) {
        "pods" => in_order(cluster, traced.ranks, PlaceKind::PodMemory, "pods"),
        "gpus" => in_order(cluster, traced.ranks, PlaceKind::DeviceMemory, "GPUs"),
        table if table.ends_with(".csv") => in_table(Path::new(table), traced.ranks),
        list => {
            let places: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
            if places.len() != traced.ranks as usize {
                let problem = format!("{} places for {} ranks", places.len(), traced.ranks);
                return Err(InputError::new("--ranks", problem).help(HELP));
            }
            Ok(places)
        }
    }
}

const HELP: &str = "`pods`, `gpus`, one name for each rank with commas between them, or a CSV file \
                    with the columns rank and place";

fn in_order(
    cluster: &Cluster,
    ranks: u32,
    kind: PlaceKind,
    word: &str,
) -> Result<Vec<String>, InputError> {
    let all = cluster.graph.node_weights().filter(|place| place.kind == kind);
    let mut names: Vec<String> = all.map(|place| place.name.to_string()).collect();
    if names.len() < ranks as usize {
        let problem =
            format!("topology `{}` has {} {word} for {ranks} ranks", cluster.name, names.len());
        return Err(InputError::new("--ranks", problem)
            .help(format!("a topology with as many {word} as there are ranks, or {HELP}")));
    }
    names.truncate(ranks as usize);
    Ok(names)
}

fn in_table(path: &Path, ranks: u32) -> Result<Vec<String>, InputError> {
    let source = file::read_text(path, "--ranks")?;
    let mut places: Vec<Option<String>> = vec![None; ranks as usize];
    let mut reader = csv::Reader::from_reader(source.text.as_bytes());
    let mut rows = reader.deserialize::<Row>();
    let mut line = 1;
    let wrong = |line: u64, field: &str, problem: String| {
        let span = source.span_of_line(line.max(1) as usize);
        let help = "a header `rank,place` and one line for each rank";
        InputError::new(field, problem).help(help).at(&source, span)
    };
    while let Some(row) = rows.next() {
        line = rows.reader().position().line().saturating_sub(1).max(line + 1);
        let row = row.map_err(|error| {
            let line = error.position().map_or(line, csv::Position::line);
            wrong(line, "row", error.to_string())
        })?;
        match places.get_mut(row.rank as usize) {
            None => {
                let problem = format!("rank {} is not there: 0 to {}", row.rank, ranks - 1);
                return Err(wrong(line, "rank", problem));
            }
            Some(Some(_)) => {
                return Err(wrong(line, "rank", format!("rank {} is given twice", row.rank)));
            }
            Some(place) => *place = Some(row.place),
        }
    }
    if let Some(rank) = places.iter().position(Option::is_none) {
        return Err(wrong(line, "rank", format!("rank {rank} of {ranks} has no place")));
    }
    Ok(places.into_iter().flatten().collect())
}
