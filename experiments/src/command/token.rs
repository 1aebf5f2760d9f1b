//! The token that the two ends of a measurement share: from a file or the environment. A command
//! line is no place for it, as every user of the machine can read that.

use std::env::{self, VarError};
use std::path::PathBuf;

use calibration_lab::traffic::peer::Token;
use clap::Args;
use models::input::InputError;

use crate::file::read_text;

/// The variable that holds a token.
const VARIABLE: &str = "PODPATH_TOKEN";

/// Where the token is.
#[derive(Debug, Args)]
pub(super) struct TokenFile {
    /// A file with the token that both ends share [default: the variable PODPATH_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl TokenFile {
    /// Whether a file is named.
    pub(super) fn is_given(&self) -> bool {
        self.token_file.is_some()
    }

    /// The token, if there is one.
    ///
    /// # Errors
    /// If the file cannot be read, or what it or the variable holds is no token. Nothing of that is
    /// told.
    pub(super) fn read(&self) -> Result<Option<Token>, InputError> {
        let (field, text) = match &self.token_file {
            Some(path) => {
                let text = read_text(path, "--token-file").map_err(|error| InputError {
                    source: None,
                    span: None,
                    ..error
                })?;
                ("--token-file", text.text.clone())
            }
            None => match env::var(VARIABLE) {
                Ok(text) => (VARIABLE, text),
                Err(VarError::NotPresent) => return Ok(None),
                Err(VarError::NotUnicode(_)) => (VARIABLE, String::new()),
            },
        };
        let token = Token::new(&text).map_err(|error| {
            InputError::new(field, format!("holds no token: {error}"))
                .help("one line, such as `head -c 24 /dev/urandom | base64` prints")
        })?;
        Ok(Some(token))
    }
}
