//! Functions as a file describes them, on GPUs alone or on a cluster.

use std::collections::BTreeMap;

use models::function::{Call, Graph, Lived, Piece, Scene, Spoiled, Still, Used, live};
use models::input::InputError;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use sim::Seed;

use super::super::place::tables::{Estimate, Table, estimate};
use super::Arguments;
use super::digest::{figures, occupied, spent, steps};
use super::tables::{Outcome, calls, estimates, keys};
use crate::failure::Failure;
use crate::functions::{self, Described};
use crate::plot::words;

/// So many of who spoils whom are printed; the file has all.
const SHOWN: usize = 8;
/// A Gantt chart of more pieces than this shows nothing.
const PIECES_MAX: usize = 20_000;

/// What came of one seed.
struct Run {
    lived: Lived,
    spoiled: Vec<Spoiled>,
    used: Vec<Used>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let own = functions::read(&arguments.input, calibration_data::shipped())?;
    let seed = Seed::new(arguments.seed);
    let one = |number: u64| one(&own, seed.replication(number), number == 0);
    let runs: Vec<Run> = (0..arguments.seeds).into_par_iter().map(one).collect::<Result<_, _>>()?;
    Ok(outcome(&own, &runs))
}

fn one(own: &Described, seed: Seed, watched: bool) -> Result<Run, InputError> {
    let sources = own.sources.iter().enumerate();
    let mut all: Vec<Call> = sources.flat_map(|(at, source)| source.calls(at, seed)).collect();
    all.sort_by_key(|call| call.arrives);
    let scene = Scene {
        nodes: own.nodes.clone(),
        gpus: own.gpus.clone(),
        functions: own.functions.clone(),
        calls: all,
    };
    let ends = (own.until, watched);
    match &own.cluster {
        None => {
            let lived = live(&scene, &mut Still, seed, ends);
            Ok(Run { lived, spoiled: Vec::new(), used: Vec::new() })
        }
        Some(cluster) => {
            let mut graph = Graph::new(cluster, &own.movements, seed)?;
            let lived = live(&scene, &mut graph, seed, ends);
            Ok(Run { lived, spoiled: graph.spoiled(), used: graph.used() })
        }
    }
}

fn outcome(own: &Described, runs: &[Run]) -> Outcome {
    let names: Vec<&str> = own.functions.iter().map(|function| function.name.as_str()).collect();
    let of = |function: u32, run: &Run| {
        figures(run.lived.stories.iter().filter(|story| story.function == function))
    };
    let mut rows = Vec::new();
    let mut stages = Table::of("stages.csv", &["function", "stage"], &["mean_s"]);
    for (at, name) in (0..).zip(&names) {
        let seeds: Vec<Vec<f64>> = runs.iter().map(|run| of(at, run)).collect();
        rows.push((vec![(*name).to_owned()], estimates(&seeds)));
        let spent: Vec<Vec<f64>> = runs
            .iter()
            .map(|run| spent(run.lived.stories.iter().filter(|s| s.function == at)).to_vec())
            .collect();
        for (stage, mean) in steps().into_iter().zip(estimates(&spent)) {
            stages.add([(*name).to_owned(), stage.to_owned()], &[mean]);
        }
    }
    let gpus: Vec<Vec<f64>> = runs.iter().map(|run| occupied(&run.lived)).collect();
    let gpus = estimates(&gpus);
    let spoiled = spoiled(own, runs);
    let links = links(runs);
    let about = format!(
        "{}: {}, {}, {}{}",
        own.name,
        words::count(names.len(), "function"),
        words::count(own.gpus.len(), "GPU"),
        words::count(runs.len(), "seed"),
        if own.about.is_empty() { String::new() } else { format!(". {}", own.about) },
    );
    let mut more = Map::new();
    for (key, figure) in ["working_percent", "starting_percent", "idle_percent"].iter().zip(&gpus) {
        more.insert(format!("gpus_{key}"), json!(figure.mean));
    }
    more.insert("spoiled".into(), told(&spoiled));
    more.insert("stages".into(), of_table(&stages));
    let mut tables = vec![stages, calls(&runs[0].lived.stories, &names)];
    let mut sheets = Vec::new();
    if own.cluster.is_some() {
        sheets.push((
            vec!["who waits", "for whom", "where", "per run"],
            spoiled.iter().take(SHOWN).map(printed).collect(),
        ));
        tables.push(spoiled_table(&spoiled));
        tables.push(links);
    }
    tables.push(gantt(own, &runs[0].lived.account.pieces));
    let answer = answer(&rows, &gpus, &spoiled);
    Outcome { about, answer, keys: vec!["function"], rows, tables, more, sheets }
}

/// What one kind of movement loses to another one at a link, over seeds.
struct Lost {
    victim: String,
    culprit: String,
    link: String,
    seconds: Estimate,
}

