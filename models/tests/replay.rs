//! Traces: LogGOPS against a published simulator and by hand, and on a cluster.

mod loggopsim;

use models::input::InputError;
use models::outcome::Fidelity;
use models::predict::predict;
use models::replay::{
    Does, Kind, LogGops, Moment, Need, Operation, Port, Report, Traced, on_cluster, on_loggops,
};
use proptest::prelude::*;
use sim::{Bytes, Time};

use super::fixture;

/// A trace while it is made.
#[derive(Default)]
struct Made(Traced);

impl Made {
    fn of(ranks: u32) -> Made {
        Made(Traced { ranks, operations: Vec::new() })
    }

    fn add(&mut self, rank: u32, does: Does, after: &[u32]) -> u32 {
        let need = |&operation: &u32| Need { operation, moment: Moment::Ended };
        let needs = after.iter().map(need).collect();
        self.0.operations.push(Operation { rank, does, needs });
        self.0.operations.len() as u32 - 1
    }

    fn calc_on(&mut self, rank: u32, cpu: u16, ns: u64, after: &[u32]) -> u32 {
        let time = Time::from_ns(ns);
        self.add(rank, Does::Work { kind: Kind::Calc, time, on: Some(cpu) }, after)
    }

    fn calc(&mut self, rank: u32, ns: u64, after: &[u32]) -> u32 {
        self.calc_on(rank, 0, ns, after)
    }

    fn send(&mut self, rank: u32, to: u32, bytes: u64, after: &[u32]) -> u32 {
        let bytes = Bytes::new(bytes);
        self.add(rank, Does::Send { to, bytes, port: Port::default() }, after)
    }

    fn receive(&mut self, rank: u32, send: u32, after: &[u32]) -> u32 {
        self.add(rank, Does::Receive { send, port: Port::default() }, after)
    }
}

fn replayed(made: &Made, prices: &LogGops) -> Report {
    on_loggops(&made.0, prices).unwrap()
}

fn ns(time: Time) -> f64 {
    time.as_ps() as f64 / 1e3
}

fn ends(report: &Report) -> Vec<f64> {
    report.ranks.iter().map(|rank| ns(rank.end)).collect()
}

/// Round k: everybody sends to the rank 2^k further on, and goes on when it has heard.
fn dissemination(ranks: u32, bytes: u64, calc: u64) -> Made {
    let mut made = Made::of(ranks);
    let mut heard: Vec<Vec<u32>> = vec![Vec::new(); ranks as usize];
    let mut step = 1;
    while step < ranks {
        let sends: Vec<u32> = (0..ranks)
            .map(|rank| {
                let after = heard[rank as usize].clone();
                let after = match calc {
                    0 => after,
                    calc => vec![made.calc(rank, calc, &after)],
                };
                made.send(rank, (rank + step) % ranks, bytes, &after)
            })
            .collect();
        for rank in 0..ranks {
            let from = (rank + ranks - step) % ranks;
            heard[rank as usize] = vec![made.receive(rank, sends[from as usize], &[])];
        }
        step *= 2;
    }
    made
}

/// Who has the message sends it to the rank 2^k further on, in rounds.
fn binomial_tree(ranks: u32, bytes: u64) -> Made {
    let mut made = Made::of(ranks);
    let mut has: Vec<Option<Vec<u32>>> = vec![None; ranks as usize];
    has[0] = Some(Vec::new());
    let mut step = 1;
    while step < ranks {
        for rank in 0..step.min(ranks - step) {
            let after = has[rank as usize].clone().expect("it has it");
            let send = made.send(rank, rank + step, bytes, &after);
            has[(rank + step) as usize] = Some(vec![made.receive(rank + step, send, &[])]);
        }
        step *= 2;
    }
    made
}

