//! The figures of a GPU's calibration, from its points.csv.

use super::lines::{self, Axis, Line, Words};
use super::picture::Point;
use super::table::{Row, Table};
use super::{Draft, PlotError, words};

/// What is drawn.
struct Plan {
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    probe: &'static str,
    axis: &'static str,
    across: &'static str,
    /// How a number of the horizontal axis is written.
    ticks: fn(f64) -> String,
    unit: &'static str,
    log: bool,
    /// From median \[s\] and amount to what is drawn.
    value: fn(f64, f64) -> f64,
    /// What a series is called in the figure; those that are not in the list are not drawn.
    called: &'static [(&'static str, &'static str)],
}

fn gb_s(seconds: f64, amount: f64) -> f64 {
    amount / seconds / 1e9
}

/// The same where the amount is in words of four bytes.
fn words_gb_s(seconds: f64, amount: f64) -> f64 {
    4.0 * gb_s(seconds, amount)
}

fn ns_each(seconds: f64, amount: f64) -> f64 {
    seconds / amount * 1e9
}

fn us_each(seconds: f64, amount: f64) -> f64 {
    seconds / amount * 1e6
}

const PLANS: [Plan; 7] = [
    Plan {
        name: "bandwidth-in-flight",
        title: "Bandwidth against bytes in flight",
        caption: "Few bytes in flight are bound by latency (Little's law), many by what the level \
                  can carry; the knee between is where a kernel has threads enough.",
        probe: "bandwidth",
        axis: "flight_b",
        across: "bytes in flight, all SMs together",
        ticks: words::size,
        unit: "GB/s",
        log: true,
        value: gb_s,
        called: &[("dram", "DRAM"), ("l2", "L2"), ("l1", "L1"), ("shared", "shared memory")],
    },
    Plan {
        name: "latency-working-set",
        title: "Latency against working set",
        caption: "One thread's dependent loads: a plateau for each level that holds the whole \
                  ring, and slopes where a level holds a part of it.",
        probe: "latency",
        axis: "working_set_b",
        across: "working set",
        ticks: words::size,
        unit: "ns a load",
        log: false,
        value: ns_each,
        called: &[("global", "global memory")],
    },
    Plan {
        name: "bandwidth-stride",
        title: "Useful bandwidth against stride",
        caption: "One 4-byte word of every stride is wanted, and memory moves whole granules: the \
                  useful part falls until every word costs a granule of its own.",
        probe: "coalescing",
        axis: "stride_b",
        across: "from one wanted word to the next",
        ticks: words::size,
        unit: "GB/s of wanted words",
        log: true,
        value: words_gb_s,
        called: &[("strided", "DRAM")],
    },
    Plan {
        name: "stream-occupancy",
        title: "Streams against threads on an SM",
        caption: "Two blocks of growing size on each SM, one element of 8 bytes a thread: small \
                  blocks are ruled by how a slot changes hands, larger ones by latency and by the \
                  ports of the SM, the largest by memory.",
        probe: "streams",
        axis: "resident_threads",
        across: "threads on an SM",
        ticks: words::number,
        unit: "GB/s",
        log: true,
        value: gb_s,
        called: &[
            ("init.dram.2", "init, DRAM"),
            ("read.dram.2", "read, DRAM"),
            ("scale.dram.2", "scale, DRAM"),
            ("triad.dram.2", "triad, DRAM"),
            ("wide-triad.dram.2", "triad of 16 B, DRAM"),
            ("read.l2.2", "read, L2"),
            ("scale.l2.2", "scale, L2"),
            ("triad.l2.2", "triad, L2"),
        ],
    },
    Plan {
        name: "kernels-in-a-row",
        title: "Empty kernels one after another",
        caption: "The time of each: one alone takes a round trip, and of many there is left what \
                  lies between one and the next, in a stream and as a graph.",
        probe: "graphs",
        axis: "kernels",
        across: "kernels in a row",
        ticks: words::number,
        unit: "µs a kernel",
        log: false,
        value: us_each,
        called: &[("graph", "as a graph"), ("stream", "in a stream")],
    },
    Plan {
        name: "copy-bandwidth-size",
        title: "Copy bandwidth against size",
        caption: "Small copies take what a call takes; large ones reach the rate of the bus, of a \
                  core that copies, or of device memory.",
        probe: "copies",
        axis: "copy_b",
        across: "size of the copy",
        ticks: words::size,
        unit: "GB/s",
        log: true,
        value: gb_s,
        called: &[
            ("to_device.pinned", "to device, pinned"),
            ("to_host.pinned", "to host, pinned"),
            ("to_device.pageable", "to device, pageable"),
            ("to_host.pageable", "to host, pageable"),
            ("to_device.write-combined", "to device, write-combined"),
            ("within", "within the device"),
            ("to_peer", "to the next device"),
            ("from_peer", "from the next device"),
        ],
    },
    Plan {
        name: "mapped-bandwidth-size",
        title: "A kernel's own access to host memory",
        caption: "Loads from and stores to page-locked host memory, without a copy: small amounts \
                  take what a kernel takes, large ones reach what the bus carries.",
        probe: "mapped",
        axis: "bytes_b",
        across: "bytes that the kernel reads or writes",
        ticks: words::size,
        unit: "GB/s",
        log: false,
        value: gb_s,
        called: &[("read", "loads"), ("write", "stores")],
    },
];

/// The names of the figures, in the order in which a report shows them.
pub fn names() -> [&'static str; PLANS.len()] {
    PLANS.map(|plan| plan.name)
}

/// Everything that the table has points for.
///
/// # Errors
/// If the table is not what `podpath calibrate gpu` writes.
pub(super) fn drafts(table: &Table) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    let device = table.rows().next().map_or(Ok(""), |row| row.text("device"))?;
    for plan in &PLANS {
        let lines = read(table, plan)?;
        let said = Words {
            title: plan.title,
            note: &format!("{device}; medians"),
            across: plan.across,
            ticks: plan.ticks,
            wide: Axis::Log,
            unit: plan.unit,
            high: if plan.log { Axis::Log } else { Axis::FromZero },
        };
        let Some(picture) = lines::draw(&lines, said) else { continue };
        drafts.push(Draft {
            name: plan.name,
            title: plan.title.into(),
            caption: plan.caption.into(),
            alternative: format!("{} of {device}. {}", plan.title, plan.caption),
            picture,
        });
    }
    Ok(drafts)
}

fn read(table: &Table, plan: &Plan) -> Result<Vec<Line>, PlotError> {
    let mut lines = Vec::new();
    for (series, called) in plan.called {
        let mut points = Vec::new();
        for row in table.rows() {
            let own = row.text("probe")? == plan.probe && row.text("series")? == *series;
            if own && row.text("axis")? == plan.axis {
                points.push(point(&row, plan)?);
            }
        }
        points.sort_by(|a: &Point, b: &Point| a.0.total_cmp(&b.0));
        lines.push(Line { name: (*called).into(), points, ..Line::default() });
    }
    lines.retain(|line| !line.points.is_empty());
    Ok(lines)
}

fn point(row: &Row<'_>, plan: &Plan) -> Result<Point, PlotError> {
    let value = (plan.value)(row.number("median_s")?, row.number("amount")?);
    Ok((row.number("x")?, value))
}
