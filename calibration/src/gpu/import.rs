//! What users already have.
