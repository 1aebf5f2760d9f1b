//! What users already have: nvbandwidth, `nvidia-smi` and nccl-tests, read into typed tables.
//!
//! | program | what it prints | what is taken |
//! | --- | --- | --- |
//! | `nvbandwidth -j` | JSON | copy bandwidths between host and devices, and between devices |
//! | `nvidia-smi -q -x` | XML | name, memory, highest clocks, PCIe generation and width, MIG mode |
//! | `nvidia-smi topo -m` | a table with tabs | what lies between GPUs and NICs, cores and nodes |
//! | nccl-tests | a table with spaces | time, algorithm and bus bandwidth of collectives by size |
//!
//! Which of the four a text is shows in the text. What is malformed is an [`InputError`] with file,
//! line and field; nothing is guessed.

mod nccl;
mod nvbandwidth;
mod overlay;
mod smi;
mod topology;

use std::sync::Arc;

use models::input::{InputError, Source};

pub use nccl::{Collective, Timing};
pub use nvbandwidth::{Copies, Matrix};
pub use overlay::{Overlay, overlay};
pub use smi::Device;
pub use topology::{Connection, Topology};

/// A text that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Imported {
    /// Of nvbandwidth.
    Copies(Copies),
    /// Of `nvidia-smi -q -x`: the devices of a machine.
    Devices(Vec<Device>),
    /// Of `nvidia-smi topo -m`.
    Topology(Topology),
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
            Imported::Collectives(_) => "nccl-tests",
        }
    }
}

/// Reads any of the four.
///
/// # Errors
/// If it is none of them, or malformed.
pub fn read(source: &Arc<Source>) -> Result<Imported, InputError> {
    let text = source.text.trim_start();
    if text.starts_with('{') {
        nvbandwidth::read(source).map(Imported::Copies)
    } else if text.starts_with('<') {
        smi::read(source).map(Imported::Devices)
    } else if topology::looks_like(&source.text) {
        topology::read(source).map(Imported::Topology)
    } else if nccl::looks_like(&source.text) {
        nccl::read(source).map(Imported::Collectives)
    } else {
        Err(InputError::new("--import", "is the output of no program that is known")
            .help("nvbandwidth -j, nvidia-smi -q -x, nvidia-smi topo -m, or nccl-tests")
            .at(source, source.span_of_line(1)))
    }
}

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
            Imported::Devices(devices) => devices.iter().flat_map(Device::rows).collect(),
            Imported::Topology(topology) => topology.rows(),
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
