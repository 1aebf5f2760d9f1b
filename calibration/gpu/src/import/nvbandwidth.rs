//! The JSON of `nvbandwidth -j`: one matrix per test case, in GB/s or, for latencies, in ns.

use std::fmt;
use std::sync::Arc;

use models::input::{InputError, Source};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::fault;
use super::plain::parse_json;

/// A run of nvbandwidth.
#[derive(Clone, Debug, PartialEq)]
pub struct Copies {
    /// Its version, if it says one.
    pub version: Option<String>,
    /// The test cases that passed.
    pub tests: Vec<Matrix>,
}

/// A test case that passed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Matrix {
    /// Its name: `host_to_device_memcpy_ce`.
    pub name: String,
    /// `Passed`, or why it has no figures.
    status: Status,
    /// What rows and columns are.
    #[serde(default, rename = "bandwidth_description")]
    pub description: String,
    /// One value per pair, `None` where a pair was not measured.
    #[serde(default, rename = "bandwidth_matrix")]
    pub values: Vec<Vec<Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Status {
    Passed,
    Waived,
    Running,
    Error,
    #[serde(rename = "Not Found")]
    NotFound,
}

/// A cell: a number, as the program writes it in quotes, or `N/A`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value(pub Option<f64>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Cell)
    }
}

struct Cell;

impl Visitor<'_> for Cell {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number of zero or more, or \"N/A\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        match text {
            "N/A" => Ok(Value(None)),
            number => match number.parse() {
                Ok(number) => self.visit_f64(number),
                Err(_) => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
            },
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        match number.is_finite() && number >= 0.0 {
            true => Ok(Value(Some(number))),
            false => Err(E::invalid_value(serde::de::Unexpected::Float(number), &self)),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.visit_f64(number as f64)
    }
}

#[derive(Deserialize)]
struct Document {
    nvbandwidth: Body,
}

#[derive(Deserialize)]
struct Body {
    version: Option<String>,
    error: Option<String>,
    #[serde(default)]
    testcases: Vec<Matrix>,
}

/// Reads the JSON, between whatever else stands in the text.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<Copies, InputError> {
    let help = "the output of `nvbandwidth -j`, unchanged";
    let body = parse_json::<Document>(text).map_err(|error| {
        let line = error.line();
        // In this program's style a key stands on the line of its value or above it.
        let above = text.lines().take(line).collect::<Vec<_>>().into_iter().rev();
        let key =
            |text: &str| text.contains("\" :").then(|| text.split('"').nth(1))?.map(str::to_owned);
        let field = above.filter_map(key).next();
        let field = field.as_deref().filter(|_| error.is_data()).unwrap_or("JSON");
        let told = error.to_string();
        let told = told.split(" at line").next().unwrap_or("is no JSON").to_owned();
        fault(source, line, field, told, help)
    })?;
    let body = body.nvbandwidth;
    if let Some(error) = body.error {
        return Err(fault(source, 1, "error", format!("nvbandwidth failed: {error}"), help));
    }
    let passed = |matrix: &Matrix| matrix.status == Status::Passed && !matrix.values.is_empty();
    let tests: Vec<Matrix> = body.testcases.into_iter().filter(passed).collect();
    copies(source, body.version, tests)
}

/// Checks what has passed.
pub(super) fn copies(
    source: &Arc<Source>,
    version: Option<String>,
    tests: Vec<Matrix>,
) -> Result<Copies, InputError> {
    let help = "the output of `nvbandwidth -j`, unchanged";
    if tests.is_empty() {
        return Err(fault(source, 1, "testcases", "no test case has passed".into(), help));
    }
    for matrix in &tests {
        let columns = matrix.values[0].len();
        if matrix.values.iter().any(|row| row.len() != columns) {
            let quoted = format!("\"{}\"", matrix.name);
            let at = source.text.find(&quoted).unwrap_or(0);
            let problem = format!("the rows of `{}` differ in length", matrix.name);
            return Err(fault(source, source.line_of(at), "bandwidth_matrix", problem, help));
        }
    }
    Ok(Copies { version, tests })
}

impl Matrix {
    /// A test case that passed.
    pub(super) fn passed(name: &str, description: &str, values: Vec<Vec<Value>>) -> Matrix {
        let (name, description) = (name.to_owned(), description.to_owned());
        Matrix { name, status: Status::Passed, description, values }
    }
}

impl Copies {
    /// The value of a test in the last row that has one for `column`: host tests have one row.
    pub fn value(&self, test: &str, column: usize) -> Option<f64> {
        let matrix = self.tests.iter().find(|matrix| matrix.name == test)?;
        matrix.values.iter().rev().find_map(|row| row.get(column)?.0)
    }

