//! Kinds of hop and their composition into container networks: structure without costs.
//!
//! A hop file states what a standard or a manual states (header bytes, where the work runs); what
//! the work costs on a given machine stands in that machine's host profile. A CNI file lists hops.
//! Nothing here is measured, so nothing here is ever fitted.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;
use sim::Bytes;

use crate::input::{InputError, parse_toml};
use crate::library::{Kind, Library};
use crate::quantity::parse_bytes;

/// Which core does the work of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// The core of the flow: the sending thread's core, or that of the flow's receive queue (RSS).
    FlowCore,
    /// One worker per node for all flows (a WireGuard peer, an IPsec SA, a VPP worker), by name.
    Serial(String),
}

/// What happens to the sender's socket when a packet crosses a hop on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackPressure {
    /// The socket stays charged until the NIC has sent the packet: a UDP sender is throttled.
    Kept,
    /// The packet is orphaned here (`skb_orphan` in `ip_rcv`): a UDP sender runs free.
    Lost,
}

/// What a packet pays that comes in from one neighbour of a node and leaves for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// The hop on the way out and again on the way in: into a bridge by one port (one half of its
    /// work) and out by another (the other half).
    Both,
    /// The hop once: a router forwards a packet once, whichever way it came.
    Once,
}

/// A kind of hop in the container network.
#[derive(Clone, Debug, PartialEq)]
pub struct HopSpec {
    /// Its name: `vxlan`.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The standard or document the structure is from.
    pub source: String,
    /// Bytes that it adds to every wire packet, inside the frame.
    pub header: Bytes,
    /// Who works for it on the way in.
    pub runs_on: RunsOn,
    /// Who works for it on the way out.
    pub sends_on: RunsOn,
    /// Whether the sending socket stays charged past it.
    pub back_pressure: BackPressure,
    /// What traffic that turns around on the node pays.
    pub turn: Turn,
    /// Whether the application drives the card from user space, past the kernel's sockets.
    pub user_space: bool,
    /// Whether it takes packets one by one, so that super-packets are cut before it.
    pub by_packet: bool,
}

/// A container network as a composition of hops.
#[derive(Clone, Debug, PartialEq)]
pub struct CniSpec {
    /// Its name: `flannel`.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The document the composition is from.
    pub source: String,
    /// From the pod's namespace to the node's forwarding point.
    pub pod: Vec<HopSpec>,
    /// From the forwarding point to the NIC; crossed only by traffic that leaves the node.
    pub node: Vec<HopSpec>,
    /// How Services are translated: the hop `service-<proxy>`.
    pub proxy: Option<HopSpec>,
}

/// A kind of hop in a container network.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "podpath hop")]
struct RawHop {
    /// The version of the format that it is written in; without it, 1.
    #[serde(rename = "format")]
    _format: Option<u32>,
    /// What it is, in a sentence.
    about: String,
    /// The standard or document the structure is from.
    source: String,
    /// Bytes that it adds to every wire packet, inside the frame: `"50 B"`. Default: none.
    #[schemars(with = "Option<String>")]
    header: Option<Spanned<String>>,
    /// Who works for it on the way in: `flow-core` (default) or `serial:NAME`.
    #[schemars(with = "Option<String>")]
    runs_on: Option<Spanned<String>>,
    /// Who works for it on the way out: `flow-core` (default) or `serial:NAME`.
    #[schemars(with = "Option<String>")]
    sends_on: Option<Spanned<String>>,
    /// What happens to the sender's socket on the way out.
    #[serde(default = "kept")]
    back_pressure: BackPressure,
    /// What a packet pays that turns around on the node.
    #[serde(default = "both")]
    turn: Turn,
    /// Whether the application drives the card from user space: then its work costs what the hop's
    /// own lines say, and the kernel's sockets cost nothing.
    #[serde(default)]
    user_space: bool,
    /// Whether it takes packets one by one, so that super-packets are cut before it even where no
    /// card is on the way.
    #[serde(default)]
    by_packet: bool,
}

fn kept() -> BackPressure {
    BackPressure::Kept
}

