//! Serving against closed forms: steps, queues in front of hops, handovers, scaling, conservation.

use models::function::{Duration, Queue, Scaling};
use models::serving::startup::{Stage, Start};
use models::serving::{
    Asked, Balance, Batching, Cache, Handover, Hop, Lived, Overlap, Pool, Rates, Role, Scene,
    Shape, Source, Steps, Story, Way, When, live,
};
use proptest::prelude::*;
use sim::{Dist, Seed, Time};

const CACHE: Cache =
    Cache { layers: 10, shape: Shape::Heads { heads: 8, size: 64 }, number_bytes: 2.0, block: 16 };

fn constant(value: f64) -> Dist {
    Dist::Constant { value }
}

fn asked(prompt: f64, answer: f64) -> Asked {
    Asked { prompt: constant(prompt), answer: constant(answer), cached: 0.0, body: 0.0 }
}

fn source(when: When, count: u32, asked: Asked) -> Source {
    Source { when, asked, count, span: (Time::ZERO, Time::MAX) }
}

fn scene(pools: Vec<Pool>, sources: Vec<Source>) -> Scene {
    Scene { cache: CACHE, hops: Vec::new(), pools, handover: None, sources }
}

fn lived(scene: &Scene, rate: f64) -> Lived {
    live(scene, &mut Rates::new(rate), Seed::new(7), Time::MAX).unwrap()
}

fn steps() -> Steps {
    Steps { prefill: 0.02, token: 2e-5, pair: 0.0, decode: 0.006, sequence: 1e-4, kept: 1e-8 }
}

fn mean(stories: &[Story], of: impl Fn(&Story) -> f64) -> f64 {
    stories.iter().map(of).sum::<f64>() / stories.len() as f64
}

fn near(a: f64, b: f64, part: f64) {
    assert!((a - b).abs() <= part * b.abs(), "{a} is not {b}");
}

/// One request: a step for its prompt, then one step for each further token, whose keys and values
/// grow by one a step.
#[test]
fn a_request_alone_takes_the_sum_of_its_steps() {
    let pool = Pool { steps: steps(), ..Pool::new("all", Role::Both) };
    let own = scene(vec![pool], vec![source(When::Users(1), 3, asked(1000.0, 101.0))]);
    let lived = lived(&own, 1.0);
    for story in &lived.stories {
        near(story.ttft(), 0.02 + 1000.0 * 2e-5, 1e-9);
        let kept: f64 = (0..100).map(|step| 1001.0 + f64::from(step)).sum::<f64>() * 1e-8;
        near((story.ended - story.first).as_seconds(), 100.0 * (0.006 + 1e-4) + kept, 1e-6);
    }
    near(lived.stories[1].sent.as_seconds(), lived.stories[0].ended.as_seconds(), 1e-12);
}

/// A prompt that is longer than a step takes several, each with its fixed part.
#[test]
fn prompts_are_computed_in_chunks() {
    let batching = Batching::Continuous { tokens: 400 };
    let pool = Pool { steps: steps(), batching, ..Pool::new("all", Role::Both) };
    let own = scene(vec![pool], vec![source(When::Users(1), 1, asked(1000.0, 1.0))]);
    near(lived(&own, 1.0).stories[0].ttft(), 3.0 * 0.02 + 1000.0 * 2e-5, 1e-9);
}

/// Behind a hop of one server, users in a closed loop wait for each other: the time is their number
/// times that of the hop.
#[test]
fn a_closed_loop_waits_for_a_hop() {
    let hop = Hop {
        name: "picker".into(),
        way: Way::Request,
        time: Duration::Nothing,
        every: None,
        byte: 1.0 / 28.6e6,
        servers: Some(1),
        cpu: None,
    };
    let body = Asked { body: 220e3, ..asked(1.0, 1.0) };
    let mut own =
        scene(vec![Pool::new("instant", Role::Both)], vec![source(When::Users(60), 6000, body)]);
    own.hops.push(hop);
    let stories = lived(&own, 1.0).stories;
    near(mean(&stories[1000..], Story::ttft), 60.0 * 220e3 / 28.6e6, 0.001);
}

/// A timer that begins with the request lets its first token pass at the next multiple.
#[test]
fn a_timer_holds_answers() {
    let every = Some(Time::from_ms(50));
    let hop = |time| {
        let (name, way) = ("batcher".into(), Way::Answer);
        Hop { name, way, time, every, byte: 0.0, servers: None, cpu: None }
    };
    for (prefill, first) in [(0.0169, 0.05), (0.035, 0.05), (0.0841, 0.1)] {
        let steps = Steps { prefill, ..Steps::default() };
        let pool = Pool { steps, ..Pool::new("engine", Role::Both) };
        let mut own = scene(vec![pool], vec![source(When::Users(1), 3, asked(1.0, 1.0))]);
        own.hops.push(hop(Duration::Nothing));
        near(lived(&own, 1.0).stories[2].ttft(), first, 1e-9);
    }
}

