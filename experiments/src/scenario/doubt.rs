//! How far a number that a file states is off for another run of the same thing.
//!
//! Files of scenarios take most of their numbers from reports: a step of an engine, a stage of a
//! start, a hop. What a report says of one run is another one's only so far. These factors hold
//! 90 % of that, up or down; they are assumed, with the shared reports of serving in view
//! (repeated runs of one engine differ by some per cent, starts and stores by a third), and are
//! drawn once for each draw beside what values say of themselves.

use models::uncertainty::Draw;

/// So many standard deviations hold 90 % of a normal distribution between them.
const SIGMAS_90: f64 = 1.644_853_626_951_472_2;

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    /// What an engine or a rank computes.
    Compute,
    /// What hops need.
    Hop,
    /// The cost of a handover besides its bytes, and the rate of one where no cluster says it.
    Handover,
    /// What stages of starts take, and stores give.
    Start,
    /// What moves on a cluster, which the profiles of the cluster cannot know: libraries of
    /// transport reach less of a card than its own tests, by how much differs.
    Library,
}

/// Every kind with its factor.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, f64)> {
    let all = [Stated::Compute, Stated::Hop, Stated::Handover, Stated::Start, Stated::Library];
    all.into_iter().map(|own| (own.name(), own.factor()))
}

impl Stated {
    /// The ends of the 90 % interval are this factor away.
    const fn factor(self) -> f64 {
        match self {
            Stated::Compute => 1.12,
            Stated::Hop => 1.2,
            Stated::Handover | Stated::Library => 1.3,
            Stated::Start => 1.3,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Stated::Compute => "compute",
            Stated::Hop => "hop",
            Stated::Handover => "handover",
            Stated::Start => "start",
            Stated::Library => "library",
        }
    }

    /// The factor of a draw on what is called `what`; one with nothing drawn.
    pub(crate) fn drawn(self, draw: Option<Draw>, what: &str) -> f64 {
        let Some(draw) = draw else { return 1.0 };
        let key = draw.key("scenario").of("stated").of(self.name()).of(what);
        libm::exp(draw.normal(key) * libm::log(self.factor()) / SIGMAS_90)
    }
}
