//! Two processes on one GPU: in turns, and as clients of MPS.
//!
//! ```text
//!   this process ──"case"──► child 1, child 2 ──"ready"──►        each has run it once
//!                ──"go"────► both at once     ──seconds──►        the later answer counts
//! ```
//!
//! A child is this program, told to serve ([`serve`]). MPS is started for its children alone, with
//! a folder of its own, and ended with them; where it does not start, its cases are left out.

mod child;
mod daemon;

use std::path::PathBuf;
use std::time::Instant;

use super::super::device::Device;
use super::case::Case;
use super::work::Sharing;
use child::Child;
pub use child::serve;
use daemon::Daemon;

/// How many processes share the GPU.
pub const PROCESSES: usize = 2;

/// Whoever runs a case in [`PROCESSES`] processes at once.
pub trait Processes {
    /// The time from the start of all until the last has ended, in seconds.
    ///
    /// # Errors
    /// Why it could not be measured, in a sentence.
    fn time(
        &mut self,
        device: &mut dyn Device,
        case: &Case,
        sharing: Sharing,
    ) -> Result<f64, String>;
}

/// Processes of a simulated device: its own lanes, in contexts of their own or side by side.
#[derive(Debug)]
pub struct Simulated;

impl Processes for Simulated {
    fn time(
        &mut self,
        device: &mut dyn Device,
        case: &Case,
        sharing: Sharing,
    ) -> Result<f64, String> {
        let mut work = case.measurement().work;
        let mut lane = work.lanes.remove(0);
        lane.own_context = sharing == Sharing::Turns;
        work.lanes = vec![lane; PROCESSES];
        device.time(&work).map_err(|error| error.to_string())
    }
}

/// Real processes: children of this one.
pub struct Children {
    program: PathBuf,
    arguments: Vec<String>,
    /// Those that run now, how they share, and what is ready in them.
    running: Option<(Sharing, Vec<Child>, String)>,
    daemon: Option<Daemon>,
    /// Why MPS cannot be had, once that is known.
    no_mps: Option<String>,
}

impl Children {
    /// Children that are `program` with these arguments, which make it call [`serve`].
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Children {
        Children { program, arguments, running: None, daemon: None, no_mps: None }
    }

    /// The children for a case, started and ready.
    fn ready(&mut self, case: &Case, sharing: Sharing) -> Result<&mut [Child], String> {
        let kept = self.running.take().filter(|(how, ..)| *how == sharing);
        let (mut children, last) = match kept {
            Some((_, children, last)) => (children, last),
            None => (self.start(sharing)?, String::new()),
        };
        if last != case.name {
            for child in &mut children {
                child.say(&case.name)?;
            }
            for child in &mut children {
                child.hears("ready")?;
            }
        }
        let (_, children, _) = self.running.insert((sharing, children, case.name.clone()));
        Ok(children)
    }

    fn start(&mut self, sharing: Sharing) -> Result<Vec<Child>, String> {
        let settings = match sharing {
            Sharing::Turns => {
                self.daemon = None;
                Vec::new()
            }
            Sharing::Mps => self.mps()?,
        };
        (0..PROCESSES).map(|_| Child::start(&self.program, &self.arguments, &settings)).collect()
    }

    /// The settings of a client of MPS, which is started for the first of them.
    fn mps(&mut self) -> Result<Vec<(String, String)>, String> {
        if let Some(why) = &self.no_mps {
            return Err(why.clone());
        }
        if self.daemon.is_none() {
            match Daemon::start() {
                Ok(daemon) => self.daemon = Some(daemon),
                Err(why) => {
                    self.no_mps = Some(why.clone());
                    return Err(why);
                }
            }
        }
        let part = 100 / PROCESSES;
        let mut settings = self.daemon.as_ref().map_or_else(Vec::new, Daemon::settings);
        settings.push(("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE".into(), part.to_string()));
        Ok(settings)
    }
}

impl Processes for Children {
    fn time(&mut self, _: &mut dyn Device, case: &Case, sharing: Sharing) -> Result<f64, String> {
        // What has failed once is started anew by the next case.
        let children = self.ready(case, sharing)?;
        let begin = Instant::now();
        let all = children.iter_mut().try_for_each(|child| child.say("go"));
        let all = all.and_then(|()| children.iter_mut().try_for_each(|child| child.hears("done")));
        let seconds = begin.elapsed().as_secs_f64();
        if all.is_err() {
            self.running = None;
        }
        all.map(|()| seconds)
    }
}
