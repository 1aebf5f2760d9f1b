//! Jobs, pools and servers of batches: what steps do, what they come after, and what they take.

use models::input::{InputError, suggest};
use models::workload::{Batch, Does, Pool, SetUp, Step, Work};
use serde_spanned::Spanned;

use super::super::problem::Problem;
use super::Kind;
use super::scenario::Making;
use super::tables::{Any, BatchFields, PoolFields, StepFields, Table, WorkloadFields};

/// The most steps of one job, each repetition counted.
pub(crate) const STEPS_MAX: u64 = 10_000;

impl Making<'_> {
    /// The pool that a table is.
    pub(super) fn slots(&self, table: &Table<PoolFields>) -> Result<Pool, InputError> {
        let fields = &table.fields;
        if fields.set_up.value.is_none() && fields.keep.is_given() {
            let problem = Problem::new("has no effect", "`set_up` takes time where a slot is cold");
            return self.wrong(table, "keep", problem);
        }
        let set_up = fields.set_up.value.clone();
        let set_up = set_up.map(|takes| SetUp { takes, keep: fields.keep.value });
        Ok(Pool { name: table.name.clone(), slots: fields.slots.value, set_up })
    }

    /// The server of batches that a table is.
    pub(super) fn batch(&self, table: &Table<BatchFields>) -> Result<Batch, InputError> {
        let fields = &table.fields;
        let missing = |key, example| self.wrong(table, key, Problem::new("is missing", example));
        let Some(size) = fields.size.value else { return missing("size", "size = 8") };
        let Some(service) = fields.service.value.clone() else {
            return missing("service", "service = \"10 ms\"");
        };
        let (wait, per_member) = (fields.wait.value, fields.per_member.value);
        Ok(Batch { name: table.name.clone(), size, wait, service, per_member })
    }

    pub(super) fn job(&mut self, table: &Table<WorkloadFields>) -> Result<Work, InputError> {
        let job_of = |step: &'_ &Table<StepFields>| step.fields.job.value.clone();
        let steps = &self.load.steps;
        let mut jobs: Vec<Option<String>> = steps.iter().map(|step| job_of(&step)).collect();
        jobs.sort();
        jobs.dedup();
        let wanted = match &table.fields.job.value {
            Some(job) => Some(job.clone()),
            None if jobs.len() > 1 => {
                let names: Vec<String> = jobs.into_iter().flatten().collect();
                let help = format!("one of: {}", names.join(", "));
                return self.wrong(table, "job", Problem::new("is missing", help));
            }
            None => jobs.first().cloned().flatten(),
        };
        let own: Vec<&Table<StepFields>> =
            steps.iter().filter(|step| job_of(step) == wanted).collect();
        if own.is_empty() {
            let name = wanted.unwrap_or_default();
            let known: Vec<&str> = jobs.iter().flatten().map(String::as_str).collect();
            let problem = format!("no step is part of a job `{name}`");
            return self.wrong(table, "job", Problem::new(problem, suggest(&name, known)));
        }
        if table.fields.size.is_given() {
            let problem = Problem::new("has no effect", "`size` of the step that is a transfer");
            return self.wrong(table, "size", problem);
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

    fn step(
        &mut self,
        table: &Table<StepFields>,
        own: &[&Table<StepFields>],
    ) -> Result<Step, InputError> {
        self.used.insert((Kind::Step, table.name.clone()));
        let fields = &table.fields;
        let deeds = [
            ("wait", fields.wait.is_given()),
            ("take", fields.take.is_given()),
            ("give", fields.give.is_given()),
            ("batch", fields.batch.is_given()),
            ("transfer", fields.transfer.is_given()),
            ("kernel", fields.kernel.is_given()),
        ];
        let deed = self.only(table, &deeds, |names| {
            let help = format!("one of: {names}");
            ("wait", Problem::new("it is not said what it does", help), "a step for each")
        })?;
        let does = self.does(table, deed)?;
        let moves = [("chance", fields.chance.is_given()), ("repeat", fields.repeat.is_given())];
        for (key, given) in moves {
            if matches!(does, Does::Take(_) | Does::Give(_)) && given {
                let help = "a slot that is taken is given back once, in every run";
                return self.wrong(table, key, Problem::new("is not possible here", help));
            }
        }
        if fields.size.is_given() && deed != "transfer" {
            let problem = Problem::new("has no effect", "the size of a transfer");
            return self.wrong(table, "size", problem);
        }
        let after = table.after.iter().map(|name| self.before(table, name, own));
        Ok(Step {
            name: table.name.clone(),
            does,
            after: after.collect::<Result<_, _>>()?,
            chance: fields.chance.value,
            repeat: fields.repeat.value,
        })
    }

    fn does(&mut self, table: &Table<StepFields>, deed: &str) -> Result<Does, InputError> {
        let fields = &table.fields;
        if let Some(time) = &fields.wait.value {
            return Ok(Does::Wait(time.clone()));
        }
        if let Some(pool) = &fields.take.value {
            return Ok(Does::Take(self.used(Kind::Pool, table, deed, pool)?));
        }
        if let Some(pool) = &fields.give.value {
            return Ok(Does::Give(self.used(Kind::Pool, table, deed, pool)?));
        }
        if let Some(batch) = &fields.batch.value {
            return Ok(Does::Batch(self.used(Kind::Batch, table, deed, batch)?));
        }
        let name = fields.transfer.value.as_ref().or(fields.kernel.value.as_ref());
        let name = name.map_or("", String::as_str);
        let transfer = self.transfer(table, deed, name)?;
        if fields.transfer.is_given() {
            return Ok(Does::Transfer { transfer, size: fields.size.value.clone() });
        }
        if transfer.kernel.is_none() {
            let problem = format!("the transfer `{name}` begins with no kernel");
            let help = "a transfer with `kernel_read` or another field of a kernel";
            return self.wrong(table, deed, Problem::new(problem, help));
        }
        Ok(Does::Kernel(transfer))
    }

    /// The number of what a step uses, of its kind.
    fn used(
        &mut self,
        kind: Kind,
        table: &Table<StepFields>,
        key: &str,
        name: &str,
    ) -> Result<usize, InputError> {
        match self.load.find(kind, name) {
            Ok(at) => {
                self.used.insert((kind, name.to_owned()));
                Ok(at)
            }
            Err(problem) => self.wrong(table, key, problem),
        }
    }

    /// The number of the step that another comes after.
    fn before(
        &self,
        table: &Table<StepFields>,
        name: &Spanned<String>,
        own: &[&Table<StepFields>],
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
