//! The XML of `nvidia-smi -q -x`: what a machine's devices are.

use std::sync::Arc;

use models::input::{InputError, Source};
use roxmltree::{Document, Node, ParsingOptions};

use super::fault;

const HELP: &str = "the output of `nvidia-smi -q -x`, unchanged";

/// A device as `nvidia-smi` describes it; what it answers with `N/A` is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its PCI address: `00000000:3B:00.0`.
    pub address: String,
    /// Its name: `NVIDIA A100-PCIE-40GB`.
    pub name: String,
    /// Its memory \[MiB\], where the text says it.
    pub memory_mib: Option<u64>,
    /// The highest SM clock that can be set \[MHz\]: of many cards a ceiling that none runs at.
    pub sm_clock_mhz: Option<u64>,
    /// The highest SM clock that it is sold with \[MHz\]; cards for desktops do not say it.
    pub boost_clock_mhz: Option<u64>,
    /// Highest memory clock \[MHz\].
    pub memory_clock_mhz: Option<u64>,
    /// SM clock when it was asked \[MHz\].
    pub sm_clock_now_mhz: Option<u64>,
    /// The PCIe generation that card and slot can do.
    pub pcie_generation: Option<u64>,
    /// The PCIe lanes that card and slot have.
    pub pcie_lanes: Option<u64>,
    /// The lanes that its link had when it was asked: unlike the generation, they stay when it is
    /// idle.
    pub pcie_lanes_now: Option<u64>,
    /// Whether it is cut into MIG instances.
    pub mig: bool,
    /// The instances that it is cut into.
    pub instances: Vec<Instance>,
}

/// An instance of a GPU that is cut (MIG).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its GPU instance and its compute instance: `3/0`.
    pub name: String,
    /// Its multiprocessors.
    pub sms: Option<u64>,
    /// Its copy engines.
    pub copy_engines: Option<u64>,
    /// Its memory \[MiB\].
    pub memory_mib: Option<u64>,
}

/// The devices of a machine, as far as a text describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    /// Those that it describes.
    pub devices: Vec<Device>,
    /// How many the machine has, where the text says it.
    pub attached: Option<usize>,
}

