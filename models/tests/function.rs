//! Functions on pods against queueing theory, and what holds of every scene.

use models::function::{
    Call, Concurrency, Cost, Duration, End, Function, Keep, Lived, Queue, Scaling, Scene, Stage,
    Still, Story, live,
};
use proptest::prelude::*;
use sim::{Bytes, Dist, Seed, Time};

fn exponential(mean: f64) -> Duration {
    Duration::Dist(Dist::Exponential { mean })
}

fn constant(value: f64) -> Duration {
    Duration::Dist(Dist::Constant { value })
}

const fn seconds(n: u64) -> Time {
    Time::from_ms(1_000 * n)
}

fn call(arrives: Time) -> Call {
    Call { arrives, function: 0, load: None, work: None }
}

/// So many calls of the first function, independently of each other.
fn poisson(rate: f64, count: u64) -> Vec<Call> {
    let gaps = Dist::Exponential { mean: 1.0 / rate };
    let mut stream = Seed::new(9).stream("arrivals");
    let mut now = 0.0;
    let next = |_| {
        now += gaps.sample(&mut stream);
        call(Time::from_seconds(now))
    };
    (0..count).map(next).collect()
}

/// One GPU, and a function with exponential work of 1 s that starts within `start`.
fn server(start: Duration, keep: Keep) -> Scene {
    let mut function = Function::new("f");
    function.work = exponential(1.0);
    function.starts[Stage::Context as usize] = Cost::Time(start);
    function.keep = keep;
    Scene { functions: vec![function], ..Scene::pool(1, 1) }
}

fn run(scene: &Scene) -> Lived {
    live(scene, &mut Still, Seed::new(5), (Time::MAX, false))
}

fn mean(lived: &Lived, of: impl Fn(&Story) -> f64) -> f64 {
    lived.stories.iter().map(of).sum::<f64>() / lived.stories.len() as f64
}

fn response(lived: &Lived) -> f64 {
    mean(lived, |story| story.latency().as_seconds())
}

fn cold(lived: &Lived) -> f64 {
    mean(lived, |story| f64::from(u8::from(story.cold)))
}

/// Within so many parts of a whole.
fn near(found: f64, expected: f64, part: f64, what: &str) {
    let off = (found / expected - 1.0).abs();
    assert!(off <= part, "{what}: expected {expected}, found {found}");
}

/// M/M/1: a mean response of 1 ÷ (μ − λ).
#[test]
fn a_warm_instance_is_a_queue() {
    for rate in [0.3, 0.6, 0.8] {
        let scene =
            Scene { calls: poisson(rate, 200_000), ..server(Duration::Nothing, Keep::Forever) };
        near(response(&run(&scene)), 1.0 / (1.0 - rate), 0.05, "M/M/1");
    }
}

/// Scale to zero: with the first call after each idle time the server is set up. The mean response
/// is that of the queue and (2 E\[S\] + λ E\[S²\]) ÷ 2 (1 + λ E\[S\]) besides (P. D. Welch, "On a
/// generalized M/G/1 queuing process in which the first customer of each busy period receives
/// exceptional service", Operations Research 12, 1964). For an exponential set-up that is its mean,
/// as with vacations. One that is kept for T after its last call is set up in e^(−λT) of all cases.
#[test]
fn an_instance_that_leaves_is_a_queue_with_set_ups() {
    let rate = 0.5;
    for (keep, set_up) in [(0.0, 2.0), (0.0, 0.5), (1.5, 2.0), (3.0, 8.0)] {
        for (dist, second) in
            [(exponential(set_up), 2.0 * set_up * set_up), (constant(set_up), set_up * set_up)]
        {
            let keep_for = Keep::For(Time::from_seconds(keep));
            let scene = Scene { calls: poisson(rate, 300_000), ..server(dist, keep_for) };
            let lived = run(&scene);
            let off = libm::exp(-rate * keep);
            let extra =
                (2.0 * off * set_up + rate * off * second) / (2.0 * (1.0 + rate * off * set_up));
            let expected = 1.0 / (1.0 - rate) + extra;
            near(response(&lived), expected, 0.03, &format!("keep {keep} s, set-up {set_up} s"));
            // Of the busy periods, so many begin with a set-up; their first call is the cold one.
            let begin = (1.0 - rate) / (1.0 + rate * off * set_up);
            near(cold(&lived), begin * off, 0.04, "cold");
        }
    }
}

