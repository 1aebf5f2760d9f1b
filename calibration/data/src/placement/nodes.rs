//! Nodes as the trace lists them: `sn,cpu_milli,memory_mib,gpu,model`.
//!
//! Columns that a file may have besides: `numa` (into how many NUMA nodes the GPUs are divided),
//! and `zone`, `rail` and `switch`, from the widest part of the network to the narrowest.

use std::collections::HashMap;

use models::input::InputError;
use models::placement::{Fleet, Models, Node};

use crate::file::{DataFile, Row};

/// The columns of labels, from the widest part of the network to the narrowest.
const LABELS: [&str; 3] = ["zone", "rail", "switch"];
/// More than any node has.
pub(super) const CPU_MAX: u64 = 1_000_000_000;
pub(super) const MEMORY_MAX: u64 = u32::MAX as u64;
pub(super) const GPUS_MAX: u64 = 1024;

/// Reads the nodes of a cluster.
///
/// # Errors
/// If a column is missing, a number is none or impossible, a name appears twice, a node with GPUs
/// names no model, there are more than 64 models, or no node has a GPU.
pub fn nodes(file: &DataFile) -> Result<Fleet, InputError> {
    require(file, &["sn", "cpu_milli", "memory_mib", "gpu", "model"])?;
    let labels = LABELS.into_iter().filter(|label| file.columns().any(|column| column == *label));
    let mut reader = Reader { labels: labels.collect(), ..Reader::default() };
    let mut nodes: Vec<Node> = Vec::new();
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for row in file.rows() {
        let name = row.text("sn")?;
        if let Some(line) = lines.insert(name, row.line()) {
            return Err(row
                .fault("sn", format!("`{name}` is the node of line {line} as well"))
                .help("a name of its own for each node"));
        }
        nodes.push(reader.node(name, &row)?);
    }
    if nodes.iter().all(|node| node.gpus == 0) {
        return Err(InputError::new("gpu", "no node has a GPU")
            .help("at least one node with GPUs")
            .at(file.source(), file.source().span_of_line(1)));
    }
    Ok(Fleet::new(nodes, reader.models))
}

/// An error unless a table has some columns.
pub(crate) fn require(file: &DataFile, columns: &[&str]) -> Result<(), InputError> {
    let Some(lacks) = columns.iter().find(|wanted| !file.columns().any(|c| c == **wanted)) else {
        return Ok(());
    };
    Err(InputError::new(*lacks, "is no column of this table")
        .help(format!("a header with {}", columns.join(",")))
        .at(file.source(), file.source().span_of_line(1)))
}

/// What is known of names so far.
#[derive(Default)]
struct Reader {
    labels: Vec<&'static str>,
    models: Vec<String>,
    domains: HashMap<(usize, String), u32>,
}

impl Reader {
    fn node(&mut self, name: &str, row: &Row<'_>) -> Result<Node, InputError> {
        let gpus = whole(row, "gpu", GPUS_MAX)? as u16;
        let numa = match row.cell("numa") {
            None => 1,
            Some(_) => row.count("numa", 64)? as u16,
        };
        if !gpus.is_multiple_of(numa) {
            let problem = format!("{gpus} GPUs cannot be divided evenly into {numa}");
            return Err(row.fault("numa", problem).help("a number that divides `gpu`, or nothing"));
        }
        let model = if gpus > 0 { self.model(row)? } else { 0 };
        let labels = self.labels.clone().into_iter().enumerate();
        let domains = labels.map(|(level, label)| {
            let text = row.text(label).map_err(|error| {
                error.help(format!("a {label} for each node, or no such column"))
            })?;
            let next = self.domains.len() as u32;
            Ok(*self.domains.entry((level, text.to_owned())).or_insert(next))
        });
        Ok(Node {
            name: name.to_owned(),
            cpu: row.count("cpu_milli", CPU_MAX)? as u32,
            memory: row.count("memory_mib", MEMORY_MAX)? as u32,
            gpus,
            model,
            numa,
            domains: domains.collect::<Result<_, InputError>>()?,
        })
    }

    /// The number of the model that a node names.
    fn model(&mut self, row: &Row<'_>) -> Result<u8, InputError> {
        let text = row.text("model")?;
        let known = self.models.iter().position(|known| known == text);
        if known.is_none() && self.models.len() == Models::COUNT_MAX {
            let problem = format!("`{text}` is one more than {} models", Models::COUNT_MAX);
            return Err(row.fault("model", problem));
        }
        Ok(known.unwrap_or_else(|| {
            self.models.push(text.to_owned());
            self.models.len() - 1
        }) as u8)
    }
}

/// A whole number from zero to `max`.
pub(super) fn whole(row: &Row<'_>, column: &str, max: u64) -> Result<u64, InputError> {
    let text = row.text(column)?;
    let value: Option<u64> = text.parse().ok();
    value.filter(|value| *value <= max).ok_or_else(|| {
        let problem = format!("`{text}` is not a whole number from 0 to {max}");
        row.fault(column, problem)
    })
}