/// Reads the XML.
pub(super) fn read(source: &Arc<Source>) -> Result<Devices, InputError> {
    // The document names a DTD that nobody has; entities are few and bounded by the parser.
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&source.text, options).map_err(|error| {
        let line = error.pos().row as usize;
        let told = error.to_string();
        fault(source, line, "XML", told.split(" at ").next().unwrap_or(&told).to_owned(), HELP)
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "nvidia_smi_log" {
        let problem = format!("is a `{}`, and no `nvidia_smi_log`", root.tag_name().name());
        return Err(fault(source, line(source, root), "XML", problem, HELP));
    }
    let devices: Result<Vec<Device>, InputError> = root
        .children()
        .filter(|node| node.has_tag_name("gpu"))
        .map(|gpu| device(source, gpu))
        .collect();
    let devices = devices?;
    if devices.is_empty() {
        return Err(fault(source, line(source, root), "gpu", "there is none".into(), HELP));
    }
    let attached = root.children().find(|node| node.has_tag_name("attached_gpus"));
    let attached = attached.and_then(|node| node.text()?.trim().parse().ok());
    Ok(Devices { devices, attached })
}

fn line(source: &Arc<Source>, node: Node<'_, '_>) -> usize {
    source.line_of(node.range().start)
}

/// The node at a path below another.
fn find<'a, 'b>(below: Node<'a, 'b>, path: &str) -> Option<Node<'a, 'b>> {
    let child =
        |node: Node<'a, 'b>, name: &str| node.children().find(|child| child.has_tag_name(name));
    path.split('/').try_fold(below, child)
}

/// `40960 MiB`, `1410 MHz`, `16x`, `4`: a whole number and its unit; none where the program says
/// that it does not know.
fn number(
    source: &Arc<Source>,
    below: Node<'_, '_>,
    path: &str,
    unit: &str,
) -> Result<Option<u64>, InputError> {
    let Some(node) = find(below, path) else { return Ok(None) };
    let text = node.text().unwrap_or("").trim();
    if matches!(
        text,
        "N/A" | "[N/A]" | "Unknown Error" | "Requested functionality has been deprecated"
    ) {
        return Ok(None);
    }
    let whole = text.strip_suffix(unit).and_then(|number| number.trim().parse().ok());
    let wrong = || {
        let problem = format!("`{text}` is no whole number of `{}`", unit.trim());
        fault(source, line(source, node), path, problem, HELP)
    };
    whole.map(Some).ok_or_else(wrong)
}

fn device(source: &Arc<Source>, gpu: Node<'_, '_>) -> Result<Device, InputError> {
    let missing = |path: &str| fault(source, line(source, gpu), path, "is missing".into(), HELP);
    let number = |path: &str, unit: &str| number(source, gpu, path, unit);
    let text = |path: &str| find(gpu, path).and_then(|node| node.text()).map(str::trim);
    let link = "pci/pci_gpu_link_info";
    let instances = find(gpu, "mig_devices").into_iter().flat_map(|all| all.children());
    let instances = instances.filter(|node| node.has_tag_name("mig_device"));
    Ok(Device {
        address: gpu.attribute("id").ok_or_else(|| missing("id"))?.to_owned(),
        name: text("product_name").ok_or_else(|| missing("product_name"))?.to_owned(),
        memory_mib: number("fb_memory_usage/total", " MiB")?,
        sm_clock_mhz: number("max_clocks/sm_clock", " MHz")?,
        boost_clock_mhz: number("max_customer_boost_clocks/graphics_clock", " MHz")?,
        memory_clock_mhz: number("max_clocks/mem_clock", " MHz")?,
        sm_clock_now_mhz: number("clocks/sm_clock", " MHz")?,
        pcie_generation: number(&format!("{link}/pcie_gen/max_link_gen"), "")?,
        pcie_lanes: number(&format!("{link}/link_widths/max_link_width"), "x")?,
        pcie_lanes_now: number(&format!("{link}/link_widths/current_link_width"), "x")?,
        mig: text("mig_mode/current_mig") == Some("Enabled"),
        instances: instances.map(|node| instance(source, node)).collect::<Result<_, _>>()?,
    })
}

fn instance(source: &Arc<Source>, mig: Node<'_, '_>) -> Result<Instance, InputError> {
    let text = |path: &str| find(mig, path).and_then(|node| node.text()).map_or("?", str::trim);
    let number = |path: &str, unit: &str| number(source, mig, path, unit);
    let shared = "device_attributes/shared";
    Ok(Instance {
        name: format!("{}/{}", text("gpu_instance_id"), text("compute_instance_id")),
        sms: number(&format!("{shared}/multiprocessor_count"), "")?,
        copy_engines: number(&format!("{shared}/copy_engine_count"), "")?,
        memory_mib: number("fb_memory_usage/total", " MiB")?,
    })
}

impl Devices {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> impl Iterator<Item = [String; 6]> + '_ {
        self.devices.iter().flat_map(Device::rows)
    }

    /// What a reader should know of them, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let described = self.devices.len();
        if let Some(attached) = self.attached.filter(|attached| *attached != described) {
            notes.push(format!("describes {described} of the {attached} GPUs of the machine"));
        }
        for device in &self.devices {
            notes.extend(device.notes().map(|note| format!("{}: {note}", device.address)));
        }
        notes
    }
}

impl Device {
    /// The lanes of its link: those that the slot gives it.
    pub fn lanes(&self) -> Option<u64> {
        self.pcie_lanes_now.filter(|lanes| *lanes > 0).or(self.pcie_lanes)
    }

    fn notes(&self) -> impl Iterator<Item = String> {
        let narrow = self.lanes().zip(self.pcie_lanes).filter(|(now, most)| now < most);
        let narrow = narrow.map(|(now, most)| {
            format!("its link has {now} of {most} lanes: this is what its slot gives it")
        });
        let mig = self.mig.then(|| {
            let count = self.instances.len();
            format!("is cut into {count} MIG instances; its figures are those of the whole GPU")
        });
        let ceiling = self.sm_clock_mhz.filter(|_| self.boost_clock_mhz.is_none());
        let ceiling = ceiling.map(|ceiling| {
            format!("{ceiling} MHz is a ceiling and no clock that it runs at: none is taken")
        });
        [narrow, mig, ceiling].into_iter().flatten()
    }

