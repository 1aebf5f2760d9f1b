//! podpath experiments.
