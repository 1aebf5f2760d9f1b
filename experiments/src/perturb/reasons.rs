//! The numbers that change no prediction of any scene, and why they stay.

/// Why the costs of a network are no part of a host.
const NO_NETWORK: &str = "the host has no costs of a network, and a transfer that crosses one is \
                          refused on it";
/// Who looks at the table.
const OF_MEASURE: &str =
    "how `podpath measure` carries the file out; `run` predicts the way itself";

/// What a report is for.
const BESIDE: &str = "stands beside the prediction, which must not depend on it";

/// Origin (`*` at its end: all that begin so), name and reason.
pub(crate) const ALL: [(&str, &str, &str); 14] = [
    ("host/two-socket-*", "tcp.window", NO_NETWORK),
    ("host/two-socket-2021", "receive_queues", NO_NETWORK),
    (
        "host/two-socket-2021",
        "cores",
        "each copy by a core has one of its own, and no scene has more copies than cores",
    ),
    (
        "host/bare-metal-2022",
        "cores",
        "no two flows of a scene meet on one of its cores, nor do they with half or twice as many",
    ),
    (
        "gpu/p100-16-pcie",
        "clock",
        "the profile has no execution model, which alone counts cycles; its peaks are rates",
    ),
    (
        "gpu/*",
        "atomic_own_word_interval",
        "no scene has a kernel whose threads each add to a word of their own",
    ),
    ("experiment", "measure.seconds", OF_MEASURE),
    ("experiment", "measure.repetitions", OF_MEASURE),
    ("experiment", "measure.sender_cores", OF_MEASURE),
    ("experiment", "measure.receiver_cores", OF_MEASURE),
    ("experiment", "reported.value", BESIDE),
    ("experiment", "reported.up_to", BESIDE),
    ("experiment", "reported.percentile", BESIDE),
    (
        "experiment",
        "request.attempts",
        "a caller whose resolver gave up starts over at once, so it is asked until it answers",
    ),
];

/// Why an entry has no effect.
pub(crate) fn of(origin: &str, name: &str) -> Option<&'static str> {
    let entry = ALL.iter().find(|(of, known, _)| matches(of, origin) && *known == name);
    entry.map(|(.., why)| *why)
}

/// Whether a pattern means an origin.
pub(crate) fn matches(pattern: &str, origin: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => origin.starts_with(begin),
        None => pattern == origin,
    }
}
