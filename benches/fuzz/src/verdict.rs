//! What came of an input.

/// What came of an input that broke no law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken, and what was asked of it came to its end: what kind of end.
    Ended(String),
    /// It was refused: why.
    Refused(String),
    /// It was taken, and would have taken longer than there is time for; it stopped when it was
    /// asked to.
    Stopped,
}

impl Verdict {
    /// What makes it another kind of verdict: its words without the numbers and the names in them.
    pub(crate) fn kind(&self) -> String {
        let (state, text) = match self {
            Verdict::Ended(text) => ("ended", text.as_str()),
            Verdict::Refused(text) => ("refused", text.as_str()),
            Verdict::Stopped => ("stopped", ""),
        };
        format!("{state} {}", without_names(text))
    }
}

/// A sentence without what stands in it in quotes, and with `0` for every number; of a long one,
/// the beginning.
pub(crate) fn without_names(text: &str) -> String {
    let mut kind = String::new();
    let mut quoted: Option<char> = None;
    for letter in text.chars() {
        match quoted {
            Some(end) if letter == end => quoted = None,
            Some(_) => {}
            None if matches!(letter, '`' | '"') => quoted = Some(letter),
            None if letter.is_ascii_digit() => {
                if !kind.ends_with('0') {
                    kind.push('0');
                }
            }
            None => kind.push(letter),
        }
    }
    kind.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_make_no_other_kind() {
        let of = |text: &str| Verdict::Refused(text.into()).kind();
        assert_eq!(of("`a` has 12 bytes"), of("`bc` has 3 bytes"));
        assert_ne!(of("`a` has 12 bytes"), of("`a` has no bytes"));
        assert_ne!(of(""), Verdict::Ended(String::new()).kind());
    }
}
