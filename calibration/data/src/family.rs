//! Families of measurement: which published experiment a table holds, recognised by its columns.

mod tables;

use models::input::{InputError, nearest};
use serde::Serialize;

use crate::file::{DataFile, Row};
use tables::TABLES;

/// A family of rows that are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Bandwidth of PCIe writes, reads and both at once, by the reference model of pcie-bench.
    Pcie,
    /// TCP goodput between pods, and from a pod to a Service.
    CniTcp,
    /// UDP goodput between pods, and from a pod to a Service.
    CniUdp,
    /// Bandwidth of streaming kernels against resident threads.
    GpuStream,
    /// Load latency against working set.
    GpuLatency,
    /// Read bandwidth of caches.
    GpuCache,
    /// Queues of small kernels.
    GpuSmallKernels,
    /// Host-to-device copies.
    GpuMemcpy,
    /// Collectives inside a node, or a rack that NVLink joins.
    CollectiveNvlink,
    /// Collectives of GPUs that PCIe joins.
    CollectivePcie,
    /// Collectives over networks of cards that read memory.
    CollectiveRdma,
    /// Collectives over sockets.
    CollectiveSocket,
    /// Sends from one end to the other.
    PointToPoint,
    /// Collectives on one node, by NVIDIA.
    CollectiveOneNode,
    /// Copies between the GPUs of a machine.
    PeerMatrix,
    /// How full policies of placement make a cluster.
    Placement,
    /// What users of served models saw.
    Serving,
}

impl Family {
    /// Every family, in report order.
    pub const ALL: [Family; 17] = [
        Family::Pcie,
        Family::CniTcp,
        Family::CniUdp,
        Family::GpuStream,
        Family::GpuLatency,
        Family::GpuCache,
        Family::GpuSmallKernels,
        Family::GpuMemcpy,
        Family::CollectiveNvlink,
        Family::CollectivePcie,
        Family::CollectiveRdma,
        Family::CollectiveSocket,
        Family::PointToPoint,
        Family::CollectiveOneNode,
        Family::PeerMatrix,
        Family::Placement,
        Family::Serving,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Pcie => "pcie",
            Family::CniTcp => "cni_tcp",
            Family::CniUdp => "cni_udp",
            Family::GpuStream => "gpu_stream",
            Family::GpuLatency => "gpu_latency",
            Family::GpuCache => "gpu_cache",
            Family::GpuSmallKernels => "gpu_small_kernels",
            Family::GpuMemcpy => "gpu_memcpy",
            Family::CollectiveNvlink => "collective_nvlink",
            Family::CollectivePcie => "collective_pcie",
            Family::CollectiveRdma => "collective_rdma",
            Family::CollectiveSocket => "collective_socket",
            Family::PointToPoint => "point_to_point",
            Family::CollectiveOneNode => "collective_one_node",
            Family::PeerMatrix => "peer_matrix",
            Family::Placement => "placement",
            Family::Serving => "serving",
        }
    }
}

/// A kind of table: the columns by which it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The reference PCIe model.
    Pcie,
    /// The CNI benchmark: the families [`Family::CniTcp`] and [`Family::CniUdp`].
    Cni,
    /// A table of one GPU family.
    Gpu(Family),
    /// Runs of nccl-tests and its like: the families of collectives.
    Collectives,
    /// The same on one node: [`Family::CollectiveOneNode`].
    OneNode,
    /// Copies between GPUs: [`Family::PeerMatrix`].
    PeerMatrix,
    /// Placements: [`Family::Placement`].
    Placement,
    /// Served requests: [`Family::Serving`].
    Serving,
}

