//! Ends of transfers, by name.

use petgraph::graph::NodeIndex;

use super::{Cluster, PlaceKind, Service};
use crate::input::{InputError, suggest};

/// What stands for the first GPU of a topology that a pod holds, in the order of its file.
pub const FIRST: &str = "@first";
/// What stands for the last one.
pub const LAST: &str = "@last";

/// An end of a transfer.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint<'a> {
    /// A GPU's or a pod's memory.
    Place(NodeIndex),
    /// A Service in front of pods.
    Service(&'a Service),
}

impl Cluster {
    /// The place or Service called `name`.
    ///
    /// # Errors
    /// If there is none; the help names the nearest.
    pub fn endpoint(&self, field: &str, name: &str) -> Result<Endpoint<'_>, InputError> {
        if let Some(service) = self.services.get(name) {
            return Ok(Endpoint::Service(service));
        }
        let ends = match name {
            FIRST => self.gpus.keys().next(),
            LAST => self.gpus.keys().next_back(),
            _ => None,
        };
        if let Some(gpu) = ends {
            return Ok(Endpoint::Place(*gpu));
        }
        if let Some(family) = self.families.get(name) {
            return Err(InputError::new(field, family.described())
                .help(format!("one of them: `{}`", family.at(0))));
        }
        let is_end = |kind| matches!(kind, PlaceKind::DeviceMemory | PlaceKind::PodMemory);
        match self.places.get(name) {
            Some(&place) if is_end(self.graph[place].kind) => Ok(Endpoint::Place(place)),
            _ => {
                let ends = self.places.iter().filter(|(_, at)| is_end(self.graph[**at].kind));
                let services = self.services.keys().map(|name| &**name);
                let known: Vec<&str> = ends.map(|(name, _)| &**name).chain(services).collect();
                let problem =
                    format!("`{name}` is no GPU, pod or Service of topology `{}`", self.name);
                Err(InputError::new(field, problem).help(suggest(name, known)))
            }
        }
    }
}
