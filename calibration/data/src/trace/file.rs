//! The content of a trace's file: bounded, and unpacked where it is packed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use models::input::{InputError, Source};

/// The most that a trace may have when it is unpacked \[B\]: 512 MiB, which is kept in memory while
/// it is read.
pub const UNPACKED_MAX: u64 = 512 << 20;

/// The first bytes of gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a regular file and unpacks it if it is packed.
pub(super) fn content(path: &Path, field: &str) -> Result<Vec<u8>, InputError> {
    let name = path.display().to_string();
    let wrong = |problem: String| {
        InputError::new(field, format!("`{name}` {problem}")).help("the path of a trace")
    };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => wrong("cannot be read: there is no such file".into()),
        io::ErrorKind::PermissionDenied => wrong("cannot be read: permission denied".into()),
        kind => wrong(format!("cannot be read: {kind}")),
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(wrong(format!("is {kind}")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // It may have grown since its size was asked.
    file.take(UNPACKED_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    unpacked(&name, bytes)
}

/// The content of a file's bytes.
fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, InputError> {
    let whole = |problem: String, help: String| {
        let source = Source::new(name, "");
        InputError::new("file", problem).help(help).at(&source, 0..0)
    };
    let bytes = match bytes.starts_with(&GZIP) {
        true => {
            let mut unpacked = Vec::new();
            let mut decoder = MultiGzDecoder::new(&bytes[..]).take(UNPACKED_MAX + 1);
            let cut = |error: io::Error| {
                whole(
                    format!("cannot be unpacked: {error}"),
                    "the whole file, as it was packed".into(),
                )
            };
            decoder.read_to_end(&mut unpacked).map_err(cut)?;
            unpacked
        }
        false => bytes,
    };
    if bytes.len() as u64 > UNPACKED_MAX {
        let limit = UNPACKED_MAX >> 20;
        let problem = format!("is larger than {limit} MiB when unpacked");
        return Err(whole(problem, "record fewer steps, or cut it".into()));
    }
    match bytes.iter().all(u8::is_ascii_whitespace) {
        true => Err(whole("is empty".into(), super::HELP.into())),
        false => Ok(bytes),
    }
}

/// The text that a content is.
pub(super) fn text(name: &str, content: &[u8]) -> Result<Arc<Source>, InputError> {
    match std::str::from_utf8(content) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => {
            let at = error.valid_up_to();
            let problem = format!("is no trace in a known format: byte {at} is not UTF-8");
            let source = Source::new(name, "");
            Err(InputError::new("file", problem).help(super::HELP).at(&source, 0..0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn what_is_packed_is_unpacked_and_what_is_cut_is_refused() {
        let text = b"num_ranks 1\n".repeat(100);
        let whole = packed(&text);
        assert_eq!(unpacked("t", whole.clone()).unwrap(), text);
        for length in [3, whole.len() / 2, whole.len() - 1] {
            let told = unpacked("t", whole[..length].to_vec()).unwrap_err().to_string();
            assert!(told.starts_with("t:1: file: cannot be unpacked"), "{told}");
        }
        let told = unpacked("t", packed(b" \n")).unwrap_err().to_string();
        assert!(told.starts_with("t:1: file: is empty"), "{told}");
    }

    #[test]
    fn a_small_file_that_unpacks_to_more_than_the_limit_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..=UNPACKED_MAX >> 20 {
            encoder.write_all(&chunk).expect("memory");
        }
        let bomb = encoder.finish().expect("memory");
        assert!(bomb.len() < 8 << 20, "{}", bomb.len());
        let told = unpacked("bomb.gz", bomb).unwrap_err().to_string();
        assert!(told.contains("is larger than 512 MiB when unpacked"), "{told}");
    }
}