#[test]
fn dissemination_among_sixteen_ends_when_loggopsim_says() {
    // README of LogGOPSim: "each host end time is printed (22000ns for our example with default
    // parameters)", of its example dissemination_16.goal, messages of one byte.
    let report = replayed(&dissemination(16, 1, 0), &LogGops::default());
    assert_eq!(ends(&report), [22_000.0; 16]);
    assert_eq!(report.completion, Time::from_ns(22_000));
    let path: Time = report.path.iter().map(|interval| interval.span).sum();
    assert_eq!(path, report.completion);
}

#[test]
fn schedules_end_when_the_published_algorithm_says() {
    // `loggopsim` is LogGOPSim's algorithm, written anew for this test from its source.
    let long = LogGops { gap_per_byte: 0.5e-9, overhead_per_byte: 0.25e-9, ..LogGops::default() };
    let slow_card = LogGops { gap: Time::from_ns(9_000), ..LogGops::default() };
    let slow_cpu = LogGops { overhead_per_byte: 8e-9, ..LogGops::default() };
    for prices in [LogGops::default(), long, slow_card, slow_cpu] {
        for made in [
            dissemination(16, 1, 0),
            dissemination(16, 1_000, 0),
            dissemination(12, 4_096, 700),
            dissemination(7, 65_535, 12_345),
            binomial_tree(16, 1),
            binomial_tree(13, 30_000),
        ] {
            let expected = loggopsim::ends(&made.0, &prices);
            let found = ends(&replayed(&made, &prices));
            assert_eq!(found, expected, "{prices:?}");
        }
    }
}

#[test]
fn one_message_takes_what_the_model_says() {
    // 1 MiB with the default numbers: o + L + o + (s - 1) G. The LogGOPSim of 2025 prints
    // 6 297 950 ns for it: g more, which it charges a receiver before each message.
    let mut made = Made::of(2);
    let send = made.send(0, 1, 1 << 20, &[]);
    made.receive(1, send, &[]);
    let report = replayed(&made, &LogGops::default());
    assert_eq!(ns(report.completion), 1_500.0 + 2_500.0 + 1_500.0 + 1_048_575.0 * 6.0);
    assert_eq!(ns(report.completion), 6_297_950.0 - 1_000.0);
}

#[test]
fn a_long_message_holds_its_sender_until_it_is_received() {
    // Posted at 20 us, long after the message has come: 1 us to compute behind it at each end.
    let mut made = Made::of(2);
    let send = made.send(0, 1, 100_000, &[]);
    made.calc(0, 1_000, &[send]);
    let busy = made.calc(1, 20_000, &[]);
    let receive = made.receive(1, send, &[busy]);
    made.calc(1, 1_000, &[receive]);
    // The receiver's cpu is busy until 20 us, and takes the message in until 20 + 1.5 + 599.994.
    let report = replayed(&made, &LogGops::default());
    assert_eq!(ends(&report), [21_000.0, 622_494.0]);
    assert_eq!(ends(&report), loggopsim::ends(&made.0, &LogGops::default()));
    // An eager one lets the sender go when it has left its cpu.
    let prices = LogGops { eager: Bytes::new(100_000), ..LogGops::default() };
    assert_eq!(ends(&replayed(&made, &prices)), [2_500.0, 622_494.0]);
}

#[test]
fn an_operation_waits_for_the_end_of_what_it_requires() {
    // LogGOPSim marks a computation done when it begins, and gives what requires it the clock of
    // its own cpu: on another cpu it begins at once, before what it requires has ended.
    let mut made = Made::of(1);
    let first = made.calc_on(0, 0, 1_000, &[]);
    made.calc_on(0, 1, 500, &[first]);
    assert_eq!(loggopsim::ends(&made.0, &LogGops::default()), [1_000.0]);
    let report = replayed(&made, &LogGops::default());
    assert_eq!(ends(&report), [1_500.0]);
    assert_eq!(report.spans[1], [Time::from_ns(1_000), Time::from_ns(1_500)]);
}

