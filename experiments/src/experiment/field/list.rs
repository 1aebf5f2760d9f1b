//! Every field of experiment files, as a list for readers.

use serde_json::{Value, json};

use super::super::group::GroupFields;
use super::super::load::{BatchFields, PoolFields, StepFields, WorkloadFields};
use super::super::pattern::PatternFields;
use super::super::request::RequestFields;
use super::super::transfer::{KernelFields, RareFields, TransferFields};
use super::{Field, Fields, Is, List, TOLD_MAX};

impl List {
    /// The table as it is written in a file.
    pub(crate) fn table(self) -> &'static str {
        match self {
            List::Transfer | List::Rare | List::Pattern | List::Group | List::Kernel => {
                "[transfer]"
            }
            List::Request => "[request]",
            List::Workload => "[[workload]]",
            List::Step => "[[step]]",
            List::Pool => "[[pool]]",
            List::Batch => "[[batch]]",
        }
    }
}

impl Field {
    /// What may stand behind it, in a few words.
    pub(crate) fn possible(&self) -> String {
        let within = &self.within;
        match self.is {
            Is::Name | Is::NameNeeded => "name without dots".into(),
            Is::Reference | Is::Word => "name".into(),
            Is::References => "list of names".into(),
            Is::Size => "size above zero".into(),
            Is::Amount => "size".into(),
            Is::Count => format!("integer, {} to {}", within.from, within.to),
            Is::Number if within.to > TOLD_MAX => "number, zero or more".into(),
            Is::Number => format!("number, {} to {}", within.from, within.to),
            Is::Part => format!("number above 0, to {}", within.to),
            Is::Time => "time".into(),
            Is::TimeAboveZero => "time above zero".into(),
            Is::WarmUp => "time, or auto".into(),
            Is::Seconds => format!("whole seconds, {} to {}", within.from, within.to),
            Is::Rate => "rate per /s, /min or /h".into(),
            Is::Bandwidth => "rate above zero".into(),
            Is::Times => "time or distribution of times".into(),
            Is::Numbers => "number or distribution".into(),
            Is::OneOf => within.words.join(", "),
        }
    }

    /// What a sweep calls it; empty where none may vary it.
    pub(crate) fn in_sweeps(&self) -> String {
        match self.list {
            _ if !self.is_swept() => String::new(),
            List::Transfer
            | List::Rare
            | List::Pattern
            | List::Group
            | List::Kernel
            | List::Request => self.name.to_owned(),
            List::Workload => format!("workload.NAME.{}", self.name),
            List::Step => format!("step.NAME.{}", self.name),
            List::Pool => format!("pool.NAME.{}", self.name),
            List::Batch => format!("batch.NAME.{}", self.name),
        }
    }

    /// The field as JSON.
    pub(crate) fn told(&self) -> Value {
        json!({
            "table": self.list.table(), "field": self.key(), "possible": self.possible(),
            "default": self.default, "in_sweeps": self.is_swept().then(|| self.in_sweeps()),
            "column": self.column(),
            "about": self.about(),
        })
    }
}

/// Every field of every list.
pub(crate) fn all() -> impl Iterator<Item = &'static Field> {
    let lists = [
        TransferFields::FIELDS,
        RareFields::FIELDS,
        PatternFields::FIELDS,
        GroupFields::FIELDS,
        KernelFields::FIELDS,
        RequestFields::FIELDS,
        WorkloadFields::FIELDS,
        StepFields::FIELDS,
        PoolFields::FIELDS,
        BatchFields::FIELDS,
    ];
    lists.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_field_name_its_default() {
        for field in all() {
            let (about, Some(default)) = (field.about(), field.default) else { continue };
            assert_eq!((field.judge)(&super::super::Scalar::from_argument(default)).err(), None);
            let told = about.contains("efault").then(|| about.contains(default));
            assert_ne!(told, Some(false), "{field:?}: {default}: {about}");
        }
    }

    #[test]
    fn no_table_has_two_fields_of_one_name() {
        let mut seen = std::collections::BTreeSet::new();
        for field in all() {
            assert!(seen.insert((field.list.table(), field.key())), "{field:?}");
        }
    }
}
