//! What is wrong with an input, where it stands, and what would be valid.
//!
//! Every parser of this workspace reports through [`InputError`], so that the command can show the
//! offending line of the file whatever kind of file it was.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text under the name the user knows it by (a path, or `shipped:cni/flannel.toml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Values that took the place of some of the text's.
    amendments: Vec<Amendment>,
}

/// A value that took the place of one in a text, and stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// What it is called where it stands: `nic.mtu`.
    pub field: String,
    /// Where it stands, if it is in a text.
    pub place: Option<(Arc<Source>, Range<usize>)>,
}

impl Source {
    /// A text with its name, shared by every error that points into it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into(), amendments: Vec::new() })
    }

    /// The same text with values that took the place of some of it.
    pub fn amended(&self, amendments: Vec<Amendment>) -> Arc<Source> {
        Arc::new(Source { amendments, ..self.clone() })
    }

    /// The span that stands for amendment `number`; it lies behind the text.
    pub fn span_of_amendment(&self, number: usize) -> Range<usize> {
        let begin = self.text.len() + 1 + number;
        begin..begin + 1
    }

    fn amendment_at(&self, span: &Range<usize>) -> Option<&Amendment> {
        self.amendments.get(span.start.checked_sub(self.text.len() + 1)?)
    }

    /// The line, counted from one, on which byte `offset` stands.
    pub fn line_of(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        self.text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    /// The byte range of line `line`, counted from one, without its line break.
    pub fn span_of_line(&self, line: usize) -> Range<usize> {
        let begin: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let length = self.text[begin..].lines().next().map_or(0, str::len);
        begin..begin + length
    }
}

/// An input that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct InputError {
    /// The text it stands in, if it came from one.
    pub source: Option<Arc<Source>>,
    /// Where in that text, in bytes.
    pub span: Option<Range<usize>>,
    /// The field, key, column or argument at fault: `node[1].mtu`, `goodput_bit_s_median`.
    pub field: String,
    /// What is wrong with it, as a clause without a full stop.
    pub problem: String,
    /// What would be valid, as a clause without a full stop.
    pub help: Option<String>,
}

impl InputError {
    /// An error about `field` that does not (yet) point into a text.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> InputError {
        let (field, problem) = (field.into(), problem.into());
        InputError { source: None, span: None, field, problem, help: None }
    }

    /// Says what would be valid.
    pub fn help(mut self, help: impl Into<String>) -> InputError {
        self.help = Some(help.into());
        self
    }

    /// Points at `span` of `source`; for a value that took the place of one there, at that value.
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> InputError {
        let (source, span) = match source.amendment_at(&span) {
            None => (Some(Arc::clone(source)), Some(span)),
            Some(Amendment { field, place }) => {
                if !field.ends_with(&self.field) {
                    self.problem = format!("{}: {}", self.field, self.problem);
                }
                self.field.clone_from(field);
                place.clone().unzip()
            }
        };
        (self.source, self.span) = (source, span);
        self
    }

    /// The line at fault, counted from one, where it is known.
    pub fn line(&self) -> Option<usize> {
        Some(self.source.as_ref()?.line_of(self.span.as_ref()?.start))
    }
}

/// One line: `file:line: field: problem (help)`.
impl fmt::Display for InputError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.line()) {
            (Some(source), Some(line)) => write!(out, "{}:{line}: ", source.name)?,
            (Some(source), None) => write!(out, "{}: ", source.name)?,
            _ => {}
        }
        write!(out, "{}: {}", self.field, self.problem)?;
        match &self.help {
            Some(help) => write!(out, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InputError {}

/// Reads TOML into `T`, pointing at the line of whatever does not fit and suggesting the key that a
/// mistyped one was meant to be.
///
/// # Errors
/// If the text is of another [`format`](crate::format), is not TOML, or not a `T`.
pub fn parse_toml<T: serde::de::DeserializeOwned>(source: &Arc<Source>) -> Result<T, InputError> {
    crate::format::check_toml(source)?;
    toml::from_str(&source.text).map_err(|error| toml_error(source, &error))
}

fn toml_error(source: &Arc<Source>, error: &toml::de::Error) -> InputError {
    let span = error.span().unwrap_or(0..0);
    let message = error.message().trim().replace('\n', "; ");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let found = || source.text.get(span.clone()).map(str::trim).filter(|text| is_name(text));
    let error = match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown ") && !known.is_empty() => {
            InputError::new(*wrong, message.split(',').next().unwrap_or(&message).to_owned())
                .help(suggest(wrong, known.iter().copied()))
        }
        Some((field, _)) if message.starts_with("missing field") => {
            InputError::new(*field, "is missing").help(format!("add `{field} = …` to this table"))
        }
        _ => InputError::new(key_at(source, span.start).or(found()).unwrap_or("TOML"), message)
            .help("see the example in README.md, or `podpath schema`"),
    };
    error.at(source, span)
}

/// The key of the line that byte `offset` stands on.
fn key_at(source: &Source, offset: usize) -> Option<&str> {
    let line = &source.text[source.span_of_line(source.line_of(offset))];
    let key = line.split_once('=')?.0.trim();
    (!key.is_empty()).then_some(key)
}

/// Whether a piece of a text that is not TOML can be told as the name of something.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.chars().all(plain)
}

/// The known name nearest to a mistyped one, if any is near enough to be what was meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Help for an unknown name: the nearest known one, else all of them.
pub fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<&str> = known.into_iter().collect();
            match names.is_empty() {
                true => "there are none to name".into(),
                false => format!("one of: {}", names.join(", ")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_line_and_field() {
        let source = Source::new("a.toml", "x = 1\ny = -2\n");
        let error = InputError::new("y", "is negative").help("zero or more").at(&source, 6..12);
        assert_eq!(error.to_string(), "a.toml:2: y: is negative (zero or more)");
        assert_eq!(source.span_of_line(2), 6..12);
    }

    #[test]
    fn an_error_about_an_amended_value_points_at_the_amendment() {
        let set = Source::new("e.toml", "[set]\nx = -1\n");
        let place = Some((Arc::clone(&set), 6..7));
        let text = Source::new("a.toml", "x = 1\n");
        let text = text.amended(vec![Amendment { field: "t.x".into(), place }]);
        let error = InputError::new("x", "is negative").at(&text, text.span_of_amendment(0));
        assert_eq!(error.to_string(), "e.toml:2: t.x: is negative");
        let error = InputError::new("y", "does not fit").at(&text, text.span_of_amendment(0));
        assert_eq!(error.to_string(), "e.toml:2: t.x: y: does not fit");
        let error = InputError::new("x", "is one").at(&text, 0..1);
        assert_eq!(error.to_string(), "a.toml:1: x: is one");
    }

    #[test]
    fn a_typo_gets_the_name_that_was_meant() {
        let known = ["flannel", "calico", "cilium"];
        assert_eq!(suggest("flanel", known), "did you mean `flannel`?");
        assert_eq!(suggest("zzz", known), "one of: flannel, calico, cilium");
    }
}
