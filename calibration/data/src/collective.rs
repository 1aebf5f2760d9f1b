//! Published runs of nccl-tests and its like, beside what the models say of them.
//!
//! A row names GPU, links and cards in its source's words; [`read`] makes a team of ranks of them.
//! What cannot be told from the words is said as a reason, and the row is left out.

mod matrix;
mod words;

use models::collective::{Collective, Costs, Peers, Program, Team, copied, predict, streamed};
use models::input::InputError;
use models::library::{Kind, Library};

use crate::family::{Family, Table};
use crate::file::Row;

pub use matrix::Cell;

/// The profile of costs that ships.
pub const PROFILE: &str = "nccl";
/// More bytes than anybody moves at once.
const BYTES_MAX: u64 = 1 << 50;
/// More nodes than any run had.
const NODES_MAX: u64 = 1 << 20;

/// The costs of a library.
///
/// # Errors
/// If it has none, or a line of them is missing.
pub fn costs(library: &Library) -> Result<Costs, InputError> {
    Costs::read(&library.profile(Kind::Collective, PROFILE)?)
}

/// What a row measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// A collective of NCCL of so many bytes.
    Collective(Team, Collective, u64),
    /// Messages of so many bytes, one after another.
    Messages(Team, Program, u64),
    /// Copies between GPUs.
    Copy(Peers, Cell),
}

/// A row that can be predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// What was done.
    pub work: Work,
    /// The time or rate that was measured.
    pub measured: f64,
    /// Its unit: `us` or `GB/s`.
    pub unit: &'static str,
    /// With how many decimals that is printed.
    pub decimals: usize,
}

/// What is predicted for a figure, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// With nothing drawn.
    pub value: f64,
    /// The ends of its 90 % interval.
    pub interval: (f64, f64),
}

impl Run {
    /// What is predicted.
    pub fn predict(&self, costs: &Costs) -> Figure {
        let time = |predicted: models::collective::Predicted| Figure {
            value: predicted.time_us(),
            interval: predicted.interval_us(),
        };
        match self.work {
            Work::Collective(team, collective, bytes) => {
                time(predict(costs, &team, collective, bytes))
            }
            Work::Messages(team, program, bytes) => time(streamed(costs, &team, program, bytes)),
            Work::Copy(peers, cell) => {
                let copied = copied(costs, &peers);
                let (latency, rate) = copied.doubts;
                let (value, doubt) = match cell {
                    Cell::OneWay => (copied.one_way_gb_s, rate),
                    Cell::BothWays => (copied.both_ways_gb_s, rate),
                    Cell::ToAll => (copied.to_all_gb_s, rate),
                    Cell::Latency => (copied.latency_us, latency),
                };
                Figure { value, interval: (value / doubt, value * doubt) }
            }
        }
    }
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its family.
    pub family: Family,
    /// Its system, what was done, and how many bytes.
    pub label: String,
    /// The run, or why it cannot be predicted.
    pub run: Result<Run, String>,
}

/// Reads a row of a table; none if the table is about something else.
///
/// # Errors
/// If a number is malformed.
pub fn read_of(table: Table, row: &Row<'_>) -> Result<Option<Reading>, InputError> {
    match table {
        Table::Collectives => read(row).map(Some),
        Table::OneNode => read_one_node(row).map(Some),
        Table::PeerMatrix => matrix::read(row).map(Some),
        Table::Pcie | Table::Cni | Table::Gpu(_) | Table::Placement | Table::Serving => Ok(None),
    }
}

