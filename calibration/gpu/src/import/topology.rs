//! The table of `nvidia-smi topo -m` or `-mp`: what lies between each two of GPUs and NICs.
//!
//! It is read with its tabs or with spaces in their place, and as far as it goes: people post the
//! first rows. What lies between two is known from the row of either.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;

const HELP: &str = "the output of `nvidia-smi topo -m`, unchanged";

/// What a path between two devices crosses, as the program's legend has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopoConnection {
    /// A device itself: `X`.
    Itself,
    /// At most one PCIe bridge: `PIX`.
    OneBridge,
    /// Several PCIe bridges, no host bridge: `PXB`.
    Bridges,
    /// A host bridge: `PHB`.
    HostBridge,
    /// Host bridges of one NUMA node: `NODE`.
    WithinNode,
    /// The link between sockets: `SYS`.
    BetweenSockets,
    /// So many NVLinks: `NV4`.
    Nvlink(u32),
}

impl TopoConnection {
    fn parse(text: &str) -> Option<TopoConnection> {
        Some(match text {
            "X" => TopoConnection::Itself,
            "PIX" => TopoConnection::OneBridge,
            "PXB" => TopoConnection::Bridges,
            "PHB" => TopoConnection::HostBridge,
            "NODE" => TopoConnection::WithinNode,
            // `SOC` is what the oldest versions call it.
            "SYS" | "SOC" => TopoConnection::BetweenSockets,
            other => match other.strip_prefix("NV")?.parse().ok()? {
                0 => return None,
                links => TopoConnection::Nvlink(links),
            },
        })
    }

    /// As the program writes it.
    pub fn name(self) -> String {
        match self {
            TopoConnection::Itself => "X".into(),
            TopoConnection::OneBridge => "PIX".into(),
            TopoConnection::Bridges => "PXB".into(),
            TopoConnection::HostBridge => "PHB".into(),
            TopoConnection::WithinNode => "NODE".into(),
            TopoConnection::BetweenSockets => "SYS".into(),
            TopoConnection::Nvlink(links) => format!("NV{links}"),
        }
    }
}

/// The devices of a machine and what lies between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopoMatrix {
    /// `GPU0`, `GPU1`, `NIC0`, `mlx5_0`, …
    pub devices: Vec<String>,
    /// One row per device, one column per device; none where the rows of both are cut off.
    pub connections: Vec<Vec<Option<TopoConnection>>>,
    /// The cores near each device as the program lists them, empty where it lists none.
    pub cores: Vec<String>,
    /// The NUMA node of each device, where it is one.
    pub node: Vec<Option<u32>>,
    /// How many devices have no row.
    pub missing: usize,
}

/// Whether a text has this table's header.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| header(line).is_some())
}

/// Whether a word can name a device of the table.
pub(super) fn is_device(word: &str) -> bool {
    let name =
        word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    name && word.chars().any(|c| c.is_ascii_digit()) && TopoConnection::parse(word).is_none()
}

/// The devices that a header names; none if the line is no header.
pub(super) fn header(line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let count = words.iter().position(|word| !is_device(word)).unwrap_or(words.len());
    let behind = words.get(count).copied();
    let ends = matches!(behind, None | Some("CPU" | "NUMA" | "GPU"));
    (words.first() == Some(&"GPU0") && ends && (count > 1 || behind.is_some()))
        .then(|| words[..count].iter().map(|word| (*word).to_owned()).collect())
}

