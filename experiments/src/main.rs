//! The `podpath` command.

use std::process::ExitCode;

/// Many small pieces are asked for and given back on several threads.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    experiments::command::main()
}
