//! A GPU's copy engine, fitted to published copies of growing size.
//!
//! The model is [`models::gpu::copy`]: time = max(call, setup + bytes ÷ (efficiency × link)). Tiny
//! copies show the call, large ones the efficiency, those between the set-up. The table prints two
//! decimals, so a small value's error is mostly its rounding.

use calibration_data::copy::{bandwidth, gpu_named};
use calibration_data::family::{Family, MemcpyRow, Table, recognise};
use calibration_data::file::DataFile;
use calibration_data::published::COPIES;
use calibration_data::shipped;
use models::input::{InputError, Source};
use models::library::Kind;

use super::posterior::{Beside, Estimate, Free, Observation, each, fit};

/// Relative standard error of a row besides its rounding: run-to-run spread of a copy.
const ERROR: f64 = 0.03;

/// The fitted parameters, their units, and where the search begins; nothing is known beforehand.
pub const FREE: [(&str, &str, f64); 3] = [
    ("copy_setup", "us", 20.0),
    ("copy_call", "us", 30.0),
    ("copy_to_device_efficiency", "ratio", 0.9),
];

/// A row and what the fitted profile says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// Size of the copy.
    pub bytes: u64,
    /// Published bandwidth in GB/s.
    pub measured: f64,
    /// Predicted bandwidth in GB/s.
    pub predicted: f64,
}

/// The result of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct MemcpyFit {
    /// The GPU profile.
    pub gpu: String,
    /// The parameters of [`FREE`], in their units.
    pub estimates: Vec<Estimate>,
    /// Every row that was fitted.
    pub residuals: Vec<Residual>,
    /// The GPU profile with the fitted lines, as a file.
    pub profile: String,
}

/// Fits the copy engine of the GPU that `data` is about.
///
/// # Errors
/// If a row is malformed or not a pinned copy to the device, the rows are about several GPUs or
/// an unknown one, or they do not identify a parameter.
pub fn run(data: &DataFile) -> Result<MemcpyFit, InputError> {
    let (gpu, rows, observations) = read(data)?;
    let free: Vec<Free> = FREE
        .iter()
        .map(|(name, _, start)| Free { name: (*name).into(), prior: *start, factor: None })
        .collect();
    let model = |values: &[f64], _: Option<Beside<'_>>| {
        let lines: Vec<String> = FREE
            .iter()
            .zip(values)
            .map(|((name, unit, _), value)| format!("{name},{value:e},{unit},,,fitted,trial"))
            .collect();
        let mut library = shipped().clone();
        library.add(Kind::Gpu, &gpu, Source::new("trial", with_lines(&gpu, &lines)?));
        rows.iter().map(|row| bandwidth(row, &gpu, &library)).collect()
    };
    let posterior = fit(&free, &observations, each(model))?;
    let note = format!("calibrate fit memcpy, {} rows of {COPIES}", rows.len());
    let lines: Vec<String> = posterior
        .estimates
        .iter()
        .zip(FREE)
        .map(|(e, (_, unit, _))| {
            let [value, low, high] = [e.value, e.low, e.high].map(super::prior::digits);
            format!("{},{value},{unit},{low},{high},fitted,\"{note}\"", e.name)
        })
        .collect();
    let residuals = rows.iter().zip(&posterior.predicted).map(|(row, &predicted)| Residual {
        bytes: row.bytes,
        measured: row.bandwidth,
        predicted,
    });
    let profile = with_lines(&gpu, &lines)?;
    Ok(MemcpyFit { residuals: residuals.collect(), estimates: posterior.estimates, profile, gpu })
}

type Read = (String, Vec<MemcpyRow>, Vec<Observation>);

fn read(data: &DataFile) -> Result<Read, InputError> {
    if recognise(data)? != Table::Gpu(Family::GpuMemcpy) {
        return Err(InputError::new("header", "is not that of a table of copies")
            .at(data.source(), data.source().span_of_line(1)));
    }
    let (mut gpu, mut rows, mut observations) = (None::<String>, Vec::new(), Vec::new());
    for row in data.rows() {
        let read = MemcpyRow::read(&row)?;
        if !read.to_device || read.pageable {
            return Err(row.fault("direction", "is not a pinned copy to the device"));
        }
        if gpu.get_or_insert_with(|| read.gpu.clone()) != &read.gpu {
            return Err(row
                .fault("gpu", "is another GPU than that of the first row")
                .help("one fit, one GPU"));
        }
        let half_digit = 0.5 / 10f64.powi(row.decimals("bandwidth_gb_s") as i32);
        let relative_error = libm::hypot(ERROR, half_digit / read.bandwidth);
        observations.push(Observation { value: read.bandwidth, relative_error });
        rows.push(read);
    }
    let named = gpu.expect("a table has a row");
    let known = gpu_named(&named, shipped()).ok_or_else(|| {
        InputError::new("gpu", format!("no shipped GPU profile is called like `{named}`"))
    })?;
    Ok((known, rows, observations))
}

/// The shipped profile of a GPU with `lines` in place of those about the same parameters.
pub(super) fn with_lines(gpu: &str, lines: &[String]) -> Result<String, InputError> {
    let shipped = shipped().source(Kind::Gpu, gpu)?;
    let parameter = |line: &str| line.split(',').next().unwrap_or("").to_owned();
    let mut text = String::new();
    for line in shipped.text.lines() {
        let fitted = lines.iter().find(|fitted| parameter(fitted) == parameter(line));
        text += fitted.map_or(line, String::as_str);
        text.push('\n');
    }
    Ok(text)
}
