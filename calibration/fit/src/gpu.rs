//! A GPU's execution model, fitted to published microbenchmarks.
//!
//! The search begins at the data sheet: `priors/gpu.csv` has, for each generation, what a cycle or
//! an SM of it is known to do, and what that comes to on this GPU is prior knowledge within a
//! stated factor. So rows of one family alone give a whole profile, and parameters that no row
//! speaks of stay as they were. At most fifteen parameters: those of [`models::gpu::machine`], and
//! the three of [`models::gpu::copy`] where there are copies.

mod start;

use calibration_data::copy::{gpu_named, means};
use calibration_data::family::{Family, MemcpyRow, Table, recognise};
use calibration_data::file::{DataFile, Row};
use calibration_data::filter::Filter;
use calibration_data::fitted::note;
use calibration_data::microbenchmark::GpuRow;
use calibration_data::shipped;
use models::gpu::machine::{CALIBRATED, Machine};
use models::input::InputError;
use models::library::Kind;
use models::profile::{How, Profile, unit};

use super::posterior::{Beside, Estimate, Free, Observation, Posterior, each, fit};
use super::{covariance, memcpy};

/// What the execution model leaves out of a stream, as a relative standard error.
pub const STREAM_ERROR: f64 = 0.03;
/// Relative standard errors of rows: run-to-run spread and what the model leaves out.
const ERRORS: [(Family, f64); 5] = [
    (Family::GpuStream, STREAM_ERROR),
    (Family::GpuLatency, 0.01),
    (Family::GpuCache, 0.10),
    (Family::GpuSmallKernels, 0.06),
    (Family::GpuMemcpy, 0.03),
];
/// The same where a cache overflows.
const ERROR_OVERFLOW: f64 = 0.5;

use start::Start;
pub use start::{known_of, prior};

/// One standard deviation of prior knowledge, as a factor.
fn factor(parameter: &str) -> f64 {
    match parameter {
        "dram_efficiency" => 1.05,
        "l2_latency" | "l1_latency" => 1.1,
        "dram_latency" => 1.3,
        "block_turnover" | "l2_bandwidth" | "load_port" => 1.5,
        "copy_to_device_efficiency" => 1.2,
        _ => 2.0,
    }
}

/// What to fit.
#[derive(Clone, Debug)]
pub struct Options {
    /// The GPU: a shipped profile, or what a table calls it.
    pub gpu: String,
    /// Tables of GPU families.
    pub data: Vec<DataFile>,
    /// The rows to fit; `None` is all. A table that lacks one of the columns is fitted whole.
    pub rows: Option<Filter>,
}

/// A fitted row.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Its family.
    pub family: Family,
    /// A short name.
    pub label: String,
    /// What was measured, in the unit of its column.
    pub measured: f64,
    /// What the fitted profile predicts.
    pub predicted: f64,
}

/// The result of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct GpuFit {
    /// The shipped profile it began with.
    pub gpu: String,
    /// The fitted parameters, in the units of the profile.
    pub estimates: Vec<Estimate>,
    /// Every row that was fitted.
    pub residuals: Vec<Residual>,
    /// The profile with the fitted lines, as a file.
    pub profile: String,
    /// How these hang together, as a file.
    pub posterior: String,
}

enum Item {
    Kernel(Family, GpuRow),
    Copy(MemcpyRow),
}

/// Fits the profile of a GPU.
///
/// # Errors
/// If the GPU is not a shipped one, a row is malformed, or no row is left.
pub fn run(options: &Options) -> Result<GpuFit, InputError> {
    let library = shipped();
    let gpu = gpu_named(&options.gpu, library).ok_or_else(|| {
        let names: Vec<&str> = library.names(Kind::Gpu).collect();
        InputError::new("--gpu", format!("no shipped GPU profile is called like `{}`", options.gpu))
            .help(names.join(", "))
    })?;
    let base = library.profile(Kind::Gpu, &gpu)?;
    let start = Start::new(&base)?;
    let (items, observations) = rows(options, &gpu, &start.machine)?;
    let copies = items.iter().any(|item| matches!(item, Item::Copy(_)));
    let names: Vec<&str> = names(copies);
    let free = names.iter().map(|name| {
        let prior = prior(&base, name)?;
        Ok(Free { name: (*name).into(), prior, factor: Some(factor(name)) })
    });
    let free = free.collect::<Result<Vec<_>, InputError>>()?;
    let model = &|values: &[f64], _: Option<Beside<'_>>| start.with(&names, values).predict(&items);
    let posterior = robust(&free, &observations, model)?;
    let together = covariance::file(&posterior.weights);
    let residuals = items.iter().zip(&observations).zip(&posterior.predicted);
    let residuals = residuals.map(|((item, seen), &predicted)| Residual {
        family: item.family(),
        label: item.label(),
        measured: seen.value,
        predicted,
    });
    let families: Vec<Family> = items.iter().map(Item::family).collect();
    let note = note(&options.gpu, items.len(), &families, options.rows.as_ref());
    let estimates: Vec<Estimate> =
        posterior.estimates.into_iter().map(|estimate| in_units(&base, estimate)).collect();
    let lines: Vec<String> = estimates
        .iter()
        .zip(&free)
        .filter(|(estimate, free)| {
            let unit_scale = unit(unit_of(&base, &estimate.name)).expect("a parsed unit").2;
            let moved = libm::log(estimate.value * unit_scale / free.prior).abs();
            // What other rows decided must not stand beside a fit that never saw them.
            let stale =
                base.rows().iter().any(|r| r.parameter == free.name && r.how == How::Fitted);
            stale || estimate.spread_ratio <= DECIDED || moved > MOVED
        })
        .map(|(e, _)| {
            let [value, low, high] = [e.value, e.low, e.high].map(super::prior::digits);
            let unit = unit_of(&base, &e.name);
            format!("{},{value},{unit},{low},{high},fitted,\"{note}\"", e.name)
        })
        .collect();
    let profile = memcpy::with_lines(&gpu, &lines)?;
    let residuals = residuals.collect();
    Ok(GpuFit { residuals, estimates, profile, posterior: together, gpu })
}

