//! The driver's management library (NVML), opened when a device is; without it nothing fails.

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::driver::{CudaContext, DriverError};
use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};

use super::super::state::Moment;

/// The library with the address of the device, or why there is none.
pub(super) enum Management {
    Open { library: Box<Nvml>, address: String },
    Shut(String),
}

impl Management {
    pub(super) fn new(context: &CudaContext) -> Result<Management, DriverError> {
        let domain = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID)?;
        let bus = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID)?;
        let device = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID)?;
        Ok(Management::open(format!("{domain:08x}:{bus:02x}:{device:02x}.0")))
    }

    /// Asks for the device at an address of the PCI bus.
    fn open(address: String) -> Management {
        let opened = Nvml::init().and_then(|library| {
            library.device_by_pci_bus_id(&*address)?;
            Ok(library)
        });
        match opened {
            Ok(library) => Management::Open { library: Box::new(library), address },
            Err(error) => Management::Shut(format!("NVML says nothing of this GPU: {error}")),
        }
    }

    /// Why it says nothing, if it does not.
    pub(super) fn silent(&self) -> Option<&str> {
        match self {
            Management::Open { .. } => None,
            Management::Shut(why) => Some(why),
        }
    }

    pub(super) fn moment(&self) -> Moment {
        let Management::Open { library, address } = self else { return Moment::default() };
        let Ok(device) = library.device_by_pci_bus_id(&**address) else {
            return Moment::default();
        };
        // That nothing runs between two passes holds no clock down.
        let held = device.current_throttle_reasons().map(|all| all - ThrottleReasons::GPU_IDLE);
        let names = |held: ThrottleReasons| {
            held.iter_names().map(|(name, _)| name.to_lowercase()).collect()
        };
        let mhz = |clock| device.clock_info(clock).ok().map(f64::from);
        Moment {
            sm_clock_mhz: mhz(Clock::SM),
            memory_clock_mhz: mhz(Clock::Memory),
            power_w: device.power_usage().ok().map(|milliwatts| f64::from(milliwatts) / 1e3),
            temperature_c: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
            throttled_by: held.ok().map(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the library is there depends on the machine; there is no GPU at this address.
    #[test]
    fn without_library_or_device_nothing_is_told_and_nothing_fails() {
        let management = Management::open("ffffffff:ff:1f.0".into());
        let why = management.silent().expect("no GPU is there");
        assert!(why.starts_with("NVML says nothing of this GPU: "), "{why}");
        assert_eq!(management.moment(), Moment::default());
    }
}
