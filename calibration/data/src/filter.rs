//! Which rows of a table are meant: `kernel in (init, read, scale) and block_size_threads < 512`.
//!
//! ```text
//! filter     = clause { "or" clause }
//! clause     = term { "and" term }
//! term       = "not" term | "(" filter ")" | comparison
//! comparison = column [ "%" number ] ( "in" | "not in" ) "(" value { "," value } ")"
//!            | column [ "%" number ] ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//! ```
//!
//! `row` is the number of a row, counted from one. Values are compared as numbers where both are.
//! A table without a named column is not spoken of: all of its rows are meant.

use models::input::InputError;

use crate::file::{DataFile, Row};

/// How deep parentheses may nest: more are taken for a mistake, and would need a stack to match.
const DEPTH_MAX: usize = 64;

/// A condition on rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    text: String,
    condition: Condition,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    In(Operand, Vec<String>),
    Compare(Operand, Relation, String),
}

/// A column, and the divisor whose remainder is meant.
#[derive(Clone, Debug, PartialEq)]
struct Operand {
    column: String,
    modulo: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none; the message says what was expected where.
    pub fn parse(text: &str) -> Result<Filter, InputError> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
        let condition = parser.any()?;
        match parser.peek() {
            None => Ok(Filter { text: text.trim().to_owned(), condition }),
            Some(extra) => Err(fault(format!("`{extra}` is not expected here"))),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a table has every column that the expression names.
    pub fn speaks_of(&self, file: &DataFile) -> bool {
        let mut names = Vec::new();
        columns(&self.condition, &mut names);
        names.iter().all(|name| *name == "row" || file.columns().any(|column| column == *name))
    }

    /// Whether a row is meant.
    pub fn has(&self, row: &Row<'_>) -> bool {
        holds(&self.condition, row)
    }
}

fn columns<'a>(condition: &'a Condition, names: &mut Vec<&'a str>) {
    match condition {
        Condition::Any(parts) | Condition::All(parts) => {
            parts.iter().for_each(|part| columns(part, names));
        }
        Condition::Not(part) => columns(part, names),
        Condition::In(operand, _) | Condition::Compare(operand, ..) => names.push(&operand.column),
    }
}

fn holds(condition: &Condition, row: &Row<'_>) -> bool {
    match condition {
        Condition::Any(parts) => parts.iter().any(|part| holds(part, row)),
        Condition::All(parts) => parts.iter().all(|part| holds(part, row)),
        Condition::Not(part) => !holds(part, row),
        Condition::In(operand, values) => {
            let found = operand.value(row);
            values.iter().any(|value| compare(&found, value).is_eq())
        }
        Condition::Compare(operand, relation, value) => {
            let order = compare(&operand.value(row), value);
            match relation {
                Relation::Equal => order.is_eq(),
                Relation::Different => order.is_ne(),
                Relation::Less => order.is_lt(),
                Relation::AtMost => order.is_le(),
                Relation::More => order.is_gt(),
                Relation::AtLeast => order.is_ge(),
            }
        }
    }
}

impl Operand {
    fn value(&self, row: &Row<'_>) -> String {
        let text = match self.column.as_str() {
            "row" => row.number.to_string(),
            column => row.cell(column).unwrap_or_default().to_owned(),
        };
        match (self.modulo, text.parse::<f64>()) {
            (Some(divisor), Ok(number)) => (number % divisor as f64).to_string(),
            _ => text,
        }
    }
}

fn compare(found: &str, value: &str) -> std::cmp::Ordering {
    match (found.parse::<f64>(), value.parse::<f64>()) {
        (Ok(found), Ok(value)) => found.total_cmp(&value),
        _ => found.cmp(value),
    }
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
    /// Parentheses that are open.
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, what: &str) -> Result<String, InputError> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| fault(format!("ends where {what} is expected")))
    }

    /// Whether the next token is `word`, which is then passed.
    fn pass(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), InputError> {
        match self.take(&format!("`{word}`"))? {
            found if found == word => Ok(()),
            found => Err(fault(format!("`{found}` stands where `{word}` is expected"))),
        }
    }

    fn any(&mut self) -> Result<Condition, InputError> {
        let mut parts = vec![self.all()?];
        while self.pass("or") {
            parts.push(self.all()?);
        }
        Ok(Condition::Any(parts))
    }

    fn all(&mut self) -> Result<Condition, InputError> {
        let mut parts = vec![self.term()?];
        while self.pass("and") {
            parts.push(self.term()?);
        }
        Ok(Condition::All(parts))
    }

    fn term(&mut self) -> Result<Condition, InputError> {
        let mut negations = 0;
        while self.pass("not") {
            negations += 1;
        }
        let term = if self.pass("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(fault(format!("more than {DEPTH_MAX} parentheses are open")));
            }
            let inner = self.any()?;
            self.expect(")")?;
            self.depth -= 1;
            inner
        } else {
            self.comparison()?
        };
        Ok(if negations % 2 == 1 { Condition::Not(Box::new(term)) } else { term })
    }

    fn comparison(&mut self) -> Result<Condition, InputError> {
        let column = self.take("a column")?;
        if !column.starts_with(|c: char| c.is_alphabetic()) {
            return Err(fault(format!("`{column}` is no column")));
        }
        let modulo = match self.pass("%") {
            false => None,
            true => match self.take("a divisor")?.parse() {
                Ok(divisor) if divisor > 0 => Some(divisor),
                _ => return Err(fault("`%` needs a whole number above zero")),
            },
        };
        let operand = Operand { column, modulo };
        let negated = self.pass("not");
        if negated || self.peek() == Some("in") {
            self.expect("in")?;
            let within = Condition::In(operand, self.list()?);
            return Ok(if negated { Condition::Not(Box::new(within)) } else { within });
        }
        let relation = match self.take("a comparison")?.as_str() {
            "=" | "==" => Relation::Equal,
            "!=" => Relation::Different,
            "<" => Relation::Less,
            "<=" => Relation::AtMost,
            ">" => Relation::More,
            ">=" => Relation::AtLeast,
            other => return Err(fault(format!("`{other}` is no comparison"))),
        };
        Ok(Condition::Compare(operand, relation, self.take("a value")?))
    }

    fn list(&mut self) -> Result<Vec<String>, InputError> {
        self.expect("(")?;
        let mut values = vec![self.take("a value")?];
        while self.pass(",") {
            values.push(self.take("a value")?);
        }
        self.expect(")")?;
        Ok(values)
    }
}

