//! Cells to a row.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess};
use serde::de::{Error, Visitor};
use serde::forward_to_deserialize_any;

use super::within;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Its table has no such column.
    Column(String),
    /// A cell does not hold what its column holds.
    Value {
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// What serde says.
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Column(column) => write!(out, "there is no column `{column}`"),
            Fault::Value { column, text } => write!(out, "{column}: `{text}`"),
            Fault::Other(problem) => write!(out, "{problem}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(problem: T) -> Fault {
        Fault::Other(problem.to_string())
    }
}

/// The row whose cells `find` gives by the names of their columns. A column that may be empty may
/// also be missing: tables that were written before it was there stay readable.
///
/// # Errors
/// If a column is missing, or holds something else.
pub(crate) fn read<'f, R: DeserializeOwned>(
    find: &'f dyn Fn(&str) -> Option<&'f str>,
) -> Result<R, Fault> {
    R::deserialize(Cells { find, name: String::new() })
}

/// A column, or those whose names begin with its name.
struct Cells<'f> {
    find: &'f dyn Fn(&str) -> Option<&'f str>,
    name: String,
}

impl<'f> Cells<'f> {
    fn text(&self) -> Result<&'f str, Fault> {
        (self.find)(&self.name).ok_or_else(|| Fault::Column(self.name.clone()))
    }

    fn parsed<T: FromStr>(&self) -> Result<T, Fault> {
        let text = self.text()?;
        text.parse().map_err(|_| self.no_value(text))
    }

    fn no_value(&self, text: &str) -> Fault {
        Fault::Value { column: self.name.clone(), text: text.to_owned() }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.parsed()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Cells<'_> {
    type Error = Fault;

    parsed! {
        deserialize_bool visit_bool, deserialize_u32 visit_u32, deserialize_u64 visit_u64,
        deserialize_i64 visit_i64
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let value: f64 = self.parsed()?;
        if !value.is_finite() {
            return Err(self.no_value(self.text()?));
        }
        visitor.visit_f64(value)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match (self.find)(&self.name) {
            None | Some("") => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.text()?.into_deserializer().deserialize_enum(name, words, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Fields { group: self, fields, at: 0 })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::Other(format!("{}: no row has such a field", self.name)))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 char str bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

struct Fields<'f> {
    group: Cells<'f>,
    fields: &'static [&'static str],
    at: usize,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        match self.fields.get(self.at) {
            Some(name) => {
                seed.deserialize(IntoDeserializer::<Fault>::into_deserializer(*name)).map(Some)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let name = within(&self.group.name, self.fields[self.at]);
        self.at += 1;
        seed.deserialize(Cells { find: self.group.find, name })
    }
}
