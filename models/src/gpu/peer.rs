//! From one GPU's memory to another's: NVLink where there is one, else PCIe.
//!
//! NVLink packs data into 16-byte flits: a header for up to 16 of them, so that 94 % of a link's
//! rate is payload at best; NVLink-Sharp and atomics aside. NVSwitch connects all GPUs of a node
//! at their full rate, so a pair has all of its links; without one a pair has the links between
//! them. Over PCIe a peer copy is posted writes through both GPUs' ports.

use sim::{Bytes, Rate};

use crate::input::InputError;
use crate::pcie::{Operation, Port};
use crate::profile::Profile;

/// Payload ÷ rate of a link with the largest packets: 16 data flits and a header.
const FLITS: f64 = 16.0 / 17.0;
/// Long enough that the last packet does not show.
const LONG: Bytes = Bytes::gib(1);

/// How two GPUs of a node are connected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Connection<'a> {
    /// By switches: every pair has all links of a GPU.
    NvSwitch,
    /// By so many links of each of the two.
    NvLink(u32),
    /// Below a PCIe switch or root complex that forwards peer to peer.
    Pcie(&'a Port),
}

/// What one GPU sends to a peer like itself, one way.
///
/// # Errors
/// If the GPU has no NVLink, or fewer links than asked for.
pub fn rate(gpu: &Profile, connection: Connection<'_>) -> Result<Rate, InputError> {
    let links = || -> Result<(u32, f64), InputError> {
        if !gpu.has("nvlink_bandwidth") {
            return Err(InputError::new("peer", format!("`{}` has no NVLink", gpu.name))
                .help("a path over PCIe"));
        }
        Ok((gpu.count("nvlink_links")?, gpu.rate("nvlink_bandwidth")?.as_bytes_per_s()))
    };
    match connection {
        Connection::NvSwitch => links().map(|(_, all)| Rate::bytes_per_s(all * FLITS)),
        Connection::NvLink(used) => {
            let (there, all) = links()?;
            if used == 0 || used > there {
                let problem = format!("{used} links are not possible");
                return Err(InputError::new("links", problem).help(format!("1 to {there}")));
            }
            Ok(Rate::bytes_per_s(all * FLITS * f64::from(used) / f64::from(there)))
        }
        Connection::Pcie(port) => {
            Ok(port.dma_bandwidth(Operation::Write, LONG).expect("the payload is not empty"))
        }
    }
}
