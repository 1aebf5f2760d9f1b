//! Which rank each file of a trace is of.

/// The files in the order of their ranks, and what is to be said of that: by the number in names
/// such as `job.3.et` if those are all numbers from zero on, else in the order in which they are
/// given.
pub(super) fn by_name(names: &[String]) -> (Vec<usize>, Option<&'static str>) {
    let given: Vec<usize> = (0..names.len()).collect();
    if names.len() == 1 {
        return (given, None);
    }
    let numbers = names.iter().map(|name| number(name)).collect::<Option<Vec<usize>>>();
    match numbers.and_then(|numbers| placed(&numbers)) {
        Some(order) => (order, Some("Ranks are numbered as the names of their files say.")),
        None => (given, Some("Ranks are in the order in which their files are given.")),
    }
}

/// For each rank, where its number stands, if all numbers from zero on are there once.
pub(super) fn placed(numbers: &[usize]) -> Option<Vec<usize>> {
    let mut order = vec![None; numbers.len()];
    for (at, &number) in numbers.iter().enumerate() {
        let place = order.get_mut(number).filter(|place| place.is_none())?;
        *place = Some(at);
    }
    order.into_iter().collect()
}

/// The number in front of the ending.
fn number(name: &str) -> Option<usize> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let (stem, _ending) = name.rsplit_once('.')?;
    stem.rsplit(['.', '/']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_and_not_the_order_of_letters() {
        let order = |names: &[&str]| {
            by_name(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).0
        };
        assert_eq!(order(&["a/job.1.et.gz", "a/job.0.et.gz"]), [1, 0]);
        let eleven: Vec<String> = (0..11).map(|rank| format!("job.{rank}.et")).collect();
        let mut sorted: Vec<&str> = eleven.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let placed = order(&sorted);
        assert!(placed.iter().enumerate().all(|(rank, &at)| sorted[at] == eleven[rank]));
        // One is missing, or is there twice; they are no numbers.
        assert_eq!(order(&["job.2.et", "job.0.et"]), [0, 1]);
        assert_eq!(order(&["b/0.et", "a/0.et"]), [0, 1]);
        assert_eq!(order(&["b.et", "a.et"]), [0, 1]);
    }
}
