//! Scenarios: language models that are served, and training jobs, as a file describes them.
//!
//! ```text
//!  file.toml ── sweep, variants ──► a text for each variant ── a draw ──► models::serving
//!                                                             (values,    models::training
//!                                                              cluster)        │
//!  [[reported]] ◄── beside ── figures with intervals ◄── one run for each ◄────┘
//! ```
//!
//! A value may say how sure it is: `"2.6 us (1 us to 10 us)"`, the ends of a 90 % interval. Each
//! draw takes one value of each, and one cluster of all that its profiles leave open.

pub(crate) mod doubt;
mod outcome;
mod over;
mod reported;
mod serving;
mod sweep;
mod training;
mod value;

use std::sync::Arc;

use calibration_data::quantile::of_sorted;
use models::input::{InputError, Source, nearest, parse_toml};
use models::library::Library;
use models::uncertainty::Draw;
use rayon::prelude::*;
use serde::Deserialize;
use serde_spanned::Spanned;
use sim::Seed;

use crate::near::Home;
pub(crate) use outcome::{Lost, Outcome};
pub(crate) use reported::{Reported, factor, unit};
pub(crate) use sweep::Variant;
use value::Reader;

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A model that is served: it has pools.
    Serving,
    /// A job of training.
    Training,
}

/// What every scenario says of itself.
#[derive(Debug, Deserialize)]
struct Head {
    name: Spanned<String>,
    #[serde(default)]
    about: String,
    #[serde(default)]
    cause: String,
    pool: Option<toml::Value>,
    job: Option<toml::Value>,
}

/// A scenario whose every variant has been judged.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) cause: String,
    pub(crate) kind: Kind,
    /// What variants are told apart by.
    pub(crate) axes: Vec<String>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) reported: Vec<Reported>,
    home: Home,
    /// It knows what collectives cost.
    library: Library,
}

/// A figure with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sure {
    /// With nothing drawn.
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// What came of a variant.
pub(crate) struct Told {
    /// With nothing drawn.
    pub(crate) own: Outcome,
    /// Every figure of it.
    pub(crate) sure: Vec<(String, Sure)>,
    /// Where the time goes, as `own.spent`.
    pub(crate) spent: Vec<(String, Sure)>,
}

impl Told {
    /// A figure by its name.
    pub(crate) fn figure(&self, name: &str) -> Option<Sure> {
        let mut all = self.sure.iter().chain(&self.spent);
        all.find(|(own, _)| own == name).map(|(_, sure)| *sure)
    }
}

impl Scenario {
    /// Reads a scenario, and runs through the checks of each of its variants.
    ///
    /// # Errors
    /// If something is wrong with it.
    pub(crate) fn read(
        source: &Arc<Source>,
        home: Home,
        library: &Library,
    ) -> Result<Scenario, InputError> {
        let head: Head = parse_toml(source)?;
        let kind = match (head.pool.is_some(), head.job.is_some()) {
            (true, false) => Kind::Serving,
            (false, true) => Kind::Training,
            (both, _) => {
                let problem = if both { "has pools and a job" } else { "has no pool and no job" };
                return Err(InputError::new("name", problem)
                    .help("[[pool]] for a model that is served, or [job] for training")
                    .at(source, head.name.span()));
            }
        };
        let (axes, variants) = sweep::variants(source)?;
        let mut own = Scenario {
            name: head.name.get_ref().clone(),
            about: head.about,
            cause: head.cause,
            kind,
            axes,
            variants,
            reported: Vec::new(),
            home,
            library: library.with_collectives(),
        };
        let mut figures = Vec::new();
        for variant in &own.variants {
            figures = own.check(variant)?;
        }
        let known: Vec<&str> = figures.iter().map(String::as_str).collect();
        own.reported = reported::all(source, &own.axes, &own.variants, &known)?;
        Ok(own)
    }

    /// Judges a variant with nothing drawn; the names of its figures.
    fn check(&self, variant: &Variant) -> Result<Vec<String>, InputError> {
        let reader = Reader::new(&variant.source, None);
        match self.kind {
            Kind::Serving => serving::check(reader, self.home.near(), &self.library),
            Kind::Training => training::check(reader, self.home.near(), &self.library),
        }
    }

    /// How many requests a variant may send; as many steps as it has, of training.
    ///
    /// # Errors
    /// If something is wrong with it.
    pub(crate) fn asks(&self, variant: &Variant) -> Result<u64, InputError> {
        let reader = Reader::new(&variant.source, None);
        match self.kind {
            Kind::Serving => serving::asks(reader, self.home.near(), &self.library),
            Kind::Training => training::asks(reader, self.home.near(), &self.library),
        }
    }

    /// Runs a variant once.
    ///
    /// # Errors
    /// If a draw makes something of it that cannot be run.
    pub(crate) fn once(
        &self,
        variant: &Variant,
        draw: Option<Draw>,
        seed: Seed,
    ) -> Result<Outcome, InputError> {
        let drawn = draw.map(|draw| self.library.drawn(draw));
        let library = drawn.as_ref().unwrap_or(&self.library);
        let reader = Reader::new(&variant.source, draw);
        match self.kind {
            Kind::Serving => serving::run(reader, self.home.near(), library, seed),
            Kind::Training => training::run(reader, self.home.near(), library, seed),
        }
    }

    /// Runs a variant with nothing drawn, and once for each of so many draws.
    ///
    /// # Errors
    /// As a single run.
    pub(crate) fn run(
        &self,
        variant: &Variant,
        (seed, draws): (u64, u32),
        tell: &(dyn Fn() + Sync),
    ) -> Result<Told, InputError> {
        let seed = Seed::new(seed);
        let own = self.once(variant, None, seed)?;
        tell();
        let one = |number: u32| {
            let draw = Draw::new(seed, number, draws);
            let outcome = self.once(variant, Some(draw), seed.replication(number.into()));
            tell();
            outcome
        };
        let all: Vec<Outcome> = (0..draws).into_par_iter().map(one).collect::<Result<_, _>>()?;
        let values = |of: fn(&Outcome) -> &Vec<(String, f64)>| -> Vec<(String, Sure)> {
            let sure = |(at, (name, value)): (usize, &(String, f64))| {
                let mut drawn: Vec<f64> =
                    all.iter().filter_map(|own| Some(of(own).get(at)?.1)).collect();
                drawn.sort_unstable_by(f64::total_cmp);
                let quantile = |part| match drawn.is_empty() {
                    true => *value,
                    false => of_sorted(&drawn, part),
                };
                let (low, median, high) = (quantile(0.05), quantile(0.5), quantile(0.95));
                (name.clone(), Sure { value: *value, low, median, high })
            };
            of(&own).iter().enumerate().map(sure).collect()
        };
        let (sure, spent) = (values(|own| &own.figures), values(|own| &own.spent));
        Ok(Told { own, sure, spent })
    }
}

/// The scenarios that ship.
const SHIPPED: [(&str, &str); 2] = [
    ("serving-handover", include_str!("../scenarios/serving-handover.toml")),
    ("training-step", include_str!("../scenarios/training-step.toml")),
];

/// The text of a shipped scenario.
pub(crate) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The shipped scenario that may have been meant.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    nearest(name, SHIPPED.iter().map(|(own, _)| *own))
}

/// Whether a TOML text is a scenario: it has pools or a job.
pub(crate) fn is_scenario(text: &str) -> bool {
    text.lines().any(|line| matches!(line.trim(), "[[pool]]" | "[job]"))
}
