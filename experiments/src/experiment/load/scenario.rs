//! From judged tables to the scenario that they make: what refers to what, and what is left over.

use std::collections::BTreeSet;
use std::sync::Arc;

use models::input::{InputError, suggest};
use models::transfer::Transfer;
use models::workload::{Arrivals, Limit, Scenario, Stop, WarmUp, Work, Workload};
use sim::Dist;

use super::super::draft::Draft;
use super::super::problem::Problem;
use super::super::scalar::Scalar;
use super::drawn::{Unit, dist};
use super::judge::{AUTO, RUNS_MAX, number, part, positive_time, rate, time};
use super::{Cell, Kind, Load, Table};

/// The fields that say when runs begin.
const BEGINNINGS: [&str; 6] = ["at", "every", "rate", "clients", "trace", "after"];
/// What tables refer to, and what of it has been used.
pub(super) struct Making<'a> {
    pub(super) load: &'a Load,
    transfers: Vec<(&'a str, Transfer)>,
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
        let mut making = Making {
            load: self,
            transfers: transfers.collect(),
            used: BTreeSet::new(),
            started: BTreeSet::new(),
        };
        let workloads = self.of(Kind::Workload).map(|table| making.workload(table));
        let workloads = workloads.collect::<Result<Vec<_>, _>>()?;
        let pools = self.of(Kind::Pool).map(|table| making.slots(table));
        let pools = pools.collect::<Result<_, _>>()?;
        let scenario = Scenario { pools, workloads };
        making.check_leaders(&scenario)?;
        making.check_used()?;
        Ok(scenario)
    }

    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(move |table| table.kind == kind)
    }
}

