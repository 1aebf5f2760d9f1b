//! Profiles made from others: drawn, completed, like another.

use super::unit::{Dimension, unit};
use super::{Parameter, Profile};
use crate::input::InputError;
use crate::uncertainty::Draw;
use crate::uncertainty::posterior::Posterior;
use crate::uncertainty::prior::spread;

impl Profile {
    /// The independent numbers that a line's is made of, by the `posterior` of the profile or of
    /// the one that it is like; none of a line that hangs together with no other. What a profile
    /// says itself where it is like another is not what that other's fit was about.
    pub fn together<'p>(
        &self,
        parameter: &str,
        posterior: Option<&'p Posterior>,
    ) -> Option<&'p [(String, f64)]> {
        let own = self.own.is_some_and(|own| self.index.get(parameter).is_some_and(|at| *at < own));
        posterior.filter(|_| !own)?.of(parameter)
    }

    /// A copy with every number where `draw` puts it within its [`spread`]; lines that hang
    /// together by `posterior` move together. Counts and sizes stay whole.
    pub(crate) fn drawn(&self, draw: Draw, posterior: Option<&Posterior>) -> Profile {
        let mut copy = self.clone();
        let own = draw.key(self.kind.folder()).of(&self.name);
        let normal = |parameter: &str| draw.normal(own.of(parameter));
        for row in &mut copy.rows {
            let spread = spread(row);
            if spread.is_exact() {
                continue;
            }
            let together = self.together(&row.parameter, posterior);
            let moved = match together {
                None => spread.at(normal(&row.parameter)),
                Some(parts) => {
                    spread.at_together(parts.iter().map(|(of, weight)| weight * normal(of)).sum())
                }
            };
            row.value = match unit(&row.unit).map(|unit| unit.1) {
                Some(Dimension::Count | Dimension::Bytes) => moved.round().max(spread.low.ceil()),
                // An efficiency is a part of what there is.
                Some(Dimension::Ratio) if spread.high <= 1.0 => moved.min(1.0),
                _ => moved,
            };
            (row.low, row.high) = (None, None);
        }
        copy
    }

    /// With the lines that `of` names `factor` times as much.
    pub(crate) fn scaled(mut self, of: impl Fn(&str) -> bool, factor: f64) -> Profile {
        for row in self.rows.iter_mut().filter(|row| of(&row.parameter)) {
            row.value *= factor;
            row.low = row.low.map(|low| low * factor);
            row.high = row.high.map(|high| high * factor);
        }
        self
    }

    /// A copy in which a line has another value in its own unit.
    ///
    /// # Errors
    /// If there is no such line.
    pub(crate) fn valued(&self, parameter: &str, value: f64) -> Result<Profile, InputError> {
        let row = self.find(parameter)?;
        self.with(parameter, value * unit(&row.unit).map_or(1.0, |unit| unit.2))
    }

    /// Whether it is like another: not all of it was measured on the machine that it is of.
    pub fn is_like(&self) -> bool {
        self.own.is_some()
    }

    /// A copy with the lines of `other` behind its own, which it is like; a parameter that it has
    /// keeps its line.
    pub(crate) fn like(&self, other: &Profile) -> Profile {
        // What the other says itself, where it is like a third, is as little what that one's fit
        // was about.
        let theirs = &other.rows[..other.own.unwrap_or(0)];
        let added = theirs.iter().filter(|row| !self.has(&row.parameter)).count();
        let own = Some(self.rows.len() + added);
        Profile { own, ..self.completed(other.rows.clone()) }
    }

    /// A copy with further lines behind its own; a parameter that it has keeps its line.
    pub(crate) fn completed(&self, lines: Vec<Parameter>) -> Profile {
        let mut copy = self.clone();
        for row in lines.into_iter().filter(|row| !self.has(&row.parameter)) {
            copy.add(row, 1);
        }
        copy
    }
}
