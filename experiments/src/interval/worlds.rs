//! The clusters of all draws of each world: assembled when the first of its points asks, gone with
//! the last.

use std::sync::{Arc, Mutex};

use models::cluster::{Cluster, Drawn};
use models::input::InputError;
use models::predict::flows;
use models::uncertainty::{DRAWS, Draw};
use sim::Seed;

use crate::experiment::{Experiment, Plan, Point};

/// Places of all draws of a world together, above which fewer are drawn: a cluster of thousands of
/// nodes takes seconds to assemble.
const PLACES_MAX: usize = 200_000;
/// So many hops weigh as much as a place.
const HOPS: usize = 4;
/// The same of transfers that share a point: the time for one draw grows with their square.
const TRANSFERS_MAX: usize = 8_192;
/// At least so many are drawn.
const DRAWS_MIN: u32 = 8;

/// The worlds of a plan, each with its draws while points of it are left.
pub(super) struct Worlds<'a> {
    experiment: &'a Experiment,
    plan: &'a Plan,
    slots: Vec<Mutex<Slot>>,
}

#[derive(Default)]
struct Slot {
    left: usize,
    /// The most flows of a point of it.
    transfers: usize,
    drawn: Option<Arc<Drawn>>,
}

/// A world with its draws.
pub(super) struct World<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) drawn: Arc<Drawn>,
}

impl<'a> Worlds<'a> {
    pub(super) fn new(
        experiment: &'a Experiment,
        plan: &'a Plan,
        asked: &dyn Fn(usize) -> bool,
    ) -> Worlds<'a> {
        let mut slots: Vec<Slot> = plan.worlds.iter().map(|_| Slot::default()).collect();
        for (number, point) in plan.points().enumerate() {
            let slot = &mut slots[point.world];
            slot.left += usize::from(asked(number));
            let cluster = &plan.worlds[point.world].cluster;
            // The plan has checked them.
            let flows = flows(cluster, &point.transfers).unwrap_or(point.transfers.len());
            slot.transfers = slot.transfers.max(flows);
        }
        let slots = slots.into_iter().map(Mutex::new).collect();
        Worlds { experiment, plan, slots }
    }

    /// The world of a point, which asks once.
    pub(super) fn of(&self, point: &Point) -> Result<World<'a>, InputError> {
        let cluster = &self.plan.worlds[point.world].cluster;
        let mut slot = self.slots[point.world].lock().expect("nobody panics while it assembles");
        slot.left = slot.left.saturating_sub(1);
        let drawn = match slot.drawn.take() {
            Some(drawn) => drawn,
            None => Arc::new(self.assembled(point, cluster, slot.transfers)?),
        };
        slot.drawn = (slot.left > 0).then(|| Arc::clone(&drawn));
        Ok(World { cluster, drawn })
    }

    fn assembled(
        &self,
        point: &Point,
        cluster: &Cluster,
        transfers: usize,
    ) -> Result<Drawn, InputError> {
        // Hops take more memory than places where every GPU reaches every card.
        let size = cluster.graph.node_count().max(cluster.graph.edge_count() / HOPS);
        let by_places = PLACES_MAX / size.max(1);
        let most = by_places.min(TRANSFERS_MAX / transfers.max(1)) as u32;
        let draws = Draw::all(Seed::new(self.experiment.seed), most.clamp(DRAWS_MIN, DRAWS));
        Drawn::new(draws, |draw| self.experiment.drawn(point, draw))
    }
}
