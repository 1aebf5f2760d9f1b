//! Max-min sharing: the conditions that define it, and the two solvers against each other.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::RngExt;
use sim::share::{Claim, solve};
use sim::{Demand, FlowId, Flows, Hop, LinkId, Seed, Time};

use crate::plain;

/// A flow of a random system.
#[derive(Clone, Debug)]
struct Wish {
    hops: Vec<Hop>,
    size: f64,
    limit: f64,
    share: f64,
}

impl Wish {
    fn claim(&self) -> Claim<'_> {
        Claim { hops: &self.hops, limit: self.limit, share: self.share }
    }

    fn demand(&self) -> Demand<'_> {
        Demand { hops: &self.hops, size: self.size, limit: self.limit, share: self.share }
    }
}

const LINKS: u32 = 10;

/// Small integers, so that levels often tie, and any real numbers.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![(1..5u32).prop_map(f64::from), 0.1..10.0]
}

fn capacities() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(amount(), LINKS as usize)
}

fn wish() -> impl Strategy<Value = Wish> {
    let weight = prop_oneof![4 => Just(1.0), 2 => amount(), 1 => Just(0.0)];
    let hop = (0..LINKS, weight).prop_map(|(link, weight)| Hop { link: LinkId::new(link), weight });
    let limit = prop_oneof![3 => Just(f64::INFINITY), 2 => amount(), 1 => Just(0.0)];
    let share = prop_oneof![2 => Just(1.0), 1 => amount()];
    (prop::collection::vec(hop, 0..5), amount(), limit, share).prop_map(
        |(hops, size, limit, share)| {
            let free = hops.iter().all(|hop| hop.weight == 0.0);
            let limit = if free { f64::min(limit, 1.0) } else { limit };
            Wish { hops, size, limit, share }
        },
    )
}

/// What the flows use of each link together.
fn loads(capacities: &[f64], wishes: &[Wish], rates: &[f64]) -> Vec<f64> {
    let mut loads = vec![0.0; capacities.len()];
    for (wish, rate) in wishes.iter().zip(rates) {
        wish.hops.iter().for_each(|hop| loads[hop.link.index()] += hop.weight * rate);
    }
    loads
}

/// Asserts the conditions of max-min fairness. The tolerance is for the sums of this check; the
/// solvers have none.
fn check_conditions(capacities: &[f64], wishes: &[Wish], rates: &[f64]) {
    const NEARLY: f64 = 1e-9;
    let loads = loads(capacities, wishes, rates);
    for (load, capacity) in loads.iter().zip(capacities) {
        assert!(*load <= capacity * (1.0 + NEARLY), "a link carries {load} of {capacity}");
    }
    let level = |i: usize| rates[i] / wishes[i].share;
    for (i, wish) in wishes.iter().enumerate() {
        assert!(rates[i] <= wish.limit, "a flow exceeds its limit");
        let is_bottleneck = |hop: &Hop| {
            let link = hop.link.index();
            let crosses = |other: &Wish| {
                other.hops.iter().any(|other| other.link == hop.link && other.weight > 0.0)
            };
            hop.weight > 0.0
                && loads[link] >= capacities[link] * (1.0 - NEARLY)
                && (0..wishes.len())
                    .filter(|&j| crosses(&wishes[j]))
                    .all(|j| level(j) <= level(i) * (1.0 + NEARLY))
        };
        let held = rates[i] == wish.limit || wish.hops.iter().any(is_bottleneck);
        assert!(held, "flow {i} at {} could go faster", rates[i]);
    }
}

/// What happens to a system.
#[derive(Clone, Debug)]
enum Step {
    Start(Wish),
    /// Gives a live flow a new limit.
    Limit(prop::sample::Index, f64),
    Stop(prop::sample::Index),
    /// Gives a link another capacity, or none.
    Capacity(u32, f64),
    /// Lets so many milliseconds pass.
    Pass(u64),
    /// Lets time pass to the next completion.
    Next,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => wish().prop_map(Step::Start),
        2 => (any::<prop::sample::Index>(), amount()).prop_map(|(i, x)| Step::Limit(i, x)),
        1 => any::<prop::sample::Index>().prop_map(Step::Stop),
        2 => (0..LINKS, prop_oneof![4 => amount(), 1 => Just(0.0)])
            .prop_map(|(link, capacity)| Step::Capacity(link, capacity)),
        2 => (1..2000u64).prop_map(Step::Pass),
        2 => Just(Step::Next),
    ]
}

/// Flows, and a plain list of those that are live.
struct Twins {
    capacities: Vec<f64>,
    flows: Flows<usize>,
    live: Vec<(usize, FlowId, Wish)>,
    now: Time,
    /// Where live flows are held back, by what `changes` says of them.
    heard: BTreeMap<usize, Option<LinkId>>,
}

impl Twins {
    fn new(capacities: Vec<f64>, flows: Flows<usize>) -> Twins {
        Twins { capacities, flows, live: Vec::new(), now: Time::ZERO, heard: BTreeMap::new() }
    }

