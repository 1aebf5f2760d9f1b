//! What the models leave out: factors on what they say, as wide as they were found to be off on
//! rows that no fit saw.
//!
//! They stand in a profile like any other number (`model/errors`), with the median 1. A factor is
//! drawn for each *way*: two transfers over the same kinds of hop share it, and over others do not,
//! so that the difference between two container networks is no surer than it was found to be.

use sim::Seed;

use super::prior::spread;
use super::{Draw, Spread};
use crate::input::InputError;
use crate::library::{Kind, Library};
use crate::profile::Profile;

/// The profile that has them.
pub const ERRORS: &str = "errors";
/// The one that has those on machines that nobody calibrated.
pub const ELSEWHERE: &str = "elsewhere";

/// So many standard deviations hold 90 % of a normal distribution between them.
const SIGMAS_90: f64 = 1.644_853_626_951_472_2;
/// A model that is farther off is none.
const FACTOR_MAX: f64 = 1_000.0;

/// What of a prediction is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What cores need for TCP.
    Tcp,
    /// What cores need for UDP.
    Udp,
    /// What wires carry of a kernel's transports, beside what their framing takes.
    Wire,
    /// Delays of network stacks that occupy nobody.
    RoundTrip,
    /// The time that a copy moves bytes.
    Copy,
    /// Set-up and calls of a copy.
    CopyCall,
    /// What a kernel's threads wait for and compute.
    Kernel,
    /// What a kernel's bytes take in device memory.
    KernelMemory,
    /// What they take in caches, and on the way from there to the SMs.
    KernelCache,
    /// What passes from a call or the end of a kernel to the next kernel.
    KernelCall,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 10] = [
        Part::Tcp,
        Part::Udp,
        Part::Wire,
        Part::RoundTrip,
        Part::Copy,
        Part::CopyCall,
        Part::Kernel,
        Part::KernelMemory,
        Part::KernelCache,
        Part::KernelCall,
    ];

    /// The line of the profile.
    pub const fn line(self) -> &'static str {
        match self {
            Part::Tcp => "tcp",
            Part::Udp => "udp",
            Part::Wire => "wire",
            Part::RoundTrip => "round_trip",
            Part::Copy => "copy",
            Part::CopyCall => "copy_call",
            Part::Kernel => "kernel",
            Part::KernelMemory => "kernel_memory",
            Part::KernelCache => "kernel_cache",
            Part::KernelCall => "kernel_call",
        }
    }
}

/// Among which machines a way is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Among {
    /// Those whose rows the models were built and fitted on.
    Known,
    /// One that was calibrated, which says how far the models are off on it.
    Calibrated(Spread),
    /// Those that nobody calibrated.
    Elsewhere,
}

/// The factors on what the models say.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    here: Spreads,
    /// On machines that nobody calibrated.
    elsewhere: Spreads,
    draw: Option<Draw>,
}

type Spreads = [Spread; Part::ALL.len()];

impl Errors {
    /// Those of a library; factors of one where it has no such profile. Where it does not say how
    /// far they are off elsewhere, they are as far off as here.
    ///
    /// # Errors
    /// If a profile is malformed.
    pub fn of(library: &Library) -> Result<Errors, InputError> {
        let Some(here) = spreads(library, ERRORS)? else { return Ok(Errors::none()) };
        let elsewhere = spreads(library, ELSEWHERE)?.unwrap_or(here);
        Ok(Errors { here, elsewhere, draw: library.draw() })
    }

    /// Nothing is off.
    pub fn none() -> Errors {
        let exact = [Spread { value: 1.0, low: 1.0, high: 1.0 }; Part::ALL.len()];
        Errors { here: exact, elsewhere: exact, draw: None }
    }