impl Making<'_> {
    pub(super) fn wrong<T>(
        &self,
        table: &Table,
        key: &str,
        problem: Problem,
    ) -> Result<T, InputError> {
        Err(table.wrong(key, problem, &self.load.source))
    }

    fn workload(&mut self, table: &Table) -> Result<Workload, InputError> {
        let arrivals = self.arrivals(table)?;
        let stop = self.stop(table, &arrivals)?;
        let warm_up = match table.cell("warm_up") {
            Some(cell) if cell.value == Scalar::Text(AUTO.into()) => WarmUp::Found,
            Some(cell) => WarmUp::Until(time(&cell.value).expect("it was judged")),
            None => WarmUp::Until(sim::Time::ZERO),
        };
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

    fn limit(&self, table: &Table) -> Result<Option<Limit>, InputError> {
        let attempts = table.cell("attempts").map_or(1, |cell| number(&cell.value) as u32);
        match table.cell("limit") {
            None if table.cell("attempts").is_some() => {
                let problem = Problem::new("has no effect", "`limit` cuts an attempt off");
                self.wrong(table, "attempts", problem)
            }
            None => Ok(None),
            Some(cell) => {
                let after = positive_time(&cell.value).expect("it was judged");
                Ok(Some(Limit { after, attempts }))
            }
        }
    }

    fn arrivals(&self, table: &Table) -> Result<Arrivals, InputError> {
        let given: Vec<&Cell> = BEGINNINGS.iter().filter_map(|key| table.cell(key)).collect();
        let cell = match given[..] {
            [cell] => cell,
            [] => {
                let problem = "it is not said when runs begin";
                let help = format!("one of: {}", BEGINNINGS.join(", "));
                return self.wrong(table, "rate", Problem::new(problem, help));
            }
            [first, second, ..] => {
                let problem = format!("is given beside `{}`", first.key);
                return self.wrong(table, second.key, Problem::new(problem, "one of them"));
            }
        };
        if let (Some(_), true) = (table.cell("think"), cell.key != "clients") {
            let problem = Problem::new("has no effect", "`clients` think; others do not");
            return self.wrong(table, "think", problem);
        }
        Ok(match cell.key {
            "at" => Arrivals::At(time(&cell.value).expect("it was judged")),
            "every" => Arrivals::Every(positive_time(&cell.value).expect("it was judged")),
            "rate" => Arrivals::Poisson { rate_hz: rate(&cell.value).expect("it was judged") },
            "clients" => Arrivals::Closed {
                clients: number(&cell.value) as u32,
                think: table.cell("think").map_or(Dist::Constant { value: 0.0 }, |cell| {
                    dist(&cell.value, Unit::Time).expect("it was judged")
                }),
            },
            "trace" => Arrivals::Trace(Arc::clone(&self.load.traces[&cell.value.to_string()])),
            _ => {
                let name = cell.value.to_string();
                let mut names = self.load.of(Kind::Workload).map(|table| table.name.as_str());
                match names.position(|known| known == name) {
                    Some(at) => Arrivals::After(at),
                    None => {
                        let known = self.load.workloads();
                        let problem = format!("no workload is called `{name}`");
                        return self.wrong(
                            table,
                            "after",
                            Problem::new(problem, suggest(&name, known)),
                        );
                    }
                }
            }
        })
    }

    fn stop(&self, table: &Table, arrivals: &Arrivals) -> Result<Stop, InputError> {
        let stop = Stop {
            until: table.cell("until").map(|cell| time(&cell.value).expect("it was judged")),
            count: table.cell("count").map(|cell| number(&cell.value)),
            precision: table.cell("precision").map(|c| part(&c.value, 0.5).expect("it was judged")),
        };
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

    fn work(&mut self, table: &Table) -> Result<Work, InputError> {
        let has_steps = self.load.of(Kind::Step).next().is_some();
        match (table.cell("transfer"), table.cell("job")) {
            (Some(_), Some(_)) => {
                self.wrong(table, "job", Problem::new("is given beside `transfer`", "one of them"))
            }
            (Some(cell), None) => self.transfer(table, "transfer", &cell.value.to_string()),
            (None, None) if !has_steps => match &self.transfers[..] {
                [(name, _)] => {
                    let name = (*name).to_owned();
                    self.transfer(table, "transfer", &name)
                }
                [] => {
                    let problem = Problem::new("is missing", "a [transfer], or [[step]]s");
                    self.wrong(table, "transfer", problem)
                }
                _ => {
                    let names = self.transfers.iter().map(|(name, _)| *name).collect::<Vec<_>>();
                    let help = format!("one of: {}", names.join(", "));
                    self.wrong(table, "transfer", Problem::new("is missing", help))
                }
            },
            (None, job) => self.job(table, job),
        }
    }

    /// The transfer called `name`, as the work of a table.
    pub(super) fn transfer(
        &mut self,
        table: &Table,
        key: &str,
        name: &str,
    ) -> Result<Work, InputError> {
        let Some((_, transfer)) = self.transfers.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = self.transfers.iter().map(|(name, _)| *name).collect();
            let problem = format!("no transfer is called `{name}`");
            return self.wrong(table, key, Problem::new(problem, suggest(name, known)));
        };
        let size = table.cell("size");
        let size = size.map(|cell| dist(&cell.value, Unit::Number).expect("it was judged"));
        let transfer = Box::new(transfer.clone());
        self.started.insert(name.to_owned());
        Ok(Work::Transfer { transfer, size })
    }

    /// Refuses workloads that come after each other in a circle: nothing would begin them.
    fn check_leaders(&self, scenario: &Scenario) -> Result<(), InputError> {
        for (table, workload) in self.load.of(Kind::Workload).zip(&scenario.workloads) {
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
        let idle = |table: &&Table| !self.used.contains(&(table.kind, table.name.clone()));
        let mut idle =
            self.load.tables.iter().filter(|table| table.kind != Kind::Workload).filter(idle);
        if let Some(table) = idle.next() {
            let problem = match table.kind {
                Kind::Step => Problem::new("no workload runs its job", "job = \"…\" of a workload"),
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
