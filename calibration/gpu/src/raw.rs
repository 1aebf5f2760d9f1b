//! What a campaign leaves before anything is made of it: facts, and every reading of every probe.
//!
//! It is a text of one JSON object a line, and it grows as probes end: what is there when a
//! campaign is killed can be evaluated. Numbers are written so that they are read again to the
//! last bit, so evaluating anywhere gives what evaluating on the machine gave.
//!
//! ```text
//!   {"format":"podpath-gpu-readings","version":1,"podpath":"0.1.0","facts":{…},"plan":{…},…}
//!   {"probe":"clock","begin_s":0.4,"seconds":0.2,"fate":{"measured":{"points":8,…}}}
//!   {"point":{"series":"cycles","x":40000,…},"readings":[160012,…]}          as many as points
//!   {"probe":"peers","begin_s":9.1,"seconds":0.0,"fate":"absent"}
//! ```

use std::sync::Arc;

use models::input::{InputError, Source};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::campaign::Campaign;
use super::facts::Facts;
use super::probe::{self, Point};
use super::sample::{Clock, Sample};
use super::state::Moment;

/// What the first line calls itself.
pub const FORMAT: &str = "podpath-gpu-readings";
/// The version of the format that is written and read.
pub const VERSION: u32 = 1;
const HELP: &str = "the file raw.jsonl that `podpath calibrate gpu` left, unchanged";

/// What a campaign leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    /// What is known of the device without measuring.
    pub facts: Facts,
    /// How it was measured.
    pub plan: Campaign,
    /// What the user said of it.
    pub stated: Stated,
    /// Probes in the order in which they were done; one that is missing was not reached.
    pub probes: Vec<Probed>,
}

/// What the user says of a device, and no reading tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The name of its profile.
    pub name: String,
    /// Where and when it was measured.
    pub place: String,
    /// The PCIe profile of its slot.
    pub pcie: Option<String>,
}

/// What came of one probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// Its name.
    pub probe: &'static str,
    /// When it began, from the opening of the device \[s\].
    pub begin_s: f64,
    /// How long it took \[s\].
    pub seconds: f64,
    /// Its samples, or why there are none.
    pub fate: Fate,
}

/// What became of a probe on a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It was measured.
    Measured(Vec<Sample>),
    /// The device has nothing of what it measures: no peer, one NUMA node.
    Absent,
    /// The budget left it out.
    LeftOut,
    /// It failed, and this is what was said.
    Failed(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    podpath: String,
    facts: Facts,
    plan: Campaign,
    stated: Stated,
}

