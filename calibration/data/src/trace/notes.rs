//! What is to be said of a trace: sentences, and counts of what was inferred.

/// Sentences in the order in which they were first said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notes {
    all: Vec<(Option<u64>, String)>,
}

impl Notes {
    /// Says something once.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let note = (None, text.into());
        if !self.all.contains(&note) {
            self.all.push(note);
        }
    }

    /// Says how often something is so, if it ever is.
    pub(super) fn count(&mut self, count: u64, text: &str) {
        if count == 0 {
            return;
        }
        match self.all.iter_mut().find(|(sum, known)| sum.is_some() && known == text) {
            Some((sum, _)) => *sum = sum.map(|sum| sum + count),
            None => self.all.push((Some(count), text.into())),
        }
    }

    /// Says what others say too.
    pub(super) fn add(&mut self, others: Notes) {
        for (count, text) in others.all {
            match count {
                Some(count) => self.count(count, &text),
                None => self.say(text),
            }
        }
    }

    /// All sentences.
    pub(super) fn sentences(self) -> Vec<String> {
        let sentence = |(count, text): (Option<u64>, String)| match count {
            Some(count) => format!("{count} {text}."),
            None => text,
        };
        self.all.into_iter().map(sentence).collect()
    }
}
