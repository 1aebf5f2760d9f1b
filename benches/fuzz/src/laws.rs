//! What must hold whatever was asked: each law panics with a sentence where it is broken.
//!
//! DESIGN.md § 3 has the laws; here are those that a single answer shows, and two that its inputs
//! show: the same question has the same answer, and nobody is faster than the cables that leave it.

use std::time::{Duration, Instant};

use experiments::experiment::{Asked, Question};
use models::cluster::Cluster;
use models::input::InputError;
use models::outcome::{Fidelity, Outcome};
use models::predict::{Replications, occupancy, predict};
use models::transfer::{Transfer, Transport};
use models::workload::{Control, simulate};
use sim::Time;

use crate::verdict::Verdict;

/// All levels.
pub(crate) const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];
/// After this, a prediction is asked to stop: what it does not take part in is a hang.
const PATIENCE: Duration = Duration::from_secs(2);
/// What rounding in sums of floating-point numbers comes to, at most.
const ROUNDING: f64 = 1e-6;

/// Why an input was refused, after the message is put as a terminal shows it.
pub(crate) fn refused(error: &InputError) -> Verdict {
    assert!(!error.problem.is_empty(), "a refusal without a word: {error:?}");
    for colour in [false, true] {
        let text = experiments::diagnostic::rendered(error, colour, 80);
        assert!(!text.trim().is_empty(), "a refusal that shows nothing: {error:?}");
    }
    let field = error.field.rsplit('.').next().unwrap_or_default();
    Verdict::Refused(format!("{field}: {}", error.problem))
}

/// Runs the questions of an experiment at the fidelities that `levels` gives for its own, and
/// holds the answers against the laws.
///
/// # Errors
/// As the models refuse them.
pub(crate) fn hold(
    asked: &Asked,
    seed: u64,
    levels: &dyn Fn(Fidelity) -> Vec<Fidelity>,
) -> Result<Verdict, InputError> {
    let mut ends = Vec::new();
    for question in &asked.questions {
        let cluster = &asked.clusters[question.cluster];
        match &question.scenario {
            Some(_) => match over_time(cluster, question, seed)? {
                Some(end) => ends.push(end),
                None => return Ok(Verdict::Stopped),
            },
            None => {
                for fidelity in levels(question.fidelity) {
                    match one(cluster, &question.transfers, fidelity, seed)? {
                        Some(outcomes) => ends.push(kind(&outcomes)),
                        None => return Ok(Verdict::Stopped),
                    }
                }
            }
        }
    }
    ends.sort();
    ends.dedup();
    Ok(Verdict::Ended(ends.join("; ")))
}

/// Says whether the patience with what began now is over.
pub(crate) fn impatient() -> impl Fn() -> bool + Sync {
    let begin = Instant::now();
    move || begin.elapsed() > PATIENCE
}

/// Predicts transfers and holds the outcomes against the laws; none if it had to be stopped.
///
/// # Errors
/// As [`predict`].
pub(crate) fn one(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
) -> Result<Option<Vec<Outcome>>, InputError> {
    let stop = impatient();
    let begin = Instant::now();
    let mut replications = Replications::new(cluster, transfers, fidelity, &stop)?;
    let Some(outcomes) = replications.outcomes(seed)? else { return Ok(None) };
    let took = begin.elapsed();
    for (outcome, transfer) in outcomes.iter().zip(transfers) {
        lawful(outcome, transfer, fidelity);
    }
    // What took long is not worth two more runs.
    if took < PATIENCE / 10 {
        let again = predict(cluster, transfers, fidelity, seed)?;
        assert_eq!(again, **outcomes, "{fidelity:?}: asked twice, answered differently");
        let engine = fidelity != Fidelity::Closed;
        let used = if engine { occupancy(cluster, transfers, fidelity, seed)? } else { Vec::new() };
        for (link, most) in used {
            assert!(most <= 1.0 + ROUNDING, "{fidelity:?}: `{link}` does {most} of what it can");
        }
    }
    Ok(Some(outcomes.to_vec()))
}

