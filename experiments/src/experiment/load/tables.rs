//! The tables of what runs over time, and their fields.

use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::workload::WarmUp;
use serde_spanned::Spanned;
use sim::{Dist, Time};

use super::super::field::{
    Cell, Field, Fields, Is, List, Raw, Written, fields, name, numbers, part,
};
use super::super::field::{rate, span, span_above_zero, text, times, warm_up, whole};
use super::super::problem::Problem;
use super::Kind;

/// More clients than this are taken for a slip, and more slots of a pool.
const COUNT_MAX: i64 = 1_000_000;
/// The most runs of one workload.
pub(super) const RUNS_MAX: i64 = 1_000_000_000;
/// How often a step may be repeated.
const REPEATS_MAX: i64 = 1_000;
/// How often a run may be begun.
const ATTEMPTS_MAX: i64 = 100;

fields! {
    /// Work that is done again and again over time. Exactly one of `at`, `every`, `rate`,
    /// `clients`, `trace` and `after` says when runs of it begin; what has begun is always brought
    /// to its end.
    WorkloadFields: Workload "";

    /// Its name, needed only where there are several.
    name: Option<String> = name(Is::Name);
    /// The transfer that a run is, with `[request]` if the file has one. Default: the only one,
    /// where the file has no steps.
    transfer: Option<String> = text(Is::Reference);
    /// The job whose steps a run goes through. Default: the only one, where the file has steps.
    job: Option<String> = text(Is::Reference);
    /// What the message of the transfer is multiplied by in each run: a number or a distribution
    /// of numbers, such as `"exponential(1)"`. Default 1. Its price per byte stays that of the
    /// message itself.
    size: Option<Dist> = numbers();
    /// All at one instant: `"0 s"`; as many as `count` says.
    at: Option<Time> = span();
    /// One after every such time, the first at the beginning: `"10 ms"`.
    every: Option<Time> = span_above_zero();
    /// So many on average, independent of each other (Poisson): `"100 /s"`.
    rate: Option<f64> = rate();
    /// So many clients, each of which waits for the end of its run, thinks, and begins the next.
    clients: Option<u32> = whole(1, COUNT_MAX);
    /// How long a client thinks before each run: a time or a distribution of times, such as
    /// `"exponential(1 s)"`. Default `"0 s"`.
    think: Dist = times(), "0 s";
    /// A CSV file, relative to this one, with a column `time_s` of ascending instants in seconds.
    trace: Option<String> = text(Is::Reference);
    /// Another workload: one whenever a run of that ends.
    after: Option<String> = text(Is::Reference);
    /// When no more begin: `"60 s"`.
    until: Option<Time> = span();
    /// After how many no more begin.
    count: Option<u64> = whole(1, RUNS_MAX);
    /// No more begin once the 95 % interval of the mean completion reaches no further than this
    /// part of the mean to each side: `0.02`. Besides `until` or `count`.
    precision: Option<f64> = part(0.5);
    /// How long a run may last, as `"300 s"`; one that lasts longer is cut off, gives back what it
    /// holds, and counts as late. Default: for ever.
    limit: Option<Time> = span_above_zero();
    /// How often a run that is cut off is begun in all before it is late, 1 to 100. Default 1.
    attempts: u32 = whole(1, ATTEMPTS_MAX), "1";
    /// What is left out of the statistics: runs that begin before this time, or `auto`, as many as
    /// the rule MSER-5 finds. Default `"0 s"`.
    warm_up: WarmUp = warm_up(), "0 s";
}

fields! {
    /// A step of a job: exactly one of `wait`, `take`, `give`, `batch`, `transfer` and `kernel`. It
    /// begins when all steps that it comes after have ended.
    StepFields: Step "";

    /// Its name.
    name: Option<String> = name(Is::NameNeeded);
    /// The job that it is part of, needed only where there are several.
    job: Option<String> = text(Is::Reference);
    /// The steps of the job that it comes after. Default: none, so that it begins with the run.
    after: Option<String> = text(Is::References);
    /// Time passes: `"10 ms"`, or drawn: `exponential(mean)`, `lognormal(median, sigma)`,
    /// `uniform(low, high)`, `pareto(scale, shape)`, `one-of(a, b, …)`.
    wait: Option<Dist> = times();
    /// Takes a slot of a pool, or waits for one, first come, first served.
    take: Option<String> = text(Is::Reference);
    /// Gives a slot of a pool back.
    give: Option<String> = text(Is::Reference);
    /// It is served together with others by a server of batches, and ends when that is done.
    batch: Option<String> = text(Is::Reference);
    /// A transfer of the file, by name.
    transfer: Option<String> = text(Is::Reference);
    /// The kernel of a transfer of the file, and nothing else of it.
    kernel: Option<String> = text(Is::Reference);
    /// As `size` of a workload, for the transfer of this step.
    size: Option<Dist> = numbers();
    /// The chance that it happens, above 0 and at most 1; if not, it takes no time. Default 1.
    chance: f64 = part(1.0), "1";
    /// How often it is done, one after the other, 1 to 1000. Default 1.
    repeat: u32 = whole(1, REPEATS_MAX), "1";
}

