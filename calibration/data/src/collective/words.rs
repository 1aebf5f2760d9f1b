//! Words of sources for GPUs, links and cards, and what they mean.

use models::collective::{Fabric, Generation, Intra, Network, Team};

use crate::file::Row;

/// A GPU: what its name contains, its generation, the boost clock \[GHz\], its dies, the NVLinks
/// that it has, and the bandwidth of its memory in GB/s. The first that fits is meant. Source:
/// NVIDIA's data sheets and architecture papers of the boards.
const GPUS: [(&str, Generation, f64, u32, u32, f64); 26] = [
    ("v100", Generation::Volta, 1.53, 1, 6, 900.0),
    ("t4", Generation::Volta, 1.59, 1, 0, 320.0),
    ("a100 sxm4 40", Generation::Ampere, 1.41, 1, 12, 1555.0),
    ("a100", Generation::Ampere, 1.41, 1, 12, 2039.0),
    ("a800", Generation::Ampere, 1.41, 1, 8, 2039.0),
    ("a30", Generation::Ampere, 1.44, 1, 4, 933.0),
    ("a40", Generation::Ampere, 1.74, 1, 4, 696.0),
    ("a10", Generation::Ampere, 1.695, 1, 0, 600.0),
    ("3090", Generation::Ampere, 1.695, 1, 4, 936.0),
    ("4090", Generation::Ampere, 2.52, 1, 0, 1008.0),
    ("l40", Generation::Ampere, 2.52, 1, 0, 864.0),
    ("l4 ", Generation::Ampere, 2.04, 1, 0, 300.0),
    ("gb200", Generation::Blackwell, 1.965, 2, 18, 8000.0),
    ("gb300", Generation::Blackwell, 1.92, 2, 18, 8000.0),
    ("b200", Generation::Blackwell, 1.965, 2, 18, 8000.0),
    ("b300", Generation::Blackwell, 1.92, 2, 18, 8000.0),
    ("gb10", Generation::Blackwell, 2.42, 1, 0, 273.0),
    ("gh200", Generation::Hopper, 1.98, 1, 18, 4022.0),
    ("h100 pcie", Generation::Hopper, 1.755, 1, 12, 2039.0),
    ("h100", Generation::Hopper, 1.98, 1, 18, 3352.0),
    ("h200", Generation::Hopper, 1.98, 1, 18, 4800.0),
    ("h800", Generation::Hopper, 1.98, 1, 8, 3352.0),
    ("h20", Generation::Hopper, 1.98, 1, 18, 4000.0),
    ("hopper", Generation::Hopper, 1.98, 1, 18, 3352.0),
    ("5090", Generation::Blackwell, 2.41, 1, 0, 1792.0),
    ("6000", Generation::Ampere, 2.5, 1, 0, 960.0),
];

/// What NCCL counts for sixteen lanes of PCIe one way, in GB/s, by generation.
const PCIE_GB_S: [(&str, f64); 3] = [("pcie3", 12.0), ("pcie5", 48.0), ("pcie", 24.0)];

/// Kinds of network: what the transport or the card contains.
const FABRICS: [(&str, Fabric); 9] = [
    ("socket", Fabric::Socket),
    ("tcpxo", Fabric::Tcpxo),
    ("tcpx", Fabric::Tcpx),
    ("staged", Fabric::Staged),
    ("cxi", Fabric::Slingshot),
    ("slingshot", Fabric::Slingshot),
    ("efa", Fabric::EfaV2),
    ("gib", Fabric::Gib),
    ("", Fabric::Rdma),
];
/// EFA of a node up to this rate is its first version \[Gbit/s\].
const EFA_FIRST_GBIT_S: f64 = 400.0;

/// Threads of a connection by sockets, by what the card contains; one elsewhere (NCCL's
/// documentation of `NCCL_SOCKET_NTHREADS`).
const THREADS: [(&str, u32); 5] = [("ena", 2), ("aws", 2), ("gvnic", 4), ("gcp", 4), ("google", 4)];

