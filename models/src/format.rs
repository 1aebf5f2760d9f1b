//! The version of the format that topologies, experiments, profiles, hops and CNIs are written in.
//!
//! A file may say it (`format = 1` before all tables of a TOML file, `# format = 1` at the head of
//! a CSV file); one that does not is of format 1. A file of another format is refused before
//! anything else is made of it.
//!
//! A profile may say in the same place that it is `# like = NAME`: that it has the lines of another
//! of its kind, beside its own.

use std::sync::Arc;

use crate::input::{InputError, Source};

/// The format that is read and written.
pub const FORMAT: u32 = 1;

/// The line at the head of a CSV file that says its format.
pub fn comment() -> Vec<u8> {
    format!("# format = {FORMAT}\n").into_bytes()
}

/// Refuses a TOML file of another format.
///
/// # Errors
/// If it says that it is of another, or something that is no format.
pub(crate) fn check_toml(source: &Arc<Source>) -> Result<(), InputError> {
    // Whatever stands behind the first header belongs to a table.
    check(source, |line| (!line.trim_start().starts_with('[')).then_some(line))
}

/// Refuses a CSV file of another format.
///
/// # Errors
/// As [`check_toml`].
pub(crate) fn check_csv(source: &Arc<Source>) -> Result<(), InputError> {
    check(source, |line| line.strip_prefix('#'))
}

/// The name behind `# like =` at the head of a CSV file, with the number of its line.
pub(crate) fn like(source: &Source) -> Option<(&str, usize)> {
    let head = source.text.lines().map_while(|line| line.strip_prefix('#')).zip(1..);
    head.filter_map(|(line, at)| Some((line.split_once('=')?, at)))
        .find(|((key, _), _)| key.trim() == "like")
        .map(|((_, name), at)| (name.trim(), at))
}

/// Looks for the format in the lines of the head, which ends where `head` gives none.
fn check(source: &Arc<Source>, head: fn(&str) -> Option<&str>) -> Result<(), InputError> {
    for (at, line) in source.text.lines().enumerate() {
        let Some(line) = head(line) else { break };
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim() != "format" {
            continue;
        }
        let value = value.split('#').next().unwrap_or_default().trim();
        let (problem, help) = match value.parse::<u32>() {
            Ok(FORMAT) => return Ok(()),
            Ok(newer) if newer > FORMAT => (
                format!("{newer} is newer than what this podpath reads"),
                "it takes a newer podpath; this one reads format 1",
            ),
            Ok(older) => (
                format!("there is no format {older}"),
                "1, the first; without the line a file is of that format",
            ),
            Err(_) => (format!("`{value}` is no format"), "a whole number: format = 1"),
        };
        let span = source.span_of_line(at + 1);
        return Err(InputError::new("format", problem).help(help).at(source, span));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_profile_is_like_stands_at_its_head() {
        let like =
            |text: &str| like(&Source::new("f", text)).map(|(name, at)| (name.to_owned(), at));
        assert_eq!(like("# format = 1\n# like = a-1\na,b\n"), Some(("a-1".into(), 2)));
        assert_eq!(like("# a comment\na,b\n# like = a\n"), None);
    }

    #[test]
    fn another_format_is_refused_at_its_line() {
        let told = |check: fn(&Arc<Source>) -> Result<(), InputError>, text: &str| {
            check(&Source::new("f", text)).map_or_else(|e| e.to_string(), |()| "fine".into())
        };
        for text in ["", "format = 1 # the first\n", "a = 1\n[t]\nformat = 9\n", "#format = 9\n"] {
            assert_eq!(told(check_toml, text), "fine", "{text}");
        }
        let newer = "f:2: format: 2 is newer than what this podpath reads (it takes a newer \
                     podpath; this one reads format 1)";
        assert_eq!(told(check_toml, "name = \"a\"\nformat=2\n[[t]]\n"), newer);
        assert_eq!(told(check_csv, "# a comment\n#format = 2\na,b\n"), newer);
        assert_eq!(told(check_csv, "# format = 1\na,b\n# format = 2\n"), "fine");
        let older = "f:1: format: there is no format 0 (1, the first; without the line a file is \
                     of that format)";
        assert_eq!(told(check_toml, "format = 0\n"), older);
        let none = "f:1: format: `one` is no format (a whole number: format = 1)";
        assert_eq!(told(check_csv, "# format = one\n"), none);
    }
}
