//! A trace as an experiment file of steps, which `podpath run` carries out.
//!
//! | operation | steps |
//! | --- | --- |
//! | work | a wait, between `take` and `give` where others may hold its executor |
//! | send | a wait of no time, and the transfer behind it; a long one ends at a third |
//! | receive | a wait of no time behind the transfer, and behind another one where it is posted |
//! | copy | a transfer |
//!
//! A wait of no time is a moment that others come after.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::slice::from_ref;

use models::input::InputError;
use models::replay::{Does, Moment, Traced};
use models::transfer::{HostMemory, Transfer};
use sim::{Bytes, Time};

use crate::experiment::{STEPS_MAX, exact};

/// A file while it is made.
pub(super) struct Steps<'a> {
    traced: &'a Traced,
    /// For each operation, what it moves.
    moved: &'a [Option<Transfer>],
    eager: Bytes,
    /// For each operation: its name, whether somebody needs its beginning, and whether it takes an
    /// executor.
    names: Vec<String>,
    begins: Vec<bool>,
    contended: Vec<bool>,
    /// For each send, whether its receive has a moment at which it is posted.
    posted: Vec<Option<usize>>,
    transfers: BTreeMap<String, &'a Transfer>,
    pools: BTreeSet<String>,
    text: String,
    steps: u64,
}

/// The steps of a trace, and how many there are.
///
/// # Errors
/// If there are more than a job may have.
pub(super) fn written(
    traced: &Traced,
    moved: &[Option<Transfer>],
    eager: Bytes,
    head: &str,
) -> Result<(String, u64), InputError> {
    let wrong = |count: u64, what: &str| {
        let problem = format!("the trace makes {count} {what}");
        Err(InputError::new("--steps", problem)
            .help(format!("at most {STEPS_MAX}: a shorter trace")))
    };
    let operations = traced.operations.len() as u64;
    if operations > STEPS_MAX {
        return wrong(operations, "steps or more");
    }
    let mut steps = Steps::new(traced, moved, eager);
    for at in 0..traced.operations.len() {
        steps.operation(at);
    }
    if steps.steps > STEPS_MAX {
        return wrong(steps.steps, "steps");
    }
    let mut text = head.to_owned();
    for (name, transfer) in &steps.transfers {
        let (from, to) = (quoted(&transfer.from), quoted(&transfer.to));
        let message = quoted(&exact(transfer.message));
        let _ = write!(
            text,
            "\n[[transfer]]\nname = \"{name}\"\nfrom = {from}\nto = {to}\nmessage = {message}\n"
        );
        if transfer.host_memory == HostMemory::Pageable {
            text += "host_memory = \"pageable\"\n";
        }
    }
    for pool in &steps.pools {
        let _ = write!(text, "\n[[pool]]\nname = \"{pool}\"\nslots = 1\n");
    }
    text += &steps.text;
    text += "\n[[workload]]\nat = \"0 s\"\n";
    Ok((text, steps.steps))
}

/// A string as it stands in TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// A time that is read back to the picosecond.
fn time(time: Time) -> String {
    match time.as_ps() {
        ps if ps % 1_000_000 == 0 => format!("{} us", ps / 1_000_000),
        ps if ps % 1_000 == 0 => format!("{} ns", ps / 1_000),
        ps => format!("{ps} ps"),
    }
}

