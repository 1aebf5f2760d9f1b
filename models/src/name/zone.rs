//! What there is to be found: the names of a cluster, and those outside it.

use std::collections::BTreeSet;

/// The family of the address that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `A`: IPv4.
    V4,
    /// `AAAA`: IPv6.
    V6,
}

/// What an authority says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An address.
    Address,
    /// The name is there, but has no address of this family (NODATA, RFC 2308 section 2.2).
    NoData,
    /// There is no such name (NXDOMAIN, RFC 2308 section 2.1).
    NoName,
}

/// The names that exist, in a cluster whose addresses are IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The domain of the cluster, without dots around it: `cluster.local`.
    pub domain: String,
    /// Every name that exists, inside that domain and outside, in lower case.
    pub names: BTreeSet<String>,
}

impl Zone {
    /// A cluster of domain `domain` in which `names` exist.
    pub fn new<'a>(domain: &str, names: impl IntoIterator<Item = &'a str>) -> Zone {
        let names = names.into_iter().map(plain).collect();
        Zone { domain: plain(domain), names }
    }

    /// What is said to a question; names have no case (RFC 1035, section 2.3.3).
    pub fn verdict(&self, name: &str, family: Family) -> Verdict {
        match (self.names.contains(&plain(name)), family) {
            (true, Family::V4) => Verdict::Address,
            (true, Family::V6) => Verdict::NoData,
            (false, _) => Verdict::NoName,
        }
    }

    /// Whether the cluster's own server is the authority, so that nobody else has to be asked.
    pub fn is_inside(&self, name: &str) -> bool {
        let name = plain(name);
        name == self.domain || name.ends_with(&format!(".{}", self.domain))
    }
}

/// Lower case, without the dot of the root.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
