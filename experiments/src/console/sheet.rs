//! Tables that fit the terminal.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, presets,
};

use super::width;

/// Between columns of tables, in characters.
const COLUMN_GAP: usize = 2;
/// The longest bar, in characters.
const BAR_WIDTH: usize = 20;
/// The longest bar is no shorter than this, or there are none.
const BAR_WIDTH_MIN: usize = 5;

/// A table that fits the terminal.
#[derive(Debug)]
pub struct Sheet {
    table: Table,
    /// The parts that bars behind the rows stand for.
    bars: Vec<f64>,
    /// What is said of each row in a line below it.
    below: Vec<String>,
}

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
        Sheet { table, bars: Vec::new(), below: Vec::new() }
    }

    /// Adds a row.
    pub fn add_row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.table.add_row(cells.into_iter().map(Into::into).collect::<Vec<Cell>>());
    }

    /// Keeps the first `columns` columns from being broken: names and numbers that are cut in two
    /// are hard to read.
    pub fn keep_whole(&mut self, columns: usize) {
        for column in self.table.column_iter_mut().take(columns) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }

    /// Puts a bar behind each row, for parts of a whole, where the terminal leaves room for it.
    pub fn bars(&mut self, parts: impl IntoIterator<Item = f64>) {
        self.bars = parts.into_iter().collect();
    }

    /// Says something of each row in a line below it; no row may be broken.
    pub fn below(&mut self, said: impl IntoIterator<Item = String>) {
        self.below = said.into_iter().collect();
    }

    /// How much of the terminal's width the table leaves free, in characters.
    pub fn room(&self) -> usize {
        let widths = self.table.column_max_content_widths();
        let taken: usize = widths.iter().map(|width| usize::from(*width) + COLUMN_GAP).sum();
        width().saturating_sub(taken)
    }

    /// The table as text.
    pub(super) fn text(&mut self) -> String {
        self.draw_bars();
        for column in self.table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let lines = self.table.lines().map(|line| line.trim_end().to_owned());
        let mut lines: Vec<String> = lines.collect();
        let first = lines.len().saturating_sub(self.below.len());
        let told = self.below.iter().enumerate().rev().filter(|(_, said)| !said.is_empty());
        for (row, said) in told {
            lines.insert(first + row + 1, format!("    {said}"));
        }
        lines.join("\n") + "\n"
    }

    /// Adds the column of bars, as wide as there is room.
    fn draw_bars(&mut self) {
        let width = self.room().saturating_sub(COLUMN_GAP).min(BAR_WIDTH);
        if width < BAR_WIDTH_MIN || self.bars.is_empty() {
            return;
        }
        let header = self.table.header().map(|row| row.cell_iter().cloned().collect());
        let header: Vec<Cell> = header.unwrap_or_default();
        self.table.set_header(header.into_iter().chain([Cell::new("")]));
        for (row, part) in self.table.row_iter_mut().zip(&self.bars) {
            let length = (part.clamp(0.0, 1.0) * width as f64).round() as usize;
            row.add_cell("█".repeat(length).into());
        }
        self.keep_whole(usize::MAX);
    }
}

/// A cell that is aligned as numbers are.
pub fn number(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
