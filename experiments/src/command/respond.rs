//! `podpath respond`: the receiving half of a measurement between two machines or pods.

use std::net::SocketAddrV4;

use calibration_lab::traffic::TrafficError;
use calibration_lab::traffic::peer::Responder;
use clap::Args;
use models::input::InputError;

use super::token::TokenFile;
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt;

const EXAMPLES: &str = "\
Examples:
  podpath respond                                        wait on this machine alone, port 7411
  podpath respond --listen 10.1.2.3:7411 --token-file FILE   wait for whoever knows the token

The other machine runs `podpath measure FILE --peer HOST` with the same token. Whoever has it can
have this machine receive traffic and start iperf3; nothing is encrypted.";

/// Wait for another podpath and receive what it sends, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where to wait for the other podpath; beyond loopback there has to be a token
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7411")]
    listen: SocketAddrV4,
    #[command(flatten)]
    token: TokenFile,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let token = arguments.token.read()?;
    interrupt::listen()?;
    let refuse = |error: TrafficError| {
        let help = match error {
            TrafficError::Load(_) => {
                "127.0.0.1, or a token in --token-file or PODPATH_TOKEN; a port from 1024 on"
            }
            _ => "an address of this machine and a free port",
        };
        InputError::new("--listen", format!("{}: {error}", arguments.listen)).help(help)
    };
    let responder = Responder::listen(arguments.listen, token).map_err(refuse)?;
    console.note(&format!("waiting for a peer on {}; Ctrl-C ends it", responder.address()));
    responder
        .run(interrupt::flag(), &|line| console.note(line))
        .map_err(|error| Failure::run("responding", error))
}

/// The same under its old name.
pub(super) fn run_as_serve(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    console.note("`serve` is called `respond` now; the next version has no `serve` any more");
    run(arguments, console)
}
