//! The lines of a GPU profile: what its data sheet says, its copy engines, and the execution model.

use super::super::Dimension::{Bytes, Count, Flops, Frequency, Rate, Ratio, Time};
use super::Line;
use super::Need::{Absent, Always, Assumed, Where};
use super::device::AS_THE_SLOT;

const MODELLED: &str = "the profile has a line of the execution model";
const NVLINK: &str = "a topology has an NVLink between GPUs and does not give its rate";

/// What is taken where a profile does not say it.
const MAPPED: &str = "as copies that way";
const QUEUED: &str = "copy_setup: a copy that is queued starts no sooner than one that is not";

/// Every line of a GPU profile.
pub(super) const LINES: [Line; 47] = [
    Line::of("sms", Count, Always, "streaming multiprocessors"),
    Line::of("clock", Frequency, Always, "boost clock"),
    Line::of("memory", Bytes, Always, "device memory"),
    Line::of("hbm_bandwidth", Rate, Always, "device memory, as the data sheet has it"),
    Line::of("fp32_peak", Flops, Always, "single precision, outside tensor cores"),
    Line::of("fp64_peak", Flops, Always, "double precision, outside tensor cores"),
    Line::of("launch_latency", Time, Always, "from the call to the kernel's first instruction"),
    Line::of("copy_engines", Count, Always, "host copies at once, both directions together"),
    Line::of("copy_setup", Time, Always, "of a copy engine, besides moving data"),
    Line::of("copy_call", Time, Always, "the least that a copy takes: the host's calls"),
    Line::of("copy_gap", Time, Absent(QUEUED), "of a copy engine between queued copies"),
    Line::of("mapped_read_rate", Rate, Absent(MAPPED), "of a kernel's loads from the host"),
    Line::of("mapped_write_rate", Rate, Absent(MAPPED), "of a kernel's stores to the host"),
    Line::of("copy_to_device_efficiency", Ratio, Always, "of the link's payload rate"),
    Line::of("copy_to_host_efficiency", Ratio, Always, "of the link's payload rate"),
    Line::of("pcie_generation", Count, Absent(AS_THE_SLOT), "what the card itself can do"),
    Line::of("pcie_lanes", Count, Absent(AS_THE_SLOT), "what the card itself can do"),
    Line::of("nvlink_links", Count, Where(NVLINK), "NVLinks of the GPU"),
    Line::of("nvlink_bandwidth", Rate, Where(NVLINK), "all of them together, each direction"),
    Line::of("compute_capability", Count, Where(MODELLED), "ten times the version"),
    Line::of("l2_capacity", Bytes, Where(MODELLED), "L2 cache"),
    Line::of("block_turnover", Time, Where(MODELLED), "from a block's end to its successor"),
    Line::of("l1_latency", Time, Where(MODELLED), "of a load from L1"),
    Line::of("l2_latency", Time, Where(MODELLED), "of a load from L2"),
    Line::of("dram_latency", Time, Where(MODELLED), "of a load from device memory"),
    Line::of("l2_bandwidth", Rate, Where(MODELLED), "what L2 delivers to all SMs"),
    Line::of("load_port", Rate, Where(MODELLED), "what one SM takes from L2"),
    Line::of("store_port", Rate, Where(MODELLED), "what one SM gives to L2"),
    Line::of("dram_efficiency", Ratio, Where(MODELLED), "of hbm_bandwidth, reads or writes alone"),
    Line::of("dram_turnaround", Ratio, Where(MODELLED), "lost by an even mix of the two"),
    Line::of("queueing", Ratio, Where(MODELLED), "how sharply latency gives way to bandwidth"),
    Line::of("stream_gap", Time, Where(MODELLED), "between dependent kernels of a stream"),
    Line::of("graph_gap", Time, Where(MODELLED), "between dependent kernels of a graph"),
    Line::of("block_interval", Time, Assumed, "between the starts of two blocks"),
    Line::of("barrier_latency", Time, Assumed, "a barrier that nobody has to wait for"),
    Line::of("barrier_per_warp", Time, Assumed, "what each warp adds to a barrier"),
    Line::of("atomic_latency", Time, Assumed, "an atomic addition that nobody else is at"),
    Line::of("atomic_own_word_interval", Time, Assumed, "a further one, each on its own word"),
    Line::of("atomic_one_word_interval", Time, Assumed, "a further one on the same word"),
    Line::of("atomic_line_interval", Time, Assumed, "a further warp on the same 128 bytes"),
    Line::of("atomic_scattered_interval", Time, Assumed, "a further one on its own sector"),
    Line::of("single_efficiency", Ratio, Assumed, "of the peak, what multiply-adds reach"),
    Line::of("access_granule", Bytes, Assumed, "the least that travels for a load or store"),
    Line::of("event_wait", Time, Assumed, "from a kernel's end to what waits in another stream"),
    Line::of("turn_quantum", Time, Assumed, "the longest turn of a pod, with time slicing"),
    Line::of("turn_switch", Time, Assumed, "from one pod's turn to the next one's"),
    Line::of("share_streams_cost", Ratio, Assumed, "what a kernel beside another adds to both"),
];