/// M/M/1: a hop with exponential times, and Poisson arrivals.
#[test]
fn a_hop_is_a_queue() {
    let time = Duration::Dist(Dist::Exponential { mean: 0.008 });
    let (name, way, every) = ("proxy".into(), Way::Request, None);
    let hop = Hop { name, way, time, every, byte: 0.0, servers: Some(1), cpu: None };
    let arrivals = source(When::Poisson(75.0), 200_000, asked(1.0, 1.0));
    let mut own = scene(vec![Pool::new("instant", Role::Both)], vec![arrivals]);
    own.hops.push(hop);
    let stories = lived(&own, 1.0).stories;
    near(mean(&stories, Story::ttft), 1.0 / (125.0 - 75.0), 0.05);
}

fn handover(connections: Option<u32>, overlap: Overlap) -> Handover {
    Handover {
        overlap,
        start: Duration::Nothing,
        piece: 0.0,
        cuts: 1.0,
        connections,
        first: 0.0,
        again: false,
        copies: 1.0,
    }
}

fn split(users: u32, count: u32, own: Handover) -> Scene {
    let prefill = Pool { steps: steps(), ..Pool::new("prefill", Role::Prefill) };
    let decode = Pool { steps: steps(), ..Pool::new("decode", Role::Decode) };
    let sources = vec![source(When::Users(users), count, asked(1000.0, 2.0))];
    Scene { handover: Some(own), ..scene(vec![prefill, decode], sources) }
}

/// Handovers one after the other: the time to the first token is as many transfers as there are
/// users.
#[test]
fn serial_handovers_queue() {
    let bytes = 1000.0 * CACHE.token_bytes();
    let own = split(8, 400, handover(Some(1), Overlap::Whole));
    let lived = lived(&own, bytes / 4.0);
    near(mean(&lived.stories[40..], Story::ttft), 8.0 * 4.0, 0.01);
    assert_eq!(lived.in_flight, 1);
}

#[test]
fn a_handover_is_a_start_and_pieces_beside_bytes() {
    let bytes = 1000.0 * CACHE.token_bytes();
    let time = |own: Handover, rate| lived(&split(1, 1, own), rate).stories[0].ttft();
    let start = Duration::Dist(constant(0.1));
    let plain = Handover { start, ..handover(None, Overlap::Whole) };
    let prefill = 0.02 + 1000.0 * 2e-5;
    near(time(plain.clone(), bytes / 0.5), prefill + 0.1 + 0.5, 1e-9);
    // 63 blocks of 16 tokens, 10 layers, keys and values: posting them takes longer than the bytes.
    let pieces = Handover { piece: 1e-3, ..plain.clone() };
    near(time(pieces, bytes / 0.5), prefill + 0.1 + 1.26, 1e-9);
    let first = Handover { first: 3.0, ..plain.clone() };
    near(time(first, bytes / 0.5), prefill + 3.1 + 0.5, 1e-9);
    // The decoding replica computes the first token again: one step with a sequence.
    let again = Handover { again: true, ..plain };
    near(time(again, bytes / 0.5), prefill + 0.6 + 0.006 + 1e-4 + 1000.0 * 1e-8, 1e-6);
}

/// Layers leave when they are computed: what takes less than the prefill is hidden, but for the
/// last one.
#[test]
fn layers_leave_beside_the_prefill() {
    let bytes = 1000.0 * CACHE.token_bytes();
    let prefill = 0.02 + 1000.0 * 2e-5;
    let time = |rate| {
        lived(&split(1, 1, handover(None, Overlap::Layers)), rate).stories[0].ttft() - prefill
    };
    assert!(time(bytes / 0.01) < 0.005, "hidden but for a tail");
    near(time(bytes / 0.5), 0.5 - prefill * 0.9, 1e-6);
}

/// A decoding replica with room for two sequences has two handovers and sequences at most.
#[test]
fn room_bounds_what_is_under_way() {
    let mut own = split(16, 64, handover(None, Overlap::Whole));
    own.pools[1].room = Some(2 * 1002);
    let lived = lived(&own, 1000.0 * CACHE.token_bytes() / 2.0);
    assert_eq!(lived.in_flight, 2);
    assert!(lived.stories.iter().all(Story::is_answered));
}