    fn apply(&mut self, step: Step, tag: usize) {
        match step {
            Step::Start(wish) => {
                let id = self.flows.start(self.now, wish.demand(), tag);
                self.live.push((tag, id, wish));
            }
            Step::Limit(index, limit) if !self.live.is_empty() => {
                let (_, id, wish) = index.get(&self.live).clone();
                self.flows.limit(self.now, id, limit);
                let same = self.live.iter_mut().find(|(_, other, _)| *other == id);
                same.unwrap().2 = Wish { limit, ..wish };
            }
            Step::Stop(index) if !self.live.is_empty() => {
                let (tag, id, _) = self.live.remove(index.index(self.live.len()));
                assert_eq!(self.flows.stop(self.now, id), Some(tag));
                assert_eq!(self.flows.stop(self.now, id), None, "it is gone");
            }
            Step::Limit(..) | Step::Stop(_) => {}
            Step::Capacity(link, capacity) => {
                self.flows.capacity(self.now, LinkId::new(link), capacity);
                self.capacities[link as usize] = capacity;
            }
            Step::Pass(ms) => self.advance(self.now + Time::from_ms(ms)),
            Step::Next => {
                let next = self.flows.next();
                if next < Time::MAX {
                    let before = self.live.len();
                    self.advance(next);
                    assert!(self.live.len() < before, "nothing was complete at {next}");
                }
            }
        }
    }

    fn advance(&mut self, now: Time) {
        let mut done = Vec::new();
        self.flows.advance(now, &mut done);
        self.live.retain(|(tag, ..)| !done.contains(tag));
        self.now = now;
        assert_eq!(self.flows.len(), self.live.len());
    }

