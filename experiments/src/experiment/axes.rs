//! Tables whose keys are parameters: of a sweep (a list per parameter) and of settings (a value).
//!
//! TOML reads `host.bench-2024.tcp.rx_per_byte = …` as tables within tables; a parameter is one
//! thing with a dotted name, so the tables are flattened back, in the order of the file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;

use super::scalar::{Scalar, ScalarVisitor};

/// A parameter with what stands behind it.
#[derive(Clone, Debug)]
pub(crate) struct Entry<V> {
    /// The dotted name.
    pub(crate) key: String,
    /// Where the last part of the name stands.
    pub(crate) key_span: Range<usize>,
    /// The value or the list.
    pub(crate) value: V,
    /// Where that stands.
    pub(crate) value_span: Range<usize>,
}

/// Parameters with a list of values each, in file order.
pub(crate) type RawSweepTable = Flat<Vec<Spanned<Scalar>>>;
/// Parameters with one value each, in file order.
pub(crate) type RawSettings = Flat<Scalar>;

/// A flattened table.
#[derive(Clone, Debug)]
pub(crate) struct Flat<V>(pub(crate) Vec<Entry<V>>);

impl<V> Default for Flat<V> {
    fn default() -> Flat<V> {
        Flat(Vec::new())
    }
}

/// What may stand at the end of a dotted name.
pub(crate) trait Leaf: Sized {
    /// What to say was expected.
    const EXPECTED: &'static str;
    /// The schema of a value.
    fn schema() -> Schema;
    /// The value of a scalar, where one may stand here.
    fn of_scalar(scalar: Scalar) -> Option<Self>;
    /// The value of a list, where one may stand here.
    fn of_list(list: Vec<Spanned<Scalar>>) -> Option<Self>;
}

impl Leaf for Scalar {
    const EXPECTED: &'static str = "one value";

    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "object"] })
    }

    fn of_scalar(scalar: Scalar) -> Option<Scalar> {
        Some(scalar)
    }

    fn of_list(_: Vec<Spanned<Scalar>>) -> Option<Scalar> {
        None
    }
}

impl Leaf for Vec<Spanned<Scalar>> {
    const EXPECTED: &'static str = "a list of values in brackets";

    fn schema() -> Schema {
        json_schema!({
            "type": ["array", "object"],
            "items": { "type": ["string", "number", "boolean"] },
            "minItems": 1
        })
    }

    fn of_scalar(_: Scalar) -> Option<Self> {
        None
    }

    fn of_list(list: Vec<Spanned<Scalar>>) -> Option<Self> {
        Some(list)
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<V: Leaf> JsonSchema for Flat<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Parameters".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = V::schema();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

impl<'de, V: Leaf> Deserialize<'de> for Flat<V> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Flat<V>, D::Error> {
        let mut entries = match input.deserialize_any(NodeVisitor::<V>(PhantomData))? {
            Node::Table(entries) => entries,
            Node::Leaf(_) => return Err(de::Error::custom("expected a table of parameters")),
        };
        // The reader sorts keys by name; the order of the file is the order of the points.
        entries.sort_by_key(|entry| entry.key_span.start);
        Ok(Flat(entries))
    }
}

/// What stands behind one part of a dotted name.
enum Node<V> {
    Leaf(V),
    Table(Vec<Entry<V>>),
}

impl<'de, V: Leaf> Deserialize<'de> for Node<V> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Node<V>, D::Error> {
        input.deserialize_any(NodeVisitor(PhantomData))
    }
}

struct NodeVisitor<V>(PhantomData<V>);

impl<V: Leaf> NodeVisitor<V> {
    fn leaf<E: de::Error>(scalar: Scalar) -> Result<Node<V>, E> {
        let problem =
            || E::custom(format!("{} stands where {} is due", scalar.kind(), V::EXPECTED));
        V::of_scalar(scalar.clone()).map(Node::Leaf).ok_or_else(problem)
    }
}

impl<'de, V: Leaf> Visitor<'de> for NodeVisitor<V> {
    type Value = Node<V>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(V::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<V>, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Spanned<Node<V>>>()? {
            let (key_span, value_span) = (key.span(), node.span());
            let key = key.into_inner();
            match node.into_inner() {
                Node::Leaf(value) => entries.push(Entry { key, key_span, value, value_span }),
                Node::Table(inner) => entries.extend(
                    inner.into_iter().map(|e| Entry { key: format!("{key}.{}", e.key), ..e }),
                ),
            }
        }
        Ok(Node::Table(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Node<V>, A::Error> {
        let list = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        let problem = || de::Error::custom(format!("a list stands where {} is due", V::EXPECTED));
        V::of_list(list).map(Node::Leaf).ok_or_else(problem)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node<V>, E> {
        Self::leaf(ScalarVisitor.visit_str(text)?)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node<V>, E> {
        Self::leaf(ScalarVisitor.visit_i64(number)?)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node<V>, E> {
        Self::leaf(ScalarVisitor.visit_f64(number)?)
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Node<V>, E> {
        Self::leaf(ScalarVisitor.visit_i128(number)?)
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Node<V>, E> {
        Self::leaf(ScalarVisitor.visit_bool(yes)?)
    }
}
