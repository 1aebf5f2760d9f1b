//! Images of functions: what nodes pull, and how often.

use models::function::{Call, Cost, Duration, Function, Scene, Stage, Still, live};
use sim::{Dist, Seed, Time};

fn constant(value: f64) -> Duration {
    Duration::Dist(Dist::Constant { value })
}

/// Two functions whose images share layers: the node pulls these once, and each image besides.
#[test]
fn shared_layers_are_pulled_once() {
    let scene = |base: Option<u32>| {
        let function = |name: &str| {
            let mut own = Function { base, work: constant(1.0), ..Function::new(name) };
            own.starts[Stage::Base as usize] = Cost::Time(constant(30.0));
            own.starts[Stage::Image as usize] = Cost::Time(constant(5.0));
            own
        };
        let call = |at: u64, function| Call {
            arrives: Time::from_ms(1_000 * at),
            function,
            load: None,
            work: None,
        };
        Scene {
            functions: vec![function("a"), function("b")],
            calls: vec![call(0, 0), call(100, 1)],
            ..Scene::pool(1, 2)
        }
    };
    let latency = |base| {
        let lived = live(&scene(base), &mut Still, Seed::new(1), (Time::MAX, false));
        lived.stories.iter().map(|story| story.latency().as_seconds()).collect::<Vec<f64>>()
    };
    assert_eq!(latency(Some(0)), [36.0, 6.0]);
    assert_eq!(latency(None), [6.0, 6.0], "without shared layers there are none to pull");
}
