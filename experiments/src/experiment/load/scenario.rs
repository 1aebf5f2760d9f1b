//! From judged tables to the scenario that they make: what refers to what, and what is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use models::input::{InputError, suggest};
use models::transfer::Transfer;
use models::workload::{Arrivals, Limit, Scenario, Stop, WarmUp, Work, Workload};

use super::super::problem::Problem;
use super::super::transfer::Draft;
use super::tables::{Any, RUNS_MAX, Table, WorkloadFields};
use super::{Kind, Load};

/// What tables refer to, and what of it has been used.
pub(super) struct Making<'a> {
    pub(super) load: &'a Load,
    /// The transfers of the file, in order, and their numbers by name.
    transfers: Vec<(&'a str, Transfer)>,
    numbers: BTreeMap<&'a str, usize>,
    pub(super) used: BTreeSet<(Kind, String)>,
    started: BTreeSet<String>,
}

impl Load {
    /// The scenario, with transfers as they stand.
    ///
    /// # Errors
    /// If a table refers to nothing, lacks something, or is used by nobody.
    pub(in super::super) fn finish(&self, drafts: &[Draft]) -> Result<Scenario, InputError> {
        let transfers = drafts
            .iter()
            .map(|draft| (draft.name.as_str(), draft.finish().expect("completeness was checked")));
        let numbers = drafts.iter().enumerate().map(|(at, draft)| (draft.name.as_str(), at));
        let mut making = Making {
            load: self,
            transfers: transfers.collect(),
            numbers: numbers.collect(),
            used: BTreeSet::new(),
            started: BTreeSet::new(),
        };
        let workloads = self.workloads.iter().map(|table| making.workload(table));
        let workloads = workloads.collect::<Result<Vec<_>, _>>()?;
        let pools = self.pools.iter().map(|table| making.slots(table));
        let pools = pools.collect::<Result<_, _>>()?;
        let batches = self.batches.iter().map(|table| making.batch(table));
        let batches = batches.collect::<Result<_, _>>()?;
        let scenario = Scenario { pools, batches, workloads };
        making.check_leaders(&scenario)?;
        making.check_used()?;
        Ok(scenario)
    }
}

