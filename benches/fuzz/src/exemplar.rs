//! A cluster and what is sent on it, written down from choices.

use std::fmt::Write;

use arbitrary::{Result, Unstructured};

const HOSTS: [&str; 6] = [
    "bench-2024",
    "bare-metal-2022",
    "bare-metal-2025",
    "gpu-server",
    "two-socket-2021",
    "unknown",
];
const CNIS: [&str; 12] = [
    "host-network",
    "bridge",
    "flannel",
    "vxlan",
    "routed",
    "wireguard",
    "cilium",
    "calico",
    "ebpf",
    "macvlan",
    "ipip",
    "geneve",
];
const GPUS: [&str; 5] =
    ["a100-40-pcie", "v100-16-pcie", "t4-16-pcie", "a40-48-pcie", "h100-80-pcie"];
const SLOTS: [&str; 4] = ["gen3-x8", "gen3-x16", "gen4-x16", "gen5-x16"];
/// Cards with what their ports carry \[Gbit/s\].
const CARDS: [(&str, u64); 5] = [
    ("generic-1g", 1),
    ("generic-10g", 10),
    ("generic-25g", 25),
    ("generic-40g", 40),
    ("generic-100g", 100),
];
const PROXIES: [&str; 4] = ["iptables", "ipvs", "nftables", "ebpf"];

/// What was made.
#[derive(Debug)]
pub(crate) struct Exemplar {
    /// The topology file.
    pub(crate) topology: String,
    /// The experiment file.
    pub(crate) experiment: String,
    /// What leaves each machine.
    pub(crate) leaving: Vec<Leaving>,
}

/// What leaves a machine.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    pub(crate) node: String,
    /// What its cable carries \[B/s\].
    pub(crate) bytes_per_s: f64,
    /// The numbers of transfers that go to another machine.
    pub(crate) transfers: Vec<usize>,
}

/// An end of transfers.
#[derive(Clone, Debug)]
struct End {
    name: String,
    node: usize,
    is_gpu: bool,
}

/// Makes one; where choices end, the first of each kind is taken.
///
/// # Errors
/// None but those of [`Unstructured`], which has no end of choices for what is asked here.
pub(crate) fn exemplar(u: &mut Unstructured<'_>) -> Result<Exemplar> {
    let mut topology =
        "about = \"made\"\n[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n".to_owned();
    let (mut ends, mut leaving) = (Vec::new(), Vec::new());
    for node in 0..u.int_in_range(1..=3)? {
        leaving.push(machine(u, node, &mut topology, &mut ends)?);
    }
    let pods: Vec<&End> = ends.iter().filter(|end| !end.is_gpu).collect();
    let served = *u.choose(&pods)?;
    let proxy = u.choose(&PROXIES)?;
    write(
        &mut topology,
        format_args!(
            "[[service]]\nname = \"web\"\npods = [\"{}\"]\nproxy = \"{proxy}\"\ninstalled = {}\n",
            served.name,
            u.choose(&[1, 10, 1000])?,
        ),
    );
    let mut experiment = "name = \"made\"\ntopologies = [\"made\"]\nrepetitions = 1\n".to_owned();
    for number in 0..u.int_in_range(1..=4)? {
        let (from, to) = asked(u, number, &ends, served, &mut experiment)?;
        if ends[from].node != ends[to].node {
            leaving[ends[from].node].transfers.push(number);
        }
    }
    Ok(Exemplar { topology, experiment, leaving })
}

/// A machine with its card, its cable, its GPUs and its pods.
fn machine(
    u: &mut Unstructured<'_>,
    node: usize,
    topology: &mut String,
    ends: &mut Vec<End>,
) -> Result<Leaving> {
    // One kind of host can pay for every network; others are tried as well.
    let host = if u.ratio(5, 6)? { HOSTS[0] } else { u.choose(&HOSTS)? };
    let cni = u.choose(&CNIS)?;
    let (card, port) = *u.choose(&CARDS)?;
    let cable = *u.choose(&[port, port, port.div_ceil(2), 400])?;
    let (slot, mtu) = (u.choose(&SLOTS)?, u.choose(&[9000, 1500, 1400])?);
    let latency = u.choose(&["10 ns", "1 us", "500 us", "0 s"])?;
    write(
        topology,
        format_args!(
            "[[node]]\nname = \"n{node}\"\nhost = \"{host}\"\ncni = \"{cni}\"\n\
         [[nic]]\nname = \"c{node}\"\nnode = \"n{node}\"\nprofile = \"{card}\"\npcie = \"{slot}\"\n\
         mtu = {mtu}\n\
         [[cable]]\nbetween = [\"c{node}\", \"tor\"]\nrate = \"{cable} Gbit/s\"\n\
         latency = \"{latency}\"\n",
        ),
    );
    if u.ratio(1, 8)? {
        write(topology, format_args!("loss = {}\n", u.choose(&["1e-6", "1e-4", "0.01"])?));
    }
    let switch = u.ratio(1, 3)?;
    if switch {
        write(
            topology,
            format_args!(
                "[[pcie_switch]]\nname = \"s{node}\"\nnode = \"n{node}\"\npcie = \"{slot}\"\n",
            ),
        );
    }
    let under = if switch { format!("under = \"s{node}\"\n") } else { String::new() };
    let gpus = u.int_in_range(0..=2)?;
    for gpu in 0..gpus {
        let (profile, slot) = (u.choose(&GPUS)?, u.choose(&SLOTS)?);
        write(
            topology,
            format_args!(
                "[[gpu]]\nname = \"g{node}-{gpu}\"\nnode = \"n{node}\"\nprofile = \"{profile}\"\n\
             pcie = \"{slot}\"\n{under}\
             [[pod]]\nname = \"q{node}-{gpu}\"\nnode = \"n{node}\"\ngpu = \"g{node}-{gpu}\"\n",
            ),
        );
        ends.push(End { name: format!("g{node}-{gpu}"), node, is_gpu: true });
        ends.push(End { name: format!("q{node}-{gpu}"), node, is_gpu: false });
    }
    if gpus == 2 && u.ratio(1, 2)? {
        let (kind, rest) = *u.choose(&[
            ("peer_to_peer", ""),
            ("nvlink", "rate = \"100 GB/s\"\nlatency = \"1 us\"\n"),
        ])?;
        write(
            topology,
            format_args!("[[{kind}]]\nbetween = [\"g{node}-0\", \"g{node}-1\"]\n{rest}"),
        );
    }
    write(topology, format_args!("[[pod]]\nname = \"p{node}\"\nnode = \"n{node}\"\n"));
    if u.ratio(1, 8)? {
        let rate = u.choose(&["100 Mbit/s", "1 Gbit/s", "20 Gbit/s"])?;
        write(topology, format_args!("rate = \"{rate}\"\nburst = \"1 MiB\"\n"));
    }
    ends.push(End { name: format!("p{node}"), node, is_gpu: false });
    let carries = cable.min(port) as f64 * 1e9 / 8.0;
    Ok(Leaving { node: format!("n{node}"), bytes_per_s: carries, transfers: Vec::new() })
}

