//! What a sweep may vary, found by its dotted name, and what a value of it changes.
//!
//! | name | what it is |
//! | --- | --- |
//! | `message`, `streams`, … | a field of every transfer |
//! | `transfer.NAME.streams` | a field of one transfer |
//! | `request.ndots`, … | a field of the request |
//! | `workload.NAME.rate`, `step.NAME.wait`, `pool.NAME.slots` | a field of such a table |
//! | `fidelity` | how finely to compute |
//! | `host.NAME.PARAMETER`, also `gpu`, `pcie`, `nic` | a line of a profile |
//! | `nic.mtu`, `nic.NAME.mtu`, `cable.rate`, … | what a topology file says |

use models::cluster::Setting;
use models::input::{nearest, suggest};
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::profile::{Dimension, UNITS, unit};
use models::quantity::{parse_bytes, parse_rate, parse_time};
use models::topology::TABLES;

use super::field::{Field, one_of};
use super::load::{Kind as LoadKind, Load};
use super::problem::Problem;
use super::scalar::Scalar;
use super::transfer::Draft;

/// The kinds of profile whose lines can be set.
const PROFILES: [Kind; 5] = [Kind::Host, Kind::Gpu, Kind::Pcie, Kind::Nic, Kind::Model];

/// Which table a field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// The transfer of that number, or all.
    Transfers(Option<usize>),
    /// The workload, step or pool of that number.
    Load(LoadKind, usize),
}

/// Something that can be varied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    /// A field of a table.
    Field { of: Of, field: &'static Field },
    /// A line of a profile.
    Profile { kind: Kind, name: String, parameter: String, dimension: Dimension },
    /// A key of a topology.
    Setting { key: String },
    /// The fidelity.
    Fidelity,
}

/// One value of one parameter, ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// To a field of a table.
    Field { of: Of, field: &'static Field, value: Scalar },
    /// To a line of a profile, in its base unit.
    Profile { kind: Kind, name: String, parameter: String, value: f64 },
    /// To a topology.
    Setting(Setting),
    /// To the fidelity.
    Fidelity(Fidelity),
}

impl Parameter {
    /// The parameter called `key`.
    ///
    /// # Errors
    /// If there is none; the help names the nearest.
    pub(crate) fn named(
        key: &str,
        transfers: &[Draft],
        load: Option<&Load>,
        library: &Library,
    ) -> Result<Parameter, Problem> {
        let parts: Vec<&str> = key.split('.').collect();
        match parts[..] {
            ["fidelity"] => Ok(Parameter::Fidelity),
            [field] => match Field::named(field) {
                Some(field) => Ok(Parameter::Field { of: Of::Transfers(None), field }),
                None => Err(unknown(key, field)),
            },
            [table, name, field] if load.is_some() && LoadKind::named(table).is_some() => {
                of_load(load, table, name, field)
            }
            ["transfer", name, field] => of_transfer(name, field, transfers),
            ["request", _] => match Field::named(key) {
                Some(_) if transfers.iter().all(|transfer| transfer.request.is_none()) => {
                    let problem = "there is no request";
                    Err(Problem::new(problem, "a table [request] with the Service that is called"))
                }
                Some(field) => Ok(Parameter::Field { of: Of::Transfers(None), field }),
                None => {
                    let names = Field::of_transfers().map(|field| field.name);
                    let help = suggest(key, names.filter(|name| name.contains('.')));
                    Err(Problem::new(format!("a request has no field `{key}`"), help))
                }
            },
            [table, name, _, ..] if profile_kind(table, name, library).is_some() => {
                let parameter = &key[table.len() + name.len() + 2..];
                of_profile(profile_kind(table, name, library), name, parameter, library)
            }
            ["host", name, ..] => {
                let help = suggest(name, library.names(Kind::Host));
                Err(Problem::new(format!("no host profile is called `{name}`"), help))
            }
            [table, ..] if TABLES.contains(&table) => {
                Ok(Parameter::Setting { key: key.to_owned() })
            }
            _ => Err(unknown(key, parts[0])),
        }
    }

