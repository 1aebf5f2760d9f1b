//! Files of things over time: scenarios and functions.

use experiments::tried;

use super::library::scenes;
use super::source;
use crate::laws::refused;
use crate::verdict::Verdict;

/// Scenarios that send more are read and not run.
const REQUESTS_MAX: u32 = 60;

pub(crate) fn scenario(input: &[u8]) -> Verdict {
    match tried::scenario(&source("scenario.toml", input), scenes(), REQUESTS_MAX) {
        Err(error) => refused(&error),
        Ok(None) => Verdict::Ended("read".into()),
        Ok(Some(figures)) => {
            for (name, value) in &figures {
                assert!(value.is_finite() && *value >= 0.0, "{name} is {value}");
            }
            let of = |name: &str| figures.iter().find(|(own, _)| own == name).map(|own| own.1);
            if let (Some(requests), Some(answered)) = (of("requests"), of("answered")) {
                assert!(answered <= requests, "{answered} answers to {requests} requests");
            }
            Verdict::Ended("run".into())
        }
    }
}

pub(crate) fn functions(input: &[u8]) -> Verdict {
    match tried::functions(&source("functions.toml", input), scenes()) {
        Err(error) => refused(&error),
        Ok(()) => Verdict::Ended("read".into()),
    }
}
