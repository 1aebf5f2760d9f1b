//! Hypotheses: what of a class of machines or cards is in one of a few states, and nobody said in
//! which.
//!
//! ```toml
//! about = "Whether the card segments and coalesces the packets of a tunnel"
//! of = "nic"
//! profiles = ["unknown"]
//! tells = "ethtool -k on the node: tx-udp_tnl-segmentation"
//!
//! [[state]]
//! name = "it does"
//! odds = 3
//! source = "…"
//! fields = { tunnel_offloads = true }
//! ```
//!
//! Without a draw the state with the highest odds holds, the first of several. A state multiplies
//! lines of the profile (`factors`), sets them in their own unit (`values`), or says what a table
//! of the topology leaves open (`fields`). What a sweep or `--set` says of a line, and what the
//! table says itself, goes before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::Draw;
use crate::input::{InputError, Source, parse_toml, suggest};
use crate::library::Kind;
use crate::profile::{Profile, schema};

/// A group of lines is named by this behind its prefix: `wireguard.*`.
const ALL_OF: &str = ".*";

/// What is in one of a few states.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Its name: `tunnel-offloads`.
    pub name: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// Hosts or cards.
    pub of: Kind,
    /// The profiles for which it is open.
    pub profiles: Vec<String>,
    /// What would tell.
    pub tells: String,
    /// The states, of which one holds.
    pub states: Vec<State>,
}

/// One of its states.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name.
    pub name: String,
    /// How probable it is, beside the odds of the others.
    pub odds: f64,
    /// Where the odds are from, or that they are a guess.
    pub source: String,
    /// What lines of the profile are multiplied by.
    pub factors: BTreeMap<String, f64>,
    /// What lines are set to, in their own unit.
    pub values: BTreeMap<String, f64>,
    /// What a table leaves open.
    pub fields: Fields,
}

/// What a state says of a card whose table does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Segmentation offloads.
    pub offloads: Option<bool>,
    /// Whether they also work on encapsulated packets.
    pub tunnel_offloads: Option<bool>,
}

/// What of a class of machines or cards is in one of a few states.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "podpath hypothesis")]
struct Raw {
    /// The version of the format that it is written in; without it, 1.
    #[serde(rename = "format")]
    _format: Option<u32>,
    /// What it is about, in a sentence.
    about: String,
    /// What it is about: `host` or `nic`.
    #[schemars(with = "String")]
    of: Spanned<String>,
    /// The profiles for which it is open.
    #[schemars(with = "Vec<String>")]
    profiles: Vec<Spanned<String>>,
    /// The measurement or command that would tell.
    tells: String,
    /// The states, of which one holds.
    #[schemars(with = "Vec<RawState>")]
    state: Spanned<Vec<RawState>>,
}

/// One of the states.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawState {
    /// Its name.
    name: String,
    /// How probable it is, beside the odds of the others.
    #[schemars(with = "f64")]
    odds: Spanned<f64>,
    /// Where the odds are from, or that they are a guess.
    source: String,
    /// What lines of the profile are multiplied by: `core_speed = 0.8`, or all of a group:
    /// `"wireguard.*" = 2`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, f64>")]
    factors: BTreeMap<Spanned<String>, f64>,
    /// What lines of the profile are set to, in the unit that they have there.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, f64>")]
    values: BTreeMap<Spanned<String>, f64>,
    /// What a card does whose table does not say so.
    #[serde(default)]
    fields: Fields,
}

/// The JSON schema of the files of hypotheses.
pub fn hypothesis_schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Raw>()
}

impl Hypothesis {
    /// Reads the hypothesis called `name`.
    ///
    /// # Errors
    /// A malformed file, odds that are no odds, fewer than two states, a line that no profile of
    /// the kind has, or a factor that is not above zero.
    pub fn parse(name: &str, source: &Arc<Source>) -> Result<Hypothesis, InputError> {
        let raw: Raw = parse_toml(source)?;
        let of = match raw.of.get_ref().as_str() {
            "host" => Kind::Host,
            "nic" => Kind::Nic,
            other => {
                return Err(InputError::new("of", format!("`{other}` is in no state"))
                    .help("`host` or `nic`")
                    .at(source, raw.of.span()));
            }
        };
        if raw.state.get_ref().len() < 2 {
            return Err(InputError::new("state", "one state alone is no hypothesis")
                .help("two or more [[state]]")
                .at(source, raw.state.span()));
        }
        let state = |(at, raw): (usize, RawState)| {
            let field = |name: &str| format!("state[{at}].{name}");
            let odds = *raw.odds.get_ref();
            if !(odds > 0.0 && odds.is_finite()) {
                return Err(InputError::new(field("odds"), format!("{odds} are no odds"))
                    .help("a number above zero")
                    .at(source, raw.odds.span()));
            }
            if raw.fields != Fields::default() && of != Kind::Nic {
                return Err(InputError::new(field("fields"), "only a nic has such fields")
                    .help("of = \"nic\"")
                    .at(source, raw.odds.span()));
            }
            let numbers = |name: &str, numbers: &BTreeMap<Spanned<String>, f64>| {
                let number = |(line, value): (&Spanned<String>, &f64)| {
                    let field = format!("{}.{}", field(name), line.get_ref());
                    check(of, line.get_ref(), *value)
                        .map_err(|error| InputError { field, ..error }.at(source, line.span()))?;
                    Ok((line.get_ref().clone(), *value))
                };
                numbers.iter().map(number).collect::<Result<_, InputError>>()
            };
            let factors = numbers("factors", &raw.factors)?;
            let values = numbers("values", &raw.values)?;
            let RawState { name, source, fields, .. } = raw;
            Ok(State { name, odds, source, factors, values, fields })
        };
        let states = raw.state.into_inner().into_iter().enumerate().map(state);
        Ok(Hypothesis {
            name: name.to_owned(),
            about: raw.about,
            of,
            profiles: raw.profiles.into_iter().map(Spanned::into_inner).collect(),
            tells: raw.tells,
            states: states.collect::<Result<_, InputError>>()?,
        })
    }

