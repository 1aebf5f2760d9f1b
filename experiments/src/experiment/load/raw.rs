//! The tables as they stand in a file.

use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::draft::word;
use super::super::problem::Problem;
use super::super::scalar::Scalar;
use super::{Cell, Kind, Table};

type Value = Option<Spanned<Scalar>>;

/// Work that is done again and again over time. Exactly one of `at`, `every`, `rate`, `clients`,
/// `trace` and `after` says when runs of it begin; what has begun is always brought to its end.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWorkload {
    /// Its name, needed only where there are several.
    #[schemars(with = "Option<String>")]
    name: Value,
    /// The transfer that a run is, with `[request]` if the file has one. Default: the only one,
    /// where the file has no steps.
    #[schemars(with = "Option<String>")]
    transfer: Value,
    /// The job whose steps a run goes through. Default: the only one, where the file has steps.
    #[schemars(with = "Option<String>")]
    job: Value,
    /// What the message of the transfer is multiplied by in each run: a number or a distribution
    /// of numbers, such as `"exponential(1)"`. Default 1. Its price per byte stays that of the
    /// message itself.
    #[schemars(with = "Option<Scalar>")]
    size: Value,
    /// All at one instant: `"0 s"`; as many as `count` says.
    #[schemars(with = "Option<String>")]
    at: Value,
    /// One after every such time, the first at the beginning: `"10 ms"`.
    #[schemars(with = "Option<String>")]
    every: Value,
    /// So many on average, independent of each other (Poisson): `"100 /s"`.
    #[schemars(with = "Option<String>")]
    rate: Value,
    /// So many clients, each of which waits for the end of its run, thinks, and begins the next.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    clients: Value,
    /// How long a client thinks before each run: a time or a distribution of times, such as
    /// `"exponential(1 s)"`. Default `"0 s"`.
    #[schemars(with = "Option<String>")]
    think: Value,
    /// A CSV file, relative to this one, with a column `time_s` of ascending instants in seconds.
    #[schemars(with = "Option<String>")]
    trace: Value,
    /// Another workload: one whenever a run of that ends.
    #[schemars(with = "Option<String>")]
    after: Value,
    /// When no more begin: `"60 s"`.
    #[schemars(with = "Option<String>")]
    until: Value,
    /// After how many no more begin.
    #[schemars(with = "Option<u64>", range(min = 1, max = 1_000_000_000))]
    count: Value,
    /// No more begin once the 95 % interval of the mean completion reaches no further than this
    /// part of the mean to each side: `0.02`. Besides `until` or `count`.
    #[schemars(with = "Option<f64>", range(min = 0.0001, max = 0.5))]
    precision: Value,
    /// How long a run may last, as `"300 s"`; one that lasts longer is cut off, gives back what it
    /// holds, and counts as late. Default: for ever.
    #[schemars(with = "Option<String>")]
    limit: Value,
    /// How often a run that is cut off is begun in all before it is late, 1 to 100. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 100))]
    attempts: Value,
    /// What is left out of the statistics: runs that begin before this time, or `auto`, as many as
    /// the rule MSER-5 finds. Default `"0 s"`.
    #[schemars(with = "Option<String>")]
    warm_up: Value,
}

/// A step of a job: exactly one of `wait`, `take`, `give`, `transfer` and `kernel`. It begins when
/// all steps that it comes after have ended.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStep {
    /// Its name.
    #[schemars(with = "String")]
    name: Value,
    /// The job that it is part of, needed only where there are several.
    #[schemars(with = "Option<String>")]
    job: Value,
    /// The steps of the job that it comes after. Default: none, so that it begins with the run.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    after: Vec<Spanned<String>>,
    /// Time passes: `"10 ms"`, or drawn: `exponential(mean)`, `lognormal(median, sigma)`,
    /// `uniform(low, high)`, `pareto(scale, shape)`, `one-of(a, b, …)`.
    #[schemars(with = "Option<String>")]
    wait: Value,
    /// Takes a slot of a pool, or waits for one, first come, first served.
    #[schemars(with = "Option<String>")]
    take: Value,
    /// Gives a slot of a pool back.
    #[schemars(with = "Option<String>")]
    give: Value,
    /// A transfer of the file, by name.
    #[schemars(with = "Option<String>")]
    transfer: Value,
    /// The kernel of a transfer of the file, and nothing else of it.
    #[schemars(with = "Option<String>")]
    kernel: Value,
    /// As `size` of a workload, for the transfer of this step.
    #[schemars(with = "Option<Scalar>")]
    size: Value,
    /// The chance that it happens, above 0 and at most 1; if not, it takes no time. Default 1.
    #[schemars(with = "Option<f64>", range(min = 0, max = 1))]
    chance: Value,
    /// How often it is done, one after the other, 1 to 1000. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    repeat: Value,
}

