//! The lines that each kind of profile may have: name, dimension, whether one is needed, and what
//! holds where it is absent, with the reason.
//!
//! The table is the only list. A profile is checked against it when it is read ([`check`]), the
//! getters of [`Profile`] take their defaults from it, and `podpath profiles schema` prints it.

mod collective;
mod device;
mod gpu;
mod host;
mod model;

use super::{Dimension, Profile};
use crate::input::{InputError, suggest};
use crate::library::Kind;

pub use host::{TCP as SENDS_TCP, UDP as SENDS_UDP};

/// A line that a profile may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Its name. `HOP.` in front stands for the name of a hop, `SERVICE.` for that of a hop which
    /// translates Services (`service-iptables`).
    pub name: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    /// Whether a profile has to have it.
    pub need: Need,
    /// What it is.
    pub about: &'static str,
}

/// Whether a profile has to have a line, and what holds where it has not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// Every profile of the kind has it.
    Always,
    /// It is an error if it is absent where this is so.
    Where(&'static str),
    /// This value in the base unit holds where it is absent, for this reason.
    Default(f64, &'static str),
    /// Nothing stands for it where it is absent, for this reason.
    Absent(&'static str),
    /// Where it is absent it follows from other lines: see [`crate::gpu::assumed`].
    Assumed,
}

/// The prefix of lines that every hop may have.
pub const HOP: &str = "HOP";
/// The prefix of lines that every hop which translates Services may have.
pub const SERVICE: &str = "SERVICE";
/// What the names of hops that translate Services begin with.
const SERVICE_HOP: &str = "service-";

/// Every line of a kind of profile; none for kinds that are no CSV.
pub fn lines(kind: Kind) -> &'static [Line] {
    match kind {
        Kind::Host => &host::LINES,
        Kind::Gpu => &gpu::LINES,
        Kind::Pcie => &device::PCIE,
        Kind::Nic => &device::NIC,
        Kind::Model => &model::LINES,
        Kind::Collective => &collective::LINES,
        Kind::Hop | Kind::Cni | Kind::Topology | Kind::Posterior | Kind::Hypothesis => &[],
    }
}

/// The entry of the schema that `parameter` is one of.
pub fn line(kind: Kind, parameter: &str) -> Option<&'static Line> {
    let all = lines(kind);
    if let Some(line) = all.iter().find(|line| line.name == parameter) {
        return Some(line);
    }
    let (hop, rest) = parameter.split_once('.')?;
    let pattern = if hop.starts_with(SERVICE_HOP) { SERVICE } else { HOP };
    let of_pattern = |line: &&Line| line.name.split_once('.') == Some((pattern, rest));
    let own = |line: &Line| line.name.split_once('.').is_some_and(|(prefix, _)| prefix == hop);
    match all.iter().any(own) {
        // `tcp.header` is no line of a hop called `tcp`.
        true => None,
        false => all.iter().find(of_pattern),
    }
}

/// The hop that `parameter` is a cost of, where it is a line of a hop.
pub fn hop_of(kind: Kind, parameter: &str) -> Option<&str> {
    let (hop, _) = parameter.split_once('.')?;
    let pattern = line(kind, parameter)?.name.split_once('.')?.0;
    [HOP, SERVICE].contains(&pattern).then_some(hop)
}

impl Line {
    /// A line; for the tables below this module.
    const fn of(name: &'static str, dimension: Dimension, need: Need, about: &'static str) -> Line {
        Line { name, dimension, need, about }
    }

    /// The line to add to a file: `tcp.latency,VALUE,us,,,assumed,SOURCE`.
    pub fn example(&self, parameter: &str) -> String {
        let unit = match self.dimension {
            Dimension::Rate => "GB/s",
            Dimension::Time => "us",
            Dimension::TimePerByte => "ns/B",
            Dimension::Bytes => "B",
            Dimension::Count => "count",
            Dimension::Frequency => "MHz",
            Dimension::Flops => "Tflop/s",
            Dimension::Ratio => "ratio",
        };
        format!("{parameter},VALUE,{unit},,,assumed,SOURCE")
    }
}

/// Refuses a profile with a line that no model reads, a line of another dimension, or without one
/// that every profile of its kind has. `hops` are the names of all hops there are.
///
/// # Errors
/// The first that is found, at its line, with the name that was meant.
pub fn check<'a>(
    profile: &Profile,
    hops: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), InputError> {
    let kind = profile.kind();
    for row in profile.rows() {
        let name = row.parameter.as_str();
        let Some(line) = line(kind, name) else {
            let why = RETIRED.iter().find(|(of, known, _)| *of == kind && *known == name);
            let help = match why {
                Some((.., why)) => (*why).to_owned(),
                None => meant(kind, name, hops),
            };
            return Err(profile.fault(name, "no model reads this line", &help));
        };
        if let Some(hop) = hop_of(kind, name).filter(|hop| !hops.clone().any(|known| known == *hop))
        {
            let problem = format!("no hop is called `{hop}`");
            return Err(profile.fault(name, &problem, &suggest(hop, hops)));
        }
        let found = super::unit(&row.unit).expect("the unit was checked").1;
        if found != line.dimension {
            let problem = format!("expected {}, found `{}`", line.dimension, row.unit);
            let help = format!("one of: {}", line.dimension.units().join(", "));
            return Err(profile.fault(name, &problem, &help));
        }
    }
    let needed = lines(kind).iter().filter(|line| line.need == Need::Always);
    match needed.map(|line| line.name).find(|name| !profile.has(name)) {
        Some(name) => Err(profile.missing(name)),
        None => Ok(()),
    }
}

