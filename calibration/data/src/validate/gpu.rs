//! Rows about GPUs: the execution model and the copy engines.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use models::input::InputError;
use models::library::Kind;
use models::profile::Profile;
use models::uncertainty::{DRAWS, Draw};
use sim::Seed;

use super::{Comparison, Verdict, copy};
use crate::copy::{gpu_named, means};
use crate::family::{Family, MemcpyRow};
use crate::file::{DataFile, Row};
use crate::fitted::FittedRows;
use crate::microbenchmark::GpuRow;
use crate::published;
use crate::shipped;
use crate::subject::Subject;

/// A GPU that rows are predicted for.
pub(super) struct Gpu {
    profile: Profile,
    /// The GPU in a node, to be asked.
    pub(super) subject: Subject,
    fitted: Option<FittedRows>,
    drawn: OnceCell<Vec<Subject>>,
}

impl Gpu {
    fn new(profile: Profile) -> Result<Gpu, InputError> {
        let fitted = FittedRows::of(&profile);
        let subject = Subject::new(&profile, shipped())?;
        Ok(Gpu { profile, subject, fitted, drawn: OnceCell::new() })
    }

    /// The GPU in each draw.
    pub(super) fn drawn(&self) -> Result<&[Subject], InputError> {
        if let Some(drawn) = self.drawn.get() {
            return Ok(drawn);
        }
        let draws = Draw::all(Seed::new(0), DRAWS);
        let drawn = Subject::drawn(&self.profile, shipped(), draws)?;
        Ok(self.drawn.get_or_init(|| drawn))
    }
}

/// What a row's figure should be on a GPU; none if it has copy engines but no execution model, as
/// older generations do.
fn predicted(read: &GpuRow, subject: &Subject) -> Result<Option<f64>, InputError> {
    let Some(machine) = &subject.gpu().machine else { return Ok(None) };
    // A kernel is asked about as one of a transfer; what is none is a formula.
    match read.ask(subject, machine)? {
        Some(asked) => Ok(Some(asked)),
        None => read.predict(machine).map(Some),
    }
}

/// The GPUs that rows can be about: all that ship, or one of the user's.
pub(super) struct Gpus {
    one: Option<Gpu>,
    shipped: BTreeMap<String, Gpu>,
    copies: Option<DataFile>,
}

impl Gpus {
    pub(super) fn shipped() -> Gpus {
        Gpus { one: None, shipped: BTreeMap::new(), copies: None }
    }

    pub(super) fn one(profile: &Profile) -> Result<Gpus, InputError> {
        Ok(Gpus { one: Some(Gpu::new(profile.clone())?), ..Gpus::shipped() })
    }

    /// The GPU that a source means, or why there is none.
    fn named(&mut self, name: &str) -> Result<Result<&Gpu, String>, InputError> {
        if let Some(one) = &self.one {
            return Ok(match is_about(one, name) {
                true => Ok(one),
                false => Err(format!("`{name}` is another GPU than the profile's")),
            });
        }
        let Some(known) = gpu_named(name, shipped()) else {
            return Ok(Err(format!("no shipped GPU profile is called like `{name}`")));
        };
        if !self.shipped.contains_key(&known) {
            let profile = shipped().profile(Kind::Gpu, &known)?;
            self.shipped.insert(known.clone(), Gpu::new(profile)?);
        }
        Ok(Ok(&self.shipped[&known]))
    }

    pub(super) fn judge(&mut self, row: &Row<'_>, family: Family) -> Result<Verdict, InputError> {
        if family == Family::GpuMemcpy {
            let read = MemcpyRow::read(row)?;
            let gpu = self.named(&read.gpu)?;
            return copy::judge(&read, row, gpu);
        }
        let read = GpuRow::read(row, family)?;
        let label = format!("{} {}", read.gpu, read.label);
        let gpu = match self.named(&read.gpu)? {
            Err(why) => return Ok(Verdict { family, label, outcome: Err(why) }),
            Ok(gpu) => gpu,
        };
        let (quantity, unit) = match family {
            Family::GpuLatency => ("latency", "ns"),
            _ => ("bandwidth", "GB/s"),
        };
        let outcome = match predicted(&read, &gpu.subject) {
            Ok(None) => Err(format!("the profile of `{}` has no execution model", read.gpu)),
            Ok(Some(value)) => {
                let (measured, decimals) = (read.measured, read.decimals);
                let draws =
                    gpu.drawn()?.iter().filter_map(|drawn| predicted(&read, drawn).transpose());
                let draws = draws.collect::<Result<Vec<f64>, InputError>>()?;
                let compared = Comparison::new(quantity, unit, measured, value, decimals);
                Ok(vec![compared.with_draws(&draws)])
            }
            Err(impossible) => Err(format!("{} {}", impossible.field, impossible.problem)),
        };
        Ok(Verdict { family, label, outcome })
    }

    /// Whether the profile that predicts a row was fitted to it.
    pub(super) fn fitted(
        &mut self,
        file: &DataFile,
        row: &Row<'_>,
        family: Family,
    ) -> Result<bool, InputError> {
        if family == Family::GpuMemcpy && self.one.is_none() {
            if self.copies.is_none() {
                self.copies = Some(published::table(published::COPIES)?);
            }
            let copies = self.copies.as_ref().expect("it was just read");
            return Ok(copies.rows().any(|fitted| fitted.says_the_same(row)));
        }
        let gpu = self.named(row.text("gpu")?)?;
        let fitted = gpu.ok().and_then(|gpu| gpu.fitted.as_ref());
        Ok(fitted.is_some_and(|fitted| fitted.has(file, row, family)))
    }
}

/// Whether a row that calls its GPU `name` is about this one: the GPU that the profile was fitted
/// for, or whose name it has; a profile that is nobody's is taken for any.
fn is_about(gpu: &Gpu, name: &str) -> bool {
    let own = gpu.fitted.as_ref().map_or(gpu.profile.name.as_str(), |fitted| fitted.gpu.as_str());
    let profile = gpu_named(own, shipped());
    own.eq_ignore_ascii_case(name)
        || match profile {
            Some(profile) => means(name, &profile),
            None => true,
        }
}
