//! Topology files: what a cluster is made of, as its user writes it.
//!
//! Reading has three steps: text → tables with positions ([`Parsed`]), tables of all included
//! files in one list with settings applied ([`load`]), and names resolved into a graph
//! ([`crate::cluster`]).

mod between;
mod count;
mod fabric;
mod family;
mod fault;
mod field;
mod include;
mod queues;
mod setting;
mod shape;
mod table;
mod tables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_spanned::Spanned;

use crate::input::{InputError, Source};
use field::Field;
use table::{Table, described};

pub use family::Family;
pub use include::{Parsed, load};
pub use queues::{Full, Queues};
pub use setting::Setting;
pub use tables::{
    CableTable, FabricTable, FaultTable, ForwarderTable, GpuTable, NicTable, NodeTable,
    NvlinkTable, PairTable, PcieSwitchTable, PodTable, ServiceTable, SharedMemoryTable,
    SwitchTable,
};

/// A table together with the text it stands in.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The table.
    pub table: T,
    /// The text.
    pub source: Arc<Source>,
}

impl<T> Placed<T> {
    /// An error about a value of this table.
    pub fn fault<V>(&self, at: &Spanned<V>, field: &str, problem: String) -> InputError {
        self.fault_at(at.span(), field, problem)
    }

    /// An error about a part of this table's text.
    pub fn fault_at(&self, span: Range<usize>, field: &str, problem: String) -> InputError {
        InputError::new(field, problem).at(&self.source, span)
    }
}

/// Declares a file and a topology by their lists of tables: key in the file, list, type.
macro_rules! topology {
    ($( $(#[doc = $doc:literal])* $key:ident $list:ident $table:ident, )*) => {
        table::tables! {
            /// What a cluster is made of.
            File {
                /// The version of the format that it is written in; without it, 1.
                format: Option<u32>,
                /// What it is, in a sentence.
                about: Option<String>,
                /// Topologies of the library whose tables come first, each once.
                #[serde(default)]
                include: Vec<Spanned<String>>,
                $( $(#[doc = $doc])* #[serde(default)] $key: Vec<$table>, )*
            }
        }

        /// The names of all tables.
        pub const TABLES: &[&str] = &[$(stringify!($key)),*];

        /// All tables of a topology, its includes first.
        #[derive(Clone, Debug, Default)]
        pub struct Topology {
            /// What it is, in a sentence.
            pub about: String,
            /// The names of all topologies that were included.
            pub included: Vec<String>,
            /// What was counted, by name.
            pub families: BTreeMap<String, Family>,
            /// The rates that faults leave cables, by their numbers.
            pub slowed: BTreeMap<usize, Placed<Spanned<String>>>,
            /// What queues do at switches of fabrics, by the numbers of the switches.
            pub queues: BTreeMap<usize, Queues>,
            $( $(#[doc = $doc])* pub $list: Vec<Placed<$table>>, )*
        }

        impl Topology {
            /// Adds the tables of a file.
            fn extend(&mut self, file: &File, source: &Arc<Source>) {
                $( self.$list.extend(file.$key.iter().map(|table| Placed {
                    table: table.clone(),
                    source: Arc::clone(source),
                })); )*
            }

            /// Puts setting `number` into every table that it means; whether there was one.
            fn set(&mut self, setting: &Setting, number: usize) -> Result<bool, InputError> {
                let meant = setting.meant()?;
                match meant.table {
                    $( stringify!($key) => setting.put(number, meant, &mut self.$list), )*
                    _ => Ok(false),
                }
            }
        }
    };
}

/// The JSON schema of topology files.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>()
}

topology! {
    /// Machines that run pods.
    node nodes NodeTable,
    /// PCIe switches.
    pcie_switch pcie_switches PcieSwitchTable,
    /// GPUs.
    gpu gpus GpuTable,
    /// Network cards.
    nic nics NicTable,
    /// Pods.
    pod pods PodTable,
    /// Network switches.
    switch switches SwitchTable,
    /// Switches and cables by name and size.
    fabric fabrics FabricTable,
    /// Machines that pass packets on.
    forwarder forwarders ForwarderTable,
    /// Cables.
    cable cables CableTable,
    /// Cables that are down or slow.
    fault faults FaultTable,
    /// Direct GPU links.
    nvlink nvlinks NvlinkTable,
    /// GPUs that read and write each other's memory over PCIe.
    peer_to_peer peers PairTable,
    /// Pods that share host memory.
    shared_memory shared_memories SharedMemoryTable,
    /// Services.
    service services ServiceTable,
}