/// Lines that files of earlier versions have, and why they are none any more.
const RETIRED: [(Kind, &str, &str); 1] = [(
    Kind::Gpu,
    "memory_bus_bits",
    "delete the line: `hbm_bandwidth` says what the bus and its clock give",
)];

/// Help for a name that is no line: the nearest that is one.
fn meant<'a>(kind: Kind, name: &str, hops: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<String> = Vec::new();
    let of = |pattern: &str, hop: &str| {
        let of = lines(kind).iter().filter_map(|line| line.name.split_once('.'));
        let rest = of.filter(|(prefix, _)| *prefix == pattern).map(|(_, rest)| rest);
        rest.map(|rest| format!("{hop}.{rest}")).collect::<Vec<String>>()
    };
    for hop in hops.filter(|_| kind == Kind::Host) {
        known.extend(of(if hop.starts_with(SERVICE_HOP) { SERVICE } else { HOP }, hop));
    }
    let plain = |line: &&Line| !line.name.starts_with(HOP) && !line.name.starts_with(SERVICE);
    known.extend(lines(kind).iter().filter(plain).map(|line| line.name.to_owned()));
    match crate::input::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`podpath profiles schema {}` lists all", kind.folder()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;

    const HOPS: [&str; 3] = ["veth", "vxlan", "service-iptables"];

    fn told(kind: Kind, body: &str) -> String {
        let text = format!("parameter,value,unit,low,high,how,source\n{body}");
        let profile = Profile::parse(kind, "t", &Source::new("t.csv", text)).unwrap();
        check(&profile, HOPS.into_iter()).map_or_else(|error| error.to_string(), |()| "fine".into())
    }

    #[test]
    fn a_line_that_nobody_reads_is_refused_with_the_name_that_was_meant() {
        let cases = [
            (
                "veth.rx_per_sbk,62,ns,,,assumed,x\n",
                "t.csv:2: veth.rx_per_sbk: no model reads this line (did you mean \
                 `veth.rx_per_skb`?)",
            ),
            (
                "vxlna.rx_per_skb,62,ns,,,assumed,x\n",
                "t.csv:2: vxlna.rx_per_skb: no hop is called `vxlna` (did you mean `vxlan`?)",
            ),
            (
                "veth.rx_per_skb,62,ns/B,,,assumed,x\n",
                "t.csv:2: veth.rx_per_skb: expected a time, found `ns/B` (one of: s, ms, us, ns, \
                 ps)",
            ),
            (
                "veth.per_rule,62,ns,,,assumed,x\n",
                "t.csv:2: veth.per_rule: no model reads this line",
            ),
            (
                "tcp.udp_flow_limit,1,GB/s,,,assumed,x\n",
                "t.csv:2: tcp.udp_flow_limit: no model reads this line",
            ),
            ("qqqqqq,1,GB/s,,,assumed,x\n", "t.csv:2: qqqqqq: no model reads this line (`podpath"),
            (
                "veth.rx_per_skb,62,ns,,,assumed,x\n",
                "t.csv:1: cores: is missing from this profile (add the line \
                 `cores,VALUE,count,,,assumed,SOURCE`",
            ),
        ];
        for (body, expected) in cases {
            let told = told(Kind::Host, body);
            assert!(told.starts_with(expected), "{body} gave {told}");
        }
    }

    #[test]
    fn every_line_has_one_name_and_says_what_it_is() {
        for kind in Kind::ALL {
            for (at, line) in lines(kind).iter().enumerate() {
                let twice = lines(kind)[..at].iter().any(|other| other.name == line.name);
                assert!(!twice, "{line:?}");
                assert!(!line.about.is_empty(), "{line:?}");
                match line.need {
                    Need::Where(why) | Need::Default(_, why) | Need::Absent(why) => {
                        assert!(why.len() > 10, "{line:?}");
                    }
                    Need::Always | Need::Assumed => {}
                }
                let assumed = crate::gpu::assumed::ASSUMED.iter();
                let assumed = assumed.filter(|_| kind == Kind::Gpu);
                let assumed = assumed.filter(|other| other.parameter == line.name).count();
                assert_eq!(assumed == 1, line.need == Need::Assumed, "{line:?}");
            }
        }
    }
}
