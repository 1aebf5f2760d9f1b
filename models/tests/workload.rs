//! Workloads: one run is the transfer that `predict` knows; many runs are alike whatever happens
//! around them; chance is drawn in each run; and what is kept does not grow with what has ended.

use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::{Connection, Mode, Transfer};
use models::workload::{
    Arrivals, Control, Does, Limit, Pool, Report, Scenario, SetUp, Step, Stop, WarmUp, Work,
    Workload, simulate,
};
use sim::{Bytes, Dist, Time};

use crate::fixture::{MILLISECOND, cluster, transfer};
use crate::request;

const WATCHED: Control<'static> = Control { stop: &|| false, progress: &|_| {} };

fn workload(name: &str, work: Work, arrivals: Arrivals, stop: Stop) -> Workload {
    let warm_up = WarmUp::Until(Time::ZERO);
    Workload { name: name.into(), work, arrivals, stop, limit: None, warm_up }
}

fn of(transfer: &Transfer) -> Work {
    Work::Transfer { transfer: Box::new(transfer.clone()), size: None }
}

fn ran(name: &str, scenario: &Scenario, seed: u64) -> Report {
    let report = simulate(&cluster(name), scenario, seed, &WATCHED);
    report.unwrap_or_else(|error| panic!("{error}")).expect("nobody stopped it")
}

fn count(count: u64) -> Stop {
    Stop { count: Some(count), ..Stop::default() }
}

fn alone(work: Work, arrivals: Arrivals, stop: Stop) -> Scenario {
    Scenario {
        pools: Vec::new(),
        batches: Vec::new(),
        workloads: vec![workload("w", work, arrivals, stop)],
    }
}

fn step(name: &str, does: Does, after: &[usize]) -> Step {
    Step { name: name.into(), does, after: after.to_vec(), chance: 1.0, repeat: 1 }
}

fn wait(seconds: f64) -> Does {
    Does::Wait(Dist::Constant { value: seconds })
}

#[test]
fn one_run_takes_as_long_as_the_transfer_that_predict_knows() {
    let (chunk, buffers) = (Bytes::mib(1), 2);
    let copied = Transfer {
        kernel: Some(MILLISECOND),
        mode: Mode::Overlapped { chunk, buffers },
        ..transfer("gpu-a", "gpu-b", Bytes::mib(64))
    };
    let fresh = Transfer {
        connection: Connection::New,
        reply: Some(Bytes::kib(4)),
        ..transfer("client", "server", Bytes::mib(3))
    };
    for asked in [transfer("client", "server", Bytes::kib(7)), copied, fresh] {
        for name in ["host", "vxlan", "wireguard"] {
            let scenario = alone(of(&asked), Arrivals::At(Time::ZERO), Stop::default());
            let report = ran(name, &scenario, 3);
            let found = report.workloads[0].completion.expect("a run").mean.value;
            let known = predict(&cluster(name), std::slice::from_ref(&asked), Fidelity::Flow, 3);
            let known = known.unwrap()[0].completion.as_seconds();
            // The core of the receive queue is drawn anew; it is another only where two streams
            // meet on one.
            assert!((found / known - 1.0).abs() < 1e-9, "{name}: {found} s, not {known} s");
        }
    }
}

#[test]
fn runs_far_apart_are_all_alike_and_their_block_is_used_again() {
    let asked = transfer("gpu-a", "gpu-b", Bytes::mib(1));
    let arrivals = Arrivals::Every(Time::from_ms(10));
    let report = ran("vxlan", &alone(of(&asked), arrivals, count(500)), 1);
    let told = &report.workloads[0];
    let completion = told.completion.unwrap();
    assert_eq!((told.arrived, told.completed, completion.count), (500, 500, 500));
    assert_eq!(told.in_flight_most, 1);
    assert!(completion.max_s - completion.min_s < 1e-11, "{completion:?}");
    let events = ran("vxlan", &alone(of(&asked), Arrivals::At(Time::ZERO), count(1)), 1).events;
    assert!(report.events <= 500 * events, "{} and {events}", report.events);
}

#[test]
fn transfers_that_begin_together_share_what_they_cross() {
    let asked = transfer("client", "server", Bytes::mib(64));
    let one = ran("host", &alone(of(&asked), Arrivals::At(Time::ZERO), count(1)), 1);
    let two = ran("host", &alone(of(&asked), Arrivals::At(Time::ZERO), count(2)), 1);
    let mean = |report: &Report| report.workloads[0].completion.unwrap().mean.value;
    let times = mean(&two) / mean(&one);
    assert!((1.5..2.1).contains(&times), "two take {times} times as long");
    assert_eq!(two.workloads[0].in_flight_most, 2);
}

