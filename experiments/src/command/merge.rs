//! `podpath merge`: the results of all shards of a run, as one run gives them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use models::input::InputError;

use super::run::finish::finish;
use super::run::{All, Job, check_parquet, read};
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt;
use crate::journal::{FILE, Finished, Header, Shard};
use crate::output::{HEADER, Staging};

const EXAMPLES: &str = "\
Examples:
  podpath merge results/my                          all shards in results/my, into results/my
  podpath merge node-1/shard-1-of-2 node-2/shard-2-of-2 --out results/my

Every file is the same, byte for byte, as that of `podpath run` without --shard. The experiment is
read again, and has to be as it was.";

/// What can be merged.
const AS_WRITTEN: &str = "shards as `podpath run --shard` has written them";

/// Merge the shards of a run into its results
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders of shards, or folders with such folders
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// The folder for results [default: the one DIR that has all shards, else results/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The experiment, if it is no longer where the shards read it
    #[arg(long, value_name = "FILE")]
    experiment: Option<String>,
    /// Plots as PNG files too, however many points there are
    #[arg(long)]
    png: bool,
    /// Tables as Parquet files too; only where podpath was built with `--features parquet`
    #[arg(long)]
    parquet: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    check_parquet(arguments.parquet)?;
    let mut folders = Vec::new();
    for folder in &arguments.folders {
        folders.extend(shards_in(folder)?);
    }
    let shards = folders.iter().map(|folder| header(folder)).collect::<Result<Vec<_>, _>>()?;
    let shards: Vec<(&Path, Header)> = folders.iter().map(PathBuf::as_path).zip(shards).collect();
    check(&shards)?;
    let first = &shards[0].1;
    let file = match &arguments.experiment {
        Some(file) => file.clone(),
        None => first.file.display().to_string(),
    };
    let experiment = read(&file, &first.options)?;
    let plan = experiment.plan()?;
    let now = Header::of(&experiment, &plan, (&file, first.options.clone(), None));
    if now.configuration != first.configuration {
        let problem =
            format!("`{file}`, or a file it stands on, is not what the shards were run of");
        return Err(InputError::new("--experiment", problem).help("the file as it was").into());
    }
    let job = Job {
        file: &file,
        experiment: &experiment,
        plan: &plan,
        options: &first.options,
        png: arguments.png,
        parquet: arguments.parquet,
    };
    let journals: Vec<PathBuf> = folders.iter().map(|folder| folder.join(FILE)).collect();
    let own = |at: usize, number: usize| check_owner(&shards[at], number, job);
    let finished = Finished::read(&journals, &first.configuration, &own)?;
    check_whole(&finished, &shards, job)?;
    let out = match (&arguments.out, &arguments.folders[..]) {
        (Some(out), _) => out.clone(),
        (None, [one]) if !one.join(HEADER).exists() => one.clone(),
        _ => Path::new("results").join(&experiment.name),
    };
    interrupt::listen()?;
    let staging = Staging::new(&out)?;
    let told = finish(&out, staging, finished, job, console)?;
    console.print_json(&All { experiments: told.into_iter().collect(), complete: true })
}

/// A folder of a shard, or those in a folder.
fn shards_in(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let refused = |problem: String| {
        InputError::new("DIR", format!("`{}` {problem}", folder.display()))
            .help("a folder that `podpath run --shard` has written, or one that has such folders")
    };
    if folder.join(HEADER).exists() {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder)
        .map_err(|error| refused(format!("cannot be read: {}", crate::file::reason(&error))))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_none_or(|ending| ending != "partial"))
        .filter(|path| path.join(HEADER).exists())
        .collect();
    found.sort();
    if found.is_empty() { Err(refused("has no shard".into())) } else { Ok(found) }
}

/// The header of a shard.
fn header(folder: &Path) -> Result<Header, InputError> {
    let refused = || {
        InputError::new("DIR", format!("`{}` is no shard of a run", folder.display()))
            .help("a folder that `podpath run --shard` has written")
    };
    let header = Header::read(&folder.join(HEADER))
        .map_err(|error| error.help("shards that this version of podpath has run"))?;
    header.filter(|header| header.shard.is_some()).ok_or_else(refused)
}

/// Refuses what are not all shards of one run, each once.
fn check(shards: &[(&Path, Header)]) -> Result<(), InputError> {
    let (first, of_first) = &shards[0];
    let refused = |problem: String| InputError::new("DIR", problem);
    let of = |header: &Header| header.shard.map_or(1, |shard| shard.of);
    let mut seen: BTreeMap<Shard, &Path> = BTreeMap::new();
    for (folder, header) in shards {
        let pair = || format!("`{}` and `{}`", first.display(), folder.display());
        if header.configuration != of_first.configuration {
            let what = match header.experiment == of_first.experiment {
                true => "of the same experiment with other settings or files".to_owned(),
                false => format!("of `{}` and `{}`", of_first.experiment, header.experiment),
            };
            return Err(refused(format!("{} are shards of two runs, {what}", pair()))
                .help("the shards of one run"));
        }
        if of(header) != of(of_first) {
            let (a, b) = (of(of_first), of(header));
            return Err(refused(format!("{} are of {a} shards and of {b}", pair()))
                .help("shards that were cut alike"));
        }
        let shard = header.shard.expect("a header without one was refused");
        if let Some(other) = seen.insert(shard, folder) {
            let problem =
                format!("`{}` and `{}` are both shard {shard}", other.display(), folder.display());
            return Err(refused(problem).help("each shard once"));
        }
    }
    let all = (1..=of(of_first)).map(|number| Shard { number, of: of(of_first) });
    let missing: Vec<Shard> = all.filter(|shard| !seen.contains_key(shard)).collect();
    let Some(one) = missing.first() else { return Ok(()) };
    let beside = first.with_file_name(one.folder() + ".partial");
    let help = match beside.exists() {
        true => format!("`{}` is unfinished: run it again with --shard {one}", beside.display()),
        false => format!("podpath run … --shard {one}"),
    };
    let names: Vec<String> = missing.iter().take(10).map(Shard::to_string).collect();
    let problem = match missing.len() {
        1 => format!("shard {} is missing", names[0]),
        many => format!("{many} shards are missing: {}", names.join(", ")),
    };
    Err(refused(problem).help(help))
}

/// Refuses a record that is not one of its shard.
fn check_owner(
    (folder, header): &(&Path, Header),
    number: usize,
    job: Job<'_>,
) -> Result<(), InputError> {
    let point = number / job.records_of_point();
    if number < job.records() && header.shard.is_some_and(|shard| shard.holds(point)) {
        return Ok(());
    }
    let journal = folder.join(FILE);
    let problem = format!("`{}` has point {point}, which is not its own", journal.display());
    Err(InputError::new("DIR", problem).help(AS_WRITTEN))
}

/// Refuses journals that do not have all points together.
fn check_whole(
    finished: &Finished,
    shards: &[(&Path, Header)],
    job: Job<'_>,
) -> Result<(), InputError> {
    if finished.len() == job.records() {
        return Ok(());
    }
    let mut held = finished.numbers().peekable();
    let missing = (0..job.records()).find(|number| held.next_if_eq(number).is_none());
    let point = missing.unwrap_or(0) / job.records_of_point();
    let lacks = shards.iter().find(|(_, h)| h.shard.is_some_and(|shard| shard.holds(point)));
    let folder = lacks.map_or(String::new(), |(folder, _)| folder.display().to_string());
    Err(InputError::new("DIR", format!("`{folder}` lacks point {point}")).help(AS_WRITTEN))
}
