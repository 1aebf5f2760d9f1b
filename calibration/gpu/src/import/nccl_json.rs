//! The file that nccl-tests write with `-J`: what their table says, as JSON.

use std::sync::Arc;

use models::input::{InputError, Source};
use serde::Deserialize;

use super::fault;
use super::nccl::{Collective, Timing};
use super::plain::parse_json;

const HELP: &str = "the file of `-J` of a program of nccl-tests, unchanged";

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    devices: Vec<serde::de::IgnoredAny>,
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    size: u64,
    #[serde(default, rename = "type")]
    element: String,
    out_of_place: Option<Side>,
    in_place: Option<Side>,
}

#[derive(Deserialize)]
struct Side {
    time: f64,
    alg_bw: f64,
    bus_bw: f64,
    nwrong: Option<f64>,
}

impl Side {
    /// As the table has it; an error is the field that cannot be.
    fn timing(&self) -> Result<Timing, &'static str> {
        let figures = [("time", self.time), ("alg_bw", self.alg_bw), ("bus_bw", self.bus_bw)];
        let possible = |value: f64| value.is_finite() && value >= 0.0;
        match figures.into_iter().find(|(_, value)| !possible(*value)) {
            Some((field, _)) => Err(field),
            None => Ok(Timing {
                time_us: self.time,
                algorithm_gb_s: self.alg_bw,
                bus_gb_s: self.bus_bw,
                wrong: self.nwrong.filter(|wrong| possible(*wrong)).map(|wrong| wrong as u64),
            }),
        }
    }
}

/// Reads the JSON, between whatever else stands in the text.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<Vec<Collective>, InputError> {
    let document: Document = parse_json(text).map_err(|error| {
        let told = error.to_string();
        let told = told.split(" at line").next().unwrap_or("is no JSON").to_owned();
        fault(source, error.line(), "JSON", told, HELP)
    })?;
    if document.results.is_empty() {
        return Err(fault(source, 1, "results", "there is none".into(), HELP));
    }
    // `./build/all_reduce_perf`, with or without a launcher in front.
    let program = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name.ends_with("_perf").then(|| name.to_owned())
    };
    let test = document.args.iter().find_map(program);
    let ranks = u32::try_from(document.devices.len()).ok().filter(|ranks| *ranks > 0);
    let row = |(at, row): (usize, &Row)| {
        let timing = |side: &Option<Side>| {
            side.as_ref().map(Side::timing).transpose().map_err(|field| {
                let field = format!("results[{at}].{field}");
                fault(source, 1, &field, "is no number of zero or more".into(), HELP)
            })
        };
        Ok(Collective {
            test: test.clone(),
            ranks,
            bytes: row.size,
            element: row.element.clone(),
            out_of_place: timing(&row.out_of_place)?,
            in_place: timing(&row.in_place)?,
        })
    };
    document.results.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the layout of nccl-tests' src/util.cu.
    const TEXT: &str = r#"{"version":1,"args":["mpirun","./all_reduce_perf","-J","out.json"],
"nccl_version":22806,"devices":[{"rank":0,"device_info":"NVIDIA A40"},{"rank":1}],
"results":[{"size":1048576,"count":262144,"type":"float","redop":"sum","root":"-1",
"out_of_place":{"time":152.70,"alg_bw":6.87,"bus_bw":10.30,"nwrong":0.0},
"in_place":{"time":157.60,"alg_bw":6.65,"bus_bw":9.98}}]}
"#;

    fn read_text(text: &str) -> Result<Vec<Collective>, InputError> {
        read(&Source::new("out.json", text), text)
    }

    #[test]
    fn rows_are_those_of_the_table() {
        let [row] = &read_text(TEXT).unwrap()[..] else { panic!("one") };
        assert_eq!((row.test.as_deref(), row.ranks), (Some("all_reduce_perf"), Some(2)));
        let (out, inside) = (row.out_of_place.unwrap(), row.in_place.unwrap());
        assert_eq!((out.time_us, out.bus_gb_s, out.wrong), (152.7, 10.3, Some(0)));
        assert_eq!((inside.algorithm_gb_s, inside.wrong), (6.65, None));
    }

    #[test]
    fn what_is_malformed_is_named() {
        let cases = [
            ("\"bus_bw\":10.30", "\"bus_bw\":-1", "out.json:1: results[0].bus_bw: is no number"),
            ("\"size\":1048576,", "", "out.json:5: JSON: missing field `size`"),
            ("152.70", "x", "out.json:4: JSON: expected value"),
        ];
        for (right, wrong, expected) in cases {
            let told = read_text(&TEXT.replacen(right, wrong, 1)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
    }
}
