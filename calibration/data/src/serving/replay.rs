//! Requests replayed on a pool of instances.

use models::function::{
    Call, Cost, Duration, End, Function, Keep, Lived, Scene, Stage, Still, live,
};
use models::input::InputError;
use sim::{Seed, Time};

use super::fitted::Fitted;
use super::requests::Requests;
use super::stages::Stages;

/// The stage that the gateway takes, and that which loads an adapter.
const GATEWAY: &str = "queue_wait";
const ADAPTER: &str = "lora_load";
/// More adapters than any request has.
const ADAPTERS: u64 = 128;

/// The instances that requests are replayed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// How many GPUs there are, each with one instance in work at a time.
    pub gpus: u32,
    /// How many models a GPU has room for.
    pub models: u32,
    /// How long an idle one is kept.
    pub keep: Keep,
    /// How much faster than the stage times models and adapters are loaded.
    pub faster: f64,
    /// How long a request may take.
    pub limit: Option<Time>,
}

impl Pool {
    /// What was fitted.
    pub fn fitted(fitted: &Fitted) -> Pool {
        Pool { gpus: fitted.pool, models: 1, keep: fitted.keep, faster: 1.0, limit: None }
    }
}

/// What came of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What each request would have taken \[s\].
    pub latencies: Vec<f64>,
    /// Which had to wait for a model that was loaded.
    pub cold: Vec<bool>,
    /// Which waited for an instance that others used.
    pub waited: Vec<f64>,
    /// The whole run.
    pub lived: Lived,
}

/// The scene of requests on a pool: a function for each model.
///
/// # Errors
/// If a stage is missing that is needed.
pub fn scene(
    requests: &Requests,
    fitted: &Fitted,
    stages: &Stages,
    pool: &Pool,
    seed: Seed,
) -> Result<Scene, InputError> {
    let faster = 1.0 / pool.faster;
    let load = Duration::Quantiles(stages.get(&fitted.cold_load)?.clone(), faster);
    let gateway = Duration::Quantiles(stages.get(GATEWAY)?.clone(), 1.0);
    let function = |name: &String| {
        let mut own = Function::new(name);
        own.starts[Stage::Gpu as usize] = Cost::Time(load.clone());
        own.gateway = gateway.clone();
        (own.keep, own.limit) = (pool.keep, pool.limit);
        own
    };
    let adapter = stages.get(ADAPTER)?;
    let (adapters, spread) = (seed.of("serving/adapters"), seed.of("serving/spread"));
    let factors: Vec<f64> = requests.models.iter().map(|name| fitted.model(name)).collect();
    let call = |(number, request): (u64, &super::Request)| {
        let one = |at| faster * adapter.at(adapters.unit(number * ADAPTERS + at));
        let load: f64 = (0..u64::from(request.adapters)).map(one).sum();
        let with = if request.adapters > 0 { fitted.adapters } else { 1.0 };
        let plain = fitted.base + fitted.per_step * request.steps;
        let factor = factors[request.model as usize] * with * fitted.spread.at(spread.unit(number));
        Call {
            arrives: Time::from_seconds(request.arrives),
            function: request.model,
            load: Some(Time::from_seconds(load)),
            work: Some(Time::from_seconds(plain * factor)),
        }
    };
    Ok(Scene {
        functions: requests.models.iter().map(function).collect(),
        calls: (0..).zip(&requests.requests).map(call).collect(),
        ..Scene::pool(pool.gpus, pool.models)
    })
}

/// Replays requests on a pool.
///
/// # Errors
/// As [`scene`].
pub fn replay(
    requests: &Requests,
    fitted: &Fitted,
    stages: &Stages,
    pool: &Pool,
    seed: Seed,
) -> Result<Replayed, InputError> {
    let scene = scene(requests, fitted, stages, pool, seed)?;
    let lived = live(&scene, &mut Still, seed, (Time::MAX, false));
    let of = |value: fn(&models::function::Story) -> f64| lived.stories.iter().map(value).collect();
    debug_assert!(lived.stories.iter().all(|story| story.end != End::Waiting));
    Ok(Replayed {
        latencies: of(|story| story.latency().as_seconds()),
        cold: lived.stories.iter().map(|story| story.cold).collect(),
        waited: of(|story| story.waited().as_seconds()),
        lived,
    })
}
