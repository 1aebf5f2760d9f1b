//! Services in the graph: the pods behind each, and what its translation costs on each machine.

use std::sync::Arc;

use serde_spanned::Spanned;

use super::assemble::Builder;
use super::classes::class;
use super::network::{core_speed, cpu_hop};
use super::{Hop, HopModel, Lane, Service, Side, Word};
use crate::catalogue::{CniSpec, HopSpec};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::service::translation::FirstPacket;
use crate::topology::{Placed, ServiceTable};

impl Builder<'_> {
    /// Adds a Service.
    pub(super) fn service(&mut self, service: &Placed<ServiceTable>) -> Result<(), InputError> {
        let table = &service.table;
        self.claim(service, &table.name)?;
        let mut pods = Vec::new();
        for pod in table.pods.get_ref() {
            pods.push(self.pod_of(service, "pods", pod)?);
        }
        if pods.is_empty() {
            return Err(service
                .fault(&table.pods, "pods", "a Service needs a pod behind it".into())
                .help("pods = [\"server\"]"));
        }
        let name = table.name.get_ref().clone();
        let hops = service_hops(self, service)?;
        self.cluster.services.insert(name.clone(), Service { name, pods, hops });
        Ok(())
    }
}

/// What a Service costs a client, for each machine.
fn service_hops(
    builder: &mut Builder<'_>,
    service: &Placed<ServiceTable>,
) -> Result<Vec<Hop>, InputError> {
    let name = service.table.name.get_ref();
    let nodes: Vec<(Word, Placed<Spanned<String>>)> =
        builder.machines.iter().filter_map(|(n, m)| Some((n.clone(), m.cni.clone()?))).collect();
    let mut hops: Vec<(usize, Hop)> = Vec::new();
    for (node, cni) in nodes {
        let spec = proxy_of(builder, service, &cni)?;
        let mut cpu = cpu_hop(builder, &node, &spec, Side::Send)?;
        let rule = format!("{}.per_rule", spec.name);
        let profile = &builder.machines[&node].profile;
        let per_rule_s = profile.seconds(&rule)? / core_speed(profile)?;
        let costs = Arc::make_mut(&mut cpu.costs);
        for costs in [&mut costs.tcp, &mut costs.udp] {
            let first = FirstPacket { fixed_s: costs.per_connection, per_rule_s };
            costs.per_connection = first.seconds(service.table.installed);
        }
        let (name, kind) = (builder.name(&node, &format!("/{name}")), builder.word(&spec.name));
        let host = cpu.host;
        hops.push((host, Hop { name, kind, lane: Lane::Host, model: HopModel::Cpu(cpu) }));
    }
    hops.sort_by_key(|(host, _)| *host);
    Ok(hops.into_iter().map(|(_, hop)| hop).collect())
}

fn proxy_of(
    builder: &mut Builder<'_>,
    service: &Placed<ServiceTable>,
    cni: &Placed<Spanned<String>>,
) -> Result<HopSpec, InputError> {
    let library = builder.library;
    let Some(proxy) = &service.table.proxy else {
        let name = cni.table.get_ref();
        let load = || CniSpec::load(name, library);
        let cni = class(&mut builder.classes.cnis, name.clone(), load)?;
        return cni.proxy.clone().ok_or_else(|| {
            let problem = format!("CNI `{}` names no proxy", cni.name);
            service.fault(&service.table.name, "proxy", problem).help("proxy = \"iptables\"")
        });
    };
    let name = format!("service-{}", proxy.get_ref());
    if library.source(Kind::Hop, &name).is_err() {
        let known: Vec<&str> =
            library.names(Kind::Hop).filter_map(|n| n.strip_prefix("service-")).collect();
        let problem = format!("no Service proxy is called `{}`", proxy.get_ref());
        return Err(service.fault(proxy, "proxy", problem).help(suggest(proxy.get_ref(), known)));
    }
    let spec = class(&mut builder.classes.proxies, name.clone(), || HopSpec::load(&name, library));
    Ok((*spec?).clone())
}