fn spoiled(own: &Described, runs: &[Run]) -> Vec<Lost> {
    let mut all: BTreeMap<(u32, u32, &str), Vec<f64>> = BTreeMap::new();
    for (number, run) in runs.iter().enumerate() {
        for one in &run.spoiled {
            let seeds = all.entry((one.victim, one.culprit, &one.link));
            seeds.or_insert_with(|| vec![0.0; runs.len()])[number] += one.seconds;
        }
    }
    let name = |at: u32| own.movements[at as usize].name.clone();
    let one = |((victim, culprit, link), seeds): ((u32, u32, &str), Vec<f64>)| Lost {
        victim: name(victim),
        culprit: name(culprit),
        link: link.to_owned(),
        seconds: estimate(seeds.into_iter()),
    };
    let mut all: Vec<Lost> = all.into_iter().map(one).collect();
    all.sort_by(|a, b| b.seconds.mean.total_cmp(&a.seconds.mean));
    all
}

fn printed(lost: &Lost) -> Vec<String> {
    let Estimate { mean, low, high } = lost.seconds;
    vec![
        lost.victim.clone(),
        lost.culprit.clone(),
        lost.link.clone(),
        format!("{mean:.3} s ({low:.3} to {high:.3})"),
    ]
}

fn spoiled_table(all: &[Lost]) -> Table {
    let mut table = Table::of("spoiled.csv", &["victim", "culprit", "link"], &["lost_s"]);
    for lost in all {
        table.add([&lost.victim, &lost.culprit, &lost.link].map(String::clone), &[lost.seconds]);
    }
    table
}

fn told(all: &[Lost]) -> Value {
    let one = |lost: &Lost| {
        json!({
            "victim": lost.victim,
            "culprit": lost.culprit,
            "link": lost.link,
            "lost_s": lost.seconds.mean,
            "lost_s_low": lost.seconds.low,
            "lost_s_high": lost.seconds.high,
        })
    };
    all.iter().map(one).collect::<Vec<_>>().into()
}

/// A table of text and numbers as JSON.
fn of_table(table: &Table) -> Value {
    let row = |row: &Vec<String>| {
        let cell = |text: &String| text.parse::<f64>().map_or_else(|_| json!(text), |n| json!(n));
        let cells = table.header.iter().cloned().zip(row.iter().map(cell));
        Value::Object(cells.collect())
    };
    table.rows.iter().map(row).collect::<Vec<_>>().into()
}

fn links(runs: &[Run]) -> Table {
    let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (number, run) in runs.iter().enumerate() {
        for used in &run.used {
            let seeds = all.entry(&used.link).or_insert_with(|| vec![0.0; runs.len()]);
            seeds[number] = 100.0 * used.part;
        }
    }
    let mut table = Table::of("links.csv", &["link"], &["used_percent"]);
    for (link, seeds) in all {
        table.add([link.to_owned()], &[estimate(seeds.into_iter())]);
    }
    table
}

/// What instances did in the first seed.
fn gantt(own: &Described, pieces: &[Piece]) -> Table {
    let header = ["gpu", "instance", "function", "what", "from_s", "until_s"];
    let mut table = Table::new("gantt.csv", &header);
    let seconds = |time: sim::Time| ((time.as_seconds() * 1e6).round() / 1e6).to_string();
    for piece in pieces.iter().take(PIECES_MAX) {
        table.rows.push(vec![
            own.gpus[piece.gpu as usize].name.clone(),
            piece.instance.to_string(),
            own.functions[piece.function as usize].name.clone(),
            piece.what.to_owned(),
            seconds(piece.from),
            seconds(piece.until),
        ]);
    }
    table
}

/// What came of it, in a sentence or two.
fn answer(rows: &[(Vec<String>, Vec<Estimate>)], gpus: &[Estimate], spoiled: &[Lost]) -> String {
    let at = |key: &str| keys(false).iter().position(|own| *own == key).expect("it is a figure");
    let (cold, p99) = (at("cold_percent"), at("latency_p99_s"));
    let worst = rows.iter().max_by(|a, b| a.1[p99].mean.total_cmp(&b.1[p99].mean));
    let (name, row) = worst.expect("there is a function");
    let slowest = format!(
        "{} is slowest: all but one call in a hundred are answered within {:.2} s, {:.2} % are \
         cold. The GPUs work for {:.1} % of the time.",
        name[0], row[p99].mean, row[cold].mean, gpus[0].mean
    );
    match spoiled.first().filter(|lost| lost.seconds.mean > 0.0) {
        None => slowest,
        Some(lost) => format!(
            "{slowest} {} loses most to {}: {:.3} s a run at {}.",
            lost.victim, lost.culprit, lost.seconds.mean, lost.link
        ),
    }
}