/// Reads the table of a text without styles.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<TopoMatrix, InputError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let found = lines.by_ref().find_map(|(at, line)| Some((at, header(line)?)));
    let Some((begin, devices)) = found else {
        return Err(fault(source, 1, "GPU0", "there is no header".into(), HELP));
    };
    let count = devices.len();
    let mut topology = TopoMatrix {
        connections: vec![vec![None; count]; count],
        cores: vec![String::new(); count],
        node: vec![None; count],
        missing: 0,
        devices,
    };
    let mut rows = 0;
    let filled = lines.take(count).take_while(|(_, line)| !line.trim().is_empty());
    for (line, text) in filled {
        let device = &topology.devices[rows];
        let found = text.split_whitespace().next().unwrap_or("");
        if found != device {
            let problem = format!("the row of `{device}` is missing: here stands `{found}`");
            return Err(fault(source, line, device, problem, HELP));
        }
        topology.connections[rows] = row(source, line, text, &topology.devices)?;
        (topology.cores[rows], topology.node[rows]) = affinities(text, count);
        rows += 1;
    }
    if rows == 0 {
        return Err(fault(source, begin, "GPU0", "there is no row below the header".into(), HELP));
    }
    check(source, begin, &topology, rows)?;
    for from in rows..count {
        for to in 0..rows {
            topology.connections[from][to] = topology.connections[to][from];
        }
    }
    topology.missing = count - rows;
    Ok(topology)
}

fn row(
    source: &Arc<Source>,
    line: usize,
    text: &str,
    devices: &[String],
) -> Result<Vec<Option<TopoConnection>>, InputError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let connection = |(at, device): (usize, &String)| {
        let word = words.get(at + 1).copied().unwrap_or("");
        TopoConnection::parse(word).map(Some).ok_or_else(|| {
            let field = format!("{}-{device}", words[0]);
            let problem = format!("`{word}` is no connection");
            fault(source, line, &field, problem, "X, PIX, PXB, PHB, NODE, SYS or NV and a number")
        })
    };
    devices.iter().enumerate().map(connection).collect()
}

/// The cores and the NUMA node behind the connections of a row. With tabs a cell may be empty; with
/// spaces it is not there then, which happens behind cards alone, that have neither.
fn affinities(text: &str, devices: usize) -> (String, Option<u32>) {
    let cells: Vec<&str> = match text.contains('\t') {
        true => text.split('\t').map(str::trim).skip(devices + 1).collect(),
        false => text.split_whitespace().skip(devices + 1).collect(),
    };
    let cores = cells.first().copied().unwrap_or("");
    let node = cells.get(1).and_then(|cell| cell.parse().ok());
    (if cores == "N/A" { String::new() } else { cores.to_owned() }, node)
}

/// A device is itself and nothing else is, and what lies between two lies between them both ways.
fn check(
    source: &Arc<Source>,
    header: usize,
    topology: &TopoMatrix,
    rows: usize,
) -> Result<(), InputError> {
    for (from, row) in topology.connections[..rows].iter().enumerate() {
        for (to, connection) in row.iter().enumerate() {
            let Some(connection) = connection else { continue };
            let wrong = match topology.connections[to][from] {
                _ if (*connection == TopoConnection::Itself) != (from == to) => {
                    "only a device and itself are `X`".to_owned()
                }
                Some(back) if *connection != back => {
                    format!("is {}, and {} the other way", connection.name(), back.name())
                }
                _ => continue,
            };
            let field = format!("{}-{}", topology.devices[from], topology.devices[to]);
            return Err(fault(source, header + 1 + from, &field, wrong, HELP));
        }
    }
    Ok(())
}

