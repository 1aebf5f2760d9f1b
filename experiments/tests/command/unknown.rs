//! Machines of which nothing is known, and what is either so or so.

use std::collections::BTreeMap;

use super::Folder;
use super::output::{self, table};

type Row = BTreeMap<String, String>;

/// Two nodes of which the file says nothing but how they are connected.
const BARE: &str = "\
[[node]]
name = \"a\"
cni = \"flannel\"
[[node]]
name = \"b\"
cni = \"flannel\"
[[nic]]
name = \"nic-a\"
node = \"a\"
pcie = \"gen3-x8\"
mtu = 1500
[[nic]]
name = \"nic-b\"
node = \"b\"
pcie = \"gen3-x8\"
mtu = 1500
[[cable]]
between = [\"nic-a\", \"nic-b\"]
rate = \"40 Gbit/s\"
latency = \"1 us\"
[[pod]]
name = \"client\"
node = \"a\"
[[pod]]
name = \"server\"
node = \"b\"
";

const EXPERIMENT: &str = "\
name = \"bare\"
topologies = [\"bare.toml\"]
[transfer]
from = \"client\"
to = \"server\"
message = \"256 MiB\"
";

fn ran(topology: &str, experiment: &str, profiles: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    folder.write("bare.toml", topology);
    folder.write("bare-run.toml", experiment);
    for (name, text) in profiles {
        folder.write(name, text);
    }
    folder.podpath().args(["run", "bare-run.toml", "--out", "out"]).assert().success();
    folder
}

fn row(folder: &Folder) -> Row {
    table(folder, "out/summary.csv").remove(0)
}

fn width(row: &Row) -> f64 {
    let end = |end: &str| output::number(&row[&format!("goodput_bit_s_predicted_{end}")]);
    end("high") / end("low")
}

/// The hypotheses that are named as causes.
fn states(folder: &Folder) -> Vec<String> {
    let causes = table(folder, "out/widening.csv").into_iter();
    causes.filter(|row| row["kind"] == "hypothesis").map(|row| row["parameter"].clone()).collect()
}

#[test]
fn a_node_and_a_card_that_name_no_profile_are_unknown() {
    let plain = ran(BARE, EXPERIMENT, &[]);
    let named = BARE.replace("cni =", "host = \"unknown\"\ncni =");
    let named = named.replace("pcie =", "profile = \"unknown\"\npcie =");
    let named = ran(&named, EXPERIMENT, &[]);
    assert_eq!(plain.read("out/summary.csv"), named.read("out/summary.csv"));
    let known = BARE.replace("cni =", "host = \"bench-2024\"\ncni =");
    let known = known.replace("pcie =", "profile = \"generic-40g\"\npcie =");
    let known = ran(&known, EXPERIMENT, &[]);
    assert!(width(&row(&plain)) > 2.0 * width(&row(&known)), "{:?}", row(&plain));
    assert!(states(&known).is_empty());
}

#[test]
fn what_a_file_says_is_open_no_more() {
    let open = ran(BARE, EXPERIMENT, &[]);
    assert!(states(&open).contains(&"tunnel-offloads".to_owned()), "{:?}", states(&open));
    let said = BARE.replace("mtu = 1500", "mtu = 1500\ntunnel_offloads = false");
    let said = ran(&said, EXPERIMENT, &[]);
    assert!(!states(&said).contains(&"tunnel-offloads".to_owned()), "{:?}", states(&said));
    let other = BARE.replace("mtu = 1500", "mtu = 1500\ntunnel_offloads = true");
    assert!(width(&row(&ran(&other, EXPERIMENT, &[]))) < width(&row(&open)));
    // The likeliest state is what is taken without a draw.
    let mean = |folder: &Folder| row(folder)["goodput_bit_s_mean"].clone();
    assert_eq!(mean(&said), mean(&open));
}

#[test]
fn a_class_and_a_hypothesis_of_ones_own_are_files() {
    let class = "# format = 1\n# like = bench-2024\nparameter,value,unit,low,high,how,source\n\
                 core_speed,0.5,ratio,,,measured,a test\n";
    let hypothesis = "about = \"Whether it is one or the other\"\nof = \"host\"\n\
        profiles = [\"slow\"]\ntells = \"asking\"\n\
        [[state]]\nname = \"one\"\nodds = 1\nsource = \"a test\"\n\
        [[state]]\nname = \"other\"\nodds = 1\nsource = \"a test\"\n\
        factors = { core_speed = 0.1 }\n";
    let topology = BARE.replace("cni =", "host = \"slow\"\ncni =");
    let experiment = EXPERIMENT.replace("topologies", "profiles = \"mine\"\ntopologies");
    let class = ("mine/host/slow.csv", class);
    let without = ran(&topology, &experiment, &[class]);
    let with = ran(&topology, &experiment, &[class, ("mine/hypothesis/either.toml", hypothesis)]);
    assert!(states(&with).contains(&"either".to_owned()), "{:?}", states(&with));
    assert!(width(&row(&with)) > 4.0 * width(&row(&without)));
    // What the class takes from the profile that it is like stands in the manifest too.
    let manifest = with.read("out/manifest.json");
    assert!(manifest.contains("bench-2024") && manifest.contains("either"), "{manifest}");
}

#[test]
fn a_profile_that_is_like_none_is_refused_at_its_line() {
    let folder = Folder::new();
    folder.write("bare.toml", BARE.replace("cni =", "host = \"slow\"\ncni ="));
    let experiment = EXPERIMENT.replace("topologies", "profiles = \"mine\"\ntopologies");
    folder.write("bare-run.toml", experiment);
    let class = "# format = 1\n# like = bench-2042\nparameter,value,unit,low,high,how,source\n\
                 core_speed,0.5,ratio,,,measured,a test\n";
    folder.write("mine/host/slow.csv", class);
    let told = folder.podpath().args(["run", "bare-run.toml"]).assert().code(2);
    let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert!(told.contains("slow.csv:2") && told.contains("did you mean `bench-2024`?"), "{told}");
}
