//! `podpath profiles`: what ships with the program, and each number with its source.

mod perturb;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use models::input::{InputError, Source, suggest};
use models::library::{Kind, Library};
use models::profile::{Profile, schema::line};
use models::uncertainty::posterior::Posterior;
use serde_json::{Value, json};

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::{file, library, shipped};

const EXAMPLES: &str = "\
Examples:
  podpath profiles list                  everything that ships, by kind
  podpath profiles list --kind cni       container networks alone
  podpath profiles show host/bench-2024  every number with unit, interval and source
  podpath profiles show flannel          a name alone: everything that is called so
  podpath profiles show my/gpu/mine.csv  a file of your own, checked
  podpath profiles schema host           the lines that a host profile may have, and why not all
  podpath profiles perturb nic --json    moves every number of the cards, and tells what changes";

/// List and show the profiles, hops, container networks, topologies and experiments that ship
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the lines that each kind of profile may have: unit, whether it is needed, and what
    /// holds where it is absent
    Schema(schema::Arguments),
    /// Move every number of every shipped profile, and every numeric field of topologies and
    /// experiments, and tell what changes in which prediction
    #[command(after_help = "Examples:
  podpath profiles perturb                  all of it, in some seconds
  podpath profiles perturb host/bench-2024  one profile
  podpath profiles perturb topology --json  the fields of topology files, for a program

A number is moved a little at first, then further, until some scene of a fixed set comes out
otherwise. Those that change nothing are listed at the end, each with its reason.")]
    Perturb(perturb::Arguments),
    /// List names by kind
    List {
        /// One kind alone: host, gpu, pcie, nic, hop, cni, topology, model, posterior, hypothesis
        /// or collective
        #[arg(long)]
        kind: Option<String>,
        /// A folder with profiles of your own
        #[arg(long, value_name = "DIR")]
        profiles: Option<PathBuf>,
    },
    /// Show one, with the source of every number
    Show {
        /// A name, a kind and a name (host/bench-2024), or the path of a file
        name: String,
        /// A folder with profiles of your own
        #[arg(long, value_name = "DIR")]
        profiles: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    match &arguments.action {
        Action::Schema(arguments) => schema::run(arguments, console),
        Action::Perturb(arguments) => perturb::run(arguments, console),
        Action::List { kind, profiles } => list(kind.as_deref(), profiles.as_deref(), console),
        Action::Show { name, profiles } => show(name, profiles.as_deref(), console),
    }
}

/// The shipped library with the user's folder on top.
fn library_with(folder: Option<&Path>) -> Result<Library, InputError> {
    let mut library = calibration_data::shipped().clone();
    if let Some(folder) = folder {
        library::add_folder(&mut library, folder)?;
    }
    Ok(library)
}

fn list(kind: Option<&str>, folder: Option<&Path>, console: &Console) -> Result<(), Failure> {
    let library = library_with(folder)?;
    let kinds: Vec<Kind> = match kind {
        None => Kind::ALL.to_vec(),
        Some(name) => vec![kind_named(name)?],
    };
    let mut table = Sheet::new(&["kind", "name", "about"]);
    let mut rows = Vec::new();
    for kind in kinds {
        for name in library.names(kind) {
            let about = about(&library, kind, name)?;
            table.add_row([kind.folder(), name, &about]);
            rows.push(json!({ "kind": kind.folder(), "name": name, "about": about }));
        }
    }
    if kind.is_none() {
        for shipped::Shipped { name, text, .. } in shipped::all() {
            let about = said(text);
            table.add_row(["experiment", &name, &about]);
            rows.push(json!({ "kind": "experiment", "name": name, "about": about }));
        }
    }
    console.print_table(table)?;
    console.print_json(&json!({ "profiles": rows }))
}

fn kind_named(name: &str) -> Result<Kind, InputError> {
    Kind::ALL.into_iter().find(|kind| kind.folder() == name).ok_or_else(|| {
        InputError::new("--kind", format!("no kind is called `{name}`"))
            .help(suggest(name, Kind::ALL.map(Kind::folder)))
    })
}

/// A line about an entry: what its file says, or how many numbers it holds.
fn about(library: &Library, kind: Kind, name: &str) -> Result<String, InputError> {
    if kind == Kind::Posterior {
        let lines = library.posterior(name)?.map_or(0, Posterior::len);
        return Ok(format!("how {lines} parameters hang together"));
    }
    if kind.is_profile() {
        return Ok(format!("{} parameters", library.profile(kind, name)?.rows().len()));
    }
    Ok(said(&library.source(kind, name)?.text))
}