/// Some number of equal slots that steps take and give back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPool {
    /// Its name.
    #[schemars(with = "String")]
    name: Value,
    /// How many there are. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    slots: Value,
    /// How long a cold slot takes to be of use, such as `"2 s"` or `"lognormal(2 s, 0.3)"`: all are
    /// cold at the beginning. Whoever is granted one waits, and holds it meanwhile. Default: none.
    #[schemars(with = "Option<String>")]
    set_up: Value,
    /// How long a slot that nobody holds stays warm. Default `"0 s"`: it is cold at once.
    #[schemars(with = "Option<String>")]
    keep: Value,
}

/// A table of some kind with its name and the cells that are there.
fn table(
    kind: Kind,
    at: usize,
    name: (&Value, Option<&str>),
    cells: &[(&'static str, &Value)],
    source: &Arc<Source>,
) -> Result<Table, InputError> {
    let spans = || cells.iter().filter_map(|(_, value)| Some(value.as_ref()?.span()));
    let nth = source.text.match_indices(&format!("[[{}]]", kind.name())).nth(at);
    let header = nth.map(|(at, text)| at..at + text.len());
    let somewhere = || header.clone().or(spans().min_by_key(|span| span.start)).unwrap_or(0..0);
    let (text, span): (String, Range<usize>) = match (name.0, name.1) {
        (Some(name), _) => {
            let judged = word(name.get_ref()).and_then(|word| match word.contains('.') {
                true => Err(Problem::new("has a dot", "a name without dots, for use in sweeps")),
                false => Ok(word.to_owned()),
            });
            let field = format!("{}[{at}].name", kind.name());
            (judged.map_err(|problem| problem.at(field, source, name.span()))?, name.span())
        }
        (None, Some(default)) => (default.to_owned(), somewhere()),
        (None, None) => {
            let field = format!("{}[{at}].name", kind.name());
            let help = "name = \"…\": what other tables call it";
            return Err(Problem::new("is missing", help).at(field, source, somewhere()));
        }
    };
    let cell = |(key, value): &(&'static str, &Value)| {
        let value = value.as_ref()?;
        Some(Cell { key, value: value.get_ref().clone(), span: value.span() })
    };
    let cells = cells.iter().filter_map(cell).collect();
    Ok(Table { kind, name: text, span, cells, after: Vec::new() })
}

impl RawWorkload {
    pub(super) fn table(
        &self,
        at: usize,
        one: bool,
        source: &Arc<Source>,
    ) -> Result<Table, InputError> {
        let default = one.then_some("workload");
        let cells = [
            ("transfer", &self.transfer),
            ("job", &self.job),
            ("size", &self.size),
            ("at", &self.at),
            ("every", &self.every),
            ("rate", &self.rate),
            ("clients", &self.clients),
            ("think", &self.think),
            ("trace", &self.trace),
            ("after", &self.after),
            ("until", &self.until),
            ("count", &self.count),
            ("precision", &self.precision),
            ("limit", &self.limit),
            ("attempts", &self.attempts),
            ("warm_up", &self.warm_up),
        ];
        table(Kind::Workload, at, (&self.name, default), &cells, source)
    }
}

impl RawStep {
    pub(super) fn table(&self, at: usize, source: &Arc<Source>) -> Result<Table, InputError> {
        let cells = [
            ("job", &self.job),
            ("wait", &self.wait),
            ("take", &self.take),
            ("give", &self.give),
            ("transfer", &self.transfer),
            ("kernel", &self.kernel),
            ("size", &self.size),
            ("chance", &self.chance),
            ("repeat", &self.repeat),
        ];
        let table = table(Kind::Step, at, (&self.name, None), &cells, source)?;
        Ok(Table { after: self.after.clone(), ..table })
    }
}

impl RawPool {
    pub(super) fn table(&self, at: usize, source: &Arc<Source>) -> Result<Table, InputError> {
        let cells = [("slots", &self.slots), ("set_up", &self.set_up), ("keep", &self.keep)];
        table(Kind::Pool, at, (&self.name, None), &cells, source)
    }
}
