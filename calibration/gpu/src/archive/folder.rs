//! Reading the folder that an archive was unpacked into, or is to be made of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{MEMBER_MAX, MEMBERS_MAX, Problem, UNPACKED_MAX, plain};

/// A file below a folder, without following links.
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its name as a member, or why it can have none.
    pub(super) name: Result<String, (String, &'static str)>,
    pub(super) bytes: u64,
}

/// All files below a folder, sorted by path.
pub(super) fn files(folder: &Path) -> Result<Vec<Found>, Problem> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).map_err(Problem::Unreadable)? {
            let path = entry.map_err(Problem::Unreadable)?.path();
            let metadata = fs::symlink_metadata(&path).map_err(Problem::Unreadable)?;
            if metadata.is_dir() {
                open.push(path);
                continue;
            }
            let below = path.strip_prefix(folder).unwrap_or(&path);
            let told = below.display().to_string();
            let name = match plain(below) {
                Ok(name) if metadata.is_file() => Ok(name),
                Ok(_) if metadata.is_symlink() => Err((told, "a link")),
                Ok(_) => Err((told, "neither a file nor a folder")),
                Err(what) => Err((told, what)),
            };
            found.push(Found { path, name, bytes: metadata.len() });
            if found.len() > MEMBERS_MAX {
                return Err(Problem::TooLarge("the number of members", MEMBERS_MAX as u64));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The content of a file, up to the size of a member.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(Problem::Unreadable)?;
    file.take(MEMBER_MAX + 1).read_to_end(&mut content).map_err(Problem::Unreadable)?;
    match content.len() as u64 > MEMBER_MAX {
        true => Err(Problem::TooLarge("a member", MEMBER_MAX)),
        false => Ok(content),
    }
}

/// Every file of the folder, none of which may be what no member may be.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let mut members = BTreeMap::new();
    let mut all = 0;
    for found in files(folder)? {
        let name = found.name.map_err(|(member, what)| Problem::Hostile { member, what })?;
        let content = content(&found.path)?;
        all += content.len() as u64;
        if all > UNPACKED_MAX {
            return Err(Problem::TooLarge("what is in it", UNPACKED_MAX));
        }
        members.insert(name, content);
    }
    Ok(members)
}
