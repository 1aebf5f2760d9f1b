//! Made-up runs for tests, in the files and columns that `podpath run` writes. The numbers follow
//! simple rules (a start-up time, a rate per topology, a gain of overlapping), not any hardware.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

pub(crate) mod lab;

/// What the made-up run varies.
pub(crate) struct Fixture {
    pub(crate) topologies: Vec<String>,
    pub(crate) sizes: Vec<u64>,
    pub(crate) streams: Vec<u32>,
    pub(crate) modes: Vec<&'static str>,
    pub(crate) transport: &'static str,
    /// One more column with its values.
    pub(crate) other: Option<(&'static str, Vec<&'static str>)>,
    /// Leaves every fifth point out, as an interrupted run does.
    pub(crate) holes: bool,
}

pub(crate) const LINE_BIT_S: f64 = 40e9;
const HOPS: [&str; 8] =
    ["wire framing", "device-to-host copy", "tcp", "veth", "bridge", "route", "vxlan", "window"];
/// Why time passes at each of them.
const CAUSES: [&str; 8] =
    ["propagation", "service", "service", "queueing", "service", "service", "service", "window"];

impl Fixture {
    /// A run like the quickstart's.
    pub(crate) fn quickstart() -> Fixture {
        let names =
            ["baremetal", "bridge-gateway", "flannel", "cilium", "calico-wg", "flannel-service"];
        Fixture {
            topologies: names.map(str::to_owned).to_vec(),
            sizes: (12..=30).step_by(2).map(|power| 1 << power).collect(),
            streams: vec![1, 8],
            modes: vec!["serial", "overlapped"],
            transport: "tcp",
            other: None,
            holes: false,
        }
    }

    /// Thirty topologies with long names, twenty sizes, and holes.
    pub(crate) fn many() -> Fixture {
        Fixture {
            topologies: (0..30).map(|at| format!("topology-{at}-with-a-long-name")).collect(),
            sizes: (10..30).map(|power| 1 << power).collect(),
            holes: true,
            ..Fixture::quickstart()
        }
    }

    /// One topology, one size, one series, with loss.
    pub(crate) fn one() -> Fixture {
        Fixture {
            topologies: vec!["flannel".into()],
            sizes: vec![1 << 20],
            streams: vec![1],
            modes: vec!["serial"],
            transport: "udp",
            ..Fixture::quickstart()
        }
    }

    /// Another parameter swept besides, so that series would be too many.
    pub(crate) fn swept() -> Fixture {
        let other = Some(("nic.mtu_b", vec!["1500", "4000", "9000"]));
        Fixture { other, transport: "udp", ..Fixture::quickstart() }
    }

