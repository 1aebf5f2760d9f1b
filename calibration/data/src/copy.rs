//! Predicting a copy between host and GPU: a transfer between a pod and its GPU.

use models::input::InputError;
use models::library::{Kind, Library};
use models::transfer::Transfer;
use sim::Bytes;

use crate::family::MemcpyRow;
use crate::subject::{self, Subject};

/// The shipped GPU that a source means: the first whose name has all words of the source's.
pub fn gpu_named(source_name: &str, library: &Library) -> Option<String> {
    library.names(Kind::Gpu).find(|name| means(source_name, name)).map(str::to_owned)
}

/// Whether a source's name for a GPU can mean the profile of that name: every word is one of the
/// profile's, save the vendor's and the brand's, and the size of the memory where the profile has
/// none.
pub fn means(source_name: &str, profile: &str) -> bool {
    let known = words(profile);
    let sized = known.iter().any(|word| word.parse::<u32>().is_ok_and(|size| size < 1000));
    words(source_name).iter().all(|word| {
        let size = word.strip_suffix("gb");
        known.contains(word)
            || size.is_some_and(|size| !sized || known.iter().any(|known| known == size))
    })
}

fn words(name: &str) -> Vec<String> {
    let noise = ["nvidia", "geforce", "tesla", "gpu", "hbm2", "hbm2e", "hbm3", "hbm3e"];
    let lower = name.to_lowercase().replace("rtx", "rtx-");
    let words = lower.split(['_', '-', ' ']).filter(|word| !word.is_empty());
    let words = words.filter(|word| !noise.contains(word));
    words.map(|word| if word.starts_with("sxm") { "sxm" } else { word }.to_owned()).collect()
}

/// The bandwidth of one copy between pinned memory and `gpu` in GB/s.
///
/// # Errors
/// If the GPU's profile or that of its PCIe port (`gen3-x16`) is malformed.
pub fn bandwidth(row: &MemcpyRow, gpu: &str, library: &Library) -> Result<f64, InputError> {
    bandwidth_of(row, &Subject::new(&library.profile(Kind::Gpu, gpu)?, library)?)
}

/// The bandwidth of one copy between pinned memory and a GPU in GB/s.
///
/// # Errors
/// If the row is about an impossible size.
pub fn bandwidth_of(row: &MemcpyRow, gpu: &Subject) -> Result<f64, InputError> {
    let (from, to) =
        if row.to_device { (subject::POD, subject::GPU) } else { (subject::GPU, subject::POD) };
    let copied = gpu.ask(&Transfer::message(from, to, Bytes::new(row.bytes)))?;
    Ok(copied.goodput.as_gbyte_s())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped;

    #[test]
    fn a_source_names_a_gpu_in_its_own_way() {
        let named = |name| gpu_named(name, shipped());
        assert_eq!(named("v100_pcie_16gb").as_deref(), Some("v100-16-pcie"));
        assert_eq!(named("H100 PCIe").as_deref(), Some("h100-80-pcie"));
        assert_eq!(named("NVIDIA GeForce RTX3090 24GB").as_deref(), Some("rtx-3090"));
        assert_eq!(named("a100_80").as_deref(), Some("a100-80-pcie"));
        assert_eq!(named("H100 SXM5").as_deref(), Some("h100-80-sxm"));
        assert_eq!(named("l40").as_deref(), Some("l40-48-pcie"));
        assert_eq!(named("mi300x"), None);
    }
}
