//! What `podpath explain` prints of a transfer: what a change returns, and where time and bandwidth
//! go.

use crate::console::{Console, Sheet, number};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::life::Spent;
use crate::overview::{gain, percent, rate};
use crate::plot::words;
use crate::record;

/// Parts of the time below this share are printed as one.
const TIME_SHOWN: f64 = 0.005;
/// Hops that take less than this part of the line rate are printed as one: it reads as 0.0 %.
const TAKEN_SHOWN: f64 = 0.0005;

/// Prints what was found out about a transfer.
///
/// # Errors
/// If it cannot be written.
pub(super) fn print(digest: &Digest, changes: usize, console: &Console) -> Result<(), Failure> {
    print_returned(digest, changes, console)?;
    print_life(digest, console)?;
    print_taken(digest, console)
}

/// The waterfall, with a bar for what is left after each hop; rates in one unit.
fn print_taken(digest: &Digest, console: &Console) -> Result<(), Failure> {
    let whole = digest.reference_bit_s;
    let (unit, scale) = words::bit_unit(whole);
    let titles = [format!("takes, {unit}"), format!("leaves, {unit}")];
    let mut table = Sheet::new(&["hop", "kind", &titles[0], "of line", &titles[1]]);
    table.keep_whole(5);
    let figure = |bit_s: f64| number(words::part_of(bit_s / scale, whole / scale));
    let mut left = whole;
    table.add_row(["line rate".into(), "".into(), "".into(), "".into(), figure(left)]);
    let mut bars = vec![1.0];
    let mut row = |hop: &str, kind: &str, takes: f64| {
        left -= takes;
        let part = number(percent(takes / whole));
        table.add_row([hop.into(), kind.into(), figure(takes), part, figure(left)]);
        bars.push(left / whole);
    };
    let is_large = |takes: f64| takes.abs() >= TAKEN_SHOWN * whole;
    let small: Vec<f64> = {
        let all = digest.taken.iter().map(|taken| taken.bit_s.mean);
        all.filter(|takes| !is_large(*takes)).collect()
    };
    for taken in digest.taken.iter().filter(|taken| is_large(taken.bit_s.mean)) {
        row(&taken.hop, &taken.kind, taken.bit_s.mean);
    }
    if !small.is_empty() {
        row(&words::count(small.len(), "smaller part"), "", small.iter().sum());
    }
    table.bars(bars);
    console.print("\n")?;
    console.print_table(table)
}

/// The time budget in one unit: hops and causes that take at least one part in two hundred, and
/// the rest.
fn print_life(digest: &Digest, console: &Console) -> Result<(), Failure> {
    let Some(completion_s) = digest.completion_s else { return Ok(()) };
    let (large, small): (Vec<&Spent>, Vec<&Spent>) =
        digest.life.iter().partition(|spent| spent.share >= TIME_SHOWN);
    if large.is_empty() {
        return Ok(());
    }
    let whole = completion_s.mean;
    // Small parts keep two digits.
    let (unit, scale) = words::time_unit(whole / 10.0);
    let mut table = Sheet::new(&["hop", "kind", "cause", &format!("time, {unit}"), "of whole"]);
    table.keep_whole(5);
    let mut bars = Vec::new();
    let mut row = |[hop, kind, cause]: [&str; 3], seconds: f64, share: f64| {
        let time = number(words::part_of(seconds / scale, whole / scale));
        table.add_row([hop.into(), kind.into(), cause.into(), time, number(percent(share))]);
        bars.push(share);
    };
    for spent in large {
        let cause = record::word(&spent.cause);
        row([&spent.hop, &spent.kind, &cause], spent.time_s.mean, spent.share);
    }
    if !small.is_empty() {
        let sum = |of: fn(&Spent) -> f64| small.iter().map(|spent| of(spent)).sum();
        let name = words::count(small.len(), "smaller part");
        row([&name, "", ""], sum(|spent| spent.time_s.mean), sum(|spent| spent.share));
    }
    row(["whole", "", ""], whole, 1.0);
    table.bars(bars);
    console.print("\n")?;
    console.print_table(table)
}

fn print_returned(digest: &Digest, most: usize, console: &Console) -> Result<(), Failure> {
    let mut table = Sheet::new(&["change", "goodput", "gain", "requires"]);
    for returned in digest.returned.iter().take(most) {
        table.add_row([
            (&returned.change).into(),
            number(rate(returned.goodput_bit_s)),
            number(gain(returned.gain_ratio)),
            requires(returned).into(),
        ]);
    }
    console.print_table(table)
}

/// What a change takes, and what is lost with it.
fn requires(returned: &crate::digest::Returned) -> String {
    match returned.gives_up.as_str() {
        "" => returned.requires.clone(),
        lost => format!("{}; gives up {lost}", returned.requires),
    }
}
