//! `podpath serve`: the receiving half of a measurement between two machines or pods.

use std::net::SocketAddrV4;

use clap::Args;

use crate::console::Console;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath serve                            wait on every address, port 7411
  podpath serve --listen 10.1.2.3:9000     wait on one address

The other machine runs `podpath measure FILE --peer HOST`. Whoever reaches the port can have this
machine receive traffic and start iperf3: listen where only the pair can reach it.";

/// Wait for another podpath and receive what it sends, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where to wait for the other podpath
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:7411")]
    listen: SocketAddrV4,
}

#[cfg(target_os = "linux")]
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    use calibration::traffic::peer;
    use models::input::InputError;

    use crate::interrupt;

    interrupt::listen()?;
    let refuse = |error| {
        let problem = format!("{}: {error}", arguments.listen);
        InputError::new("--listen", problem).help("an address of this machine and a free port")
    };
    let listener = peer::listen(arguments.listen).map_err(refuse)?;
    let address = listener.local_addr().map_err(|error| Failure::run("listening", error))?;
    console.note(&format!("waiting for a peer on {address}; Ctrl-C ends it"));
    peer::serve(&listener, interrupt::flag(), &|line| console.note(line))
        .map_err(|error| Failure::run("serving", error))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run(_: &Arguments, _: &Console) -> Result<(), Failure> {
    Err(models::input::InputError::new("serve", "real traffic is measured on Linux only").into())
}
