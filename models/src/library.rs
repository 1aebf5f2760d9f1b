//! All the data that a topology file may name: profiles, hop kinds, CNI compositions, topologies.
//!
//! The library holds texts that somebody else has read (shipped with the program, or from the
//! user's folders); a later text of the same kind and name replaces an earlier one, so that a user
//! can override a shipped profile by putting a file of the same name beside the experiment.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::format;
use crate::gpu::assumed;
use crate::input::{InputError, Source, suggest};
use crate::profile::{Profile, schema};
use crate::topology::Parsed;
use crate::uncertainty::Draw;
use crate::uncertainty::hypothesis::Hypothesis;
use crate::uncertainty::posterior::Posterior;

/// How many profiles may be like each other in a row.
const LIKES_MAX: usize = 8;

/// What a data file describes; equally the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A host's CPU costs per hop, cores, memory channels (CSV).
    Host,
    /// A GPU model (CSV).
    Gpu,
    /// A PCIe port: generation, lanes, payload sizes, tags (CSV).
    Pcie,
    /// A network interface card (CSV).
    Nic,
    /// A kind of hop in the container network: header bytes, where its work runs (TOML).
    Hop,
    /// A container network as a composition of hops (TOML).
    Cni,
    /// A cluster (TOML).
    Topology,
    /// How far the models themselves are off (CSV).
    Model,
    /// How the lines of a fitted profile of the same name hang together (CSV).
    Posterior,
    /// What of a class of machines is in one of a few states (TOML).
    Hypothesis,
    /// What steps and bytes of collectives cost (CSV).
    Collective,
}

impl Kind {
    /// Every kind, in the order in which folders are listed.
    pub const ALL: [Kind; 11] = [
        Kind::Host,
        Kind::Gpu,
        Kind::Pcie,
        Kind::Nic,
        Kind::Hop,
        Kind::Cni,
        Kind::Topology,
        Kind::Model,
        Kind::Posterior,
        Kind::Hypothesis,
        Kind::Collective,
    ];

    /// The folder of this kind below `profiles/`.
    pub const fn folder(self) -> &'static str {
        match self {
            Kind::Host => "host",
            Kind::Gpu => "gpu",
            Kind::Pcie => "pcie",
            Kind::Nic => "nic",
            Kind::Hop => "hop",
            Kind::Cni => "cni",
            Kind::Topology => "topology",
            Kind::Model => "model",
            Kind::Posterior => "posterior",
            Kind::Hypothesis => "hypothesis",
            Kind::Collective => "collective",
        }
    }

    /// The ending of this kind's files, without the dot.
    pub const fn ending(self) -> &'static str {
        match self {
            Kind::Host
            | Kind::Gpu
            | Kind::Pcie
            | Kind::Nic
            | Kind::Model
            | Kind::Posterior
            | Kind::Collective => "csv",
            Kind::Hop | Kind::Cni | Kind::Topology | Kind::Hypothesis => "toml",
        }
    }

    /// Whether its files are tables of parameters, with the lines that the
    /// [`schema`] lists.
    pub const fn is_profile(self) -> bool {
        matches!(
            self,
            Kind::Host | Kind::Gpu | Kind::Pcie | Kind::Nic | Kind::Model | Kind::Collective
        )
    }
}

/// Named texts by kind.
#[derive(Clone, Debug, Default)]
pub struct Library {
    entries: BTreeMap<(Kind, String), Arc<Entry>>,
    settings: BTreeMap<(Kind, String, String), f64>,
    draw: Option<Draw>,
    collectives: bool,
}

/// A text, and what it says if it is a profile, a posterior, a hypothesis or a topology: parsed
/// and checked once, for all copies of the library.
#[derive(Debug)]
struct Entry {
    source: Arc<Source>,
    profile: OnceLock<Profile>,
    posterior: OnceLock<Posterior>,
    hypothesis: OnceLock<Hypothesis>,
    topology: OnceLock<Arc<Parsed>>,
}

impl Library {
    /// An empty library.
    pub fn new() -> Library {
        Library::default()
    }

