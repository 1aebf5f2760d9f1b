//! The secret that a client has to tell a responder which listens beyond loopback.

use super::super::error::TrafficError;

/// The fewest and the most characters: 16 that are drawn are more than anybody can try.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=256;

/// A shared secret. It keeps strangers out; it is told as it is, so that who can read the
/// connection can learn it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The secret in `text`, without the white space around it.
    ///
    /// # Errors
    /// If it is shorter than 16 or longer than 256 characters, or has others than visible ASCII.
    pub fn new(text: &str) -> Result<Token, TrafficError> {
        let text = text.trim();
        if LENGTHS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Token(text.to_owned()));
        }
        let problem = "a token of 16 to 256 visible ASCII characters is possible, without spaces";
        Err(TrafficError::Load(problem.into()))
    }

    /// Whether `told` is it, in a time that says nothing of how much of it is right: hashes are
    /// compared, and in constant time.
    pub(super) fn is(&self, told: &str) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(told.as_bytes())
    }

    /// As it is told to the other end.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Nothing of it, so that no message shows it.
impl std::fmt::Debug for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_is_itself_alone() {
        let token = Token::new(" 0123456789abcdef\n").expect("16 characters");
        assert!(token.is("0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef "] {
            assert!(!token.is(other), "{other:?}");
        }
        assert_eq!(format!("{token:?}"), "Token");
        for bad in
            ["", "0123456789abcde", "0123456789 abcdef", "0123456789äbcdefg", &"x".repeat(257)]
        {
            assert!(Token::new(bad).is_err(), "{bad:?}");
        }
    }
}
