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
    /// Its memory \[MiB\].
    pub memory_mib: u64,
    /// Highest SM clock \[MHz\].
    pub sm_clock_mhz: Option<u64>,
    /// Highest memory clock \[MHz\].
    pub memory_clock_mhz: Option<u64>,
    /// SM clock when it was asked \[MHz\].
    pub sm_clock_now_mhz: Option<u64>,
    /// The PCIe generation that card and slot can do.
    pub pcie_generation: Option<u64>,
    /// The PCIe lanes that card and slot have.
    pub pcie_lanes: Option<u64>,
    /// Whether it is cut into MIG instances.
    pub mig: bool,
}

/// Reads the XML.
pub(super) fn read(source: &Arc<Source>) -> Result<Vec<Device>, InputError> {
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
    match devices {
        Ok(none) if none.is_empty() => {
            Err(fault(source, line(source, root), "gpu", "there is none".into(), HELP))
        }
        devices => devices,
    }
}

fn line(source: &Arc<Source>, node: Node<'_, '_>) -> usize {
    source.line_of(node.range().start)
}

fn device(source: &Arc<Source>, gpu: Node<'_, '_>) -> Result<Device, InputError> {
    let find = |path: &str| -> Option<Node<'_, '_>> {
        path.split('/')
            .try_fold(gpu, |node, name| node.children().find(|child| child.has_tag_name(name)))
    };
    let missing = |path: &str| fault(source, line(source, gpu), path, "is missing".into(), HELP);
    // `40960 MiB`, `1410 MHz`, `16x`, `4`: a whole number and its unit.
    let number = |path: &str, unit: &str| -> Result<Option<u64>, InputError> {
        let Some(node) = find(path) else { return Ok(None) };
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
    };
    let text = |path: &str| find(path).and_then(|node| node.text()).map(str::trim);
    let link = "pci/pci_gpu_link_info";
    Ok(Device {
        address: gpu.attribute("id").ok_or_else(|| missing("id"))?.to_owned(),
        name: text("product_name").ok_or_else(|| missing("product_name"))?.to_owned(),
        memory_mib: number("fb_memory_usage/total", " MiB")?
            .ok_or_else(|| missing("fb_memory_usage/total"))?,
        sm_clock_mhz: number("max_clocks/sm_clock", " MHz")?,
        memory_clock_mhz: number("max_clocks/mem_clock", " MHz")?,
        sm_clock_now_mhz: number("clocks/sm_clock", " MHz")?,
        pcie_generation: number(&format!("{link}/pcie_gen/max_link_gen"), "")?,
        pcie_lanes: number(&format!("{link}/link_widths/max_link_width"), "x")?,
        mig: text("mig_mode/current_mig") == Some("Enabled"),
    })
}

impl Device {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let figures = [
            ("memory", Some(self.memory_mib), "MiB"),
            ("sm_clock_max", self.sm_clock_mhz, "MHz"),
            ("memory_clock_max", self.memory_clock_mhz, "MHz"),
            ("sm_clock_now", self.sm_clock_now_mhz, "MHz"),
            ("pcie_generation", self.pcie_generation, "count"),
            ("pcie_lanes", self.pcie_lanes, "count"),
            ("mig", Some(u64::from(self.mig)), "count"),
        ];
        let row = |(quantity, value, unit): (&str, Option<u64>, &str)| {
            let (name, address) = (self.name.clone(), self.address.clone());
            let value = value?.to_string();
            Some([name, address, String::new(), quantity.into(), value, unit.into()])
        };
        figures.into_iter().filter_map(row).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The parts that are read, as `nvidia-smi -q -x` of driver 570 writes them.
    pub(in crate::gpu::import) const TEXT: &str = r#"<?xml version="1.0" ?>
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
	</gpu>
</nvidia_smi_log>
"#;

    #[test]
    fn devices_are_read() {
        let [device] = &read(&Source::new("smi.xml", TEXT)).unwrap()[..] else { panic!("one") };
        assert_eq!((device.name.as_str(), device.memory_mib), ("NVIDIA A100-PCIE-40GB", 40960));
        assert_eq!((device.sm_clock_mhz, device.sm_clock_now_mhz), (Some(1410), Some(210)));
        assert_eq!((device.pcie_generation, device.pcie_lanes), (Some(4), Some(16)));
        assert!(!device.mig);
        let unknown = TEXT.replace("1410 MHz", "N/A");
        assert_eq!(read(&Source::new("smi.xml", unknown)).unwrap()[0].sm_clock_mhz, None);
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
