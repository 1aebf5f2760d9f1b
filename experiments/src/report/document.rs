//! A report as a value: sections of words, figures and tables, before it becomes HTML.

use serde::Serialize;

use crate::plot::Figure;

/// Figures higher than this may break over pages in print \[px\]: a figure of 960 px that is as
/// wide as an A4 page has room for about 1350.
const PAGE_PX: f64 = 1250.0;

/// A whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Its heading.
    pub title: String,
    /// The version that made it.
    pub version: String,
    /// What it is about; may be empty.
    pub about: String,
    /// What a reader must know first, if anything.
    pub warning: Option<String>,
    /// The answer, a sentence each.
    pub answer: Vec<String>,
    /// Everything else.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it says before its figures.
    pub paragraphs: Vec<String>,
    /// Its figures.
    pub figures: Vec<Drawing>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Names and what they stand for.
    pub facts: Vec<(String, String)>,
    /// What only some readers open.
    pub folded: Vec<Folded>,
}

/// A figure in a report.
#[derive(Clone, Debug, Serialize)]
pub struct Drawing {
    name: String,
    caption: String,
    svg: String,
    long: bool,
}

impl Drawing {
    /// A drawn figure; the template takes its SVG as markup.
    pub fn of(figure: &Figure) -> Drawing {
        Drawing {
            name: figure.name.clone(),
            caption: figure.caption.clone(),
            svg: figure.svg.clone(),
            long: figure.height > PAGE_PX,
        }
    }
}

/// Something behind a summary line.
#[derive(Clone, Debug, Serialize)]
pub struct Folded {
    /// The line.
    pub summary: String,
    /// A table behind it.
    pub table: Option<Table>,
    /// A text behind it.
    pub text: Option<String>,
}

/// A table whose rows are grouped under names.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns, with one for the groups' names if they have any.
    pub columns: Vec<Column>,
    /// Its rows in groups.
    pub groups: Vec<Group>,
    /// Whether its cells are shaded by value.
    pub shaded: bool,
}

/// A column of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    name: String,
    number: bool,
}

/// Rows under one name.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The name, empty for none.
    pub name: String,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    text: String,
    class: &'static str,
    shade: String,
    link: String,
}

/// A column of words.
pub fn words(name: &str) -> Column {
    Column { name: name.into(), number: false }
}

/// A column of numbers.
pub fn numbers(name: &str) -> Column {
    Column { name: name.into(), number: true }
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// A number.
    pub fn number(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), class: "number", ..Cell::default() }
    }

    /// The same in another CSS class of `style.css`.
    pub fn class(self, class: &'static str) -> Cell {
        Cell { class, ..self }
    }

    /// The same on a ground that grows darker with `part`, 0 to 1; vermillion for what is lost,
    /// green for what is given back.
    pub fn shaded(self, part: f64) -> Cell {
        let ground = if part < 0.0 { (0x00, 0x9e, 0x73) } else { (0xd5, 0x5e, 0x00) };
        // Text on it stays readable: never more than six tenths.
        let cover = (part.abs() * 1.2).min(0.6);
        let mix = |ink: u32| (255.0 - (255.0 - f64::from(ink)) * cover).round() as u32;
        let shade = format!("#{:02x}{:02x}{:02x}", mix(ground.0), mix(ground.1), mix(ground.2));
        Cell { shade, ..self }
    }

    /// Words that lead to `address` where it is a web address, else just words.
    pub fn link(text: impl Into<String>, address: &str) -> Cell {
        let web = address.starts_with("https://") || address.starts_with("http://");
        let link = if web { address.to_owned() } else { String::new() };
        Cell { text: text.into(), link, ..Cell::default() }
    }
}

impl Table {
    /// A table without groups.
    pub fn plain(caption: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        let groups = vec![Group { name: String::new(), rows }];
        Table { caption: caption.into(), columns, groups, shaded: false }
    }
}