    /// The profiles of a library that they stand in.
    pub fn profiles(library: &Library) -> impl Iterator<Item = &'static str> {
        let names = library.names(Kind::Model);
        [ERRORS, ELSEWHERE].into_iter().filter(move |own| names.clone().any(|name| name == *own))
    }

    /// The factor on a part of what is said of a way, which is called by the names of what it is
    /// made of.
    pub fn factor<'a>(&self, part: Part, among: Among, way: impl Iterator<Item = &'a str>) -> f64 {
        let (spread, profile) = match among {
            Among::Known => (self.here[part as usize], ERRORS),
            Among::Calibrated(spread) => (spread, ERRORS),
            Among::Elsewhere => (self.elsewhere[part as usize], ELSEWHERE),
        };
        match self.draw {
            Some(draw) if !spread.is_exact() => {
                let part = draw.key(Kind::Model.folder()).of(profile).of(part.line());
                spread.at(draw.normal_of(part, way.fold(part, Seed::of)))
            }
            _ => spread.value,
        }
    }
}

impl Errors {
    /// A factor that lies within `doubt` of 1 in 90 % of draws, up or down, for what is called
    /// `what` of a medium of collectives.
    pub(crate) fn scattered(&self, medium: &str, what: &str, doubt: f64) -> f64 {
        match self.draw {
            Some(draw) => {
                let key = draw.key(Kind::Collective.folder()).of(medium).of(what);
                libm::exp(draw.normal(key) * libm::log(doubt) / SIGMAS_90)
            }
            None => 1.0,
        }
    }
}

/// The spreads of a profile, if the library has it.
fn spreads(library: &Library, name: &str) -> Result<Option<Spreads>, InputError> {
    if !Errors::profiles(library).any(|own| own == name) {
        return Ok(None);
    }
    let profile = library.given(Kind::Model, name)?;
    let mut spreads = Errors::none().here;
    for (part, own) in Part::ALL.into_iter().zip(&mut spreads) {
        factor_of(&profile, part.line())?;
        let row = profile.rows().iter().find(|row| row.parameter == part.line());
        *own = spread(row.expect("it was read"));
    }
    Ok(Some(spreads))
}

/// Reads a factor, which marks its line as read.
///
/// # Errors
/// If it is missing or no factor.
pub(crate) fn factor_of(profile: &Profile, line: &str) -> Result<f64, InputError> {
    match profile.ratio(line)? {
        factor if (1.0 / FACTOR_MAX..=FACTOR_MAX).contains(&factor) => Ok(factor),
        _ => Err(profile.fault(line, "is no factor on a prediction", "0.001 to 1000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::uncertainty::DRAWS;

    fn library() -> Library {
        let mut text = String::from("parameter,value,unit,low,high,how,source\n");
        for part in Part::ALL {
            text += &format!("{},1,ratio,0.5,2,fitted,a test\n", part.line());
        }
        let mut library = Library::new();
        library.add(Kind::Model, ERRORS, Source::new("errors.csv", text));
        library
    }

    #[test]
    fn ways_of_the_same_hops_share_a_factor_and_others_do_not() {
        let library = library();
        assert_eq!(
            Errors::of(&library).unwrap().factor(Part::Tcp, Among::Known, ["veth"].into_iter()),
            1.0
        );
        let factors = |hops: &[&str]| -> Vec<f64> {
            let of = |draw| Errors::of(&library.drawn(draw)).unwrap();
            Draw::all(Seed::new(1), DRAWS)
                .map(|draw| of(draw).factor(Part::Tcp, Among::Known, hops.iter().copied()))
                .collect()
        };
        assert_eq!(factors(&["veth", "bridge"]), factors(&["veth", "bridge"]));
        assert_ne!(factors(&["veth", "bridge"]), factors(&["veth", "vxlan"]));
        let mut sorted = factors(&["veth"]);
        sorted.sort_by(f64::total_cmp);
        // 95 % lie between a half and two.
        assert!(sorted[1] > 0.45 && sorted[62] < 2.2 && sorted[0] < 0.6, "{sorted:?}");
    }

    #[test]
    fn without_a_profile_nothing_is_off() {
        let draw = Draw::new(Seed::new(1), 0, DRAWS);
        let errors = Errors::of(&Library::new().drawn(draw)).unwrap();
        assert_eq!(errors.factor(Part::Kernel, Among::Known, [].into_iter()), 1.0);
    }
}