#[test]
fn joins_pools_repeats_and_chance_take_the_time_that_they_should() {
    let seconds = |steps: Vec<Step>, runs: u64| {
        let pools = vec![Pool { name: "p".into(), slots: 1, set_up: None }];
        let workload = workload("w", Work::Steps(steps), Arrivals::At(Time::ZERO), count(runs));
        let report =
            ran("host", &Scenario { pools, batches: Vec::new(), workloads: vec![workload] }, 5);
        report.workloads[0].completion.expect("runs").mean.value
    };
    // The longer of two ways, then a third.
    let join =
        vec![step("a", wait(1.0), &[]), step("b", wait(3.0), &[]), step("c", wait(0.5), &[0, 1])];
    assert_eq!(seconds(join, 1), 3.5);
    let mut repeated = vec![step("a", wait(0.25), &[]), step("b", wait(1.0), &[0])];
    repeated[0].repeat = 4;
    assert_eq!(seconds(repeated, 1), 2.0);
    // Three at one slot: 1, 2 and 3 seconds.
    let line = vec![
        step("take", Does::Take(0), &[]),
        step("serve", wait(1.0), &[0]),
        step("give", Does::Give(0), &[1]),
    ];
    assert_eq!(seconds(line, 3), 2.0);
    // It happens in three runs of ten; 20 000 runs: standard deviation 0.0032.
    let mut rarely = vec![step("a", wait(1.0), &[])];
    rarely[0].chance = 0.3;
    let mean = seconds(rarely, 20_000);
    assert!((mean - 0.3).abs() < 0.016, "{mean}");
}

#[test]
fn a_run_meets_the_same_chance_whatever_else_happens() {
    let drawn = Does::Wait(Dist::Exponential { mean: 1.0 });
    let own = || {
        let work = Work::Steps(vec![step("a", drawn.clone(), &[])]);
        workload("own", work, Arrivals::Poisson { rate_hz: 3.0 }, count(2_000))
    };
    let other = workload(
        "other",
        of(&transfer("client", "server", Bytes::mib(1))),
        Arrivals::Poisson { rate_hz: 40.0 },
        count(2_000),
    );
    let quiet = ran(
        "host",
        &Scenario { pools: Vec::new(), batches: Vec::new(), workloads: vec![own()] },
        9,
    );
    let loud = ran(
        "vxlan",
        &Scenario { pools: Vec::new(), batches: Vec::new(), workloads: vec![other, own()] },
        9,
    );
    assert_eq!(quiet.workloads[0], loud.workloads[1]);
}

#[test]
fn a_workload_may_follow_another_and_stop_when_its_mean_is_known() {
    let waits = |seconds: f64| Work::Steps(vec![step("a", wait(seconds), &[])]);
    let workloads = vec![
        workload("first", waits(1.0), Arrivals::Every(Time::from_ms(500)), count(10)),
        workload("second", waits(2.0), Arrivals::After(0), Stop::default()),
    ];
    let report = ran("host", &Scenario { pools: Vec::new(), batches: Vec::new(), workloads }, 1);
    assert_eq!(report.workloads[1].completed, 10);
    assert_eq!(report.workloads[1].completion.unwrap().mean.value, 2.0);
    let drawn = Work::Steps(vec![step("a", Does::Wait(Dist::Exponential { mean: 1.0 }), &[])]);
    let precise = Stop { count: Some(1_000_000), precision: Some(0.02), until: None };
    let report = ran("host", &alone(drawn, Arrivals::Poisson { rate_hz: 1.0 }, precise), 1);
    let told = &report.workloads[0];
    // 1.96 ÷ √n = 0.02 at n = 9604.
    assert!((6_000..16_000).contains(&told.completed), "{}", told.completed);
    let mean = told.completion.unwrap().mean;
    assert!(mean.low.unwrap() <= 1.0 && 1.0 <= mean.high.unwrap(), "{mean:?}");
}

