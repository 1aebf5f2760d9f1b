//! Where a command speaks: results on standard output, everything else on standard error.

mod sheet;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Duration;

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::diagnostic;
use crate::failure::Failure;

pub use sheet::{Sheet, number};

/// The width of tables and messages where no terminal tells one, in columns.
const WIDTH_DEFAULT: u16 = 120;
/// The least that tables and messages are made for.
const WIDTH_MIN: usize = 40;

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

/// That of the terminal, or else what `COLUMNS` says, as for `ls` and `ps`.
fn width() -> usize {
    let stated = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = Table::new().width().or_else(stated).unwrap_or(WIDTH_DEFAULT);
    usize::from(width).max(WIDTH_MIN)
}
