//! The NUMA nodes of the host, and memory on one of them.
//!
//! Linux gives a page the node of the thread that asks for it (first touch, and the driver's
//! page-locked allocations likewise), so a thread that stays on a node's cores gets its memory.

use std::fs;

const FOLDER: &str = "/sys/devices/system/node";

/// Nodes that have memory and cores, in order; one node is no choice, and then there is none.
pub(super) fn nodes() -> Vec<u32> {
    let read = |name: &str| fs::read_to_string(format!("{FOLDER}/{name}")).unwrap_or_default();
    let found = list(&read("has_memory"));
    let found: Vec<u32> = found.into_iter().filter(|node| !cores(*node).is_empty()).collect();
    if found.len() > 1 { found } else { Vec::new() }
}

/// The cores of a node.
fn cores(node: u32) -> Vec<u32> {
    list(&fs::read_to_string(format!("{FOLDER}/node{node}/cpulist")).unwrap_or_default())
}

/// A list as the kernel writes it: `0-3,8`.
fn list(text: &str) -> Vec<u32> {
    let range = |part: &str| -> Option<std::ops::RangeInclusive<u32>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

/// Does `ask` on a core of `node`, and returns to where the thread was allowed to run before.
#[cfg(target_os = "linux")]
pub(super) fn on<T>(node: u32, ask: impl FnOnce() -> T) -> std::io::Result<T> {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    let this = Pid::from_raw(0);
    let before = sched_getaffinity(this)?;
    let mut there = CpuSet::new();
    for core in cores(node) {
        there.set(core as usize)?;
    }
    sched_setaffinity(this, &there)?;
    let answer = ask();
    sched_setaffinity(this, &before)?;
    Ok(answer)
}

/// Elsewhere there is no way to say so, and no node is ever named.
#[cfg(not(target_os = "linux"))]
pub(super) fn on<T>(_node: u32, ask: impl FnOnce() -> T) -> std::io::Result<T> {
    Ok(ask())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::{Need, lacks};

    #[test]
    fn lists_of_the_kernel() {
        assert_eq!(list("0-3,8\n"), [0, 1, 2, 3, 8]);
        assert!(list("\n").is_empty());
    }

    #[test]
    fn a_thread_comes_back_from_a_node() {
        let seen = |()| std::thread::available_parallelism().map_or(0, usize::from);
        let before = seen(());
        match on(0, || 7) {
            Ok(answer) => assert_eq!(answer, 7),
            Err(error) => {
                let why = error.to_string();
                assert!(lacks::<(), _>(&Err((Need::Numa, why.as_str()))), "{why}");
            }
        }
        assert_eq!(seen(()), before);
    }
}
