//! Ctrl-C: the first asks to stop after the points in flight, the second stops at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Whether the user has asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// The flag behind [`asked`], for work that looks at it itself.
pub fn flag() -> &'static AtomicBool {
    &ASKED
}

/// Listens for Ctrl-C and the signal to end, from the first call on.
///
/// # Errors
/// If the system refuses a handler.
pub fn listen() -> Result<(), Failure> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let listening = LISTENING.get_or_init(|| {
        let on_signal = || {
            if ASKED.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(Failure::Interrupted.exit_code()));
            }
        };
        ctrlc::set_handler(on_signal).map_err(|error| error.to_string())
    });
    listening.clone().map_err(|error| Failure::run("listening for Ctrl-C", error))
}
