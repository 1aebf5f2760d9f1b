//! A lock that nobody holds any more once its process is gone, however it ended.

use std::fs::{File, TryLockError, metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Takes the lock that is the file `path`, which is made if it is not there; none if another
/// process has it. It is held until the file is closed.
///
/// # Errors
/// If the file cannot be made. A file system without locks gives every lock to everybody.
pub(crate) fn locked(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it may have removed the file before letting go of it.
        let ours = file.metadata()?;
        match metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => {
                return Ok(Some(file));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_one_process_alone_has_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = locked(&path).unwrap().expect("nobody has it");
        assert!(locked(&path).unwrap().is_none(), "it is taken");
        // Removed and let go of: what is locked next is a file that is there.
        std::fs::remove_file(&path).unwrap();
        let second = locked(&path).unwrap().expect("a new one");
        drop(first);
        assert!(path.exists() && locked(&path).unwrap().is_none());
        drop(second);
        assert!(locked(&path).unwrap().is_some());
    }
}
