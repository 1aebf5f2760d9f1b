//! `podpath place`: pods on the nodes of a cluster, by one or several schedulers.

mod asked;
mod filled;
mod lived;
pub(super) mod tables;

use std::path::PathBuf;

use calibration_data::placement::{check_arrivals, check_fits, nodes, pods, visits};
use clap::Args;
use models::input::InputError;
use models::placement::{Fleet, Fragmentation, Policy};
use serde_json::json;
use sim::Seed;

use crate::console::Console;
use crate::failure::Failure;
use crate::output::Staging;
use crate::{plot, report};
use asked::Arrivals;

const EXAMPLES: &str = "\
Examples:
  podpath place openb default                             a shipped cluster and its trace
  podpath place openb default --scheduler fgd,gpu-packing,random --seeds 20
  podpath place nodes.csv pods.csv.gz --arrivals 150% --out results/mine
  podpath place nodes.csv pods.csv --arrivals trace --unfit wait --start '30 s'
  podpath place openb gpuspec10 --skip-too-large          one pod of it is larger than any node
  podpath place openb multigpu30 --scheduler fgd --json | jq '.schedulers[0].allocated_percent'

NODES: a CSV file with the columns sn, cpu_milli, memory_mib, gpu and model, and if known numa (NUMA
nodes that divide the GPUs), zone, rail and switch. PODS: one with name, cpu_milli, memory_mib,
num_gpu and gpu_milli (thousandths of one GPU, 1000 for whole ones), and if known gpu_spec (allowed
models with | between them), mig (a profile in place of gpu_milli), creation_time, scheduled_time,
deletion_time [s] and gang (pods of one name are placed together or not at all). Either may be
packed with gzip. Names of what ships: openb; default, cpu100, gpushare40, gpuspec10, multigpu30.
--arrivals 130%: pods are drawn from the trace, first each once, until they ask for so much of the
cluster's GPU; they come one after another and never leave. What fits nowhere is skipped.
--arrivals trace: pods come at their creation and work until their deletion.
Schedulers: random, best-fit, dot-product, gpu-packing, gpu-clustering, fgd (fragmentation gradient
descent), kubernetes (the default scores of kube-scheduler), topology (pods of a gang near each
other, whole GPUs of a pod on one NUMA node; else best-fit). Of nodes with equal scores the first in
an order that each seed draws is taken. Fragmented: the part of what is free that the typical pods
of the trace cannot use.";

/// Place pods on the nodes of a cluster: what is allocated, fragmented, skipped and waited for
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The nodes: a table, or the name of one that ships
    nodes: String,
    /// The pods: a table, or the name of one that ships
    pods: String,
    /// Who places them: one name, or several with commas between them
    #[arg(long, value_name = "NAMES", default_value = "kubernetes,fgd")]
    scheduler: String,
    /// Which pods come when: until they ask for so much of the GPU, or as the trace says
    #[arg(long, value_name = "PERCENT%|trace", default_value = "130%")]
    arrivals: String,
    /// What happens to pods of a trace that fit nowhere: skip, wait (later ones may go first) or
    /// line (nobody goes before them)
    #[arg(long, value_name = "WHAT")]
    unfit: Option<String>,
    /// Skip pods that no node can take even when it is empty, instead of refusing the table
    #[arg(long)]
    skip_too_large: bool,
    /// What passes between the placement of a pod of a trace and the beginning of its work
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Seeds to run, each with draws of its own
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// The seed that the others follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write tables, plots and a report into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What all schedulers are to place, and how often.
struct Scene<'a> {
    fleet: &'a Fleet,
    trace: &'a models::placement::Pods,
    policies: &'a [Policy],
    seed: Seed,
    seeds: u64,
}

impl Scene<'_> {
    fn typical(&self) -> Fragmentation {
        Fragmentation::new(self.fleet, self.trace)
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let policies = asked::policies(&arguments.scheduler)?;
    let arrivals = asked::arrivals(arguments)?;
    // What cannot be written is known before anything is placed.
    let staging = arguments.out.as_deref().map(Staging::new).transpose()?;
    let fleet = nodes(&asked::nodes(&arguments.nodes)?)?;
    let file = asked::pods(&arguments.pods)?;
    let trace = pods(&file, &fleet)?;
    if !file.source().text.ends_with('\n') {
        let name = &file.source().name;
        console.note(&format!("the last line of {name} has no line break: is the file whole?"));
    }
    if !arguments.skip_too_large {
        check_fits(&file, &trace.pods, &fleet)?;
    }
    let (seed, seeds) = (Seed::new(arguments.seed), arguments.seeds);
    let scene = Scene { fleet: &fleet, trace: &trace.pods, policies: &policies, seed, seeds };
    let outcome = match arrivals {
        Arrivals::Percent(percent) => {
            if trace.gangs.is_some() {
                return Err(InputError::new("gang", "has no effect on pods that are drawn")
                    .help("--arrivals trace, or a table without this column")
                    .at(file.source(), file.source().span_of_line(1))
                    .into());
            }
            check_arrivals(&file, &trace.pods, &fleet, percent)?;
            filled::run(&scene, percent)
        }
        Arrivals::Trace(rules) => {
            let visits = visits(&file, &trace)?;
            let names: Vec<&str> =
                file.rows().map(|row| row.cell("name").unwrap_or_default()).collect();
            lived::run(&scene, &visits, &names, rules)
        }
    };
    let (about, answer) = (tables::about(&scene, &arguments.arrivals), tables::answer(&outcome));
    console.print(&format!("{about}\n{answer}\n\n"))?;
    console.print_table(tables::sheet(&outcome))?;
    if let (Some(staging), Some(folder)) = (staging, &arguments.out) {
        tables::write(staging.path(), &outcome)?;
        let figures = plot::placement(staging.path());
        let figures = figures.map_err(|e| Failure::run("drawing the figures", e))?;
        report::placement(staging.path(), &about, &[answer], &figures)
            .map_err(|e| Failure::run("writing the report", e))?;
        staging.commit(false)?;
        console.note(&format!("tables, plots and report.html in {}", folder.display()));
    }
    console.print_json(&json!({
        "nodes": fleet.nodes().len(),
        "gpus": fleet.gpu_milli() / 1000,
        "pods": trace.pods.count(),
        "arrivals": arguments.arrivals,
        "seeds": seeds,
        "schedulers": outcome.schedulers,
    }))
}
