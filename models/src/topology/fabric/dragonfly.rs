//! Dragonfly+: groups of leaves and spines, and cables between spines of every two groups.

use super::{End, Flaw, Made, Size, fits};

pub(super) fn layout(size: &Size<'_>) -> Result<Made, Flaw> {
    let table = size.table;
    let per = size.needed("cards_per_leaf", &table.cards_per_leaf)?;
    let leaves = size.needed("leaves_per_group", &table.leaves_per_group)?;
    let spines = size.needed("spines", &table.spines)?;
    let uplinks = size.or_one("uplinks", &table.uplinks)?;
    let global = match &table.global_links {
        None => spines,
        of => size.needed("global_links", of)?,
    };
    let mut made = Made::default();
    let all = size.cards.div_ceil(per);
    let groups = all.div_ceil(leaves);
    if groups < 2 {
        let problem = format!("{all} leaves are one group");
        return Err(Flaw::new("leaves_per_group", problem, "fewer, or a fabric `leaf-spine`"));
    }
    fits("spines", &[all, spines, uplinks])?;
    fits("global_links", &[groups, groups, global])?;
    let leaf = made.tier("leaf", all);
    (0..size.cards).for_each(|card| made.cable(End::Card(card), End::Switch(card / per)));
    let spine = made.tier("spine", groups * spines);
    for leaf in leaf {
        let group = spine.start + leaf / leaves * spines;
        made.up(leaf, group..group + spines, uplinks);
    }
    for a in 0..groups {
        for b in a + 1..groups {
            for link in 0..global {
                // Each pair begins at another spine, so that few links are spread over all.
                let [from, to] = [(a, b), (b, a)].map(|(own, other)| {
                    End::Switch(spine.start + own * spines + (link + other) % spines)
                });
                made.cable(from, to);
            }
        }
    }
    Ok(made)
}
