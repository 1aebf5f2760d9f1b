//! A part of the points of a run, for one of several processes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most parts.
const MOST: u32 = 10_000;

/// One of several parts of equal size, give or take a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Shard {
    /// Which, counted from one.
    pub(crate) number: u32,
    /// Of how many.
    pub(crate) of: u32,
}

impl Shard {
    /// Whether a point belongs to it.
    ///
    /// Points are dealt one by one, and each round begins one further on: neighbours, which cost
    /// about the same, are spread over all shards, and so are those that are one step of an axis
    /// apart whose length the number of shards divides.
    pub(crate) fn holds(self, point: usize) -> bool {
        let of = self.of as usize;
        (point + point / of) % of == self.number as usize - 1
    }

    /// The folder of its results.
    pub(crate) fn folder(self) -> String {
        format!("shard-{}-of-{}", self.number, self.of)
    }

    /// What is meant by a number, or by the name of who gives it.
    fn number(text: &str) -> Result<u32, String> {
        let (variable, first) = match text {
            "slurm" => ("SLURM_ARRAY_TASK_ID", 1),
            "kubernetes" => ("JOB_COMPLETION_INDEX", 0),
            _ => return text.parse().map_err(|_| wrong()),
        };
        let value = std::env::var(variable).map_err(|_| format!("{variable} is not set"))?;
        let number: u32 =
            value.parse().map_err(|_| format!("{variable} is `{value}`, and no number"))?;
        number.checked_sub(first).map(|from_zero| from_zero + 1).ok_or_else(|| {
            format!("{variable} is {value}, and shards are counted from {first}: --array=1-N")
        })
    }
}

fn wrong() -> String {
    "I/N is expected, such as 2/7 for the second of seven, slurm/7 or kubernetes/7".into()
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let of: u32 = of.parse().map_err(|_| wrong())?;
        if !(1..=MOST).contains(&of) {
            return Err(format!("there are 1 to {MOST} shards, not {of}"));
        }
        let number = Shard::number(number)?;
        if !(1..=of).contains(&number) {
            return Err(format!(
                "the shards of {of} are 1/{of} to {of}/{of}, and {number} is none"
            ));
        }
        Ok(Shard { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Shard, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_belongs_to_one_shard_and_all_have_as_many() {
        for of in [1, 2, 3, 7, 64] {
            let all: Vec<Shard> = (1..=of).map(|number| Shard { number, of }).collect();
            for points in [0, 1, 5, 64, 1_000] {
                let held = |shard: &Shard| (0..points).filter(|p| shard.holds(*p)).count();
                let counts: Vec<usize> = all.iter().map(held).collect();
                assert_eq!(counts.iter().sum::<usize>(), points);
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                assert!(most - least <= 1, "{counts:?}");
            }
        }
    }

    #[test]
    fn an_axis_as_long_as_there_are_shards_is_spread_over_all_of_them() {
        let first = Shard { number: 1, of: 4 };
        let steps: std::collections::BTreeSet<usize> =
            (0..64).filter(|point| first.holds(*point)).map(|point| point % 4).collect();
        assert_eq!(steps.len(), 4);
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("3/7".parse(), Ok(Shard { number: 3, of: 7 }));
        for (text, said) in [
            ("0/3", "1/3 to 3/3"),
            ("4/3", "1/3 to 3/3"),
            ("1/0", "1 to 10000"),
            ("1/10001", "1 to 10000"),
            ("3", "2/7"),
            ("a/7", "2/7"),
            ("-1/7", "2/7"),
            ("1/7/2", "2/7"),
        ] {
            let refused = text.parse::<Shard>().unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
