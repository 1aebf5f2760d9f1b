//! Traces of work that was recorded elsewhere, replayed on a cluster or on five numbers.

use std::path::PathBuf;
use std::sync::OnceLock;

use calibration_data::trace::{Reading, open};
use models::cluster::{Cluster, PlaceKind};
use models::replay::{LogGops, Report, on_cluster, on_loggops};
use sim::Bytes;

use super::choice;
use crate::laws::refused;
use crate::verdict::Verdict;

/// A schedule of two ranks in the binary form, as `txt2bin` writes it: rank 0 sends 64 KiB to
/// rank 1 after it has computed.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let operation = |kind: u8, peer: u32, size: u64, needs: u32, edges: (u32, u32)| {
        let mut bytes = Vec::new();
        bytes.extend(needs.to_le_bytes());
        bytes.push(kind);
        bytes.extend(peer.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(7u32.to_le_bytes());
        bytes.extend([0, 0]);
        for number in [edges.0, edges.1, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    };
    let rank = |operations: &[Vec<u8>], heads: &[u32], edges: &[u32]| {
        let mut bytes = (operations.len() as u32).to_le_bytes().to_vec();
        bytes.extend((heads.len() as u32).to_le_bytes());
        heads.iter().for_each(|head| bytes.extend(head.to_le_bytes()));
        operations.iter().for_each(|operation| bytes.extend(operation));
        edges.iter().for_each(|edge| bytes.extend(edge.to_le_bytes()));
        bytes
    };
    let calc = operation(3, 0, 1000, 0, (1, 0));
    let send = operation(1, 1, 65_536, 1, (0, 0));
    let receive = operation(2, 0, 65_536, 0, (0, 0));
    let ranks = [rank(&[calc, send], &[0], &[1]), rank(&[receive], &[0], &[])];
    let mut file = 4223u64.to_le_bytes().to_vec();
    file.extend(2u32.to_le_bytes());
    file.extend([0, 0]);
    // Ends count from the ninth byte.
    let mut at = 4 + 2 + 2 * 16u64;
    for rank in &ranks {
        for number in [at, at + rank.len() as u64] {
            file.extend(number.to_le_bytes());
        }
        at += rank.len() as u64;
    }
    ranks.iter().for_each(|rank| file.extend(rank));
    vec![file]
}

/// A cluster with places for ranks.
fn cluster() -> &'static (Cluster, Vec<String>) {
    static CLUSTER: OnceLock<(Cluster, Vec<String>)> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = Cluster::named("quickstart-vxlan", calibration_data::shipped(), &[]);
        let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
        let gpus = cluster
            .places
            .iter()
            .filter(|(_, at)| cluster.graph[**at].kind == PlaceKind::DeviceMemory);
        let gpus = gpus.map(|(name, _)| name.to_string()).collect();
        (cluster, gpus)
    })
}

pub(crate) fn run(input: &[u8]) -> Verdict {
    std::fs::write("trace.0", input).expect("a folder of its own");
    let asked = Reading { recorded: choice(input, 8) == 0, missing: None };
    let imported = match open(&[PathBuf::from("trace.0")], "FILE", &asked) {
        Ok(imported) => imported,
        Err(error) => return refused(&error),
    };
    let traced = &imported.traced;
    let (cluster, gpus) = cluster();
    let places: Vec<String> = gpus.iter().take(traced.ranks as usize).cloned().collect();
    let told: [Result<Report, _>; 2] = [
        on_loggops(traced, &LogGops::default()),
        match places.len() == traced.ranks as usize {
            true => on_cluster(traced, cluster, &places, Bytes::kib(64), 1),
            false => on_loggops(traced, &LogGops { eager: Bytes::new(1), ..LogGops::default() }),
        },
    ];
    let mut end = imported.format.to_owned();
    for told in told {
        match told {
            Ok(report) => {
                let path: sim::Time = report.path.iter().map(|interval| interval.span).sum();
                assert!(path <= report.completion, "a path of {path:?}: {report:?}");
                end += " replayed";
            }
            Err((operation, error)) => {
                let error = match operation {
                    Some(operation) => imported.fault(operation, error),
                    None => error,
                };
                refused(&error);
                end = format!("{end}, {}", error.problem);
            }
        }
    }
    match end.contains("replayed") {
        true => Verdict::Ended(end),
        false => Verdict::Refused(end),
    }
}