/// Reads a row of nccl-tests, of several nodes or one.
///
/// # Errors
/// If a number is malformed.
pub fn read(row: &Row<'_>) -> Result<Reading, InputError> {
    let collective = row.text("collective")?;
    let nodes = u32::try_from(row.count("nodes", NODES_MAX)?).expect("so many at most");
    let bytes = row.count("bytes", BYTES_MAX)?;
    let family = family(collective, row.text("transport")?);
    let system = row.cell("system").unwrap_or("unknown").replace(' ', "-");
    let label = format!("{system} {collective} {bytes}");
    let health = row.cell("health").unwrap_or_default();
    if !matches!(health, "healthy" | "limited") {
        let why = format!("its health is `{health}`: a fault is not predicted");
        return Ok(Reading { family, label, run: Err(why) });
    }
    let (time_us, decimals) = match (row.cell("time_us"), row.cell("algbw_GBps")) {
        (Some(_), _) => (row.positive("time_us")?, row.decimals("time_us")),
        (None, Some(_)) => (bytes as f64 / row.positive("algbw_GBps")? / 1000.0, 3),
        (None, None) => return Err(row.fault("time_us", "is empty, and so is algbw_GBps")),
    };
    let run = words::team(row, nodes).and_then(|team| {
        let work = work(collective, bytes, team)?;
        Ok(Run { work, measured: time_us, unit: "us", decimals })
    });
    Ok(Reading { family, label, run })
}

/// Reads a row of one node.
fn read_one_node(row: &Row<'_>) -> Result<Reading, InputError> {
    let (gpu, collective) = (row.text("gpu")?, row.text("collective")?);
    let ranks = u32::try_from(row.count("gpus", 1024)?).expect("so many at most");
    let bytes = row.count("bytes", BYTES_MAX)?;
    let (time_us, decimals) = (row.positive("time_us")?, row.decimals("time_us"));
    let intra = row.text("intra")?;
    let run = words::node(gpu, intra, ranks).and_then(|team| {
        let work = work(collective, bytes, team)?;
        Ok(Run { work, measured: time_us, unit: "us", decimals })
    });
    let label = format!("{gpu} {ranks}x {collective} {bytes}");
    Ok(Reading { family: Family::CollectiveOneNode, label, run })
}

/// What a row did, by the name of its program or collective.
fn work(name: &str, bytes: u64, team: Team) -> Result<Work, String> {
    if team.ranks < 2 {
        return Err("one rank has nobody to talk to".into());
    }
    Ok(match name {
        "osu_bw" | "transfer_engine" => Work::Messages(team, Program::Mpi, bytes),
        name if name.starts_with("ib_") => Work::Messages(team, Program::Verbs, bytes),
        // OSU counts the bytes to each other rank.
        "osu_alltoall" => {
            let all = bytes.saturating_mul(team.ranks.into());
            Work::Collective(team, Collective::AllToAll, all)
        }
        "p2p_oneway" | "incast" | "iperf3" => Work::Collective(team, Collective::Send, bytes),
        name => match Collective::named(name) {
            Some(collective) => Work::Collective(team, collective, bytes),
            None => return Err(format!("`{name}` is no collective that is modelled")),
        },
    })
}

/// Transports by what they begin with, and the family of their collectives.
const FAMILIES: [(&str, Family); 5] = [
    ("socket", Family::CollectiveSocket),
    ("nvlink(MNNVL)+gdr", Family::CollectiveRdma),
    ("nvlink", Family::CollectiveNvlink),
    ("p2p-pcie", Family::CollectivePcie),
    ("shm", Family::CollectivePcie),
];

/// Programs that send from one end to the other.
const POINT_TO_POINT: [&str; 6] =
    ["p2p_oneway", "sendrecv", "incast", "osu_bw", "iperf3", "transfer_engine"];

