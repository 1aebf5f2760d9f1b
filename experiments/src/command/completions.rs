//! `podpath completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use crate::console::Console;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath completions bash > ~/.local/share/bash-completion/completions/podpath
  podpath completions zsh > ~/.zfunc/_podpath
  podpath completions fish > ~/.config/fish/completions/podpath.fish";

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::definition(), "podpath", &mut script);
    let script = String::from_utf8_lossy(&script);
    console.print(&script)?;
    console.print_json(&serde_json::json!({ "script": script }))
}