/// Only what tells whether the rest can be read.
#[derive(Deserialize)]
struct Kind {
    format: String,
    version: u32,
    podpath: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    probe: String,
    begin_s: f64,
    seconds: f64,
    fate: Told,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Told {
    Measured { clock: Clock, moments: Vec<Moment>, points: usize },
    Absent,
    LeftOut,
    Failed { why: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    point: Point,
    readings: Vec<f64>,
}

/// Whether a text begins as these do.
pub fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with(&format!("{{\"format\":\"{FORMAT}\""))
}

/// The first line.
pub fn head(facts: &Facts, plan: &Campaign, stated: &Stated) -> String {
    let podpath = env!("CARGO_PKG_VERSION").to_owned();
    let (facts, plan, stated) = (facts.clone(), plan.clone(), stated.clone());
    line(&Head { format: FORMAT.into(), version: VERSION, podpath, facts, plan, stated })
}

/// The lines of a probe.
pub fn lines(probed: &Probed) -> String {
    let none: &[Sample] = &[];
    let (samples, fate) = match &probed.fate {
        Fate::Measured(samples) => {
            let first = &samples[0];
            let (clock, moments) = (first.clock, first.moments.to_vec());
            (&samples[..], Told::Measured { clock, moments, points: samples.len() })
        }
        Fate::Absent => (none, Told::Absent),
        Fate::LeftOut => (none, Told::LeftOut),
        Fate::Failed(why) => (none, Told::Failed { why: why.clone() }),
    };
    let Probed { probe, begin_s, seconds, .. } = *probed;
    let mut text = line(&Begun { probe: probe.to_owned(), begin_s, seconds, fate });
    for sample in samples {
        let read = Read { point: sample.point.clone(), readings: sample.readings.clone() };
        text.push_str(&line(&read));
    }
    text
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and names") + "\n"
}

/// Reads what [`head`] and [`lines`] wrote. A last probe that was not written to its end was not
/// reached.
///
/// # Errors
/// If it is something else, of another version, or a line is not what was written.
pub fn read(source: &Arc<Source>) -> Result<Raw, InputError> {
    // A line without its break was cut while it was written.
    let whole = source.text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut lines = whole.enumerate().map(|(at, text)| (at + 1, text));
    let (_, first) = lines.next().ok_or_else(|| fault(source, 1, "has no whole line".into()))?;
    let kind: Kind = parse(source, 1, first)?;
    if kind.format != FORMAT {
        return Err(fault(source, 1, format!("is a `{}`, and no `{FORMAT}`", kind.format)));
    }
    if kind.version != VERSION {
        let problem =
            format!("was written by podpath {} in version {}", kind.podpath, kind.version);
        let help = format!("this podpath reads version {VERSION}: take one of that release");
        return Err(fault(source, 1, problem).help(help));
    }
    let head: Head = parse(source, 1, first)?;
    let mut probes = Vec::new();
    while let Some((at, text)) = lines.next() {
        let begun: Begun = parse(source, at, text)?;
        let mut read = || {
            let Told::Measured { points, .. } = begun.fate else { return Ok(Some(Vec::new())) };
            let mut all = Vec::new();
            for _ in 0..points {
                let Some((at, text)) = lines.next() else { return Ok(None) };
                let one: Read = parse(source, at, text)?;
                let usable = one.readings.iter().all(|reading| reading.is_finite());
                if one.readings.is_empty() || !usable {
                    return Err(fault(source, at, "has no readings".into()));
                }
                all.push(one);
            }
            Ok(Some(all))
        };
        let Some(read) = read()? else { break };
        probes.push(probed(source, at, begun, read)?);
    }
    Ok(Raw { facts: head.facts, plan: head.plan, stated: head.stated, probes })
}

fn probed(
    source: &Arc<Source>,
    at: usize,
    begun: Begun,
    read: Vec<Read>,
) -> Result<Probed, InputError> {
    let Some(known) = probe::named(&begun.probe) else {
        let names: Vec<&str> = probe::ALL.iter().map(|probe| probe.name).collect();
        let problem = format!("`{}` is no probe of this podpath", begun.probe);
        return Err(fault(source, at, problem).help(format!("one of: {}", names.join(", "))));
    };
    let probe = known.name;
    let fate = match begun.fate {
        Told::Measured { points: 0, .. } => {
            return Err(fault(source, at, "was measured at no point".into()));
        }
        Told::Measured { clock, moments, .. } => {
            let moments: Arc<[Moment]> = moments.into();
            let sample = |Read { point, readings }| {
                let moments = Arc::clone(&moments);
                Sample { probe, point, readings, clock, moments }
            };
            Fate::Measured(read.into_iter().map(sample).collect())
        }
        Told::Absent => Fate::Absent,
        Told::LeftOut => Fate::LeftOut,
        Told::Failed { why } => Fate::Failed(why),
    };
    Ok(Probed { probe, begin_s: begun.begin_s, seconds: begun.seconds, fate })
}

fn parse<T: DeserializeOwned>(
    source: &Arc<Source>,
    at: usize,
    text: &str,
) -> Result<T, InputError> {
    serde_json::from_str(text).map_err(|error| {
        let told = error.to_string();
        let told = told.split(" at line ").next().unwrap_or(&told).to_owned();
        fault(source, at, told)
    })
}

fn fault(source: &Arc<Source>, at: usize, problem: String) -> InputError {
    let whole = source.span_of_line(at);
    // The message shows the line, and lines are long.
    let span = whole.start..whole.end.min(whole.start + 1);
    InputError::new("readings", problem).help(HELP).at(source, span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign;
    use crate::kernel::Kernel;
    use crate::simulated::{Simulated, plain, plausible};
    use sim::Seed;

    fn raw() -> Raw {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(7)).unwrap();
        let plan = Campaign { repetitions: 5, budget_s: None };
        let mut raw = campaign::measure(&mut device, &plan, &mut campaign::Unwatched).unwrap();
        raw.stated.place = "rack 7, \"left\"".into();
        raw.probes[3].fate = Fate::Failed("the driver refused".into());
        raw.probes[4].fate = Fate::LeftOut;
        raw.probes[5].fate = Fate::Absent;
        raw
    }

    fn text(raw: &Raw) -> String {
        let probes: String = raw.probes.iter().map(lines).collect();
        head(&raw.facts, &raw.plan, &raw.stated) + &probes
    }

    #[test]
    fn what_is_written_is_read_again_to_the_last_bit() {
        let raw = raw();
        let text = text(&raw);
        assert!(looks_like(&text));
        assert_eq!(read(&Source::new("raw.jsonl", text)).unwrap(), raw);
    }

    #[test]
    fn kernels_are_called_what_their_sources_call_them() {
        for kernel in Kernel::ALL {
            let name = serde_json::to_value(kernel).unwrap();
            assert_eq!(name, kernel.entry());
        }
    }

    /// Wherever a writer was killed: what it had finished is there, and nothing else.
    #[test]
    fn a_cut_text_has_the_probes_that_were_finished() {
        let raw = raw();
        let text = text(&raw);
        let mut ends = vec![head(&raw.facts, &raw.plan, &raw.stated).len()];
        for probed in &raw.probes {
            ends.push(ends[ends.len() - 1] + lines(probed).len());
        }
        for cut in (ends[0]..text.len()).step_by(4099) {
            let source = Source::new("raw.jsonl", &text[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!(read(&source).unwrap().probes, raw.probes[..whole], "cut at {cut}");
        }
    }

    #[test]
    fn what_is_something_else_is_told() {
        let good = text(&raw());
        let cases = [
            (String::new(), "raw.jsonl:1: readings: has no whole line"),
            ("{\"format\":\"podpath".into(), "raw.jsonl:1: readings: has no whole line"),
            ("{\"a\":1}\n".into(), "raw.jsonl:1: readings: missing field `format`"),
            (good.replacen("gpu-readings", "recipe", 1), "is a `podpath-recipe`, and no"),
            (good.replacen("\"version\":1", "\"version\":2", 1), "in version 2 (this podpath"),
            (
                good.replacen("\"probe\":\"clock\"", "\"probe\":\"cloak\"", 1),
                "`cloak` is no probe of this podpath",
            ),
            (good.replacen("\"readings\":[", "\"readings\":[null,", 1), "invalid type: null"),
            (good.replacen("\"points\":8", "\"points\":9", 1), "unknown field `probe`"),
            (good.replacen("\"points\":8", "\"points\":0", 1), "was measured at no point"),
        ];
        for (text, expected) in cases {
            let told = read(&Source::new("raw.jsonl", text)).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
