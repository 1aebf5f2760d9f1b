//! Finding a device: is there a driver, is it new enough, has it such a device?

use cudarc::driver::result::{self, device};
use cudarc::driver::sys::{self, CUdevice_attribute as Attribute};

use super::super::GpuError;
use super::management::{self, Management};

/// The oldest driver that takes the PTX that ships, as it numbers itself: CUDA 12.0.
const OLDEST: i32 = 12_000;

/// Whether the driver's library can be opened; asking the driver anything else would panic.
#[allow(unsafe_code)]
pub fn driver_is_there() -> bool {
    // SAFETY: opens and closes the library of the installed driver, whose initialisers are trusted
    // as those of any library that a program links; nothing is called.
    unsafe { sys::is_culib_present() }
}

/// The management library at device `ordinal`; no context is made, and no memory taken.
pub(super) fn find(ordinal: usize) -> Result<Management, GpuError> {
    if !driver_is_there() {
        return Err(GpuError::NoDriver);
    }
    // Asked first: an older driver may lack a call, and the binding panics at a missing one.
    let version = version()?;
    if version < OLDEST {
        return Err(GpuError::OldDriver { major: version / 1000, minor: version % 1000 / 10 });
    }
    if let Err(error) = result::init() {
        // A GPU whose partitions nobody has made is none for the driver.
        return Err(match management::partitioned(ordinal) {
            true => GpuError::Partitioned { device: ordinal },
            false => GpuError::NoGpu(error),
        });
    }
    let found = device::get_count()?;
    if ordinal >= usize::try_from(found).unwrap_or(0) {
        return Err(GpuError::NoDevice { wanted: ordinal, found });
    }
    Ok(Management::open(address(ordinal)?, ordinal))
}

/// The version of CUDA that the driver is for, times a thousand.
#[allow(unsafe_code)]
fn version() -> Result<i32, GpuError> {
    let mut version = 0;
    // SAFETY: the library is there, and writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut version).result()? };
    Ok(version)
}

/// Where a device is on the PCI bus, as the management library writes it.
#[allow(unsafe_code)]
fn address(ordinal: usize) -> Result<String, GpuError> {
    let device = device::get(i32::try_from(ordinal).unwrap_or(i32::MAX))?;
    // SAFETY: the driver gave this device, and writes one number.
    let ask = |attribute| unsafe { device::get_attribute(device, attribute) };
    let domain = ask(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID)?;
    let bus = ask(Attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID)?;
    let slot = ask(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID)?;
    Ok(format!("{domain:08x}:{bus:02x}:{slot:02x}.0"))
}
