//! Variants of a scenario: values that take the place of those in its text.
//!
//! `[sweep]` names fields and their values, which are all combined; `[[variant]]` has tables of
//! values that belong together. A field is called as errors call it: `pool.prefill.replicas`,
//! `handover.rate`, `source.prompt`.

use std::sync::Arc;

use models::input::{InputError, Source, suggest};
use serde_spanned::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::experiment::Scalar;

/// More variants than this are taken for a mistake.
const VARIANTS_MAX: usize = 1000;

/// A variant.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// Its value for each axis.
    pub(crate) values: Vec<Scalar>,
    /// The text with its values.
    pub(crate) source: Arc<Source>,
}

impl Variant {
    /// The values as one label; nothing without axes.
    pub(crate) fn label(&self) -> String {
        let values: Vec<String> = self.values.iter().map(Scalar::to_string).collect();
        values.join(", ")
    }
}

type Spot = std::ops::Range<usize>;

/// Axes, and what each variant has for them.
type Swept = (Vec<(String, Spot)>, Vec<Vec<Scalar>>);

/// The axes of a text, and its variants: one that changes nothing if it sweeps nothing.
pub(super) fn variants(source: &Arc<Source>) -> Result<(Vec<String>, Vec<Variant>), InputError> {
    let table = DeTable::parse(&source.text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        InputError::new("TOML", error.message().to_owned()).at(source, span)
    })?;
    let table = table.get_ref();
    let sweep = swept(table, source)?;
    let listed = listed(table, source)?;
    let (axes, rows) = match (sweep, listed) {
        (Some(_), Some((axes, _))) => {
            let problem = "stands beside [sweep]";
            return Err(InputError::new("variant", problem)
                .help("one of the two")
                .at(source, axes[0].1.clone()));
        }
        (Some(own), None) | (None, Some(own)) => own,
        (None, None) => (Vec::new(), vec![Vec::new()]),
    };
    let spots = axes.iter().map(|(name, at)| {
        spot(table, name).ok_or_else(|| {
            let fields = fields(table);
            let problem = "has no value in this file that could be swept";
            InputError::new(name.as_str(), problem)
                .help(suggest(name, fields.iter().map(String::as_str)))
                .at(source, at.clone())
        })
    });
    let spots: Vec<Spot> = spots.collect::<Result<_, InputError>>()?;
    let variant = |values: Vec<Scalar>| {
        let mut changes: Vec<(&Spot, &Scalar)> = spots.iter().zip(&values).collect();
        changes.sort_by_key(|(spot, _)| std::cmp::Reverse(spot.start));
        let mut text = source.text.clone();
        for (spot, value) in changes {
            text.replace_range(spot.clone(), &value.to_toml().to_string());
        }
        Variant { source: Source::new(source.name.clone(), text), values }
    };
    let names = axes.into_iter().map(|(name, _)| name).collect();
    Ok((names, rows.into_iter().map(variant).collect()))
}

fn fault(source: &Arc<Source>, field: &str, problem: &str, at: Spot, help: &str) -> InputError {
    InputError::new(field, problem).help(help).at(source, at)
}

/// The scalar of a value.
fn scalar(value: &Spanned<DeValue<'_>>) -> Option<Scalar> {
    match value.get_ref() {
        DeValue::String(text) => Some(Scalar::Text(text.to_string())),
        DeValue::Integer(own) => own.as_str().parse().ok().map(Scalar::Integer),
        DeValue::Float(own) => {
            own.as_str().parse().ok().filter(|own: &f64| own.is_finite()).map(Scalar::Float)
        }
        DeValue::Boolean(yes) => Some(Scalar::Boolean(*yes)),
        _ => None,
    }
}

/// The entries of a table, in the order of the text.
fn in_order<'t, 's>(
    table: &'t DeTable<'s>,
) -> Vec<(&'t Spanned<DeString<'s>>, &'t Spanned<DeValue<'s>>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    all
}

/// What `[sweep]` says, all combined.
fn swept(table: &DeTable<'_>, source: &Arc<Source>) -> Result<Option<Swept>, InputError> {
    let Some(sweep) = table.get("sweep") else { return Ok(None) };
    let DeValue::Table(sweep_table) = sweep.get_ref() else {
        let help = "[sweep] with fields and lists of values";
        return Err(fault(source, "sweep", "is no table", sweep.span(), help));
    };
    let mut axes = Vec::new();
    let mut rows: Vec<Vec<Scalar>> = vec![Vec::new()];
    for (name, values) in in_order(sweep_table) {
        let field = format!("sweep.{}", name.get_ref());
        let help = "a list of values: [1, 2, 4]";
        let list = match values.get_ref() {
            DeValue::Array(list) if !list.is_empty() => list,
            _ => return Err(fault(source, &field, "is no list of values", values.span(), help)),
        };
        let own: Option<Vec<Scalar>> = list.iter().map(scalar).collect();
        let own =
            own.ok_or_else(|| fault(source, &field, "has a value of no use", values.span(), help))?;
        if rows.len() * own.len() > VARIANTS_MAX {
            let problem = format!("makes more than {VARIANTS_MAX} variants");
            return Err(fault(source, &field, &problem, values.span(), "fewer values"));
        }
        let each = |row: Vec<Scalar>| {
            own.iter().map(move |value| row.iter().cloned().chain([value.clone()]).collect())
        };
        rows = rows.into_iter().flat_map(each).collect();
        axes.push((name.get_ref().to_string(), name.span()));
    }
    match axes.is_empty() {
        true => Err(fault(source, "sweep", "sweeps nothing", sweep.span(), "a field and values")),
        false => Ok(Some((axes, rows))),
    }
}