    /// What setting it to `value` changes.
    ///
    /// # Errors
    /// If the value is not possible for this parameter.
    pub(crate) fn change(&self, value: &Scalar) -> Result<Change, Problem> {
        match self {
            Parameter::Field { of, field } => {
                (field.judge)(value)?;
                Ok(Change::Field { of: *of, field, value: value.clone() })
            }
            Parameter::Profile { kind, name, parameter, dimension } => Ok(Change::Profile {
                kind: *kind,
                name: name.clone(),
                parameter: parameter.clone(),
                value: base_value(*dimension, value)?,
            }),
            Parameter::Setting { key } => Ok(Change::Setting(Setting::new(key, value.to_toml()))),
            Parameter::Fidelity => fidelity(value).map(Change::Fidelity),
        }
    }

    /// Whether every table of results has a column for it anyway.
    pub(crate) fn has_key_column(&self) -> bool {
        match self {
            Parameter::Field { field, .. } => field.column().is_some(),
            Parameter::Fidelity => true,
            Parameter::Profile { .. } | Parameter::Setting { .. } => false,
        }
    }

    /// The ending of this parameter's column that names the unit, and `value` in that unit; none
    /// where the value is a word or a pure number.
    pub(crate) fn measured(&self, value: &Scalar) -> Option<(&'static str, f64)> {
        match self {
            Parameter::Profile { dimension, .. } => {
                let (ending, scale) = ending(*dimension)?;
                Some((ending, base_value(*dimension, value).ok()? * scale))
            }
            Parameter::Setting { key } => match value {
                // The one setting that files give as a bare count of bytes.
                Scalar::Integer(bytes) if key.ends_with("mtu") => Some(("b", *bytes as f64)),
                Scalar::Text(text) => {
                    let rate =
                        || parse_rate(text).ok().map(|r| ("bit_s", r.as_bytes_per_s() * 8.0));
                    let bytes = || parse_bytes(text).ok().map(|b| ("b", b.as_f64()));
                    let time = || parse_time(text).ok().map(|t| ("s", t.as_seconds()));
                    rate().or_else(bytes).or_else(time)
                }
                _ => None,
            },
            Parameter::Field { field, .. } => field.is.measured(value),
            Parameter::Fidelity => None,
        }
    }
}

/// The fidelity that a value names.
pub(crate) fn fidelity(value: &Scalar) -> Result<Fidelity, Problem> {
    one_of(value, &["closed", "flow", "chunk"])
}

fn of_transfer(name: &str, field: &str, transfers: &[Draft]) -> Result<Parameter, Problem> {
    let names = transfers.iter().map(|transfer| transfer.name.as_str());
    let Some(which) = names.clone().position(|known| known == name) else {
        return Err(Problem::new(format!("no transfer is called `{name}`"), suggest(name, names)));
    };
    match Field::named(field) {
        Some(field) => Ok(Parameter::Field { of: Of::Transfers(Some(which)), field }),
        None => {
            let help = suggest(field, Field::of_transfers().map(|field| field.name));
            Err(Problem::new(format!("a transfer has no field `{field}`"), help))
        }
    }
}

/// A field of a workload, step or pool that may be varied: all but what names others.
fn of_load(
    load: Option<&Load>,
    table: &str,
    name: &str,
    field: &str,
) -> Result<Parameter, Problem> {
    let (Some(load), Some(kind)) = (load, LoadKind::named(table)) else {
        return Err(Problem::new(format!("there is no {table}"), "a table [[workload]]"));
    };
    let of = Of::Load(kind, load.find(kind, name)?);
    let mut known = kind.fields().iter().filter(|known| known.is_swept());
    match known.clone().find(|known| known.name == field) {
        Some(field) => Ok(Parameter::Field { of, field }),
        None => {
            let help = suggest(field, known.by_ref().map(|known| known.name).collect::<Vec<_>>());
            let problem = format!("a {table} has no field `{field}` that can be varied");
            Err(Problem::new(problem, help))
        }
    }
}