impl TopoMatrix {
    /// What a reader should know of it, in a sentence.
    pub(super) fn note(&self) -> Option<String> {
        let (missing, all) = (self.missing, self.devices.len());
        (missing > 0).then(|| {
            format!("{missing} of {all} rows are cut off: what lies between those is not known")
        })
    }

    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let mut rows = Vec::new();
        for (from, device) in self.devices.iter().enumerate() {
            let mut add = |to: &str, quantity: &str, value: String| {
                let test = "topology".to_owned();
                rows.push([test, device.clone(), to.into(), quantity.into(), value, String::new()]);
            };
            for (to, connection) in self.connections[from].iter().enumerate() {
                if let Some(connection) = connection.filter(|_| from != to) {
                    add(&self.devices[to], "connection", connection.name());
                }
            }
            if !self.cores[from].is_empty() {
                add("", "cores", self.cores[from].clone());
            }
            if let Some(node) = self.node[from] {
                add("", "numa_node", node.to_string());
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the program prints it to a terminal, underline included.
    const TEXT: &str = "\t\u{1b}[4mGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity\t\
        GPU NUMA ID\u{1b}[0m\n\
        GPU0\t X \tNV12\tPXB\t0-13,28-41\t0\t\tN/A\n\
        GPU1\tNV12\t X \tSYS\t14-27,42-55\t1\t\tN/A\n\
        NIC0\tPXB\tSYS\t X \t\t\t\t\n\
        \nLegend:\n\n  X    = Self\n";

    fn told(text: &str) -> Result<TopoMatrix, InputError> {
        read(&Source::new("topo.txt", text), &super::super::plain::plain(text))
    }

    #[test]
    fn a_machine_of_two_gpus_and_a_nic() {
        let topology = told(TEXT).unwrap();
        assert_eq!(topology.devices, ["GPU0", "GPU1", "NIC0"]);
        assert_eq!(topology.connections[0][1], Some(TopoConnection::Nvlink(12)));
        assert_eq!(topology.connections[2][0], Some(TopoConnection::Bridges));
        assert_eq!(topology.cores, ["0-13,28-41", "14-27,42-55", ""]);
        assert_eq!(topology.node, [Some(0), Some(1), None]);
        // Two of three each, and cores and node of the two GPUs.
        assert_eq!((topology.rows().len(), topology.note()), (10, None));
        let alone = "\tGPU0\tCPU Affinity\nGPU0\t X \t0-7\n";
        assert_eq!(told(alone).unwrap().devices, ["GPU0"]);
    }

    #[test]
    fn tabs_may_be_spaces_and_escapes_may_be_lost() {
        let spaces = TEXT.replace('\t', "    ");
        let lost = TEXT.replace('\u{1b}', "");
        let (topology, spaces) = (told(TEXT).unwrap(), told(&spaces).unwrap());
        assert_eq!(told(&lost).unwrap(), topology);
        assert_eq!(spaces, topology);
    }

    /// The rows of the first devices tell what lies between them and all others.
    #[test]
    fn a_table_is_read_as_far_as_it_goes() {
        let text: String = TEXT.lines().take(2).map(|line| format!("{line}\n")).collect();
        let topology = told(&text).unwrap();
        assert_eq!(topology.connections[2][0], Some(TopoConnection::Bridges));
        assert_eq!(topology.connections[2][1], None);
        assert_eq!(topology.rows().len(), 6);
        let note = topology.note().unwrap();
        assert!(note.starts_with("2 of 3 rows are cut off"), "{note}");
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            ("NV12\tPXB", "NV12\tQXB", "topo.txt:2: GPU0-NIC0: `QXB` is no connection"),
            ("NV12\tPXB", "NV0\tPXB", "topo.txt:2: GPU0-GPU1: `NV0` is no connection"),
            ("NV12\tPXB", "NV4\tPXB", "topo.txt:2: GPU0-GPU1: is NV4, and NV12 the other way"),
            ("NV12\tPXB", "X\tPXB", "topo.txt:2: GPU0-GPU1: only a device and itself are `X`"),
            ("GPU1\tNV12", "GPU9\tNV12", "topo.txt:3: GPU1: the row of `GPU1` is missing"),
            ("\tPXB\t0-13,28-41\t0\t\tN/A", "", "topo.txt:2: GPU0-NIC0: `` is no connection"),
        ];
        for (right, wrong, expected) in cases {
            let told = told(&TEXT.replacen(right, wrong, 1)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let header: String = TEXT.lines().take(1).map(|line| format!("{line}\n")).collect();
        let told = told(&header).unwrap_err().to_string();
        assert!(told.starts_with("topo.txt:1: GPU0: there is no row"), "{told}");
    }
}