    /// Test, from, to, quantity, value and unit of every figure.
    fn rows(&self) -> Vec<[String; 6]> {
        let figures = [
            ("memory", self.memory_mib, "MiB"),
            ("sm_clock_max", self.sm_clock_mhz, "MHz"),
            ("sm_clock_boost", self.boost_clock_mhz, "MHz"),
            ("memory_clock_max", self.memory_clock_mhz, "MHz"),
            ("sm_clock_now", self.sm_clock_now_mhz, "MHz"),
            ("pcie_generation", self.pcie_generation, "count"),
            ("pcie_lanes", self.pcie_lanes, "count"),
            ("pcie_lanes_now", self.pcie_lanes_now, "count"),
            ("mig", Some(u64::from(self.mig)), "count"),
        ];
        let row = |to: &str, (quantity, value, unit): (&str, Option<u64>, &str)| {
            let (name, address) = (self.name.clone(), self.address.clone());
            let value = value?.to_string();
            Some([name, address, to.to_owned(), quantity.into(), value, unit.into()])
        };
        let whole = figures.into_iter().filter_map(|figure| row("", figure));
        let cut = self.instances.iter().flat_map(|instance| {
            let figures = [
                ("multiprocessors", instance.sms, "count"),
                ("copy_engines", instance.copy_engines, "count"),
                ("memory", instance.memory_mib, "MiB"),
            ];
            figures.into_iter().filter_map(|figure| row(&format!("MIG {}", instance.name), figure))
        });
        whole.chain(cut).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The parts that are read, as `nvidia-smi -q -x` of driver 570 writes them.
    pub(in crate::import) const TEXT: &str = r#"<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
	<timestamp>Wed May  7 10:00:00 2025</timestamp>
	<driver_version>570.86.15</driver_version>
	<attached_gpus>1</attached_gpus>
	<gpu id="00000000:3B:00.0">
		<product_name>NVIDIA A100-PCIE-40GB</product_name>
		<mig_mode>
			<current_mig>Disabled</current_mig>
			<pending_mig>Disabled</pending_mig>
		</mig_mode>
		<pci>
			<pci_gpu_link_info>
				<pcie_gen>
					<max_link_gen>4</max_link_gen>
					<current_link_gen>1</current_link_gen>
				</pcie_gen>
				<link_widths>
					<max_link_width>16x</max_link_width>
					<current_link_width>16x</current_link_width>
				</link_widths>
			</pci_gpu_link_info>
		</pci>
		<fb_memory_usage>
			<total>40960 MiB</total>
			<used>4 MiB</used>
		</fb_memory_usage>
		<clocks>
			<sm_clock>210 MHz</sm_clock>
		</clocks>
		<max_clocks>
			<sm_clock>1410 MHz</sm_clock>
			<mem_clock>1215 MHz</mem_clock>
		</max_clocks>
		<max_customer_boost_clocks>
			<graphics_clock>1410 MHz</graphics_clock>
		</max_customer_boost_clocks>
	</gpu>
</nvidia_smi_log>
"#;

    #[test]
    fn devices_are_read() {
        let all = read(&Source::new("smi.xml", TEXT)).unwrap();
        let [device] = &all.devices[..] else { panic!("one") };
        assert_eq!(device.name, "NVIDIA A100-PCIE-40GB");
        assert_eq!((device.memory_mib, device.boost_clock_mhz), (Some(40960), Some(1410)));
        assert_eq!((all.attached, all.notes()), (Some(1), Vec::new()));
        assert_eq!((device.sm_clock_mhz, device.sm_clock_now_mhz), (Some(1410), Some(210)));
        assert_eq!((device.pcie_generation, device.pcie_lanes), (Some(4), Some(16)));
        assert!(!device.mig);
        let unknown = TEXT.replace("1410 MHz", "N/A");
        assert_eq!(read(&Source::new("smi.xml", unknown)).unwrap().devices[0].sm_clock_mhz, None);
        let narrow = TEXT.replace("<current_link_width>16x", "<current_link_width>8x");
        let narrow = read(&Source::new("smi.xml", narrow)).unwrap();
        assert_eq!(narrow.devices[0].lanes(), Some(8));
        let note = "00000000:3B:00.0: its link has 8 of 16 lanes: this is what its slot gives it";
        assert_eq!(narrow.notes(), [note]);
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            ("40960 MiB", "lots", "smi.xml:26: fb_memory_usage/total: `lots` is no whole number"),
            ("40960 MiB", "40960 GB", "smi.xml:26: fb_memory_usage/total: `40960 GB` is no whole"),
            ("1410 MHz", "-5 MHz", "smi.xml:33: max_clocks/sm_clock: `-5 MHz` is no whole number"),
            (">16x<", ">wide<", "smi.xml:20: pci/pci_gpu_link_info/link_widths/max_link_width: "),
            (
                "\t\t<product_name>NVIDIA A100-PCIE-40GB</product_name>\n",
                "",
                "smi.xml:7: product_name: ",
            ),
            ("<gpu id=\"00000000:3B:00.0\">", "<gpu>", "smi.xml:7: id: is missing"),
            ("</max_clocks>", "</max>", "smi.xml:35: XML: expected"),
        ];
        for (right, wrong, expected) in cases {
            let text = TEXT.replacen(right, wrong, 1);
            let told = read(&Source::new("smi.xml", text)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let other = read(&Source::new("a.xml", "<html/>")).unwrap_err();
        assert_eq!(other.problem, "is a `html`, and no `nvidia_smi_log`");
        let none = read(&Source::new("a.xml", "<nvidia_smi_log/>")).unwrap_err();
        assert_eq!(none.to_string().split(" (").next(), Some("a.xml:1: gpu: there is none"));
    }
}
