//! One value of an experiment file: text, a number, or yes and no.
//!
//! Sizes, rates and times are text with a unit (`"4 KiB"`), so that a swept parameter looks the
//! same whatever it sweeps; counts are bare integers.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// A value as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    /// A word or a quantity with its unit.
    Text(String),
    /// A count.
    Integer(i64),
    /// A real number; always finite.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
}

impl Scalar {
    /// What kind of value it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Scalar::Text(_) => "text",
            Scalar::Integer(_) => "an integer",
            Scalar::Float(_) => "a real number",
            Scalar::Boolean(_) => "a boolean",
        }
    }

    /// The same value as TOML.
    pub(crate) fn to_toml(&self) -> toml::Value {
        match self {
            Scalar::Text(text) => toml::Value::String(text.clone()),
            Scalar::Integer(number) => toml::Value::Integer(*number),
            Scalar::Float(number) => toml::Value::Float(*number),
            Scalar::Boolean(yes) => toml::Value::Boolean(*yes),
        }
    }

    /// The value that stands in a command-line argument: a number or a boolean if it reads as one,
    /// else text.
    pub(crate) fn from_argument(text: &str) -> Scalar {
        let finite = |number: &f64| number.is_finite();
        match (text.parse(), text.parse().ok().filter(finite), text.parse()) {
            (Ok(number), ..) => Scalar::Integer(number),
            (_, Some(number), _) => Scalar::Float(number),
            (.., Ok(yes)) => Scalar::Boolean(yes),
            _ => Scalar::Text(text.to_owned()),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => out.write_str(text),
            Scalar::Integer(number) => write!(out, "{number}"),
            Scalar::Float(number) => write!(out, "{number}"),
            Scalar::Boolean(yes) => write!(out, "{yes}"),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::Text(text) => out.serialize_str(text),
            Scalar::Integer(number) => out.serialize_i64(*number),
            Scalar::Float(number) => out.serialize_f64(*number),
            Scalar::Boolean(yes) => out.serialize_bool(*yes),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Scalar, D::Error> {
        input.deserialize_any(ScalarVisitor)
    }
}

/// Reads one scalar; shared with the reader of sweeps, which meets scalars among tables.
pub(crate) struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("text, a number or a boolean")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
        if number.is_finite() {
            return Ok(Scalar::Float(number));
        }
        Err(E::custom(format!("{number} is not a finite number")))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Scalar, E> {
        Err(E::custom(format!("{number} is too large for a number")))
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Scalar, E> {
        Ok(Scalar::Boolean(yes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Scalar, A::Error> {
        Err(de::Error::custom("a list stands where one value is due"))
    }

    /// Dates come as maps.
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Scalar, A::Error> {
        Err(de::Error::custom("a table or a date stands where one value is due"))
    }
}
