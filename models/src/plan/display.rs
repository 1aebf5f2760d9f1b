//! A plan in words: a line for each step, with what it comes after.
//!
//! ```text
//!  2  64 × move 1 MiB    after 1, 2~1, 5~2    gpu-a/copy-out
//! ```
//!
//! `2~1` is step 2 of the iteration before.

use std::fmt;

use sim::Bytes;

use super::{BASE, Book, Op, Plan};

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let times = if step.count > 1 { format!("{} × ", step.count) } else { String::new() };
            let first = self.phase(step.first, BASE);
            let what = format!("{times}{}", self.words(first.op));
            let after: Vec<String> = self
                .into(at as u32)
                .iter()
                .map(|edge| match edge.lag {
                    0 => (edge.step + 1).to_string(),
                    lag => format!("{}~{lag}", edge.step + 1),
                })
                .collect();
            let after = match after.is_empty() {
                true => "first".to_owned(),
                false => format!("after {}", after.join(", ")),
            };
            let line = format!("{:>3}  {what:28} {after:20} {}", at + 1, self.hop(first.book));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Plan {
    fn words(&self, op: Op) -> String {
        match op {
            Op::Wait(time) => format!("wait {time}"),
            Op::Acquire(pool) => format!("acquire pool {}", pool.0),
            Op::Release(pool) => format!("release pool {}", pool.0),
            Op::Turn { server, client, work } => {
                format!("turn of {client} at server {server}, {work}")
            }
            Op::Move(id) => {
                let demand = self.demand(id);
                let all = demand.bytes * demand.flows.len() as f64;
                format!("move {}", Bytes::new(all.round() as u64))
            }
        }
    }

    /// The hop that most of an operation's time is booked to.
    fn hop(&self, book: Book) -> String {
        let largest = |parts: &[(u32, f64)]| {
            let most = parts.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            most.map(|(row, _)| self.rows[*row as usize].hop)
        };
        let hop = match book {
            Book::Nobody => None,
            Book::Parts { first, count } => largest(self.shares(first, count)),
            Book::Streaming(id) => {
                let streaming = &self.demand(id).streaming;
                let wait = self.rows[streaming.waits_else as usize].hop;
                largest(&streaming.parts).or(Some(wait))
            }
        };
        hop.map_or(String::new(), |hop| self.hops[hop as usize].name.to_string())
    }
}
