//! Leaves and spines: every leaf leads to every spine.

use super::{End, Flaw, Made, Size, fits};

/// Cards in turn, so many at each leaf.
pub(super) fn layout(size: &Size<'_>) -> Result<Made, Flaw> {
    let per = size.needed("cards_per_leaf", &size.table.cards_per_leaf)?;
    join(size, per, size.cards.div_ceil(per), &|card| card / per)
}

/// Card `j` of so many nodes in turn at each leaf of rail `j`.
pub(super) fn rails(size: &Size<'_>) -> Result<Made, Flaw> {
    let Some(rails) = size.rails else {
        let problem = "rails need a counted family of cards, as many in each node";
        return Err(Flaw::new("kind", problem, "[[nic]] with `count` in a counted [[node]]"));
    };
    let per = size.needed("cards_per_leaf", &size.table.cards_per_leaf)?;
    let groups = (size.cards / rails).div_ceil(per);
    join(size, per, groups * rails, &|card| card / rails / per * rails + card % rails)
}

/// Joins cards by leaves, and leaves by spines.
fn join(
    size: &Size<'_>,
    per: usize,
    leaves: usize,
    leaf_of: &dyn Fn(usize) -> usize,
) -> Result<Made, Flaw> {
    let uplinks = size.or_one("uplinks", &size.table.uplinks)?;
    let spines = spines(size, per, uplinks)?;
    fits("spines", &[leaves, spines, uplinks])?;
    let mut made = Made::default();
    let leaf = made.tier("leaf", leaves);
    (0..size.cards)
        .for_each(|card| made.cable(End::Card(card), End::Switch(leaf.start + leaf_of(card))));
    let spine = made.tier("spine", spines);
    leaf.for_each(|leaf| made.up(leaf, spine.clone(), uplinks));
    Ok(made)
}

/// How many spines there are: so many, or as many as an oversubscription leaves.
fn spines(size: &Size<'_>, per: usize, uplinks: usize) -> Result<usize, Flaw> {
    let table = size.table;
    let Some(wanted) = &table.oversubscription else {
        return size.needed("spines", &table.spines);
    };
    let field = "oversubscription";
    if table.spines.is_some() {
        let help = "one of the two: spines follow from it";
        return Err(Flaw::new(field, "stands beside `spines`", help));
    }
    let wanted = *wanted.get_ref();
    let whole = per as f64 * size.ratio / uplinks as f64;
    let spines = whole / wanted;
    let nearest = spines.round();
    if wanted.is_finite()
        && (1.0..1e6).contains(&nearest)
        && (spines - nearest).abs() < 1e-9 * nearest
    {
        return Ok(nearest as usize);
    }
    let fits = [1.0, 2.0, 4.0, 8.0, 16.0];
    let fits = fits.into_iter().filter(|ratio| (whole / ratio).fract() == 0.0);
    let fits: Vec<String> = fits.map(|ratio| ratio.to_string()).collect();
    let problem = format!("{wanted} would need {spines} spines");
    let help = match &fits[..] {
        [] => format!("a ratio by which {whole} can be divided, or `spines`"),
        fits => format!("{}, or `spines`", fits.join(", ")),
    };
    Err(Flaw::new(field, problem, help))
}