/// Fits, and again with rows that lie far off trusted less (P. Huber's weights): a benchmark's
/// first row may be of a clock that was still rising.
fn robust<M>(free: &[Free], observations: &[Observation], model: M) -> Result<Posterior, InputError>
where
    M: Fn(&[f64], Option<Beside<'_>>) -> Result<Vec<f64>, InputError> + Copy,
{
    let mut posterior = fit(free, observations, each(model))?;
    for _ in 0..PASSES {
        let weighted = observations.iter().zip(&posterior.predicted).map(|(seen, predicted)| {
            let off = libm::log(predicted / seen.value).abs() / seen.relative_error;
            let relative_error = seen.relative_error * (off / FAR).max(1.0).sqrt();
            Observation { relative_error, ..*seen }
        });
        posterior = fit(free, &weighted.collect::<Vec<_>>(), each(model))?;
    }
    Ok(posterior)
}

/// Standard errors beyond which a row is trusted less.
const FAR: f64 = 1.3;
/// Fits with such weights: three settle them.
const PASSES: usize = 3;

/// A parameter is written down if the rows took at least a tenth off what was unknown of it, or
/// moved it by a hundredth: the others were fitted beside that value.
const DECIDED: f64 = 0.9;
const MOVED: f64 = 0.01;

fn names(copies: bool) -> Vec<&'static str> {
    let kernels = CALIBRATED.iter().map(|(name, _)| *name);
    let copy = memcpy::FREE.iter().map(|(name, ..)| *name).filter(|_| copies);
    kernels.chain(copy).collect()
}

fn unit_of<'a>(profile: &'a Profile, name: &str) -> &'a str {
    let row = profile.rows().iter().find(|row| row.parameter == name);
    row.map_or("ratio", |row| row.unit.as_str())
}

fn in_units(profile: &Profile, estimate: Estimate) -> Estimate {
    let (.., scale) = unit(unit_of(profile, &estimate.name)).expect("a parsed unit is known");
    Estimate {
        value: estimate.value / scale,
        low: estimate.low / scale,
        high: estimate.high / scale,
        ..estimate
    }
}

impl Item {
    fn family(&self) -> Family {
        match self {
            Item::Kernel(family, _) => *family,
            Item::Copy(_) => Family::GpuMemcpy,
        }
    }

    fn label(&self) -> String {
        match self {
            Item::Kernel(_, row) => row.label.clone(),
            Item::Copy(row) => format!("copy {} KiB", row.bytes / 1024),
        }
    }
}

/// The rows that are meant, and how far each can be trusted.
fn rows(
    options: &Options,
    gpu: &str,
    machine: &Machine,
) -> Result<(Vec<Item>, Vec<Observation>), InputError> {
    let (mut items, mut observations) = (Vec::new(), Vec::new());
    for file in &options.data {
        let Table::Gpu(family) = recognise(file)? else {
            return Err(InputError::new("header", "is not that of a table of GPU measurements")
                .at(file.source(), file.source().span_of_line(1)));
        };
        let filter = options.rows.as_ref().filter(|filter| filter.speaks_of(file));
        for row in file.rows() {
            let own = means(row.text("gpu")?, gpu);
            if !own || filter.is_some_and(|filter| !filter.has(&row)) {
                continue;
            }
            let (item, decimals) = read(&row, family)?;
            let Some((item, value)) = item else { continue };
            let spread = match &item {
                Item::Kernel(_, row) if row.overflows(machine) => ERROR_OVERFLOW,
                item => ERRORS.iter().find(|(of, _)| *of == item.family()).expect("listed").1,
            };
            let half_digit = 0.5 / 10f64.powi(decimals as i32);
            let relative_error = libm::hypot(spread, half_digit / value);
            observations.push(Observation { value, relative_error });
            items.push(item);
        }
    }
    match items.is_empty() {
        true => Err(InputError::new("--rows", format!("no row of `{}` is left", options.gpu))
            .help("the column `gpu` names the GPUs of a table")),
        false => Ok((items, observations)),
    }
}

/// A row and its value; none if no profile can say anything about it.
type Read = (Option<(Item, f64)>, usize);

fn read(row: &Row<'_>, family: Family) -> Result<Read, InputError> {
    if family == Family::GpuMemcpy {
        let copy = MemcpyRow::read(row)?;
        let value = copy.bandwidth;
        let known = copy.to_device && !copy.pageable;
        let item = known.then_some((Item::Copy(copy), value));
        return Ok((item, row.decimals("bandwidth_gb_s")));
    }
    let read = GpuRow::read(row, family)?;
    let (value, decimals) = (read.measured, read.decimals);
    Ok((Some((Item::Kernel(family, read), value)), decimals))
}
