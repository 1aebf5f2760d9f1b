//! What a lookup took, beside what the model says.

/// One name, looked up several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// What is special about it.
    pub what: String,
    /// The name as it was asked for.
    pub name: String,
    /// `ndots` of the resolver.
    pub ndots: u32,
    /// Whether an address was found, every time.
    pub found: bool,
    /// Questions per lookup: as the model says, and as the server counted.
    pub questions: (f64, f64),
    /// The lower quartile, the median and the upper quartile of the time in seconds.
    pub seconds: [f64; 3],
    /// The time that the model says in seconds.
    pub predicted_s: f64,
}

/// The table of lookups, one row per name and setting of the resolver.
pub fn table(rows: &[Lookup]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "what",
        "name",
        "ndots",
        "questions_predicted",
        "questions_counted",
        "measured_s_low_quartile",
        "measured_s_median",
        "measured_s_high_quartile",
        "predicted_s",
        "relative_error",
    ];
    writer.write_record(header).expect("memory");
    for row in rows {
        let mut cells = vec![row.what.clone(), row.name.clone(), row.ndots.to_string()];
        cells.extend([row.questions.0.to_string(), row.questions.1.to_string()]);
        cells.extend(row.seconds.map(|seconds| seconds.to_string()));
        cells.extend([row.predicted_s.to_string(), format!("{:.4}", row.error_ratio())]);
        writer.write_record(&cells).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}

impl Lookup {
    /// The row of some samples, without what the model says.
    pub(super) fn of(what: &str, name: &str, ndots: u32, samples: &[(f64, bool)]) -> Lookup {
        let mut seconds: Vec<f64> = samples.iter().map(|sample| sample.0).collect();
        seconds.sort_by(f64::total_cmp);
        let at = |part: f64| seconds[((seconds.len() - 1) as f64 * part).round() as usize];
        Lookup {
            what: what.to_owned(),
            name: name.to_owned(),
            ndots,
            found: samples.iter().all(|sample| sample.1),
            questions: (0.0, 0.0),
            seconds: [at(0.25), at(0.5), at(0.75)],
            predicted_s: 0.0,
        }
    }

    /// How far the prediction is off the median, as a part of it.
    pub fn error_ratio(&self) -> f64 {
        self.predicted_s / self.seconds[1] - 1.0
    }
}
