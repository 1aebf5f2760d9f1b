//! Writes Chakra traces in their three forms.

use serde_json::json;

/// How the integers of attributes are written: the number of the field, and the name in JSON.
#[derive(Clone, Copy)]
pub(in super::super) enum Type {
    Int32,
    Int64,
    Uint64,
    Sint64,
    Fixed32,
}

/// A node.
#[derive(Clone)]
pub(in super::super) struct Node {
    pub(super) id: u64,
    pub(super) kind: u64,
    pub(super) needs: Vec<u64>,
    pub(super) us: u64,
    pub(super) attributes: Vec<(&'static str, i64)>,
}

pub(super) const COMPUTE: u64 = 4;
pub(super) const SEND: u64 = 5;
pub(super) const RECEIVE: u64 = 6;
pub(super) const COLLECTIVE: u64 = 7;
const KINDS: [&str; 8] = [
    "INVALID_NODE",
    "METADATA_NODE",
    "MEM_LOAD_NODE",
    "MEM_STORE_NODE",
    "COMP_NODE",
    "COMM_SEND_NODE",
    "COMM_RECV_NODE",
    "COMM_COLL_NODE",
];

pub(super) fn node(
    id: u64,
    kind: u64,
    needs: &[u64],
    us: u64,
    attributes: &[(&'static str, i64)],
) -> Node {
    Node { id, kind, needs: needs.to_vec(), us, attributes: attributes.to_vec() }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn bytes(field: u64, content: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(content.len() as u64, out);
    out.extend(content);
}

/// A trace as Chakra's tools write it.
pub(in super::super) fn binary(nodes: &[Node], integers: Type) -> Vec<u8> {
    let mut file = b"\x07\x0a\x050.0.4".to_vec();
    for node in nodes {
        let mut message = Vec::new();
        let mut number = |field: u64, number: u64| {
            if number > 0 {
                varint(field << 3, &mut message);
                varint(number, &mut message);
            }
        };
        number(1, node.id);
        number(3, node.kind);
        number(7, node.us);
        let mut packed = Vec::new();
        node.needs.iter().for_each(|&need| varint(need, &mut packed));
        bytes(5, &packed, &mut message);
        for &(name, value) in &node.attributes {
            let mut attribute = Vec::new();
            bytes(1, name.as_bytes(), &mut attribute);
            let mut whole = |field: u64, value: u64| {
                varint(field << 3, &mut attribute);
                varint(value, &mut attribute);
            };
            match integers {
                _ if name == "is_cpu_op" => whole(27, value as u64),
                Type::Int32 => whole(7, value as u64),
                Type::Int64 => whole(9, value as u64),
                Type::Uint64 => whole(13, value as u64),
                Type::Sint64 => whole(17, ((value << 1) ^ (value >> 63)) as u64),
                Type::Fixed32 => {
                    varint(19 << 3 | 5, &mut attribute);
                    attribute.extend((value as u32).to_le_bytes());
                }
            }
            bytes(10, &attribute, &mut message);
        }
        varint(message.len() as u64, &mut file);
        file.extend(message);
    }
    file
}

/// The same as `chakra_jsonizer` prints it: objects, with numbers of 64 bits in quotes.
pub(super) fn jsonized(nodes: &[Node]) -> String {
    let mut text = json!({ "version": "0.0.4" }).to_string();
    for node in nodes {
        let attributes = node.attributes.iter().map(|(name, value)| match *name {
            "is_cpu_op" => json!({ "name": name, "boolVal": *value == 1 }),
            name => json!({ "name": name, "int64Val": value.to_string() }),
        });
        let needs = node.needs.iter().map(u64::to_string).collect::<Vec<_>>();
        let mut object = json!({
            "id": node.id.to_string(),
            "name": "a node",
            "type": KINDS[node.kind as usize],
            "dataDeps": needs,
            "attr": attributes.collect::<Vec<_>>(),
        });
        if node.us > 0 {
            object["durationMicros"] = node.us.to_string().into();
        }
        text += &serde_json::to_string_pretty(&object).expect("JSON");
    }
    text
}

/// The same as ASTRA-sim's feeder reads it.
pub(super) fn graph(nodes: &[Node]) -> String {
    let object = |node: &Node| {
        let mut object = json!({
            "Id": node.id,
            "Name": "a node",
            "NodeType": node.kind,
            "data_deps": node.needs,
            "runtime": node.us,
        });
        for (name, value) in &node.attributes {
            object[*name] = (*value).into();
        }
        object
    };
    json!({ "workload_graph": nodes.iter().map(object).collect::<Vec<_>>() }).to_string()
}
