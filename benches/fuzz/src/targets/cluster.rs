//! Clusters and transfers that are made so that most of them are valid, held against every law.
//!
//! The bytes of an input are choices ([`arbitrary`]): of machines, cards, cables and networks, and
//! of what is sent over them. What is chosen is written down as files that a user could have
//! written, and read as those are.

use arbitrary::Unstructured;
use experiments::experiment::{Asked, Experiment};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::{Fidelity, Outcome};
use models::transfer::Transfer;
use rand::Rng;
use sim::Seed;

use super::library::scenes;
use crate::exemplar::{Exemplar, Leaving, exemplar};
use crate::laws::{FIDELITIES, one, refused};
use crate::verdict::Verdict;

/// How many bytes of choices a seed has.
const CHOICES: usize = 400;
/// How many seeds there are.
const SEEDS: u64 = 40;
/// What every message takes more than its bytes do, which is why bounds may be missed by so much of
/// a picosecond's rounding.
const ROUNDING: f64 = 1.0 - 1e-9;

/// Choices at random, but the same ones always.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seed = Seed::new(17).of("clusters");
    let bytes = |number| {
        let mut chance = seed.draw(number);
        let mut bytes = vec![0; CHOICES];
        chance.fill_bytes(&mut bytes);
        bytes
    };
    (0..SEEDS).map(bytes).collect()
}

/// The files that an input stands for.
pub(crate) fn shown(input: &[u8]) -> Option<String> {
    let made = exemplar(&mut Unstructured::new(input)).ok()?;
    Some(format!("# made.toml\n{}\n# asks.toml\n{}", made.topology, made.experiment))
}

pub(crate) fn run(input: &[u8]) -> Verdict {
    let made = exemplar(&mut Unstructured::new(input)).expect("it ends with its first choices");
    let mut library: Library = scenes().clone();
    library.add(Kind::Topology, "made", Source::new("made.toml", made.topology.clone()));
    let read = Experiment::read(&Source::new("asks.toml", made.experiment.clone()), None, &library);
    let asked = match read.and_then(|read| read.asked(1)) {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    lawful(&asked, &made).unwrap_or_else(|error| {
        panic!("accepted and then refused: {error}\n{}\n{}", made.topology, made.experiment)
    })
}

/// Runs it at every level.
fn lawful(asked: &Asked, made: &Exemplar) -> Result<Verdict, InputError> {
    let question = &asked.questions[0];
    let cluster = &asked.clusters[question.cluster];
    let mut ends = Vec::new();
    for fidelity in FIDELITIES {
        let outcomes = match one(cluster, &question.transfers, fidelity, 1) {
            Ok(Some(outcomes)) => outcomes,
            Ok(None) => return Ok(Verdict::Stopped),
            // So many units are refused before they are computed, and only at this level.
            Err(error) if error.field == "fidelity" && fidelity == Fidelity::Chunk => {
                ends.push("too many units".to_owned());
                continue;
            }
            Err(error) => return Err(error),
        };
        not_too_early(&outcomes, &question.transfers, made, fidelity);
        let slowest = outcomes.iter().map(|outcome| outcome.completion).max();
        let slowest = slowest.map_or(0, |time| time.as_ps().max(1).ilog10());
        ends.push(char::from(b'a' + slowest as u8).to_string());
    }
    ends.extend(question.transfers.iter().map(|transfer| {
        format!("{:?} {:?} {:?}", transfer.mode, transfer.transport, transfer.host_memory)
    }));
    Ok(Verdict::Ended(ends.join(" ")))
}

/// What leaves a machine takes its cables the time that its bytes take at line rate, whoever sends
/// it and in whatever order.
fn not_too_early(
    outcomes: &[Outcome],
    transfers: &[Transfer],
    made: &Exemplar,
    fidelity: Fidelity,
) {
    // The closed form takes all others to be there for as long as each, and is no schedule.
    let together = fidelity != Fidelity::Closed;
    for Leaving { node, bytes_per_s, transfers: which } in &made.leaving {
        let arrived = |at: usize| transfers[at].message.as_f64() * (1.0 - outcomes[at].loss_ratio);
        let whole = |at: usize| outcomes[at].completion.as_seconds();
        for &at in which {
            let least = arrived(at) / bytes_per_s * ROUNDING;
            assert!(
                whole(at) >= least,
                "{fidelity:?}: transfer {at} leaves {node} in {} s, and its bytes take {least} s\n\
                 {}\n{}",
                whole(at),
                made.topology,
                made.experiment
            );
        }
        let least = which.iter().map(|at| arrived(*at)).sum::<f64>() / bytes_per_s * ROUNDING;
        let last = which.iter().map(|at| whole(*at)).fold(0.0, f64::max);
        assert!(
            !together || which.is_empty() || last >= least,
            "{fidelity:?}: all that leaves {node} is gone after {last} s, and takes {least} s\n\
             {}\n{}",
            made.topology,
            made.experiment
        );
    }
}
