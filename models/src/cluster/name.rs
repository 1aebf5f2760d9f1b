//! Names of what a cluster is made of.
//!
//! A cluster of ten thousand nodes has a million names, nearly all of them an owner and a part of
//! it: `node-17/core3`, `nic-17→leaf-0`. Both halves are shared texts, so a name takes 16 bytes and
//! none of its own on the heap. It becomes text at the edge, in tables and messages.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A text that many share.
///
/// The box makes the pointer thin: there are millions of these.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Arc<Box<str>>);

/// A name: a word, or an owner and what follows it.
#[derive(Clone)]
pub struct Name {
    owner: Word,
    part: Option<Word>,
}

impl Name {
    /// The name of a part of `owner`; `part` begins with what stands between the two, as in
    /// `/core3`.
    pub fn of(owner: &Word, part: &Word) -> Name {
        Name { owner: owner.clone(), part: Some(part.clone()) }
    }

    /// Whose it is: a node, a card, a pod.
    pub fn owner(&self) -> &Word {
        &self.owner
    }

    /// What follows the owner, if anything does.
    pub fn part(&self) -> &str {
        self.part.as_deref().unwrap_or("")
    }

    fn halves(&self) -> (&str, &str) {
        (&self.owner, self.part())
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Word {
        Word(Arc::new(text.into()))
    }
}

impl From<String> for Word {
    fn from(text: String) -> Word {
        Word(Arc::new(text.into()))
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Word::from(text).into()
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Word::from(text).into()
    }
}

impl From<Word> for Name {
    fn from(owner: Word) -> Name {
        Name { owner, part: None }
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Word {
    fn borrow(&self) -> &str {
        self
    }
}

impl Eq for Name {}

impl PartialEq<str> for Word {
    fn eq(&self, text: &str) -> bool {
        **self == *text
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, text: &&str) -> bool {
        **self == **text
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        let same = self.owner == other.owner && self.part == other.part;
        same || {
            let (a, b) = (self.halves(), other.halves());
            a.0.len() + a.1.len() == b.0.len() + b.1.len()
                && a.0.chars().chain(a.1.chars()).eq(b.0.chars().chain(b.1.chars()))
        }
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, text: &str) -> bool {
        let (owner, part) = self.halves();
        text.strip_prefix(owner) == Some(part)
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl fmt::Display for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (owner, part) = self.halves();
        write!(out, "{owner}{part}")
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), out)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_whose_text_is() {
        let name = |owner: &str, part: &str| Name::of(&owner.into(), &part.into());
        assert_eq!(name("a", "/b"), name("a/", "b"));
        assert_eq!(name("a", "/b"), "a/b");
        assert_eq!(name("a", ""), Name::from(Word::from("a")));
        assert_ne!(name("a", "/b"), name("a", "/c"));
        assert_ne!(name("a", "/b"), "a");
        assert_eq!(name("node", "/core3").to_string(), "node/core3");
        assert_eq!(std::mem::size_of::<Name>(), 16);
    }
}
