//! What users already have: nvbandwidth, `nvidia-smi` and nccl-tests, read into typed tables.
//!
//! | program | what it prints | what is taken |
//! | --- | --- | --- |
//! | `nvbandwidth`, better `-j` | text, JSON | bandwidths of copies between hosts and devices |
//! | `nvidia-smi -q -x` | XML | name, memory, clocks, PCIe generation and width, MIG |
//! | `nvidia-smi topo -m`, `-mp` | a table | what lies between GPUs and NICs, cores and nodes |
//! | `nvidia-smi topo -p2p` | a table | which GPUs reach each other's memory |
//! | nccl-tests, also `-J` | a table, JSON | time and bandwidths of collectives by size |
//!
//! Texts are read as people post them: with a log around them, tabs that became spaces, escapes
//! that were lost, tables that end early, and ranks in front of lines. Which kind a text is shows
//! in the text. What is malformed is an [`InputError`] with file, line and field; nothing is
//! guessed.

mod nccl;
mod nccl_json;
mod nvbandwidth;
mod nvbandwidth_text;
mod overlay;
mod peers;
mod plain;
mod recognise;
mod smi;
mod topology;

use std::sync::Arc;

use models::input::{InputError, Source};

pub use nccl::{Collective, Timing};
pub use nvbandwidth::{Copies, Matrix};
pub use overlay::{Overlay, overlay};
pub use peers::Peers;
use recognise::{Format, recognise};
pub use smi::{Device, Devices, Instance};
pub use topology::{TopoConnection, TopoMatrix};

/// A text that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Imported {
    /// Of nvbandwidth.
    Copies(Copies),
    /// Of `nvidia-smi -q -x`: the devices of a machine.
    Devices(Devices),
    /// Of `nvidia-smi topo -m`.
    Topology(TopoMatrix),
    /// Of `nvidia-smi topo -p2p`.
    Peers(Peers),
    /// Of nccl-tests.
    Collectives(Vec<Collective>),
}

impl Imported {
    /// The program that printed it.
    pub const fn program(&self) -> &'static str {
        match self {
            Imported::Copies(_) => "nvbandwidth",
            Imported::Devices(_) => "nvidia-smi -q -x",
            Imported::Topology(_) => "nvidia-smi topo -m",
            Imported::Peers(_) => "nvidia-smi topo -p2p",
            Imported::Collectives(_) => "nccl-tests",
        }
    }
}

impl Imported {
    /// What a reader should know of it, in sentences: what is missing, and what was not taken.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Imported::Devices(devices) => devices.notes(),
            Imported::Topology(topology) => topology.note().into_iter().collect(),
            Imported::Copies(_) | Imported::Peers(_) | Imported::Collectives(_) => Vec::new(),
        }
    }
}

/// Reads a text of any kind that is known.
///
/// # Errors
/// If it is of none of them, or malformed.
pub fn read(source: &Arc<Source>) -> Result<Imported, InputError> {
    let text = &plain::plain(&source.text);
    match recognise(text) {
        Ok(Format::Nvbandwidth) => nvbandwidth::read(source, text).map(Imported::Copies),
        Ok(Format::NvbandwidthText) => nvbandwidth_text::read(source, text).map(Imported::Copies),
        Ok(Format::Smi) => smi::read(source).map(Imported::Devices),
        Ok(Format::Topology) => topology::read(source, text).map(Imported::Topology),
        Ok(Format::Peers) => peers::read(source, text).map(Imported::Peers),
        Ok(Format::Nccl) => nccl::read(source, text).map(Imported::Collectives),
        Ok(Format::NcclJson) => nccl_json::read(source, text).map(Imported::Collectives),
        Err(other) => {
            let (problem, help) = match other {
                Some(other) => {
                    (format!("is {}, which is not read", other.what), other.instead.to_owned())
                }
                None => ("is the output of no program that is known".to_owned(), KNOWN.to_owned()),
            };
            let line = source.span_of_line(1);
            Err(InputError::new("--import", problem).help(help).at(source, line))
        }
    }
}

/// What is read.
const KNOWN: &str = "nvbandwidth -j, nvidia-smi -q -x, nvidia-smi topo -m or -p2p, or nccl-tests";

/// An error at a line, counted from one.
fn fault(
    source: &Arc<Source>,
    line: usize,
    field: &str,
    problem: String,
    help: &str,
) -> InputError {
    InputError::new(field, problem).help(help).at(source, source.span_of_line(line.max(1)))
}

/// Everything that was read as one tidy table: one figure a line.
pub fn table(imported: &[(Arc<Source>, Imported)]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["file", "program", "test", "from", "to", "quantity", "value", "unit"];
    writer.write_record(header).expect("memory");
    for (source, imported) in imported {
        let rows: Vec<[String; 6]> = match imported {
            Imported::Copies(copies) => copies.rows().collect(),
            Imported::Devices(devices) => devices.rows().collect(),
            Imported::Topology(topology) => topology.rows(),
            Imported::Peers(peers) => peers.rows(),
            Imported::Collectives(rows) => rows.iter().flat_map(Collective::rows).collect(),
        };
        for row in rows {
            let about = [source.name.clone(), imported.program().to_owned()];
            writer.write_record(about.iter().chain(&row)).expect("memory");
        }
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_no_known_program_is_refused() {
        let told = read(&Source::new("notes.txt", "hello\n")).unwrap_err().to_string();
        assert!(told.starts_with("notes.txt:1: --import: is the output of no program"), "{told}");
    }
}