fn both() -> Turn {
    Turn::Both
}

/// A container network as a composition of hops.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "podpath container network")]
struct RawCni {
    /// The version of the format that it is written in; without it, 1.
    #[serde(rename = "format")]
    _format: Option<u32>,
    /// What it is, in a sentence.
    about: String,
    /// The document the composition is from.
    source: String,
    /// The hops from the pod's namespace to the node's forwarding point.
    #[schemars(with = "Vec<String>")]
    pod: Vec<Spanned<String>>,
    /// The hops from there to the NIC.
    #[schemars(with = "Vec<String>")]
    node: Vec<Spanned<String>>,
    /// How Services are translated: `iptables`, …
    #[schemars(with = "Option<String>")]
    proxy: Option<Spanned<String>>,
}

/// The JSON schema of the files of hops.
pub fn hop_schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawHop>()
}

/// The JSON schema of the files of container networks.
pub fn cni_schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawCni>()
}

impl HopSpec {
    /// Reads the hop called `name`.
    ///
    /// # Errors
    /// If there is none, or its file is malformed.
    pub fn load(name: &str, library: &Library) -> Result<HopSpec, InputError> {
        let source = library.source(Kind::Hop, name)?;
        let raw: RawHop = parse_toml(source)?;
        let header = match &raw.header {
            None => Bytes::ZERO,
            Some(text) => parse_bytes(text.get_ref()).map_err(|e| {
                InputError::new("header", e.problem).help(e.help).at(source, text.span())
            })?,
        };
        if header > Bytes::new(512) {
            let span = raw.header.as_ref().map_or(0..0, Spanned::span);
            return Err(InputError::new("header", format!("{header} is no packet header"))
                .help("at most 512 B")
                .at(source, span));
        }
        let core = |key: &str, text: &Option<Spanned<String>>| match text {
            None => Ok(RunsOn::FlowCore),
            Some(text) => match text.get_ref().split_once(':') {
                None if text.get_ref() == "flow-core" => Ok(RunsOn::FlowCore),
                Some(("serial", worker)) if !worker.is_empty() => {
                    Ok(RunsOn::Serial(worker.to_owned()))
                }
                _ => Err(InputError::new(key, format!("`{}` is no place of work", text.get_ref()))
                    .help("`flow-core` or `serial:NAME`")
                    .at(source, text.span())),
            },
        };
        Ok(HopSpec {
            name: name.to_owned(),
            about: raw.about,
            source: raw.source,
            header,
            runs_on: core("runs-on", &raw.runs_on)?,
            sends_on: core("sends-on", &raw.sends_on)?,
            back_pressure: raw.back_pressure,
            turn: raw.turn,
            user_space: raw.user_space,
            by_packet: raw.by_packet,
        })
    }
}

impl CniSpec {
    /// Reads the container network called `name` and the hops it is made of.
    ///
    /// # Errors
    /// If there is none, its file is malformed, or it names an unknown hop.
    pub fn load(name: &str, library: &Library) -> Result<CniSpec, InputError> {
        let source = library.source(Kind::Cni, name)?;
        let raw: RawCni = parse_toml(source)?;
        let hop = |key: &str, name: &str, text: &Spanned<String>| {
            // A malformed hop file is reported in that file; an unknown name, here.
            match library.source(Kind::Hop, name) {
                Ok(_) => HopSpec::load(name, library),
                Err(mut unknown) => {
                    unknown.field = key.to_owned();
                    Err(unknown.at(source, text.span()))
                }
            }
        };
        let hops = |key: &str, texts: &[Spanned<String>]| {
            texts.iter().map(|t| hop(key, t.get_ref(), t)).collect::<Result<Vec<_>, _>>()
        };
        let proxy = match &raw.proxy {
            None => None,
            Some(text) => Some(hop("proxy", &format!("service-{}", text.get_ref()), text)?),
        };
        Ok(CniSpec {
            name: name.to_owned(),
            about: raw.about,
            source: raw.source,
            pod: hops("pod", &raw.pod)?,
            node: hops("node", &raw.node)?,
            proxy,
        })
    }
}
