//! Runs of nccl-tests as a user validates them: plain and packed, with the families' names.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use predicates::prelude::*;

use super::Folder;

const HEADER: &str = "system,health,nodes,gpus_per_node,gpu,intra,nic,nic_gbit,nics_per_node,\
                      transport,collective,bytes,time_us,algbw_GBps\n";
const ROWS: &str = "\
a,healthy,1,8,H100 SXM 80GB,nvswitch3(nvlink4),-,0,0,nvlink,all_reduce,17179869184,62000,277
b,limited,2,8,H100 SXM,nvswitch3(nvlink4),ConnectX-7,400,8,gdr,all_reduce,1073741824,,240
c,bad,2,8,H100 SXM,nvswitch3(nvlink4),ConnectX-7,400,8,gdr,all_reduce,1073741824,9000,119
d,healthy,2,8,H100 SXM,nvswitch3(nvlink4),ConnectX-7,unknown,8,gdr,all_reduce,1024,30,0
";

#[test]
fn runs_of_nccl_tests_are_validated_by_family() {
    let folder = Folder::new();
    let text = format!("{HEADER}{ROWS}");
    folder.write("runs.csv", &text);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).expect("memory");
    folder.write("runs.csv.gz", packed.finish().expect("memory"));
    let told = folder.json(&["validate", "--against", "runs.csv"]);
    let families = told["families"].as_array().expect("a list");
    let names: Vec<&str> = families.iter().filter_map(|one| one["family"].as_str()).collect();
    assert_eq!(names, ["collective_nvlink", "collective_rdma"]);
    let nvlink = &families[0];
    let error = nvlink["median_abs_rel_error"].as_f64().expect("a number");
    assert!(error < 0.15, "{nvlink}");
    assert!(nvlink["coverage_90"].as_f64().expect("a number") > 0.0, "{nvlink}");
    let table = folder.read("results/validate/validate.csv");
    assert!(table.contains("collective_rdma,runs.csv,3,c all_reduce 1073741824"), "{table}");
    assert!(table.contains("its health is `bad`: a fault is not predicted"), "{table}");
    assert!(table.contains("it does not say the rate of a card"), "{table}");
    let again = folder.json(&["validate", "--against", "runs.csv.gz"]);
    assert_eq!(again["families"][0]["median_abs_rel_error"], nvlink["median_abs_rel_error"]);
}

#[test]
fn what_is_not_packed_is_said() {
    let folder = Folder::new();
    folder.write("runs.csv.gz", "no gzip");
    let assert = folder.podpath().args(["validate", "--against", "runs.csv.gz"]).assert();
    assert.code(2).stderr(predicate::str::contains("`runs.csv.gz` cannot be unpacked"));
}
