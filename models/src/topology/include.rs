//! Includes: many files, one list of tables.

use std::sync::Arc;

use super::{File, Setting, Topology, count, shape};
use crate::input::{InputError, Source, parse_toml, suggest};
use crate::library::{Kind, Library};

/// How deep includes may nest; a longer chain is taken for a mistake.
const DEPTH_MAX: usize = 16;

/// A topology file, read but not yet put together with what it includes.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The text it was read from.
    pub source: Arc<Source>,
    pub(super) file: File,
}

/// Reads a topology and everything it includes, and applies `settings`.
///
/// # Errors
/// A malformed file, an unknown or cyclic include, or a setting that changes nothing.
pub fn load(
    source: &Arc<Source>,
    library: &Library,
    settings: &[Setting],
) -> Result<Topology, InputError> {
    Parsed::read(source)?.load(library, settings)
}

impl Parsed {
    /// Reads one file.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn read(source: &Arc<Source>) -> Result<Parsed, InputError> {
        Ok(Parsed { source: Arc::clone(source), file: parse_toml(source)? })
    }

    /// Puts it together with what it includes, and applies `settings`.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self, library: &Library, settings: &[Setting]) -> Result<Topology, InputError> {
        let mut topology = Topology::default();
        self.put_into(&mut topology, library, settings, &mut Vec::new())?;
        // What a setting says of shapes comes before what it says of the things in them.
        for (number, setting) in settings.iter().enumerate().filter(|(_, s)| s.is_of_shapes()) {
            topology.set(setting, number)?;
        }
        shape::build(&mut topology, library, settings)?;
        let mut of_members = Vec::new();
        for (number, setting) in settings.iter().enumerate() {
            if !topology.set(setting, number)? {
                of_members.push((number, setting));
            }
        }
        count::expand(&mut topology)?;
        for (number, setting) in of_members {
            if !topology.set(setting, number)? {
                return Err(setting.unused());
            }
            setting.can_be_of_one()?;
        }
        Ok(topology)
    }

    /// Adds its tables behind those of its includes; `open` are the names of the topologies that
    /// are being included.
    fn put_into<'a>(
        &'a self,
        topology: &mut Topology,
        library: &'a Library,
        settings: &[Setting],
        open: &mut Vec<&'a str>,
    ) -> Result<(), InputError> {
        for include in &self.file.include {
            let name = include.get_ref().as_str();
            let fault = |problem: String| {
                InputError::new("include", problem).at(&self.source, include.span())
            };
            if open.contains(&name) {
                let chain = open.join(" → ");
                return Err(fault(format!("{chain} → {name} is a circle"))
                    .help("a topology may not include itself"));
            }
            if open.len() >= DEPTH_MAX {
                let chain = open.join(" → ");
                return Err(fault(format!("{chain} → {name} is too deep"))
                    .help(format!("at most {DEPTH_MAX} topologies that include one another")));
            }
            if library.source(Kind::Topology, name).is_err() {
                return Err(fault(format!("no topology is called `{name}`"))
                    .help(suggest(name, library.names(Kind::Topology))));
            }
            // What several include is there once: a second copy would have the same names.
            if topology.included.iter().any(|known| known == name) {
                continue;
            }
            topology.included.push(name.to_owned());
            open.push(name);
            library.topology(name)?.put_into(topology, library, settings, open)?;
            open.pop();
        }
        if let Some(about) = &self.file.about {
            topology.about.clone_from(about);
        }
        let source = match settings {
            [] => Arc::clone(&self.source),
            _ => self.source.amended(settings.iter().map(Setting::amendment).collect()),
        };
        topology.extend(&self.file, &source);
        Ok(())
    }
}
