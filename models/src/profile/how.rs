//! Where the numbers of profiles come from.

use serde::{Deserialize, Serialize};

/// How a number was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Measured by a probe of this project.
    Measured,
    /// Fitted by `podpath calibrate fit` from rows named in the source column.
    Fitted,
    /// Published by somebody else.
    Published,
    /// Given by the vendor or a standard.
    Datasheet,
    /// Not known; a stated assumption that studies should sweep.
    Assumed,
}

impl How {
    /// As a profile writes it.
    pub const fn word(self) -> &'static str {
        match self {
            How::Measured => "measured",
            How::Fitted => "fitted",
            How::Published => "published",
            How::Datasheet => "datasheet",
            How::Assumed => "assumed",
        }
    }
}