#[test]
fn those_who_wait_for_a_cpu_get_it_in_the_order_in_which_they_came() {
    let mut made = Made::of(4);
    let message = made.send(0, 1, 1, &[]);
    let first = made.calc(1, 3_000, &[]);
    let received = made.receive(1, message, &[]);
    made.calc(1, 5_000, &[]);
    // Ready at 3 us, and the message is there at 4 us; the cpu is busy until 8 us.
    let second = made.calc(1, 2_000, &[first]);
    let behind_second = made.send(1, 2, 1, &[second]);
    let behind_message = made.send(1, 3, 1, &[received]);
    made.receive(2, behind_second, &[]);
    made.receive(3, behind_message, &[]);
    // Computation to 10 us, message to 11.5, the send that was ready at 10 us first, and 5.5 us to
    // its end.
    let report = replayed(&made, &LogGops::default());
    assert_eq!(ends(&report), [1_500.0, 14_500.0, 17_000.0, 18_500.0]);
    // LogGOPSim gives the cpu to who was made first: the message, which was sent before the second
    // computation was free.
    let published = loggopsim::ends(&made.0, &LogGops::default());
    assert_eq!(published, [1_500.0, 14_500.0, 18_500.0, 17_000.0]);
}

#[test]
fn what_requires_a_beginning_does_not_wait_for_the_end() {
    let mut made = Made::of(1);
    let first = made.calc_on(0, 0, 1_000, &[]);
    let second = made.calc_on(0, 1, 500, &[]);
    made.0.operations[second as usize].needs =
        vec![Need { operation: first, moment: Moment::Begun }];
    assert_eq!(ends(&replayed(&made, &LogGops::default())), [1_000.0]);
}

fn wrong(made: &Made) -> (usize, InputError) {
    made.0.check(Bytes::new(65_535)).unwrap_err()
}

#[test]
fn what_waits_for_itself_is_named() {
    let mut made = Made::of(2);
    made.calc(0, 1, &[]);
    made.calc(0, 1, &[2]);
    made.calc(0, 1, &[1]);
    made.calc(0, 1, &[2]);
    let (at, error) = wrong(&made);
    assert_eq!((at, error.field.as_str()), (1, "requires"));

    // Each sends when it has received.
    let mut made = Made::of(2);
    made.send(0, 1, 8, &[3]);
    made.send(1, 0, 8, &[2]);
    made.receive(1, 0, &[]);
    made.receive(0, 1, &[]);
    assert_eq!(wrong(&made).0, 0);

    // Each receives when it has sent: so long as messages are eager.
    let mut made = Made::of(2);
    for (rank, bytes) in [(0, 65_535), (1, 65_535)] {
        made.send(rank, 1 - rank, bytes, &[]);
    }
    made.receive(1, 0, &[1]);
    made.receive(0, 1, &[0]);
    made.0.check(Bytes::new(65_535)).unwrap();
    let (_, error) = made.0.check(Bytes::new(65_534)).unwrap_err();
    assert!(error.to_string().contains("the send of a message above"), "{error}");
}

