//! Looking a name up: one round of datagrams after the other, past the caches on the way.
//!
//! Both families of a round are asked for at the same instants and live equally long, so caches
//! hold both or neither, and a round is priced as one question: what two at once cost each other on
//! one core of client and server is left out (`calibration_lab::names` sees it). The kernel makes a
//! connection-tracking entry for each round, since each has a socket of its own.

use sim::{Bytes, Time};

use super::chance::Waited;
use super::draw::Part;
use super::request::Asking;
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::name::cache::{behind, hit_ratio};
use crate::name::resolver::{Resolver, Round};
use crate::name::server::NameServer;
use crate::name::zone::{Verdict, Zone};
use crate::outcome::{Cause, Step};
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
        if request.started {
            let lines = self.context.clusters.iter().map(|cluster| {
                let host = cluster.places.get(client).and_then(|at| cluster.host_of(*at));
                let host = host.expect("the client is a pod of a machine");
                host.profile.seconds("names.client").map(Time::from_seconds)
            });
            let lanes = lines.collect::<Result<Vec<Time>, InputError>>()?;
            let name = format!("{client}/resolver");
            self.wait(name, Cause::Service, &lanes, self.context.only_if);
        }
        for round in &rounds {
            let questions = round.questions.len();
            let waited = self.chance.waited(self.draft, &resolver, request.loss, questions);
            let name = format!("{client}/resolver-timeout");
            match waited {
                Waited::Span(span) => {
                    let lanes = vec![span; self.context.clusters.len()];
                    self.wait(name, Cause::Queueing, &lanes, self.context.only_if);
                }
                Waited::Drawn(amount) => self.drawn(name, Cause::Queueing, amount),
            }
            self.round(client, round, &zone)?;
        }
        Ok(())
    }

    /// One round: the node's cache if there is one, the cluster's server if that has no answer, and
    /// whoever is outside if the name is.
    fn round(&mut self, client: &str, round: &Round, zone: &Zone) -> Result<(), InputError> {
        let request = self.request;
        let mut asks = client.to_owned();
        let mut reaches = Part::all(self.context.clusters.len(), self.context.only_if);
        let mut hits: Vec<f64> = {
            let servers = self.path(&asks, "request.dns", &request.dns)?.servers;
            let asked = request.node_hz + request.others_hz;
            servers.iter().map(|server| hit_ratio(asked, server.ttl_s)).collect()
        };
        if let Some(cache) = &request.node_cache {
            let path = self.path(&asks, "request.node_cache", cache)?;
            self.exchange(&path, round, &reaches)?;
            let mut misses = Vec::with_capacity(hits.len());
            for (server, hit) in path.servers.iter().zip(&mut hits) {
                let there = behind(request.node_hz, request.others_hz, server.ttl_s);
                misses.push(1.0 - hit_ratio(request.node_hz, there.ttl_s));
                *hit = there.hit;
            }
            reaches = self.chance.part(self.draft, &misses, &reaches);
            asks = path.to;
        }
        if reaches.values.iter().any(|part| *part > 0.0) {
            let path = self.path(&asks, "request.dns", &request.dns)?;
            self.exchange(&path, round, &reaches)?;
            if !zone.is_inside(&round.name) {
                let misses: Vec<f64> = hits.iter().map(|hit| 1.0 - hit).collect();
                let asked = self.chance.part(self.draft, &misses, &reaches);
                let lanes = path.servers.iter().zip(&asked.values);
                let spans = lanes.map(|(server, part)| Time::from_seconds(server.forward_s * part));
                let spans: Vec<Time> = spans.collect();
                let name = format!("{}/forward", path.to);
                self.wait(name, Cause::Propagation, &spans, asked.only_if);
            }
        }
        Ok(())
    }

    fn path(&self, from: &str, field: &str, name: &str) -> Result<Path, InputError> {
        let base = self.context.cluster();
        let (to, via) = self.server(field, name)?;
        let node = base.graph[base.places[to.as_str()]].node.as_deref();
        let at = base.hosts.iter().position(|host| Some(&*host.name) == node);
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
    fn exchange(&mut self, path: &Path, round: &Round, part: &Part) -> Result<(), InputError> {
        let question = HEADER + round.name.len() + 2 + TYPE_AND_CLASS;
        let found = round.questions.iter().any(|(_, verdict)| *verdict == Verdict::Address);
        let answer = question
            + match found {
                true => A_RECORD * self.request.addresses.max(1) as usize,
                false => SOA_RECORD,
            };
        self.ask(path, Transport::Udp, question, answer.min(DATAGRAM_MAX), part)?;
        if answer > DATAGRAM_MAX {
            self.open(&path.from, &path.to, path.via.as_deref(), Step::Resolve, part)?;
            self.ask(path, Transport::Tcp, question, answer, part)?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        path: &Path,
        transport: Transport,
        question: usize,
        answer: usize,
        part: &Part,
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
        self.send(&question, Step::Resolve, part)?;
        let lanes = path.servers.iter().zip(&part.values);
        let works = lanes.map(|(server, part)| Time::from_seconds(server.per_query_s * part));
        let works: Vec<Time> = works.collect();
        self.wait(format!("{}/names", path.to), Cause::Service, &works, part.only_if);
        self.send(&answer, Step::Resolve, part)
    }
}
