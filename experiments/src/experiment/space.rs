//! Where the points of an experiment lie: a number says everything about one, so that a plan of a
//! million points is no larger than one of ten.
//!
//! A point's place is its topology and its step on every axis, written as the digits of a number of
//! mixed radix: the topology first, the last axis fastest. Its world is made of those digits alone
//! that lead to another cluster.

use std::collections::HashSet;

use models::input::InputError;

use super::Experiment;
use super::axis::Axis;
use super::plan::Point;

/// The points of an experiment.
#[derive(Debug)]
pub(super) struct Space {
    experiment: Experiment,
    /// The places that are points, where some come out as earlier ones do; none if all are.
    kept: Option<Vec<u32>>,
}

impl Space {
    /// Those of an experiment.
    ///
    /// # Errors
    /// If what runs over time cannot be at some point.
    pub(super) fn new(experiment: &Experiment) -> Result<Space, InputError> {
        let mut space = Space { experiment: experiment.clone(), kept: None };
        if experiment.axes.iter().any(Axis::changes_chunks) {
            let mut seen: HashSet<[u8; 32]> = HashSet::new();
            let mut kept = Vec::new();
            for place in 0..space.places() {
                let point = space.at(place)?;
                let effect = format!("{} {:?}", point.world, point.effect());
                if seen.insert(*blake3::hash(effect.as_bytes()).as_bytes()) {
                    kept.push(u32::try_from(place).expect("a plan has a million rows at most"));
                }
            }
            space.kept = Some(kept);
        }
        Ok(space)
    }

    /// How many points there are.
    pub(super) fn len(&self) -> usize {
        self.kept.as_ref().map_or(self.places(), Vec::len)
    }

    /// How many clusters they need.
    pub(super) fn worlds(&self) -> usize {
        let of_world = self.experiment.axes.iter().filter(|axis| axis.changes_world());
        self.experiment.topologies.len() * of_world.map(Axis::len).product::<usize>()
    }

    /// The topology of a world, and the steps that lead to it; zero on other axes.
    pub(super) fn of_world(&self, mut number: usize) -> (usize, Vec<usize>) {
        let axes = &self.experiment.axes;
        let mut steps = vec![0; axes.len()];
        for (step, axis) in steps.iter_mut().zip(axes).rev().filter(|(_, a)| a.changes_world()) {
            *step = number % axis.len();
            number /= axis.len();
        }
        (number, steps)
    }

    /// The point of a number.
    ///
    /// # Errors
    /// If what runs over time cannot be there.
    pub(super) fn tried(&self, number: usize) -> Result<Point, InputError> {
        self.at(self.place(number))
    }

    /// The place of a point with its step on an axis taken away: the same for all points that
    /// differ on this axis alone.
    pub(super) fn without(&self, number: usize, axis: usize) -> usize {
        let axes = &self.experiment.axes;
        let place = self.place(number);
        let stride: usize = axes[axis + 1..].iter().map(Axis::len).product();
        place - place / stride % axes[axis].len() * stride
    }

    fn places(&self) -> usize {
        self.experiment.topologies.len()
            * self.experiment.axes.iter().map(Axis::len).product::<usize>()
    }

    fn place(&self, number: usize) -> usize {
        self.kept.as_ref().map_or(number, |kept| kept[number] as usize)
    }

    fn at(&self, place: usize) -> Result<Point, InputError> {
        let axes = &self.experiment.axes;
        let mut steps = vec![0; axes.len()];
        let mut topology = place;
        for (step, axis) in steps.iter_mut().zip(axes).rev() {
            *step = topology % axis.len();
            topology /= axis.len();
        }
        let of_world = steps.iter().zip(axes).filter(|(_, axis)| axis.changes_world());
        let world = of_world.fold(topology, |world, (step, axis)| world * axis.len() + step);
        self.experiment.point(topology, world, steps)
    }
}