fn family(collective: &str, transport: &str) -> Family {
    if POINT_TO_POINT.contains(&collective) || collective.starts_with("ib_") {
        return Family::PointToPoint;
    }
    let known = FAMILIES.iter().find(|(begins, _)| transport.starts_with(begins));
    known.map_or(Family::CollectiveRdma, |(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use models::profile::Profile;

    use super::*;
    use crate::family::recognise;
    use crate::published::published;
    use crate::shipped;

    fn runs() -> Vec<Run> {
        let mut runs = Vec::new();
        for file in published().unwrap() {
            for row in file.rows() {
                let read = read_of(recognise(&file).unwrap(), &row).unwrap();
                runs.extend(read.and_then(|read| read.run.ok()));
            }
        }
        // No published matrix has latencies through host memory.
        let copies = runs.iter().find_map(|run| match run.work {
            Work::Copy(peers, _) => Some(Peers { direct: false, local: false, ..peers }),
            _ => None,
        });
        let work = Work::Copy(copies.unwrap(), Cell::Latency);
        runs.push(Run { work, measured: 15.0, unit: "us", decimals: 0 });
        runs
    }

    /// A number that nothing reads is an error.
    #[test]
    fn every_cost_moves_the_prediction_of_a_published_run() {
        let profile = shipped().profile(Kind::Collective, PROFILE).unwrap();
        let runs = runs();
        let predict = |profile: &Profile| -> Vec<(f64, f64)> {
            let costs = Costs::read(profile).unwrap();
            let ends = runs.iter().map(|run| run.predict(&costs).interval);
            ends.collect()
        };
        let nominal = predict(&profile);
        for row in profile.rows() {
            let base = profile.base(&row.parameter, line_of(&row.parameter)).unwrap();
            let moved = profile.with(&row.parameter, 0.5 * base).unwrap();
            assert!(predict(&moved) != nominal, "{} moves nothing", row.parameter);
        }
    }

    fn line_of(parameter: &str) -> models::profile::Dimension {
        models::profile::schema::line(Kind::Collective, parameter).unwrap().dimension
    }

    fn ranks(run: Run) -> u32 {
        match run.work {
            Work::Collective(team, ..) | Work::Messages(team, ..) => team.ranks,
            Work::Copy(peers, _) => peers.others + 1,
        }
    }

    #[test]
    fn at_most_a_tenth_of_the_judged_rows_is_left_out() {
        let file = crate::published::table("nccl_tests.csv").unwrap();
        let readings: Vec<Reading> = file.rows().map(|row| read(&row).unwrap()).collect();
        let left: Vec<&String> = readings.iter().filter_map(|r| r.run.as_ref().err()).collect();
        let left = left.into_iter().filter(|why| !why.starts_with("its health")).count();
        assert!(left * 10 <= readings.len(), "{left} of {}", readings.len());
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        let header = "nodes,gpus_per_node,gpu,intra,nic,nic_gbit,nics_per_node,transport,\
                      collective,bytes,time_us,algbw_GBps,health";
        let reading = |row: &str| {
            let text = format!("{header}\n{row}\n");
            let file = crate::file::DataFile::from_bytes("x.csv", text.as_bytes()).unwrap();
            let row = file.rows().next().unwrap();
            read(&row).map(|reading| reading.run.map(ranks))
        };
        let end = "all_reduce,8,10,0.1,healthy";
        let told = |row: &str| reading(row).unwrap().unwrap_err();
        assert_eq!(
            told(&format!("2,8,H100 SXM,nvswitch3(nvlink4),ConnectX-7,unknown,8,gdr,{end}")),
            "it does not say the rate of a card"
        );
        assert_eq!(
            told(&format!("1,8,AMD MI300X,infinity fabric,-,0,0,nvlink,{end}")),
            "no GPU is known like `amd mi300x`"
        );
        assert_eq!(
            told(&format!("1,8,unknown,nvlink,-,0,0,nvlink,{end}")),
            "it does not say which GPU"
        );
        let bad = told("1,8,H100 SXM,nvswitch,-,0,0,nvlink,all_reduce,8,10,0.1,bad");
        assert_eq!(bad, "its health is `bad`: a fault is not predicted");
        assert_eq!(
            told("1,8,H100 SXM,nvswitch,-,0,0,nvlink,all_to_none,8,10,0.1,healthy"),
            "`all_to_none` is no collective that is modelled"
        );
        let ranks = reading(&format!("2,8,H100 SXM,nvswitch,ConnectX-7,400,8,gdr,{end}"));
        assert_eq!(ranks.unwrap(), Ok(16));
        let wrong = reading("0,8,H100 SXM,nvswitch,-,0,0,nvlink,all_reduce,8,10,0.1,healthy");
        assert!(wrong.unwrap_err().to_string().starts_with("x.csv:2: nodes: `0`"));
    }
}