    /// Asserts that all rates are what a solution from scratch gives.
    fn check(&mut self) {
        let claims: Vec<Claim<'_>> = self.live.iter().map(|(.., wish)| wish.claim()).collect();
        let expected = plain::solve(&self.capacities, &claims);
        for change in self.flows.changes() {
            self.heard.insert(change.tag, change.bottleneck);
        }
        let rates: Vec<f64> = self.live.iter().map(|(_, id, _)| self.flows.rate(*id)).collect();
        let wishes: Vec<Wish> = self.live.iter().map(|(.., wish)| wish.clone()).collect();
        let loads = loads(&self.capacities, &wishes, &rates);
        for (((tag, _, wish), expected), found) in self.live.iter().zip(expected).zip(rates) {
            assert!((found - expected).abs() <= 1e-12 * expected, "{found} {expected} {wish:?}");
            match self.heard.get(tag).expect("a new flow is told of") {
                None => assert_eq!(found, wish.limit, "its own limit holds it back"),
                Some(link) => {
                    let at = link.index();
                    assert!(wish.hops.iter().any(|hop| hop.link == *link), "it crosses the link");
                    assert!(loads[at] >= self.capacities[at] * (1.0 - 1e-9), "the link is full");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_static_solution_meets_the_conditions(
        capacities in capacities(),
        wishes in prop::collection::vec(wish(), 0..40),
    ) {
        let claims: Vec<Claim<'_>> = wishes.iter().map(Wish::claim).collect();
        let rates = solve(&capacities, &claims);
        check_conditions(&capacities, &wishes, &rates);
        for (found, expected) in rates.iter().zip(plain::solve(&capacities, &claims)) {
            prop_assert!((found - expected).abs() <= 1e-12 * expected, "{} {}", found, expected);
        }
    }

    #[test]
    fn the_incremental_solution_is_the_static_one(
        capacities in capacities(),
        steps in prop::collection::vec(step(), 1..80),
        often in any::<bool>(),
    ) {
        let mut flows = Flows::new();
        capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
        flows.watch();
        let mut twins = Twins::new(capacities, flows);
        for (tag, step) in steps.into_iter().enumerate() {
            twins.apply(step, tag);
            // Rates are asked for after each change, or after many changes at one instant.
            if often || tag % 7 == 0 {
                twins.check();
            }
        }
        twins.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Many flows that start at one instant are solved from nothing, and what happens then is not:
    /// neither depends on the order in which they started.
    #[test]
    fn many_flows_at_once_get_the_static_solution_in_any_order(
        capacities in capacities(),
        wishes in prop::collection::vec(wish(), 20..60),
        steps in prop::collection::vec(step(), 0..20),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut rates = Vec::new();
        for turned in [false, true] {
            let mut flows = Flows::new();
            capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
            flows.watch();
            let mut twins = Twins::new(capacities.clone(), flows);
            let mut order: Vec<usize> = (0..wishes.len()).collect();
            if turned {
                order.reverse();
                order.rotate_left(turn.index(wishes.len()));
            }
            for &tag in &order {
                twins.apply(Step::Start(wishes[tag].clone()), tag);
            }
            twins.check();
            let flows = &mut twins.flows;
            let mut found: Vec<(usize, f64)> =
                twins.live.iter().map(|(tag, id, _)| (*tag, flows.rate(*id))).collect();
            found.sort_by_key(|(tag, _)| *tag);
            rates.push(found);
            for (at, step) in steps.iter().enumerate() {
                twins.apply(step.clone(), wishes.len() + at);
                twins.check();
            }
        }
        for ((_, there), (_, back)) in rates[0].iter().zip(&rates[1]) {
            prop_assert!((there - back).abs() <= 1e-12 * there, "{} {}", there, back);
        }
    }
}

/// Random systems are small; this one is large enough for changes to travel far.
#[test]
fn a_mesh_of_many_flows_stays_at_the_static_solution() {
    let mut stream = Seed::new(5).stream("mesh");
    let capacities: Vec<f64> = (0..60).map(|_| stream.random_range(1.0..4.0)).collect();
    let mut flows = Flows::new();
    capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
    flows.watch();
    let mut twins = Twins::new(capacities, flows);
    for tag in 0..2_000 {
        let hops: Vec<u32> = (0..4).map(|_| stream.random_range(0..60)).collect();
        let limit = if tag % 5 == 0 { 0.1 } else { f64::INFINITY };
        let size = stream.random_range(0.5..1.5);
        twins.apply(Step::Start(Wish { hops: over(&hops), size, limit, share: 1.0 }), tag);
        if twins.live.len() > 150 {
            twins.apply(Step::Next, tag);
        }
        twins.check();
    }
}

/// Many flows at few links, over few ways: each link holds back many that are alike, and now and
/// then one that is not.
#[test]
fn flows_that_go_the_same_ways_stay_at_the_static_solution() {
    let mut stream = Seed::new(6).stream("ways");
    let capacities: Vec<f64> = (0..12).map(|_| stream.random_range(1.0..4.0)).collect();
    let ways: Vec<Vec<u32>> =
        (0..15).map(|_| (0..3).map(|_| stream.random_range(0..12)).collect()).collect();
    let mut flows = Flows::new();
    capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
    flows.watch();
    let mut twins = Twins::new(capacities, flows);
    for tag in 0..2_000 {
        let mut hops = over(&ways[stream.random_range(0..ways.len())]);
        let share = if tag % 13 == 0 { 2.0 } else { 1.0 };
        if tag % 17 == 0 {
            hops[0].weight = 1.5;
        }
        let size = stream.random_range(0.5..1.5);
        let wish = Wish { hops, size, limit: f64::INFINITY, share };
        twins.apply(Step::Start(wish), tag);
        if twins.live.len() > 120 {
            twins.apply(Step::Next, tag);
        }
        twins.check();
    }
}

/// Hops of weight one.
fn over(links: &[u32]) -> Vec<Hop> {
    links.iter().map(|&link| Hop { link: LinkId::new(link), weight: 1.0 }).collect()
}

/// Why, the capacities, the flows, and the rates that they get.
type Case<'a> = (&'a str, &'a [f64], Vec<Wish>, &'a [f64]);

#[test]
fn shares_weights_and_limits_mean_what_they_say() {
    let free = |hops: Vec<Hop>| Wish { hops, size: 1.0, limit: f64::INFINITY, share: 1.0 };
    let weight = |weight| vec![Hop { link: LinkId::new(0), weight }];
    let cases: [Case<'_>; 6] = [
        ("equal flows share equally", &[6.0], vec![free(over(&[0])); 3], &[2.0, 2.0, 2.0]),
        (
            "twice the share is twice the rate",
            &[6.0],
            vec![free(over(&[0])), Wish { share: 2.0, ..free(over(&[0])) }],
            &[2.0, 4.0],
        ),
        (
            "weights are paid for, rates are equal",
            &[6.0],
            vec![free(weight(1.0)), free(weight(2.0))],
            &[2.0, 2.0],
        ),
        (
            "what a limit leaves goes to the others",
            &[6.0],
            vec![Wish { limit: 1.0, ..free(over(&[0])) }, free(over(&[0]))],
            &[1.0, 5.0],
        ),
        ("a link crossed twice counts twice", &[6.0], vec![free(over(&[0, 0]))], &[3.0]),
        (
            "the parking lot: the long flow gets the least share",
            &[4.0, 6.0],
            vec![free(over(&[0, 1])), free(over(&[0])), free(over(&[1]))],
            &[2.0, 2.0, 4.0],
        ),
    ];
    for (why, capacities, wishes, expected) in cases {
        let claims: Vec<Claim<'_>> = wishes.iter().map(Wish::claim).collect();
        assert_eq!(solve(capacities, &claims), expected, "{why}");
        let mut flows = Flows::new();
        capacities.iter().for_each(|&capacity| _ = flows.link(capacity));
        let ids: Vec<FlowId> =
            wishes.iter().map(|wish| flows.start(Time::ZERO, wish.demand(), ())).collect();
        let rates: Vec<f64> = ids.into_iter().map(|id| flows.rate(id)).collect();
        assert_eq!(rates, expected, "{why}");
    }
}

#[test]
#[should_panic(expected = "must weigh on a link")]
fn a_flow_that_nothing_bounds_is_refused() {
    let demand = Demand { hops: &[], size: 1.0, limit: f64::INFINITY, share: 1.0 };
    Flows::new().start(Time::ZERO, demand, ());
}
