//! Figures of the requests of a run.

use calibration_data::quantile::of_sorted;
use models::serving::{Lived, Scene, Story, Way};
use sim::Time;

/// The figures, in units that their names end with.
pub(super) const NAMES: [&str; 24] = [
    "requests",
    "answered",
    "unanswered",
    "ttft_mean_s",
    "ttft_min_s",
    "ttft_p50_s",
    "ttft_p90_s",
    "ttft_p99_s",
    "tpot_mean_s",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p90_s",
    "latency_p99_s",
    "requests_per_s",
    "answer_tokens_per_s",
    "kv_token_bytes",
    "handover_bytes",
    "handover_mean_s",
    "handover_p50_s",
    "handover_bytes_per_s",
    "handover_of_ttft_percent",
    "handovers_in_flight",
    "replicas",
    "start_s",
];

/// Those figures of a run.
pub(super) fn figures(scene: &Scene, lived: &Lived) -> Vec<(String, f64)> {
    let answered: Vec<&Story> = lived.stories.iter().filter(|story| story.is_answered()).collect();
    let sorted = |of: &dyn Fn(&Story) -> Option<f64>| {
        let mut values: Vec<f64> = answered.iter().filter_map(|story| of(story)).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let at =
        |sorted: &[f64], part: f64| if sorted.is_empty() { 0.0 } else { of_sorted(sorted, part) };
    let mean = |sorted: &[f64]| sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
    let ttft = sorted(&|story| Some(story.ttft()));
    let tpot = sorted(&Story::tpot);
    let latency = sorted(&|story| Some((story.ended - story.sent).as_seconds()));
    let handed = sorted(&|story| {
        let moved = story.handed_bytes > 0.0;
        moved.then(|| (story.handed - story.granted).as_seconds())
    });
    let bytes = sorted(&|story| (story.handed_bytes > 0.0).then_some(story.handed_bytes));
    let first = lived.stories.first().map_or(Time::ZERO, |story| story.sent);
    let last = answered.iter().map(|story| story.ended).max().unwrap_or(Time::ZERO);
    let span = last.saturating_sub(first).as_seconds();
    let per_s = |many: f64| if span > 0.0 { many / span } else { 0.0 };
    let tokens: f64 = answered.iter().map(|story| f64::from(story.answer)).sum();
    let rate = if mean(&handed) > 0.0 { mean(&bytes) / mean(&handed) } else { 0.0 };
    let of_ttft = if mean(&ttft) > 0.0 { 100.0 * mean(&handed) / mean(&ttft) } else { 0.0 };
    let values = [
        lived.stories.len() as f64,
        answered.len() as f64,
        (lived.stories.len() - answered.len()) as f64,
        mean(&ttft),
        at(&ttft, 0.0),
        at(&ttft, 0.5),
        at(&ttft, 0.9),
        at(&ttft, 0.99),
        mean(&tpot),
        mean(&latency),
        at(&latency, 0.5),
        at(&latency, 0.9),
        at(&latency, 0.99),
        per_s(answered.len() as f64),
        per_s(tokens),
        scene.cache.token_bytes(),
        mean(&bytes),
        mean(&handed),
        at(&handed, 0.5),
        rate,
        of_ttft,
        f64::from(lived.in_flight),
        lived.replicas.iter().sum(),
        0.0,
    ];
    NAMES.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

/// Where the time to the first token goes.
pub(super) fn spent_names(scene: &Scene) -> Vec<String> {
    let hops = |way: Way| scene.hops.iter().any(|hop| hop.way == way);
    let mut names = Vec::new();
    if hops(Way::Request) {
        names.push("hops_s");
    }
    names.extend(["queue_s", "prefill_s"]);
    if scene.handover.is_some() {
        names.extend(["room_s", "handover_s", "decode_queue_s"]);
    }
    if hops(Way::Answer) {
        names.push("answer_hops_s");
    }
    names.into_iter().map(str::to_owned).collect()
}

/// The mean time in each of those \[s\], over answered requests.
pub(super) fn spent(scene: &Scene, lived: &Lived) -> Vec<(String, f64)> {
    let names = spent_names(scene);
    let mut sums = vec![0.0; names.len()];
    let mut many = 0.0f64;
    for (story, made) in lived.stories.iter().zip(&lived.firsts) {
        if !story.is_answered() {
            continue;
        }
        many += 1.0;
        let between = |from: Time, to: Time| to.saturating_sub(from).as_seconds();
        for (name, sum) in names.iter().zip(&mut sums) {
            *sum += match name.as_str() {
                "hops_s" => between(story.sent, story.arrived),
                "queue_s" => between(story.arrived, story.begun),
                "prefill_s" => between(story.begun, story.prefilled.min(*made)),
                "room_s" => between(story.prefilled, story.granted),
                "handover_s" => between(story.granted.max(story.prefilled), story.handed),
                "decode_queue_s" => between(story.handed, *made),
                _ => between(*made, story.first),
            };
        }
    }
    names.into_iter().zip(sums.into_iter().map(|sum| sum / many.max(1.0))).collect()
}

/// The figure of each stage of a start: how long it runs.
pub(super) fn stage_names(scene: &Scene) -> Vec<String> {
    let stages = scene.pools.iter().flat_map(|pool| &pool.start.stages);
    stages.map(|stage| format!("stage_{}_s", stage.name)).collect()
}
