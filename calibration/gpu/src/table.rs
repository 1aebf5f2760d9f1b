//! The tables of a calibration: every reading, every point with its statistic, every finding, and
//! what became of each probe.

use calibration_fit::prior::digits;

use super::Measured;
use super::campaign::clock_moved;
use super::state::{self, Moment};
use super::work::Timer;

/// One line per reading, nothing left out.
pub fn readings(measured: &Measured) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = ["device", "probe", "series", "axis", "x", "timer", "unit", "repetition"];
    write(&mut writer, columns.into_iter().chain(["reading"]).map(str::to_owned));
    let device = device(measured);
    for sample in &measured.samples {
        let point = &sample.point;
        let timer = point.work.timer;
        for (at, reading) in sample.readings.iter().enumerate() {
            let text = [sample.probe, &point.series, &point.axis].map(str::to_owned);
            let line = std::iter::once(device.clone()).chain(text);
            let line = line.chain([point.x.to_string(), timer.name().into(), timer.unit().into()]);
            write(&mut writer, line.chain([at.to_string(), format!("{reading:e}")]));
        }
    }
    finish(writer)
}

/// One line per point: what it is, median, quartiles, spread, and the clock around it.
pub fn points(measured: &Measured) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = [
        "device",
        "probe",
        "series",
        "axis",
        "x",
        "amount",
        "timer",
        "unit",
        "repetitions",
        "median",
        "lower_quartile",
        "upper_quartile",
        "spread_ratio",
        "median_s",
        "sm_clock_before_mhz",
        "sm_clock_after_mhz",
        "clock_moved",
        "nvml_sm_clock_min_mhz",
        "nvml_sm_clock_max_mhz",
        "memory_clock_min_mhz",
        "memory_clock_max_mhz",
        "power_max_w",
        "temperature_max_c",
        "throttled_by",
    ];
    write(&mut writer, columns.map(str::to_owned).into_iter());
    let device = device(measured);
    for sample in &measured.samples {
        let (point, (lower, upper)) = (&sample.point, sample.quartiles());
        let timer = point.work.timer;
        let seconds = match timer {
            Timer::Cycles => sample.median() / sample.clock.hz(),
            _ => sample.median(),
        };
        let line = [
            device.clone(),
            sample.probe.to_owned(),
            point.series.clone(),
            point.axis.to_string(),
            point.x.to_string(),
            point.amount.to_string(),
            timer.name().to_owned(),
            timer.unit().to_owned(),
            sample.readings.len().to_string(),
            format!("{:e}", sample.median()),
            format!("{lower:e}"),
            format!("{upper:e}"),
            format!("{:.4}", sample.spread()),
            format!("{seconds:e}"),
            format!("{:.1}", sample.clock.before_hz / 1e6),
            format!("{:.1}", sample.clock.after_hz / 1e6),
            clock_moved(sample).to_string(),
        ];
        write(&mut writer, line.into_iter().chain(state(&sample.moments)));
    }
    finish(writer)
}

/// The cells that say in which state a probe ran; figures that nobody told are empty.
fn state(moments: &[Moment]) -> [String; 7] {
    let ends = |figure: fn(&Moment) -> Option<f64>| {
        let range = state::range(moments, figure);
        range.map_or([String::new(), String::new()], |(low, high)| {
            [low, high].map(|value| format!("{value:.1}"))
        })
    };
    let [sm_low, sm_high] = ends(|moment| moment.sm_clock_mhz);
    let [memory_low, memory_high] = ends(|moment| moment.memory_clock_mhz);
    let [_, power] = ends(|moment| moment.power_w);
    let [_, temperature] = ends(|moment| moment.temperature_c);
    let throttled = match state::throttled_by(moments) {
        None => "unknown".into(),
        Some(by) if by.is_empty() => "nothing".into(),
        Some(by) => by.into_iter().collect::<Vec<_>>().join(" + "),
    };
    [sm_low, sm_high, memory_low, memory_high, power, temperature, throttled]
}

/// One line per parameter that was found.
pub fn findings(measured: &Measured) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = ["device", "parameter", "value", "unit", "low", "high", "source"];
    write(&mut writer, columns.map(str::to_owned).into_iter());
    let device = device(measured);
    for found in &measured.findings {
        let [value, low, high] =
            [found.value, found.low, found.high].map(|v| digits(v).to_string());
        let (parameter, unit) = (found.parameter.clone(), found.unit.to_owned());
        let source = found.source.clone();
        write(&mut writer, [device.clone(), parameter, value, unit, low, high, source].into_iter());
    }
    finish(writer)
}

/// One line per probe: how far it came, and what stays unknown where it did not come to its end.
pub fn probes(measured: &Measured) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns =
        ["device", "probe", "status", "repetitions", "seconds", "parameters", "missing", "why"];
    write(&mut writer, columns.map(str::to_owned).into_iter());
    let device = device(measured);
    for account in &measured.accounts {
        let line = [
            device.clone(),
            account.probe.to_owned(),
            account.status.name().to_owned(),
            account.status.repetitions().to_string(),
            format!("{:.3}", account.seconds),
            account.identifies.join(" "),
            account.missing.join(" "),
            account.status.why(),
        ];
        write(&mut writer, line.into_iter());
    }
    finish(writer)
}

/// The name of the device, and that it is none if it is none.
fn device(measured: &Measured) -> String {
    match measured.facts.simulated {
        true => format!("simulated device ({})", measured.facts.name),
        false => measured.facts.name.clone(),
    }
}

fn write(writer: &mut csv::Writer<Vec<u8>>, line: impl Iterator<Item = String>) {
    writer.write_record(line.collect::<Vec<_>>()).expect("memory");
}

fn finish(writer: csv::Writer<Vec<u8>>) -> String {
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}