/// Words, numbers, quoted texts and signs.
fn tokens(text: &str) -> Result<Vec<String>, InputError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, used) = match first {
            '\'' | '"' => {
                let close = rest[1..].find(first).ok_or_else(|| fault("a quote is not closed"))?;
                (rest[1..=close].to_owned(), close + 2)
            }
            '(' | ')' | ',' | '%' => (first.to_string(), 1),
            '=' | '!' | '<' | '>' => {
                let used = rest.find(|c| !"=!<>".contains(c)).unwrap_or(rest.len());
                (rest[..used].to_owned(), used)
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "(),%=!<>'\"".contains(c);
                let used = rest.find(ends).unwrap_or(rest.len());
                (rest[..used].to_owned(), used)
            }
        };
        tokens.push(token);
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

fn fault(problem: impl Into<String>) -> InputError {
    InputError::new("--rows", problem).help("such as `kernel in (init, read, scale)`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(expression: &str) -> Vec<usize> {
        let text = b"kernel,size\ninit,32\nread,64\ntriad,1024\n3pt,96\n";
        let file = DataFile::from_bytes("t.csv", text).unwrap();
        let filter = Filter::parse(expression).unwrap();
        assert!(filter.speaks_of(&file));
        file.rows().filter(|row| filter.has(row)).map(|row| row.number).collect()
    }

    #[test]
    fn rows_are_chosen() {
        let cases: [(&str, &[usize]); 9] = [
            ("kernel in (init, read, scale)", &[1, 2]),
            ("kernel not in (init, read)", &[3, 4]),
            ("kernel = 3pt", &[4]),
            ("kernel != '3pt' and size >= 64", &[2, 3]),
            ("size < 64 or size > 1000", &[1, 3]),
            ("not (size < 64 or size > 1000)", &[2, 4]),
            ("row % 3 = 1", &[1, 4]),
            ("size<=96 and row>1", &[2, 4]),
            ("size in (32.0, 96)", &[1, 4]),
        ];
        for (expression, rows) in cases {
            assert_eq!(kept(expression), rows, "{expression}");
        }
    }

    #[test]
    fn a_table_without_the_column_is_not_spoken_of() {
        let file = DataFile::from_bytes("t.csv", b"gpu,latency\nv100,1\n").unwrap();
        assert!(!Filter::parse("kernel = read").unwrap().speaks_of(&file));
    }

    #[test]
    fn parentheses_nest_as_deep_as_anybody_needs() {
        let nested = |depth: usize| format!("{}row = 1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(kept(&nested(DEPTH_MAX)), [1]);
        let beside = vec![nested(DEPTH_MAX); 100].join(" or ");
        assert_eq!(kept(&beside), [1]);
        for depth in [DEPTH_MAX + 1, 8_000, 30_000] {
            let told = Filter::parse(&nested(depth)).unwrap_err().to_string();
            assert!(told.starts_with("--rows: more than 64 parentheses are open"), "{told}");
        }
        let told = Filter::parse(&"not ".repeat(30_000)).unwrap_err().to_string();
        assert!(told.starts_with("--rows: ends where a column is expected"), "{told}");
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let cases = [
            ("", "--rows: ends where a column is expected"),
            ("kernel in init", "--rows: `init` stands where `(` is expected"),
            ("kernel in (init", "--rows: ends where `)` is expected"),
            ("kernel ~ init", "--rows: `~` is no comparison"),
            ("kernel = 'init", "--rows: a quote is not closed"),
            ("size % 0 = 1", "--rows: `%` needs a whole number above zero"),
            ("kernel = read read", "--rows: `read` is not expected here"),
            ("= 3", "--rows: `=` is no column"),
        ];
        for (expression, expected) in cases {
            let told = Filter::parse(expression).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{expression}: {told}");
        }
    }
}
