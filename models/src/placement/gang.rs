//! Gangs: pods of which all are placed or none.

use super::pods::Pods;
use super::scheduler::{Member, Pod, Scheduler, Slot};
use super::state::State;

/// A pod of a gang: its number, and that of its shape.
pub type Claim = (u64, u32);

/// Places all pods of a gang, or leaves everything as it was if one fits nowhere. A pod without
/// gang is a gang of one.
pub fn admit(
    state: &mut State<'_>,
    trace: &Pods,
    claims: &[Claim],
    scheduler: &mut dyn Scheduler,
) -> Option<Vec<Slot>> {
    let size = claims.len() as u32;
    let mut slots: Vec<Slot> = Vec::with_capacity(claims.len());
    for (index, &(number, shape)) in (0..).zip(claims) {
        let member = (size > 1).then_some(Member { index, size });
        let ask = |shape: u32| &trace.shapes()[shape as usize];
        match scheduler.choose(Pod { number, shape, member }, state) {
            Some(slot) => {
                state.place(ask(shape), &slot);
                slots.push(slot);
            }
            None => {
                let placed = claims.iter().zip(&slots);
                placed.for_each(|((_, shape), slot)| state.release(ask(*shape), slot));
                return None;
            }
        }
    }
    Some(slots)
}
