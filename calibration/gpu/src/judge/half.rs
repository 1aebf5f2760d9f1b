//! The two halves of the judging set.

use serde::{Deserialize, Serialize};

use super::{Case, Kind, VERSION};

/// What a measured case may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Half {
    /// Fits and people who mend the model may look at it.
    FitMayLook,
    /// Nobody who mends the model looks at it: it says how good the model is.
    KeptOut,
}

impl Half {
    /// Both halves.
    pub const ALL: [Half; 2] = [Half::FitMayLook, Half::KeptOut];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Half::FitMayLook => "fit-may-look",
            Half::KeptOut => "kept-out",
        }
    }
}

/// Puts each case into its half. Nobody chooses: the cases of a kind are sorted by the hash of the
/// set's version and their names, the first half of them may be looked at, and the others, with the
/// odd one, are kept out. So every kind has both.
pub(super) fn halve(cases: &mut [Case]) {
    let hash = |case: &Case| {
        blake3::hash(format!("podpath judging set {VERSION}/{}", case.name).as_bytes())
    };
    for kind in Kind::ALL {
        let mut own: Vec<&mut Case> = cases.iter_mut().filter(|case| case.kind == kind).collect();
        own.sort_by_key(|case| *hash(case).as_bytes());
        let looked_at = own.len() / 2;
        for (at, case) in own.into_iter().enumerate() {
            case.half = if at < looked_at { Half::FitMayLook } else { Half::KeptOut };
        }
    }
}
