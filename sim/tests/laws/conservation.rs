//! What goes in comes out or is still on its way: on links, and in flows.

use proptest::prelude::*;
use sim::{Demand, Flows, Hop, LinkId, Time};

const LINKS: u32 = 5;

#[derive(Clone, Debug)]
struct Transfer {
    /// When it starts [ms].
    start: u64,
    hops: Vec<Hop>,
    size: f64,
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let hop =
        (0..LINKS, 0.1..3.0).prop_map(|(link, weight)| Hop { link: LinkId::new(link), weight });
    (0..5_000u64, prop::collection::vec(hop, 1..4), prop_oneof![Just(0.0), 0.1..20.0])
        .prop_map(|(start, hops, size)| Transfer { start, hops, size })
}

proptest! {
    #[test]
    fn links_have_done_what_flows_have_moved(
        mut transfers in prop::collection::vec(transfer(), 1..30),
        look in 0..20_000u64,
    ) {
        transfers.sort_by_key(|transfer| transfer.start);
        let mut flows = Flows::new();
        (0..LINKS).for_each(|_| _ = flows.link(2.0));
        let mut live = Vec::new();
        let mut done = Vec::new();
        let look = Time::from_ms(look);
        for (tag, transfer) in transfers.iter().enumerate() {
            let now = Time::from_ms(transfer.start);
            if now > look {
                break;
            }
            let Transfer { hops, size, .. } = transfer;
            let demand = Demand { hops, size: *size, limit: 1.5, share: 1.0 };
            flows.advance(now, &mut done);
            live.push((tag, flows.start(now, demand, tag)));
        }
        flows.advance(look, &mut done);
        let mut moved = [0.0; LINKS as usize];
        for &(tag, id) in &live {
            let left = flows.left(look, id);
            prop_assert!((0.0..=transfers[tag].size).contains(&left));
            prop_assert!(!done.contains(&tag) || left == 0.0, "complete, with {} left", left);
            for hop in &transfers[tag].hops {
                moved[hop.link.index()] += hop.weight * (transfers[tag].size - left);
            }
        }
        for (link, moved) in (0..LINKS).zip(moved) {
            let used = flows.used(look, LinkId::new(link));
            prop_assert!((used - moved).abs() <= 1e-9 * moved, "used {used}, moved {moved}");
            prop_assert!(used <= 2.0 * look.as_seconds() * (1.0 + 1e-9), "beyond capacity");
        }
    }
}

#[test]
fn late_news_changes_nothing() {
    // Told of every completion, or only of the end: the same order and the same work.
    let run = |step: u64| {
        let mut flows = Flows::new();
        let link = flows.link(10.0);
        let hops = [Hop { link, weight: 1.0 }];
        for tag in 0..5 {
            let size = f64::from(tag + 1);
            let demand = Demand { hops: &hops, size, limit: f64::INFINITY, share: 1.0 };
            flows.start(Time::ZERO, demand, tag);
        }
        let mut done = Vec::new();
        for now in (0..=3_000).step_by(step as usize) {
            flows.advance(Time::from_ms(now), &mut done);
        }
        (done, flows.used(Time::from_ms(3_000), link))
    };
    assert_eq!(run(1).0, run(3_000).0);
    assert!((run(1).1 - 15.0).abs() < 1e-12 && (run(3_000).1 - 15.0).abs() < 1e-12);
}

#[test]
fn flows_of_one_instant_are_complete_in_the_order_of_starting() {
    let mut flows = Flows::new();
    let link = flows.link(1.0);
    let hops = [Hop { link, weight: 1.0 }];
    let demand = Demand { hops: &hops, size: 1.0, limit: f64::INFINITY, share: 1.0 };
    // Slots that were used before must not decide the order.
    let early: Vec<_> = (0..8).map(|tag| flows.start(Time::ZERO, demand, tag)).collect();
    early.into_iter().for_each(|flow| _ = flows.stop(Time::ZERO, flow));
    (100..108).for_each(|tag| _ = flows.start(Time::ZERO, demand, tag));
    let mut done = Vec::new();
    flows.advance(Time::from_ms(8_001), &mut done);
    assert_eq!(done, (100..108).collect::<Vec<_>>());
}

/// A flow that is cut into equal flows of an equal part of its share ends when it did, whoever
/// else is there.
#[test]
fn a_bundle_ends_when_the_whole_flow_did() {
    let end = |parts: u32| {
        let mut flows = Flows::new();
        let links: Vec<LinkId> = [10.0, 7.0, 4.0].into_iter().map(|c| flows.link(c)).collect();
        let hops = |which: &[usize]| -> Vec<Hop> {
            which.iter().map(|&link| Hop { link: links[link], weight: 1.0 }).collect()
        };
        for (which, size) in [(&[0][..], 60.0), (&[0, 1], 45.0), (&[2], 20.0)] {
            let (hops, limit) = (hops(which), f64::INFINITY);
            flows.start(Time::ZERO, Demand { hops: &hops, size, limit, share: 1.0 }, u32::MAX);
        }
        let (n, hops) = (f64::from(parts), hops(&[0, 1, 2]));
        for part in 0..parts {
            let demand = Demand { hops: &hops, size: 80.0 / n, limit: 3.0 / n, share: 1.0 / n };
            flows.start(Time::ZERO, demand, part);
        }
        let (mut done, mut last) = (Vec::new(), Time::ZERO);
        while flows.next() < Time::MAX {
            let now = flows.next();
            flows.advance(now, &mut done);
            if done.drain(..).any(|tag| tag < parts) {
                last = now;
            }
        }
        last
    };
    let whole = end(1);
    for parts in [2, 3, 8, 64] {
        let bundle = end(parts);
        assert!(
            (bundle.as_seconds() / whole.as_seconds() - 1.0).abs() < 1e-11,
            "{parts}: {bundle}"
        );
    }
}
