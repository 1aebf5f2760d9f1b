//! From published rows to profiles: `podpath calibrate fit`.

pub mod posterior;
