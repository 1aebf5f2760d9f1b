//! The stub resolver of the C library: which names it tries, in which order, with which questions.
//!
//! Source: `resolv.conf(5)` (`ndots`, `search`, `single-request`, `timeout`, `attempts`,
//! `rotate`) and `getaddrinfo(3)`. Kubernetes writes `ndots:5` and three search domains into every
//! pod (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>), so that a name
//! with fewer than five dots is tried behind each of them first.

use serde::{Deserialize, Serialize};

use super::zone::{Family, Verdict, Zone};

/// The least number of dots that `ndots` is cut to (`RES_MAXNDOTS`, `resolv.conf(5)`).
pub const NDOTS_MAX: u32 = 15;
/// The longest time-out that is not cut (`RES_MAXRETRANS`, `resolv.conf(5)`) in seconds.
pub const TIMEOUT_MAX_S: u32 = 30;
/// The most attempts that are not cut (`RES_MAXRETRY`, `resolv.conf(5)`).
pub const ATTEMPTS_MAX: u32 = 5;
/// The most name servers that are read (`MAXNS`, `resolv.conf(5)`).
pub const SERVERS_MAX: u32 = 3;

/// How the addresses of both families are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Both questions at once from one socket: the C library's default.
    #[default]
    Parallel,
    /// One after the other (`single-request`).
    Serial,
    /// IPv4 alone, as a caller may ask (`AF_INET`).
    #[serde(rename = "ipv4")]
    OnlyV4,
}

/// The settings of a resolver, as `/etc/resolv.conf` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// A name with this many dots or more is first tried as it stands.
    pub ndots: u32,
    /// Domains that are put behind a name, in order.
    pub search: Vec<String>,
    /// How both families are asked for.
    pub order: Order,
    /// How long an answer is waited for at first in seconds.
    pub timeout_s: u32,
    /// How often all servers are asked.
    pub attempts: u32,
    /// How many servers there are.
    pub servers: u32,
}

/// Questions that are under way together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The whole name that is asked for.
    pub name: String,
    /// The families asked for, with what is said to each.
    pub questions: Vec<(Family, Verdict)>,
}

impl Default for Resolver {
    /// The defaults of `resolv.conf(5)`: `ndots:1`, `timeout:5`, `attempts:2`, one server.
    fn default() -> Resolver {
        Resolver {
            ndots: 1,
            search: Vec::new(),
            order: Order::Parallel,
            timeout_s: 5,
            attempts: 2,
            servers: 1,
        }
    }
}

impl Resolver {
    /// What the kubelet writes for a pod of `namespace` in a cluster of `domain`.
    pub fn of_pod(namespace: &str, domain: &str) -> Resolver {
        let search = [format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.into()];
        Resolver { ndots: 5, search: search.into(), ..Resolver::default() }
    }

    /// The whole names that are tried, in order, until one has an address.
    ///
    /// A dot at the end says that the name is whole. Else the name stands before the search list
    /// if it has `ndots` dots or more, and behind it if it has fewer.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(whole) = name.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let dots = name.bytes().filter(|&byte| byte == b'.').count() as u32;
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let itself = [name.to_owned()];
        match dots >= self.ndots.min(NDOTS_MAX) {
            true => itself.into_iter().chain(searched).collect(),
            false => searched.chain(itself).collect(),
        }
    }

    /// The questions that are asked for `name` where `zone` answers: up to the first name with an
    /// address, or all of them.
    pub fn rounds(&self, name: &str, zone: &Zone) -> Vec<Round> {
        let mut rounds = Vec::new();
        for name in self.candidates(name) {
            let asked = |families: &[Family]| Round {
                questions: families.iter().map(|&f| (f, zone.verdict(&name, f))).collect(),
                name: name.clone(),
            };
            let next = match self.order {
                Order::Parallel => vec![asked(&[Family::V4, Family::V6])],
                Order::Serial => vec![asked(&[Family::V4]), asked(&[Family::V6])],
                Order::OnlyV4 => vec![asked(&[Family::V4])],
            };
            let mut verdicts = next.iter().flat_map(|round| &round.questions);
            let found = verdicts.any(|(_, verdict)| *verdict == Verdict::Address);
            rounds.extend(next);
            if found {
                break;
            }
        }
        rounds
    }
}

/// The number of datagrams with a question in `rounds`, where none is lost.
pub fn questions(rounds: &[Round]) -> usize {
    rounds.iter().map(|round| round.questions.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Zone {
        let names = ["infer.shop.svc.cluster.local", "db.shop.svc.cluster.local", "example.com"];
        Zone::new("cluster.local", names)
    }

    /// Counted by hand from resolv.conf(5) and the search list of a pod.
    #[test]
    fn how_many_questions_a_name_costs() {
        let pod = Resolver::of_pod("shop", "cluster.local");
        let with = |ndots| Resolver { ndots, ..pod.clone() };
        let cases = [
            // The first search domain completes it.
            (with(5), "infer", 2),
            // infer.shop.shop.svc… fails, infer.shop.svc… is it.
            (with(5), "infer.shop", 4),
            // …shop.svc.cluster.local, …svc.cluster.local fail, …cluster.local is it.
            (with(5), "infer.shop.svc", 6),
            // Four dots are fewer than five: three domains fail first.
            (with(5), "infer.shop.svc.cluster.local", 8),
            (with(4), "infer.shop.svc.cluster.local", 2),
            (with(5), "infer.shop.svc.cluster.local.", 2),
            (with(5), "example.com", 8),
            (with(1), "example.com", 2),
            (with(5), "example.com.", 2),
            // What is nowhere is asked for everywhere.
            (with(5), "nowhere.example", 8),
            (with(1), "nowhere.example", 8),
            (with(0), "infer", 4),
            (Resolver { order: Order::Serial, ..with(5) }, "infer.shop", 4),
            (Resolver { order: Order::OnlyV4, ..with(5) }, "example.com", 4),
        ];
        for (resolver, name, expected) in cases {
            let asked = questions(&resolver.rounds(name, &cluster()));
            assert_eq!(asked, expected, "{name} with ndots:{}", resolver.ndots);
        }
    }

    #[test]
    fn one_after_the_other_takes_more_rounds_for_the_same_questions() {
        let pod = Resolver::of_pod("shop", "cluster.local");
        let serial = Resolver { order: Order::Serial, ..pod.clone() };
        let (parallel, serial) = (
            pod.rounds("infer.shop", &cluster()).len(),
            serial.rounds("infer.shop", &cluster()).len(),
        );
        assert_eq!((parallel, serial), (2, 4));
    }

    #[test]
    fn another_search_domain_never_saves_a_question_to_a_name_outside() {
        for domains in 0..6 {
            let search = |n: usize| (0..n).map(|i| format!("d{i}.cluster.local")).collect();
            let asked = |n| {
                let resolver = Resolver { ndots: 5, search: search(n), ..Resolver::default() };
                questions(&resolver.rounds("example.com", &cluster()))
            };
            assert_eq!(asked(domains), 2 * (domains + 1));
            assert!(asked(domains + 1) >= asked(domains));
        }
    }
}
