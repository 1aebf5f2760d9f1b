//! Every number there is, with the scenes in which it should show.

use std::sync::Arc;

use models::catalogue::HopSpec;
use models::input::{InputError, Source};
use models::library::Kind;
use models::profile::{Parameter, schema, unit};

use super::scene::{Cast, Change, Scene};
use super::{fields, moves};

/// A number, the values it is moved to, and where that may show.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) origin: String,
    pub(super) name: String,
    pub(super) value: String,
    /// What it is moved to, in words and as a change.
    pub(super) tries: Vec<(String, Change)>,
    pub(super) scenes: Vec<Arc<Scene>>,
}

/// The kinds of profile that are tables.
const TABLES: [Kind; 5] = [Kind::Host, Kind::Gpu, Kind::Pcie, Kind::Nic, Kind::Model];

/// Compute capabilities that are none of a neighbouring number's.
const CAPABILITIES: [f64; 4] = [70.0, 80.0, 86.0, 90.0];

/// Who plays where nobody in particular is meant.
pub(super) fn cast() -> Cast {
    Cast {
        host: "bench-2024".into(),
        // It does not say what its own side of the slot can do, so the slot decides.
        gpu: "p100-16-pcie".into(),
        pcie: "gen6-x16".into(),
        nic: "generic-100g".into(),
        hop: None,
        proxy: "iptables".into(),
    }
}

/// Every entry whose origin begins with `only`.
///
/// # Errors
/// If a shipped profile cannot be read, or nothing begins so.
pub(super) fn all(only: Option<&str>) -> Result<Vec<Entry>, InputError> {
    let library = calibration_data::shipped();
    let meant = |origin: &str| only.is_none_or(|only| origin.starts_with(only));
    let mut entries = Vec::new();
    for kind in TABLES {
        for name in library.names(kind) {
            let origin = format!("{}/{name}", kind.folder());
            if meant(&origin) {
                entries.extend(of_profile(kind, name, &origin)?);
            }
        }
    }
    for name in library.names(Kind::Hop) {
        let origin = format!("hop/{name}");
        if meant(&origin) {
            entries.extend(of_hop(name, origin)?);
        }
    }
    entries.extend(fields::all().into_iter().filter(|entry| meant(&entry.origin)));
    match (only, entries.is_empty()) {
        (Some(only), true) => Err(InputError::new("ONLY", format!("nothing begins with `{only}`"))
            .help("`host`, `gpu/a100-40-pcie`, `topology`, `experiment`")),
        _ => Ok(entries),
    }
}

/// The lines of a profile.
fn of_profile(kind: Kind, name: &str, origin: &str) -> Result<Vec<Entry>, InputError> {
    let profile = calibration_data::shipped().profile(kind, name)?;
    let own = match kind {
        Kind::Host => Cast { host: name.into(), ..cast() },
        Kind::Gpu => Cast { gpu: name.into(), host: "two-socket-2021".into(), ..cast() },
        Kind::Pcie => Cast { pcie: name.into(), ..cast() },
        Kind::Model if name == "elsewhere" => Cast { host: "unknown".into(), ..cast() },
        // Its copies were measured.
        Kind::Model => Cast { gpu: "v100-16-pcie".into(), ..cast() },
        _ => Cast { nic: name.into(), ..cast() },
    };
    let scenes = of_kind(kind, &own);
    let entry = |row: &Parameter| {
        let parameter = row.parameter.as_str();
        let scenes = match schema::hop_of(kind, parameter) {
            Some(hop) => of_cost(hop, &own),
            None => scenes.clone(),
        };
        let (_, dimension, factor) = unit(&row.unit).expect("the profile was read");
        let tries = match parameter {
            "compute_capability" => CAPABILITIES.to_vec(),
            _ => moves::tries(row.value * factor, *dimension),
        };
        let tries = tries.into_iter().map(|value| {
            let to = format!("{} {}", value / factor, row.unit);
            (to, Change::Line(kind, name.into(), parameter.into(), value))
        });
        let tries = tries.collect();
        let value = format!("{} {}", row.value, row.unit);
        Entry { origin: origin.into(), name: parameter.into(), value, tries, scenes }
    };
    // What a profile has from another is moved there.
    Ok(profile.own_rows().iter().map(entry).collect())
}

fn played(names: &[&str], cast: &Cast) -> Vec<Arc<Scene>> {
    names.iter().filter_map(|name| Scene::new(name, cast)).map(Arc::new).collect()
}

/// The scenes of a profile.
fn of_kind(kind: Kind, cast: &Cast) -> Vec<Arc<Scene>> {
    let names: &[&str] = match kind {
        Kind::Host => &[
            "tcp",
            "udp",
            "far",
            "crowd",
            "datagram-crowd",
            "fragments",
            "copies",
            "peer",
            "request",
            "bare-name",
            "started",
            "both-ways",
            "far-card",
        ],
        Kind::Gpu => &[
            "pinned",
            "small-copy",
            "kernels",
            "graph",
            "arithmetic",
            "double",
            "memory",
            "nvlink",
            "turns",
            "side-by-side",
            "judging",
        ],
        Kind::Pcie if cast.is_slot() => &["pinned", "boundary", "gpudirect"],
        Kind::Pcie => &["pinned", "gpudirect"],
        Kind::Model => {
            let mut scenes = played(&["tcp", "udp", "pinned", "small-copy"], cast);
            let measured = cast.gpu == "v100-16-pcie";
            let gpu = if measured { "h200-firecracker" } else { "a100-40-pcie" }.into();
            let host = "two-socket-2021".into();
            scenes.extend(played(&["kernels"], &Cast { gpu, host, ..cast.clone() }));
            return scenes;
        }
        _ => &["gpudirect", "tcp"],
    };
    let mut scenes = played(names, cast);
    if kind == Kind::Host {
        // Only an execution model has short gaps between kernels.
        let gpu = "a100-40-pcie".into();
        scenes.extend(played(&["launches"], &Cast { gpu, ..cast.clone() }));
    }
    scenes
}

/// The scenes of what one hop costs.
fn of_cost(hop: &str, cast: &Cast) -> Vec<Arc<Scene>> {
    match hop.strip_prefix("service-") {
        Some(proxy) => {
            let cast = Cast { proxy: proxy.into(), ..cast.clone() };
            played(&["service", "datagrams-to-service"], &cast)
        }
        None => played(&["tcp", "udp"], &Cast { hop: Some(hop.into()), ..cast.clone() }),
    }
}

/// The header that a hop adds.
fn of_hop(name: &str, origin: String) -> Result<Option<Entry>, InputError> {
    let library = calibration_data::shipped();
    let header = HopSpec::load(name, library)?.header.get();
    if header == 0 {
        return Ok(None);
    }
    let text = &library.source(Kind::Hop, name)?.text;
    let mut table: toml::Table = text.parse().expect("the hop was read");
    let more = format!("{} B", header + 8);
    table.insert("header".into(), more.clone().into());
    let source = Source::new("moved", table.to_string());
    let tries = vec![(more, Change::Entry(Kind::Hop, name.into(), source))];
    let value = format!("{header} B");
    let scenes = of_cost(name, &cast());
    Ok(Some(Entry { origin, name: "header".into(), value, tries, scenes }))
}