/// A transfer: the numbers of its ends.
fn asked(
    u: &mut Unstructured<'_>,
    number: usize,
    ends: &[End],
    served: &End,
    experiment: &mut String,
) -> Result<(usize, usize)> {
    let gpus: Vec<usize> = (0..ends.len()).filter(|at| ends[*at].is_gpu).collect();
    let direct = gpus.len() > 1 && u.ratio(1, 4)?;
    let all: Vec<usize> = (0..ends.len()).collect();
    let of = if direct { &gpus } else { &all };
    let at = u.choose_index(of.len())?;
    // The next one over, or any further.
    let step = if of.len() > 1 { 1 + u.choose_index(of.len() - 1)? } else { 0 };
    let (from, to) = (of[at], of[(at + step) % of.len()]);
    let message = 1u64 << u.int_in_range(0..=26)?;
    let message = message + u.int_in_range(0..=message / 2)?;
    write(
        experiment,
        format_args!(
            "[[transfer]]\nname = \"t{number}\"\nfrom = \"{}\"\nto = \"{}\"\n\
             message = \"{message} B\"\n",
            ends[from].name, ends[to].name,
        ),
    );
    let streams = u.choose(&[1u64, 1, 2, 8])?;
    write(experiment, format_args!("streams = {}\n", (*streams).min(message)));
    let udp = !direct && u.ratio(1, 6)?;
    if udp {
        experiment.push_str("transport = \"udp\"\n");
        if u.ratio(1, 2)? {
            let offered = u.choose(&["10 Mbit/s", "1 Gbit/s", "30 Gbit/s"])?;
            write(experiment, format_args!("offered = \"{offered}\"\n"));
        }
    } else {
        mode(u, direct, message, experiment)?;
    }
    if !direct && ends[to].name == served.name && u.ratio(1, 2)? {
        experiment.push_str("via = \"web\"\n");
    }
    if ends[from].is_gpu && u.ratio(1, 4)? {
        kernel(u, experiment)?;
    }
    Ok((from, to))
}

fn mode(
    u: &mut Unstructured<'_>,
    direct: bool,
    message: u64,
    experiment: &mut String,
) -> Result<()> {
    if direct {
        experiment.push_str("mode = \"gpudirect\"\n");
        return Ok(());
    }
    if u.ratio(1, 3)? {
        let chunk = (message >> u.int_in_range(0..=6)?).max(64);
        let buffers = u.int_in_range(1..=4)?;
        write(
            experiment,
            format_args!("mode = \"overlapped\"\nchunk = \"{chunk} B\"\nbuffers = {buffers}\n",),
        );
    }
    let memory = u.choose(&["pinned", "pinned", "pageable", "untouched"])?;
    let connection = u.choose(&["warm", "warm", "new"])?;
    write(experiment, format_args!("host_memory = \"{memory}\"\nconnection = \"{connection}\"\n",));
    if u.ratio(1, 4)? {
        write(experiment, format_args!("write = \"{} B\"\n", 1u64 << u.int_in_range(9..=20)?));
    }
    if u.ratio(1, 6)? {
        write(experiment, format_args!("reply = \"{} B\"\n", 1u64 << u.int_in_range(0..=16)?));
    }
    if u.ratio(1, 8)? {
        experiment.push_str("marshalled = \"2 GB/s\"\n");
    }
    Ok(())
}

fn kernel(u: &mut Unstructured<'_>, experiment: &mut String) -> Result<()> {
    let (read, written) = (1u64 << u.int_in_range(0..=28)?, 1u64 << u.int_in_range(0..=24)?);
    write(
        experiment,
        format_args!("kernel_read = \"{read} B\"\nkernel_written = \"{written} B\"\n"),
    );
    if u.ratio(1, 2)? {
        let threads = 1u64 << u.int_in_range(0..=16)?;
        let block = u.choose(&[32, 256, 1024])?;
        let level = u.choose(&["kernel", "cohort"])?;
        write(
            experiment,
            format_args!(
                "kernel_threads = {threads}\nkernel_block = {block}\nkernel_level = \"{level}\"\n\
             kernel_flop = {}\n",
                1u64 << u.int_in_range(0..=30)?,
            ),
        );
    }
    Ok(())
}

fn write(to: &mut String, arguments: std::fmt::Arguments<'_>) {
    to.write_fmt(arguments).expect("memory");
}