/// What `[[variant]]` says: every table has the same fields.
fn listed(table: &DeTable<'_>, source: &Arc<Source>) -> Result<Option<Swept>, InputError> {
    let Some(variants) = table.get("variant") else { return Ok(None) };
    let help = "[[variant]] with a value for each field";
    let DeValue::Array(list) = variants.get_ref() else {
        return Err(fault(source, "variant", "is no table", variants.span(), help));
    };
    let mut axes: Vec<(String, Spot)> = Vec::new();
    let mut rows = Vec::new();
    for (at, own) in list.iter().enumerate() {
        let field = format!("variant[{at}]");
        let DeValue::Table(values) = own.get_ref() else {
            return Err(fault(source, &field, "is no table", own.span(), help));
        };
        if at == 0 {
            let keys = in_order(values).into_iter().map(|(key, _)| key);
            axes = keys.map(|key| (key.get_ref().to_string(), key.span())).collect();
        }
        let value = |(name, _): &(String, Spot)| values.get(name.as_str()).and_then(scalar);
        let row: Option<Vec<Scalar>> = axes.iter().map(value).collect();
        match row {
            Some(row) if !axes.is_empty() && values.len() == axes.len() => rows.push(row),
            _ => {
                let problem = "does not have the fields of the first variant, a value for each";
                return Err(fault(source, &field, problem, own.span(), help));
            }
        }
    }
    Ok(Some((axes, rows)))
}

/// Where the value of a field stands.
fn spot(table: &DeTable<'_>, field: &str) -> Option<Spot> {
    let (first, rest) = match field.split_once('.') {
        None => return table.get(field).filter(|own| scalar(own).is_some()).map(Spanned::span),
        Some(parts) => parts,
    };
    match table.get(first)?.get_ref() {
        DeValue::Table(inner) => spot(inner, rest),
        DeValue::Array(list) => {
            let tables = list.iter().filter_map(|own| own.get_ref().as_table());
            // A table among several is called by its name; one alone needs none.
            if let Some((name, key)) = rest.split_once('.') {
                let is = |own: &&DeTable<'_>| {
                    let called = own.get("name").and_then(scalar);
                    called == Some(Scalar::Text(name.into()))
                };
                return spot(tables.clone().find(is)?, key);
            }
            match list.len() {
                1 => spot(tables.clone().next()?, rest),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Every field of a text that could be swept.
fn fields(table: &DeTable<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let mut of_table = |prefix: &str, own: &DeTable<'_>| {
        let scalars = own.iter().filter(|(_, value)| scalar(value).is_some());
        all.extend(scalars.map(|(key, _)| format!("{prefix}{}", key.get_ref())));
    };
    of_table("", table);
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(own) => of_table(&format!("{}.", key.get_ref()), own),
            DeValue::Array(list) => {
                for own in list.iter().filter_map(|own| own.get_ref().as_table()) {
                    let name = own.get("name").and_then(scalar);
                    let name = name.map_or(String::new(), |name| format!("{name}."));
                    of_table(&format!("{}.{name}", key.get_ref()), own);
                }
            }
            _ => {}
        }
    }
    all.retain(|field| !field.starts_with("sweep.") && !field.starts_with("reported."));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"a\"\n[[pool]]\nname = \"p\"\nreplicas = 2\n[handover]\n\
                        rate = \"1 GB/s\"\n[[source]]\nusers = 4\n";

    fn of(more: &str) -> Result<(Vec<String>, Vec<Variant>), InputError> {
        variants(&Source::new("s.toml", format!("{TEXT}{more}")))
    }

    #[test]
    fn values_take_the_place_of_those_in_the_text() {
        let (axes, all) =
            of("[sweep]\n\"pool.p.replicas\" = [1, 3]\n\"handover.rate\" = [\"2 GB/s\"]\n\
                              \"source.users\" = [8, 16]\n")
            .unwrap();
        assert_eq!(axes.len(), 3);
        assert_eq!(all.len(), 4);
        let text = &all[3].source.text;
        assert!(text.contains("users = 16") && text.contains("rate = \"2 GB/s\""), "{text}");
        assert!(text.contains("replicas = 3"), "{text}");
        let (axes, all) = of("").unwrap();
        assert_eq!((axes.len(), all.len()), (0, 1));
        let (_, all) =
            of("[[variant]]\n\"source.users\" = 1\n[[variant]]\n\"source.users\" = 2\n").unwrap();
        assert_eq!(all[1].label(), "2");
    }

    #[test]
    fn what_cannot_be_swept_is_refused() {
        for (more, says) in [
            ("[sweep]\n\"pool.q.replicas\" = [1]\n", "has no value in this file"),
            ("[sweep]\n\"source.users\" = 3\n", "is no list"),
            ("[sweep]\n", "sweeps nothing"),
            (
                "[[variant]]\n\"source.users\" = 1\n[[variant]]\nname = \"b\"\n",
                "fields of the first",
            ),
        ] {
            let error = of(more).unwrap_err().to_string();
            assert!(error.contains(says), "{more}: {error}");
        }
        let error = of("[sweep]\n\"pool.q.replicas\" = [1]\n").unwrap_err().to_string();
        assert!(error.starts_with("s.toml:10"), "{error}");
    }
}
