//! Includes and settings: many files, one list of tables.

use std::sync::Arc;

use super::{File, Placed, Topology};
use crate::cluster::Setting;
use crate::input::{InputError, Source, parse_toml, suggest};
use crate::library::{Kind, Library};

/// How deep includes may nest; a longer chain is taken for a mistake.
const DEPTH_MAX: usize = 16;

/// Reads a topology and everything it includes, and applies `settings`.
///
/// # Errors
/// A malformed file, an unknown or cyclic include, or a setting that changes nothing.
pub fn load(
    source: &Arc<Source>,
    library: &Library,
    settings: &[Setting],
) -> Result<Topology, InputError> {
    let mut reader = Reader { library, settings, used: vec![false; settings.len()], open: vec![] };
    let mut topology = Topology::default();
    reader.read(source, &mut topology)?;
    match reader.used.iter().position(|used| !used) {
        None => Ok(topology),
        Some(at) => Err(InputError::new(&settings[at].key, "no table of this topology is meant")
            .help("TABLE.KEY for all (`nic.mtu`) or TABLE.NAME.KEY for one (`nic.nic-a.mtu`)")),
    }
}

struct Reader<'a> {
    library: &'a Library,
    settings: &'a [Setting],
    used: Vec<bool>,
    open: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, source: &Arc<Source>, into: &mut Topology) -> Result<(), InputError> {
        let source = self.apply(source)?;
        let file: File = parse_toml(&source)?;
        for name in &file.include {
            let fault =
                |problem: String| InputError::new("include", problem).at(&source, name.span());
            if self.open.contains(name.get_ref()) || self.open.len() >= DEPTH_MAX {
                let chain = self.open.join(" → ");
                return Err(fault(format!("{chain} → {} is a circle", name.get_ref()))
                    .help("a topology may not include itself"));
            }
            let included = self.library.source(Kind::Topology, name.get_ref()).map_err(|_| {
                fault(format!("no topology is called `{}`", name.get_ref()))
                    .help(suggest(name.get_ref(), self.library.names(Kind::Topology)))
            })?;
            into.included.push(name.get_ref().clone());
            self.open.push(name.get_ref().clone());
            self.read(included, into)?;
            self.open.pop();
        }
        if let Some(about) = file.about {
            into.about = about;
        }
        into.nodes.extend(place(file.node, &source));
        into.pcie_switches.extend(place(file.pcie_switch, &source));
        into.gpus.extend(place(file.gpu, &source));
        into.nics.extend(place(file.nic, &source));
        into.pods.extend(place(file.pod, &source));
        into.switches.extend(place(file.switch, &source));
        into.forwarders.extend(place(file.forwarder, &source));
        into.cables.extend(place(file.cable, &source));
        into.nvlinks.extend(place(file.nvlink, &source));
        into.peers.extend(place(file.peer_to_peer, &source));
        into.shared_memories.extend(place(file.shared_memory, &source));
        into.services.extend(place(file.service, &source));
        Ok(())
    }

    /// The text with the settings written into it; untouched where none applies.
    fn apply(&mut self, source: &Arc<Source>) -> Result<Arc<Source>, InputError> {
        if self.settings.is_empty() {
            return Ok(Arc::clone(source));
        }
        let mut root: toml::Table = parse_toml(source)?;
        let mut changed = false;
        for (at, setting) in self.settings.iter().enumerate() {
            let applied = set(&mut root, setting)?;
            self.used[at] |= applied;
            changed |= applied;
        }
        if !changed {
            return Ok(Arc::clone(source));
        }
        let name = format!("{} (with settings)", source.name);
        Ok(Source::new(name, root.to_string()))
    }
}

/// Writes one setting into every table that it means; whether there was one.
fn set(root: &mut toml::Table, setting: &Setting) -> Result<bool, InputError> {
    let parts: Vec<&str> = setting.key.split('.').collect();
    let (table, only, key) = match parts[..] {
        [table, key] => (table, None, key),
        [table, name, key] => (table, Some(name), key),
        _ => {
            return Err(InputError::new(&setting.key, "is not the name of a setting")
                .help("TABLE.KEY (`nic.mtu`) or TABLE.NAME.KEY (`nic.nic-a.mtu`)"));
        }
    };
    let Some(toml::Value::Array(tables)) = root.get_mut(table) else { return Ok(false) };
    let mut applied = false;
    for table in tables.iter_mut().filter_map(toml::Value::as_table_mut) {
        if only.is_none_or(|name| table.get("name").and_then(|n| n.as_str()) == Some(name)) {
            table.insert(key.to_owned(), setting.value.clone());
            applied = true;
        }
    }
    Ok(applied)
}

fn place<T>(tables: Vec<T>, source: &Arc<Source>) -> impl Iterator<Item = Placed<T>> + use<T> {
    let source = Arc::clone(source);
    tables.into_iter().map(move |table| Placed { table, source: Arc::clone(&source) })
}