/// Batches of eight: whoever comes first waits for the eighth, or as long as it has to.
#[test]
fn fixed_batches_gather() {
    let ms = Time::from_ms;
    let of = |every: u64, wait: u64| {
        let batching = Batching::Fixed { size: 8, wait: ms(wait) };
        let steps = Steps { prefill: 0.004, token: 0.001, ..Steps::default() };
        let pool = Pool { steps, batching, ..Pool::new("triton", Role::Both) };
        let own = scene(vec![pool], vec![source(When::Every(ms(every)), 80, asked(1.0, 1.0))]);
        lived(&own, 1.0).stories
    };
    let full = of(1, 1000);
    near(full[0].ttft(), 0.007 + 0.012, 1e-9);
    near(full[7].ttft(), 0.012, 1e-9);
    let slow = of(100, 5);
    near(slow[0].ttft(), 0.005 + 0.005, 1e-9);
}

/// A pool that starts cold: everybody waits for the start.
#[test]
fn a_cold_pool_starts_first() {
    let stage =
        |value| Stage::of_time(format!("s{value}"), Duration::Dist(constant(value)), vec![]);
    let start = Start { stages: vec![stage(3.0), stage(40.0)] };
    let pool = Pool { steps: steps(), cold: true, start, ..Pool::new("all", Role::Both) };
    let own = scene(vec![pool], vec![source(When::Users(1), 1, asked(1000.0, 1.0))]);
    let lived = lived(&own, 1.0);
    near(lived.stories[0].ttft(), 40.0 + 0.04, 1e-9);
    assert_eq!(lived.starts.len(), 1);
}

/// One request a replica at a time, twenty a second for ten minutes, ten seconds of work each: with
/// one replica the queue grows; scaling by queue ends it when the replicas are there.
#[test]
fn a_pool_scales_with_its_queue() {
    let steps = Steps { prefill: 0.5, ..Steps::default() };
    let of = |most: u32| {
        let start =
            Start { stages: vec![Stage::of_time("all", Duration::Dist(constant(100.0)), vec![])] };
        let scaling = (most > 1).then(|| {
            Scaling::Queue(Queue {
                threshold: 1.0,
                polling: Time::from_ms(5000),
                ..Queue::default()
            })
        });
        let (balance, sequences) = (Balance::Shared, 1);
        let pool = Pool {
            steps,
            start,
            scaling,
            most,
            balance,
            sequences,
            ..Pool::new("all", Role::Both)
        };
        let arrivals = source(When::Every(Time::from_ms(100)), 6000, asked(1.0, 1.0));
        let lived = lived(&scene(vec![pool], vec![arrivals]), 1.0);
        let mut all: Vec<f64> = lived.stories.iter().map(Story::ttft).collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() * 99 / 100], lived.replicas[0])
    };
    let (alone, one) = of(1);
    near(one, 1.0, 1e-9);
    // 6000 × 0.5 s of work end 3000 s after the first, the last of which came at 600 s.
    near(alone, 0.99 * 2400.0, 0.01);
    let (scaled, many) = of(10);
    assert!(many > 5.0 && many < 10.0, "{many}");
    // Until replicas are there, 100 s × 8 a second pile up, and they work off 10 a second more.
    assert!(scaled > 60.0 && scaled < 130.0, "{scaled}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every request ends, in order of its times, and the same whatever the room of a step is
    /// cut into series of steps: requests that come between cut them short.
    #[test]
    fn requests_are_conserved(
        users in 1u32..20,
        count in 1u32..60,
        prompt in 1.0f64..3000.0,
        answer in 1.0f64..80.0,
        split_up in any::<bool>(),
        sequences in 1u32..12,
        replicas in 1u32..3,
        rate in 1e6f64..1e10,
    ) {
        let prompt = Dist::Uniform { low: 1.0, high: prompt + 1.0 };
        let answer = Dist::Exponential { mean: answer };
        let asked = Asked { prompt, answer, cached: 0.3, body: 0.0 };
        let of = |name: &str, role| Pool {
            steps: steps(),
            sequences,
            least: replicas,
            most: replicas,
            ..Pool::new(name, role)
        };
        let pools = match split_up {
            true => vec![of("prefill", Role::Prefill), of("decode", Role::Decode)],
            false => vec![of("all", Role::Both)],
        };
        let sources = vec![
            source(When::Users(users), count, asked.clone()),
            source(When::Poisson(3.0), count, asked),
        ];
        let two = || Handover { again: true, ..handover(Some(2), Overlap::Whole) };
        let handover = split_up.then(two);
        let own = Scene { handover, ..scene(pools, sources) };
        let first = lived(&own, rate);
        prop_assert_eq!(first.stories.len() as u32, 2 * count);
        for story in &first.stories {
            prop_assert!(story.is_answered());
            let times = [
                story.sent, story.arrived, story.begun, story.prefilled, story.handed, story.first,
                story.ended,
            ];
            prop_assert!(times.windows(2).all(|two| two[0] <= two[1]), "{:?}", story);
        }
        let again = lived(&own, rate);
        prop_assert_eq!(first.stories, again.stories);
    }
}
