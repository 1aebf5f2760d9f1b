//! What a TCP sender reaches in the long run on a way that loses packets by chance.
//!
//! With `p` the part that is lost and `RTT` the round trip, in segments per round trip:
//!
//! ```text
//! reno    √(3 / 2p)                                   (M. Mathis et al., CCR 27(3), 1997)
//! cubic   max(reno's, (C (3 + β) / 4 (1 − β))^¼ · (RTT / p)^¾ )     (RFC 9438, section 5)
//! bbr     as much as there is, up to the part that its gain covers
//! ```
//!
//! C is 0.4 and β 0.7 (RFC 9438, section 4); BBR probes at 1.25 times its estimate, so that it
//! keeps its rate while no more than a fifth is lost (N. Cardwell et al., ACM Queue 14(5), 2016).
//! Losses of full queues are not in here: max-min shares and limits stand for those. They leave
//! some flows more than others, which is chance ([`Congestion::unfairness`]).

use crate::input::{InputError, suggest};

/// Cubic's constant \[segments/s³\].
const CUBIC_C: f64 = 0.4;
/// What cubic's window is multiplied by on a loss.
const CUBIC_BETA: f64 = 0.7;
/// The part of packets above which BBR takes its estimate back.
const BBR_LOSS_MAX: f64 = 0.2;
/// BBR's least window \[segments\].
const BBR_WINDOW_MIN: f64 = 4.0;

/// How a TCP sender answers loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// Additive increase, multiplicative decrease.
    Reno,
    /// The default of Linux since 2.6.19.
    #[default]
    Cubic,
    /// Rate by bottleneck bandwidth and round trip.
    Bbr,
}

impl Congestion {
    /// The one of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<Congestion, InputError> {
        const NAMES: [&str; 3] = ["reno", "cubic", "bbr"];
        match name {
            "reno" => Ok(Congestion::Reno),
            "cubic" => Ok(Congestion::Cubic),
            "bbr" => Ok(Congestion::Bbr),
            other => {
                let problem = format!("`{other}` is no congestion control that is modelled");
                Err(InputError::new("congestion_control", problem).help(suggest(other, NAMES)))
            }
        }
    }

    /// How unevenly flows that share full drop-tail queues get their parts: the standard deviation
    /// of the logarithm of a flow's share.
    ///
    /// With it, times of flows on a leaf–spine of 4 × 4 hosts, 2:1 oversubscribed, of 32 random
    /// flows at once, differ from those of even shares as they do from ns-3.37's: by 18 % in the
    /// median and 79 % in one of ten (NewReno, 10 MB each; ns-3: 19 and 71 %), by 20 and 93 %
    /// (CUBIC, 50 MB each; ns-3: 30 and 89 %). The last flow ends 3 % later (ns-3: 6 to 8 %). Each
    /// is one scene of 32 flows, so that the first digit is all that is known.
    pub const fn unfairness(self) -> f64 {
        match self {
            Congestion::Reno => 0.8,
            Congestion::Cubic => 1.0,
            Congestion::Bbr => 0.0,
        }
    }

    /// The mean window in segments over a `round_trip` \[s\] of which the part `lost` is lost; none
    /// where loss bounds nothing.
    pub fn window(self, lost: f64, round_trip: f64) -> Option<f64> {
        if lost <= 0.0 {
            return None;
        }
        let reno = (1.5 / lost).sqrt();
        match self {
            Congestion::Reno => Some(reno),
            Congestion::Cubic => {
                let scale = CUBIC_C * (3.0 + CUBIC_BETA) / (4.0 * (1.0 - CUBIC_BETA));
                Some(reno.max((scale * (round_trip / lost).powi(3)).sqrt().sqrt()))
            }
            Congestion::Bbr => (lost > BBR_LOSS_MAX).then_some(BBR_WINDOW_MIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9438, table 2 (RTT 0.1 s) and table 4 (0.01 s): mean windows in segments at several
    /// loss rates, C = 0.4. The tables round, and their Reno column is √(3/2p).
    #[test]
    fn the_tables_of_the_rfc() {
        let cases = [
            (0.1, 1e-2, 12.0, 12.0),
            (0.1, 1e-3, 39.0, 39.0),
            (0.1, 1e-4, 120.0, 187.0),
            (0.1, 1e-5, 387.0, 1054.0),
            (0.1, 1e-6, 1225.0, 5926.0),
            (0.01, 1e-3, 39.0, 39.0),
            (0.01, 1e-5, 387.0, 387.0),
            (0.01, 1e-7, 3873.0, 5926.0),
        ];
        for (round_trip, lost, reno, cubic) in cases {
            for (control, expected) in [(Congestion::Reno, reno), (Congestion::Cubic, cubic)] {
                let window: f64 = control.window(lost, round_trip).unwrap();
                let off = (window / expected - 1.0).abs();
                assert!(off < 0.03, "{control:?} {lost} {round_trip}: {window}, not {expected}");
            }
        }
    }

    #[test]
    fn bbr_bears_a_fifth() {
        assert_eq!(Congestion::Bbr.window(0.1, 0.01), None);
        assert_eq!(Congestion::Bbr.window(0.3, 0.01), Some(4.0));
        assert_eq!(Congestion::Cubic.window(0.0, 0.01), None);
    }

    #[test]
    fn a_name_that_is_none_is_told() {
        let told = Congestion::named("cubik").unwrap_err().to_string();
        assert!(told.contains("`cubik` is no congestion control"), "{told}");
        assert!(told.contains("`cubic`"), "{told}");
    }
}
