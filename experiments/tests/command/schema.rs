//! The JSON schemas of files: committed, current, and true of every shipped file.

use std::fs;
use std::path::{Path, PathBuf};

use experiments::experiment::Experiment;
use serde_json::Value;

use super::Folder;

fn experiments() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All TOML files of folders.
fn toml_files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let in_folder = |folder: &PathBuf| {
        let entries = fs::read_dir(folder).expect("the folder");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<PathBuf>>()
    };
    let mut files: Vec<PathBuf> = folders.iter().flat_map(in_folder).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "toml") && !p.ends_with("Cargo.toml"));
    files.sort();
    files
}

fn as_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    let table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::to_value(table).expect("TOML without dates is JSON")
}

/// `UPDATE=1 cargo test -p podpath` writes them anew.
#[test]
fn the_committed_schemas_are_current() {
    for (file, arguments) in [
        ("experiment.schema.json", &["schema"][..]),
        ("topology.schema.json", &["schema", "topology"]),
        ("hop.schema.json", &["schema", "hop"]),
        ("cni.schema.json", &["schema", "cni"]),
        ("hypothesis.schema.json", &["schema", "hypothesis"]),
        ("profile-lines.json", &["profiles", "schema", "--json"]),
    ] {
        let path = experiments().join("schema").join(file);
        let current = Folder::new().run(arguments);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &current).expect("the schema");
        }
        assert_eq!(fs::read_to_string(path).expect("the schema"), current, "{file}");
    }
}

fn schema(of: &str) -> Value {
    serde_json::from_str(&Folder::new().run(&["schema", of])).expect("JSON")
}

/// The folders of cases: experiments, with their topologies beside them.
fn folders_of_cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(experiments().join("cases")).expect("the folder of cases");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn every_shipped_file_follows_its_schema() {
    let (here, profiles) = (experiments(), experiments().join("../calibration/profiles"));
    let (asking, described): (Vec<PathBuf>, Vec<PathBuf>) = toml_files(&folders_of_cases())
        .into_iter()
        .partition(|path| as_json(path)["topologies"].is_array());
    assert!(asking.len() > 40 && described.len() > 40);
    for (of, folders, known) in [
        ("experiment", vec![here.clone(), here.join("cases"), here.join("queues")], "quickstart"),
        ("topology", vec![profiles.join("topology")], "flannel"),
        ("hop", vec![profiles.join("hop")], "vxlan"),
        ("cni", vec![profiles.join("cni")], "flannel"),
        ("hypothesis", vec![profiles.join("hypothesis")], "iommu"),
    ] {
        let validator = jsonschema::validator_for(&schema(of)).expect("a valid schema");
        let mut files = toml_files(&folders);
        match of {
            "experiment" => files.extend(asking.iter().cloned()),
            "topology" => files.extend(described.iter().cloned()),
            _ => {}
        }
        assert!(files.iter().any(|path| path.file_stem().is_some_and(|stem| stem == known)));
        for path in files {
            let errors: Vec<String> =
                validator.iter_errors(&as_json(&path)).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        }
    }
}

#[test]
fn the_schema_of_topologies_refuses_what_the_command_refuses() {
    let validator = jsonschema::validator_for(&schema("topology")).expect("a valid schema");
    let bad = experiments().join("tests/bad/topology");
    for name in [
        "cable-with-one-end",
        "forwarder-kind-is-unknown",
        "gpu-sharing-is-misspelt",
        "missing-mtu",
        "mtu-is-negative",
        "mtu-is-text",
        "unknown-key",
        "unknown-table",
        "pod-offloads-is-text",
        "count-is-negative",
        "cable-pattern-is-unknown",
    ] {
        assert!(!validator.is_valid(&as_json(&bad.join(format!("{name}.toml")))), "{name}");
    }
}

#[test]
fn the_schema_refuses_what_the_command_refuses() {
    let validator = jsonschema::validator_for(&Experiment::schema()).expect("a valid schema");
    let bad = experiments().join("tests/bad/experiment");
    for name in [
        "unknown-key",
        "unknown-table",
        "unknown-transfer-field",
        "missing-name",
        "missing-topologies",
        "missing-transfer",
        "name-is-a-number",
        "topologies-is-text",
        "streams-is-text",
        "streams-is-negative",
        "mode-is-misspelt",
        "repetitions-is-zero",
        "fidelity-is-unknown",
        "swept-without-list",
        "swept-with-nothing",
        "no-topologies",
        "name-leaves-the-folder",
        "assumption-without-values",
        "step-without-name",
        "workload-unknown-field",
        "workload-clients-is-zero",
    ] {
        assert!(!validator.is_valid(&as_json(&bad.join(format!("{name}.toml")))), "{name}");
    }
}

#[test]
fn the_list_of_fields_has_every_field_of_the_schema() {
    let listed: Value =
        serde_json::from_str(&Folder::new().run(&["schema", "--fields", "--json"])).expect("JSON");
    let listed: Vec<&Value> = listed["fields"].as_array().expect("fields").iter().collect();
    let schema = Experiment::schema();
    for (table, of) in [
        ("[transfer]", "RawTransfer"),
        ("[request]", "RawRequest"),
        ("[[workload]]", "RawWorkload"),
        ("[[step]]", "RawStep"),
        ("[[pool]]", "RawPool"),
        ("[[batch]]", "RawBatch"),
        ("[[reported]]", "RawReported"),
    ] {
        let own = listed.iter().filter(|field| field["table"] == table);
        let own: Vec<&str> = own.map(|field| field["field"].as_str().expect("a name")).collect();
        let known = schema["$defs"][of]["properties"].as_object().expect("fields");
        assert_eq!(own, known.keys().collect::<Vec<_>>(), "{table}");
    }
    let text = Folder::new().run(&["schema", "--fields"]);
    assert!(text.contains("[[pool]]      set_up"), "{text}");
}