    /// Adds a text, replacing one of the same kind and name.
    pub fn add(&mut self, kind: Kind, name: impl Into<String>, source: Arc<Source>) {
        let entry = Entry {
            source,
            profile: OnceLock::new(),
            posterior: OnceLock::new(),
            hypothesis: OnceLock::new(),
            topology: OnceLock::new(),
        };
        self.entries.insert((kind, name.into()), Arc::new(entry));
    }

    /// The names of one kind, sorted.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> + Clone {
        let from = self.entries.range((kind, String::new())..);
        from.map(|(key, _)| key).take_while(move |(k, _)| *k == kind).map(|(_, name)| name.as_str())
    }

    /// The text of one entry.
    ///
    /// # Errors
    /// If there is no such name; the help names the nearest.
    pub fn source(&self, kind: Kind, name: &str) -> Result<&Arc<Source>, InputError> {
        Ok(&self.entry(kind, name)?.source)
    }

    fn entry(&self, kind: Kind, name: &str) -> Result<&Entry, InputError> {
        self.entries.get(&(kind, name.to_owned())).map(|entry| &**entry).ok_or_else(|| {
            InputError::new(kind.folder(), format!("no {} is called `{name}`", kind.folder()))
                .help(suggest(name, self.names(kind)))
        })
    }

    /// A topology, parsed.
    ///
    /// # Errors
    /// If there is none of that name, or its text is malformed.
    pub fn topology(&self, name: &str) -> Result<&Arc<Parsed>, InputError> {
        let entry = self.entry(Kind::Topology, name)?;
        once(&entry.topology, || Parsed::read(&entry.source).map(Arc::new))
    }

    /// Sets a parameter of a profile to `value` in its base unit (B/s, s, s/B, B, …) for every
    /// later [`Library::profile`]: how sweeps and counterfactuals ask "what if".
    ///
    /// # Errors
    /// If there is no such profile or parameter.
    pub fn set(
        &mut self,
        kind: Kind,
        name: &str,
        parameter: &str,
        value: f64,
    ) -> Result<(), InputError> {
        self.profile(kind, name)?.with(parameter, value)?;
        self.settings.insert((kind, name.to_owned(), parameter.to_owned()), value);
        Ok(())
    }

    /// A profile of a kind from its text, with the lines that this kind has, and those of the
    /// profile that it is like.
    ///
    /// # Errors
    /// As [`Library::profile`].
    pub fn parsed(
        &self,
        kind: Kind,
        name: &str,
        source: &Arc<Source>,
    ) -> Result<Profile, InputError> {
        let mut profile = Profile::parse(kind, name, source)?;
        if let Some((other, line)) = format::like(source) {
            profile =
                profile.like(&self.model_of(kind, other).map_err(|error| match error.source {
                    None => error.at(source, source.span_of_line(line)),
                    Some(_) => error,
                })?);
        }
        schema::check(&profile, self.names(Kind::Hop))?;
        Ok(profile)
    }

    /// The profile that another says to be like, which may be like a third.
    fn model_of(&self, kind: Kind, name: &str) -> Result<Profile, InputError> {
        self.source(kind, name)?;
        if self.likes(kind, name).count() >= LIKES_MAX {
            let problem = format!("`{name}` is like others more than {LIKES_MAX} deep");
            return Err(InputError::new("like", problem)
                .help("a profile that is not like itself by way of others"));
        }
        self.whole(kind, name)
    }

    /// The profiles that the one called `name` says to be like, the nearest first.
    pub fn likes<'l>(&'l self, kind: Kind, name: &str) -> impl Iterator<Item = &'l str> {
        let like = move |name: &str| {
            let entry = self.entries.get(&(kind, name.to_owned()))?;
            format::like(&entry.source).map(|(other, _)| other)
        };
        std::iter::successors(like(name), move |other| like(other)).take(LIKES_MAX)
    }

    /// A copy in which every number that is not known exactly is another: where `draw` puts it.
    /// What [`Library::set`] changes is known.
    pub fn drawn(&self, draw: Draw) -> Library {
        Library { draw: Some(draw), ..self.clone() }
    }

    /// A copy from which clusters are made that know what collectives cost.
    pub fn with_collectives(&self) -> Library {
        Library { collectives: true, ..self.clone() }
    }

    /// Whether clusters made from it know that.
    pub fn has_collectives(&self) -> bool {
        self.collectives
    }

    /// The draw that its numbers are from, if they are from one.
    pub fn draw(&self) -> Option<Draw> {
        self.draw
    }

    /// How the lines of the profile called `name` hang together; nothing where no fit says so.
    ///
    /// # Errors
    /// If the file is malformed.
    pub fn posterior(&self, name: &str) -> Result<Option<&Posterior>, InputError> {
        let Some(entry) = self.entries.get(&(Kind::Posterior, name.to_owned())) else {
            return Ok(None);
        };
        let read = || Posterior::parse(&entry.source);
        once(&entry.posterior, read).map(Some)
    }

    /// The same of a profile, or of the one that it is like.
    ///
    /// # Errors
    /// As [`Library::posterior`].
    pub fn posterior_of(&self, profile: &Profile) -> Result<Option<&Posterior>, InputError> {
        let own = std::iter::once(&*profile.name);
        for name in own.chain(self.likes(profile.kind(), &profile.name)) {
            if let Some(posterior) = self.posterior(name)? {
                return Ok(Some(posterior));
            }
        }
        Ok(None)
    }

    /// A hypothesis.
    ///
    /// # Errors
    /// If there is none of that name, or its text is malformed.
    pub fn hypothesis(&self, name: &str) -> Result<&Hypothesis, InputError> {
        let entry = self.entry(Kind::Hypothesis, name)?;
        once(&entry.hypothesis, || Hypothesis::parse(name, &entry.source))
    }

    /// What of a profile is in one of several states.
    ///
    /// # Errors
    /// If a hypothesis is malformed.
    pub fn open(&self, kind: Kind, profile: &str) -> Result<Vec<&Hypothesis>, InputError> {
        let all = self.names(Kind::Hypothesis).map(|name| self.hypothesis(name));
        let of = |read: &Result<&Hypothesis, _>| {
            read.as_ref().map_or(true, |hypothesis| hypothesis.is_about(kind, profile))
        };
        all.filter(of).collect()
    }

    /// A profile, parsed, with what a draw and [`Library::set`] changed, and with the states that
    /// hold of it; a GPU's with a line for everything that is assumed where it says nothing.
    ///
    /// # Errors
    /// If there is none of that name, its text is not a valid profile, or it has a line that no
    /// model reads.
    pub fn profile(&self, kind: Kind, name: &str) -> Result<Profile, InputError> {
        let mut profile = self.whole(kind, name)?;
        if let Some(draw) = self.draw {
            profile = profile.drawn(draw, self.posterior_of(&profile)?);
        }
        self.changed(profile, self.draw)
    }

    /// A profile as [`Library::profile`] gives it without a draw.
    ///
    /// # Errors
    /// As [`Library::profile`].
    pub fn given(&self, kind: Kind, name: &str) -> Result<Profile, InputError> {
        self.changed(self.whole(kind, name)?, None)
    }

    fn whole(&self, kind: Kind, name: &str) -> Result<Profile, InputError> {
        let entry = self.entry(kind, name)?;
        let read = || {
            let profile = self.parsed(kind, name, &entry.source)?;
            Ok(match kind {
                Kind::Gpu => assumed::completed(&profile).into_owned(),
                _ => profile,
            })
        };
        once(&entry.profile, read).cloned()
    }

    /// A profile with the states that hold of it, and with what is set.
    fn changed(&self, mut profile: Profile, draw: Option<Draw>) -> Result<Profile, InputError> {
        for hypothesis in self.open(profile.kind(), &profile.name)? {
            profile = hypothesis.state(&profile.name, draw).of(profile)?;
        }
        for ((kind, of, parameter), value) in &self.settings {
            if *kind == profile.kind() && *of == profile.name {
                profile = profile.with(parameter, *value)?;
            }
        }
        Ok(profile)
    }
}

/// What a cell holds, read now if it holds nothing yet.
fn once<T>(
    cell: &OnceLock<T>,
    read: impl FnOnce() -> Result<T, InputError>,
) -> Result<&T, InputError> {
    match cell.get() {
        Some(known) => Ok(known),
        None => {
            let new = read()?;
            Ok(cell.get_or_init(|| new))
        }
    }
}