    /// The run's files in a new temporary folder.
    pub(crate) fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        folder
    }

    fn header(&self) -> String {
        let keys = "experiment,point,topology,transfer,from,to,via,message_b,transport,streams,\
                    mode,chunk_b,buffers,host_memory,connection,fidelity";
        match &self.other {
            Some((name, _)) => format!("{keys},{name}"),
            None => keys.into(),
        }
    }

    /// Calls `row` with the key columns, the goodput and the completion of every point.
    fn points(&self, mut row: impl FnMut(&str, f64, f64)) {
        let none = vec![""];
        let others = self.other.as_ref().map_or(&none, |(_, values)| values);
        let mut point = 0;
        for (at, topology) in self.topologies.iter().enumerate() {
            for size in &self.sizes {
                for streams in &self.streams {
                    for mode in &self.modes {
                        for (nth, other) in others.iter().enumerate() {
                            point += 1;
                            if self.holes && point % 5 == 0 {
                                continue;
                            }
                            let chunk = if *mode == "overlapped" { "1048576,2" } else { "," };
                            let mut key = format!(
                                "made-up,{point},{topology},transfer,gpu-a,gpu-b,,{size},{},\
                                 {streams},{mode},{chunk},pinned,warm,flow",
                                self.transport
                            );
                            if self.other.is_some() {
                                write!(key, ",{other}").unwrap();
                            }
                            let part = 0.985 - 0.08 * (at % 10) as f64 - 0.02 * (at / 10) as f64;
                            let part = part * if *streams == 1 { 0.55 } else { 1.0 };
                            let part = part * if *mode == "serial" { 0.72 } else { 1.0 };
                            let part = part * (1.0 - 0.1 * nth as f64);
                            let time = *size as f64 * 8.0 / (LINE_BIT_S * part) + 60e-6;
                            row(&key, *size as f64 * 8.0 / time, time);
                        }
                    }
                }
            }
        }
    }

    /// Writes the run's files into `dir`.
    pub(crate) fn write(&self, dir: &Path) {
        let header = self.header();
        let mut summary = format!(
            "{header},replications,goodput_bit_s_mean,goodput_bit_s_low,goodput_bit_s_high,\
             completion_s_mean,completion_s_low,completion_s_high,sent_bit_s_mean,sent_bit_s_low,\
             sent_bit_s_high,loss_ratio_mean,loss_ratio_low,loss_ratio_high,reference_bit_s,\
             reference_link,of_reference_ratio,busiest_link,most_taken_by,most_taken_ratio,\
             best_change,best_gain_ratio,busiest_ratio,busiest_others,goodput_share_ratio\n"
        );
        let mut taken = format!(
            "{header},order,hop,kind,taken_bit_s_mean,taken_bit_s_low,taken_bit_s_high,taken_ratio,\
             reference_bit_s,goodput_bit_s\n"
        );
        let mut returned =
            format!("{header},rank,change,feasible,goodput_bit_s,gain_ratio,requires,gives_up\n");
        let mut life = format!(
            "{header},order,hop,kind,cause,time_s_mean,time_s_low,time_s_high,share_ratio\n"
        );
        self.points(|key, rate, time| {
            let (low, high) = (rate * 0.97, rate * 1.03);
            let loss = if self.transport == "udp" { 0.2 } else { 0.0 };
            let sent = rate / (1.0 - loss);
            let lost = LINE_BIT_S - rate;
            writeln!(
                summary,
                "{key},5,{rate},{low},{high},{time},{time},{time},{sent},{sent},{sent},\
                 {loss},{loss},{loss},{LINE_BIT_S},nic-a/wire-out,{},node-b/core3,tcp,{},\
                 overlap,0.38,0.97,0,1",
                rate / LINE_BIT_S,
                0.4 * lost / LINE_BIT_S,
            )
            .unwrap();
            let parts = [0.015, 0.2, 0.4, 0.1, 0.08, 0.1, 0.1, 0.005];
            for (order, (hop, part)) in HOPS.iter().zip(parts).enumerate() {
                let bit_s = part * lost;
                writeln!(
                    taken,
                    "{key},{order},node-a/{hop},{hop},{bit_s},{bit_s},{bit_s},{},{LINE_BIT_S},\
                     {rate}",
                    bit_s / LINE_BIT_S
                )
                .unwrap();
                let (cause, spent) = (CAUSES[order], part * time);
                writeln!(
                    life,
                    "{key},{order},node-a/{hop},{hop},{cause},{spent},{spent},{spent},{part}"
                )
                .unwrap();
            }
            let advice = [
                ("overlap copies with 1 MiB chunks", true, 0.38),
                ("take vxlan away", false, 0.12),
            ];
            for (rank, (change, feasible, gain)) in advice.into_iter().enumerate() {
                let with = rate * (1.0 + gain);
                writeln!(returned, "{key},{rank},{change},{feasible},{with},{gain},work,").unwrap();
            }
        });
        for (name, text) in [
            ("summary.csv", &summary),
            ("taken.csv", &taken),
            ("returned.csv", &returned),
            ("life.csv", &life),
        ] {
            fs::write(dir.join(name), text).unwrap();
        }
        fs::write(dir.join("manifest.json"), self.manifest()).unwrap();
    }

    fn manifest(&self) -> String {
        serde_json::json!({
            "podpath": "0.1.0", "complete": !self.holes, "points_planned": 12, "points_done": 12,
            "experiment": {
                "name": "made-up",
                "about": "A made-up run with <script>alert(1)</script> in its text.",
                "topologies": self.topologies, "repetitions": 5, "seed": 1, "fidelity": ["flow"],
                "transfers": [{"name": "transfer", "from": "gpu-a", "to": "gpu-b", "streams": 1}],
                "set": [{"parameter": "nic.mtu", "value": 9000}],
                "sweep": {"cross": [{"parameter": "streams", "values": [1, 8]}], "zip": []},
                "assumptions": [{"parameter": "host.bench-2024.cores", "values": [8, 16],
                    "because": "the thread does not say which CPU"}],
                "reported": [
                    {"value": "1 Gbit/s", "up_to": "4 Gbit/s", "unit": "bit/s", "low": 1e9,
                     "high": 4e9, "cause": "vxlan", "most_taken_by": "veth",
                     "topology": "flannel", "at": [{"parameter": "streams", "value": 1}],
                     "source": "https://example.org/1?a=b&c=d", "text": "pod to pod 1 to 4",
                     "predicted_least": 2e9, "predicted_most": 3.6e9, "predicted_low": 1.8e9,
                     "predicted_high": 4.2e9, "miss_ratio": 0.0},
                    {"value": "81 us", "up_to": null, "unit": "s", "low": 81e-6, "high": 81e-6,
                     "percentile": 99, "topology": null, "at": [], "source": "https://example.org",
                     "text": "a ping", "predicted_least": 54e-6, "predicted_most": 54e-6,
                     "miss_ratio": -0.25},
                    {"value": "9.4 Gbit/s", "up_to": null, "unit": "bit/s", "low": 9.4e9,
                     "high": 9.4e9,
                     "topology": null, "at": [], "source": "https://example.org/2",
                     "text": "host to host",
                     "predicted_least": null, "predicted_most": null, "miss_ratio": null}
                ],
                "cause": "One core does the work of every veth & tunnel."
            },
            "unknowns": [
                {"parameter": "host.bench-2024.cores", "because": "the thread does not say",
                 "spread_ratio": 0.8, "goodput_bit_s_low": 2e9, "goodput_bit_s_high": 3.6e9},
                {"parameter": "nic.mtu", "because": "not said", "spread_ratio": 0.2,
                 "goodput_bit_s_low": 3e9, "goodput_bit_s_high": 3.6e9}
            ],
            "experiment_blake3": "00",
            "profiles": [{"kind": "gpu", "name": "a100", "file": "gpu/a100.csv",
                "blake3": "11"}]
        })
        .to_string()
    }
}

/// A made-up validation: four families with known errors, and one row skipped.
pub(crate) fn validation() -> String {
    let mut text =
        "family,file,row,label,measured,predicted,unit,rel_error,used,skipped_why\n".to_owned();
    let families = [("pcie", 60, "GB/s"), ("cni_tcp", 30, "Gbit/s"), ("gpu_latency", 20, "cycles")];
    for (family, rows, unit) in families {
        for row in 0..rows {
            let measured = libm::pow(2.0, 1.0 + 5.0 * f64::from(row) / f64::from(rows));
            let error = 0.12 * (f64::from(row * 37 % 17) / 8.0 - 1.0);
            let predicted = measured * (1.0 + error);
            let used = if row % 3 == 0 { "holdout" } else { "calibration" };
            writeln!(
                text,
                "{family},{family}.csv,{row},{family} <{row}>,{measured},{predicted},\
                 {unit},{error},{used},"
            )
            .unwrap();
        }
    }
    text + "cni_tcp,x.csv,4,odd one,3,,Gbit/s,,holdout,there is no CNI <b>odd</b>\n"
}
