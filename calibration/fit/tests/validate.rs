//! Validation of published rows, and of rows whose figures nobody gave.

use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::filter::Filter;
use calibration_data::published::{published, table};
use calibration_data::validate::{Judged, Use, validate, validate_profile};
use calibration_fit::gpu;
use models::input::Source;
use models::library::Kind;
use models::profile::Profile;

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

/// Per GPU: the kernels that were not fitted, the plateaus of latency, and the small kernels.
#[test]
fn kernels_are_predicted_as_well_as_promised() {
    let report = validate(&published().unwrap()).unwrap();
    for gpu in ["v100", "a40", "a100_40", "a100_80", "h100_pcie"] {
        let own = |row: &&Judged| row.label.split(' ').next() == Some(gpu);
        let held = |row: &&Judged| row.family == Family::GpuStream && row.used == Use::Holdout;
        let (median, p90) = errors(report.judged.iter().filter(own).filter(held));
        assert!(median <= 0.07 && p90 <= 0.15, "{gpu}: {median} {p90}");
        // Well inside L1, inside L2 and far beyond it.
        let chains = || report.judged.iter().filter(own).filter(|r| r.family == Family::GpuLatency);
        for (from, to) in [(8, 96), (600, 4_000), (100_000, 2_000_000)] {
            let on = |row: &&Judged| {
                let kib: u32 = row.label.split(' ').nth(1).unwrap().parse().unwrap();
                (from..to).contains(&kib)
            };
            if gpu != "a40" {
                let (median, p90) = errors(chains().filter(on));
                assert!(median <= 0.05 && p90 <= 0.05, "{gpu} {from} KiB: {median} {p90}");
            }
        }
    }
    let small = report.family(Family::GpuSmallKernels, None).unwrap().errors.unwrap();
    assert!(small.median <= 0.10, "{small:?}");
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .filter(|row| row.family <= Family::GpuMemcpy)
        .map(|row| &row.why)
        .collect();
    assert!(skipped.is_empty(), "{skipped:?}");
}

fn errors<'a>(rows: impl Iterator<Item = &'a Judged>) -> (f64, f64) {
    let mut errors: Vec<f64> = rows.map(|row| row.worst().relative_error().abs()).collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors.len() >= 3, "only {} rows", errors.len());
    (errors[errors.len() / 2], errors[errors.len() * 9 / 10])
}

/// Small kernels by a fit of every third row, and copies by a fit of every third size.
#[test]
fn every_third_row_predicts_the_others() {
    let cases = [
        ("a40", "gpu_small_kernels.csv", Family::GpuSmallKernels, 0.10),
        ("v100_pcie_16gb", "gpu_memcpy_h2d_v100_pcie.csv", Family::GpuMemcpy, 0.04),
    ];
    for (gpu, name, family, median_max) in cases {
        for third in 0..3 {
            let data = vec![table(name).unwrap()];
            let rows = Some(Filter::parse(&format!("row % 3 = {third}")).unwrap());
            let fit =
                gpu::run(&gpu::Options { gpu: gpu.into(), data: data.clone(), rows }).unwrap();
            let source = Source::new("fitted", fit.profile);
            let profile = Profile::parse(Kind::Gpu, "fitted", &source).unwrap();
            let report = validate_profile(&data, &profile).unwrap();
            let held = report.family(family, Some(Use::Holdout)).unwrap();
            assert!(held.rows > report.judged.len() / 2, "two rows of three are held out");
            let median = held.errors.unwrap().median;
            assert!(median <= median_max, "{name} {third}: {median}");
        }
    }
}

#[test]
fn a_profile_speaks_of_its_own_gpu_alone() {
    let library = calibration_data::shipped();
    let profile = library.profile(models::library::Kind::Gpu, "a40-48-pcie").unwrap();
    let report = validate_profile(&[table("gpu_cache_bandwidth.csv").unwrap()], &profile).unwrap();
    assert_eq!((report.judged.len(), report.skipped.len()), (82, 390));
    assert_eq!(report.skipped[0].why, "`a100_80` is another GPU than the profile's");
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
