//! A table as it is written: fields of its lists with their places, before any is judged.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value, json};
use serde_spanned::Spanned;

use super::super::problem::Problem;
use super::super::scalar::Scalar;
use super::value::table_name;
use super::{Field, Fields, Is, text_of};

/// The lists of fields that a table has.
pub(crate) trait Rows {
    /// What the table is.
    const ABOUT: &'static str;
    /// Its lists; the table is called as the first.
    const LISTS: &'static [&'static [Field]];

    /// Every field of it.
    fn fields() -> impl Iterator<Item = &'static Field> {
        Self::LISTS.iter().copied().flatten()
    }
}

impl<F: Fields> Rows for F {
    const ABOUT: &'static str = F::DOC;
    const LISTS: &'static [&'static [Field]] = &[F::FIELDS];
}

/// A table with the fields of `T`.
#[derive(Debug)]
pub(crate) struct Raw<T> {
    cells: Vec<(&'static Field, Spanned<Scalar>)>,
    /// The names of other tables.
    pub(crate) references: Vec<Spanned<String>>,
    of: PhantomData<T>,
}

impl<T> Raw<T> {
    /// Where it stands: its first field.
    pub(crate) fn place(&self) -> Option<Range<usize>> {
        self.cells.iter().map(|(_, value)| value.span()).min_by_key(|span| span.start)
    }

    /// Its name with its place, if it has one; errors are about the table at `place`.
    pub(crate) fn name(
        &self,
        place: &str,
        source: &Arc<Source>,
    ) -> Result<Option<(String, Range<usize>)>, InputError> {
        let is_name = |field: &Field| matches!(field.is, Is::Name | Is::NameNeeded);
        let Some((_, value)) = self.cells.iter().find(|(field, _)| is_name(field)) else {
            return Ok(None);
        };
        let read = table_name(value.get_ref())
            .map_err(|p| p.at(format!("{place}.name"), source, value.span()))?;
        Ok(Some((read, value.span())))
    }

    /// Sets every field by `set`; errors are about the table at `place`.
    pub(crate) fn read(
        &self,
        place: &str,
        source: &Arc<Source>,
        mut set: impl FnMut(&'static Field, &Scalar, &Range<usize>) -> Result<(), Problem>,
    ) -> Result<(), InputError> {
        for (field, value) in &self.cells {
            let wrong = |p: Problem| p.at(format!("{place}.{}", field.key()), source, value.span());
            set(field, value.get_ref(), &value.span()).map_err(wrong)?;
        }
        Ok(())
    }

    /// The same into a table of one list.
    pub(crate) fn read_into<F: Fields>(
        &self,
        place: &str,
        source: &Arc<Source>,
    ) -> Result<F, InputError> {
        let mut fields = F::default();
        self.read(place, source, |field, value, span| fields.set(field, value, span))?;
        Ok(fields)
    }
}

impl<'de, T: Rows> Deserialize<'de> for Raw<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Raw<T>, D::Error> {
        input.deserialize_map(TableVisitor(PhantomData))
    }
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Rows> Visitor<'de> for TableVisitor<T> {
    type Value = Raw<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<T>, A::Error> {
        let (mut cells, mut references) = (Vec::new(), Vec::new());
        while let Some((order, field)) = map.next_key_seed(Key::<T>(PhantomData))? {
            match field.is {
                Is::References => references = map.next_value()?,
                _ => cells.push((order, field, map.next_value()?)),
            }
        }
        // In the order of the list, so that the first error does not depend on that of the file.
        cells.sort_by_key(|(order, ..)| *order);
        let cells = cells.into_iter().map(|(_, field, value)| (field, value)).collect();
        Ok(Raw { cells, references, of: PhantomData })
    }
}

/// Finds a field by its key, so that an unknown one is refused where it stands.
struct Key<T>(PhantomData<T>);

impl<'de, T: Rows> DeserializeSeed<'de> for Key<T> {
    type Value = (usize, &'static Field);

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl<T: Rows> Visitor<'_> for Key<T> {
    type Value = (usize, &'static Field);

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let found = T::fields().enumerate().find(|(_, field)| field.key() == key);
        found.ok_or_else(|| {
            let known: Vec<String> =
                T::fields().map(|field| format!("`{}`", field.key())).collect();
            E::custom(format!("unknown field `{key}`, expected one of {}", known.join(", ")))
        })
    }
}

impl<T: Rows> JsonSchema for Raw<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Raw{:?}", T::LISTS[0][0].list).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let properties: Map<String, Value> =
            T::fields().map(|field| (field.key().to_owned(), schema(field))).collect();
        let mut table = json!({
            "type": "object", "additionalProperties": false, "properties": properties,
        });
        let needed: Vec<&str> =
            T::fields().filter(|field| field.is == Is::NameNeeded).map(Field::key).collect();
        if !needed.is_empty() {
            table["required"] = json!(needed);
        }
        table["description"] = text_of(T::ABOUT).into();
        Schema::try_from(table).expect("an object is a schema")
    }
}

/// The schema of a field.
fn schema(field: &Field) -> Value {
    let within = &field.within;
    let bounded = within.to <= u32::MAX.into();
    let mut schema = match field.is {
        Is::NameNeeded => json!({ "type": "string" }),
        Is::References => json!({ "type": "array", "items": { "type": "string" } }),
        Is::Count => json!({
            "type": ["integer", "null"],
            "format": if bounded { "uint32" } else { "uint64" },
            "minimum": within.from as u64,
        }),
        Is::Number | Is::Part => json!({ "type": ["number", "null"], "format": "double" }),
        Is::Numbers => json!({ "type": ["string", "number", "null"] }),
        _ => json!({ "type": ["string", "null"] }),
    };
    schema["description"] = field.about().into();
    match field.is {
        Is::References => schema["default"] = json!([]),
        Is::Count => schema["maximum"] = json!(within.to as u64),
        Is::Number => {
            schema["minimum"] = json!(within.from);
            schema["maximum"] = json!(within.to);
        }
        Is::Part => {
            schema["exclusiveMinimum"] = json!(within.from);
            schema["maximum"] = json!(within.to);
        }
        Is::OneOf => {
            let words = within.words.iter().map(|word| Value::from(*word));
            schema["enum"] = words.chain([Value::Null]).collect();
        }
        _ => {}
    }
    schema
}
