//! Predicting a row of the CNI benchmark: a topology of the row's name, and iperf3 on it.
//!
//! The benchmark sends for 60 s from a pod to a pod on the other node, or to a Service in front of
//! it. The hash that spreads eight flows over receive queues is chance, so a row with several
//! streams is predicted by the mean over many hashes.

use std::collections::{BTreeMap, BTreeSet};

use models::cluster::{Cluster, Drawn, Setting};
use models::input::InputError;
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::{predict as ask, predict_drawn, predict_undrawn};
use models::transfer::{Transfer, Transport};
use models::uncertainty::{DRAWS, Draw};
use sim::{Bytes, Seed};

use crate::family::{CniRow, CniTest};
use crate::file::Row;

/// Hashes of several UDP flows to receive queues that a prediction averages over.
const UDP_HASHES: u64 = 32;
/// The same of TCP flows, which give way to each other instead of losing: their sum hardly varies.
const TCP_HASHES: u64 = 4;
/// Hashes that draws of what is unknown are spread over.
const DRAWN_HASHES: u64 = 4;
/// So long that the costs of beginning and ending vanish, as in a minute of iperf3.
const MESSAGE: Bytes = Bytes::gib(64);

/// Reads a row and makes sure that there is a topology of its name.
///
/// # Errors
/// If a value is missing or impossible, or the set-up is unknown.
pub fn read(row: &Row<'_>, library: &Library) -> Result<CniRow, InputError> {
    let read = CniRow::read(row)?;
    match library.source(Kind::Topology, &read.cni) {
        Ok(_) => Ok(read),
        Err(unknown) => {
            let help = unknown.help.unwrap_or_default();
            Err(row.fault("cni", unknown.problem).help(help))
        }
    }
}

/// Clusters of set-ups, each assembled once.
#[derive(Debug)]
pub struct Setups<'a> {
    library: &'a Library,
    clusters: BTreeMap<(String, Option<u32>), Cluster>,
    drawn: BTreeMap<(String, Option<u32>), Drawn>,
}

impl<'a> Setups<'a> {
    /// No cluster assembled yet.
    pub fn new(library: &'a Library) -> Setups<'a> {
        Setups { library, clusters: BTreeMap::new(), drawn: BTreeMap::new() }
    }

    /// What a row should show.
    ///
    /// # Errors
    /// If the topology of the row's name is malformed.
    pub fn predict(&mut self, row: &CniRow) -> Result<Predicted, InputError> {
        predict(self.cluster(row)?, row.test)
    }

    /// What a row should show in each draw of what is unknown, whose goodput is `goodput` with
    /// nothing drawn, in bit/s.
    ///
    /// # Errors
    /// As [`Setups::predict`].
    pub fn drawn(&mut self, row: &CniRow, goodput: f64) -> Result<Vec<f64>, InputError> {
        self.cluster(row)?;
        let key = (row.cni.clone(), row.pod_mtu);
        if !self.drawn.contains_key(&key) {
            let mtu = row.pod_mtu.map(|mtu| Setting::new("pod.mtu", mtu));
            let drawn = Drawn::new(Draw::all(Seed::new(0), DRAWS), |draw| {
                Cluster::named(&row.cni, &self.library.drawn(draw), mtu.as_slice())
            })?;
            self.drawn.insert(key.clone(), drawn);
        }
        let asked = [transfer(row.test)];
        let hashes = if row.test.streams == 1 { 1 } else { DRAWN_HASHES };
        let seeds: Vec<u64> = (0..hashes).collect();
        let known = predict_undrawn(&self.clusters[&key], &asked, &seeds)?.remove(0);
        let drawn = predict_drawn(&self.drawn[&key], &asked, &seeds, &|| false)?;
        let drawn = drawn.expect("nobody stops it").remove(0);
        let ratio = |(at, drawn): (usize, models::outcome::Reached)| {
            let known = known[at % seeds.len()].goodput;
            goodput * drawn.goodput.as_bytes_per_s() / known.as_bytes_per_s()
        };
        Ok(drawn.into_iter().enumerate().map(ratio).collect())
    }

    /// The kinds of hop whose costs a row can show.
    ///
    /// # Errors
    /// As [`Setups::predict`].
    pub fn hop_kinds(&mut self, row: &CniRow) -> Result<BTreeSet<String>, InputError> {
        let hops = self.cluster(row)?.graph.edge_weights();
        let mut kinds: BTreeSet<String> = hops.map(|hop| hop.kind.to_string()).collect();
        kinds.insert(if row.test.udp { "udp" } else { "tcp" }.into());
        Ok(kinds)
    }

    fn cluster(&mut self, row: &CniRow) -> Result<&Cluster, InputError> {
        let key = (row.cni.clone(), row.pod_mtu);
        if !self.clusters.contains_key(&key) {
            let mtu = row.pod_mtu.map(|mtu| Setting::new("pod.mtu", mtu));
            let cluster = Cluster::named(&row.cni, self.library, mtu.as_slice())?;
            self.clusters.insert(key.clone(), cluster);
        }
        Ok(&self.clusters[&key])
    }
}

/// What iperf3 should report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Payload received in bit/s.
    pub goodput: f64,
    /// Payload sent in bit/s; more than received where datagrams are lost.
    pub sent: f64,
}

/// A test as a transfer.
fn transfer(test: CniTest) -> Transfer {
    let to = if test.service { "server-svc" } else { "server" };
    Transfer {
        transport: if test.udp { Transport::Udp } else { Transport::Tcp },
        streams: test.streams,
        ..Transfer::message("client", to, MESSAGE)
    }
}

/// A test on a cluster with the pods `client` and `server`.
fn predict(cluster: &Cluster, test: CniTest) -> Result<Predicted, InputError> {
    let transfer = transfer(test);
    let hashes = match (test.streams, test.udp) {
        (1, _) => 1,
        (_, true) => UDP_HASHES,
        (_, false) => TCP_HASHES,
    };
    let mut mean = Predicted { goodput: 0.0, sent: 0.0 };
    for hash in 0..hashes {
        let outcomes = ask(cluster, std::slice::from_ref(&transfer), Fidelity::Flow, hash)?;
        mean.goodput += outcomes[0].goodput.as_gbit_s() * 1e9 / hashes as f64;
        mean.sent += outcomes[0].sent.as_gbit_s() * 1e9 / hashes as f64;
    }
    Ok(mean)
}
