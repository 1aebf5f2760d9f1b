//! Types of fields: what a setting may put there, and what an editor is told of it.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde_spanned::Spanned;

/// A type that a field of a table may have.
pub(super) trait Field: Sized {
    /// The same without positions, for the JSON schema.
    type Plain: JsonSchema;
    /// Whether a table needs the field.
    const NEEDED: bool = true;

    /// Reads a value that stands at `span`.
    ///
    /// # Errors
    /// What does not fit about the value, as a clause.
    fn of(value: &toml::Value, span: &Range<usize>) -> Result<Self, String>;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Field for $type {
            type Plain = $type;

            fn of(value: &toml::Value, _: &Range<usize>) -> Result<$type, String> {
                value.clone().try_into().map_err(|error: toml::de::Error| {
                    error.message().trim().replace('\n', "; ")
                })
            }
        }
    )*};
}

plain!(String, u32, f64, bool);

impl<T: Field> Field for Spanned<T> {
    type Plain = T::Plain;

    fn of(value: &toml::Value, span: &Range<usize>) -> Result<Spanned<T>, String> {
        Ok(Spanned::new(span.clone(), T::of(value, span)?))
    }
}

impl<T: Field> Field for Option<T> {
    type Plain = Option<T::Plain>;
    const NEEDED: bool = false;

    fn of(value: &toml::Value, span: &Range<usize>) -> Result<Option<T>, String> {
        T::of(value, span).map(Some)
    }
}

impl<T: Field> Field for Vec<T> {
    type Plain = Vec<T::Plain>;

    fn of(value: &toml::Value, span: &Range<usize>) -> Result<Vec<T>, String> {
        let Some(list) = value.as_array() else {
            return Err(format!("invalid type: {}, expected a list", value.type_str()));
        };
        list.iter().map(|value| T::of(value, span)).collect()
    }
}

impl<T: Field> Field for [T; 2] {
    type Plain = [T::Plain; 2];

    fn of(value: &toml::Value, span: &Range<usize>) -> Result<[T; 2], String> {
        let list = Vec::<T>::of(value, span)?;
        let length = list.len();
        list.try_into().map_err(|_| format!("invalid length {length}, expected a list of two"))
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    type Plain = BTreeMap<String, T::Plain>;

    fn of(value: &toml::Value, span: &Range<usize>) -> Result<BTreeMap<String, T>, String> {
        let Some(table) = value.as_table() else {
            return Err(format!("invalid type: {}, expected a table", value.type_str()));
        };
        table.iter().map(|(key, value)| Ok((key.clone(), T::of(value, span)?))).collect()
    }
}