impl<'a> Steps<'a> {
    fn new(traced: &'a Traced, moved: &'a [Option<Transfer>], eager: Bytes) -> Steps<'a> {
        let mut of_rank = vec![0u32; traced.ranks as usize];
        let mut name = |rank: u32, kind: &str| {
            let number = &mut of_rank[rank as usize];
            *number += 1;
            format!("r{rank}-{}-{}", *number - 1, kind.replace(' ', "-"))
        };
        let operations = traced.operations.iter();
        let names =
            operations.clone().map(|operation| name(operation.rank, operation.does.kind().word()));
        let mut begins = vec![false; traced.operations.len()];
        for need in operations.clone().flat_map(|operation| &operation.needs) {
            begins[need.operation as usize] |= need.moment == Moment::Begun;
        }
        let mut posted = vec![None; traced.operations.len()];
        for (at, operation) in operations.clone().enumerate() {
            if let Does::Receive { send, .. } = operation.does
                && traced.operations[send as usize].does.bytes() > eager
            {
                posted[send as usize] = Some(at);
                begins[at] = true;
            }
        }
        Steps {
            traced,
            moved,
            eager,
            names: names.collect(),
            begins,
            contended: traced.contended(),
            posted,
            transfers: BTreeMap::new(),
            pools: BTreeSet::new(),
            text: String::new(),
            steps: 0,
        }
    }

    /// The step with which an operation has begun; only of those whose beginning somebody needs.
    fn begun(&self, at: usize) -> String {
        let name = &self.names[at];
        match self.traced.operations[at].does {
            Does::Work { .. } if self.contended[at] => format!("{name}-take"),
            Does::Send { .. } => name.clone(),
            _ => format!("{name}-begun"),
        }
    }

    /// The step with which an operation has ended.
    fn ended(&self, at: usize) -> String {
        match self.traced.operations[at].does {
            Does::Send { bytes, .. } if bytes > self.eager => format!("{}-sent", self.names[at]),
            _ => self.names[at].clone(),
        }
    }

    /// Adds a step.
    fn step(&mut self, name: &str, after: &[String], does: (&str, &str)) {
        let _ = write!(self.text, "\n[[step]]\nname = \"{name}\"\n");
        if !after.is_empty() {
            let _ = writeln!(self.text, "after = [\"{}\"]", after.join("\", \""));
        }
        let _ = writeln!(self.text, "{} = {}", does.0, quoted(does.1));
        self.steps += 1;
    }

    /// Adds a moment.
    fn moment(&mut self, name: &str, after: &[String]) {
        self.step(name, after, ("wait", "0 s"));
    }

    fn operation(&mut self, at: usize) {
        let operation = &self.traced.operations[at];
        let needs = operation.needs.iter().map(|need| match need.moment {
            Moment::Begun => self.begun(need.operation as usize),
            Moment::Ended => self.ended(need.operation as usize),
        });
        let mut after: Vec<String> = needs.collect();
        after.sort();
        after.dedup();
        let name = self.names[at].clone();
        let is_marked = matches!(operation.does, Does::Send { .. }) || self.contended[at];
        if self.begins[at] && !is_marked {
            let begun = self.begun(at);
            self.moment(&begun, &after);
            after = vec![begun];
        }
        match operation.does {
            Does::Work { time: span, on: Some(on), .. } if self.contended[at] => {
                let pool = format!("r{}-{on}", operation.rank);
                let [take, give] = ["take", "give"].map(|end| format!("{name}-{end}"));
                self.step(&take, &after, ("take", &pool));
                self.step(&name, &[take], ("wait", &time(span)));
                self.step(&give, &[name], ("give", &pool));
                self.pools.insert(pool);
            }
            Does::Work { time: span, .. } => self.step(&name, &after, ("wait", &time(span))),
            Does::Copy { .. } => {
                let transfer = self.transfer(at, format!("r{}", operation.rank));
                self.step(&name, &after, ("transfer", &transfer));
            }
            Does::Send { to, .. } => {
                let transfer = self.transfer(at, format!("r{}-r{to}", operation.rank));
                let message = format!("{name}-message");
                self.moment(&name, &after);
                self.step(&message, from_ref(&name), ("transfer", &transfer));
                if let Some(receive) = self.posted[at] {
                    let posted = self.begun(receive);
                    self.moment(&format!("{name}-sent"), &[message, posted]);
                }
            }
            Does::Receive { send, .. } => {
                after.push(format!("{}-message", self.names[send as usize]));
                self.moment(&name, &after);
            }
        }
    }

    /// The name of the transfer of an operation, which is noted.
    fn transfer(&mut self, at: usize, between: String) -> String {
        let transfer = self.moved[at].as_ref().expect("it moves bytes");
        let memory = match transfer.host_memory {
            HostMemory::Pageable => "-pageable",
            HostMemory::Pinned | HostMemory::Untouched | HostMemory::Mapped => "",
        };
        let way = match self.traced.operations[at].does {
            Does::Copy { direction, .. } => format!("-{}{memory}", direction.word()),
            _ => String::new(),
        };
        let name = format!("{between}{way}-{}B", transfer.message.get());
        self.transfers.entry(name.clone()).or_insert(transfer);
        name
    }
}
