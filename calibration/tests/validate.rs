//! Validation of published rows, and of rows whose figures nobody gave.

use calibration::data::DataFile;
use calibration::family::Family;
use calibration::published::{published, table};
use calibration::validate::{Use, validate};

#[test]
fn the_published_rows_are_predicted_as_well_as_promised() {
    let report = validate(&published().unwrap()).unwrap();
    let errors = |family| {
        let summary = report.family(family, None).unwrap();
        assert_eq!(summary.rows, summary.predicted, "{family:?}");
        summary.errors.unwrap()
    };
    let pcie = errors(Family::Pcie);
    assert!(pcie.worst <= 0.0002, "{:?}", pcie.worst_row);
    let tcp = errors(Family::CniTcp);
    assert!(tcp.median <= 0.05 && tcp.worst <= 0.15, "{tcp:?}");
    let udp = errors(Family::CniUdp);
    assert!(udp.median <= 0.10, "{udp:?}");
    let copies = errors(Family::GpuMemcpy);
    assert!(copies.median <= 0.05, "{copies:?}");
    let used = |family, used| report.family(family, Some(used)).map_or(0, |summary| summary.rows);
    assert_eq!(used(Family::CniTcp, Use::Calibration), 58);
    assert_eq!(used(Family::CniTcp, Use::Holdout), 0);
    assert_eq!(used(Family::Pcie, Use::Holdout), 714);
}

#[test]
fn rows_without_a_model_are_skipped_aloud() {
    let report = validate(&[table("gpu_cache_bandwidth.csv").unwrap()]).unwrap();
    assert!(report.judged.is_empty());
    assert_eq!(report.skipped.len(), 472);
    assert_eq!(report.skipped[0].row, 1);
    assert_eq!(report.skipped[0].why, "the GPU execution model is not part of this version");
}

const HEADER: &str = "cni,pod_mtu_bytes,test,test_meaning,runs,goodput_bit_s_median,\
    goodput_bit_s_min,goodput_bit_s_max,client_system_cpu,client_user_cpu,server_system_cpu,\
    server_user_cpu,tcp_retransmits_median,udp_lost_percent_median";

fn rows(lines: &[String]) -> DataFile {
    let text = format!("{HEADER}\n{}\n", lines.join("\n"));
    DataFile::from_bytes("rows.csv", text.as_bytes()).unwrap()
}

/// Figures of 10 Gbit/s are invented: what is tested is that there is a prediction for each.
#[test]
fn every_test_of_every_set_up_is_predicted_as_holdout() {
    let mut lines = Vec::new();
    for setup in [
        "antrea-ipsec",
        "antrea-noencap",
        "calico-ebpf",
        "canal",
        "cilium-nokproxy",
        "cilium-wg",
        "flannel",
        "kubeovn",
    ] {
        for mtu in ["", "9000", "8950"] {
            for test in ["dts", "dtm", "dus", "dum", "sts", "stm", "sus", "sum"] {
                lines.push(format!("{setup},{mtu},{test},,3,1e10,9e9,1.1e10,,,,,,"));
            }
        }
    }
    let report = validate(&[rows(&lines)]).unwrap();
    assert_eq!(report.judged.len(), lines.len());
    for row in &report.judged {
        assert_eq!(row.used, Use::Holdout);
        let gbit_s = row.worst().predicted / 1e9;
        assert!((1.0..39.7).contains(&gbit_s), "{}: {gbit_s}", row.label);
    }
}

#[test]
fn a_malformed_row_stops_everything_with_its_place() {
    let good = "calico,8950,dts,,3,5e9,4e9,6e9,,,,,,".to_owned();
    let cases = [
        ("calica,8950,dts,,3,5e9,4e9,6e9,,,,,,", "cni: no topology is called `calica`"),
        ("calico,8950,dts,,3,inf,4e9,6e9,,,,,,", "goodput_bit_s_median: `inf` is not a finite"),
        ("calico,8950,xxx,,3,5e9,4e9,6e9,,,,,,", "test: `xxx` is no test"),
    ];
    for (bad, expected) in cases {
        let told = validate(&[rows(&[good.clone(), bad.into()])]).unwrap_err().to_string();
        assert!(told.starts_with(&format!("rows.csv:3: {expected}")), "{told}");
    }
    let pcie = "gen,lanes,addr_bits,mps_bytes,mrrs_bytes,payload_bytes,raw_gbit_s,\
        tlp_layer_gbit_s,write_gbit_s,read_gbit_s,bidirectional_gbit_s\n";
    let cases = [
        ("gen9,x1,64,128,512,1,2,1,1,1,1", "gen: `gen9` is not a PCI Express generation"),
        ("gen1,x3,64,128,512,1,2,1,1,1,1", "lanes: `x3` is not a PCI Express width"),
        ("gen1,x1,48,128,512,1,2,1,1,1,1", "addr_bits: addresses have 32 or 64 bits, not 48"),
        ("gen1,x1,64,100,512,1,2,1,1,1,1", "mps_bytes: 100 bytes is not a PCI Express payload"),
        ("gen1,x1,64,128,512,0,2,1,1,1,1", "payload_bytes: `0` is not a whole number"),
        ("gen1,x1,64,128,512,1,2,1,NaN,1,1", "write_gbit_s: `NaN` is not a finite number"),
    ];
    for (row, expected) in cases {
        let file = DataFile::from_bytes("p.csv", format!("{pcie}{row}\n").as_bytes()).unwrap();
        let told = validate(&[file]).unwrap_err().to_string();
        assert!(told.starts_with(&format!("p.csv:2: {expected}")), "{told}");
    }
}
