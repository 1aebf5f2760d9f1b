//! The fields of `[request]`: how the result of the transfer was asked for.

use std::sync::Arc;

use models::input::{InputError, Source};
use models::name::resolver::{ATTEMPTS_MAX, NDOTS_MAX, Order, TIMEOUT_MAX_S};
use models::transfer::Request;
use serde::Deserialize;
use sim::Bytes;

use super::field::words;
use super::field::{Is, Raw, fields, host, namespace, number, seconds, size, text, text_or, whole};
use super::problem::Problem;
use super::transfer::Draft;

/// The most questions a second that are taken for a rate.
const RATE_MAX: f64 = 1e9;
/// The highest chance of loss: of ten datagrams, one arrives.
const LOSS_MAX: f64 = 0.9;
/// The most addresses of an answer: what fits a message over TCP (RFC 1035, section 4.2.2).
const ADDRESSES_MAX: i64 = 4000;

/// What calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Client {
    Running,
    Started,
}

fields! {
    /// How the result of the transfer was asked for: the call of a client pod, by name, through a
    /// Service. The transfer is the reply; a connection that is `warm` needs neither name nor
    /// handshake.
    RequestFields: Request "request.";

    /// The Service of the topology that the client calls; the transfer is its reply.
    service: Option<String> = text(Is::Word);
    /// The Service's name as the client's code has it; a dot at the end makes it whole. Default:
    /// the Service's own name.
    name: Option<String> = host();
    /// The Kubernetes namespace of client and Service. Default `default`.
    namespace: String = namespace(), "default";
    /// The size of the request. Default `"1 KiB"`.
    message: Bytes = size(), "1 KiB";
    /// `ndots` of the client's resolver, 0 to 15. Default 5, as the kubelet writes.
    ndots: u32 = whole(0, NDOTS_MAX as i64), "5";
    /// Both address families at once (`parallel`, default), one by one (`serial`), or `ipv4` alone.
    order: Order = words(&["parallel", "serial", "ipv4"]), "parallel";
    /// How long the resolver waits at first, in whole seconds. Default `"5 s"`.
    timeout: u32 = seconds(TIMEOUT_MAX_S), "5 s";
    /// How often it asks, 1 to 5. Default 2.
    attempts: u32 = whole(1, ATTEMPTS_MAX as i64), "2";
    /// The Service or pod that answers for names. Default `kube-dns`.
    dns: String = text(Is::Word), "kube-dns";
    /// The pod on the client's node that answers from its cache first; `none` (default): none.
    node_cache: Option<String> = text_or(&["none"]), "none";
    /// Lookups of this name a second on the client's node. Default 1.
    node_rate: f64 = number(RATE_MAX), "1";
    /// Lookups of this name a second on all other nodes. Default 0.
    others_rate: f64 = number(RATE_MAX), "0";
    /// The chance that a question or its answer is lost, 0 to 0.9. Default 0.
    loss: f64 = number(LOSS_MAX), "0";
    /// Whether the client is `running` (default), or a process that is `started` for this call,
    /// such as `curl`: it loads its resolver first.
    client: Client = words(&["running", "started"]), "running";
    /// Addresses in the answer: more than one for a headless Service. Default 1.
    addresses: u32 = whole(1, ADDRESSES_MAX), "1";
}

impl RequestFields {
    /// The request, if it names a Service; the name that is looked up is the Service's own where no
    /// other is given.
    pub(super) fn finish(&self) -> Result<Request, &'static str> {
        let mut request = self.run();
        if request.service.is_empty() {
            return Err("request.service");
        }
        if request.name.is_empty() {
            request.name.clone_from(&request.service);
        }
        Ok(request)
    }

    /// The request as far as it is given.
    pub(super) fn run(&self) -> Request {
        Request {
            service: self.service.value.clone().unwrap_or_default(),
            name: self.name.value.clone().unwrap_or_default(),
            namespace: self.namespace.value.clone(),
            message: self.message.value,
            ndots: self.ndots.value,
            order: self.order.value,
            timeout_s: self.timeout.value,
            attempts: self.attempts.value,
            dns: self.dns.value.clone(),
            node_cache: self.node_cache.value.clone(),
            node_hz: self.node_rate.value,
            others_hz: self.others_rate.value,
            loss: self.loss.value,
            started: self.client.value == Client::Started,
            addresses: self.addresses.value,
        }
    }
}

/// Puts `[request]` before the one transfer of the experiment; where workloads start transfers,
/// before each of them.
pub(super) fn put_into(
    drafts: &mut [Draft],
    raw: &Raw<RequestFields>,
    over_time: bool,
    source: &Arc<Source>,
) -> Result<(), InputError> {
    if drafts.is_empty() || drafts.len() != 1 && !over_time {
        let problem = Problem::new("there are several transfers", "one [transfer]: the reply");
        return Err(problem.at("request", source, raw.place().unwrap_or(0..0)));
    }
    let request: RequestFields = raw.read_into("request", source)?;
    drafts.iter_mut().for_each(|draft| draft.request = Some(request.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use models::name::resolver::Resolver;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_a_pod() {
        let (ours, pod) = (RequestFields::default().run(), Resolver::of_pod("default", "c.local"));
        assert_eq!((ours.ndots, ours.order), (pod.ndots, pod.order));
        assert_eq!((ours.timeout_s, ours.attempts), (pod.timeout_s, pod.attempts));
    }
}
