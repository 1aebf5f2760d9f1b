//! One list of fields per table: the reader, the names meant by mistyped ones, settings and the
//! JSON schema all come from it.

use std::ops::Range;

use schemars::Schema;

/// A table of a topology file.
pub(super) trait Table: Clone {
    /// Its fields.
    const FIELDS: &'static [&'static str];

    /// Its name, if it has one.
    fn called(&self) -> Option<&str>;

    /// Puts a value that stands at `span` into the field `key`.
    ///
    /// # Errors
    /// What is wrong, as a clause: the field is unknown, or the value is not possible for it.
    fn set(&mut self, key: &str, value: &toml::Value, span: &Range<usize>) -> Result<(), String>;
}

/// Says what a field is, and which words it takes if it does not take all.
pub(super) fn described(mut schema: Schema, about: &str, words: Option<&[&str]>) -> Schema {
    schema.insert("description".into(), about.trim().into());
    if let Some(words) = words {
        schema.insert("enum".into(), words.to_vec().into());
    }
    schema
}

/// Declares tables. A field may say what holds where it is absent (`#[serde(default = "…")]`),
/// and which words it takes (`#[one_of("…")]`).
macro_rules! tables {
    ($(
        $(#[doc = $about:literal])*
        $name:ident $(called $called:ident)? {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($default:meta)])?
                $(#[one_of($($word:literal),*)])?
                $field:ident: $type:ty,
            )*
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])* $(#[serde($default)])? pub $field: $type, )*
        }

        impl Table for $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn called(&self) -> Option<&str> {
                None$(.or(Some(self.$called.get_ref().as_str())))?
            }

            fn set(&mut self, key: &str, value: &toml::Value, span: &Range<usize>)
                -> Result<(), String>
            {
                match key {
                    $(stringify!($field) => self.$field = Field::of(value, span)?,)*
                    _ => return Err(format!("unknown field `{key}`")),
                }
                Ok(())
            }
        }

        impl Field for $name {
            type Plain = $name;

            fn of(_: &toml::Value, _: &Range<usize>) -> Result<$name, String> {
                Err("a table is no value".into())
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(of: &mut SchemaGenerator) -> Schema {
                let mut properties = Schema::default();
                let mut needed: Vec<&str> = Vec::new();
                $({
                    let name = stringify!($field);
                    let schema = of.subschema_for::<<$type as Field>::Plain>();
                    let words: Option<&[&str]> = None$(.or(Some(&[$($word),*])))?;
                    let about = [$($doc),*].concat();
                    properties.insert(name.into(), described(schema, &about, words).into());
                    let default: Option<&str> = None$(.or(Some(stringify!($default))))?;
                    if <$type as Field>::NEEDED && default.is_none() {
                        needed.push(name);
                    }
                })*
                let about = [$($about),*].concat();
                json_schema!({
                    "description": about.trim(),
                    "type": "object",
                    "properties": properties,
                    "required": needed,
                    "additionalProperties": false,
                })
            }
        }
    )*};
}

pub(super) use tables;
