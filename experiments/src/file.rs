//! Reading the user's text files without ever hanging, exhausting memory or panicking.
//!
//! A path may name a folder, a pipe that nobody writes to, a disk image or a log of gigabytes. All
//! that is asked before the file is opened, and what is read is bounded, so that a wrong path costs
//! an error message and nothing else.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use calibration_data::file::DataFile;
use flate2::read::MultiGzDecoder;
use models::input::{InputError, Source};

/// The largest text file that is read, in bytes: a thousand times the largest real one.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// The longest line that is taken for one, in bytes.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// Reads a regular UTF-8 file whole; its name in messages is the path as the user gave it.
///
/// # Errors
/// If it is missing, unreadable, not a regular file, empty, not UTF-8, or beyond the limits
/// [`FILE_BYTES_MAX`] and [`LINE_BYTES_MAX`]; `field` says what named it.
pub fn read_text(path: &Path, field: &str) -> Result<Arc<Source>, InputError> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| {
        InputError::new(field, format!("`{name}` cannot be read: {}", reason(&error)))
            .help("the path of a text file")
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(InputError::new(field, format!("`{name}` is {kind}"))
            .help("the path of a text file; save what a pipe brings first"));
    }
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    checked(&name, &bytes)
}

/// Reads a file that gzip has packed; what is in it is bounded too.
///
/// # Errors
/// If it cannot be read or unpacked, or is larger than [`FILE_BYTES_MAX`] when it is unpacked.
pub fn unpacked(path: &Path, field: &str) -> Result<Vec<u8>, InputError> {
    let name = path.display().to_string();
    let told = |problem: String| {
        InputError::new(field, format!("`{name}` {problem}")).help("a file that gzip has packed")
    };
    let metadata =
        fs::metadata(path).map_err(|e| told(format!("cannot be read: {}", reason(&e))))?;
    if !metadata.is_file() {
        return Err(told("is no regular file".into()));
    }
    let packed = File::open(path).map_err(|e| told(format!("cannot be read: {}", reason(&e))))?;
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    let read = MultiGzDecoder::new(packed).take(limit).read_to_end(&mut bytes);
    read.map_err(|error| told(format!("cannot be unpacked: {error}")))?;
    match bytes.len() > FILE_BYTES_MAX {
        true => Err(told(format!("holds more than {} MiB", FILE_BYTES_MAX >> 20))),
        false => Ok(bytes),
    }
}

/// Reads a table, which may be packed with gzip if its name says so.
///
/// # Errors
/// As [`read_text`] and [`unpacked`], or if it is no table.
pub fn table(path: &Path, field: &str) -> Result<DataFile, InputError> {
    if path.extension().is_some_and(|ending| ending == "gz") {
        return DataFile::from_bytes(path.display().to_string(), &unpacked(path, field)?);
    }
    let source = read_text(path, field)?;
    DataFile::from_bytes(&source.name, source.text.as_bytes())
}

/// What the operating system says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        kind => kind.to_string(),
    }
}

/// The text in `bytes`, if it is text and within the limits.
fn checked(name: &str, bytes: &[u8]) -> Result<Arc<Source>, InputError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        let empty = Source::new(name, "");
        return Err(InputError::new("file", "is empty").at(&empty, 0..0));
    }
    if let Some((number, line)) = lines(bytes).find(|(_, line)| line.len() > LINE_BYTES_MAX) {
        let problem = format!("line {number} is longer than {} KiB", LINE_BYTES_MAX >> 10);
        return Err(fault(name, bytes, line.as_ptr_range().start, problem)
            .help("a text file with lines of a readable length"));
    }
    if bytes.len() > FILE_BYTES_MAX {
        let problem = format!("is larger than {} MiB", FILE_BYTES_MAX >> 20);
        return Err(fault(name, bytes, bytes.as_ptr(), problem).help("split it"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(text))),
        Err(error) => {
            let at = error.valid_up_to();
            let problem = format!("byte 0x{:02x} is not UTF-8", bytes[at]);
            Err(fault(name, bytes, &raw const bytes[at], problem)
                .help("save the file as UTF-8 text"))
        }
    }
}

/// The lines of `bytes` with their numbers, counted from one.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split(|&byte| byte == b'\n').enumerate().map(|(at, line)| (at + 1, line))
}

/// An error at the byte `at` of a file that is not good text: the message shows the first hundred
/// bytes of that line in place of the file, under the right line number.
fn fault(name: &str, bytes: &[u8], at: *const u8, problem: String) -> InputError {
    let offset = at as usize - bytes.as_ptr() as usize;
    let before = bytes[..offset].iter().filter(|&&byte| byte == b'\n').count();
    let begin = bytes[..offset].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line = bytes[begin..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let shown: String = String::from_utf8_lossy(&line[..line.len().min(100)])
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    let source = Source::new(name, "\n".repeat(before) + &shown);
    let span = before..before + shown.len();
    InputError::new("file", problem).at(&source, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        checked("f", bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_text_is_refused_with_its_line() {
        let long = [b"a = 1\n".as_slice(), &vec![b'x'; LINE_BYTES_MAX + 1]].concat();
        let large = b"ok\n".repeat(FILE_BYTES_MAX / 3 + 1);
        let cases: [(&[u8], &str); 5] = [
            (b"", "f:1: file: is empty"),
            (b" \n\t\n", "f:1: file: is empty"),
            (b"a = 1\nb = \"\xff\"\n", "f:2: file: byte 0xff is not UTF-8"),
            (&long, "f:2: file: line 2 is longer than 64 KiB"),
            (&large, "f:1: file: is larger than 8 MiB"),
        ];
        for (bytes, expected) in cases {
            let message = message(bytes);
            assert!(message.starts_with(expected), "{message}");
            assert!(message.len() < 300, "{message}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        assert_eq!(checked("f", b"\xef\xbb\xbfx = 1\n").unwrap().text, "x = 1\n");
    }

    #[test]
    fn folders_and_devices_are_not_opened() {
        for (path, kind) in [("/", "a folder"), ("/dev/zero", "a pipe or a device")] {
            let error = read_text(Path::new(path), "FILE").unwrap_err();
            assert!(error.problem.ends_with(kind), "{error}");
        }
    }
}
