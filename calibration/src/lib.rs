//! podpath calibration.
