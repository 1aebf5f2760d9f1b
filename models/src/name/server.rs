//! What answering costs where a name server runs: lines `names.…` of a host profile.

use crate::input::InputError;
use crate::profile::Profile;

/// A name server on one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NameServer {
    /// Core time of one question that is answered from memory, in seconds.
    pub per_query_s: f64,
    /// How long the resolver outside the cluster takes, there and back, in seconds.
    pub forward_s: f64,
    /// How long an answer lives, that a name is not there included (RFC 2308), in seconds.
    pub ttl_s: f64,
}

impl NameServer {
    /// What a host profile says of name servers; none if it says nothing.
    ///
    /// # Errors
    /// If one of the lines is missing or is no time.
    pub fn of_host(profile: &Profile) -> Result<Option<NameServer>, InputError> {
        if !profile.has("names.per_query") {
            return Ok(None);
        }
        Ok(Some(NameServer {
            per_query_s: profile.seconds("names.per_query")?,
            forward_s: profile.seconds("names.forward")?,
            ttl_s: profile.seconds("names.ttl")?,
        }))
    }
}
