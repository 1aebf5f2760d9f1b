//! The k-ary fat tree: switches of `k` ports, half of them down and half up.
//!
//! ```text
//!  two levels    k leaves, k/2 spines, k²/2 cards
//!  three levels  k pods of k/2 edge and k/2 aggregation switches, k²/4 cores, k³/4 cards
//! ```

use super::{End, Flaw, Made, Size, fits};

pub(super) fn layout(size: &Size<'_>) -> Result<Made, Flaw> {
    let ports = size.needed("ports", &size.table.ports)?;
    if ports % 2 == 1 {
        let help = format!("{}, or {}", ports - 1, ports + 1);
        return Err(Flaw::new("ports", format!("{ports} is odd: half lead down"), help));
    }
    let levels = match &size.table.levels {
        None => 3,
        Some(levels) if [2, 3].contains(levels.get_ref()) => *levels.get_ref(),
        Some(levels) => {
            let problem = format!("{} is not possible", levels.get_ref());
            return Err(Flaw::new("levels", problem, "2 or 3"));
        }
    };
    let half = ports / 2;
    let most = if levels == 2 { ports * half } else { ports * half * half };
    if size.cards > most {
        let problem = format!("{ports} ports take {most} cards, and there are {}", size.cards);
        return Err(Flaw::new("ports", problem, "more ports, or another level"));
    }
    let edges = size.cards.div_ceil(half);
    let pods = edges.div_ceil(half);
    match levels {
        2 => fits("ports", &[edges, half])?,
        _ => fits("ports", &[pods, half, half])?,
    }
    fits("ports", &[half, half])?;
    let mut made = Made::default();
    let edge = made.tier("leaf", edges);
    (0..size.cards).for_each(|card| made.cable(End::Card(card), End::Switch(card / half)));
    if levels == 2 {
        let spine = made.tier("spine", half);
        edge.for_each(|leaf| made.up(leaf, spine.clone(), 1));
        return Ok(made);
    }
    let middle = made.tier("aggregation", pods * half);
    let core = made.tier("core", half * half);
    for leaf in edge {
        let pod = middle.start + leaf / half * half;
        made.up(leaf, pod..pod + half, 1);
    }
    for (at, middle) in middle.enumerate() {
        let first = core.start + at % half * half;
        made.up(middle, first..first + half, 1);
    }
    Ok(made)
}