fn profile_kind(table: &str, name: &str, library: &Library) -> Option<Kind> {
    let kind = PROFILES.into_iter().find(|kind| kind.folder() == table)?;
    library.names(kind).any(|known| known == name).then_some(kind)
}

fn of_profile(
    kind: Option<Kind>,
    name: &str,
    parameter: &str,
    library: &Library,
) -> Result<Parameter, Problem> {
    let kind = kind.expect("the caller found the profile");
    let as_problem =
        |e: models::input::InputError| Problem::new(e.problem.clone(), e.help.unwrap_or_default());
    let profile = library.profile(kind, name).map_err(as_problem)?;
    let rows = profile.rows();
    let Some(row) = rows.iter().find(|row| row.parameter == parameter) else {
        let known: Vec<&str> = rows.iter().map(|row| row.parameter.as_str()).collect();
        let problem = format!("the profile {}/{name} has no `{parameter}`", kind.folder());
        return Err(Problem::new(problem, suggest(parameter, known)));
    };
    let dimension = unit(&row.unit).expect("a parsed profile has known units").1;
    Ok(Parameter::Profile { kind, name: name.into(), parameter: parameter.into(), dimension })
}

fn unknown(key: &str, first: &str) -> Problem {
    let fields: Vec<&str> = Field::of_transfers().map(|field| field.name).collect();
    let known = fields.iter().copied().chain(["fidelity", "transfer", "host"]);
    let known = known.chain(TABLES.iter().copied());
    let help = match nearest(first, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!(
            "a field of the transfer ({}), `fidelity`, a setting of the topology such as \
             `nic.mtu`, or a line of a profile such as `host.NAME.PARAMETER`",
            fields.join(", ")
        ),
    };
    Problem::new(format!("unknown parameter `{key}`"), help)
}

/// The value of a profile's line in its base unit.
fn base_value(dimension: Dimension, value: &Scalar) -> Result<f64, Problem> {
    let pure = matches!(dimension, Dimension::Count | Dimension::Ratio);
    let number = match value {
        Scalar::Integer(number) if pure => Some(*number as f64),
        Scalar::Float(number) if pure => Some(*number),
        Scalar::Text(text) => text.trim().rsplit_once(char::is_whitespace).and_then(|(n, u)| {
            let (_, of, factor) = unit(u)?;
            let number: f64 = n.trim().parse().ok()?;
            (*of == dimension).then_some(number * factor)
        }),
        _ => None,
    };
    let (largest, told) = dimension.largest();
    number.filter(|n| (0.0..=largest).contains(n)).ok_or_else(|| {
        let units: Vec<&str> = UNITS.iter().filter(|u| u.1 == dimension).map(|u| u.0).collect();
        let help = match pure {
            true => format!("a number from zero to {told}"),
            false => {
                format!("zero to {told}, as a number, a space and a unit: {}", units.join(", "))
            }
        };
        Problem::new(format!("`{value}` is not possible"), help)
    })
}

/// The ending of the column of a dimension, and its factor on the base unit.
fn ending(dimension: Dimension) -> Option<(&'static str, f64)> {
    match dimension {
        Dimension::Rate => Some(("bit_s", 8.0)),
        Dimension::Time => Some(("s", 1.0)),
        Dimension::TimePerByte => Some(("s_per_b", 1.0)),
        Dimension::Bytes => Some(("b", 1.0)),
        Dimension::Frequency => Some(("hz", 1.0)),
        Dimension::Flops => Some(("flop_s", 1.0)),
        Dimension::Count | Dimension::Ratio => None,
    }
}
