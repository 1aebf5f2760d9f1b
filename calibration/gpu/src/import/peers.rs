//! The table of `nvidia-smi topo -p2p`: whether each two GPUs can read or write each other's
//! memory.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;
use super::topology::{header, is_device};

const HELP: &str = "the output of `nvidia-smi topo -p2p r`, unchanged";
/// What the program's legend has, with what it means.
const STATES: [(&str, &str); 7] = [
    ("OK", "ok"),
    ("CNS", "chipset not supported"),
    ("GNS", "gpu not supported"),
    ("TNS", "topology not supported"),
    ("NS", "not supported"),
    ("DR", "disabled by regkey"),
    ("U", "unknown"),
];

/// Whether GPUs reach each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    /// `GPU0`, `GPU1`, …
    pub devices: Vec<String>,
    /// One row per device, one column per device: `ok` or why not; none for a device itself.
    pub states: Vec<Vec<Option<&'static str>>>,
}

fn state(word: &str) -> Option<&'static str> {
    STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
}

/// Whether a text has this table: a row of states below a header of GPUs.
pub(super) fn looks_like(text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| header(line).is_none()).skip(1);
    let first = lines.find(|line| !line.trim().is_empty()).unwrap_or("");
    let mut words = first.split_whitespace();
    words.next().is_some_and(is_device) && words.any(|word| state(word).is_some())
}

/// Reads the table of a text without styles.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<Peers, InputError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let found = lines.by_ref().find_map(|(at, line)| Some((at, header(line)?)));
    let Some((begin, devices)) = found else {
        return Err(fault(source, 1, "GPU0", "there is no header".into(), HELP));
    };
    let mut states = Vec::new();
    for (line, text) in lines.take(devices.len()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let device = &devices[states.len()];
        if words.first() != Some(&device.as_str()) || words.len() != devices.len() + 1 {
            let problem = format!("expected {} states of `{device}`", devices.len());
            return Err(fault(source, line, device, problem, HELP));
        }
        let mut row = Vec::with_capacity(devices.len());
        for (at, word) in words[1..].iter().enumerate() {
            row.push(match (at == states.len(), state(word)) {
                (true, None) if *word == "X" => None,
                (false, Some(state)) => Some(state),
                _ => {
                    let field = format!("{device}-{}", devices[at]);
                    let known: Vec<&str> = STATES.iter().map(|(word, _)| *word).collect();
                    let help = format!("X for itself, else one of: {}", known.join(", "));
                    return Err(fault(
                        source,
                        line,
                        &field,
                        format!("`{word}` is no state"),
                        &help,
                    ));
                }
            });
        }
        states.push(row);
    }
    match states.len() == devices.len() {
        true => Ok(Peers { devices, states }),
        false => {
            let problem = format!("{} rows of {}", states.len(), devices.len());
            Err(fault(source, begin + states.len(), &devices[states.len()], problem, HELP))
        }
    }
}

impl Peers {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let mut rows = Vec::new();
        for (from, states) in self.devices.iter().zip(&self.states) {
            for (to, state) in self.devices.iter().zip(states) {
                if let Some(state) = state {
                    let [test, quantity] = ["peer access", "state"].map(str::to_owned);
                    let state = (*state).to_owned();
                    rows.push([test, from.clone(), to.clone(), quantity, state, String::new()]);
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_and_nonsense_is_named() {
        let text = " \tGPU0\tGPU1\t\n GPU0\tX\tGNS\t\n GPU1\tOK\tX\t\n\nLegend:\n";
        let read = |text: &str| read(&Source::new("p2p.txt", text), text);
        let peers = read(text).unwrap();
        assert_eq!(peers.states, [[None, Some("gpu not supported")], [Some("ok"), None]]);
        assert_eq!(peers.rows().len(), 2);
        assert!(looks_like(text) && !looks_like("\tGPU0\tGPU1\nGPU0\tX\tNV4\n"));
        let cases = [
            ("GNS", "PIX", "p2p.txt:2: GPU0-GPU1: `PIX` is no state"),
            ("OK\tX", "X\tOK", "p2p.txt:3: GPU1-GPU0: `X` is no state"),
            (" GPU1\tOK\tX\t\n", "", "p2p.txt:3: GPU1: expected 2 states of `GPU1`"),
        ];
        for (right, wrong, expected) in cases {
            let told = read(&text.replacen(right, wrong, 1)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
