//! The fields of a pattern of traffic: many equal transfers among the members of a set.

use std::sync::Arc;

use models::input::{InputError, Source};
use models::pattern::{Pattern, Shape};

use super::axis::Axis;
use super::field::{Field, Is, List, fields, text, words_or};
use super::problem::Problem;
use super::transfer::Draft;

fields! {
    /// A pattern of traffic, in the place of one transfer.
    PatternFields: Pattern "";

    /// Many transfers that begin together, each as the other fields say, in the place of one
    /// `from` here to there: `all-to-all`, each member to each other; `ring`, each to the next;
    /// `permutation`, each to one other, drawn anew in each repetition; `incast`, all to the
    /// receiver `to`; `pairs`, the first half to the second. Default `none`.
    pattern: Option<Shape> = words_or(&[
        "none", "all-to-all", "ring", "permutation", "incast", "pairs",
    ]), "none";
    /// The members of the pattern in order: pods, GPUs and counted tables of them, with commas
    /// between; `all` (default): every pod of the topology.
    among: String = text(Is::Word), "all";
}

impl PatternFields {
    /// The pattern, if it is one.
    pub(super) fn finish(&self) -> Option<Pattern> {
        let members = self.among.value.split(',').map(str::trim).filter(|name| !name.is_empty());
        let among = members.map(str::to_owned).collect();
        Some(Pattern { shape: self.pattern.value?, among })
    }
}

/// Refuses what has no effect beside a pattern, or without one.
///
/// # Errors
/// At the first of such fields.
pub(super) fn check(
    transfers: &[Draft],
    axes: &[Axis],
    source: &Arc<Source>,
) -> Result<(), InputError> {
    // What is a pattern at some points is another one, or a transfer, at others.
    let mut varied = axes.iter().flat_map(|axis| &axis.varied);
    if varied.any(|varied| varied.key.rsplit('.').next() == Some("pattern")) {
        return Ok(());
    }
    for draft in transfers {
        let shape = draft.pattern().map(|pattern| pattern.shape);
        let idle = |field: &Field| match (shape, field.name) {
            (None, name) => (name == "among")
                .then_some(("has no effect without `pattern`", "pattern = \"ring\"")),
            (Some(_), "from") => Some(("has no effect in a pattern", "`among`: who takes part")),
            (Some(Shape::Incast), "to") => None,
            (Some(_), "to") => Some((
                "has no effect in this pattern",
                "`among`: who takes part; an incast has `to`",
            )),
            (Some(_), _) if matches!(field.list, List::Group | List::Request) => {
                Some(("is not possible beside `pattern`", "one of the two"))
            }
            _ => None,
        };
        let wrong =
            draft.written().find_map(|(field, written)| Some((field, written, idle(field)?)));
        if let Some((field, written, (problem, help))) = wrong {
            let name = match field.list {
                List::Request => field.name.to_owned(),
                _ => format!("transfer.{}", field.name),
            };
            return Err(Problem::new(problem, help).at(name, source, written.span.clone()));
        }
    }
    Ok(())
}