fields! {
    /// Some number of equal slots that steps take and give back.
    PoolFields: Pool "";

    /// Its name.
    name: Option<String> = name(Is::NameNeeded);
    /// How many there are. Default 1.
    slots: u32 = whole(1, COUNT_MAX), "1";
    /// How long a cold slot takes to be of use, such as `"2 s"` or `"lognormal(2 s, 0.3)"`: all are
    /// cold at the beginning. Whoever is granted one waits, and holds it meanwhile. Default: none.
    set_up: Option<Dist> = times();
    /// How long a slot that nobody holds stays warm. Default `"0 s"`: it is cold at once.
    keep: Time = span(), "0 s";
}

fields! {
    /// A server that serves runs together: it collects them until there are enough, or the first
    /// has waited long enough, and serves one batch at a time, first come, first served.
    BatchFields: Batch "";

    /// Its name.
    name: Option<String> = name(Is::NameNeeded);
    /// The most runs of a batch. It has to be given.
    size: Option<u32> = whole(1, COUNT_MAX);
    /// How long the first one waits for others: `"5 ms"`. Default `"0 s"`: a batch is whoever is
    /// there when the server is free.
    wait: Time = span(), "0 s";
    /// How long a batch takes, whoever is in it: a time or a distribution of times, such as
    /// `"lognormal(10 ms, 0.2)"`. It has to be given.
    service: Option<Dist> = times();
    /// How much longer it takes for each member: `"1 ms"`. Default `"0 s"`.
    per_member: Time = span(), "0 s";
}

/// A table with a name.
#[derive(Clone, Debug)]
pub(super) struct Table<F> {
    pub(super) name: String,
    /// Where its name stands, or where it could.
    pub(super) span: Range<usize>,
    pub(super) fields: F,
    /// The steps that it comes after.
    pub(super) after: Vec<Spanned<String>>,
}

impl<F: Fields> Table<F> {
    /// Reads table number `at` of its kind; `default` is its name where it may have none.
    pub(super) fn read(
        raw: &Raw<F>,
        at: usize,
        default: Option<&str>,
        source: &Arc<Source>,
    ) -> Result<Table<F>, InputError> {
        let kind = Self::kind().name();
        let header = format!("[[{kind}]]");
        let header = source.text.match_indices(&header).nth(at).map(|(at, t)| at..at + t.len());
        let somewhere = header.or(raw.place()).unwrap_or(0..0);
        let place = format!("{kind}[{at}]");
        let (name, span) = match (raw.name(&place, source)?, default) {
            (Some(named), _) => named,
            (None, Some(default)) => (default.to_owned(), somewhere),
            (None, None) => {
                let help = "name = \"…\": what other tables call it";
                let problem = Problem::new("is missing", help);
                return Err(problem.at(format!("{place}.name"), source, somewhere));
            }
        };
        let fields = raw.read_into(&format!("{kind}.{name}"), source)?;
        Ok(Table { name, span, fields, after: raw.references.clone() })
    }

    fn kind() -> Kind {
        match F::FIELDS[0].list {
            List::Step => Kind::Step,
            List::Pool => Kind::Pool,
            List::Batch => Kind::Batch,
            _ => Kind::Workload,
        }
    }
}

/// A table of any kind.
pub(super) trait Any {
    fn kind(&self) -> Kind;
    fn name(&self) -> &str;
    fn span(&self) -> &Range<usize>;
    fn after(&self) -> &[Spanned<String>];
    /// What was written of its fields, but for its name.
    fn written(&self) -> Vec<(&'static Field, &Written)>;

    /// The name of one of its fields in messages.
    fn field(&self, key: &str) -> String {
        format!("{}.{}.{key}", self.kind().name(), self.name())
    }

    /// Where a field stands, or else the table.
    fn place(&self, key: &str) -> Range<usize> {
        let after = self.after().first().filter(|_| key == "after").map(Spanned::span);
        let written = self.written().into_iter().find(|(field, _)| field.key() == key);
        let place = written.map(|(_, written)| written.span.clone()).or(after);
        place.unwrap_or_else(|| self.span().clone())
    }

    /// An error about one of its fields, or about the table where it does not have that.
    fn wrong(&self, key: &str, problem: Problem, source: &Arc<Source>) -> InputError {
        problem.at(self.field(key), source, self.place(key))
    }
}

impl<F: Fields> Any for Table<F> {
    fn kind(&self) -> Kind {
        Self::kind()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn span(&self) -> &Range<usize> {
        &self.span
    }

    fn after(&self) -> &[Spanned<String>] {
        &self.after
    }

    fn written(&self) -> Vec<(&'static Field, &Written)> {
        self.fields.written().filter(|(field, _)| field.key() != "name").collect()
    }
}

impl<T> Cell<T> {
    /// Whether something was written of it.
    pub(super) fn is_given(&self) -> bool {
        self.written.is_some()
    }
}
