//! `podpath explain`: where the bandwidth of each topology goes, and what would bring it back.

mod asked;
mod tables;

use clap::Args;
use models::transfer::{Mode, Transfer};
use serde_json::{Value, json};

use crate::console::Console;
use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::overview::{self, percent, rate};
use crate::plot::words;
use crate::{effect, record, run as runner, shipped};

const EXAMPLES: &str = "\
Examples:
  podpath explain quickstart
  podpath explain quickstart --set message='1 GiB' --set mode=overlapped --set streams=8
  podpath explain cases/kubernetes-95860       what was reported, and why
  podpath explain my.toml --topology quickstart-vxlan --set nic.mtu=1500
  podpath explain my.toml --json | jq '.explained[0].returned[0]'

The transfer is taken as [transfer] states it, without the sweep; --set changes what you like. Of an
experiment with [[reported]] figures, and without --set, the settings that they are about are
explained: where a report leaves something open, the one that is predicted nearest to it.
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
    let mut whole = shipped::read(&arguments.file)?;
    whole.only_transfers("explain")?;
    if let Some(name) = &arguments.topology {
        whole.only_topology(name)?;
    }
    let is_reported = arguments.set.is_empty() && !whole.reported.is_empty();
    let mut experiment = if is_reported { whole } else { whole.unswept() };
    for assignment in &arguments.set {
        experiment.set(assignment)?;
    }
    let plan = experiment.plan()?;
    for note in effect::of_ways(&plan) {
        console.note(&format!("note: {note}"));
    }
    let asked = match is_reported {
        true => asked::reported(&experiment, &plan)?,
        false => asked::every(&plan),
    };
    let ask = runner::Ask { changes: runner::Changes::All, intervals: false };
    let is_asked = |point: usize| asked.iter().any(|asked| asked.point == point);
    let results = runner::some(&experiment, &plan, ask, &is_asked)?;
    let finished = results.iter().map(|(point, digests)| (*point, digests));
    let keyed = record::keyed(&experiment, &plan, finished);
    let mut told = Vec::new();
    for one in &keyed {
        let point = &plan.point(one.point);
        let transfer = &point.transfers[one.transfer];
        let label = &experiment.topologies[point.topology].label;
        let reported = asked.iter().find(|asked| asked.point == one.point);
        let reported = reported.map_or(&[][..], |asked| &asked.reported);
        console.print(&headline(label, transfer, one.digest))?;
        if !reported.is_empty() {
            let setting = overview::setting(&plan, one);
            console.print(&format!("reported: {}{setting}\n", reported.join(", ")))?;
        }
        tables::print(one.digest, arguments.changes, console)?;
        let mut all = as_json(&experiment, &plan, point, one);
        all["reported"] = json!(reported);
        told.push(all);
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
    let Transfer { from, to, message, .. } = transfer;
    let asked = match (&transfer.group, &transfer.pattern) {
        (_, Some(pattern)) => {
            let (name, among) = (pattern.shape.name(), pattern.among.join(", "));
            let to = if to.is_empty() { String::new() } else { format!(" to {to}") };
            format!("{name} of {among}{to}, {message} each, {transport}, {streams}, {mode}")
        }
        (None, None) => format!("{from} to {to}, {message}, {transport}, {streams}, {mode}"),
        (Some(group), None) => {
            let name = group.collective.name().replace('_', "-");
            format!("{name} of {}, {message}", group.ranks.join(", "))
        }
    };
    format!(
        "\n{label}: {asked}\n{} of {} ({}, {})\n{}",
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
