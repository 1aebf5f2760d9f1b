//! Figures of the calls of a run.

use calibration_data::quantile::of_sorted;
use models::function::{End, Lived, STAGES, Stage, Story};
use sim::Time;

/// The figures of calls: keys, and headings of columns where they are printed.
pub(super) const FIGURES: [(&str, Option<&str>); 12] = [
    ("calls", Some("calls")),
    ("answered", None),
    ("over_time", Some("over time")),
    ("out_of_memory", None),
    ("waiting", None),
    ("cold_percent", Some("cold")),
    ("latency_mean_s", Some("mean")),
    ("latency_p50_s", Some("p50")),
    ("latency_p90_s", Some("p90")),
    ("latency_p99_s", Some("p99")),
    ("wait_mean_s", Some("queue")),
    ("start_mean_s", None),
];

/// Those of GPUs.
pub(super) const OCCUPIED: [(&str, Option<&str>); 3] =
    [("working_percent", Some("GPUs work")), ("starting_percent", None), ("idle_percent", None)];

/// The figures of some calls.
pub(super) fn figures<'a>(stories: impl Iterator<Item = &'a Story>) -> Vec<f64> {
    let stories: Vec<&Story> = stories.collect();
    let ended = |end: End| stories.iter().filter(|story| story.end == end).count() as f64;
    let answered: Vec<&&Story> =
        stories.iter().filter(|story| story.end == End::Answered).collect();
    let mut latencies: Vec<f64> =
        answered.iter().map(|story| story.latency().as_seconds()).collect();
    latencies.sort_unstable_by(f64::total_cmp);
    let quantile = |part| if latencies.is_empty() { 0.0 } else { of_sorted(&latencies, part) };
    let many = answered.len().max(1) as f64;
    let mean = |of: fn(&Story) -> f64| answered.iter().map(|story| of(story)).sum::<f64>() / many;
    let starting = |story: &Story| story.starting.into_iter().sum::<Time>().as_seconds();
    vec![
        stories.len() as f64,
        answered.len() as f64,
        ended(End::OverTime),
        ended(End::OutOfMemory),
        ended(End::Waiting),
        100.0 * mean(|story| f64::from(u8::from(story.cold))),
        mean(|story| story.latency().as_seconds()),
        quantile(0.5),
        quantile(0.9),
        quantile(0.99),
        mean(|story| story.waited().as_seconds()),
        mean(starting),
    ]
}

/// What GPUs did \[percent of their time\].
pub(super) fn occupied(lived: &Lived) -> Vec<f64> {
    let own = &lived.account.occupied;
    let percent = |part: f64| 100.0 * part / own.total().max(f64::MIN_POSITIVE);
    vec![percent(own.working), percent(own.starting), percent(own.idle)]
}

/// The stages of a call, in order.
pub(super) const STEPS: usize = STAGES + 5;

/// Their names.
pub(super) fn steps() -> [&'static str; STEPS] {
    let [a, b, c, d, e, f] = Stage::ALL.map(Stage::name);
    ["gateway", "queue", a, b, c, d, e, f, "load", "work", "result"]
}

/// The mean time that answered calls spent in each of them \[s\].
pub(super) fn spent<'a>(stories: impl Iterator<Item = &'a Story>) -> [f64; STEPS] {
    let mut sums = [0.0; STEPS];
    let mut many = 0.0f64;
    for story in stories.filter(|story| story.end == End::Answered) {
        let seconds = |from: Time, to: Time| (to - from).as_seconds();
        many += 1.0;
        sums[0] += seconds(story.arrived, story.queued);
        sums[1] += story.waited().as_seconds();
        for (sum, own) in sums[2..].iter_mut().zip(story.starting) {
            *sum += own.as_seconds();
        }
        sums[STAGES + 2] += seconds(story.begun, story.loaded);
        sums[STAGES + 3] += seconds(story.loaded, story.worked);
        sums[STAGES + 4] += seconds(story.worked, story.ended);
    }
    sums.map(|sum| sum / many.max(1.0))
}