#[test]
fn a_request_draws_its_chance_in_each_run() {
    let cluster = request::cluster(1000);
    let asked = request::reply(|asked| {
        asked.node_cache = Some("node-cache".into());
        asked.loss = 0.02;
    });
    let arrivals = Arrivals::Every(Time::from_ms(30_000));
    let scenario = alone(of(&asked), arrivals, count(4_000));
    let report = simulate(&cluster, &scenario, 2, &WATCHED).unwrap().unwrap();
    let completion = report.workloads[0].completion.unwrap();
    let closed = predict(&cluster, &[asked], Fidelity::Closed, 2).unwrap();
    let expected = closed[0].completion.as_seconds();
    // The closed form takes means; a run loses a datagram or does not, and waits five seconds.
    let mean = completion.mean;
    assert!(completion.max_s > 4.9 && completion.min_s < 0.1, "{completion:?}");
    let half = (mean.high.unwrap() - mean.value) * 3.3 / 1.96;
    assert!((mean.value - expected).abs() < half, "{mean:?}, not {expected} s");
}

#[test]
fn whoever_asks_to_stop_is_heard() {
    let asked = transfer("client", "server", Bytes::kib(64));
    let scenario = alone(of(&asked), Arrivals::Every(Time::from_us(100)), count(1_000_000));
    let looks = std::cell::Cell::new(0);
    let stop = || {
        looks.set(looks.get() + 1);
        looks.get() == 10
    };
    let control = Control { stop: &stop, progress: &|_| {} };
    assert_eq!(simulate(&cluster("host"), &scenario, 1, &control), Ok(None));
    assert_eq!(looks.get(), 10);
}

#[test]
fn clients_that_never_let_time_pass_are_refused() {
    let work = Work::Steps(vec![step("a", wait(0.0), &[])]);
    let think = Dist::Constant { value: 0.0 };
    let stop = Stop { until: Some(Time::from_ms(1)), ..Stop::default() };
    let scenario = alone(work, Arrivals::Closed { clients: 2, think }, stop);
    let error = simulate(&cluster("host"), &scenario, 1, &WATCHED).unwrap_err();
    assert_eq!(error.field, "workload.w.think");
}

#[test]
fn the_warm_up_is_found_where_it_is_asked_for() {
    // A queue that starts empty and is served at 95 %: the first customers hardly wait.
    let steps = vec![
        step("take", Does::Take(0), &[]),
        step("serve", Does::Wait(Dist::Exponential { mean: 0.95 }), &[0]),
        step("give", Does::Give(0), &[1]),
    ];
    let mut queue =
        workload("q", Work::Steps(steps), Arrivals::Poisson { rate_hz: 1.0 }, count(40_000));
    queue.warm_up = WarmUp::Found;
    let pools = vec![Pool { name: "p".into(), slots: 1, set_up: None }];
    let report = ran("host", &Scenario { pools, batches: Vec::new(), workloads: vec![queue] }, 4);
    let told = &report.workloads[0];
    assert_eq!(told.left_out + told.completion.unwrap().count, 40_000);
    assert!(told.left_out <= 5_000, "{}", told.left_out);
}

#[test]
fn what_lasts_too_long_is_cut_off_and_tried_again() {
    let drawn = || Work::Steps(vec![step("a", Does::Wait(Dist::Exponential { mean: 1.0 }), &[])]);
    let with = |attempts: u32| {
        let runs = count(40_000);
        let mut limited = workload("w", drawn(), Arrivals::Poisson { rate_hz: 10.0 }, runs);
        limited.limit = Some(Limit { after: Time::from_ms(2_000), attempts });
        let scenario =
            Scenario { pools: Vec::new(), batches: Vec::new(), workloads: vec![limited] };
        ran("host", &scenario, 3).workloads.remove(0)
    };
    let late = libm::exp(-2.0);
    let once = with(1);
    assert_eq!(once.completed + once.late, 40_000);
    // 5413 of 40 000 expected, standard deviation 68.
    assert!((once.late as f64 - 40_000.0 * late).abs() < 300.0, "{}", once.late);
    let mean = 1.0 - 2.0 * late / (1.0 - late);
    assert!((once.completion.unwrap().mean.value - mean).abs() < 0.013, "{once:?}");
    // Attempts are independent: late to the third, and a geometric number of them.
    let thrice = with(3);
    assert!((thrice.late as f64 - 40_000.0 * late.powi(3)).abs() < 50.0, "{}", thrice.late);
    let retried = 40_000.0 * (late + late * late);
    assert!((thrice.retried as f64 - retried).abs() < 400.0, "{}", thrice.retried);
}

