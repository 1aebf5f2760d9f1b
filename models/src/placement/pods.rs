//! The pods of a trace, by the shape of what they ask for.

use std::collections::HashMap;

use super::ask::Ask;

/// Pods, of which many ask for the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    shapes: Vec<Ask>,
    known: HashMap<Ask, u32>,
    pods: Vec<u32>,
}

impl Pods {
    /// Adds a pod, whose number is that of the pods before it.
    pub fn add(&mut self, ask: Ask) {
        let next = u32::try_from(self.shapes.len()).expect("fewer shapes than bytes of memory");
        let shape = *self.known.entry(ask).or_insert(next);
        if shape == next {
            self.shapes.push(ask);
        }
        self.pods.push(shape);
    }

    /// The distinct asks, in the order in which they first appear.
    pub fn shapes(&self) -> &[Ask] {
        &self.shapes
    }

    /// How many pods there are.
    pub fn count(&self) -> usize {
        self.pods.len()
    }

    /// The number of the shape of each pod.
    pub fn shape_of_each(&self) -> &[u32] {
        &self.pods
    }

    /// What a pod asks for.
    pub fn ask(&self, pod: usize) -> &Ask {
        &self.shapes[self.pods[pod] as usize]
    }
}

impl FromIterator<Ask> for Pods {
    fn from_iter<I: IntoIterator<Item = Ask>>(asks: I) -> Pods {
        let mut workload = Pods::default();
        asks.into_iter().for_each(|ask| workload.add(ask));
        workload
    }
}
