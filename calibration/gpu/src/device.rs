//! The seam below which a GPU is real or simulated.

use super::GpuError;
use super::facts::Facts;
use super::state::Moment;
use super::work::ProbeWork;

/// Something that does work and says how long it took. There are two: [`super::cuda::Cuda`], and
/// [`super::simulated::Simulated`], which is named as such wherever its results go.
pub trait Device {
    /// What is known of it without measuring.
    fn facts(&self) -> &Facts;

    /// Its clocks, power and temperature now, as far as anybody tells.
    fn moment(&self) -> Moment;

    /// Why nobody tells of its state, if so.
    fn silent(&self) -> Option<&str>;

    /// How long it has been open \[s\], by the clock that budgets are kept by: the host's, or a
    /// simulated device's own.
    fn elapsed_s(&self) -> f64;

    /// Loads and allocates what `work` needs, so that its first reading takes no longer for it.
    ///
    /// # Errors
    /// If a call fails.
    fn prepare(&mut self, _work: &ProbeWork) -> Result<(), GpuError> {
        Ok(())
    }

    /// Does `work` once and returns what its timer read, in [`super::work::Timer::unit`].
    ///
    /// # Errors
    /// If a call fails, or nothing ends within the time that every wait has.
    fn time(&mut self, work: &ProbeWork) -> Result<f64, GpuError>;
}
