//! Predicting a copy between host and GPU: the GPU's copy engine in its own slot.

use models::gpu::copy::{Direction, Parameters};
use models::input::InputError;
use models::library::{Kind, Library};
use models::pcie::Port;
use sim::{Bytes, Rate};

use crate::family::MemcpyRow;

/// The shipped GPU that a source means: the first whose name has all words of the source's.
pub fn gpu_named(source_name: &str, library: &Library) -> Option<String> {
    let words = |name: &str| -> Vec<String> {
        let words = name.split(['_', '-', ' ']).map(str::to_lowercase);
        words.map(|word| word.trim_end_matches("gb").to_owned()).collect()
    };
    let meant = words(source_name);
    let fits = |name: &&str| meant.iter().all(|word| words(name).contains(word));
    library.names(Kind::Gpu).find(fits).map(str::to_owned)
}

/// The bandwidth of one copy between pinned memory and `gpu` in GB/s.
///
/// # Errors
/// If the GPU's profile or that of its PCIe port (`gen3-x16`) is malformed.
pub fn bandwidth(row: &MemcpyRow, gpu: &str, library: &Library) -> Result<f64, InputError> {
    let profile = library.profile(Kind::Gpu, gpu)?;
    let (generation, lanes) = (profile.count("pcie_generation")?, profile.count("pcie_lanes")?);
    let port = library.profile(Kind::Pcie, &format!("gen{generation}-x{lanes}"))?;
    let port = Port::from_profile(&port)?;
    let direction = if row.to_device { Direction::ToDevice } else { Direction::ToHost };
    let engine = Parameters::from_profile(&profile)?.engine(&port, direction);
    let amount = Bytes::new(row.bytes);
    let rate = Rate::over(amount, engine.pinned(amount));
    let impossible = || InputError::new("copy_setup", "makes a copy take no time");
    Ok(rate.ok_or_else(impossible)?.as_gbyte_s())
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
        assert_eq!(named("mi300x"), None);
    }
}