fn lawful(outcome: &Outcome, transfer: &Transfer, fidelity: Fidelity) {
    let Outcome { goodput, completion, sent, loss_ratio, reference, .. } = outcome;
    let (goodput, sent) = (goodput.as_bytes_per_s(), sent.as_bytes_per_s());
    let reference = reference.as_bytes_per_s();
    let told = || format!("{fidelity:?} of {transfer:?}: {outcome:?}");
    let numbers = [goodput, sent, *loss_ratio, reference];
    assert!(numbers.iter().all(|number| number.is_finite()), "no number: {}", told());
    assert!((0.0..=1.0).contains(loss_ratio), "a loss of {loss_ratio}: {}", told());
    // Pods that share memory hand it over as it is, and nothing is on their way.
    let free = outcome.life.is_empty() && outcome.reference_link.is_empty();
    assert!(free || *completion > Time::ZERO, "it takes no time: {}", told());
    assert!(goodput > 0.0 || *loss_ratio > 0.0, "nothing arrives, nothing is lost: {}", told());
    // A bucket of a pod lets a burst go at once; cables have none.
    let bounded = !outcome.reference_link.contains("/rate-");
    assert!(!bounded || goodput <= reference * (1.0 + ROUNDING), "above line rate: {}", told());
    let arrives = sent * (1.0 - loss_ratio);
    assert!((arrives - goodput).abs() <= ROUNDING * sent, "bytes get lost unseen: {}", told());
    let life: Time = outcome.life.iter().map(|interval| interval.span).sum();
    assert_eq!(life, *completion, "a life has a gap: {}", told());
    let taken: f64 = outcome.taken.iter().map(|taken| taken.bytes_per_s).sum();
    let apart = (taken - (reference - goodput)).abs();
    // Times are whole picoseconds, and so are the rates that follow from them.
    let rounding = ROUNDING + 4e-12 / completion.as_seconds().max(1e-12);
    assert!(
        !bounded || apart <= rounding * reference,
        "what hops take is not what is missing: {}",
        told()
    );
    for link in &outcome.utilisation {
        let busy = 0.0..=1.0 + ROUNDING;
        assert!(busy.contains(&link.busy) && busy.contains(&link.own), "{link:?}: {}", told());
    }
    // What arrives, arrives within the time that is told.
    let plain = transfer.reply.is_none() && transfer.request.is_none();
    let waits = plain && transfer.transport == Transport::Tcp && !free;
    if waits && fidelity != Fidelity::Closed {
        let bytes = goodput * completion.as_seconds();
        let message = transfer.message.as_f64();
        assert!(bytes >= message * (1.0 - 1e-3) - 1.0, "{bytes} B of {message}: {}", told());
    }
}

/// Runs a scenario, and asks that every number in its report is one; none if it was stopped.
fn over_time(
    cluster: &Cluster,
    question: &Question,
    seed: u64,
) -> Result<Option<String>, InputError> {
    let Some(scenario) = &question.scenario else { return Ok(None) };
    let stop = impatient();
    let control = Control { stop: &stop, progress: &|_| {} };
    let Some(report) = simulate(cluster, scenario, seed, &control)? else { return Ok(None) };
    let told = format!("{report:?}");
    assert!(!has_no_number(&told), "a figure is no number: {told}");
    Ok(Some(format!("a load of {} workloads", scenario.workloads.len())))
}

/// Whether a value that is shown for programmers has a NaN or an infinity in it.
pub(crate) fn has_no_number(told: &str) -> bool {
    let mut quoted = false;
    let outside: String = told
        .chars()
        .filter(|c| (*c == '"').then(|| quoted = !quoted).is_none() && !quoted)
        .collect();
    outside.split(|c: char| !c.is_alphanumeric()).any(|word| word == "NaN" || word == "inf")
}

/// What kind of end it is: what limits whom, and by what power of ten it is quick.
fn kind(outcomes: &[Outcome]) -> String {
    let of = |outcome: &Outcome| {
        let link =
            outcome.bottleneck().map_or("", |link| link.link.rsplit('/').next().unwrap_or(""));
        // Numbers are left out of kinds: a power of ten is a letter.
        let power = libm::log10(outcome.completion.as_seconds()).floor() as i32 + 13;
        let power = char::from(b'a' + power.clamp(0, 25) as u8);
        let lost = if outcome.loss_ratio > 0.0 { " lossy" } else { "" };
        let causes = outcome.life.iter().map(|interval| interval.cause as u8).max();
        format!("{link} {power}{lost} {}", causes.map_or('z', |cause| char::from(b'a' + cause)))
    };
    outcomes.iter().map(of).collect::<Vec<_>>().join(", ")
}
