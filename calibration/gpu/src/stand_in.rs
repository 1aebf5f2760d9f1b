//! What stands in a profile where nothing was measured: the lines of the most similar shipped GPU.

use calibration_data::shipped;
use models::input::InputError;
use models::library::Kind;
use models::profile::{Parameter, Profile};

use super::execution::version;
use super::{Facts, Measured, Status};

/// The shipped GPU that stands in.
pub(super) struct StandIn<'a> {
    measured: &'a Measured,
    profile: Option<Profile>,
}

impl<'a> StandIn<'a> {
    /// Looks for the GPU of the same generation, or of the last one before it, that is nearest in
    /// SMs and memory.
    pub(super) fn of(measured: &'a Measured) -> StandIn<'a> {
        let far = |profile: &Profile| far(&measured.facts, profile);
        let all = shipped().names(Kind::Gpu);
        let known = all.filter_map(|name| shipped().profile(Kind::Gpu, name).ok());
        let near = known.filter_map(|profile| Some((far(&profile)?, profile)));
        let nearest = near.min_by(|a, b| a.0.0.cmp(&b.0.0).then(a.0.1.total_cmp(&b.0.1)));
        StandIn { measured, profile: nearest.map(|(_, profile)| profile) }
    }

    /// The line of a parameter that no probe found, with a source that says why none did.
    ///
    /// # Errors
    /// If no shipped GPU has it.
    pub(super) fn row(&self, parameter: &str) -> Result<Parameter, InputError> {
        let find = |profile: &Profile| {
            let row = profile.rows().iter().find(|row| row.parameter == parameter).cloned();
            row.map(|row| (profile.name.clone(), row))
        };
        let missing = || InputError::new(parameter, "was not found by any probe");
        let (name, row) = self.profile.as_ref().and_then(find).ok_or_else(missing)?;
        let why = self.why(parameter);
        let source = format!("NOT MEASURED, {why}; as {name}: {}", row.source);
        Ok(Parameter { source, ..row })
    }

    fn why(&self, parameter: &str) -> String {
        // The profile has the rates of pinned copies as parts of the link's.
        let found = parameter.replace("_efficiency", "_rate");
        let identifies = |name: &&str| *name == parameter || *name == found;
        let mut accounts = self.measured.accounts.iter();
        match accounts.find(|account| account.identifies.iter().any(identifies)) {
            Some(account) if !matches!(account.status, Status::Found { .. }) => {
                format!("as of the probe `{}` {}", account.probe, account.status.why())
            }
            _ => "as no probe found it".into(),
        }
    }
}

/// How far a shipped GPU is: in generations, then in SMs and memory. None is newer.
fn far(facts: &Facts, profile: &Profile) -> Option<(u32, f64)> {
    let older = version(facts).checked_sub(profile.count("compute_capability").ok()?)?;
    let sms = f64::from(facts.sms) / f64::from(profile.count("sms").ok()?);
    let memory = facts.memory as f64 / profile.bytes("memory").ok()?.as_f64();
    Some((older, libm::log(sms).abs() + libm::log(memory).abs()))
}
