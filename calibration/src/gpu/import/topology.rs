//! The table of `nvidia-smi topo -m`: what lies between each two of GPUs and NICs.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;

const HELP: &str = "the output of `nvidia-smi topo -m`, unchanged, with its tabs";

/// What a path between two devices crosses, as the program's legend has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
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

impl Connection {
    fn parse(text: &str) -> Option<Connection> {
        Some(match text {
            "X" => Connection::Itself,
            "PIX" => Connection::OneBridge,
            "PXB" => Connection::Bridges,
            "PHB" => Connection::HostBridge,
            "NODE" => Connection::WithinNode,
            "SYS" => Connection::BetweenSockets,
            other => match other.strip_prefix("NV")?.parse().ok()? {
                0 => return None,
                links => Connection::Nvlink(links),
            },
        })
    }

    /// As the program writes it.
    pub fn name(self) -> String {
        match self {
            Connection::Itself => "X".into(),
            Connection::OneBridge => "PIX".into(),
            Connection::Bridges => "PXB".into(),
            Connection::HostBridge => "PHB".into(),
            Connection::WithinNode => "NODE".into(),
            Connection::BetweenSockets => "SYS".into(),
            Connection::Nvlink(links) => format!("NV{links}"),
        }
    }
}

/// The devices of a machine and what lies between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// `GPU0`, `GPU1`, `NIC0`, `mlx5_0`, …
    pub devices: Vec<String>,
    /// One row per device, one column per device.
    pub connections: Vec<Vec<Connection>>,
    /// The cores near each device as the program lists them, empty where it lists none.
    pub cores: Vec<String>,
    /// The NUMA node of each device, where it is one.
    pub node: Vec<Option<u32>>,
}

/// Whether a text has this table's header.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| is_header(&cells(line)))
}

/// The cells of a line, without the underline that the program puts on its header.
fn cells(line: &str) -> Vec<String> {
    let plain = line.replace("\u{1b}[4m", "").replace("\u{1b}[0m", "");
    plain.split('\t').map(|cell| cell.trim().to_owned()).collect()
}

fn is_header(cells: &[String]) -> bool {
    cells.len() > 1 && cells[0].is_empty() && cells[1] == "GPU0"
}

/// Reads the table.
pub(super) fn read(source: &Arc<Source>) -> Result<Topology, InputError> {
    let mut lines = source.text.lines().enumerate().map(|(at, line)| (at + 1, cells(line)));
    let header = lines.by_ref().find(|(_, cells)| is_header(cells));
    let (begin, header) =
        header.ok_or_else(|| fault(source, 1, "GPU0", "there is no header".into(), HELP))?;
    let affinity = |name: &str| header.iter().position(|cell| cell == name);
    let (cores_at, node_at) = (affinity("CPU Affinity"), affinity("NUMA Affinity"));
    let end = cores_at.unwrap_or_else(|| {
        header.iter().rposition(|cell| !cell.is_empty()).map_or(header.len(), |last| last + 1)
    });
    let devices: Vec<String> = header[1..end].to_vec();
    let mut topology =
        Topology { devices, connections: Vec::new(), cores: Vec::new(), node: Vec::new() };
    let mut last = begin;
    for (line, cells) in lines.take(topology.devices.len()) {
        last = line;
        let at = topology.connections.len();
        let device = &topology.devices[at];
        if cells[0] != *device {
            let problem = format!("the row of `{device}` is missing: here stands `{}`", cells[0]);
            return Err(fault(source, line, device, problem, HELP));
        }
        let row = row(source, line, &cells, &topology.devices)?;
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default();
        topology.connections.push(row);
        topology.cores.push(cell(cores_at));
        topology.node.push(cell(node_at).parse().ok());
    }
    let (found, wanted) = (topology.connections.len(), topology.devices.len());
    if found < wanted {
        let device = &topology.devices[found];
        return Err(fault(source, last, device, format!("{found} rows of {wanted}"), HELP));
    }
    check(source, begin, &topology)?;
    Ok(topology)
}

fn row(
    source: &Arc<Source>,
    line: usize,
    cells: &[String],
    devices: &[String],
) -> Result<Vec<Connection>, InputError> {
    let connection = |(at, device): (usize, &String)| {
        let text = cells.get(at + 1).map_or("", String::as_str);
        Connection::parse(text).ok_or_else(|| {
            let field = format!("{}-{device}", cells[0]);
            let problem = format!("`{text}` is no connection");
            fault(source, line, &field, problem, "X, PIX, PXB, PHB, NODE, SYS or NV and a number")
        })
    };
    devices.iter().enumerate().map(connection).collect()
}

/// A device is itself and nothing else is, and what lies between two lies between them both ways.
fn check(source: &Arc<Source>, header: usize, topology: &Topology) -> Result<(), InputError> {
    for (from, row) in topology.connections.iter().enumerate() {
        for (to, connection) in row.iter().enumerate() {
            let back = topology.connections[to][from];
            let wrong = match (*connection == Connection::Itself) == (from == to) {
                false => "only a device and itself are `X`".to_owned(),
                true if *connection != back => {
                    format!("is {}, and {} the other way", connection.name(), back.name())
                }
                true => continue,
            };
            let field = format!("{}-{}", topology.devices[from], topology.devices[to]);
            return Err(fault(source, header + 1 + from, &field, wrong, HELP));
        }
    }
    Ok(())
}

impl Topology {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let mut rows = Vec::new();
        for (from, device) in self.devices.iter().enumerate() {
            let mut add = |to: &str, quantity: &str, value: String| {
                let test = "topology".to_owned();
                rows.push([test, device.clone(), to.into(), quantity.into(), value, String::new()]);
            };
            for (to, connection) in self.connections[from].iter().enumerate() {
                if from != to {
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

    #[test]
    fn a_machine_of_two_gpus_and_a_nic() {
        let topology = read(&Source::new("topo.txt", TEXT)).unwrap();
        assert_eq!(topology.devices, ["GPU0", "GPU1", "NIC0"]);
        assert_eq!(topology.connections[0][1], Connection::Nvlink(12));
        assert_eq!(topology.connections[2][0], Connection::Bridges);
        assert_eq!(topology.cores[1], "14-27,42-55");
        assert_eq!(topology.node, [Some(0), Some(1), None]);
        // Two of three each, and cores and node of the two GPUs.
        assert_eq!(topology.rows().len(), 10);
        let alone = "\tGPU0\tCPU Affinity\nGPU0\t X \t0-7\n";
        assert_eq!(read(&Source::new("t", alone)).unwrap().devices, ["GPU0"]);
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
            let text = TEXT.replacen(right, wrong, 1);
            let told = read(&Source::new("topo.txt", text)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let short: String = TEXT.lines().take(2).map(|line| format!("{line}\n")).collect();
        let told = read(&Source::new("topo.txt", short)).unwrap_err().to_string();
        assert!(told.starts_with("topo.txt:2: GPU1: 1 rows of 3"), "{told}");
    }
}
