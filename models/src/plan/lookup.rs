//! Looking a name up: one round of datagrams after the other, past the caches on the way.
//!
//! Both families of a round are asked for at the same instants and live equally long, so caches
//! hold both or neither, and a round is priced as one question: what two at once cost each other on
//! one core of client and server is left out (`calibration::names` sees it). The kernel makes a
//! connection-tracking entry for each round, since each has a socket of its own.

use sim::{Bytes, Time};

use super::request::Asking;
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::name::cache::{behind, hit_ratio};
use crate::name::resolver::{Resolver, Round};
use crate::name::server::NameServer;
use crate::name::zone::{Verdict, Zone};
use crate::outcome::{Cause, Step as Part};
use crate::transfer::{Connection, Transfer, Transport};

/// The domain of a cluster where nobody chose another (`kubelet --cluster-domain`).
const DOMAIN: &str = "cluster.local";
/// The header of a message, and type and class behind a name (RFC 1035, sections 4.1.1 and 4.1.2).
const HEADER: usize = 12;
const TYPE_AND_CLASS: usize = 4;
/// An A record whose name points back to the question: 2 + 10 + 4 (RFC 1035, section 4.1.4).
const A_RECORD: usize = 16;
/// An SOA record with its names compressed, as in an answer that a name is not there: name 2, fixed
/// fields 10, `ns.dns` and `hostmaster` with pointers 9 and 13, five numbers 20.
const SOA_RECORD: usize = 54;
/// What fits into a datagram (RFC 1035, section 4.2.1); the C library asks for no more.
const DATAGRAM_MAX: usize = 512;

/// One server that may be asked, as seen from the client or from a cache.
struct Path {
    from: String,
    to: String,
    via: Option<String>,
    /// What it costs in each lane.
    servers: Vec<NameServer>,
}

impl Asking<'_> {
    /// Looks the name of the Service up from pod `client`.
    pub(super) fn lookup(&mut self, client: &str) -> Result<(), InputError> {
        let request = self.request;
        let zone = Zone::new(
            DOMAIN,
            [format!("{}.{}.svc.{DOMAIN}", request.service, request.namespace).as_str()],
        );
        let resolver = Resolver {
            ndots: request.ndots,
            order: request.order,
            timeout_s: request.timeout_s,
            attempts: request.attempts,
            ..Resolver::of_pod(&request.namespace, DOMAIN)
        };
        let rounds = resolver.rounds(&request.name, &zone);
        let found = |round: &Round| round.questions.iter().any(|q| q.1 == Verdict::Address);
        if !rounds.iter().any(found) {
            let whole = zone.names.iter().next().expect("one name");
            let problem = format!("`{}` does not lead to `{whole}`", request.name);
            return Err(InputError::new("request.name", problem)
                .help(format!("`{}`, or `{whole}.`", request.service)));
        }
        for round in &rounds {
            let waited = self.chance.waited(&resolver, request.loss, round.questions.len());
            let name = format!("{client}/resolver-timeout");
            let lanes = vec![waited; self.context.clusters.len()];
            self.wait(name, Cause::Queueing, Part::Resolve, &lanes);
            self.round(client, round, &zone)?;
        }
        Ok(())
    }

    /// One round: the node's cache if there is one, the cluster's server if that has no answer, and
    /// whoever is outside if the name is.
    fn round(&mut self, client: &str, round: &Round, zone: &Zone) -> Result<(), InputError> {
        let request = self.request;
        let mut asks = client.to_owned();
        let mut reaches = vec![1.0; self.context.clusters.len()];
        let mut hits: Vec<f64> = {
            let servers = self.path(&asks, "request.dns", &request.dns)?.servers;
            let asked = request.node_hz + request.others_hz;
            servers.iter().map(|server| hit_ratio(asked, server.ttl_s)).collect()
        };
        if let Some(cache) = &request.node_cache {
            let path = self.path(&asks, "request.node_cache", cache)?;
            self.exchange(&path, round, &reaches)?;
            for (lane, server) in path.servers.iter().enumerate() {
                let there = behind(request.node_hz, request.others_hz, server.ttl_s);
                let misses = 1.0 - hit_ratio(request.node_hz, there.ttl_s);
                (reaches[lane], hits[lane]) = (self.chance.part(misses), there.hit);
            }
            asks = path.to;
        }
        if reaches.iter().any(|part| *part > 0.0) {
            let path = self.path(&asks, "request.dns", &request.dns)?;
            self.exchange(&path, round, &reaches)?;
            if !zone.is_inside(&round.name) {
                let mut spans = Vec::with_capacity(reaches.len());
                for ((server, reaches), hit) in path.servers.iter().zip(&reaches).zip(&hits) {
                    let part = reaches * self.chance.part(1.0 - hit);
                    spans.push(Time::from_seconds(server.forward_s * part));
                }
                let name = format!("{}/forward", path.to);
                self.wait(name, Cause::Propagation, Part::Resolve, &spans);
            }
        }
        Ok(())
    }

    fn path(&self, from: &str, field: &str, name: &str) -> Result<Path, InputError> {
        let base = self.context.cluster();
        let (to, via) = self.server(field, name)?;
        let node = base.graph[base.places[&to]].node.as_deref();
        let at = base.hosts.iter().position(|host| Some(host.name.as_str()) == node);
        let of = |cluster: &&Cluster| at.and_then(|at| cluster.hosts[at].names);
        let servers: Option<Vec<NameServer>> = self.context.clusters.iter().map(of).collect();
        let Some(servers) = servers else {
            let problem = format!("the host profile of `{to}` has no costs of a name server");
            return Err(InputError::new(field, problem)
                .help("lines `names.per_query`, `names.forward` and `names.ttl`"));
        };
        Ok(Path { from: from.to_owned(), to, via, servers })
    }

    /// A question and its answer, with a chance in each lane; once more over TCP if the answer does
    /// not fit a datagram.
    fn exchange(&mut self, path: &Path, round: &Round, parts: &[f64]) -> Result<(), InputError> {
        let question = HEADER + round.name.len() + 2 + TYPE_AND_CLASS;
        let found = round.questions.iter().any(|(_, verdict)| *verdict == Verdict::Address);
        let answer = question
            + match found {
                true => A_RECORD * self.request.addresses.max(1) as usize,
                false => SOA_RECORD,
            };
        self.ask(path, Transport::Udp, question, answer.min(DATAGRAM_MAX), parts)?;
        if answer > DATAGRAM_MAX {
            self.open(&path.from, &path.to, path.via.as_deref(), Part::Resolve, parts)?;
            self.ask(path, Transport::Tcp, question, answer, parts)?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        path: &Path,
        transport: Transport,
        question: usize,
        answer: usize,
        parts: &[f64],
    ) -> Result<(), InputError> {
        let (there, back) = (Bytes::new(question as u64), Bytes::new(answer as u64));
        let question = Transfer {
            via: path.via.clone(),
            transport,
            // The first datagram of a socket is the first packet of a tracked connection.
            connection: match transport {
                Transport::Udp => Connection::Opening,
                Transport::Tcp => Connection::Warm,
            },
            ..Transfer::message(&path.from, &path.to, there)
        };
        let answer = Transfer { transport, ..Transfer::message(&path.to, &path.from, back) };
        self.send(&question, Part::Resolve, parts)?;
        let lanes = path.servers.iter().zip(parts);
        let works = lanes.map(|(server, part)| Time::from_seconds(server.per_query_s * part));
        let works: Vec<Time> = works.collect();
        self.wait(format!("{}/names", path.to), Cause::Service, Part::Resolve, &works);
        self.send(&answer, Part::Resolve, parts)
    }
}
