//! The lines of a PCIe port and of a network card.

use super::super::Dimension::{Bytes, Count, Rate, Ratio, Time};
use super::Line;
use super::Need::{Absent, Always, Default, Where};

/// Why a card need not say what its own side of the slot can do.
pub(super) const AS_THE_SLOT: &str = "as the slot: the card is taken to fit it";

/// What is taken where a port's profile does not say what updates take.
const BUDGET: &str = "the budget of the SIGCOMM 2018 model, which is 9.5 % of a gen3 x16 link";

/// Where the lines of a slot are needed.
const SLOT: &str = "the port is a slot: it has no link_rate";
/// Where those of a link between chips are.
const CHIP: &str = "the port is a link between chips: it has link_rate";

/// Every line of a PCIe port's profile.
pub(super) const PCIE: [Line; 15] = [
    Line::of("generation", Count, Where(SLOT), "PCI Express generation, 1 to 6"),
    Line::of("lanes", Count, Where(SLOT), "1, 2, 4, 8, 12, 16 or 32"),
    Line::of("max_payload", Bytes, Where(SLOT), "a power of two, 128 to 4096"),
    Line::of("max_read_request", Bytes, Where(SLOT), "a power of two, 128 to 4096"),
    Line::of("read_completion_boundary", Bytes, Where(SLOT), "64, 128, 256 or 512"),
    Line::of(
        "completions_at_boundary",
        Count,
        Where(SLOT),
        "1: cut at every boundary; 0: as late as allowed",
    ),
    Line::of("address_bits", Count, Where(SLOT), "32 or 64"),
    Line::of("end_to_end_check", Count, Where(SLOT), "1 with ECRC, 0 without"),
    Line::of("tags", Count, Where(SLOT), "reads in flight"),
    Line::of("read_round_trip", Time, Always, "from a read request to its data"),
    Line::of("write_latency", Time, Always, "from the device to memory, one way"),
    Line::of("update_share", Ratio, Absent(BUDGET), "what acknowledgements and credits take"),
    Line::of(
        "link_rate",
        Rate,
        Absent("no link between chips: generation and lanes say what the slot signals"),
        "what a link between two chips signals in each direction",
    ),
    Line::of("link_read_efficiency", Ratio, Where(CHIP), "of link_rate, what reads reach"),
    Line::of("link_write_efficiency", Ratio, Where(CHIP), "of link_rate, what writes reach"),
];

/// Every line of a network card's profile.
pub(super) const NIC: [Line; 6] = [
    Line::of(
        "port_rate",
        Rate,
        Absent("as the cable: the card is taken to be as fast"),
        "the rate of a port, each direction",
    ),
    Line::of("latency", Time, Always, "one crossing of the card"),
    Line::of(
        "moderation",
        Time,
        Default(0.0, "0: an interrupt follows at once, or its delay is in latency"),
        "how long the card waits for more packets before it interrupts a core",
    ),
    Line::of(
        "flow_limit",
        Rate,
        Absent("no limit: the card and its cloud carry one flow as fast as all together"),
        "the most that one flow gets out of the card",
    ),
    Line::of("pcie_generation", Count, Absent(AS_THE_SLOT), "what the card itself can do"),
    Line::of("pcie_lanes", Count, Absent(AS_THE_SLOT), "what the card itself can do"),
];