#[test]
fn what_is_out_of_range_is_named() {
    type Change<'a> = &'a dyn Fn(&mut Made);
    let cases: [(Change<'_>, &str); 6] = [
        (&|made| made.0.ranks = 0, "ranks: 0 is no number of ranks"),
        (&|made| made.0.operations[0].rank = 2, "rank: rank 2 is not there (0 to 1)"),
        (
            &|made| {
                made.0.operations[0].does =
                    Does::Send { to: 0, bytes: Bytes::new(1), port: Port::default() }
            },
            "to: the message is to the rank that sends it",
        ),
        (
            &|made| {
                made.send(0, 1, 1 << 51, &[]);
            },
            "bytes: 2251799813685248 bytes are no message",
        ),
        (
            &|made| {
                made.receive(1, 0, &[]);
            },
            "from: the message is sent by no operation",
        ),
        (
            &|made| {
                made.calc(0, 1, &[9]);
            },
            "needs: operation 9 is not there",
        ),
    ];
    for (change, expected) in cases {
        let mut made = Made::of(2);
        made.calc(0, 1_000, &[]);
        change(&mut made);
        let told = wrong(&made).1.to_string();
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_message_takes_on_a_cluster_what_a_transfer_takes() {
    let cluster = fixture::cluster("veth");
    let places = ["client".to_owned(), "server".to_owned()];
    let bytes = 4 << 20;
    let mut made = Made::of(2);
    let calc = made.calc(0, 1_000, &[]);
    let send = made.send(0, 1, bytes, &[calc]);
    let receive = made.receive(1, send, &[]);
    made.calc(1, 2_000, &[receive]);
    let report = on_cluster(&made.0, &cluster, &places, Bytes::new(65_535), 1).unwrap();
    let transfer = fixture::transfer("client", "server", Bytes::new(bytes));
    let alone = predict(&cluster, &[transfer], Fidelity::Flow, 1).unwrap()[0].completion;
    assert_eq!(report.completion, alone + Time::from_ns(3_000));
    // It is no eager message: the send ends with the receive.
    assert_eq!(report.spans[1][1], report.spans[2][1]);
    let path: Time = report.path.iter().map(|interval| interval.span).sum();
    assert_eq!(path, report.completion);
    assert!(report.links[0].1 > 0.5, "{:?}", report.links);
}

#[test]
fn two_messages_at_a_time_share_what_they_cross() {
    let cluster = fixture::cluster("veth");
    let places = ["client".to_owned(), "server".to_owned()];
    let ended = |messages: u32| {
        let mut made = Made::of(2);
        for _ in 0..messages {
            let send = made.send(0, 1, 64 << 20, &[]);
            made.receive(1, send, &[]);
        }
        on_cluster(&made.0, &cluster, &places, Bytes::ZERO, 1).unwrap().completion.as_seconds()
    };
    let (one, two) = (ended(1), ended(2));
    assert!((two / one - 2.0).abs() < 0.02, "{one} {two}");
}

#[test]
fn ranks_are_somewhere() {
    let cluster = fixture::cluster("veth");
    let mut made = Made::of(2);
    let send = made.send(0, 1, 8, &[]);
    made.receive(1, send, &[]);
    let told = |places: [&str; 2]| {
        let places = places.map(str::to_owned);
        let (at, error) = on_cluster(&made.0, &cluster, &places, Bytes::ZERO, 1).unwrap_err();
        assert_eq!((at, error.field.as_str()), (None, "ranks"));
        error.problem
    };
    assert!(told(["client", "sever"]).contains("`sever` is no GPU, pod or Service"));
    assert!(told(["client", "client"]).contains("are both at `client`"));
}

/// Up to two operations among those before one.
fn some_before() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A trace takes at least as long as its longest chain, and as the work of each executor.
    #[test]
    fn nothing_is_faster_than_its_parts(
        parts in prop::collection::vec((0u32..3, 1u64..1_000, some_before()), 1..40),
    ) {
        let mut made = Made::of(3);
        let mut chain: Vec<u64> = Vec::new();
        let mut work = [0u64; 3];
        for (at, (rank, ns, after)) in parts.iter().enumerate() {
            let mut after: Vec<u32> = match at {
                0 => Vec::new(),
                at => after.iter().map(|index| index.index(at) as u32).collect(),
            };
            after.sort_unstable();
            after.dedup();
            made.calc(*rank, *ns, &after);
            chain.push(ns + after.iter().map(|&before| chain[before as usize]).max().unwrap_or(0));
            work[*rank as usize] += ns;
        }
        let report = replayed(&made, &LogGops::default());
        let completion = ns(report.completion);
        let least = chain.iter().chain(&work).copied().max().unwrap() as f64;
        prop_assert!(completion >= least);
        prop_assert!(completion <= work.iter().sum::<u64>() as f64);
        for (operation, [begin, _]) in made.0.operations.iter().zip(&report.spans) {
            for need in &operation.needs {
                prop_assert!(report.spans[need.operation as usize][1] <= *begin);
            }
        }
        let path: Time = report.path.iter().map(|interval| interval.span).sum();
        prop_assert_eq!(path, report.completion);
    }
}
