//! A node of a Chakra trace, whichever form it was read from.

use models::input::InputError;
use sim::Time;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Metadata,
    Load,
    Store,
    Compute,
    Send,
    Receive,
    Collective,
}

/// The kinds by number and name, as `et_def.proto` has them, those first that are replayed.
const KINDS: [(&str, Option<Kind>); 11] = [
    ("INVALID_NODE", None),
    ("METADATA_NODE", Some(Kind::Metadata)),
    ("MEM_LOAD_NODE", Some(Kind::Load)),
    ("MEM_STORE_NODE", Some(Kind::Store)),
    ("COMP_NODE", Some(Kind::Compute)),
    ("COMM_SEND_NODE", Some(Kind::Send)),
    ("COMM_RECV_NODE", Some(Kind::Receive)),
    ("COMM_COLL_NODE", Some(Kind::Collective)),
    ("STORAGE_NODE", None),
    ("BATCH_NODE", None),
    ("CHECKPOINT_NODE", None),
];

impl Kind {
    /// The kind of a number.
    pub(super) fn of(number: u64) -> Result<Kind, InputError> {
        let known = usize::try_from(number).ok().and_then(|number| KINDS.get(number));
        match known {
            Some((_, Some(kind))) => Ok(*kind),
            Some((name, None)) => Err(Kind::wrong(name)),
            None => Err(Kind::wrong(&number.to_string())),
        }
    }

    /// The kind of a name.
    pub(super) fn named(name: &str) -> Result<Kind, InputError> {
        let known = KINDS.iter().find(|(known, _)| *known == name);
        known.and_then(|(_, kind)| *kind).ok_or_else(|| Kind::wrong(name))
    }

    fn wrong(given: &str) -> InputError {
        let names = KINDS.iter().filter(|(_, kind)| kind.is_some()).map(|(name, _)| *name);
        let help = format!("one of: {}", names.collect::<Vec<_>>().join(", "));
        InputError::new("type", format!("{given} is not replayed")).help(help)
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of any type of whole numbers; true is one and false is zero.
    Whole(i128),
    Text(String),
    /// Anything else, in words.
    Other(&'static str),
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) id: u64,
    pub(super) kind: Kind,
    /// The nodes that have to have ended, for data and for control.
    pub(super) needs: Vec<u64>,
    pub(super) begin_us: u64,
    /// How long it took, if that was recorded. Protobuf does not write a zero, so that zero and not
    /// recorded are the same there.
    pub(super) length_us: Option<u64>,
    pub(super) attributes: Vec<(String, Value)>,
}

impl Node {
    /// A whole number, if there is an attribute of that name.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i128>, InputError> {
        let value = self.attributes.iter().find(|(known, _)| known == name);
        let unreadable = |what: &str| {
            let problem = format!("is {what}, and no whole number");
            Err(InputError::new(name, problem).help("an integer of any type"))
        };
        match value.map(|(_, value)| value) {
            None => Ok(None),
            Some(Value::Whole(number)) => Ok(Some(*number)),
            Some(Value::Text(text)) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => unreadable(&format!("`{}`", text.chars().take(40).collect::<String>())),
            },
            Some(Value::Other(what)) => unreadable(what),
        }
    }

    /// A whole number from zero to `most`, which has to be there.
    pub(super) fn needed(&self, name: &str, most: u64) -> Result<u64, InputError> {
        let Some(number) = self.whole(name)? else {
            let problem = "is missing";
            return Err(InputError::new(name, problem).help("an attribute of that name"));
        };
        let within = u64::try_from(number).ok().filter(|number| *number <= most);
        within.ok_or_else(|| {
            let help = format!("a whole number from 0 to {most}");
            InputError::new(name, format!("{number} is not possible")).help(help)
        })
    }

    /// Whether it is of the CPU, if it says so.
    pub(super) fn is_cpu(&self) -> Result<Option<bool>, InputError> {
        Ok(self.whole("is_cpu_op")?.map(|number| number != 0))
    }

    /// How long it took, if that was recorded.
    pub(super) fn length(&self) -> Option<Time> {
        self.length_us.map(|us| Time::from_ps(us.saturating_mul(1_000_000)))
    }
}
