//! What a job moves on a cluster.

use models::cluster::Cluster;
use models::collective::{Algorithm, Collective, Fabric, Group, Protocol};
use models::input::InputError;
use models::outcome::Fidelity;
use models::training::Job;
use models::transfer::Transfer;
use serde_spanned::Spanned;
use sim::Bytes;

use super::super::over;
use super::super::value::{Amount, Reader, Value};
use super::Moved;
use super::raw::RawJob;

/// On a cluster.
pub(super) fn on_cluster(
    own: &RawJob,
    place: &Spanned<RawJob>,
    (bucket, exchange): (f64, Option<f64>),
    (cluster, job): (&Cluster, &Job),
    reader: Reader<'_>,
) -> Result<Moved, InputError> {
    let why = "the topology says how fast gradients are reduced";
    reader.unread(&own.bus, "job.bus".into(), why, "no bus, or no topology")?;
    let gpus = own.gpus.as_ref().expect("it was asked for");
    for name in gpus.get_ref().iter().filter(|name| name.get_ref() != Group::ALL) {
        over::has_place(cluster, name, "job.gpus", reader)?;
    }
    let together = |collective: Collective, of: f64| {
        let group = group(own, collective, reader)?;
        planned(Transfer::together(group, bytes(of)), place, (cluster, reader)).map(Box::new)
    };
    let bucket = match job.buckets {
        0 => None,
        _ => Some(together(Collective::AllReduce, bucket)?),
    };
    let exchange = exchange.map(|of| together(Collective::AllToAll, of)).transpose()?;
    let data = data(own, place, (cluster, reader))?;
    Ok(Moved::Cluster { bucket, exchange, data })
}

/// What the ranks do together.
fn group(own: &RawJob, collective: Collective, reader: Reader<'_>) -> Result<Group, InputError> {
    let gpus = own.gpus.as_ref().expect("it was asked for");
    Ok(Group {
        collective,
        ranks: gpus.get_ref().iter().map(|name| name.get_ref().clone()).collect(),
        algorithm: match collective {
            Collective::AllReduce => word(&own.algorithm, "algorithm", reader, |text| {
                [Algorithm::Ring, Algorithm::Tree, Algorithm::Nvls, Algorithm::NvlsTree]
                    .into_iter()
                    .find(|one| one.name() == text)
            })?,
            _ => None,
        },
        protocol: word(&own.protocol, "protocol", reader, |text| {
            [Protocol::Ll, Protocol::Ll128, Protocol::Simple]
                .into_iter()
                .find(|one| one.name() == text)
        })?,
        network: word(&own.network, "network", reader, |text| {
            Fabric::ALL.iter().find(|(name, _)| *name == text).map(|(_, one)| *one)
        })?,
        rails: reader.count(&own.rails, "job.rails", (1, 1024))?,
        threads: reader.count(&own.threads, "job.threads", (1, 64))?.unwrap_or(1),
        // Ranks that compute meanwhile are slower by `beside`; what that does to the
        // collective is in the doubt of the library.
        beside_kernels: false,
    })
}

/// A transfer that the cluster can carry.
fn planned(
    transfer: Transfer,
    place: &Spanned<RawJob>,
    (cluster, reader): (&Cluster, Reader<'_>),
) -> Result<Transfer, InputError> {
    let one = std::slice::from_ref(&transfer);
    models::predict::check(cluster, one, Fidelity::Flow).map_err(|error| {
        let help = error.help.unwrap_or_else(|| "ranks that reach each other".into());
        let problem = format!("{}: {}", error.field, error.problem);
        reader.fault(place, "job", problem).help(help)
    })?;
    Ok(transfer)
}

fn bytes(own: f64) -> Bytes {
    Bytes::new(own.ceil().max(1.0) as u64)
}

/// The data of a step, from a store to each pod.
fn data(
    own: &RawJob,
    place: &Spanned<RawJob>,
    (cluster, reader): (&Cluster, Reader<'_>),
) -> Result<Vec<Transfer>, InputError> {
    match reader.amount(&own.data, "job.data", Amount::Bytes)? {
        None => {
            reader.unread(
                &own.store,
                "job.store".into(),
                "no data are loaded",
                "data = \"64 MB\"",
            )?;
            Ok(Vec::new())
        }
        Some(each) => {
            let store = own.store.as_ref().ok_or_else(|| {
                let value = own.data.as_ref().expect("they are given");
                reader
                    .fault(value, "job.store", "is missing: data come from nowhere")
                    .help("the pod that has them, and the pods that need them: store, pods")
            })?;
            let named = Spanned::new(store.span(), store.get_ref().to_string());
            over::has_place(cluster, &named, "job.store", reader)?;
            let pods = own.pods.as_ref().ok_or_else(|| {
                reader
                    .fault(place, "job.pods", "is missing: nobody needs the data")
                    .help("the pods that load them: pods = [\"worker-0\"]")
            })?;
            let streams = reader.count(&own.streams, "job.streams", (1, 1024))?.unwrap_or(1);
            let one = |pod: &Spanned<String>| {
                over::has_place(cluster, pod, "job.pods", reader)?;
                let message =
                    Transfer::message(named.get_ref().clone(), pod.get_ref().clone(), bytes(each));
                planned(Transfer { streams, ..message }, place, (cluster, reader))
            };
            pods.get_ref().iter().map(one).collect()
        }
    }
}

fn word<T: Copy>(
    value: &Value,
    key: &str,
    reader: Reader<'_>,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, InputError> {
    let Some(value) = value else { return Ok(None) };
    let text = value.get_ref().to_string();
    match find(&text) {
        Some(found) => Ok(Some(found)),
        None => Err(reader
            .fault(value, format!("job.{key}"), format!("`{text}` is not known"))
            .help("what NCCL is told; see README.md, Collectives")),
    }
}
