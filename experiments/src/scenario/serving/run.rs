//! One run, and what a setting alone would win back.

use models::function::{Duration, Graph, Movement};
use models::input::InputError;
use models::serving::{Lived, OverGraph, Overlap, Rates, Scene, live};
use models::transfer::Transfer;
use sim::{Seed, Time};

use super::super::{Lost, Outcome};
use super::Read;
use super::figures::{figures, spent, stage_names};
use super::handover::{Wired, between};

/// More requests than this are not written one by one.
const REQUESTS_MAX: usize = 50_000;
/// So many starts are averaged.
const STARTS: u64 = 16;

/// Runs a file once; `is_whole` asks for all that is told of the run with nothing drawn.
pub(super) fn run(read: &Read, is_whole: bool, seed: Seed) -> Result<Outcome, InputError> {
    let scene = &read.scene;
    let (lived, mut outcome) = alive(read, scene, &read.wire, seed)?;
    outcome.figures = figures(scene, &lived);
    outcome.spent = spent(scene, &lived);
    starts(scene, seed, &mut outcome);
    if is_whole {
        outcome.gains = gains(read, seed)?;
        outcome.requests = requests(&lived);
    }
    Ok(outcome)
}

/// Lets a scene live, over what carries its handovers.
fn alive(
    read: &Read,
    scene: &Scene,
    wire: &Wired,
    seed: Seed,
) -> Result<(Lived, Outcome), InputError> {
    let mut outcome = Outcome::default();
    let (like, from, to) = match wire {
        Wired::Nothing => {
            let lived = live(scene, &mut Rates::new(f64::INFINITY), seed, read.until)?;
            return Ok((lived, outcome));
        }
        Wired::Rate(rate) => {
            let lived = live(scene, &mut Rates::new(*rate), seed, read.until)?;
            return Ok((lived, outcome));
        }
        Wired::Cluster { like, from, to } => (like, from, to),
    };
    let cluster = read.cluster.as_ref().expect("it is wired over one");
    let movements = [Movement { name: "handover".into(), transfers: Vec::new() }];
    let mut graph = Graph::new(cluster, &movements, seed)?;
    let pair = |a: u32, b: u32| -> Vec<Transfer> {
        between(like, &from[a as usize % from.len()], &to[b as usize % to.len()])
    };
    let lived = live(scene, &mut OverGraph::new(&mut graph, &pair), seed, read.until)?;
    outcome.lost = graph
        .spoiled()
        .into_iter()
        .map(|own| Lost {
            victim: "handover".into(),
            culprit: "other handovers".into(),
            link: own.link,
            seconds: own.seconds,
        })
        .collect();
    outcome.used = graph.used().into_iter().map(|own| (own.link, own.part)).collect();
    Ok((lived, outcome))
}

/// What starts take: on average, and stage by stage in the first.
fn starts(scene: &Scene, seed: Seed, outcome: &mut Outcome) {
    let Some(pool) = scene.pools.iter().find(|pool| !pool.start.stages.is_empty()) else {
        return;
    };
    let seed = seed.of("serving").of(&format!("pool/{}", pool.name));
    let mean = (0..STARTS).map(|at| pool.start.takes(seed, at)).sum::<f64>() / STARTS as f64;
    if let Some((_, value)) = outcome.figures.iter_mut().find(|(name, _)| name == "start_s") {
        *value = mean;
    }
    let names = stage_names(scene).into_iter();
    let pools = scene.pools.iter().flat_map(|pool| &pool.start.stages);
    for (name, stage) in names.zip(pools) {
        let mean = (0..STARTS).map(|at| stage.alone(seed, at)).sum::<f64>() / STARTS as f64;
        outcome.figures.push((name, mean));
    }
    let ran = pool.start.run(seed, 0);
    outcome.start = pool
        .start
        .stages
        .iter()
        .zip(ran)
        .map(|(stage, ran)| (stage.name.clone(), ran.from, ran.until))
        .collect();
}

/// The mean time to first token that is left when one thing alone is changed about the handover.
fn gains(read: &Read, seed: Seed) -> Result<Vec<(String, f64)>, InputError> {
    let Some(own) = &read.scene.handover else { return Ok(Vec::new()) };
    if read.scene.sources.is_empty() {
        return Ok(Vec::new());
    }
    let mut settings: Vec<(&str, models::serving::Handover, bool)> =
        vec![("a wire without limits", own.clone(), true)];
    if own.piece > 0.0 {
        let one = models::serving::Handover { piece: 0.0, ..own.clone() };
        settings.push(("blocks that are posted at once", one, false));
    }
    if own.overlap == Overlap::Whole {
        let one = models::serving::Handover { overlap: Overlap::Layers, ..own.clone() };
        settings.push(("layer by layer, beside the prefill", one, false));
    }
    if own.connections.is_some() {
        let one = models::serving::Handover { connections: None, ..own.clone() };
        settings.push(("any number of handovers at once", one, false));
    }
    if own.start != Duration::Nothing {
        let one = models::serving::Handover { start: Duration::Nothing, ..own.clone() };
        settings.push(("no start of its own", one, false));
    }
    let mean = |scene: &Scene, wire: &Wired| {
        let (lived, _) = alive(read, scene, wire, seed)?;
        let all = figures(scene, &lived);
        let found = all.iter().find(|(name, _)| name == "ttft_mean_s");
        Ok::<f64, InputError>(found.map_or(0.0, |(_, value)| *value))
    };
    let one = |(name, handover, is_free): (&str, models::serving::Handover, bool)| {
        let scene = Scene { handover: Some(handover), ..read.scene.clone() };
        let free = Wired::Rate(f64::INFINITY);
        let left = mean(&scene, if is_free { &free } else { &read.wire })?;
        Ok((name.to_owned(), left))
    };
    settings.into_iter().map(one).collect()
}

fn requests(lived: &Lived) -> Vec<Vec<String>> {
    let header = [
        "request",
        "prompt_tokens",
        "cached_tokens",
        "answer_tokens",
        "sent_s",
        "arrived_s",
        "begun_s",
        "prefilled_s",
        "granted_s",
        "handed_s",
        "first_token_s",
        "ended_s",
    ];
    let seconds = |time: Time| match time {
        Time::MAX => String::new(),
        time => ((time.as_seconds() * 1e6).round() / 1e6).to_string(),
    };
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (at, story) in lived.stories.iter().enumerate().take(REQUESTS_MAX) {
        let counts = [at as u32, story.prompt, story.cached, story.answer];
        let times = [
            story.sent,
            story.arrived,
            story.begun,
            story.prefilled,
            story.granted,
            story.handed,
            story.first,
            story.ended,
        ];
        let cells = counts.iter().map(u32::to_string).chain(times.map(seconds));
        rows.push(cells.collect());
    }
    rows
}
