//! Workloads against the formulas of queueing theory: the shipped files in `queues/`, 20 seeds
//! each.

use std::path::Path;

use super::{Folder, nightly};

/// A table of results by column name.
struct Sheet {
    header: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

impl Sheet {
    fn read(folder: &Folder, name: &str) -> Sheet {
        let mut reader = csv::Reader::from_path(folder.path().join("out").join(name)).unwrap();
        let header = reader.headers().unwrap().clone();
        Sheet { header, rows: reader.records().map(|row| row.unwrap()).collect() }
    }

    fn text<'s>(&'s self, row: &'s csv::StringRecord, name: &str) -> &'s str {
        let at = self.header.iter().position(|column| column == name);
        &row[at.unwrap_or_else(|| panic!("no column {name}"))]
    }

    fn number(&self, row: &csv::StringRecord, name: &str) -> f64 {
        let text = self.text(row, name);
        text.parse().unwrap_or_else(|_| panic!("{name}: {text}"))
    }
}

/// Runs a shipped queue.
fn ran(name: &str) -> Folder {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("queues").join(name);
    let folder = Folder::new();
    folder.run(&["run", file.to_str().unwrap(), "--out", "out", "--quiet"]);
    folder
}

/// Holds a figure of all replications against the truth: it may lie outside of the 95 % interval by
/// as much as makes that one of 99.9 % (Student's t, 19 degrees: 3.88 for 2.09). Quantiles are read
/// from buckets that are 0.39 % wide.
fn hold(folder: &Folder, table: &str, row: usize, stem: &str, truth: f64) {
    let sheet = Sheet::read(folder, table);
    let row = &sheet.rows[row];
    let of = |end: &str| sheet.number(row, &format!("{stem}{end}"));
    let is_mean = sheet.header.iter().any(|name| name == format!("{stem}_mean"));
    let (value, low, high) = (of(if is_mean { "_mean" } else { "" }), of("_low"), of("_high"));
    let half = (high - low) / 2.0 * 3.88 / 2.09;
    let off = (value - truth).abs();
    assert!(off <= half + 0.004 * truth, "{stem}: {value} ± {half}, not {truth}");
    assert!(half < 0.1 * truth, "{stem}: {value} ± {half} says little of {truth}");
}

/// How many of the replications hold the truth inside the interval that their own runs give: of 20
/// at 95 %, fewer than 16 has a chance of 0.03 %.
fn hold_within(folder: &Folder, stem: &str, truth: f64) {
    let sheet = Sheet::read(folder, "workload_runs.csv");
    assert_eq!(sheet.rows.len(), 20);
    let inside = sheet.rows.iter().filter(|row| {
        let slack = 0.004 * truth;
        sheet.number(row, &format!("{stem}_low")) - slack <= truth
            && truth <= sheet.number(row, &format!("{stem}_high")) + slack
    });
    let inside = inside.count();
    assert!(inside >= 16, "{stem}: {inside} of 20 intervals hold {truth}");
}

/// The row of a resource.
fn resource(folder: &Folder, name: &str) -> usize {
    let sheet = Sheet::read(folder, "resources.csv");
    let named = |row: &csv::StringRecord| sheet.text(row, "resource") == name;
    sheet.rows.iter().position(named).unwrap_or_else(|| panic!("no resource {name}"))
}

#[test]
fn one_server_and_customers_at_random() {
    let folder = ran("mm1.toml");
    let (arrivals, service) = (70.0f64, 100.0f64);
    let mean = 1.0 / (service - arrivals);
    hold(&folder, "workloads.csv", 0, "completion_s", mean);
    hold_within(&folder, "completion_s", mean);
    // The time in the system is exponential.
    for (name, q) in [("p50", 0.5f64), ("p90", 0.9), ("p99", 0.99)] {
        let truth = -mean * libm::log(1.0 - q);
        hold(&folder, "workloads.csv", 0, &format!("completion_s_{name}"), truth);
        hold_within(&folder, &format!("completion_s_{name}"), truth);
    }
    hold(&folder, "workloads.csv", 0, "offered_hz", arrivals);
    hold(&folder, "workloads.csv", 0, "carried_hz", arrivals);
    // Little's law, and the utilisation law.
    hold(&folder, "workloads.csv", 0, "in_flight", arrivals * mean);
    let server = resource(&folder, "server");
    hold(&folder, "resources.csv", server, "busy_ratio", 0.7);
    hold(&folder, "resources.csv", server, "waiting", 0.7 * 0.7 / 0.3);
}

#[test]
fn five_servers_with_one_queue() {
    let folder = ran("mmc.toml");
    let (servers, load, service_hz) = (5, 4.0f64, 10.0);
    let term = |n: i32| load.powi(n) / (1..=n).map(f64::from).product::<f64>();
    let full = term(servers) / (1.0 - load / f64::from(servers));
    let waits = full / ((0..servers).map(term).sum::<f64>() + full);
    let line = waits * load / (f64::from(servers) - load);
    let mean = 1.0 / service_hz + line / (load * service_hz);
    assert!((line - 2.2165).abs() < 1e-4, "{line}: as the file says");
    hold(&folder, "workloads.csv", 0, "completion_s", mean);
    hold_within(&folder, "completion_s", mean);
    let pool = resource(&folder, "servers");
    hold(&folder, "resources.csv", pool, "waiting", line);
    hold(&folder, "resources.csv", pool, "busy_ratio", load / f64::from(servers));
}

#[test]
fn transfers_that_share_a_cable_evenly() {
    if nightly::is_left("a million flows that share a cable") {
        return;
    }
    let folder = ran("mg1-ps.toml");
    // What a message takes with nobody else there: something before its bytes stream, whoever else
    // is there, and so much for each megabyte.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("queues/mg1-ps.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let (whole, _) = text.split_once("# A lognormal factor").unwrap();
    let alone = |message: &str| {
        let folder = Folder::new();
        folder.write("one.toml", whole.replace("1 MB\"", message));
        let told = folder.json(&["run", "one.toml", "--out", "out"]);
        told["experiments"][0]["rows"][0]["completion_s"]["mean"].as_f64().unwrap()
    };
    let (one, two) = (alone("1 MB\""), alone("2 MB\""));
    let service = two - one;
    assert!((service - 0.81).abs() < 0.005, "{service} s: as the file says");
    let mean = one - service + service / (1.0 - 0.7 * service);
    hold(&folder, "workloads.csv", 0, "completion_s", mean);
    hold_within(&folder, "completion_s", mean);
    hold(&folder, "workloads.csv", 0, "in_flight", 0.7 * mean);
    // What the way holds back: all in flight but what moves on at the full rate. Either of its two
    // cables, which are equally fast, may be what does.
    let sheet = Sheet::read(&folder, "resources.csv");
    let waiting = |at: &usize| sheet.number(&sheet.rows[*at], "waiting_mean");
    let cables = (0..sheet.rows.len()).max_by(|a, b| waiting(a).total_cmp(&waiting(b)));
    let cable = cables.unwrap();
    hold(&folder, "resources.csv", cable, "busy_ratio", 0.7 * service);
    let all: f64 = (0..sheet.rows.len()).map(|row| waiting(&row)).sum();
    let truth = 0.7 * (mean - one);
    assert!((all / truth - 1.0).abs() < 0.06, "{all} wait, not {truth}");
}

#[test]
fn clients_that_think_between_requests() {
    let folder = ran("machine-repair.toml");
    let (clients, ratio, service) = (10, 0.015 / 0.1, 0.015);
    // P(n in the system) ∝ N! ÷ (N − n)! × (service ÷ thinking)^n.
    let mut weights = vec![1.0f64];
    for n in 0..clients {
        weights.push(weights[n] * (clients - n) as f64 * ratio);
    }
    let idle = weights[0] / weights.iter().sum::<f64>();
    let carried = (1.0 - idle) / service;
    let mean = clients as f64 / carried - 0.1;
    hold(&folder, "workloads.csv", 0, "completion_s", mean);
    hold_within(&folder, "completion_s", mean);
    hold(&folder, "workloads.csv", 0, "carried_hz", carried);
    let server = resource(&folder, "server");
    hold(&folder, "resources.csv", server, "busy_ratio", 1.0 - idle);
    // Those in flight and those who think are all clients.
    hold(&folder, "workloads.csv", 0, "in_flight", clients as f64 - carried * 0.1);
}

#[test]
fn a_server_that_has_to_start_whenever_it_was_idle() {
    let folder = ran("mg1-setup.toml");
    let (arrivals, service, sigma, start) = (5.0f64, 0.1f64, 1.0f64, 2.0f64);
    let squares = service.powi(2) * libm::exp(sigma.powi(2));
    let load = arrivals * service;
    let queue = arrivals * squares / (2.0 * (1.0 - load));
    let starts = (2.0 * start + arrivals * start.powi(2)) / (2.0 * (1.0 + arrivals * start));
    let mean = service + queue + starts;
    hold(&folder, "workloads.csv", 0, "completion_s", mean);
    hold_within(&folder, "completion_s", mean);
    // It is held while it starts: once in each busy period.
    let idle = (1.0 - load) / (1.0 + arrivals * start);
    hold(&folder, "resources.csv", resource(&folder, "pod"), "busy_ratio", 1.0 - idle);
}

#[test]
fn a_server_that_takes_all_who_wait_at_once() {
    let folder = ran("md-bulk.toml");
    let (arrivals, service) = (200.0f64, 0.01f64);
    let (come, members) = (arrivals * service, arrivals * service + libm::exp(-arrivals * service));
    let wait = come * service / 2.0 / members;
    assert!((members - 2.1353).abs() < 1e-4 && (wait - 4.683e-3).abs() < 1e-6, "as the file says");
    hold(&folder, "batches.csv", 0, "members_per_batch", members);
    hold(&folder, "batches.csv", 0, "wait_s", wait);
    hold(&folder, "workloads.csv", 0, "completion_s", wait + service);
    // Of each cycle the server is busy for a service; it is idle where nobody came meanwhile.
    let idle = libm::exp(-come) / arrivals;
    hold(&folder, "batches.csv", 0, "busy_ratio", service / (service + idle));
}

/// Runs a server of batches: the row of `batches.csv`, and the mean completion \[s\].
fn batched(batch: &str, workload: &str) -> (Sheet, f64) {
    let folder = Folder::new();
    let text = format!(
        "name = \"b\"\ntopologies = [\"baremetal\"]\nrepetitions = 1\n\
         [[batch]]\nname = \"b\"\n{batch}\n\
         [[step]]\nname = \"s\"\nbatch = \"b\"\n[[workload]]\n{workload}\n"
    );
    folder.write("b.toml", text);
    folder.run(&["run", "b.toml", "--out", "out", "--quiet"]);
    let runs = Sheet::read(&folder, "workloads.csv");
    let mean = runs.number(&runs.rows[0], "completion_s_mean");
    (Sheet::read(&folder, "batches.csv"), mean)
}

#[test]
fn batches_of_one_are_a_queue_and_full_ones_wait_to_be_filled() {
    // M/D/1: the wait is ρ S ÷ (2 (1 − ρ)) = 3.5 ms × 10 ÷ 3. Of 200 000 customers its standard
    // error is some 2 %.
    let random = "rate = \"70 /s\"\ncount = 200000";
    let (one, mean) = batched("size = 1\nservice = \"10 ms\"\nwait = \"1 s\"", random);
    let wait = 0.7 * 0.01 / (2.0 * 0.3);
    let row = |name: &str| one.number(&one.rows[0], name);
    assert!((row("wait_s_mean") / wait - 1.0).abs() < 0.05, "{}", row("wait_s_mean"));
    assert!((mean - 0.01 - row("wait_s_mean")).abs() < 1e-9, "{mean}");
    assert_eq!((row("members"), row("batches")), (200e3, 200e3));
    // Of n the k-th waits for n − k more: (n − 1) ÷ (2 λ) in the mean, if the server is free.
    let slow = "rate = \"100 /s\"\ncount = 80000";
    let full = "size = 8\nservice = \"10 us\"\nwait = \"1000 s\"\nper_member = \"1 us\"";
    let (full, _) = batched(full, slow);
    let row = |name: &str| full.number(&full.rows[0], name);
    assert_eq!((row("members"), row("batches")), (80e3, 10e3));
    assert!((row("wait_s_mean") / 0.035 - 1.0).abs() < 0.02, "{}", row("wait_s_mean"));
    assert!((row("service_s_mean") - 18e-6).abs() < 1e-12, "{}", row("service_s_mean"));
}

#[test]
fn whoever_leaves_the_line_is_late_and_all_others_are_served() {
    // Two a batch, and nobody waits for longer than 5 ms: nine come every 2 ms, one of them alone.
    let (sheet, mean) = batched(
        "size = 2\nservice = \"1 ms\"\nwait = \"1 s\"",
        "every = \"2 ms\"\ncount = 9\nlimit = \"5 ms\"",
    );
    assert_eq!(sheet.number(&sheet.rows[0], "members"), 8.0);
    assert!((mean - 2e-3).abs() < 1e-12, "{mean}");
}