    /// Test, row, column, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> impl Iterator<Item = [String; 6]> + '_ {
        self.tests.iter().flat_map(|matrix| {
            let latency = matrix.name.contains("latency");
            let (quantity, unit) = if latency { ("latency", "ns") } else { ("bandwidth", "GB/s") };
            let cells = matrix.values.iter().enumerate().flat_map(|(row, values)| {
                values.iter().enumerate().map(move |(column, value)| (row, column, value.0))
            });
            cells.filter_map(move |(row, column, value)| {
                let place = [row, column].map(|at| at.to_string());
                let [row, column] = place;
                let name = matrix.name.clone();
                Some([name, row, column, quantity.into(), value?.to_string(), unit.into()])
            })
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As `nvbandwidth -j` of version 0.8 writes it (json_output.cpp), with made-up figures.
    pub(in crate::import) const TEXT: &str = r#"{
	"nvbandwidth" : 
	{
		"CUDA Runtime Version" : 12080,
		"Driver Version" : "570.86.15",
		"git_version" : "v0.8",
		"testcases" : 
		[
			{
				"bandwidth_description" : "memcpy CE CPU(row) -> GPU(column) bandwidth (GB/s)",
				"bandwidth_matrix" : 
				[
					[
						"24.6",
						"24.7"
					]
				],
				"name" : "host_to_device_memcpy_ce",
				"status" : "Passed",
				"sum" : 49.3
			},
			{
				"bandwidth_description" : "memcpy CE CPU(row) <- GPU(column) bandwidth (GB/s)",
				"bandwidth_matrix" : [ [ "25.9", "26" ] ],
				"name" : "device_to_host_memcpy_ce",
				"status" : "Passed",
				"sum" : 51.9
			},
			{
				"bandwidth_matrix" : [ [ "N/A", "250.1" ], [ "249.9", "N/A" ] ],
				"name" : "device_to_device_memcpy_read_ce",
				"status" : "Passed",
				"sum" : 500
			},
			{
				"name" : "multinode_device_to_device_memcpy_read_ce",
				"status" : "Waived"
			}
		],
		"version" : "v0.8"
	}
}
"#;

    fn read_text(text: &str) -> Result<Copies, InputError> {
        read(&Source::new("bw.json", text), text)
    }

    /// A log may stand before the JSON and behind it; lines are counted as they are in the file.
    #[test]
    fn a_log_may_stand_around_it() {
        let text = format!("WARNING: garbage {{{{\n{{ no JSON\n{TEXT}Done.\n");
        assert_eq!(read_text(&text).unwrap(), read_text(TEXT).unwrap());
        let wrong = text.replace("\"25.9\", \"26\"", "\"25.9\", \"fast\"");
        let told = read_text(&wrong).unwrap_err().to_string();
        assert!(told.starts_with("bw.json:26: bandwidth_matrix: invalid value"), "{told}");
    }

    #[test]
    fn matrices_are_read() {
        let copies = read_text(TEXT).unwrap();
        assert_eq!(copies.version.as_deref(), Some("v0.8"));
        assert_eq!(copies.tests.len(), 3);
        assert_eq!(copies.value("host_to_device_memcpy_ce", 1), Some(24.7));
        assert_eq!(copies.value("device_to_device_memcpy_read_ce", 1), Some(250.1));
        assert_eq!(copies.value("device_to_device_memcpy_read_ce", 7), None);
        assert_eq!(copies.rows().count(), 6);
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            (
                "\"25.9\", \"26\"",
                "\"25.9\", \"fast\"",
                "bw.json:24: bandwidth_matrix: invalid value",
            ),
            ("\"25.9\", \"26\"", "\"25.9\", \"-1\"", "bw.json:24: bandwidth_matrix: invalid value"),
            (
                "\"status\" : \"Waived\"",
                "\"status\" : \"Fine\"",
                "bw.json:37: status: unknown variant",
            ),
            (
                "[ \"249.9\", \"N/A\" ]",
                "[ \"249.9\" ]",
                "bw.json:31: bandwidth_matrix: the rows of",
            ),
            ("\"nvbandwidth\"", "\"other\"", "bw.json:42: version: missing field `nvbandwidth`"),
            ("\"sum\" : 49.3\n", "\"sum\" : 49.3\n,", "bw.json:21: JSON: "),
        ];
        for (right, wrong, expected) in cases {
            let text = TEXT.replacen(right, wrong, 1);
            assert_ne!(text, TEXT, "{right}");
            let told = read_text(&text).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let none = read_text("{\"nvbandwidth\": {}}").unwrap_err();
        assert_eq!(none.problem, "no test case has passed");
        let failed = "{\"nvbandwidth\": {\"error\": \"CUDA_ERROR_NO_DEVICE\"}}";
        let failed = read_text(failed).unwrap_err();
        assert_eq!(failed.problem, "nvbandwidth failed: CUDA_ERROR_NO_DEVICE");
    }
}
