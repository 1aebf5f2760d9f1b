//! A row to its cells: numbers in their shortest form that reads back the same.

use std::fmt;

use serde::Serialize;
use serde::ser::{Impossible, SerializeStruct, Serializer};

use super::within;

/// The cells of a row.
pub(crate) fn cells<R: Serialize>(row: &R) -> Vec<String> {
    let mut writer = Writer { cells: Vec::new(), names: None };
    row.serialize(&mut writer).expect("rows are structs of numbers and words");
    writer.cells
}

/// The columns of a kind of row.
pub(crate) fn columns<R: Serialize + Default>() -> Vec<String> {
    let names = Names { group: String::new(), all: Vec::new() };
    let mut writer = Writer { cells: Vec::new(), names: Some(names) };
    R::default().serialize(&mut writer).expect("rows are structs of numbers and words");
    writer.names.expect("it was given").all
}

struct Writer {
    cells: Vec<String>,
    names: Option<Names>,
}

struct Names {
    group: String,
    all: Vec<String>,
}

impl Writer {
    fn push(&mut self, cell: String) -> Result<(), fmt::Error> {
        match &mut self.names {
            Some(names) => names.all.push(names.group.clone()),
            None => self.cells.push(cell),
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), fmt::Error> {
            self.push(value.to_string())
        })*
    };
}

type Never = Impossible<(), fmt::Error>;

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = &'w mut Writer;
    type SerializeStructVariant = Never;

    numbers! {
        serialize_bool bool, serialize_char char, serialize_str &str,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_f32 f32, serialize_f64 f64
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        self.push(String::new())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        word: &'static str,
    ) -> Result<(), fmt::Error> {
        self.push(word.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }
}

impl SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        let Some(names) = &mut self.names else { return value.serialize(&mut **self) };
        let inner = within(&names.group, name);
        let outer = std::mem::replace(&mut names.group, inner);
        value.serialize(&mut **self)?;
        self.names.as_mut().expect("it is not taken away").group = outer;
        Ok(())
    }

    fn end(self) -> Result<(), fmt::Error> {
        Ok(())
    }
}
