//! Known parameters come back from rows that a simulated GPU with those parameters gives.
//!
//! The device is the model itself: what is tested is the design of the rows and the statistics of
//! the fit, not the physics.

#[path = "../../../sim/tests/nightly/mod.rs"]
mod nightly;

use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::microbenchmark::GpuRow;
use calibration_data::published::table;
use calibration_data::shipped;
use calibration_fit::gpu;
use models::gpu::machine::{CALIBRATED, Machine};
use models::library::Kind;
use models::profile::unit;
use rand::RngExt;
use sim::{Seed, Stream};

const GPU: &str = "h200-141-sxm";
/// Relative error of every simulated row, which is what the fit takes for a stream's.
const NOISE: f64 = 0.03;

/// A standard normal number: the sum of twelve uniform ones.
fn normal(stream: &mut Stream) -> f64 {
    (0..12).map(|_| stream.random::<f64>()).sum::<f64>() - 6.0
}

/// A stream table as the published ones, with what `truth` answers, and noise.
fn rows(truth: &Machine, stream: &mut Stream) -> DataFile {
    let published = table("gpu_stream_vs_occupancy.csv").unwrap();
    let mut text = String::from(
        "gpu,kernel,block_size_threads,total_threads,occupancy_percent,bandwidth_gb_s\n",
    );
    for row in published.rows().filter(|row| row.cell("gpu") == Some("h100_pcie")) {
        let question = GpuRow::read(&row, Family::GpuStream).unwrap();
        let seen = question.predict(truth).unwrap() * libm::exp(NOISE * normal(stream));
        let cell = |column| row.cell(column).unwrap();
        let (kernel, block) = (cell("kernel"), cell("block_size_threads"));
        let (threads, part) = (cell("total_threads"), cell("occupancy_percent"));
        text += &format!("h200,{kernel},{block},{threads},{part},{seen:.3}\n");
    }
    DataFile::from_bytes("simulated.csv", text.as_bytes()).unwrap()
}

/// Nine of ten intervals hold the truth, of a hundred devices; of twelve, ten do.
#[test]
fn known_parameters_are_inside_their_intervals() {
    match nightly::is_left("a hundred devices, and not twelve") {
        true => recovered(12, 10),
        false => recovered(100, 90),
    }
}

fn recovered(seeds: u64, least: u32) {
    let profile = shipped().profile(Kind::Gpu, GPU).unwrap();
    let datasheet = Machine::from_profile(&profile).unwrap();
    let mut inside = vec![0; CALIBRATED.len()];
    for seed in 0..seeds {
        let mut stream = Seed::new(seed).stream("device");
        // A device as far from the data sheet as the fit expects, within a tenth.
        let truths: Vec<f64> = CALIBRATED
            .iter()
            .map(|(name, _)| {
                gpu::prior(&profile, name).unwrap() * libm::exp(0.04 * normal(&mut stream))
            })
            .collect();
        let named = CALIBRATED.iter().zip(&truths);
        let truth = named.fold(datasheet.clone(), |m, ((name, _), value)| m.with(name, *value));
        let data = vec![rows(&truth, &mut stream)];
        let fit = gpu::run(&gpu::Options { gpu: GPU.into(), data, rows: None }).unwrap();
        for ((at, estimate), (truth, (name, name_unit))) in
            fit.estimates.iter().enumerate().zip(truths.iter().zip(CALIBRATED))
        {
            assert_eq!(estimate.name, name);
            let truth = truth / unit(name_unit).unwrap().2;
            inside[at] += u32::from((estimate.low..=estimate.high).contains(&truth));
        }
    }
    for ((name, _), count) in CALIBRATED.iter().zip(&inside) {
        println!("{name}: {count} of {seeds}");
        assert!(*count >= least, "{name}: only {count} of {seeds}");
    }
}
