//! Calls of a trace on pools of GPUs.

use calibration_data::serving::{
    self, Fitted, Kind, Pool, Requests, Stages, Trace, azure_2019, azure_2021, requests,
    shipped_stages,
};
use models::function::{Call, Cost, Duration, Function, Keep, Lived, Scene, Stage, Still, live};
use models::input::InputError;
use rayon::prelude::*;
use serde_json::{Map, json};
use sim::{Seed, Time};

use super::super::place::tables::Table;
use super::Arguments;
use super::asked::{self, Variants};
use super::digest::{figures, occupied, spent, steps};
use super::tables::{Outcome, calls, estimates, keys};
use crate::console::Console;
use crate::failure::Failure;
use crate::file;
use crate::plot::words;

/// The seconds of a day.
const DAY_S: f64 = serving::DAY_S;
/// GPUs and keep-alive of traces that nothing was fitted to: OpenWhisk keeps for ten minutes.
const POOL: u32 = 64;
const KEEP: Keep = Keep::For(Time::from_ms(600_000));

/// What a trace says, and what else has to be known of it.
enum Known {
    Requests(Requests, Fitted, Stages),
    Trace(Trace, Duration),
}

/// A variant: its names, and its pool.
type Variant = ([String; 3], Pool);

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let (known, last) = known(arguments, console)?;
    let days = asked::days(arguments, last)?;
    let (pool, keep) = match &known {
        Known::Requests(_, fitted, _) => (fitted.pool, fitted.keep),
        Known::Trace(..) => (POOL, KEEP),
    };
    let asked = asked::variants(arguments, pool, keep)?;
    let models = arguments.models_per_gpu.unwrap_or(1);
    let variants = crossed(&asked, models, asked::limit(arguments)?);
    let names: Vec<&str> = match &known {
        Known::Requests(requests, ..) => requests.models.iter().map(String::as_str).collect(),
        Known::Trace(trace, _) => trace.functions.iter().map(String::as_str).collect(),
    };
    let seed = Seed::new(arguments.seed);
    let all: Vec<(usize, u64)> =
        (0..variants.len()).flat_map(|at| (0..arguments.seeds).map(move |n| (at, n))).collect();
    let one = |&(at, number): &(usize, u64)| -> Result<Told, InputError> {
        let seed = seed.replication(number);
        let scene = scene(&known, &variants[at].1, seed)?;
        let lived = live(&scene, &mut Still, seed, (Time::MAX, false));
        Ok(told(&lived, days, names.len(), (at, number) == (0, 0)))
    };
    let runs: Vec<Told> = all.par_iter().map(one).collect::<Result<_, InputError>>()?;
    let runs: Vec<&[Told]> = runs.chunks(arguments.seeds as usize).collect();
    let about = format!(
        "{} of {}, days {} to {}, {}",
        words::count(runs[0][0].all[0] as usize, "call"),
        words::count(names.len(), "function"),
        days.0,
        days.1.min(last),
        words::count(arguments.seeds as usize, "seed"),
    );
    Ok(outcome(about, &variants, &runs, &names))
}

/// Reads a trace, and what else has to be known of it.
fn known(arguments: &Arguments, console: &Console) -> Result<(Known, u32), Failure> {
    let table = asked::trace(&arguments.input)?;
    if !table.source().text.ends_with('\n') {
        let name = &table.source().name;
        console.note(&format!("the last line of {name} has no line break: is the file whole?"));
    }
    let kind = serving::recognise(&table)?;
    let is_azure = kind != Kind::Requests;
    let idle = [
        ("--stages", arguments.stages.is_some() && is_azure),
        ("--fit", arguments.fit.is_some() && is_azure),
        ("--cold-start", arguments.cold_start.is_some() && !is_azure),
        ("--durations", arguments.durations.is_some() && kind != Kind::Azure2019),
    ];
    if let Some((option, _)) = idle.iter().find(|(_, given)| *given) {
        return Err(InputError::new(*option, "has no effect on a trace of this kind")
            .help("no such option")
            .into());
    }
    if kind == Kind::Requests {
        let read = requests(&table)?;
        if read.pending > 0 {
            let many = words::count(read.pending, "request");
            console.note(&format!("{many} never ran (`pending`), and are left out"));
        }
        let stages = match &arguments.stages {
            Some(path) => serving::stages(&file::table(path, "--stages")?)?,
            None => shipped_stages()?,
        };
        let fitted = match &arguments.fit {
            Some(path) => Fitted::read(&file::table(path, "--fit")?, &stages)?,
            None => serving::shipped(&stages)?,
        };
        let last = read.days();
        return Ok((Known::Requests(read, fitted, stages), last));
    }
    let cold = asked::cold_start(arguments)?;
    let trace = match (kind, &arguments.durations) {
        (Kind::Azure2019, Some(path)) => {
            let durations = file::table(path, "--durations")?;
            azure_2019(&table, &durations, Seed::new(arguments.seed))?
        }
        (Kind::Azure2019, None) => {
            return Err(InputError::new("--durations", "is missing: invocations do not say it")
                .help("the file function_durations_percentiles of the same day")
                .into());
        }
        _ => azure_2021(&table)?,
    };
    let last = trace.calls.last().map_or(1, |(at, ..)| (at / DAY_S) as u32 + 1);
    Ok((Known::Trace(trace, cold), last))
}

