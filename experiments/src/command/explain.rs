//! `podpath explain`: where the bandwidth of each topology goes, and what would bring it back.

use clap::Args;
use models::transfer::{Mode, Transfer};
use serde_json::{Value, json};

use crate::console::{Console, Sheet, number};
use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::life::Spent;
use crate::overview::{gain, percent, rate};
use crate::plot::words;
use crate::{effect, record, run as runner, shipped};

/// Parts of the time below this share are printed as one.
const SHOWN: f64 = 0.005;

const EXAMPLES: &str = "\
Examples:
  podpath explain quickstart
  podpath explain quickstart --set message='1 GiB' --set mode=overlapped --set streams=8
  podpath explain my.toml --topology quickstart-vxlan --set nic.mtu=1500
  podpath explain my.toml --json | jq '.explained[0].returned[0]'

The transfer is taken as [transfer] states it, without the sweep; --set changes what you like.
Bottleneck: the busiest link of the way, whoever uses it. Returned: one thing is changed, everything
else stays, and the transfer is predicted again. Time: every interval from the kernel's launch, or
the result's being ready, to the arrival of the last byte is booked to one hop and one cause; what
would pass at line rate in any case is set apart. Taken: the same account as a part of the line
rate; it does not depend on the order of the hops, and sums to the whole.";

/// Explain the loss: the bottleneck, what each change returns, and time and loss by hop
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An experiment file, or the name of a shipped experiment
    #[arg(value_name = "FILE")]
    file: String,
    /// Set a parameter, named as in a sweep
    #[arg(long, value_name = "PARAMETER=VALUE")]
    set: Vec<String>,
    /// One topology of the file alone
    #[arg(long, value_name = "NAME")]
    topology: Option<String>,
    /// The most changes to list
    #[arg(long, value_name = "N", default_value_t = 8)]
    changes: usize,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut experiment = shipped::read(&arguments.file)?.unswept();
    experiment.only_transfers("explain")?;
    for assignment in &arguments.set {
        experiment.set(assignment)?;
    }
    if let Some(name) = &arguments.topology {
        experiment.only_topology(name)?;
    }
    let plan = experiment.plan()?;
    for note in effect::of_ways(&plan) {
        console.note(&format!("note: {note}"));
    }
    let ask = runner::Ask { changes: runner::Changes::All, intervals: false };
    let results = runner::all(&experiment, &plan, ask, &|_| {})?;
    let keyed = record::keyed(&experiment, &plan, results.iter().enumerate());
    let mut told = Vec::new();
    for keyed in &keyed {
        let point = &plan.point(keyed.point);
        let transfer = &point.transfers[keyed.transfer];
        let label = &experiment.topologies[point.topology].label;
        console.print(&headline(label, transfer, keyed.digest))?;
        print_returned(keyed.digest, arguments.changes, console)?;
        print_life(keyed.digest, console)?;
        print_taken(keyed.digest, console)?;
        told.push(as_json(&experiment, &plan, point, keyed));
    }
    console.print_json(&json!({ "explained": told }))
}

/// What was asked and what came of it, in two lines.
fn headline(label: &str, transfer: &Transfer, digest: &Digest) -> String {
    let mode = match transfer.mode {
        Mode::Serial => "serial".into(),
        Mode::GpuDirect => "GPUDirect".into(),
        Mode::Overlapped { chunk, buffers } => {
            format!("overlapped in chunks of {chunk} through {buffers} buffers")
        }
        Mode::Rdma { chunk, buffers } => {
            format!("RDMA in chunks of {chunk} through {buffers} buffers")
        }
    };
    let streams = match transfer.streams {
        1 => "1 stream".into(),
        n => format!("{n} streams"),
    };
    let transport = format!("{:?}", transfer.transport).to_uppercase();
    format!(
        "\n{label}: {} to {}, {}, {transport}, {streams}, {mode}\n{} of {} ({}, {})\n{}",
        transfer.from,
        transfer.to,
        transfer.message,
        rate(digest.goodput_bit_s.mean),
        rate(digest.reference_bit_s),
        percent(digest.goodput_bit_s.mean / digest.reference_bit_s),
        digest.reference_link,
        bottleneck(digest),
    )
}

