//! Served requests: what is promised of the published ones, traces of functions, and bad tables.

use std::path::Path;

use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::published::{self, SERVING};
use calibration_data::serving::{
    FIT_DAYS, Fitted, Kind, Pool, azure_2019, azure_2021, judged, recognise, replay, requests,
    shipped, shipped_stages, stages,
};
use calibration_data::validate::{Use, validate};
use calibration_fit::serving::fit;
use models::function::Keep;
use models::input::InputError;
use sim::{Seed, Time};

/// What the fit is said to come from, in the file that ships.
const SOURCE: &str = "podpath calibrate fit serving";

/// The fit to days 1 to 7 is what ships, to the byte, and has seen no later day. `UPDATE=1` writes
/// it.
#[test]
fn the_fit_of_the_first_days_is_what_ships() {
    let read = requests(&published::table(SERVING).unwrap()).unwrap();
    let stages = shipped_stages().unwrap();
    let found = fit(&read.of_days(1, FIT_DAYS), &stages).unwrap();
    let text = found.best.fitted.text(SOURCE);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../serving/genai-2026.csv");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(found.best.fitted, shipped(&stages).unwrap());
    // Threads change nothing.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = pool.install(|| fit(&read.of_days(1, FIT_DAYS), &stages)).unwrap();
    assert_eq!(alone, found);
}

/// The goals: p50 and p90 within 20 %, p99 within 40 % of days that nothing was fitted to.
#[test]
fn the_later_days_are_predicted_as_well_as_promised() {
    let report = validate(&[published::table(SERVING).unwrap()]).unwrap();
    let told = &report.served[0];
    println!("{}", serde_json::to_string_pretty(told).unwrap());
    let held: Vec<_> = told.held_back().collect();
    assert_eq!((held.len(), held[0].days.0), (1, FIT_DAYS + 1));
    for own in &held[0].quantiles {
        assert!(own.relative_error().abs() <= own.goal, "{own:?}");
    }
    assert!((0.0..0.1).contains(&held[0].cold), "{}", held[0].cold);
    let rows = |used| report.family(Family::Serving, Some(used)).unwrap().rows;
    assert_eq!([Use::Calibration, Use::Holdout].map(rows), [3, 3]);
}

/// Requests of which the fit has seen none are all held back.
#[test]
fn another_trace_is_held_back_as_a_whole() {
    let rows: String = (0..200).map(|n| format!("{},succeed,20,1,30,A,0\n", 100 * n)).collect();
    let report = validate(&[file("mine.csv", &format!("{REQUESTS}\n{rows}"))]).unwrap();
    assert_eq!(report.judged.len(), 3);
    assert!(report.judged.iter().all(|row| row.used == Use::Holdout));
    assert_eq!(report.judged[0].label, "days 1-1 p50");
}

/// A smaller pool, and one that keeps nothing, load more often; a faster network shortens loads.
#[test]
fn pools_and_networks_change_what_users_see() {
    let read = requests(&published::table(SERVING).unwrap()).unwrap().of_days(5, 6);
    let stages = shipped_stages().unwrap();
    let fitted = shipped(&stages).unwrap();
    let with = |pool: Pool| {
        let told = replay(&read, &fitted, &stages, &pool, Seed::new(1)).unwrap();
        let mean = told.latencies.iter().sum::<f64>() / told.latencies.len() as f64;
        (told.cold.iter().filter(|cold| **cold).count(), mean)
    };
    let base = with(Pool::fitted(&fitted));
    let small = with(Pool { gpus: 8, ..Pool::fitted(&fitted) });
    let short = with(Pool { keep: Keep::For(Time::from_ms(60_000)), ..Pool::fitted(&fitted) });
    let fast = with(Pool { gpus: 8, faster: 10.0, ..Pool::fitted(&fitted) });
    assert!(small.0 > 2 * base.0 && small.1 > base.1, "{small:?} {base:?}");
    assert!(short.0 > 2 * base.0 && short.1 > base.1, "{short:?} {base:?}");
    assert!(fast.1 < small.1, "{fast:?} {small:?}");
}

fn file(name: &str, text: &str) -> DataFile {
    DataFile::from_bytes(name, text.as_bytes()).unwrap()
}

const REQUESTS: &str = "arrival_s,status,execution_s,images,steps,model,loras";

fn refused<T: std::fmt::Debug>(result: Result<T, InputError>, expected: &str) {
    let told = result.unwrap_err().to_string();
    assert!(told.starts_with(expected), "expected {expected}\nfound    {told}");
}

#[test]
fn bad_requests_are_refused() {
    let cases = [
        ("5,succeed,1,1,30,A,0\n4,succeed,1,1,30,A,0\n", "t.csv:3: arrival_s: 4 s is before"),
        ("x,succeed,1,1,30,A,0\n", "t.csv:2: arrival_s: `x` is no time"),
        ("0,sucess,1,1,30,A,0\n", "t.csv:2: status: `sucess` is no status (did you mean"),
        ("0,succeed,-1,1,30,A,0\n", "t.csv:2: execution_s: `-1` is no time"),
        ("0,succeed,1,1.5,30,A,0\n", "t.csv:2: images: `1.5` is no number of images"),
        ("0,succeed,1,1,0,A,0\n", "t.csv:2: steps: `0` is no number of steps"),
        ("0,succeed,1,1,30,,0\n", "t.csv:2: model: is empty"),
        ("0,succeed,1,1,30,A,\n", "t.csv:2: loras: is empty"),
        ("0,pending,0,,,,0\n", "t.csv:1: status: every request is pending"),
        ("0,succeed,1,1,30,A,0\n99999999,succeed,1,1,30,A,0\n", "t.csv:3: arrival_s: 99999999 s"),
    ];
    for (rows, expected) in cases {
        refused(requests(&file("t.csv", &format!("{REQUESTS}\n{rows}"))), expected);
    }
    refused(recognise(&file("t.csv", "a,b\n1,2\n")), "t.csv:1: header: is not that of any known");
    let failed = "0,failed,1,1,30,A,0\n";
    let told = validate(&[file("t.csv", &format!("{REQUESTS}\n{failed}"))]);
    refused(told, "status: no request of days 1 to 1 succeeded");
}

