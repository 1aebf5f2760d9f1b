//! `podpath calibrate net`: what the network stack of this host costs its cores, hop by hop.
//!
//! ```text
//!  probe::design ─► labs of namespaces ─► rounds of readings ─► fit ─► profile of this host
//!   (topologies)        (crate::namespace)          (interleaved)      │      (host/NAME.csv)
//!                                                                └──► residuals, intervals
//! ```
//!
//! Probes are topologies in the user's own language. Measured and predicted by the same code as an
//! experiment, they leave only costs to be found: each hop's cost per packet and per byte, and the
//! sockets' cost per message.

pub mod fit;
pub mod host;
pub mod left_out;
pub mod probe;
pub mod record;
pub mod round;
