//! The causes that figures were reported with: kinds of hops on the ways that they are about.

use std::collections::BTreeSet;

use models::input::{InputError, suggest};
use models::predict::plans;

use super::problem::Problem;
use super::{Experiment, Plan, Reported};

impl Experiment {
    /// Refuses a cause that is no hop of any way that its figure is about.
    pub(super) fn check_causes(&self, plan: &Plan) -> Result<(), InputError> {
        for (number, reported) in self.reported.iter().enumerate() {
            let Some(cause) = &reported.cause else { continue };
            let kinds = self.kinds(reported, plan)?;
            // A command that leaves sweeps out may leave no point that the figure is about.
            if kinds.is_empty() || kinds.contains(cause.get_ref()) {
                continue;
            }
            let problem = format!("no way here has a hop of the kind `{}`", cause.get_ref());
            let help = suggest(cause.get_ref(), kinds.iter().map(String::as_str));
            let field = format!("reported[{number}].cause");
            return Err(Problem::new(problem, help).at(field, &self.source, cause.span()));
        }
        Ok(())
    }

    /// The kinds of hops of the transfers that a figure is about.
    fn kinds(&self, reported: &Reported, plan: &Plan) -> Result<BTreeSet<String>, InputError> {
        let mut kinds = BTreeSet::new();
        for point in plan.points().filter(|point| self.matches(reported, point)) {
            let point = &point;
            let cluster = &plan.worlds[point.world].cluster;
            let plans = plans(cluster, &point.transfers, point.fidelity, self.seed)
                .map_err(|error| self.placed(error, point))?;
            for (which, plan) in plans.iter().enumerate() {
                if reported.transfers.is_empty() || reported.transfers.contains(&which) {
                    let hops = &plan.hops[..plan.way as usize];
                    kinds.extend(hops.iter().map(|hop| hop.kind.to_string()));
                }
            }
        }
        Ok(kinds)
    }
}