#[test]
fn bad_stages_and_fits_are_refused() {
    let header = "stage,q01_ms,q05_ms,q10_ms,q25_ms,q50_ms,q75_ms,q90_ms,q95_ms,q99_ms";
    let cases = [
        ("a,1,2,3,4,5,6,7,8,x\n", "t.csv:2: q99_ms: `x` is no time"),
        ("a,1,2,3,4,5,6,7,8,7\n", "t.csv:2: q99_ms: 7 ms is less than the quantile before it"),
        ("a,1,2,3,4,5,6,7,8,9\na,1,2,3,4,5,6,7,8,9\n", "t.csv:3: stage: `a` appears twice"),
    ];
    for (rows, expected) in cases {
        refused(stages(&file("t.csv", &format!("{header}\n{rows}"))), expected);
    }
    let known = shipped_stages().unwrap();
    refused(
        known.get("pipline_load"),
        "published:serving/gpu_serving_stage_times.csv: has no stage",
    );
    let lines = "base,1\nper_step,1\nadapters,1\npool,4\nkeep_alive,60\ncold_load,pipeline_load\n";
    let read =
        |text: &str| Fitted::read(&file("f.csv", &format!("parameter,value\n{text}")), &known);
    let whole = read(&format!("{lines}spread/0.5,1\nmodel/A,2\n")).unwrap();
    assert_eq!((whole.model("A"), whole.model("B")), (2.0, 1.0));
    let cases = [
        ("base,1\n", "f.csv:1: per_step: is missing"),
        (&*format!("{lines}speed,1\n"), "f.csv:8: parameter: `speed` is unknown"),
        (&*format!("{lines}base,1\n"), "f.csv:8: parameter: `base` is given twice"),
        (&*format!("{lines}model/A,0\n"), "f.csv:8: value: `0` is not a finite number above zero"),
        (lines, "f.csv:1: spread: is no list of quantiles"),
    ];
    for (text, expected) in cases {
        refused(read(text), expected);
    }
}

#[test]
fn azure_functions_are_read_as_they_are() {
    let text = "app,func,end_timestamp,duration\nA,f,10,1.5\nA,g,9,8\nB,f,3,0\n";
    let trace = azure_2021(&file("t.csv", text)).unwrap();
    assert_eq!(recognise(&file("t.csv", text)).unwrap(), Kind::Azure2021);
    assert_eq!(trace.functions, ["A/f", "A/g", "B/f"]);
    assert_eq!(trace.calls, [(1.0, 1, 8.0), (3.0, 2, 0.0), (8.5, 0, 1.5)]);
    refused(
        azure_2021(&file("t.csv", "app,func,end_timestamp,duration\nA,f,10,-1\n")),
        "t.csv:2: duration: `-1` is no time",
    );
    let minutes: Vec<String> = (1..=1440).map(|minute| minute.to_string()).collect();
    let header = format!("HashOwner,HashApp,HashFunction,Trigger,{}", minutes.join(","));
    let counts = |of: &[(usize, &str)]| {
        let mut all = vec!["0"; 1440];
        of.iter().for_each(|(minute, count)| all[minute - 1] = count);
        all.join(",")
    };
    let table = |row: &str| file("i.csv", &format!("{header}\no,a,f,http,{row}\n"));
    let percentiles = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,\
                       percentile_Average_0,percentile_Average_1,percentile_Average_25,\
                       percentile_Average_50,percentile_Average_75,percentile_Average_99,\
                       percentile_Average_100";
    let durations = file("d.csv", &format!("{percentiles}\no,a,f,5,1,1,9,1,1,2,3,4,8,9\n"));
    let good = table(&counts(&[(1, "2"), (3, "1")]));
    assert_eq!(recognise(&good).unwrap(), Kind::Azure2019);
    let trace = azure_2019(&good, &durations, Seed::new(1)).unwrap();
    let within = |at: usize, from: f64| (from..from + 60.0).contains(&trace.calls[at].0);
    assert!(trace.calls.len() == 3 && within(0, 0.0) && within(1, 0.0) && within(2, 120.0));
    assert!(trace.calls.iter().all(|(.., lasts)| (0.001..=0.009).contains(lasts)));
    let bad = azure_2019(&table(&counts(&[(7, "-1")])), &durations, Seed::new(1));
    refused(bad, "i.csv:2: 7: `-1` is no number of calls");
    let other = file("d.csv", &format!("{percentiles}\no,a,g,5,1,1,9,1,1,2,3,4,8,9\n"));
    let bad = azure_2019(&good, &other, Seed::new(1));
    refused(bad, "i.csv:2: HashFunction: `f` has no row in d.csv");
}

/// Judged without the table that ships: a replay of a day.
#[test]
fn what_is_judged_does_not_depend_on_threads() {
    let read = requests(&published::table(SERVING).unwrap()).unwrap().of_days(1, 3);
    let known = shipped_stages().unwrap();
    let fitted = shipped(&known).unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| judged(&read, &fitted, &known, &[(1, 3)]).unwrap())
    };
    assert_eq!(on(1), on(3));
}