/// The ranks of a row.
pub(super) fn team(row: &Row<'_>, nodes: u32) -> Result<Team, String> {
    let cell = |column: &str| row.cell(column).unwrap_or_default().to_lowercase();
    let gpus: Option<u32> = cell("gpus_per_node").parse().ok();
    let local = gpus.ok_or("it does not say how many GPUs a node has")?.max(1);
    let (gpu, intra, transport) = (cell("gpu"), cell("intra"), cell("transport"));
    // Racks that NVLink joins are one node to NCCL's rings.
    let one = transport.starts_with("nvlink(mnnvl)") && !transport.contains("gdr");
    let host = gpu == "-";
    let gpu = if host { "a100" } else { gpu.as_str() };
    let mut team = node(gpu, &intra, nodes * local)?;
    if host {
        team.intra = Intra::Alone;
    }
    if one || nodes == 1 {
        return match (team.intra, transport.starts_with("shm")) {
            (Intra::Pcie { gb_s, .. }, true) if !transport.contains("or-p2p") => {
                Ok(Team { intra: Intra::Pcie { gb_s, shared_memory: true }, ..team })
            }
            _ => Ok(team),
        };
    }
    team.nodes = nodes;
    if local == 1 {
        team.intra = Intra::Alone;
    }
    let card = cell("nic");
    let rate = leading(&cell("nic_gbit")).ok_or("it does not say the rate of a card")?;
    let cards = leading(&cell("nics_per_node")).unwrap_or(1.0).max(1.0);
    let said = format!("{transport} {card}");
    let socket = transport.starts_with("socket");
    let known = FABRICS.iter().find(|(part, fabric)| match fabric {
        Fabric::Socket => socket,
        _ => !socket && said.contains(part),
    });
    let fabric = match known.map_or(Fabric::Rdma, |(_, fabric)| *fabric) {
        Fabric::EfaV2 if rate * cards <= EFA_FIRST_GBIT_S => Fabric::Efa,
        fabric => fabric,
    };
    let threads = THREADS.iter().find(|(part, _)| socket && card.contains(part));
    let threads = threads.map_or(1, |(_, threads)| *threads);
    let network = Network { fabric, node_gb_s: rate * cards / 8.0, cards: cards as u32, threads };
    team.network = Some(network);
    Ok(team)
}

/// The ranks of one node.
pub(super) fn node(gpu: &str, intra: &str, ranks: u32) -> Result<Team, String> {
    let known = self::gpu(gpu)?;
    let Gpu { generation, clock_ghz, dies, .. } = known;
    let intra = links(&intra.to_lowercase(), known.links, ranks);
    Ok(Team { ranks, nodes: 1, generation, clock_ghz, dies, intra, network: None })
}

/// What is known of a GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gpu {
    pub(super) generation: Generation,
    pub(super) clock_ghz: f64,
    pub(super) dies: u32,
    pub(super) links: u32,
    pub(super) memory_gb_s: f64,
}

/// The GPU of that name.
pub(super) fn gpu(name: &str) -> Result<Gpu, String> {
    let name = name.to_lowercase();
    let known = GPUS.iter().find(|(part, ..)| name.contains(part));
    let Some(&(_, generation, clock_ghz, dies, links, memory_gb_s)) = known else {
        return Err(match name.contains("unknown") || name.contains("not ") {
            true => "it does not say which GPU".into(),
            false => format!("no GPU is known like `{name}`"),
        });
    };
    Ok(Gpu { generation, clock_ghz, dies, links, memory_gb_s })
}

/// What joins the GPUs of a node.
fn links(said: &str, own: u32, ranks: u32) -> Intra {
    let plain = said.replace(' ', "");
    if !(plain.contains("nvlink") || plain.contains("nvswitch")) {
        let gb_s = PCIE_GB_S.iter().find(|(part, _)| plain.contains(part));
        return Intra::Pcie { gb_s: gb_s.map_or(24.0, |(_, gb_s)| *gb_s), shared_memory: false };
    }
    let before = |words: &str| -> Option<u32> {
        let end = plain.find(words)?;
        let digits = plain[..end].chars().rev().take_while(char::is_ascii_digit).count();
        plain[end - digits..end].parse().ok()
    };
    let links = match before("linksperpair") {
        Some(pair) => pair * (ranks.saturating_sub(1)).clamp(1, own.max(pair) / pair),
        None => before("links").or_else(|| before("channels").map(|n| n / 2)).unwrap_or(own),
    };
    let switched = plain.contains("nvswitch") || plain.contains("nvl72") || plain.contains("mnnvl");
    Intra::NvLink { links: links.max(1), switched }
}

/// The number that a text begins with.
fn leading(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    text[..end].parse().ok().filter(|value| *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_counted() {
        let count = |said: &str, own, ranks| match links(said, own, ranks) {
            Intra::NvLink { links, switched } => (links, switched),
            other => panic!("{said}: {other:?}"),
        };
        assert_eq!(count("nvlink3 (4-GPU mesh, 4 links per pair)", 12, 2), (4, false));
        assert_eq!(count("nvlink3 (4-gpu mesh, 4 links per pair)", 12, 4), (12, false));
        assert_eq!(count("nvlink3 x4 links per pair", 12, 2), (4, false));
        assert_eq!(count("nvswitch3(nvlink4)", 18, 8), (18, true));
        assert_eq!(count("nvswitch3, 8 links", 18, 8), (8, true));
        assert_eq!(count("nvlink bridge (24 channels)", 12, 2), (12, false));
        assert_eq!(links("pcie4 x16", 0, 8), Intra::Pcie { gb_s: 24.0, shared_memory: false });
        assert_eq!(links("pcie5", 0, 8), Intra::Pcie { gb_s: 48.0, shared_memory: false });
    }

    #[test]
    fn numbers_with_doubts_are_numbers() {
        assert_eq!(leading("100?"), Some(100.0));
        assert_eq!(leading("not printed"), None);
        assert_eq!(leading("0"), None);
    }
}
