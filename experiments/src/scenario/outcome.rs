//! What came of one run of a variant.

/// What one kind of movement lost to another one at a link \[s\].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lost {
    pub(crate) victim: String,
    pub(crate) culprit: String,
    pub(crate) link: String,
    pub(crate) seconds: f64,
}

/// What came of one run of a variant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Figures by their names, in units that the names end with.
    pub(crate) figures: Vec<(String, f64)>,
    /// Where the time of a request or of a step goes [s], in order.
    pub(crate) spent: Vec<(String, f64)>,
    /// When each stage of the first start ran [s].
    pub(crate) start: Vec<(String, f64, f64)>,
    /// What a setting alone would take off the first token or the step: its name, and the time that
    /// is left [s].
    pub(crate) gains: Vec<(String, f64)>,
    /// Who loses time to whom at which link.
    pub(crate) lost: Vec<Lost>,
    /// Links and the part of them that was in use.
    pub(crate) used: Vec<(String, f64)>,
    /// Requests one by one, with the header first.
    pub(crate) requests: Vec<Vec<String>>,
}

impl Outcome {
    /// A figure by its name.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }
}