fn crossed(asked: &Variants, models: u32, limit: Option<Time>) -> Vec<Variant> {
    let mut all = Vec::new();
    for &gpus in &asked.pools {
        for (name, keep) in &asked.keeps {
            for &faster in &asked.faster {
                let names = [gpus.to_string(), name.clone(), faster.to_string()];
                all.push((names, Pool { gpus, models, keep: *keep, faster, limit }));
            }
        }
    }
    all
}

fn scene(known: &Known, pool: &Pool, seed: Seed) -> Result<Scene, InputError> {
    let (trace, cold) = match known {
        Known::Requests(requests, fitted, stages) => {
            return serving::scene(requests, fitted, stages, pool, seed);
        }
        Known::Trace(trace, cold) => (trace, cold),
    };
    let cold = match cold {
        Duration::Dist(dist) => Duration::Dist(dist.slower(1.0 / pool.faster)),
        other => other.clone(),
    };
    let function = |name: &String| {
        let mut own = Function::new(name);
        own.starts[Stage::Container as usize] = Cost::Time(cold.clone());
        (own.keep, own.limit) = (pool.keep, pool.limit);
        own
    };
    let call = |&(arrives, function, work): &(f64, u32, f64)| Call {
        arrives: Time::from_seconds(arrives),
        function,
        load: Some(Time::ZERO),
        work: Some(Time::from_seconds(work)),
    };
    Ok(Scene {
        functions: trace.functions.iter().map(function).collect(),
        calls: trace.calls.iter().map(call).collect(),
        ..Scene::pool(pool.gpus, pool.models)
    })
}

/// What is told of one run.
struct Told {
    all: Vec<f64>,
    functions: Vec<Vec<f64>>,
    spent: Vec<f64>,
    calls: Vec<models::function::Story>,
}

fn told(lived: &Lived, days: (u32, u32), functions: usize, keep: bool) -> Told {
    let day = |time: Time| (time.as_seconds() / DAY_S) as u32 + 1;
    let own =
        || lived.stories.iter().filter(|story| (days.0..=days.1).contains(&day(story.arrived)));
    let mut by_function = vec![Vec::new(); functions];
    own().for_each(|story| by_function[story.function as usize].push(story));
    let mut all = figures(own());
    all.extend(occupied(lived));
    Told {
        all,
        functions: by_function.into_iter().map(|own| figures(own.into_iter())).collect(),
        spent: spent(own()).to_vec(),
        calls: if keep { own().copied().collect() } else { Vec::new() },
    }
}

fn outcome(about: String, variants: &[Variant], runs: &[&[Told]], names: &[&str]) -> Outcome {
    const KEYS: [&str; 3] = ["pool", "keep_alive", "faster"];
    let with = |key: &'static str| KEYS.into_iter().chain([key]).collect::<Vec<_>>();
    let mut functions = Table::of("functions.csv", &with("function"), &keys(false));
    let mut stages = Table::of("stages.csv", &with("stage"), &["mean_s"]);
    let mut rows = Vec::new();
    for ((cells, _), runs) in variants.iter().zip(runs) {
        let of = |value: fn(&Told) -> &Vec<f64>| -> Vec<Vec<f64>> {
            runs.iter().map(|run| value(run).clone()).collect()
        };
        rows.push((cells.to_vec(), estimates(&of(|run| &run.all))));
        for (at, name) in names.iter().enumerate() {
            let own: Vec<Vec<f64>> = runs.iter().map(|run| run.functions[at].clone()).collect();
            let cells = cells.iter().cloned().chain([(*name).to_owned()]);
            functions.add(cells, &estimates(&own));
        }
        for (stage, mean) in steps().into_iter().zip(estimates(&of(|run| &run.spent))) {
            stages.add(cells.iter().cloned().chain([stage.to_owned()]), &[mean]);
        }
    }
    let at = |key: &str| keys(true).iter().position(|own| *own == key).expect("it is a figure");
    let first = &rows[0].1;
    let percent = |key| format!("{:.2} %", first[at(key)].mean);
    let seconds = |key| format!("{:.1} s", first[at(key)].mean);
    let answer = format!(
        "{} of calls are cold; half are answered within {}, nine of ten within {}, all but one in \
         a hundred within {}.",
        percent("cold_percent"),
        seconds("latency_p50_s"),
        seconds("latency_p90_s"),
        seconds("latency_p99_s"),
    );
    let tables = vec![functions, stages, calls(&runs[0][0].calls, names)];
    let mut more = Map::new();
    more.insert("functions".into(), json!(names.len()));
    Outcome { about, answer, keys: KEYS.to_vec(), rows, tables, more, sheets: Vec::new() }
}
