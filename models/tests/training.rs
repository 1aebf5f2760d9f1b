//! Training steps against closed forms.

use models::function::Still;
use models::training::{Compute, Job, Moves, Paced, Parts, train};
use sim::Seed;

fn job() -> Job {
    Job {
        ranks: 8,
        compute: Compute { forward: 1.0, backward: 2.0, spread: 0.0 },
        buckets: 4,
        is_overlapped: true,
        beside: 1.0,
        exchanges: 0,
        hidden: 0.0,
        update: 0.25,
        prepare: 0.0,
        steps: 3,
    }
}

fn run(job: &Job, takes: [f64; 3]) -> Parts {
    let moves = Moves { bucket: Some(0), exchange: Some(1), data: Some((2, 1)) };
    train(job, moves, &mut Paced::new(takes.to_vec()), Seed::new(1))
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

/// Buckets come every half second of the backward pass: short ones hide but for the last, long ones
/// wait for each other.
#[test]
fn buckets_hide_behind_the_backward_pass() {
    let short = run(&job(), [0.3, 0.0, 0.0]);
    near(short.exposed, 0.3);
    near(short.step(), 1.0 + 2.0 + 0.3 + 0.25);
    let long = run(&job(), [1.0, 0.0, 0.0]);
    near(long.exposed, 1.5 + 4.0 - 3.0);
    near(long.reducing, 4.0);
    let after = run(&Job { is_overlapped: false, ..job() }, [0.3, 0.0, 0.0]);
    near(after.exposed, 1.2);
}

/// What is computed while a bucket is reduced is slower by a factor: 0.5 s of a reduction beside
/// computing do the work of 0.4 s.
#[test]
fn computing_beside_a_reduction_is_slower() {
    let own = Job { beside: 1.25, buckets: 2, ..job() };
    let parts = run(&own, [0.5, 0.0, 0.0]);
    // The first bucket is ready at 2 s; in its 0.5 s, 0.4 s of work are done; 0.6 s are left.
    near(parts.slowed, 0.1);
    near(parts.exposed, 0.5);
    let long = run(&own, [10.0, 0.0, 0.0]);
    near(long.slowed, 0.25);
}

/// Everybody waits for the slowest rank, whose expected excess grows with their number.
#[test]
fn stragglers_cost_the_spread_of_the_slowest() {
    let compute = Compute { spread: 0.05, ..job().compute };
    let own = Job { compute, steps: 400, buckets: 1, ..job() };
    let parts = run(&own, [0.0, 0.0, 0.0]);
    // The mean of the largest of eight standard normal numbers is 1.4236 (Harter 1961).
    let excess = parts.straggler / parts.compute;
    assert!((excess - 0.05 * 1.4236).abs() < 0.006, "{excess}");
}

/// Data of the next step come beside this one: only what takes longer than a step is waited for.
#[test]
fn data_come_beside_the_step_before() {
    near(run(&job(), [0.0, 0.0, 2.0]).data, 0.0);
    near(run(&job(), [0.0, 0.0, 5.0]).data, 5.0 - 3.25);
    near(run(&Job { prepare: 0.5, ..job() }, [0.0, 0.0, 2.0]).data, 0.5);
}

/// Experts exchange tokens: what is not hidden of it is waited for.
#[test]
fn exchanges_are_waited_for() {
    let own = Job { exchanges: 10, hidden: 0.25, ..job() };
    near(run(&own, [0.0, 0.02, 0.0]).exchange, 0.15);
}

/// A job that moves nothing computes.
#[test]
fn a_rank_alone_computes() {
    let parts = train(&job(), Moves::default(), &mut Still, Seed::new(1));
    near(parts.step(), 3.25);
}