/// The busiest link, and who else uses it.
fn bottleneck(digest: &Digest) -> String {
    let first = &digest.replications[0];
    if first.busiest_link.is_empty() {
        return String::new();
    }
    let shared = match first.busiest_others {
        0 => String::new(),
        others => format!(
            ", shared with {}: {} of its time is this one's, {} of the goodput of all",
            words::count(others as usize, "other transfer"),
            percent(first.busiest_own),
            percent(digest.share_ratio),
        ),
    };
    format!("bottleneck: {}, {} busy{shared}\n", first.busiest_link, percent(first.busiest_ratio))
}

/// The waterfall, with a bar for what is left after each hop.
fn print_taken(digest: &Digest, console: &Console) -> Result<(), Failure> {
    let mut table = Sheet::new(&["hop", "kind", "takes", "of line", "leaves", ""]);
    table.keep_whole(5);
    let mut left = digest.reference_bit_s;
    table.add_row([
        "line rate".into(),
        "".into(),
        "".into(),
        "".into(),
        number(rate(left)),
        bar(1.0),
    ]);
    for taken in &digest.taken {
        left -= taken.bit_s.mean;
        let ratio = taken.bit_s.mean / digest.reference_bit_s;
        table.add_row([
            (&taken.hop).into(),
            (&taken.kind).into(),
            number(signed_rate(taken.bit_s.mean)),
            number(percent(ratio)),
            number(rate(left)),
            bar(left / digest.reference_bit_s),
        ]);
    }
    console.print("\n")?;
    console.print_table(table)
}

/// A rate that may be negative: a hop that helps takes less than nothing.
fn signed_rate(bit_s: f64) -> String {
    if bit_s < 0.0 { format!("-{}", rate(-bit_s)) } else { rate(bit_s) }
}

fn bar(ratio: f64) -> comfy_table::Cell {
    const WIDTH: f64 = 20.0;
    "█".repeat((ratio.clamp(0.0, 1.0) * WIDTH).round() as usize).into()
}

/// The time budget: hops and causes that take at least one part in two hundred, and the rest.
fn print_life(digest: &Digest, console: &Console) -> Result<(), Failure> {
    let Some(completion_s) = digest.completion_s else { return Ok(()) };
    let (large, small): (Vec<&Spent>, Vec<&Spent>) =
        digest.life.iter().partition(|spent| spent.share >= SHOWN);
    if large.is_empty() {
        return Ok(());
    }
    let mut table = Sheet::new(&["hop", "kind", "cause", "time", "of whole", ""]);
    table.keep_whole(6);
    let mut row = |[hop, kind, cause]: [&str; 3], seconds: f64, share: f64| {
        let (time, part) = (number(words::time_figure(seconds)), number(percent(share)));
        table.add_row([hop.into(), kind.into(), cause.into(), time, part, bar(share)]);
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
    row(["whole", "", ""], completion_s.mean, 1.0);
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

fn as_json(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
    keyed: &record::Keyed<'_>,
) -> Value {
    let digest = keyed.digest;
    let taken = digest
        .taken
        .iter()
        .map(|t| json!({ "hop": t.hop, "kind": t.kind, "taken_bit_s": t.bit_s }));
    let life = digest.life.iter().map(|spent| {
        json!({
            "hop": spent.hop,
            "kind": spent.kind,
            "cause": spent.cause,
            "time_s": spent.time_s,
            "share_ratio": spent.share,
        })
    });
    let returned = digest.returned.iter().map(|r| {
        json!({
            "change": r.change,
            "feasible": r.feasible,
            "goodput_bit_s": r.goodput_bit_s,
            "gain_ratio": r.gain_ratio,
            "requires": r.requires,
            "gives_up": r.gives_up,
        })
    });
    json!({
        "topology": experiment.topologies[point.topology].label,
        "key": crate::overview::row(plan, keyed),
        "reference_bit_s": digest.reference_bit_s,
        "reference_link": digest.reference_link,
        "goodput_bit_s": digest.left_bit_s,
        "bottleneck": json!({
            "link": digest.replications[0].busiest_link,
            "busy_ratio": digest.replications[0].busiest_ratio,
            "others": digest.replications[0].busiest_others,
        }),
        "taken": taken.collect::<Vec<_>>(),
        "completion_s": digest.completion_s,
        "life": life.collect::<Vec<_>>(),
        "returned": returned.collect::<Vec<_>>(),
    })
}
