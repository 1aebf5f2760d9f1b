//! An input error as people read it: the offending line with the place marked, and what would be
//! valid.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};
use models::input::{InputError, Source};

/// The longest line that is shown whole, in characters.
const LINE_SHOWN_MAX: usize = 160;

/// The text of the message about `error`.
pub fn rendered(error: &InputError, colour: bool, width: usize) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(width);
    let mut text = String::new();
    match handler.render_report(&mut text, &Message::of(error)) {
        Ok(()) => text,
        Err(_) => format!("{error}\n"),
    }
}

/// An error with the excerpt that it is shown with.
#[derive(Debug)]
struct Message {
    headline: String,
    help: Option<String>,
    excerpt: Option<(NamedSource<String>, Range<usize>)>,
}

impl Message {
    fn of(error: &InputError) -> Message {
        let located = error.source.as_ref().zip(error.span.clone());
        let headline = match (&error.source, &error.span) {
            (Some(source), None) => {
                format!("{}: {}: {}", source.name, error.field, error.problem)
            }
            _ => format!("{}: {}", error.field, error.problem),
        };
        let excerpt = located.map(|(source, span)| {
            let (text, span) = clipped(source, span);
            (NamedSource::new(&source.name, text), span)
        });
        Message { headline, help: error.help.clone(), excerpt }
    }
}

/// The text with every long line cut, and the span moved with it. Control characters, which could
/// steer the terminal, are replaced one by one.
fn clipped(source: &Source, span: Range<usize>) -> (String, Range<usize>) {
    let mut text = String::new();
    let (mut start, mut end) = (None, 0);
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        let column = span.start.saturating_sub(offset).min(line.len());
        let here = (offset..offset + line.len()).contains(&span.start);
        let first = if here && column > LINE_SHOWN_MAX { column - LINE_SHOWN_MAX / 2 } else { 0 };
        let mut shown = 0;
        for (at, c) in line.char_indices() {
            if offset + at >= span.start && start.is_none() {
                start = Some(text.len());
            }
            let kept = c == '\n' || (c != '\r' && at >= first && shown < LINE_SHOWN_MAX);
            if kept {
                text.push(if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c });
                shown += 1;
            }
            if offset + at < span.end {
                end = text.len();
            }
        }
        offset += line.len();
    }
    let start = start.unwrap_or(text.len());
    // A span over several lines is marked on its first, which is the one that is named.
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = end.clamp(start, line_end);
    (text, start..end)
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.headline)
    }
}

impl std::error::Error for Message {}

impl Diagnostic for Message {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.excerpt.as_ref()?;
        let label = LabeledSpan::at(span.clone(), "here");
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_shown_with_its_number() {
        let source = Source::new("a.toml", "x = 1\ny = -2\n");
        let error = InputError::new("y", "is negative").help("zero or more").at(&source, 10..12);
        let text = rendered(&error, false, 80);
        for part in ["y: is negative", "a.toml:2:5", "y = -2", "help: zero or more"] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn long_lines_and_control_characters_are_tamed() {
        let line = format!("a = \"\u{1b}[31m{}\" bad", "x".repeat(10_000));
        let at = line.len() - 3;
        let source = Source::new("a.toml", line);
        let error = InputError::new("a", "is bad").at(&source, at..at + 3);
        let text = rendered(&error, false, 80);
        assert!(text.len() < 2_000 && text.contains("bad") && !text.contains('\u{1b}'), "{text}");
    }
}