/// Recognises a table by its columns, which may stand in any order and among others.
///
/// # Errors
/// If the columns are those of no known table; the message names what the nearest table lacks.
pub fn recognise(file: &DataFile) -> Result<Table, InputError> {
    let missing = |columns: &'static [&'static str]| {
        columns.iter().filter(|wanted| !file.columns().any(|c| c == **wanted))
    };
    let complete = TABLES.iter().find(|(_, columns)| missing(columns).next().is_none());
    if let Some((table, _)) = complete {
        return twice(file).map_or(Ok(*table), Err);
    }
    let lack =
        |columns: &'static [&'static str]| missing(columns).count() as f64 / columns.len() as f64;
    let (_, columns) =
        TABLES.iter().min_by(|a, b| lack(a.1).total_cmp(&lack(b.1))).expect("there are tables");
    let lacking: Vec<&str> = missing(columns).copied().collect();
    let meant = nearest(lacking[0], file.columns())
        .map_or(String::new(), |near| format!("; is `{near}` meant as `{}`?", lacking[0]));
    Err(InputError::new("header", "is not that of any known table of measurements")
        .help(format!("the nearest one also has {}{meant}", lacking.join(", ")))
        .at(file.source(), file.source().span_of_line(1)))
}

/// An error if a column is named twice: it could not be said which one is meant.
fn twice(file: &DataFile) -> Option<InputError> {
    let columns: Vec<&str> = file.columns().collect();
    let (_, name) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name))?;
    let span = file.source().span_of_line(1);
    Some(InputError::new(*name, "is the name of two columns").at(file.source(), span))
}

/// A test of the CNI benchmark, read from its three letters: `d`irect or to a `s`ervice, `t`cp or
/// `u`dp, a `s`ingle stream or `m`any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CniTest {
    /// Whether the client addresses a Service and not the pod.
    pub service: bool,
    /// Whether the transport is UDP and not TCP.
    pub udp: bool,
    /// Parallel streams: 1 or 8.
    pub streams: u32,
}

/// A row of the CNI benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct CniRow {
    /// The set-up, which is the name of a topology.
    pub cni: String,
    /// The pods' MTU in bytes; `None` is the host's.
    pub pod_mtu: Option<u32>,
    /// What was tested.
    pub test: CniTest,
    /// Median goodput in bit/s.
    pub goodput: f64,
    /// Lowest and highest goodput of the runs in bit/s.
    pub range: (f64, f64),
    /// The part of the datagrams that was lost, where the source says.
    pub loss_ratio: Option<f64>,
}

impl CniRow {
    /// Reads a row.
    ///
    /// # Errors
    /// If a value that predictions need is missing or impossible.
    pub fn read(row: &Row<'_>) -> Result<CniRow, InputError> {
        let goodput = row.positive("goodput_bit_s_median")?;
        let range = (row.positive("goodput_bit_s_min")?, row.positive("goodput_bit_s_max")?);
        if !(range.0 <= goodput && goodput <= range.1) {
            return Err(row.fault("goodput_bit_s_median", "is not between minimum and maximum"));
        }
        let pod_mtu = match row.cell("pod_mtu_bytes") {
            None => None,
            Some(_) => match row.count("pod_mtu_bytes", 65_535)? {
                mtu if mtu < 576 => {
                    return Err(row
                        .fault("pod_mtu_bytes", format!("{mtu} bytes is no MTU"))
                        .help("576 to 65535, or empty for the host's"));
                }
                mtu => Some(mtu as u32),
            },
        };
        let loss_ratio = match row.cell("udp_lost_percent_median") {
            None => None,
            Some(text) => {
                let percent: Option<f64> = text.parse().ok();
                let percent = percent.filter(|percent| (0.0..100.0).contains(percent));
                Some(
                    percent.ok_or_else(|| {
                        row.fault("udp_lost_percent_median", format!("`{text}` is no percentage"))
                    })? / 100.0,
                )
            }
        };
        let cni = row.text("cni")?.to_owned();
        Ok(CniRow { cni, pod_mtu, test: CniRow::test(row)?, goodput, range, loss_ratio })
    }

    fn test(row: &Row<'_>) -> Result<CniTest, InputError> {
        let text = row.text("test")?;
        let letters: Vec<char> = text.chars().collect();
        match letters[..] {
            [to @ ('d' | 's'), transport @ ('t' | 'u'), many @ ('s' | 'm')] => Ok(CniTest {
                service: to == 's',
                udp: transport == 'u',
                streams: if many == 'm' { 8 } else { 1 },
            }),
            _ => Err(row
                .fault("test", format!("`{text}` is no test"))
                .help("dts, dtm, dus, dum, sts, stm, sus or sum")),
        }
    }

