//! Our prediction of one row of `pcie_model_reference.csv`, and where that file cannot be right.
//!
//! The file holds what the program of pcie-bench/pcie-model computes. Two of its 504 table entries
//! contradict the formula that gives all the others of generations 1 to 5 (see
//! [`super::overhead`]), and it treats generation 6 as packets with the spacings of generation 5
//! over 242 of 256 bytes, marked there as a guess. We follow the formula and the standard, and
//! [`difference`] names the rows that therefore differ. Its third peculiarity, completions that
//! answer several requests at once, is an assumption that we share for these rows only.

use sim::{Bytes, Rate};

use super::{Completions, Framing, Generation, Link, Settings};

/// The five figures of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// After encoding: `raw_gbit_s`.
    pub raw: Rate,
    /// For transaction-layer packets: `tlp_layer_gbit_s`.
    pub capacity: Rate,
    /// Payload of back-to-back writes: `write_gbit_s`.
    pub write: Rate,
    /// Payload of back-to-back reads: `read_gbit_s`.
    pub read: Rate,
    /// Payload each way of as many reads as writes: `bidirectional_gbit_s`.
    pub concurrent: Rate,
}

/// Predicts the row of `link` and `payload` under the file's assumption about completions; `None`
/// for an empty payload.
pub fn predict(link: &Link, payload: Bytes) -> Option<Row> {
    let settings = Settings { completions: Completions::AcrossRequests, ..link.settings };
    let link = Link { settings, ..*link };
    Some(Row {
        raw: link.raw(),
        capacity: link.capacity(),
        write: link.write_bandwidth(payload)?,
        read: link.read_bandwidth(payload)?,
        concurrent: link.concurrent_bandwidth(payload)?,
    })
}

/// Why rows of this link differ from the reference, if they do.
pub fn difference(link: &Link) -> Option<&'static str> {
    let key = (link.generation, link.width.lanes(), link.settings.max_payload.bytes().get());
    match key {
        (Generation::Gen1, 32, 2048) => Some(
            "the reference's credit-update spacing is 248 symbol times, a misprint of 148: \
             its rates are 2.5 % higher",
        ),
        (Generation::Gen2, 32, 4096) => Some(
            "the reference's acknowledgement spacing is 237 symbol times, a misprint of 327: \
             its rates are 1.0 % lower",
        ),
        (generation, ..) if generation.framing() == Framing::Flits => Some(
            "the reference guesses packets with the framing and spacings of generation 5 in 242 \
             of 256 bytes; the standard has flits of 236",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pcie::{AddressBits, PayloadSize, Width};

    const ROWS: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../calibration/published/pcie_model_reference.csv"
    ));

    fn link(generation: &str, width: &str, mps: u64, mrrs: u64) -> Link {
        Link {
            generation: generation.parse().unwrap(),
            width: width.parse::<Width>().unwrap(),
            settings: Settings {
                max_payload: PayloadSize::new(Bytes::new(mps)).unwrap(),
                max_read_request: PayloadSize::new(Bytes::new(mrrs)).unwrap(),
                ..Settings::default()
            },
        }
    }

    /// The file prints four decimals of Gbit/s: every figure of every row agrees to the last.
    #[test]
    fn every_row_agrees_to_the_last_printed_digit() {
        let mut rows = 0;
        for record in csv::Reader::from_reader(ROWS.as_bytes()).records() {
            let record = record.unwrap();
            let whole = |at: usize| record[at].parse::<u64>().unwrap();
            let mut link = link(&record[0], &record[1], whole(3), whole(4));
            link.settings.address = AddressBits::new(whole(2) as u32).unwrap();
            let row = predict(&link, Bytes::new(whole(5))).unwrap();
            let ours = [row.raw, row.capacity, row.write, row.read, row.concurrent];
            for (rate, at) in ours.into_iter().zip(6..) {
                let printed: f64 = record[at].parse().unwrap();
                let error = (rate.as_gbit_s() - printed).abs();
                assert!(error < 0.5e-4 + 1e-9, "{record:?}: {} at {at}", rate.as_gbit_s());
            }
            assert_eq!(difference(&link), None);
            rows += 1;
        }
        assert_eq!(rows, 714);
    }

    /// What the reference computes with its misprinted entries, from its own formula
    /// raw · (1 − 8 / ack − 8 / credit − 4 / 1538); and that these are the only ones named.
    #[test]
    fn the_rows_that_differ_are_named() {
        let misprints = [("gen1", 2048, 148.0, 248.0), ("gen2", 4096, 327.0, 237.0)];
        for (generation, mps, right, wrong) in misprints {
            let link = link(generation, "x32", mps, 512);
            let share = |other: f64| 1.0 - 8.0 / right - 8.0 / other - 4.0 / 1538.0;
            let raw = link.raw().as_bytes_per_s();
            let ours = link.capacity().as_bytes_per_s();
            assert!((ours / (raw * share(right)) - 1.0).abs() < 1e-12);
            assert!((ours / (raw * share(wrong)) - 1.0).abs() > 0.009, "{generation}");
        }
        let mut named = Vec::new();
        for generation in Generation::ALL {
            for width in Width::ALL.map(|width| width.to_string()) {
                for mps in [128, 256, 512, 1024, 2048, 4096] {
                    let link = link(&generation.to_string(), &width, mps, 512);
                    if difference(&link).is_some() && link.generation != Generation::Gen6 {
                        named.push(format!("{generation} {width} {mps}"));
                    }
                }
            }
        }
        assert_eq!(named, ["gen1 x32 2048", "gen2 x32 4096"]);
    }
}
