//! Changes to a text that mostly leave it one of its kind.

use rand::RngExt;
use sim::Stream;

use super::words::{Words, columns, pair};

/// Numbers at which something changes: bounds of types, of the simulated clock, of what is allowed.
const NUMBERS: [&str; 36] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "8",
    "16",
    "64",
    "100",
    "1000",
    "1024",
    "4096",
    "65535",
    "65536",
    "1000000",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "-0",
    "0.1",
    "0.5",
    "0.999999",
    "1.0000001",
    "1e-12",
    "1e-300",
    "1e17",
    "1e300",
    "1e309",
    "nan",
    "inf",
];
/// Units of everything.
const UNITS: [&str; 23] = [
    "B", "KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "ps", "ns", "us", "ms", "s", "min", "h",
    "bit/s", "Mbit/s", "Gbit/s", "Tbit/s", "GB/s", "ns/B", "%", "/s",
];
/// Repeated so often, a part shows what grows too fast.
const REPEATED: [usize; 5] = [2, 3, 10, 100, 3000];

/// A text with one change; `other` is what parts are borrowed from.
pub(super) fn changed(text: &str, other: &str, words: &Words, chance: &mut Stream) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = chance.random_range(0..lines.len());
    match chance.random_range(0..100) {
        0..30 => lines[at] = another_value(text, &lines[at], words, chance),
        30..50 => lines[at] = another_number(&lines[at], chance),
        50..56 => lines[at] = another_unit(&lines[at], chance),
        56..62 => drop(lines.remove(at)),
        62..67 => lines.insert(at, lines[at].clone()),
        67..70 => {
            let with = chance.random_range(0..lines.len());
            lines.swap(at, with);
        }
        70..78 => {
            if let Some(line) = chosen(&words.lines, chance) {
                lines.insert(at, line.clone());
            }
        }
        78..84 => without_table(&mut lines, at),
        84..89 => again_table(&mut lines, at),
        89..94 => {
            // The beginning of one, and the end of another.
            let theirs: Vec<&str> = other.split('\n').collect();
            let from = chance.random_range(0..theirs.len());
            lines.truncate(at);
            lines.extend(theirs[from..].iter().map(|line| (*line).to_owned()));
        }
        94..97 => repeat(&mut lines[at], chance),
        _ => {
            let length = chance.random_range(0..=lines[at].chars().count());
            lines[at] = lines[at].chars().take(length).collect();
        }
    }
    lines.join("\n")
}

fn chosen<'a, T>(of: &'a [T], chance: &mut Stream) -> Option<&'a T> {
    if of.is_empty() { None } else { of.get(chance.random_range(0..of.len())) }
}

/// The line with another value of the same key, or of the same column.
fn another_value(text: &str, line: &str, words: &Words, chance: &mut Stream) -> String {
    if let Some((key, _)) = pair(line) {
        let value = words.values.get(key).and_then(|values| chosen(values, chance));
        return value.map_or(line.to_owned(), |value| format!("{key} = {value}"));
    }
    let Some(columns) = text.lines().next().and_then(columns) else {
        return another_number(line, chance);
    };
    let mut cells: Vec<&str> = line.split(',').collect();
    let at = chance.random_range(0..cells.len());
    let values = columns.get(at).and_then(|column| words.values.get(*column));
    if let Some(value) = values.and_then(|values| chosen(values, chance)) {
        cells[at] = value;
    }
    cells.join(",")
}

/// Where the numbers of a line are.
fn numbers(line: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let begins = bytes[at].is_ascii_digit()
            && before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_');
        if !begins {
            at += 1;
            continue;
        }
        let end = bytes[at..].iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.');
        let end = end.map_or(bytes.len(), |length| at + length);
        found.push(at..end);
        at = end;
    }
    found
}

fn another_number(line: &str, chance: &mut Stream) -> String {
    let Some(place) = chosen(&numbers(line), chance).cloned() else { return line.to_owned() };
    let old: f64 = line[place.clone()].parse().unwrap_or(1.0);
    let new = match chance.random_range(0..8) {
        0 => (old * 2.0).to_string(),
        1 => (old * 10.0).to_string(),
        2 => (old * 1000.0).to_string(),
        3 => (old / 2.0).floor().to_string(),
        4 => (old + 1.0).to_string(),
        _ => NUMBERS[chance.random_range(0..NUMBERS.len())].to_owned(),
    };
    format!("{}{new}{}", &line[..place.start], &line[place.end..])
}

fn another_unit(line: &str, chance: &mut Stream) -> String {
    let unit = UNITS[chance.random_range(0..UNITS.len())];
    let Some(number) = chosen(&numbers(line), chance).cloned() else { return line.to_owned() };
    let rest = &line[number.end..];
    let rest = rest.trim_start().trim_start_matches(|c: char| c.is_alphabetic() || c == '/');
    format!("{} {unit}{rest}", &line[..number.end])
}

/// The lines of the table around a line: from its head to the next.
fn table(lines: &[String], at: usize) -> std::ops::Range<usize> {
    let is_head = |line: &String| line.starts_with('[');
    let begin = lines[..=at].iter().rposition(is_head).unwrap_or(0);
    let end = lines[at + 1..].iter().position(is_head).map_or(lines.len(), |more| at + 1 + more);
    begin..end
}

fn without_table(lines: &mut Vec<String>, at: usize) {
    let table = table(lines, at);
    if table.len() < lines.len() {
        lines.drain(table);
    }
}

fn again_table(lines: &mut Vec<String>, at: usize) {
    let table = table(lines, at);
    if table.len() < 60 {
        let again: Vec<String> = lines[table.clone()].to_vec();
        lines.splice(table.end..table.end, again);
    }
}

/// Repeats a few letters.
fn repeat(line: &mut String, chance: &mut Stream) {
    let letters: Vec<char> = line.chars().collect();
    if letters.is_empty() {
        return;
    }
    let begin = chance.random_range(0..letters.len());
    let end = (begin + chance.random_range(1..9)).min(letters.len());
    let part: String = letters[begin..end].iter().collect();
    let times = REPEATED[chance.random_range(0..REPEATED.len())];
    let before: String = letters[..begin].iter().collect();
    let behind: String = letters[end..].iter().collect();
    *line = format!("{before}{}{behind}", part.repeat(times));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_whole_and_not_in_names() {
        let line = "mtu = 9000, \"1.5 GiB\" a100 gpu_2";
        let found: Vec<&str> = numbers(line).into_iter().map(|place| &line[place]).collect();
        assert_eq!(found, ["9000", "1.5"]);
    }

    #[test]
    fn a_table_goes_from_its_head_to_the_next() {
        let lines: Vec<String> = ["a", "[b]", "c", "[d]"].map(str::to_owned).into();
        assert_eq!(table(&lines, 2), 1..3);
        assert_eq!(table(&lines, 0), 0..1);
        assert_eq!(table(&lines, 3), 3..4);
    }
}
