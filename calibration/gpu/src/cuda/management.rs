//! The driver's management library (NVML), opened when a device is; without it nothing fails.

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};

use super::super::GpuError;
use super::super::state::Moment;

/// The length to which names of processes are told.
const NAME_MAX: usize = 64;

/// The library with the address of the device, or why there is none.
pub(super) enum Management {
    Open { library: Box<Nvml>, address: String, ordinal: usize },
    Shut(String),
}

/// Whether the device of that number is cut into MIG instances, as far as anybody tells.
pub(super) fn partitioned(ordinal: usize) -> bool {
    let index = u32::try_from(ordinal).unwrap_or(u32::MAX);
    let told = Nvml::init().and_then(|library| library.device_by_index(index)?.mig_mode());
    told.is_ok_and(|mode| mode.current != 0)
}

impl Management {
    /// Asks for device `ordinal`, which is at an address of the PCI bus.
    pub(super) fn open(address: String, ordinal: usize) -> Management {
        let opened = Nvml::init().and_then(|library| {
            library.device_by_pci_bus_id(&*address)?;
            Ok(library)
        });
        match opened {
            Ok(library) => Management::Open { library: Box::new(library), address, ordinal },
            Err(error) => Management::Shut(format!("NVML says nothing of this GPU: {error}")),
        }
    }

    /// Refuses a device that is cut into MIG instances, or that other processes are on.
    pub(super) fn alone(&self, even_if_busy: bool) -> Result<(), GpuError> {
        let Management::Open { library, address, ordinal } = self else { return Ok(()) };
        let Ok(device) = library.device_by_pci_bus_id(&**address) else { return Ok(()) };
        if device.mig_mode().is_ok_and(|mode| mode.current != 0) {
            return Err(GpuError::Partitioned { device: *ordinal });
        }
        let compute = device.running_compute_processes().unwrap_or_default();
        let graphics = device.running_graphics_processes().unwrap_or_default();
        let mut pids: Vec<u32> = compute.iter().chain(&graphics).map(|one| one.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids.retain(|pid| *pid != std::process::id());
        if pids.is_empty() || even_if_busy {
            return Ok(());
        }
        let told = |pid: &u32| match library.sys_process_name(*pid, NAME_MAX) {
            Ok(name) => format!("{pid} ({name})"),
            Err(_) => pid.to_string(),
        };
        let processes = pids.iter().map(told).collect::<Vec<_>>().join(", ");
        Err(GpuError::Busy { device: *ordinal, processes })
    }

    /// The PCIe generation and lanes that card and slot can do together.
    pub(super) fn port(&self) -> Option<(u32, u32)> {
        let Management::Open { library, address, .. } = self else { return None };
        let device = library.device_by_pci_bus_id(&**address).ok()?;
        let generation = device.max_pcie_link_gen().ok()?;
        Some((generation, device.max_pcie_link_width().ok()?))
    }

    /// The version of the driver.
    pub(super) fn driver(&self) -> Option<String> {
        let Management::Open { library, .. } = self else { return None };
        library.sys_driver_version().ok()
    }

    /// Why it says nothing, if it does not.
    pub(super) fn silent(&self) -> Option<&str> {
        match self {
            Management::Open { .. } => None,
            Management::Shut(why) => Some(why),
        }
    }

    pub(super) fn moment(&self) -> Moment {
        let Management::Open { library, address, .. } = self else { return Moment::default() };
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
        let management = Management::open("ffffffff:ff:1f.0".into(), 0);
        let why = management.silent().expect("no GPU is there");
        assert!(why.starts_with("NVML says nothing of this GPU: "), "{why}");
        assert_eq!(management.moment(), Moment::default());
        assert_eq!((management.port(), management.driver()), (None, None));
        assert!(management.alone(false).is_ok(), "nobody is known to be on it");
    }
}
