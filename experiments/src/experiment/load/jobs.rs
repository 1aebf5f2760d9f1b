//! Jobs and pools: what steps do, what they come after, and what they take.

use models::input::{InputError, suggest};
use models::workload::{Does, Pool, SetUp, Step, Work};
use serde_spanned::Spanned;
use sim::Time;

use super::super::problem::Problem;
use super::drawn::{Unit, dist};
use super::judge::{number, part, time};
use super::scenario::Making;
use super::{Cell, Kind, Table};

/// The fields that say what a step does.
const DEEDS: [&str; 5] = ["wait", "take", "give", "transfer", "kernel"];
/// The most steps of one job, each repetition counted.
const STEPS_MAX: u64 = 10_000;

impl Making<'_> {
    /// The pool that a table is.
    pub(super) fn slots(&self, table: &Table) -> Result<Pool, InputError> {
        let set_up = table.cell("set_up").map(|cell| SetUp {
            takes: dist(&cell.value, Unit::Time).expect("it was judged"),
            keep: table.cell("keep").map_or(Time::ZERO, |c| time(&c.value).expect("it was judged")),
        });
        if set_up.is_none() && table.cell("keep").is_some() {
            let problem = Problem::new("has no effect", "`set_up` takes time where a slot is cold");
            return self.wrong(table, "keep", problem);
        }
        let slots = table.cell("slots").map_or(1, |cell| number(&cell.value) as u32);
        Ok(Pool { name: table.name.clone(), slots, set_up })
    }

    pub(super) fn job(&mut self, table: &Table, job: Option<&Cell>) -> Result<Work, InputError> {
        let name_of = |step: &Table| step.cell("job").map(|cell| cell.value.to_string());
        let mut jobs: Vec<Option<String>> = self.load.of(Kind::Step).map(name_of).collect();
        jobs.sort();
        jobs.dedup();
        let wanted = match job {
            Some(cell) => Some(cell.value.to_string()),
            None if jobs.len() > 1 => {
                let names: Vec<String> = jobs.into_iter().flatten().collect();
                let help = format!("one of: {}", names.join(", "));
                return self.wrong(table, "job", Problem::new("is missing", help));
            }
            None => jobs.first().cloned().flatten(),
        };
        let own: Vec<&Table> =
            self.load.of(Kind::Step).filter(|step| name_of(step) == wanted).collect();
        if own.is_empty() {
            let name = wanted.unwrap_or_default();
            let known: Vec<&str> = jobs.iter().flatten().map(String::as_str).collect();
            let problem = format!("no step is part of a job `{name}`");
            return self.wrong(table, "job", Problem::new(problem, suggest(&name, known)));
        }
        if let Some(cell) = table.cell("size") {
            let problem = Problem::new("has no effect", "`size` of the step that is a transfer");
            return self.wrong(table, cell.key, problem);
        }
        let steps = own.iter().map(|step| self.step(step, &own));
        let steps = steps.collect::<Result<Vec<Step>, _>>()?;
        let all: u64 = steps.iter().map(|step| u64::from(step.repeat)).sum();
        if all > STEPS_MAX {
            let problem = format!("has {all} steps with all repetitions");
            let help = format!("at most {STEPS_MAX}");
            return self.wrong(own[0], "repeat", Problem::new(problem, help));
        }
        Ok(Work::Steps(steps))
    }

    fn step(&mut self, table: &Table, own: &[&Table]) -> Result<Step, InputError> {
        self.used.insert((Kind::Step, table.name.clone()));
        let given: Vec<&Cell> = DEEDS.iter().filter_map(|key| table.cell(key)).collect();
        let cell = match given[..] {
            [cell] => cell,
            [] => {
                let help = format!("one of: {}", DEEDS.join(", "));
                let problem = Problem::new("it is not said what it does", help);
                return self.wrong(table, "wait", problem);
            }
            [first, second, ..] => {
                let problem = format!("is given beside `{}`", first.key);
                return self.wrong(table, second.key, Problem::new(problem, "a step for each"));
            }
        };
        let does = self.does(table, cell)?;
        for key in ["chance", "repeat"] {
            if matches!(does, Does::Take(_) | Does::Give(_)) && table.cell(key).is_some() {
                let help = "a slot that is taken is given back once, in every run";
                return self.wrong(table, key, Problem::new("is not possible here", help));
            }
        }
        if let (Some(_), true) = (table.cell("size"), cell.key != "transfer") {
            let problem = Problem::new("has no effect", "the size of a transfer");
            return self.wrong(table, "size", problem);
        }
        let after = table.after.iter().map(|name| self.before(table, name, own));
        Ok(Step {
            name: table.name.clone(),
            does,
            after: after.collect::<Result<_, _>>()?,
            chance: table.cell("chance").map_or(1.0, |c| part(&c.value, 1.0).expect("judged")),
            repeat: table.cell("repeat").map_or(1, |cell| number(&cell.value) as u32),
        })
    }

    fn does(&mut self, table: &Table, cell: &Cell) -> Result<Does, InputError> {
        let name = cell.value.to_string();
        Ok(match cell.key {
            "wait" => Does::Wait(dist(&cell.value, Unit::Time).expect("it was judged")),
            "take" => Does::Take(self.pool(table, cell)?),
            "give" => Does::Give(self.pool(table, cell)?),
            key => match (self.transfer(table, key, &name)?, key) {
                (Work::Transfer { transfer, size }, "transfer") => {
                    Does::Transfer { transfer, size }
                }
                (Work::Transfer { transfer, .. }, _) if transfer.kernel.is_some() => {
                    Does::Kernel(transfer)
                }
                _ => {
                    let problem = format!("the transfer `{name}` begins with no kernel");
                    let help = "a transfer with `kernel_read` or another field of a kernel";
                    return self.wrong(table, key, Problem::new(problem, help));
                }
            },
        })
    }

    fn pool(&mut self, table: &Table, cell: &Cell) -> Result<usize, InputError> {
        let name = cell.value.to_string();
        let known: Vec<&str> = self.load.of(Kind::Pool).map(|pool| pool.name.as_str()).collect();
        match known.iter().position(|known| *known == name) {
            Some(at) => {
                self.used.insert((Kind::Pool, name));
                Ok(at)
            }
            None => {
                let problem = format!("no pool is called `{name}`");
                self.wrong(table, cell.key, Problem::new(problem, suggest(&name, known)))
            }
        }
    }

    /// The number of the step that another comes after.
    fn before(
        &self,
        table: &Table,
        name: &Spanned<String>,
        own: &[&Table],
    ) -> Result<usize, InputError> {
        let known: Vec<&str> = own.iter().map(|step| step.name.as_str()).collect();
        match known.iter().position(|known| known == name.get_ref()) {
            Some(at) => Ok(at),
            None => {
                let problem = format!("no step of its job is called `{}`", name.get_ref());
                let problem = Problem::new(problem, suggest(name.get_ref(), known));
                Err(problem.at(table.field("after"), &self.load.source, name.span()))
            }
        }
    }
}
