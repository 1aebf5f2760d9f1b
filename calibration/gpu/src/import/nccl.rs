//! The table of nccl-tests (`all_reduce_perf` and its sisters): one row per message size.
//!
//! Rows stand between lines of NCCL's own log; a row is a line that begins with a whole number.
//! The header above them names the columns, whose number differs between versions. Some leave a
//! column empty (`redop` of a collective that has none): words then belong to the columns whose
//! names end where they do.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;

const HELP: &str = "the text that a program of nccl-tests prints, unchanged";

/// A message size of a collective.
#[derive(Clone, Debug, PartialEq)]
pub struct Collective {
    /// The program, where the text says it: `all_reduce_perf`.
    pub test: Option<String>,
    /// How many ranks took part, where the text lists them.
    pub ranks: Option<u32>,
    /// Bytes of the message.
    pub bytes: u64,
    /// Type of the elements: `float`.
    pub element: String,
    /// Out of place, where it was run.
    pub out_of_place: Option<Timing>,
    /// In place, where it was run.
    pub in_place: Option<Timing>,
}

/// What one size took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Time of one operation \[us\].
    pub time_us: f64,
    /// Bytes ÷ time \[GB/s\].
    pub algorithm_gb_s: f64,
    /// The same times what the operation moves over each link \[GB/s\].
    pub bus_gb_s: f64,
    /// Elements that came out wrong, where it was checked.
    pub wrong: Option<u64>,
}

/// Whether a text has this table's header.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| columns(line).is_some())
}

/// The columns that a header names.
fn columns(line: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = line.trim().strip_prefix('#')?.split_whitespace().collect();
    (names.first() == Some(&"size") && names.contains(&"algbw")).then_some(names)
}

/// The columns that a header names, each with where its name ends.
struct Header<'a> {
    names: Vec<&'a str>,
    ends: Vec<usize>,
}

impl<'a> Header<'a> {
    fn read(line: &'a str) -> Option<Header<'a>> {
        let names = columns(line)?;
        // The sign of a comment is no column.
        let ends = ends(line).skip(usize::from(line.trim_start().starts_with("# "))).collect();
        Some(Header { names, ends })
    }

    /// The words of a row below their columns; none if there is no way to tell.
    fn under<'b>(&self, line: &'b str) -> Option<Vec<Option<&'b str>>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.len() == self.names.len() {
            return Some(words.into_iter().map(Some).collect());
        }
        if words.len() > self.names.len() || self.ends.len() != self.names.len() {
            return None;
        }
        let mut cells = vec![None; self.names.len()];
        for (word, end) in words.into_iter().zip(ends(line)) {
            let near = |at: &usize| self.ends[*at].abs_diff(end);
            let at = (0..self.ends.len()).min_by_key(near)?;
            if cells[at].replace(word).is_some() {
                return None;
            }
        }
        // What is measured is never left out.
        let empty = self.names.iter().zip(&cells).filter(|(_, cell)| cell.is_none());
        let mut names = empty.map(|(name, _)| *name);
        names.all(|name| matches!(name, "type" | "redop" | "root")).then_some(cells)
    }
}

/// Where each word of a line ends, in characters.
fn ends(line: &str) -> impl Iterator<Item = usize> {
    let mut chars = line.chars().chain([' ']).enumerate();
    let mut inside = false;
    std::iter::from_fn(move || {
        chars.find_map(|(at, c)| {
            let ended = inside && c.is_whitespace();
            inside = !c.is_whitespace();
            ended.then_some(at)
        })
    })
}

/// Reads the table of a text without ranks in front of its lines.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<Vec<Collective>, InputError> {
    let mut header: Option<Header<'_>> = None;
    let mut rows: Vec<Collective> = Vec::new();
    let (mut unnamed, mut test, mut ranks) = (0, None, 0);
    for (at, line) in text.lines().enumerate() {
        if let Some(found) = Header::read(line) {
            header = Some(found);
        } else if let Some((_, name)) = line.split_once("Collective test starting:") {
            test = Some(name.trim().to_owned());
        } else if let Some((_, name)) = line.split_once("Collective test concluded:") {
            // Here the name comes last.
            let name = Some(name.trim().to_owned());
            rows[unnamed..].iter_mut().for_each(|row| row.test.clone_from(&name));
            (unnamed, test, ranks) = (rows.len(), None, 0);
        } else if let Some(device) = line.trim_start().strip_prefix('#').map(str::trim_start)
            && device.starts_with("Rank ")
        {
            ranks += 1;
        } else if let Some(header) = &header {
            let first = line.split_whitespace().next();
            if first.is_some_and(|word| word.parse::<u64>().is_ok()) {
                let row = row(source, at + 1, header, line)?;
                let ranks = (ranks > 0).then_some(ranks);
                rows.push(Collective { test: test.clone(), ranks, ..row });
            }
        }
    }
    match rows.is_empty() {
        true => Err(fault(source, 1, "size", "there is no row below the header".into(), HELP)),
        false => Ok(rows),
    }
}