    /// Whether it is open for a profile.
    pub fn is_about(&self, kind: Kind, profile: &str) -> bool {
        self.of == kind && self.profiles.iter().any(|own| own == profile)
    }

    /// Whether some state changes a line.
    pub fn moves(&self, line: &str) -> bool {
        let mut named = self.states.iter().flat_map(|s| s.factors.keys().chain(s.values.keys()));
        named.any(|name| means(name, line))
    }

    /// The probability of each state.
    pub fn odds(&self) -> Vec<f64> {
        let sum: f64 = self.states.iter().map(|state| state.odds).sum();
        self.states.iter().map(|state| state.odds / sum).collect()
    }

    /// The state that holds of a profile: what `draw` says, or the most probable one.
    pub fn state(&self, profile: &str, draw: Option<Draw>) -> &State {
        let odds = self.odds();
        let at = match draw {
            None => Draw::likeliest(&odds),
            Some(draw) => {
                let key = draw.key(Kind::Hypothesis.folder()).of(&self.name).of(profile);
                draw.choice(key, &odds)
            }
        };
        &self.states[at]
    }
}

impl State {
    /// A profile where this state holds.
    ///
    /// # Errors
    /// If it names a line that the profile has not.
    pub(crate) fn of(&self, mut profile: Profile) -> Result<Profile, InputError> {
        for (name, factor) in &self.factors {
            profile = profile.scaled(|line| means(name, line), *factor);
        }
        for (name, value) in &self.values {
            profile = profile.valued(name, *value)?;
        }
        Ok(profile)
    }
}

/// Whether the name of a line, or of all lines of a group, means `line`.
fn means(name: &str, line: &str) -> bool {
    match name.strip_suffix(ALL_OF) {
        None => name == line,
        Some(group) => line.split_once('.').is_some_and(|(of, _)| of == group),
    }
}

/// Refuses a number of a line that no profile of the kind has, or that cannot be.
fn check(of: Kind, name: &str, value: f64) -> Result<(), InputError> {
    if !(value > 0.0 && value.is_finite()) {
        return Err(InputError::new("", format!("{value} is not possible")).help("above zero"));
    }
    let lines = schema::lines(of);
    let known = match name.strip_suffix(ALL_OF) {
        None => schema::line(of, name).is_some(),
        // Hops are told when the cluster is assembled: any may be added.
        Some(group) => !group.is_empty() && lines.iter().any(|line| line.name.contains('.')),
    };
    match known {
        true => Ok(()),
        false => Err(InputError::new("", "no model reads this line")
            .help(suggest(name, lines.iter().map(|line| line.name)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::DRAWS;
    use sim::Seed;

    const GOOD: &str = "about = \"a\"\nof = \"host\"\nprofiles = [\"unknown\"]\ntells = \"t\"\n\
        [[state]]\nname = \"no\"\nodds = 3\nsource = \"s\"\n\
        [[state]]\nname = \"yes\"\nodds = 1\nsource = \"s\"\nfactors = { core_speed = 0.5 }\n";

    fn parse(text: &str) -> Result<Hypothesis, InputError> {
        Hypothesis::parse("h", &Source::new("h.toml", text))
    }

    #[test]
    fn states_are_drawn_as_often_as_they_are_probable() {
        let read = parse(GOOD).unwrap();
        assert_eq!(read.state("unknown", None).name, "no");
        let yes = |profile: &str| -> Vec<bool> {
            let draws = Draw::all(Seed::new(1), DRAWS);
            draws.map(|draw| read.state(profile, Some(draw)).name == "yes").collect()
        };
        assert_eq!(yes("unknown").iter().filter(|yes| **yes).count(), 16);
        assert_ne!(yes("unknown"), yes("other"), "each class has a state of its own");
        let moved = Draw::alone(["hypothesis", "h", "unknown"], 2.0);
        assert_eq!(read.state("unknown", Some(moved)).name, "yes");
        assert_eq!(read.state("other", Some(moved)).name, "no");
    }

    #[test]
    fn what_is_malformed_is_named() {
        let told = |from: &str, to: &str| parse(&GOOD.replace(from, to)).unwrap_err().to_string();
        assert_eq!(
            told("\"host\"", "\"gpu\""),
            "h.toml:2: of: `gpu` is in no state (`host` or `nic`)"
        );
        assert_eq!(
            told("odds = 3", "odds = 0"),
            "h.toml:7: state[0].odds: 0 are no odds (a number above zero)"
        );
        assert_eq!(
            told("core_speed", "core_sped"),
            "h.toml:13: state[1].factors.core_sped: no model reads this line (did you mean \
             `core_speed`?)"
        );
        assert_eq!(
            told("0.5", "-1.0"),
            "h.toml:13: state[1].factors.core_speed: -1 is not possible (above zero)"
        );
        assert!(
            told("factors = { core_speed = 0.5 }", "fields = { offloads = false }")
                .contains("state[1].fields: only a nic has such fields (of = \"nic\")")
        );
        let one = parse(&GOOD[..GOOD.rfind("[[state]]").unwrap()]).unwrap_err().to_string();
        assert!(one.contains("state: one state alone is no hypothesis"), "{one}");
    }
}
