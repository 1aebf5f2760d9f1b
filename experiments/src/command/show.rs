//! `podpath show`: the cluster graph behind a topology, as tables, Graphviz text or a drawing.

use std::path::{Path, PathBuf};

use clap::Args;
use models::cluster::{Cluster, LinkUnit, PlaceKind, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use serde_json::{Value, json};
use sim::Rate;

use crate::console::{Console, Sheet, number};
use crate::experiment::{Scalar, Topology};
use crate::failure::Failure;
use crate::library;
use crate::near::Near;
use crate::plot::graph::GraphView;

const EXAMPLES: &str = "\
Examples:
  podpath show flannel                         places, hops and links as tables
  podpath show my/cluster.toml                 a file of your own
  podpath show flannel --svg flannel.svg       a drawing; --png for a bitmap
  podpath show flannel --dot | dot -Tpdf -O    for Graphviz
  podpath show flannel --set nic.mtu=1500      with a changed setting";

/// Show a topology: its places, hops and links
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The name of a topology, or the path of its file
    #[arg(value_name = "TOPOLOGY")]
    topology: String,
    /// Print Graphviz text
    #[arg(long)]
    dot: bool,
    /// Draw it into this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "dot")]
    svg: Option<PathBuf>,
    /// Draw it as a bitmap into this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "dot")]
    png: Option<PathBuf>,
    /// Change a setting of the topology
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
    /// A folder with profiles of your own
    #[arg(long, value_name = "DIR")]
    profiles: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut library: Library = calibration_data::shipped().clone();
    if let Some(folder) = &arguments.profiles {
        library::add_folder(&mut library, folder)?;
    }
    let settings: Result<Vec<Setting>, InputError> =
        arguments.set.iter().map(|text| setting(text)).collect();
    let topology =
        Topology::find(&arguments.topology, "TOPOLOGY", Near::Disk(Path::new("")), &library)?;
    let cluster = topology.assemble(&library, &settings?)?;
    if arguments.dot {
        console.print(&cluster.to_dot())?;
    } else if arguments.svg.is_some() || arguments.png.is_some() {
        draw(&GraphView::of(&cluster), arguments, console)?;
    } else {
        console.print(&format!("{}: {}\n\n", cluster.name, cluster.about))?;
        print_tables(&cluster, console)?;
    }
    console.print_json(&as_json(&cluster))
}

/// Writes the drawings that were asked for.
fn draw(view: &GraphView, arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let failed = |error| Failure::run("drawing the topology", error);
    let mut files: Vec<(&Path, Vec<u8>)> = Vec::new();
    if let Some(path) = &arguments.svg {
        files.push((path, view.svg().map_err(failed)?.into_bytes()));
    }
    if let Some(path) = &arguments.png {
        files.push((path, view.png().map_err(failed)?));
    }
    for (path, bytes) in files {
        let context = format!("writing {}", path.display());
        std::fs::write(path, bytes).map_err(|error| Failure::run(&context, error))?;
        console.note(&format!("drawn in {}", path.display()));
    }
    Ok(())
}

/// A setting of `--set`.
pub(super) fn setting(text: &str) -> Result<Setting, InputError> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(InputError::new("--set", format!("`{text}` has no `=`"))
            .help("--set nic.mtu=1500, --set cable.rate='10 Gbit/s'"));
    };
    let value = Scalar::from_argument(value.trim()).to_toml();
    let place = Source::new("--set", text);
    Ok(Setting::new(key.trim(), value).at(&place, 0..text.len()))
}

fn print_tables(cluster: &Cluster, console: &Console) -> Result<(), Failure> {
    let mut places = Sheet::new(&["place", "kind", "node"]);
    for place in cluster.graph.node_weights() {
        let node = place.node.as_deref().unwrap_or("");
        places.add_row([&place.name.to_string(), kind(place.kind), node]);
    }
    let mut hops = Sheet::new(&["from", "to", "hop", "kind"]);
    for (from, to, name, label) in hops_of(cluster) {
        hops.add_row([from, to, name, label]);
    }
    let mut links = Sheet::new(&["link", "capacity"]);
    for host in &cluster.hosts {
        // Cores are alike; a line for each would bury the rest.
        links
            .add_row([host.name.to_string().into(), number(format!("{} cores", host.cores.len()))]);
    }
    for link in cluster.links.iter().filter(|link| link.unit == LinkUnit::Bytes) {
        let rate = Rate::bytes_per_s(link.capacity);
        links.add_row([link.name.to_string().into(), number(rate)]);
    }
    console.print_table(places)?;
    console.print("\n")?;
    console.print_table(hops)?;
    console.print("\n")?;
    console.print_table(links)?;
    let used: Vec<String> =
        cluster.used.iter().map(|(kind, name)| format!("{}/{name}", kind.folder())).collect();
    console.print(&format!("\nmade from {}\n", used.join(", ")))
}

fn hops_of(cluster: &Cluster) -> impl Iterator<Item = (String, String, String, String)> {
    cluster.graph.edge_indices().filter_map(|edge| {
        let (from, to) = cluster.graph.edge_endpoints(edge)?;
        let (from, to) = (&cluster.graph[from], &cluster.graph[to]);
        let (hop, label) = (cluster.hop(edge).name.to_string(), cluster.label(edge));
        Some((from.name.to_string(), to.name.to_string(), hop, label))
    })
}

const fn kind(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::DeviceMemory => "device memory",
        PlaceKind::PodMemory => "pod memory",
        PlaceKind::Namespace => "network stack",
        PlaceKind::Nic => "network card",
        PlaceKind::Switch => "switch",
    }
}

fn as_json(cluster: &Cluster) -> Value {
    let places = cluster.graph.node_weights();
    let places = places.map(|p| json!({ "name": p.name, "kind": kind(p.kind), "node": p.node }));
    let hops = hops_of(cluster).map(
        |(from, to, name, label)| json!({ "from": from, "to": to, "hop": name, "kind": label }),
    );
    let links = cluster.links.iter().map(|link| match link.unit {
        LinkUnit::Bytes => json!({ "name": link.name, "bit_s": link.capacity * 8.0 }),
        LinkUnit::Cores => json!({ "name": link.name, "cores": link.capacity }),
        LinkUnit::Parts => json!({ "name": link.name, "parts": link.capacity }),
    });
    let used = cluster.used.iter();
    let used = used.map(|(kind, name): &(Kind, String)| format!("{}/{name}", kind.folder()));
    json!({
        "name": cluster.name,
        "about": cluster.about,
        "places": places.collect::<Vec<_>>(),
        "hops": hops.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "made_from": used.collect::<Vec<_>>(),
        "dot": cluster.to_dot(),
    })
}