fn row(
    source: &Arc<Source>,
    line: usize,
    header: &Header<'_>,
    text: &str,
) -> Result<Collective, InputError> {
    let Some(cells) = header.under(text) else {
        let (found, wanted) = (text.split_whitespace().count(), header.names.len());
        let problem = format!("has {found} columns, and the header {wanted}");
        return Err(fault(source, line, "row", problem, HELP));
    };
    // Some columns come twice: out of place first, then in place.
    let word = |name: &str, turn: usize| -> Option<&str> {
        let mut places = header.names.iter().zip(&cells).filter(|(column, _)| **column == name);
        places.nth(turn).and_then(|(_, word)| *word)
    };
    let wrong = |field: &str, word: &str, wanted: &str| {
        fault(source, line, field, format!("`{word}` is no {wanted}"), HELP)
    };
    let amount = |field: &str, turn: usize| -> Result<Option<f64>, InputError> {
        match word(field, turn) {
            None | Some("N/A") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
                _ => Err(wrong(field, text, "number of zero or more")),
            },
        }
    };
    let timing = |turn: usize| -> Result<Option<Timing>, InputError> {
        let (time, algorithm, bus) =
            (amount("time", turn)?, amount("algbw", turn)?, amount("busbw", turn)?);
        let (Some(time_us), Some(algorithm_gb_s), Some(bus_gb_s)) = (time, algorithm, bus) else {
            return Ok(None);
        };
        let wrong = match word("#wrong", turn) {
            None | Some("N/A") => None,
            Some(text) => Some(text.parse().map_err(|_| wrong("#wrong", text, "whole number"))?),
        };
        Ok(Some(Timing { time_us, algorithm_gb_s, bus_gb_s, wrong }))
    };
    let bytes = word("size", 0).and_then(|word| word.parse().ok());
    Ok(Collective {
        test: None,
        ranks: None,
        bytes: bytes.ok_or_else(|| wrong("size", word("size", 0).unwrap_or(""), "whole number"))?,
        element: word("type", 0).unwrap_or("").to_owned(),
        out_of_place: timing(0)?,
        in_place: timing(1)?,
    })
}

impl Collective {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let mut rows = Vec::new();
        for (place, timing) in [("out", self.out_of_place), ("in", self.in_place)] {
            let Some(timing) = timing else { continue };
            for (quantity, value, unit) in [
                ("time", timing.time_us, "us"),
                ("algorithm_bandwidth", timing.algorithm_gb_s, "GB/s"),
                ("bus_bandwidth", timing.bus_gb_s, "GB/s"),
            ] {
                let test = self.test.clone().unwrap_or_else(|| "collective".into());
                let size = format!("{} B", self.bytes);
                let quantity = format!("{quantity}_{place}_of_place");
                let quantity = quantity.replace("in_of_place", "in_place");
                let ranks = self.ranks.map_or(String::new(), |ranks| format!("{ranks} ranks"));
                rows.push([test, size, ranks, quantity, value.to_string(), unit.into()]);
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form that nccl-tests 2.13 prints, within NCCL's log.
    const TEXT: &str = include_str!("../../tests/import/all_reduce_perf.txt");

    fn read_text(text: &str) -> Result<Vec<Collective>, InputError> {
        read(&Source::new("nccl.txt", text), text)
    }

    /// As versions before 2.12 print a collective that reduces nothing: no `redop`, no `root`.
    #[test]
    fn words_belong_to_the_columns_that_they_end() {
        let text = include_str!("../../tests/import/nccl-without-redop.txt");
        let rows = read_text(text).unwrap();
        assert_eq!((rows[0].bytes, rows[0].element.as_str()), (1024, "float"));
        assert_eq!(rows[0].out_of_place.unwrap().time_us, 36.07);
        assert_eq!(rows[0].in_place.unwrap().bus_gb_s, 0.05);
    }

    #[test]
    fn kind_and_ranks_are_told() {
        let text =
            format!("# Collective test starting: x_perf\n#  Rank  0 Group 0\n#  Rank  1\n{TEXT}");
        let text = text.replace("Collective test concluded", "Nothing concluded");
        let row = &read_text(&text).unwrap()[0];
        assert_eq!(
            (row.test.as_deref(), row.rows()[0][2].ends_with(" ranks")),
            (Some("x_perf"), true)
        );
    }

    #[test]
    fn rows_are_read_from_between_the_log() {
        let rows = read_text(TEXT).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].bytes, rows[0].element.as_str()), (134_217_728, "float"));
        assert_eq!(rows[1].test.as_deref(), Some("all_reduce_perf"));
        let (out, inside) = (rows[0].out_of_place.unwrap(), rows[1].in_place.unwrap());
        assert_eq!((out.time_us, out.bus_gb_s, out.wrong), (857.6, 156.51, Some(0)));
        assert_eq!((inside.algorithm_gb_s, inside.wrong), (186.17, None));
        assert_eq!(rows[0].rows()[3][3], "time_in_place");
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            ("857.6", "slow", "nccl.txt:10: time: `slow` is no number of zero or more"),
            ("185.74  185.74", "185.74  -1", "nccl.txt:12: busbw: `-1` is no number"),
            ("163.76      0", "163.76      x", "nccl.txt:10: #wrong: `x` is no whole number"),
            ("163.76      0", "163.76", "nccl.txt:10: row: has 12 columns, and the header 13"),
        ];
        for (right, wrong, expected) in cases {
            let text = TEXT.replacen(right, wrong, 1);
            let told = read_text(&text).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let none: String = TEXT.lines().take(9).map(|line| format!("{line}\n")).collect();
        let told = read_text(&none).unwrap_err().to_string();
        assert!(told.starts_with("nccl.txt:1: size: there is no row"), "{told}");
    }
}