/// The `about` of a TOML text.
fn said(text: &str) -> String {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.get("about").and_then(toml::Value::as_str).unwrap_or_default().to_owned()
}

fn show(name: &str, folder: Option<&Path>, console: &Console) -> Result<(), Failure> {
    let library = library_with(folder)?;
    let path = Path::new(name);
    if name.contains(['.', '/']) && path.exists() {
        let source = file::read_text(path, "NAME")?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        return match path.extension().is_some_and(|ending| ending == "csv") {
            true => {
                let kind = kind_of(path, &stem, &source)?;
                show_profile(&library.parsed(kind, &stem, &source)?, console)
            }
            false => show_text(&source, console),
        }
        .and_then(|told| console.print_json(&told));
    }
    if let Some(experiment) = shipped::all().find(|shipped| shipped.name == name) {
        let source = Source::new(format!("shipped:{name}.toml"), experiment.text);
        return console.print_json(&show_text(&source, console)?);
    }
    let (kinds, name) = find(name, &library)?;
    if let [kind] = kinds[..] {
        return console.print_json(&show_entry(&library, kind, name, console)?);
    }
    let mut told = Vec::new();
    for kind in kinds {
        let gap = if told.is_empty() { "" } else { "\n" };
        console.print(&format!("{gap}{}/{name}:\n", kind.folder()))?;
        let entry = show_entry(&library, kind, name, console)?;
        told.push(json!({ "kind": kind.folder(), "entry": entry }));
    }
    console.print_json(&json!({ "entries": told }))
}

/// Prints an entry of the library, and gives it as `--json` tells it.
fn show_entry(
    library: &Library,
    kind: Kind,
    name: &str,
    console: &Console,
) -> Result<Value, Failure> {
    match kind.is_profile() {
        true => show_profile(&library.profile(kind, name)?, console),
        false => show_text(library.source(kind, name)?, console),
    }
}

/// What a table of parameters describes: its folder says so, or else the lines it has.
fn kind_of(path: &Path, name: &str, source: &Arc<Source>) -> Result<Kind, InputError> {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let tables = Kind::ALL.into_iter().filter(|kind| kind.is_profile());
    if let Some(kind) = tables.clone().find(|kind| folder == kind.folder()) {
        return Ok(kind);
    }
    // The text is no better or worse for being read as one kind or another.
    let profile = Profile::parse(Kind::Host, name, source)?;
    let known = |kind: &Kind| {
        let rows = profile.rows().iter();
        rows.filter(|row| line(*kind, &row.parameter).is_some()).count()
    };
    Ok(tables.max_by_key(known).expect("there are kinds of table"))
}

/// The entries that a name, or a kind and a name, means.
fn find<'a>(name: &'a str, library: &Library) -> Result<(Vec<Kind>, &'a str), InputError> {
    if let Some((kind, name)) = name.split_once('/') {
        let kind = kind_named(kind).map_err(|e| InputError { field: "NAME".into(), ..e })?;
        return library.source(kind, name).map(|_| (vec![kind], name));
    }
    let named = |kind: &Kind| library.names(*kind).any(|n| n == name);
    let mut kinds: Vec<Kind> = Kind::ALL.into_iter().filter(named).collect();
    if kinds.len() > 1 {
        // It has the name of the profile that it is about.
        kinds.retain(|kind| *kind != Kind::Posterior);
    }
    if !kinds.is_empty() {
        return Ok((kinds, name));
    }
    let mut known: Vec<&str> = Kind::ALL.iter().flat_map(|k| library.names(*k)).collect();
    known.dedup();
    let help = match models::input::nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`podpath profiles list` lists all".into(),
    };
    Err(InputError::new("NAME", format!("nothing is called `{name}`")).help(help))
}

fn show_profile(profile: &Profile, console: &Console) -> Result<Value, Failure> {
    let mut table = Sheet::new(&["parameter", "value", "unit", "95 % interval", "how", "source"]);
    for row in profile.rows() {
        let interval = match (row.low, row.high) {
            (Some(low), Some(high)) => format!("{low} – {high}"),
            _ => String::new(),
        };
        table.add_row([
            row.parameter.clone().into(),
            number(row.value),
            row.unit.clone().into(),
            interval.into(),
            row.how.word().into(),
            comfy_table::Cell::new(&row.source),
        ]);
    }
    console.print_table(table)?;
    Ok(json!({ "name": profile.name, "parameters": profile.rows() }))
}

fn show_text(source: &Source, console: &Console) -> Result<Value, Failure> {
    console.print(&source.text)?;
    Ok(json!({ "file": source.name, "text": source.text }))
}
