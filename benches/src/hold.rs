//! The hold model: each event that happens notes one more, so that the number of pending events
//! stays the same (Jones, CACM 29, 1986).
//!
//! Every contender dispatches through its own public interface, draws the same increments from
//! the same generator, and carries the same eight bytes with each event.

mod agenda;
mod heap;
mod nexosim;
mod simcore;

use crate::increments::{Increments, KINDS, Kind, SECOND};
use crate::measure::{Middle, seconds};
use crate::table::Table;

/// An engine with some number of pending events.
pub trait Contender {
    /// Lets about as many events happen as happen in `span` [s]; returns how many did.
    fn run(&mut self, span: f64) -> u64;
}

/// Makes a contender with this many pending events.
type Make = fn(usize, Increments) -> Box<dyn Contender>;

const HEAP: (&str, Make) = ("BinaryHeap loop", heap::binary);
const QUATERNARY: (&str, Make) = ("4-ary heap loop", heap::quaternary);
const AGENDA: (&str, Make) = ("podpath sim", agenda::make);
const SIMCORE: (&str, Make) = ("simcore 0.1.0", simcore::make);
const NEXOSIM: (&str, Make) = ("nexosim 1.0.0", nexosim::make);

/// Prints the rates of all engines, with exponential increments.
pub fn peers(table: &mut Table) {
    println!("\nHold model, exponential increments: million events per second");
    println!(
        "median (middle half) of turns; podpath sim / this engine, turn by turn; and over all turns\n"
    );
    for (pending, turns) in [(1_000, 31), (100_000, 31), (10_000_000, 11)] {
        let engines = [AGENDA, HEAP, QUATERNARY, SIMCORE, NEXOSIM];
        compare(pending, turns, Kind::Exponential, &engines, table);
    }
}

/// Prints the rates of the agenda beside a heap, for each distribution of increments.
pub fn distributions(table: &mut Table) {
    println!("\nHold model by increments: million events per second\n");
    for kind in KINDS {
        for (pending, turns) in [(1_000, 11), (100_000, 11), (3_000_000, 5)] {
            compare(pending, turns, kind, &[AGENDA, HEAP], table);
        }
    }
}

/// Lets the contenders take turns; the first is the one that the others are compared with. What
/// the agenda puts off, it does within the turns: they cover a second or more, in which each event
/// has happened about once.
fn compare(pending: usize, turns: usize, kind: Kind, engines: &[(&str, Make)], table: &mut Table) {
    let mut contenders: Vec<_> =
        engines.iter().map(|(_, make)| make(pending, Increments::new(kind))).collect();
    // Half a million events a turn or a tenth of all, and one turn that is not counted.
    let least = if kind == Kind::Burst { 1.0 } else { 0.1 };
    let span = f64::max(5e5 / pending as f64, least);
    let mut rates = vec![Vec::new(); engines.len()];
    let mut totals = vec![0.0; engines.len()];
    for turn in 0..=turns {
        for (i, contender) in contenders.iter_mut().enumerate() {
            let mut events = 0;
            let elapsed = seconds(|| events = contender.run(span));
            if turn > 0 {
                rates[i].push(events as f64 / elapsed / 1e6);
                totals[i] += elapsed;
            }
        }
    }
    let goal = match (kind, pending) {
        (Kind::Exponential, 1_000) => "45 M/s",
        (Kind::Exponential, 100_000) => "35 M/s",
        (Kind::Exponential, 10_000_000) => "30 M/s",
        _ => "",
    };
    let what = format!("hold, {kind:?}, {pending} pending (peer: {})", engines[1].0);
    table.add(what, Middle::of(rates[0].clone()), "M/s", goal);
    table.beside(totals[1] / totals[0]);
    for (i, (name, _)) in engines.iter().enumerate() {
        let rate = Middle::of(rates[i].clone());
        let ratio = Middle::of(rates[0].iter().zip(&rates[i]).map(|(a, b)| a / b).collect());
        println!(
            "{pending:>9} pending  {:<12} {name:<16} {rate}  {ratio}  {:>6.2}",
            format!("{kind:?}"),
            totals[i] / totals[0]
        );
    }
}
