//! `podpath calibrate gpu --judge`: the judging set, measured on the GPU at hand.
//!
//! The table is written anew after each case, whole each time, so that a machine that is taken away
//! or a driver that hangs costs what was under way and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use calibration_gpu::Facts;
use calibration_gpu::device::Device;
use calibration_gpu::judge::measure::{Judged, Options, Watch, measure};
use calibration_gpu::judge::process::{Children, Processes, Simulated, serve};
use calibration_gpu::judge::{Case, Kind, table};
use clap::Args;
use models::input::InputError;
use serde_json::json;

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Staging, write_file};

/// The folder for judging.csv where none is named.
const OUT: &str = "results/judging";

/// What is measured, and how long it may take.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The number of the device.
    pub(super) device: usize,
    /// Whether kernels are compiled on the spot, and the PTX that ships is not taken.
    pub(super) nvrtc: bool,
    /// Whether it is a simulated one.
    pub(super) simulated: bool,
    /// Readings of a case.
    pub(super) repetitions: usize,
    /// What everything may take \[s\].
    pub(super) budget_s: Option<f64>,
    /// The folder for judging.csv.
    pub(super) out: Option<&'a Path>,
}

pub(super) fn run(
    device: &mut dyn Device,
    asked: &Asked<'_>,
    console: &Console,
) -> Result<(), Failure> {
    let out = asked.out.unwrap_or(Path::new(OUT));
    // A folder that cannot be written is to be known before anything is measured.
    drop(Staging::new(out)?);
    interrupt::listen()?;
    let mut processes: Box<dyn Processes> = match asked.simulated {
        true => Box::new(Simulated),
        false => Box::new(children(asked.device, asked.nvrtc)?),
    };
    let options = Options { repetitions: asked.repetitions, budget_s: asked.budget_s };
    let file = out.join(table::FILE);
    let begin_s = device.elapsed_s();
    let mut kept = Kept { file: file.clone(), facts: device.facts().clone(), console };
    let judged = measure(device, processes.as_mut(), options, &mut kept)
        .map_err(|error| Failure::run(format!("writing {}", file.display()), error))?;
    // What nobody measured is no judging set; an interruption says so itself.
    let nothing = !judged.iter().any(measured) && !interrupt::asked();
    if let (true, Some(budget_s)) = (nothing && judged.iter().all(unaffordable), asked.budget_s) {
        let problem = format!("{budget_s} s are too little for one case of the judging set");
        return Err(InputError::new("--budget", problem).help("such as `4min`").into());
    }
    write_file(&file, table::table(device.facts(), &judged))?;
    tell(&judged, device.elapsed_s() - begin_s, &file, console)?;
    match judged.iter().find_map(|one| one.left_out.as_ref()) {
        _ if interrupt::asked() => Err(Failure::Interrupted),
        Some(why) if nothing => {
            Err(Failure::run("measuring the judging set", format!("not one case ended: {why}")))
        }
        _ => Ok(()),
    }
}

fn measured(one: &Judged) -> bool {
    !one.readings.is_empty()
}

fn unaffordable(one: &Judged) -> bool {
    one.left_out.as_ref().is_some_and(|why| why.contains("budget"))
}

/// The processes that share the GPU with nobody but each other: this program, told to serve.
fn children(device: usize, nvrtc: bool) -> Result<Children, Failure> {
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::run("finding this program's file", error))?;
    let number = device.to_string();
    let mut arguments = vec!["calibrate", "judge-process", "--device", &number];
    arguments.extend(nvrtc.then_some("--nvrtc"));
    Ok(Children::new(program, arguments.into_iter().map(str::to_owned).collect()))
}

/// Where the table goes.
struct Kept<'a> {
    file: PathBuf,
    facts: Facts,
    console: &'a Console,
}

impl Watch for Kept<'_> {
    fn begins(&mut self, case: &Case) {
        self.console.note(&case.name);
    }

    fn ended(&mut self, judged: &[Judged]) -> io::Result<()> {
        if !judged.iter().any(measured) {
            return Ok(());
        }
        // A rename is whole or has not happened, whenever the machine goes.
        let new = self.file.with_extension("csv.new");
        fs::create_dir_all(new.parent().unwrap_or(Path::new(".")))?;
        fs::write(&new, table::table(&self.facts, judged))?;
        fs::rename(&new, &self.file)
    }

    fn stops(&self) -> bool {
        interrupt::asked()
    }
}

/// Kind by kind what was measured, and what was not.
fn tell(judged: &[Judged], seconds: f64, file: &Path, console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["kind", "cases", "measured", "checked", "wrong"]);
    let count = |kind: Option<Kind>, which: &dyn Fn(&Judged) -> bool| {
        let own = |one: &&Judged| kind.is_none_or(|kind| one.case.kind == kind);
        judged.iter().filter(own).filter(|one| which(one)).count()
    };
    let mut kinds = Vec::new();
    for kind in Kind::ALL.map(Some).into_iter().chain([None]) {
        let cases = count(kind, &|_| true);
        let measured = count(kind, &|one| one.left_out.is_none());
        let checked = count(kind, &|one| one.verified.is_some());
        let wrong = count(kind, &|one| one.verified == Some(false));
        let name = kind.map_or("all", Kind::name);
        sheet.add_row([
            name.into(),
            number(cases),
            number(measured),
            number(checked),
            number(wrong),
        ]);
        kinds.push(json!({
            "kind": name, "cases": cases, "measured": measured, "checked": checked, "wrong": wrong,
        }));
    }
    console.print_table(sheet)?;
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in judged {
        if let Some(why) = &one.left_out {
            reasons.entry(why).or_default().push(&one.case.name);
        }
    }
    for (why, names) in &reasons {
        console.print(&format!("left out {}, such as {}: {why}\n", names.len(), names[0]))?;
    }
    console.print(&format!("\nmeasured in {seconds:.0} s, written to {}\n", file.display()))?;
    console.note(&format!("`podpath compare --measured {}` judges by it", file.display()));
    console.print_json(&json!({
        "file": file, "seconds": seconds, "kinds": kinds, "left_out": reasons,
    }))
}

/// `podpath calibrate judge-process`: one of two processes that share a GPU.
#[derive(Debug, Args)]
pub(super) struct Process {
    /// The number of the device
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) device: usize,
    /// Compile the kernels with NVRTC, and do not take the PTX that ships
    #[arg(long)]
    pub(super) nvrtc: bool,
    /// Serve on a simulated device, with chance from this seed
    #[arg(long, value_name = "SEED")]
    pub(super) simulate: Option<u64>,
}

pub(super) fn process(device: &mut dyn Device) -> Result<(), Failure> {
    let (told, tell) = (io::stdin(), io::stdout());
    serve(device, &mut told.lock(), &mut tell.lock())
        .map_err(|error| Failure::run("speaking to the process that started this one", error))
}
