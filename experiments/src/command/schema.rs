//! `podpath schema`: the JSON schemas of the files that podpath reads, for editors, and the fields
//! of experiments, for readers.

use clap::{Args, ValueEnum};
use models::uncertainty::hypothesis::hypothesis_schema;
use models::{catalogue, topology};
use serde_json::{Value, json};

use crate::console::{Console, Sheet};
use crate::experiment::{self, Experiment};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath schema > experiment.schema.json
  podpath schema topology > topology.schema.json
  podpath schema --fields                      every field, its values and its default

Editors with a TOML language server complete and check files that begin with
  #:schema ./experiment.schema.json

`podpath profiles schema` lists the lines of profiles, which are CSV.";

const IN_SWEEPS: &str = "
Sweeps, [set] and --set call a field of all transfers by its name, of one transfer
transfer.NAME.FIELD, of the request request.FIELD, and of the others workload.NAME.FIELD,
step.NAME.FIELD and pool.NAME.FIELD. What names a table cannot be varied.
";

/// Print the JSON schema of experiments, topologies, hops, container networks or hypotheses
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Which files
    #[arg(default_value = "experiment")]
    of: Files,
    /// A table of the fields of transfers, requests, workloads, steps, pools and reported figures
    /// instead
    #[arg(long, conflicts_with = "of")]
    fields: bool,
}

/// Files that have a JSON schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Files {
    Experiment,
    Topology,
    Hop,
    Cni,
    Hypothesis,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if arguments.fields {
        return fields(console);
    }
    let schema: Value = match arguments.of {
        Files::Experiment => Experiment::schema(),
        Files::Topology => topology::schema().into(),
        Files::Hop => catalogue::hop_schema().into(),
        Files::Cni => catalogue::cni_schema().into(),
        Files::Hypothesis => hypothesis_schema().into(),
    };
    // The schema is JSON whether or not it is asked for.
    Console { json: true, ..*console }.print_json(&schema)
}

fn fields(console: &Console) -> Result<(), Failure> {
    let mut table = Sheet::new(&["table", "field", "value", "default", "what it is"]);
    for field in experiment::listed() {
        table.add_row([
            field.list.table().to_owned(),
            field.key().to_owned(),
            field.possible(),
            field.default.unwrap_or_default().to_owned(),
            field.about().replace('\n', " "),
        ]);
    }
    let reported = of_reported();
    for field in &reported {
        let cell = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
        table.add_row(["table", "field", "possible", "default", "about"].map(cell));
    }
    table.keep_whole(2);
    console.print_table(table)?;
    console.print(IN_SWEEPS)?;
    let fields = experiment::listed().map(experiment::Field::told);
    let all: Vec<Value> = fields.chain(reported).collect();
    console.print_json(&json!({ "fields": all }))
}

/// The fields of a reported figure, as the schema has them.
fn of_reported() -> Vec<Value> {
    let schema = Experiment::schema();
    let of = &schema["$defs"]["RawReported"];
    let needed = |name: &str| {
        of["required"].as_array().is_some_and(|all| all.iter().any(|needed| needed == name))
    };
    let fields = of["properties"].as_object().into_iter().flatten();
    let told = fields.map(|(name, field)| {
        let kinds = field["type"].as_array().and_then(|kinds| kinds[0].as_str());
        let value = match kinds.or(field["type"].as_str()) {
            Some("string") => "text",
            Some("number") => "number",
            Some("array") => "list of texts",
            _ => "table",
        };
        let about = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        let default = needed(name).then_some("must be given");
        json!({
            "table": "[[reported]]", "field": name, "possible": value, "default": default,
            "in_sweeps": null, "column": null, "about": about,
        })
    });
    told.collect()
}
