//! Pods as the trace lists them: `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,…`.
//!
//! `num_gpu` whole GPUs with `gpu_milli` 1000, or one with less; `gpu_spec` names the models that
//! are allowed, with `|` between them. `creation_time`, `scheduled_time` and `deletion_time` are
//! seconds. Columns of our own: `mig`, the profile of an instance in place of `gpu_milli`, and
//! `gang`, the name of what a pod is placed with or not at all.

use std::collections::HashMap;
use std::sync::OnceLock;

use models::gpu::share::mig::MigProfile;
use models::input::{InputError, suggest};
use models::placement::{Ask, Fleet, GpuAsk, Models, Pods};

use super::nodes::{CPU_MAX, GPUS_MAX, MEMORY_MAX, require, whole};
use crate::file::{DataFile, Row};

/// When a pod came and went \[s\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// When it was created.
    pub created: f64,
    /// When it was placed, if it was.
    pub scheduled: Option<f64>,
    /// When it was deleted.
    pub deleted: f64,
}

/// The pods of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What they ask for.
    pub pods: Pods,
    /// When they came and went; none if the table does not say.
    pub times: Option<Vec<Times>>,
    /// The number of each one's gang, if it has one; none if the table has no such column.
    pub gangs: Option<Vec<Option<u32>>>,
}

/// Reads the pods of a trace for a cluster, whose models `gpu_spec` names.
///
/// # Errors
/// If a column is missing, a number is none or impossible, a pod shares more than one GPU, or was
/// deleted before it was created.
pub fn pods(file: &DataFile, fleet: &Fleet) -> Result<Trace, InputError> {
    require(file, &["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"])?;
    let has = |wanted: &str| file.columns().any(|column| column == wanted);
    let timed = has("creation_time") && has("deletion_time");
    let mut gangs: HashMap<&str, u32> = HashMap::new();
    let mut trace = Trace { pods: Pods::default(), times: None, gangs: None };
    for row in file.rows() {
        trace.pods.add(ask(&row, fleet)?);
        if timed {
            trace.times.get_or_insert_default().push(times(&row)?);
        }
        if has("gang") {
            let next = gangs.len() as u32;
            let gang = row.cell("gang").map(|name| *gangs.entry(name).or_insert(next));
            trace.gangs.get_or_insert_default().push(gang);
        }
    }
    Ok(trace)
}

fn ask(row: &Row<'_>, fleet: &Fleet) -> Result<Ask, InputError> {
    Ok(Ask {
        cpu: whole(row, "cpu_milli", CPU_MAX)? as u32,
        memory: whole(row, "memory_mib", MEMORY_MAX)? as u32,
        gpu: gpu(row)?,
        models: allowed(row, fleet),
    })
}

fn gpu(row: &Row<'_>) -> Result<GpuAsk, InputError> {
    let count = whole(row, "num_gpu", GPUS_MAX)?;
    if let Some(profile) = row.cell("mig") {
        return mig(row, profile, count);
    }
    let milli = whole(row, "gpu_milli", u64::MAX)?;
    match (count, milli) {
        (0, 0) => Ok(GpuAsk::None),
        (1, 1..=999) => Ok(GpuAsk::Share(milli as u16)),
        (1.., 1000) => Ok(GpuAsk::Whole(count as u16)),
        (0, _) => Err(row
            .fault("gpu_milli", format!("{milli} of no GPU"))
            .help("0, or a `num_gpu` of 1 or more")),
        (1, 0) => Err(row.fault("gpu_milli", "0 of one GPU").help("1 to 1000")),
        (1, _) => Err(row
            .fault("gpu_milli", format!("{milli} is more than one GPU has"))
            .help("1 to 1000; more GPUs are told by `num_gpu`")),
        _ => Err(row
            .fault("gpu_milli", format!("{milli} of each of {count} GPUs"))
            .help("1000: only one GPU can be shared")),
    }
}

/// The part of a GPU that an instance is: of its seven (an A30's four) slices of SMs or its eight
/// of memory, whichever is more.
fn mig(row: &Row<'_>, name: &str, count: u64) -> Result<GpuAsk, InputError> {
    static PROFILES: OnceLock<Vec<MigProfile>> = OnceLock::new();
    let profiles = PROFILES.get_or_init(MigProfile::all);
    let own = profiles.iter().filter(|profile| profile.profile == name);
    let part = |profile: &MigProfile| {
        let slices = if profile.gpu.starts_with("a30") { 4 } else { 7 };
        (1000 * profile.compute_slices / slices).max(1000 * profile.memory_slices / 8)
    };
    let Some(milli) = own.map(part).max() else {
        let known: Vec<&str> = profiles.iter().map(|profile| profile.profile.as_str()).collect();
        let problem = format!("`{name}` is no MIG profile");
        return Err(row.fault("mig", problem).help(suggest(name, known)));
    };
    if count != 1 {
        return Err(row
            .fault("num_gpu", format!("{count} GPUs with an instance of one"))
            .help("1"));
    }
    if let Some(milli) = row.cell("gpu_milli") {
        let problem = format!("`{milli}` beside the profile `{name}`, which says how much it is");
        return Err(row.fault("gpu_milli", problem).help("nothing where `mig` is filled in"));
    }
    Ok(if milli < 1000 { GpuAsk::Share(milli as u16) } else { GpuAsk::Whole(1) })
}

/// The models that a pod may run on: any if it names none. A model that no node has is none.
fn allowed(row: &Row<'_>, fleet: &Fleet) -> Models {
    let Some(text) = row.cell("gpu_spec") else { return Models::ANY };
    let known = |name: &str| fleet.models().iter().position(|model| model == name);
    let models = text.split('|').filter_map(|name| known(name.trim()));
    models.fold(Models::NONE, |models, model| models.with(model as u8))
}

fn times(row: &Row<'_>) -> Result<Times, InputError> {
    let seconds = |column: &str| {
        let text = row.text(column)?;
        let value: Option<f64> = text.parse().ok();
        value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| {
            row.fault(column, format!("`{text}` is no time")).help("seconds, zero or more")
        })
    };
    let (created, deleted) = (seconds("creation_time")?, seconds("deletion_time")?);
    let scheduled = row.cell("scheduled_time").map(|_| seconds("scheduled_time")).transpose()?;
    if deleted < created {
        let problem = format!("deleted at {deleted} s, before it was created at {created} s");
        return Err(row.fault("deletion_time", problem).help("`creation_time` or later"));
    }
    if let Some(scheduled) = scheduled.filter(|at| !(created..=deleted).contains(at)) {
        let problem = format!("{scheduled} s is not between creation and deletion");
        return Err(row
            .fault("scheduled_time", problem)
            .help(format!("{created} to {deleted}, or nothing if it was never placed")));
    }
    Ok(Times { created, scheduled, deleted })
}
