//! Where a command speaks: results on standard output, everything else on standard error.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, presets,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::diagnostic;
use crate::failure::Failure;

/// The width of tables and messages where no terminal tells one, in columns.
const WIDTH_DEFAULT: u16 = 120;
/// Between columns of tables, in characters.
const COLUMN_GAP: usize = 2;

/// How a command speaks to whoever called it.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// One JSON object on standard output and nothing else.
    pub json: bool,
    /// Nothing but errors, and the JSON object if that is asked for.
    pub quiet: bool,
}

impl Console {
    /// Writes `text` to standard output, unless the caller wants JSON or nothing.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        if self.json || self.quiet { Ok(()) } else { written(text) }
    }

    /// Writes a table to standard output, unless the caller wants JSON or nothing.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print_table(&self, mut sheet: Sheet) -> Result<(), Failure> {
        self.print(&sheet.text())
    }

    /// Writes the one object of `--json`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let mut out = BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Says something in passing on standard error.
    pub fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            // Nobody is left to be told if this fails.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Tells why a command failed.
    pub fn fail(&self, failure: &Failure) {
        // What was finished before a stop has been told as the one object already.
        if self.json && !matches!(failure, Failure::Interrupted) {
            let _ = self.print_json(&failure.to_json());
        }
        let text = match failure {
            Failure::Input(error) => diagnostic::rendered(error, colour(), width()),
            Failure::Run(problem) => format!("podpath: {problem}\n"),
            Failure::Interrupted => "podpath: stopped by Ctrl-C\n".into(),
            Failure::ReaderGone => return,
        };
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// A bar over `total` points with the time left, where somebody watches.
    pub fn progress(&self, total: u64, what: &str) -> ProgressBar {
        self.bar(total, what, "{msg} [{bar:32}] {pos}/{len} points, {eta} left")
    }

    /// A bar over `total` small parts of the work with the time left, where somebody watches.
    pub fn parts(&self, total: u64, what: &str) -> ProgressBar {
        self.bar(total, what, "{msg} [{bar:32}] {percent} %, {eta} left")
    }

    fn bar(&self, total: u64, what: &str, style: &str) -> ProgressBar {
        let hidden = self.quiet || self.json || !io::stderr().is_terminal();
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(what.to_owned());
        bar.set_style(
            ProgressStyle::with_template(style)
                .expect("the template is valid")
                .progress_chars("=> "),
        );
        if !hidden {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        bar
    }
}

fn written(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Whether messages may be coloured: on a terminal, unless `NO_COLOR` is set
/// (<https://no-color.org>).
fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

fn width() -> usize {
    usize::from(Table::new().width().unwrap_or(WIDTH_DEFAULT)).max(40)
}

/// A table that fits the terminal.
#[derive(Debug)]
pub struct Sheet(Table);

impl Sheet {
    /// An empty table with this header.
    pub fn new(header: &[&str]) -> Sheet {
        let rule = LineStyle::none().fill('─').junction('─');
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING.header_separator(rule))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .force_no_tty()
            .set_width(width() as u16)
            .set_header(header);
        Sheet(table)
    }

    /// Adds a row.
    pub fn add_row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.0.add_row(cells.into_iter().map(Into::into).collect::<Vec<Cell>>());
    }

    /// Keeps the first `columns` columns from being broken: names and numbers that are cut in two
    /// are hard to read.
    pub fn keep_whole(&mut self, columns: usize) {
        for column in self.0.column_iter_mut().take(columns) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }

    /// How much of the terminal's width the table leaves free, in characters.
    pub fn room(&self) -> usize {
        let widths = self.0.column_max_content_widths();
        let taken: usize = widths.iter().map(|width| usize::from(*width) + COLUMN_GAP).sum();
        width().saturating_sub(taken)
    }

    /// The table as text.
    fn text(&mut self) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let lines: Vec<String> = self.0.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }
}

/// A cell that is aligned as numbers are.
pub fn number(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
