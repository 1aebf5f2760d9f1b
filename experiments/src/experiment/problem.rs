//! What is wrong with one value, before it is known where that value stands.

use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::quantity::QuantityError;

/// A clause about what is wrong and one about what would be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// What is wrong.
    pub(crate) problem: String,
    /// What would be valid.
    pub(crate) help: String,
}

impl Problem {
    /// A problem with its remedy.
    pub(crate) fn new(problem: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { problem: problem.into(), help: help.into() }
    }

    /// The error about `field` at `span` of `source`.
    pub(crate) fn at(
        self,
        field: impl Into<String>,
        source: &Arc<Source>,
        span: Range<usize>,
    ) -> InputError {
        InputError::new(field, self.problem).help(self.help).at(source, span)
    }
}

impl From<QuantityError> for Problem {
    fn from(error: QuantityError) -> Problem {
        Problem { problem: error.problem, help: error.help }
    }
}