/// An instance that works on any number of calls is empty for e^(−a) of the time, and was so for
/// longer than its keep-alive in e^(−λT) of that (M/G/∞, and arrivals see time averages).
#[test]
fn cold_calls_of_one_instance_are_those_after_long_gaps() {
    for (rate, keep) in [(0.5, 1.0), (0.2, 5.0), (1.0, 0.5)] {
        let mut scene = server(constant(1e-9), Keep::For(Time::from_seconds(keep)));
        scene.functions[0].concurrency = u32::MAX;
        scene.gpus[0].calls = u32::MAX;
        scene.calls = poisson(rate, 200_000);
        near(cold(&run(&scene)), libm::exp(-rate - rate * keep), 0.03, "cold");
    }
}

/// Models that a GPU swaps are a cache, and keep-alive by room is LRU (A. Fuerst, P. Sharma,
/// "FaasCache", ASPLOS 2021). A call is cold if its model was not called for as long as the others
/// need to fill the memory: that time makes the expected number of models that are there the number
/// that fits (H. Che, Y. Tung, Z. Wang, "Hierarchical Web caching systems", IEEE JSAC 20, 2002).
#[test]
fn swapped_models_are_a_cache() {
    let (models, room, count) = (40u32, 12u32, 100_000);
    let mut scene = Scene::pool(1, room);
    scene.gpus[0].calls = u32::MAX;
    let total: f64 = (1..=models).map(|at| 1.0 / f64::from(at)).sum();
    let rates: Vec<f64> = (1..=models).map(|at| 1.0 / f64::from(at) / total).collect();
    for at in 0..models {
        let mut own = Function::new(format!("f{at}"));
        own.starts[Stage::Gpu as usize] = Cost::Time(constant(1e-9));
        own.concurrency = u32::MAX;
        scene.functions.push(own);
    }
    let pick = Seed::new(4).of("which");
    scene.calls = poisson(1.0, count);
    for (number, call) in (0..).zip(&mut scene.calls) {
        let mut left = pick.unit(number);
        let at = rates.iter().position(|rate| {
            left -= rate;
            left < 0.0
        });
        call.function = at.unwrap_or(0) as u32;
    }
    let there = |time: f64| rates.iter().map(|rate| 1.0 - libm::exp(-rate * time)).sum::<f64>();
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if there(middle) < f64::from(room) { low = middle } else { high = middle }
    }
    let expected: f64 = rates.iter().map(|rate| rate * libm::exp(-rate * low)).sum();
    near(cold(&run(&scene)), expected, 0.03, "LRU");
}

/// M/M/c: the mean wait is C(c, a) ÷ (c μ − λ), by Erlang.
#[test]
fn a_pool_of_warm_instances_is_a_queue_with_servers() {
    let (servers, rate) = (4u32, 3.0f64);
    let mut scene = server(Duration::Nothing, Keep::Forever);
    scene = Scene { functions: scene.functions, ..Scene::pool(servers, 1) };
    scene.calls = poisson(rate, 200_000);
    let blocked = (1..=servers).fold(1.0, |b, n| rate * b / (f64::from(n) + rate * b));
    let load = rate / f64::from(servers);
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    let waited = mean(&run(&scene), |story| story.waited().as_seconds());
    near(waited, waits / (f64::from(servers) - rate), 0.05, "M/M/c");
}

/// One instance for each call, where there is always room: M/G/∞, in which the mean number in work
/// is the load.
#[test]
fn the_number_of_instances_in_work_is_poisson() {
    let rate = 2.0;
    let mut scene = server(Duration::Nothing, Keep::For(Time::ZERO));
    scene = Scene { functions: scene.functions, ..Scene::pool(64, 1) };
    scene.calls = poisson(rate, 100_000);
    let lived = run(&scene);
    assert_eq!(lived.starts, 100_000, "each call has its own");
    let working = lived.account.occupied.working / lived.ended.as_seconds();
    near(working, rate, 0.02, "M/G/∞");
    near(response(&lived), 1.0, 0.02, "no wait");
}

#[test]
fn limits_end_calls_with_a_word() {
    let mut scene = server(constant(4.0), Keep::Forever);
    let function = &mut scene.functions[0];
    function.work = constant(3.0);
    function.limit = Some(Time::from_seconds(9.5));
    scene.calls = [0, 1, 2].map(|at| call(seconds(at))).to_vec();
    let ends = |scene: &Scene| -> Vec<(End, Time)> {
        run(scene).stories.iter().map(|story| (story.end, story.latency())).collect()
    };
    // Ready at 4; the first works until 7, the second until 10, the third would until 13.
    let expected = [(End::Answered, 7.0), (End::Answered, 9.0), (End::OverTime, 9.5)];
    assert_eq!(ends(&scene), expected.map(|(end, after)| (end, Time::from_seconds(after))));
    // One GiB of two is reached half-way; the instance is killed, and the next has to start again.
    scene.functions[0].limit = None;
    scene.functions[0].memory = Some((constant(2.0), 1.0));
    let expected = [5.5, 10.0, 14.5].map(|after| (End::OutOfMemory, Time::from_seconds(after)));
    assert_eq!(ends(&scene), expected);
}