#[test]
fn what_is_cut_off_gives_back_what_it_holds_and_stops_what_it_moves() {
    // Three workers, each busy far longer than anybody waits: a run that holds one is cut off like
    // one in line, so each second brings three of the five.
    let steps = vec![
        step("take", Does::Take(0), &[]),
        step("work", wait(1_000.0), &[0]),
        step("give", Does::Give(0), &[1]),
    ];
    let mut jobs =
        workload("jobs", Work::Steps(steps), Arrivals::Every(Time::from_ms(200)), count(500));
    jobs.limit = Some(Limit { after: Time::from_ms(1_000), attempts: 1 });
    let big = of(&transfer("client", "server", Bytes::gib(64)));
    let mut moves = workload("moves", big, Arrivals::Every(Time::from_ms(200)), count(500));
    moves.limit = Some(Limit { after: Time::from_ms(1_000), attempts: 1 });
    let small = of(&transfer("client", "server", Bytes::mib(1)));
    let after = workload("after", small.clone(), Arrivals::At(Time::from_ms(200_000)), count(1));
    let pools = vec![Pool { name: "workers".into(), slots: 3, set_up: None }];
    let scenario = Scenario { pools, batches: Vec::new(), workloads: vec![jobs, moves, after] };
    let report = ran("host", &scenario, 1);
    assert_eq!(report.workloads[0].late, 500);
    assert_eq!(report.workloads[1].late, 500);
    // Nobody is left on the way: a transfer takes what it takes alone, and a run finds a worker.
    let alone = ran("host", &alone(small, Arrivals::At(Time::ZERO), count(1)), 1);
    let mean = |report: &Report, at: usize| report.workloads[at].completion.unwrap().mean.value;
    assert!((mean(&report, 2) / mean(&alone, 0) - 1.0).abs() < 1e-9);
    let workers = report.resources.iter().find(|resource| resource.name == "workers").unwrap();
    let last = workers.windows.last().unwrap();
    assert_eq!((last.busy, last.waiting), (0.0, 0.0), "held after the end");
}

#[test]
fn tails_without_end_neither_hang_nor_panic() {
    let tail = || Dist::Pareto { scale: 1.0, shape: 0.02 };
    let waits = Work::Steps(vec![step("a", Does::Wait(tail()), &[])]);
    let report = ran("host", &alone(waits, Arrivals::Every(Time::from_ms(1)), count(200)), 1);
    let told = &report.workloads[0];
    assert_eq!(told.arrived, 200);
    assert!(told.completed < 200, "some wait for longer than there is time");
    let transfer = Box::new(transfer("client", "server", Bytes::mib(1)));
    let sizes = Work::Transfer { transfer, size: Some(tail()) };
    let stop = Stop { until: Some(Time::from_ms(10)), ..Stop::default() };
    let report = ran("host", &alone(sizes, Arrivals::Every(Time::from_ms(1)), stop), 1);
    assert_eq!(report.workloads[0].arrived, 10);
}

#[test]
fn a_cold_slot_is_set_up_once_for_all_who_wait_and_stays_warm_for_a_while() {
    let steps = vec![
        step("take", Does::Take(0), &[]),
        step("work", wait(1.0), &[0]),
        step("give", Does::Give(0), &[1]),
    ];
    let told = |at: Vec<u64>, limit: Option<Limit>| {
        let takes = Dist::Constant { value: 10.0 };
        let set_up = Some(SetUp { takes, keep: Time::from_ms(5_000) });
        let pools = vec![Pool { name: "pod".into(), slots: 1, set_up }];
        let times: Vec<Time> = at.into_iter().map(|s| Time::from_ms(1_000 * s)).collect();
        let arrivals = Arrivals::Trace(times.into());
        let mut jobs = workload("w", Work::Steps(steps.clone()), arrivals, Stop::default());
        jobs.limit = limit;
        ran("host", &Scenario { pools, batches: Vec::new(), workloads: vec![jobs] }, 1)
            .workloads
            .remove(0)
    };
    let mean = |at: Vec<u64>| told(at, None).completion.unwrap().mean.value;
    // Cold: ten seconds and one. Two more who come meanwhile wait for the same start.
    assert_eq!(mean(vec![0]), 11.0);
    assert_eq!(mean(vec![0, 1, 2]), (11.0 + 11.0 + 11.0) / 3.0);
    // Four seconds later the slot is warm, six seconds later it is cold again.
    assert_eq!(mean(vec![0, 15]), (11.0 + 1.0) / 2.0);
    assert_eq!(mean(vec![0, 17]), (11.0 + 11.0) / 2.0);
    // Who gives up during the start takes it along: the next has one of its own.
    let limit = Limit { after: Time::from_ms(9_500), attempts: 1 };
    let told = told(vec![0, 9], Some(limit));
    assert_eq!((told.late, told.completed), (2, 0), "9.5 s are less than a start");
}
