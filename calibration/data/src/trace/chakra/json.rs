//! The two JSON forms: what `chakra_jsonizer` prints of a trace (a sequence of objects, first the
//! metadata and then a node each), and what the feeder of ASTRA-sim reads (one object with a list
//! `workload_graph`).

use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::OPERATIONS_MAX;
use serde_json::{Map, Value as Json};

use super::super::{Place, at, json_fault};
use super::check_version;
use super::node::{Kind, Node, Value};

/// The list of the feeder's form.
const GRAPH: &str = "workload_graph";
/// What stands for a field in either form, and what says nothing of how the node is replayed.
const FIELDS: [&str; 16] = [
    "id",
    "Id",
    "name",
    "Name",
    "type",
    "NodeType",
    "ctrlDeps",
    "ctrl_deps",
    "dataDeps",
    "data_deps",
    "startTimeMicros",
    "durationMicros",
    "runtime",
    "attr",
    "inputs",
    "outputs",
];

/// Whether a text is such a trace.
pub(in super::super) fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && (text.contains("\"workload_graph\"") || text.contains("_NODE\""))
}

/// Reads the nodes of a trace.
pub(super) fn read(text: &str, source: &Arc<Source>) -> Result<Vec<Node>, InputError> {
    let mut nodes = Vec::new();
    let mut number = 0;
    for object in serde_json::Deserializer::from_str(text).into_iter::<Map<String, Json>>() {
        let object = object.map_err(|error| json_fault(&source.name, text, "JSON", &error))?;
        let whole = |error: InputError| at(source, Place::Object(number), error);
        match object.get(GRAPH) {
            Some(Json::Array(graph)) => {
                for (place, node) in graph.iter().enumerate() {
                    let error = || InputError::new(GRAPH, "has an entry that is no object");
                    let node = node.as_object().ok_or_else(|| whole(error()))?;
                    nodes.push(node_of(node, place as u64, source)?);
                }
            }
            Some(_) => return Err(whole(InputError::new(GRAPH, "is no list"))),
            None if number == 0 && !object.contains_key("type") => {
                let version = object.get("version").and_then(Json::as_str).unwrap_or("");
                check_version(version).map_err(whole)?;
            }
            None => nodes.push(node_of(&object, number, source)?),
        }
        number += 1;
        if nodes.len() > OPERATIONS_MAX {
            let problem = format!("there are more than {OPERATIONS_MAX} nodes");
            let error = InputError::new("nodes", problem).help("a shorter trace");
            return Err(at(source, Place::Object(number), error));
        }
    }
    Ok(nodes)
}

fn node_of(
    object: &Map<String, Json>,
    place: u64,
    source: &Arc<Source>,
) -> Result<Node, InputError> {
    let fault = |error: InputError| at(source, Place::Object(place), error);
    // Protobuf's JSON leaves out what is zero.
    let id = match number(object, &["id", "Id"]).map_err(fault)? {
        Some(id) => id,
        None if object.contains_key("type") => 0,
        None => return Err(fault(InputError::new("Id", "is missing").help("a whole number"))),
    };
    let fault = |error: InputError| at(source, Place::Node(id), error);
    let kind = match object.get("type").or_else(|| object.get("NodeType")) {
        Some(Json::String(name)) => Kind::named(name),
        Some(Json::Number(number)) => Kind::of(number.as_u64().unwrap_or(u64::MAX)),
        _ => Err(InputError::new("type", "is missing").help("the kind of the node")),
    };
    let mut needs = Vec::new();
    for name in ["ctrlDeps", "ctrl_deps", "dataDeps", "data_deps"] {
        let list = object.get(name).unwrap_or(&Json::Null);
        let all = match list {
            Json::Null => continue,
            Json::Array(all) => all,
            _ => return Err(fault(InputError::new(name, "is no list of nodes"))),
        };
        for need in all {
            needs.push(whole(name, need).map_err(fault)?);
        }
    }
    let begin_us = number(object, &["startTimeMicros"]).map_err(fault)?.unwrap_or(0);
    let length_us = number(object, &["durationMicros", "runtime"]).map_err(fault)?;
    let mut attributes: Vec<(String, Value)> = Vec::new();
    for attribute in object.get("attr").and_then(Json::as_array).into_iter().flatten() {
        let name = attribute.get("name").and_then(Json::as_str).unwrap_or_default();
        let mut all = attribute.as_object().into_iter().flatten();
        let value = all.find(|(key, _)| !matches!(key.as_str(), "name" | "docString"));
        attributes.push((name.into(), value.map_or(Value::Other("nothing"), |(_, v)| value_of(v))));
    }
    let others = object.iter().filter(|(key, _)| !FIELDS.contains(&key.as_str()));
    attributes.extend(others.map(|(key, value)| (key.clone(), value_of(value))));
    Ok(Node { id, kind: kind.map_err(fault)?, needs, begin_us, length_us, attributes })
}

/// A whole number under one of its names.
fn number(object: &Map<String, Json>, names: &[&str]) -> Result<Option<u64>, InputError> {
    let found = names.iter().find_map(|name| Some((name, object.get(*name)?)));
    found.map(|(name, value)| whole(name, value)).transpose()
}

/// A whole number: protobuf's JSON has those of 64 bits in quotes.
fn whole(name: &str, value: &Json) -> Result<u64, InputError> {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_u64().or(text).ok_or_else(|| {
        let problem = format!(
            "{} is no whole number",
            value.to_string().chars().take(40).collect::<String>()
        );
        InputError::new(name, problem).help("zero or more")
    })
}

fn value_of(value: &Json) -> Value {
    match value {
        Json::Bool(truth) => Value::Whole(i128::from(*truth)),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Whole(number.into()),
            (_, Some(number)) => Value::Whole(number.into()),
            _ => Value::Other("a real number"),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Other("a list or an object"),
    }
}
