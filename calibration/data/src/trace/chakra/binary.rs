//! The protobuf form, `.et`: messages, each behind a varint of its length. The first is
//! `GlobalMetadata`, all others are `Node`s (`schema/protobuf/et_def.proto`).

use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::OPERATIONS_MAX;

use super::super::{Place, at};
use super::check_version;
use super::node::{Kind, Node, Value};
use super::wire::{Field, Fields, Malformed, zigzag};

const WHOLE: &str = "the whole file, as Chakra's tools write it";

/// Whether a content begins with the metadata of a trace.
pub(in super::super) fn looks_like(content: &[u8]) -> bool {
    let mut file = Fields::of(content);
    let first = file.varint().and_then(|length| file.bytes(length));
    first.is_ok_and(|first| {
        Fields::of(first).all(|field| match field {
            Ok((1, Field::Bytes(version))) => version.iter().all(u8::is_ascii_graphic),
            Ok((2, Field::Bytes(attribute))) => attribute_of(attribute).is_ok(),
            _ => false,
        }) && !first.is_empty()
    })
}

/// Reads the nodes of a trace.
pub(super) fn read(content: &[u8], source: &Arc<Source>) -> Result<Vec<Node>, InputError> {
    let fault = |place: usize, error: InputError| at(source, Place::Byte(place as u64), error);
    let cut = |begin: usize, field: &str, malformed: Malformed| {
        let error = InputError::new(field, malformed.problem).help(WHOLE);
        fault(begin + malformed.byte, error)
    };
    let (mut file, mut nodes) = (Fields::of(content), Vec::new());
    let mut is_first = true;
    while !file.is_over() {
        let begin = file.at();
        let message = file.varint().and_then(|length| file.bytes(length));
        let message = message.map_err(|malformed| cut(0, "message", malformed))?;
        let start = file.at() - message.len();
        if std::mem::take(&mut is_first) {
            let version =
                version(message).map_err(|malformed| cut(start, "metadata", malformed))?;
            check_version(version).map_err(|error| fault(begin, error))?;
            continue;
        }
        if nodes.len() == OPERATIONS_MAX {
            let problem = format!("there are more than {OPERATIONS_MAX} nodes");
            return Err(fault(begin, InputError::new("nodes", problem).help("a shorter trace")));
        }
        let raw = raw(message).map_err(|malformed| cut(start, "node", malformed))?;
        let kind = Kind::of(raw.kind);
        let id = raw.node.id;
        let kind = kind.map_err(|error| at(source, Place::Node(id), error))?;
        nodes.push(Node { kind, ..raw.node });
    }
    Ok(nodes)
}

fn version(message: &[u8]) -> Result<&str, Malformed> {
    let mut version = "";
    for field in Fields::of(message) {
        if let (1, Field::Bytes(text)) = field? {
            version = std::str::from_utf8(text).unwrap_or("?");
        }
    }
    Ok(version)
}

/// A node whose kind has not been looked at.
struct Raw {
    kind: u64,
    node: Node,
}

fn raw(message: &[u8]) -> Result<Raw, Malformed> {
    let mut kind = 0;
    let mut node = Node {
        id: 0,
        kind: Kind::Metadata,
        needs: Vec::new(),
        begin_us: 0,
        length_us: None,
        attributes: Vec::new(),
    };
    for field in Fields::of(message) {
        match field? {
            (1, Field::Varint(id)) => node.id = id,
            (3, Field::Varint(number)) => kind = number,
            (4 | 5, Field::Varint(need)) => node.needs.push(need),
            (4 | 5, Field::Bytes(packed)) => {
                let mut packed = Fields::of(packed);
                while !packed.is_over() {
                    node.needs.push(packed.varint()?);
                }
            }
            (6, Field::Varint(us)) => node.begin_us = us,
            (7, Field::Varint(us)) => node.length_us = Some(us),
            (10, Field::Bytes(attribute)) => node.attributes.push(attribute_of(attribute)?),
            // Its name, inputs and outputs, and what later versions may add.
            _ => {}
        }
    }
    Ok(Raw { kind, node })
}

fn attribute_of(message: &[u8]) -> Result<(String, Value), Malformed> {
    let (mut name, mut value) = (String::new(), Value::Other("nothing"));
    for field in Fields::of(message) {
        let (number, field) = field?;
        value = match (number, field) {
            (1, Field::Bytes(text)) => {
                name = String::from_utf8_lossy(text).into_owned();
                continue;
            }
            (2, _) => continue,
            (3, Field::Fixed64(_)) | (5, Field::Fixed32(_)) => Value::Other("a real number"),
            // A negative int32 is written with the sign of an int64.
            (7 | 9, Field::Varint(number)) => Value::Whole((number as i64).into()),
            (11 | 13 | 27, Field::Varint(number)) => Value::Whole(number.into()),
            (15 | 17, Field::Varint(number)) => Value::Whole(zigzag(number).into()),
            (19, Field::Fixed32(number)) => Value::Whole(number.into()),
            (21, Field::Fixed64(number)) => Value::Whole(number.into()),
            (23, Field::Fixed32(number)) => Value::Whole((number as i32).into()),
            (25, Field::Fixed64(number)) => Value::Whole((number as i64).into()),
            (29, Field::Bytes(text)) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            _ => Value::Other("a list or bytes"),
        };
    }
    Ok((name, value))
}
