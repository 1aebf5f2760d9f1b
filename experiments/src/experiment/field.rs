//! What may be said of transfers, requests, workloads, steps and pools: one list of fields.
//!
//! A field is one entry of a [`fields!`] list: its documentation, name, type, kind of value and
//! default. The reader of files, the JSON schema, the messages about unknown fields, `--set`,
//! sweeps, the columns of results and `podpath schema --fields` all come from these lists.

mod kind;
mod list;
mod raw;
mod value;

use std::fmt;
use std::ops::Range;

use super::problem::Problem;
use super::scalar::Scalar;

pub(crate) use kind::*;
pub(crate) use list::all as listed;
pub(crate) use raw::{Raw, Rows};
pub(crate) use value::{amount, count, one_of};

/// The list that a field is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// `[transfer]`; results have a column for each.
    Transfer,
    /// `[transfer]`, about the kernel that makes the result: rare, so that results have a column
    /// only where it is varied.
    Kernel,
    /// `[transfer]`, about what few transfers say: likewise.
    Rare,
    /// `[transfer]`, about what GPUs do together: likewise.
    Group,
    /// `[transfer]`, about many transfers in the place of one: likewise.
    Pattern,
    /// `[request]`.
    Request,
    /// `[[workload]]`.
    Workload,
    /// `[[step]]`.
    Step,
    /// `[[pool]]`.
    Pool,
    /// `[[batch]]`.
    Batch,
}

/// A field of a table in an experiment file.
#[derive(Clone)]
pub(crate) struct Field {
    /// The list that it is in.
    pub(crate) list: List,
    /// Its name in sweeps: that in its table, with `request.` in front of those of a request.
    pub(crate) name: &'static str,
    /// What it is, in lines with a space in front.
    pub(crate) doc: &'static str,
    /// What kind of value it has.
    pub(crate) is: Is,
    /// The limits of the value.
    pub(crate) within: Within,
    /// The value where the file gives none.
    pub(crate) default: Option<&'static str>,
    /// Whether a value is possible.
    pub(crate) judge: fn(&Scalar) -> Result<(), Problem>,
}

impl Field {
    /// Its name in its table.
    pub(crate) fn key(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// What it is, as text.
    pub(crate) fn about(&self) -> String {
        text_of(self.doc)
    }

    /// Whether a sweep may vary it: all but the names of tables and of what they refer to.
    pub(crate) fn is_swept(&self) -> bool {
        !matches!(self.is, Is::Name | Is::NameNeeded | Is::Reference | Is::References)
    }

    /// The column of every table of results that it fills, if it has one.
    pub(crate) fn column(&self) -> Option<String> {
        let ending = if self.is.is_amount() { "_b" } else { "" };
        (self.list == List::Transfer && self.is_swept()).then(|| format!("{}{ending}", self.name))
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        (self.list, self.name) == (other.list, other.name)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

/// Documentation as text: its lines without the space in front of each.
pub(crate) fn text_of(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

/// What stands in a file, and where.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) value: Scalar,
    pub(crate) span: Range<usize>,
}

/// The value of a field, with what was written where it is not the default.
#[derive(Clone, Debug)]
pub(crate) struct Cell<T> {
    pub(crate) value: T,
    pub(crate) written: Option<Written>,
}

/// What a value that may not be there is of.
pub(crate) trait Optional {
    type Of;
}

impl<T> Optional for Option<T> {
    type Of = T;
}

/// Typed values of a list of fields.
pub(crate) trait Fields: Default {
    /// What the table is.
    const DOC: &'static str;
    /// The list.
    const FIELDS: &'static [Field];

    /// Sets a field of the list.
    ///
    /// # Errors
    /// If the value is of the wrong type, has a wrong unit, or is out of range.
    fn set(&mut self, field: &Field, value: &Scalar, span: &Range<usize>) -> Result<(), Problem>;

    /// What was written of each field, in the order of the list.
    fn cells(&self) -> Vec<Option<&Written>>;

    /// The fields of the list that something was written of.
    fn written(&self) -> impl Iterator<Item = (&'static Field, &Written)> {
        Self::FIELDS.iter().zip(self.cells()).filter_map(|(field, cell)| Some((field, cell?)))
    }

    /// Every field with what was written of it, or else its default.
    fn said(&self) -> impl Iterator<Item = (&'static Field, Option<Scalar>)> {
        Self::FIELDS.iter().zip(self.cells()).map(|(field, cell)| {
            let written = cell.map(|written| written.value.clone());
            (field, written.or(field.default.map(Scalar::from_argument)))
        })
    }
}

/// Makes a struct of typed fields, and the list of what they are: `name: type = kind, "default";`,
/// the type being an `Option` where there is no default.
macro_rules! fields {
    (
        $(#[doc = $about:literal])+
        $name:ident: $list:ident $prefix:literal;

        $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $kind:expr $(, $default:literal)?;)+
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub(crate) struct $name {
            $($(#[doc = $doc])+ pub(crate) $field: $crate::experiment::field::Cell<$type>,)+
        }

        impl Default for $name {
            fn default() -> $name {
                $name {
                    $($field: $crate::experiment::field::Cell {
                        value: fields!(@default $type, $kind $(, $default)?),
                        written: None,
                    },)+
                }
            }
        }

        impl $crate::experiment::field::Fields for $name {
            const DOC: &'static str = concat!($($about, "\n"),+);
            const FIELDS: &'static [$crate::experiment::field::Field] = &[
                $($crate::experiment::field::Field {
                    list: $crate::experiment::field::List::$list,
                    name: concat!($prefix, stringify!($field)),
                    doc: concat!($($doc, "\n"),+),
                    is: fields!(@kind $type, $kind $(, $default)?).is,
                    within: fields!(@kind $type, $kind $(, $default)?).within,
                    default: fields!(@text $($default)?),
                    judge: |value| {
                        fields!(@kind $type, $kind $(, $default)?).read(value).map(drop)
                    },
                },)+
            ];

            fn set(
                &mut self,
                field: &$crate::experiment::field::Field,
                value: &$crate::experiment::scalar::Scalar,
                span: &std::ops::Range<usize>,
            ) -> Result<(), $crate::experiment::problem::Problem> {
                let written = $crate::experiment::field::Written {
                    value: value.clone(),
                    span: span.clone(),
                };
                match field.key() {
                    $(stringify!($field) => {
                        let read = fields!(@kind $type, $kind $(, $default)?).read(value)?;
                        self.$field = $crate::experiment::field::Cell {
                            value: fields!(@value read $(, $default)?),
                            written: Some(written),
                        };
                    })+
                    other => unreachable!("`{other}` is in another list"),
                }
                Ok(())
            }

            fn cells(&self) -> Vec<Option<&$crate::experiment::field::Written>> {
                vec![$(self.$field.written.as_ref()),+]
            }
        }
    };
    (@kind $type:ty, $kind:expr) => {{
        type Of = <$type as $crate::experiment::field::Optional>::Of;
        const KIND: $crate::experiment::field::Kind<Of> = $kind;
        KIND
    }};
    (@kind $type:ty, $kind:expr, $default:literal) => {{
        const KIND: $crate::experiment::field::Kind<$type> = $kind;
        KIND
    }};
    (@default $type:ty, $kind:expr) => { None };
    (@default $type:ty, $kind:expr, $default:literal) => {
        fields!(@kind $type, $kind, $default).default($default)
    };
    (@text) => { None };
    (@text $default:literal) => { Some($default) };
    (@value $value:ident) => { Some($value) };
    (@value $value:ident, $default:literal) => { $value };
}

pub(crate) use fields;