#[test]
fn chains_end_with_their_last_function() {
    let mut scene = server(Duration::Nothing, Keep::Forever);
    scene.functions[0].work = constant(2.0);
    scene.functions[0].then = Some(1);
    let last = Function { work: constant(5.0), ..Function::new("g") };
    scene.functions.push(last);
    scene.calls = vec![call(seconds(1))];
    let lived = run(&scene);
    let told: Vec<_> = lived.stories.iter().map(|own| (own.root, own.arrived, own.ended)).collect();
    assert_eq!(told, [(0, seconds(1), seconds(3)), (0, seconds(3), seconds(8))]);
}

/// Three models of which a GPU holds two: the least recently used one leaves. With room in the
/// host's memory it comes back without its container's start.
#[test]
fn models_are_swapped() {
    let function = |name: &str| {
        let mut own = Function { work: constant(1.0), ..Function::new(name) };
        own.starts[Stage::Container as usize] = Cost::Time(constant(10.0));
        own.starts[Stage::Gpu as usize] = Cost::Time(constant(2.0));
        own
    };
    let mut scene =
        Scene { functions: ["a", "b", "c"].map(function).to_vec(), ..Scene::pool(1, 2) };
    let order = [0, 1, 0, 2, 0, 1];
    let calls = (0..).zip(order);
    scene.calls =
        calls.map(|(at, own)| Call { function: own, ..call(seconds(100 * at)) }).collect();
    let latencies =
        |scene: &Scene| -> Vec<Time> { run(scene).stories.iter().map(Story::latency).collect() };
    assert_eq!(latencies(&scene), [13, 13, 1, 13, 1, 13].map(seconds));
    scene.nodes[0].host_memory = Bytes::new(1);
    assert_eq!(latencies(&scene), [13, 13, 1, 13, 1, 3].map(seconds));
}

/// A call every half an hour is always cold with ten minutes of keep-alive. Its histogram soon
/// knows it, and has an instance there in time, which stays for minutes instead of hours.
#[test]
fn a_histogram_is_ahead_of_regular_calls() {
    let with = |keep| {
        let mut scene = server(constant(20.0), keep);
        scene.functions[0].work = constant(5.0);
        scene.calls = (0..100).map(|at| call(seconds(1800 * at))).collect();
        let lived = run(&scene);
        let occupied = lived.account.occupied;
        (cold(&lived), occupied.idle / occupied.total())
    };
    assert_eq!(with(Keep::For(seconds(600))).0, 1.0);
    let (always, idle) = with(Keep::For(seconds(4 * 3600)));
    assert!(always <= 0.01 && idle > 0.9, "{always} {idle}");
    let (told, idle) = with(Keep::Histogram);
    assert!(told <= 0.02 && idle < 0.3, "{told} {idle}");
}

fn scaled(scaling: Scaling, calls: Vec<Call>) -> Lived {
    let mut scene = server(constant(2.0), Keep::Forever);
    scene.functions[0].scaling = scaling;
    scene.functions[0].work = constant(1.0);
    let lived = run(&Scene { calls, functions: scene.functions, ..Scene::pool(32, 1) });
    assert!(lived.stories.iter().all(|story| story.end == End::Answered));
    lived
}

/// One call. Knative's activator starts an instance at once; its stable window of 60 s is empty at
/// the look at 64 s, and the last instance stays for 30 s more. KEDA's first poll is at 30 s, and
/// its last instance leaves with the poll 300 s later.
#[test]
fn scalers_by_hand() {
    let one = vec![call(Time::ZERO)];
    let concurrency = Concurrency { target: 1.0, ..Concurrency::default() };
    let lived = scaled(Scaling::Concurrency(concurrency), one.clone());
    assert_eq!((lived.stories[0].ended, lived.ended), (seconds(3), seconds(94)));
    let lived = scaled(Scaling::Queue(Queue { threshold: 1.0, ..Queue::default() }), one);
    assert_eq!((lived.stories[0].ended, lived.ended), (seconds(33), seconds(330)));
}

