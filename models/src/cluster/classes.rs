//! What is worked out once for all things that are alike: what a kind of hop costs on a kind of
//! machine, a container network, a GPU, a port. Ten thousand nodes of three classes read three
//! profiles.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::Side;
use super::hop::Costs;
use super::slot::Seated;
use crate::catalogue::{CniSpec, HopSpec};
use crate::gpu::Gpu;
use crate::profile::Profile;
use crate::uncertainty::hypothesis::Fields;

/// A profile that the builder holds, by its address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Of(*const Profile);

impl Of {
    pub(super) fn profile(profile: &Arc<Profile>) -> Of {
        Of(Arc::as_ptr(profile))
    }
}

/// Classes by what makes things alike.
#[derive(Default)]
pub(super) struct Classes {
    /// Container networks by name.
    pub(super) cnis: HashMap<String, Arc<CniSpec>>,
    /// How Services are translated, by the name of the hop.
    pub(super) proxies: HashMap<String, Arc<HopSpec>>,
    /// What hops cost, by host profile, kind and side.
    pub(super) hops: HashMap<(Of, String, Side), Arc<Costs>>,
    /// What the socket layer costs, by host profile and side.
    pub(super) sockets: HashMap<(Of, Side), Arc<Costs>>,
    /// What states say of cards, by the name of the profile.
    pub(super) cards: HashMap<String, Arc<Fields>>,
    /// GPUs by profile.
    pub(super) gpus: HashMap<Of, Arc<Gpu>>,
    /// Ports by the profiles of slot and card.
    pub(super) ports: HashMap<(Of, Option<Of>), Arc<Seated>>,
}

/// The class of `key`: known, or made now.
pub(super) fn class<K: Eq + Hash, T, E>(
    known: &mut HashMap<K, Arc<T>>,
    key: K,
    make: impl FnOnce() -> Result<T, E>,
) -> Result<Arc<T>, E> {
    if let Some(known) = known.get(&key) {
        return Ok(Arc::clone(known));
    }
    let made = Arc::new(make()?);
    known.insert(key, Arc::clone(&made));
    Ok(made)
}
