//! The lines of a model's own errors: factors on what it predicts, with the median 1.

use super::super::Dimension::Ratio;
use super::Line;
use super::Need::Always;

/// Every line of a model's errors.
pub(super) const LINES: [Line; 10] = [
    Line::of("tcp", Ratio, Always, "on what cores need for TCP on a way"),
    Line::of("udp", Ratio, Always, "on what cores need for UDP on a way"),
    Line::of("wire", Ratio, Always, "on what TCP and UDP take of a wire"),
    Line::of("round_trip", Ratio, Always, "on the delays of network stacks that occupy nobody"),
    Line::of("copy", Ratio, Always, "on the time that a copy moves bytes"),
    Line::of("copy_call", Ratio, Always, "on set-up and calls of a copy"),
    Line::of("kernel", Ratio, Always, "on what a kernel's threads wait for and compute"),
    Line::of("kernel_memory", Ratio, Always, "on what its bytes take in device memory"),
    Line::of("kernel_cache", Ratio, Always, "on what they take in caches and on the way to SMs"),
    Line::of("kernel_call", Ratio, Always, "on what passes from a call or a kernel to the next"),
];