/// Four calls a second of a second each: what is started for them is not much more than they need.
#[test]
fn scalers_follow_the_load() {
    let concurrency = Concurrency { target: 0.7, ..Concurrency::default() };
    for (scaling, most) in [
        (Scaling::Concurrency(concurrency), 1.5),
        (Scaling::Queue(Queue { threshold: 1.0, ..Queue::default() }), 3.0),
    ] {
        let lived = scaled(scaling, poisson(4.0, 4_000));
        let occupied = lived.account.occupied;
        assert!(occupied.idle < most * occupied.working, "{scaling:?}: {occupied:?}");
        // After the first minutes nobody waits for long.
        let late: Vec<&Story> =
            lived.stories.iter().filter(|story| story.arrived > seconds(200)).collect();
        let waited: f64 = late.iter().map(|story| story.waited().as_seconds()).sum();
        assert!(waited / (late.len() as f64) < 1.0, "{scaling:?}: {waited}");
    }
}

fn scenes() -> impl Strategy<Value = Scene> {
    let keep = prop_oneof![
        Just(Keep::Forever),
        Just(Keep::Histogram),
        (0u64..100).prop_map(|n| Keep::For(seconds(n))),
    ];
    let scaling = prop_oneof![
        Just(Scaling::PerCall),
        Just(Scaling::Concurrency(Concurrency { target: 1.0, ..Concurrency::default() })),
        Just(Scaling::Queue(Queue::default())),
    ];
    let limits = (prop::option::of(1u64..60), prop::option::of(0.5f64..2.0), any::<bool>());
    let function = (1u64..4, 1u32..4, keep, scaling, limits, 0u32..2).prop_map(
        |(weights, concurrency, keep, scaling, (limit, memory, chained), least)| {
            let mut own = Function::new("f");
            own.starts[Stage::Context as usize] = Cost::Time(exponential(3.0));
            own.starts[Stage::Image as usize] = Cost::Time(exponential(9.0));
            (own.weights, own.concurrency) = (Bytes::new(weights), concurrency);
            (own.keep, own.scaling, own.least) = (keep, scaling, least);
            (own.work, own.gateway) = (exponential(2.0), exponential(0.1));
            own.limit = limit.map(seconds);
            own.memory = memory.map(|limit| (exponential(1.0), limit));
            own.then = chained.then_some(0);
            own
        },
    );
    let calls = prop::collection::vec((0u64..200_000, 0usize..4), 0..200);
    (prop::collection::vec(function, 1..4), calls, 1u32..4, 0u64..6).prop_map(
        |(mut functions, calls, gpus, host)| {
            let count = functions.len();
            for (at, own) in functions.iter_mut().enumerate() {
                own.name = format!("f{at}");
                own.then = own.then.map(|_| at as u32 + 1).filter(|next| (*next as usize) < count);
            }
            let mut scene = Scene { functions, ..Scene::pool(gpus, 4) };
            scene.nodes[0].host_memory = Bytes::new(host);
            let mut calls: Vec<Call> = calls
                .into_iter()
                .map(|(at, own)| Call { function: (own % count) as u32, ..call(Time::from_ms(at)) })
                .collect();
            calls.sort_by_key(|call| call.arrives);
            Scene { calls, ..scene }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Calls that came are answered, failed or waiting; GPU time is all booked; stories are in
    /// order; and a second run tells the same.
    #[test]
    fn nothing_is_lost(scene in scenes(), end in 1u64..400_000) {
        for end in [Time::from_ms(end), seconds(100_000)] {
            let told = || live(&scene, &mut Still, Seed::new(1), (end, true));
            let lived = told();
            let came = scene.calls.iter().filter(|call| call.arrives <= end).count();
            let numbered = (0u32..).zip(&lived.stories);
            let outside = numbered.filter(|(at, own)| own.root == *at).count();
            prop_assert!(outside == came || outside + 1 == came, "{outside} {came}");
            let total = lived.account.occupied.total();
            let all = scene.gpus.len() as f64 * lived.ended.as_seconds();
            prop_assert!((total - all).abs() <= 1e-6 * all.max(1.0), "{total} {all}");
            for story in &lived.stories {
                let limit = scene.functions[story.function as usize].limit;
                match story.end {
                    End::Waiting => prop_assert_eq!(story.ended, Time::MAX),
                    _ => {
                        prop_assert!(story.arrived <= story.ended);
                        prop_assert!(limit.is_none_or(|limit| story.latency() <= limit));
                    }
                }
                if story.end == End::Answered {
                    let times =
                        [story.arrived, story.queued, story.begun, story.loaded, story.worked];
                    prop_assert!(times.is_sorted() && story.worked <= story.ended);
                    let starting: Time = story.starting.into_iter().sum();
                    prop_assert!(starting <= story.begun - story.queued);
                }
            }
            prop_assert_eq!(&told().stories, &lived.stories);
            // On a GPU no two instances take more memory than it has at any instant: pieces of the
            // same instance follow each other, and all lie before the end.
            prop_assert!(lived.account.pieces.iter().all(|piece| piece.until <= lived.ended));
        }
    }
}
