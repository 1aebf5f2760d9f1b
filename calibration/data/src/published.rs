//! Measurements that others published, as they stand in `published/` (sources in its SOURCES.md).

use include_dir::{Dir, include_dir};
use models::input::InputError;

use crate::file::DataFile;

/// The table of placements, which has a folder with its nodes and pods.
pub const PLACEMENT: &str = "placement/openb_reference.csv";
/// The requests to a serving system, over 23 days.
pub const SERVING: &str = "serving/gpu_requests.csv.gz";
/// Goodput of container networks on 40 Gbit/s.
pub const CNI: &str = "cni_benchmark_2024.csv";
/// Collectives by nccl-tests.
pub const COLLECTIVES: &str = "nccl_tests.csv";
/// NVIDIA's own readings of collectives on one node.
pub const ONE_NODE: &str = "nccl_one_node.csv";
/// Copies between the GPUs of one node, each with each.
pub const PEER_MATRICES: &str = "peer_matrices.csv";
/// Copies from host to device.
pub const COPIES: &str = "gpu_memcpy_h2d_v100_pcie.csv";

/// What the names of tables that ship begin with.
pub(crate) const PREFIX: &str = "published:";

static PUBLISHED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../published");

/// Every published table of measurements, in order of file names; what lies beside one to predict
/// it from is none.
///
/// # Errors
/// If a shipped table is malformed; the tests read them all.
pub fn published() -> Result<Vec<DataFile>, InputError> {
    let mut names: Vec<&str> = PUBLISHED.files().filter_map(|file| file.path().to_str()).collect();
    names.retain(|name| name.ends_with(".csv"));
    names.extend([PLACEMENT, SERVING]);
    names.sort_unstable();
    names.into_iter().map(table).collect()
}

/// One published table by file name.
///
/// # Errors
/// If there is none of that name, or it is malformed.
pub fn table(name: &str) -> Result<DataFile, InputError> {
    let bytes = bytes(name)
        .ok_or_else(|| InputError::new("published", format!("no file is called `{name}`")))?;
    crate::placement::unpacked(format!("{PREFIX}{name}"), bytes)
}

/// The paths of everything in the folders that lie beside the tables.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PUBLISHED.dirs().flat_map(|dir| dir.files()).filter_map(|file| file.path().to_str())
}

/// What stands in a published file.
pub(crate) fn bytes(name: &str) -> Option<&'static [u8]> {
    PUBLISHED.get_file(name).map(|file| file.contents())
}