    /// The family that the row belongs to.
    pub fn family(&self) -> Family {
        if self.test.udp { Family::CniUdp } else { Family::CniTcp }
    }
}

/// A row of the host-to-device copies.
#[derive(Clone, Debug, PartialEq)]
pub struct MemcpyRow {
    /// The GPU as the source names it.
    pub gpu: String,
    /// Whether the copy is to the device and not from it.
    pub to_device: bool,
    /// Whether the host memory is pageable and not pinned.
    pub pageable: bool,
    /// Bytes copied.
    pub bytes: u64,
    /// Bandwidth in GB/s.
    pub bandwidth: f64,
}

impl MemcpyRow {
    /// Reads a row.
    ///
    /// # Errors
    /// If a value is missing or impossible.
    pub fn read(row: &Row<'_>) -> Result<MemcpyRow, InputError> {
        let choice = |column: &str, yes: &str, no: &str| match row.text(column)? {
            text if text == yes => Ok(true),
            text if text == no => Ok(false),
            other => Err(row
                .fault(column, format!("`{other}` is unknown"))
                .help(format!("{yes} or {no}"))),
        };
        row.positive("time_ms")?;
        Ok(MemcpyRow {
            gpu: row.text("gpu")?.to_owned(),
            to_device: choice("direction", "host_to_device", "device_to_host")?,
            pageable: choice("host_memory", "pageable", "pinned")?,
            bytes: row.count("size_kib", 1 << 40)? * 1024,
            bandwidth: row.positive("bandwidth_gb_s")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::published;

    #[test]
    fn every_published_table_is_recognised() {
        for file in published().unwrap() {
            assert!(recognise(&file).is_ok(), "{}", file.source().name);
        }
    }

    #[test]
    fn a_strange_header_is_refused_with_the_nearest_one() {
        let file = DataFile::from_bytes("x.csv", b"gpu,direction,host,size_kib,time_ms\n1,2,3,4,5");
        let told = recognise(&file.unwrap()).unwrap_err().to_string();
        let expected = "x.csv:1: header: is not that of any known table of measurements \
             (the nearest one also has host_memory, bandwidth_gb_s";
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn rows_of_the_cni_table_are_checked() {
        let header = TABLES[1].1.join(",");
        let read = |row: &str| {
            let file = DataFile::from_bytes("x.csv", format!("{header}\n{row}\n").as_bytes());
            let file = file.unwrap();
            let row = file.rows().next().unwrap();
            CniRow::read(&row)
        };
        let good = read("calico,8950,sum,,3,5,4,6,.1,.1,.2,.1,,1").unwrap();
        assert_eq!(good.test, CniTest { service: true, udp: true, streams: 8 });
        assert_eq!((good.pod_mtu, good.family()), (Some(8950), Family::CniUdp));
        assert_eq!(read("calico,,dts,,3,5,4,6,,,,,,").unwrap().pod_mtu, None);
        let cases = [
            ("calico,8950,sux,,3,5,4,6,,,,,,", "test: `sux` is no test"),
            ("calico,8950,dts,,3,NaN,4,6,,,,,,", "goodput_bit_s_median: `NaN` is not a finite"),
            ("calico,8950,dts,,3,-5,4,6,,,,,,", "goodput_bit_s_median: `-5` is not a finite"),
            ("calico,8950,dts,,3,7,4,6,,,,,,", "goodput_bit_s_median: is not between"),
            ("calico,12,dts,,3,5,4,6,,,,,,", "pod_mtu_bytes: 12 bytes is no MTU"),
            ("calico,1e3,dts,,3,5,4,6,,,,,,", "pod_mtu_bytes: `1e3` is not a whole number"),
            (
                "calico,8950,dus,,3,5,4,6,,,,,,100",
                "udp_lost_percent_median: `100` is no percentage",
            ),
            (",8950,dts,,3,5,4,6,,,,,,", "cni: is empty"),
            ("calico,8950,dts,,3,5,,6,,,,,,", "goodput_bit_s_min: is empty"),
        ];
        for (row, expected) in cases {
            let told = read(row).unwrap_err().to_string();
            assert!(told.starts_with(&format!("x.csv:2: {expected}")), "{told}");
        }
    }
}