impl Making<'_> {
    pub(super) fn wrong<T>(
        &self,
        table: &dyn Any,
        key: &str,
        problem: Problem,
    ) -> Result<T, InputError> {
        Err(table.wrong(key, problem, &self.load.source))
    }

    /// The one of several fields that is given. Where none is, `missing` says which of them is,
    /// with what is wrong and what to say where there are two.
    pub(super) fn only(
        &self,
        table: &dyn Any,
        fields: &[(&'static str, bool)],
        missing: impl Fn(String) -> (&'static str, Problem, &'static str),
    ) -> Result<&'static str, InputError> {
        let given = fields.iter().filter(|(_, given)| *given);
        let given: Vec<&'static str> = given.map(|(key, _)| *key).collect();
        let names: Vec<&str> = fields.iter().map(|(key, _)| *key).collect();
        let (key, problem, help) = missing(names.join(", "));
        match given[..] {
            [key] => Ok(key),
            [] => self.wrong(table, key, problem),
            [first, second, ..] => {
                let problem = Problem::new(format!("is given beside `{first}`"), help);
                self.wrong(table, second, problem)
            }
        }
    }

    fn workload(&mut self, table: &Table<WorkloadFields>) -> Result<Workload, InputError> {
        let arrivals = self.arrivals(table)?;
        let stop = self.stop(table, &arrivals)?;
        let warm_up = table.fields.warm_up.value;
        if let (WarmUp::Until(warm), Some(until)) = (warm_up, stop.until)
            && warm >= until
        {
            let problem = Problem::new("leaves nothing over", "a warm-up that ends before `until`");
            return self.wrong(table, "warm_up", problem);
        }
        let work = self.work(table)?;
        let limit = self.limit(table)?;
        Ok(Workload { name: table.name.clone(), work, arrivals, stop, limit, warm_up })
    }

    fn limit(&self, table: &Table<WorkloadFields>) -> Result<Option<Limit>, InputError> {
        let (limit, attempts) = (&table.fields.limit, &table.fields.attempts);
        if limit.value.is_none() && attempts.is_given() {
            let problem = Problem::new("has no effect", "`limit` cuts an attempt off");
            return self.wrong(table, "attempts", problem);
        }
        Ok(limit.value.map(|after| Limit { after, attempts: attempts.value }))
    }

    fn arrivals(&self, table: &Table<WorkloadFields>) -> Result<Arrivals, InputError> {
        let fields = &table.fields;
        let beginnings = [
            ("at", fields.at.is_given()),
            ("every", fields.every.is_given()),
            ("rate", fields.rate.is_given()),
            ("clients", fields.clients.is_given()),
            ("trace", fields.trace.is_given()),
            ("after", fields.after.is_given()),
        ];
        self.only(table, &beginnings, |names| {
            let help = format!("one of: {names}");
            ("rate", Problem::new("it is not said when runs begin", help), "one of them")
        })?;
        if fields.think.is_given() && !fields.clients.is_given() {
            let problem = Problem::new("has no effect", "`clients` think; others do not");
            return self.wrong(table, "think", problem);
        }
        let at = fields.at.value.map(Arrivals::At);
        let every = fields.every.value.map(Arrivals::Every);
        let rate = fields.rate.value.map(|rate_hz| Arrivals::Poisson { rate_hz });
        let think = &fields.think.value;
        let clients = fields.clients.value;
        let clients = clients.map(|clients| Arrivals::Closed { clients, think: think.clone() });
        let trace = fields.trace.value.as_ref();
        let trace = trace.map(|name| Arrivals::Trace(Arc::clone(&self.load.traces[name])));
        if let Some(arrivals) = at.or(every).or(rate).or(clients).or(trace) {
            return Ok(arrivals);
        }
        match self.load.find(Kind::Workload, fields.after.value.as_deref().unwrap_or_default()) {
            Ok(leader) => Ok(Arrivals::After(leader)),
            Err(problem) => self.wrong(table, "after", problem),
        }
    }

    fn stop(&self, table: &Table<WorkloadFields>, arrivals: &Arrivals) -> Result<Stop, InputError> {
        let fields = &table.fields;
        let (until, count) = (fields.until.value, fields.count.value);
        let stop = Stop { until, count, precision: fields.precision.value };
        let help = "until = \"60 s\" or count = 10000";
        if stop.until == Some(sim::Time::ZERO) {
            return self.wrong(table, "until", Problem::new("is zero", "a time above zero"));
        }
        let bounded = stop.until.is_some() || stop.count.is_some();
        if stop.precision.is_some() && !bounded {
            let problem = Problem::new("may never be reached", format!("besides: {help}"));
            return self.wrong(table, "precision", problem);
        }
        let ends = matches!(arrivals, Arrivals::At(_) | Arrivals::Trace(_) | Arrivals::After(_));
        if !bounded && !ends {
            return self.wrong(table, "until", Problem::new("the workload has no end", help));
        }
        let rate_hz = match arrivals {
            Arrivals::Poisson { rate_hz } => *rate_hz,
            Arrivals::Every(gap) => 1.0 / gap.as_seconds(),
            _ => 0.0,
        };
        let runs = stop.until.map_or(0.0, |until| until.as_seconds() * rate_hz);
        if runs > RUNS_MAX as f64 && stop.count.is_none() {
            let problem = format!("would begin {runs:.1e} runs");
            let help =
                format!("at most {:.0e}: less time, a lower rate, or `count`", RUNS_MAX as f64);
            return self.wrong(table, "until", Problem::new(problem, help));
        }
        Ok(stop)
    }

    fn work(&mut self, table: &Table<WorkloadFields>) -> Result<Work, InputError> {
        let fields = &table.fields;
        let name = match (&fields.transfer.value, &fields.job.value) {
            (Some(_), Some(_)) => {
                let problem = Problem::new("is given beside `transfer`", "one of them");
                return self.wrong(table, "job", problem);
            }
            (Some(name), None) => name.clone(),
            (None, None) if self.load.steps.is_empty() => match &self.transfers[..] {
                [(name, _)] => (*name).to_owned(),
                [] => {
                    let problem = Problem::new("is missing", "a [transfer], or [[step]]s");
                    return self.wrong(table, "transfer", problem);
                }
                _ => {
                    let names = self.transfers.iter().map(|(name, _)| *name).collect::<Vec<_>>();
                    let help = format!("one of: {}", names.join(", "));
                    return self.wrong(table, "transfer", Problem::new("is missing", help));
                }
            },
            (None, _) => return self.job(table),
        };
        let transfer = self.transfer(table, "transfer", &name)?;
        Ok(Work::Transfer { transfer, size: fields.size.value.clone() })
    }

    /// The transfer called `name`, which a table starts.
    pub(super) fn transfer(
        &mut self,
        table: &dyn Any,
        key: &str,
        name: &str,
    ) -> Result<Box<Transfer>, InputError> {
        let Some(&at) = self.numbers.get(name) else {
            let known: Vec<&str> = self.transfers.iter().map(|(name, _)| *name).collect();
            let problem = format!("no transfer is called `{name}`");
            return self.wrong(table, key, Problem::new(problem, suggest(name, known)));
        };
        self.started.insert(name.to_owned());
        Ok(Box::new(self.transfers[at].1.clone()))
    }

    /// Refuses workloads that come after each other in a circle: nothing would begin them.
    fn check_leaders(&self, scenario: &Scenario) -> Result<(), InputError> {
        for (table, workload) in self.load.workloads.iter().zip(&scenario.workloads) {
            let mut arrivals = &workload.arrivals;
            for _ in 0..scenario.workloads.len() {
                let Arrivals::After(leader) = arrivals else { break };
                arrivals = &scenario.workloads[*leader].arrivals;
            }
            if let Arrivals::After(_) = arrivals {
                let problem = Problem::new("is a circle", "a workload that begins by itself");
                return self.wrong(table, "after", problem);
            }
        }
        Ok(())
    }

    /// Refuses what nothing starts or takes: it would be a slip.
    fn check_used(&self) -> Result<(), InputError> {
        let idle = |table: &&dyn Any| {
            table.kind() != Kind::Workload
                && !self.used.contains(&(table.kind(), table.name().to_owned()))
        };
        if let Some(table) = self.load.tables().find(idle) {
            let problem = match table.kind() {
                Kind::Step => Problem::new("no workload runs its job", "job = \"…\" of a workload"),
                Kind::Batch => Problem::new("no step uses it", "a step with `batch`"),
                _ => Problem::new("no step takes it", "a step with `take` and one with `give`"),
            };
            return self.wrong(table, "name", problem);
        }
        let idle = self.transfers.iter().find(|(name, _)| !self.started.contains(*name));
        match idle {
            Some((name, _)) => {
                let at = self.load.source.text.find("[transfer]");
                let at = at.or(self.load.source.text.find("[[transfer]]")).unwrap_or(0);
                let problem = Problem::new("nothing starts it", "a workload or step that names it");
                Err(problem.at(format!("transfer.{name}"), &self.load.source, at..at + 1))
            }
            None => Ok(()),
        }
    }
}
