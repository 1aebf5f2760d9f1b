//! A port of the cluster from its profile: the link, the reads in flight, and the latencies.
//!
//! | parameter | unit | what |
//! | --- | --- | --- |
//! | `generation` | count | 1 to 6 |
//! | `lanes` | count | 1, 2, 4, 8, 12, 16 or 32 |
//! | `max_payload`, `max_read_request` | B | powers of two, 128 to 4096 |
//! | `read_completion_boundary` | B | 64, 128, 256 or 512 |
//! | `completions_at_boundary` | count | 1: cut at every boundary; 0: as late as allowed |
//! | `address_bits` | count | 32 or 64 |
//! | `end_to_end_check` | count | 1 with ECRC, 0 without |
//! | `tags` | count | reads in flight, at least 1 |
//! | `read_round_trip` | time | from a read request to its data |
//! | `write_latency` | time | from the device to memory, one way |
//! | `update_share` | ratio | of the link, what acknowledgements and credits take; see
//! [`overhead`](super::overhead) for what is booked where a profile does not say |
//!
//! A link between chips has `link_rate` (rate), `link_read_efficiency` and `link_write_efficiency`
//! (ratios) in the place of all but the two latencies; see [`super::chip`].

use std::num::NonZeroU32;

use sim::{Bytes, Rate, Time};

use super::read::Window;
use super::{
    AddressBits, Boundary, Chip, Completions, Generation, Link, Operation, PayloadSize, Settings,
    Weights, Width,
};
use crate::input::InputError;
use crate::profile::Profile;

/// What a device is connected by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Connector {
    /// A slot, and the reads that the device keeps in flight.
    Slot(Link, Window),
    /// A link between two chips.
    Chip(Chip),
}

/// A device's place below a root complex or switch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Port {
    /// The link to the root complex or switch above.
    pub connector: Connector,
    /// From the device's asking for data to having its first byte, on an idle path.
    pub read_round_trip: Time,
    /// From the device's sending a write to its being in memory, on an idle path.
    pub write_latency: Time,
}

impl Port {
    /// Reads a port from a profile of kind `pcie`.
    ///
    /// # Errors
    /// If a parameter is missing, has the wrong unit, or is none that the standard has.
    pub fn from_profile(profile: &Profile) -> Result<Port, InputError> {
        let read_round_trip = profile.time("read_round_trip")?;
        let connector = match Chip::from_profile(profile)? {
            Some(chip) => Connector::Chip(chip),
            None => slot(profile, read_round_trip)?,
        };
        Ok(Port { connector, read_round_trip, write_latency: profile.time("write_latency")? })
    }

    /// The slot's link; none where it is no slot.
    pub const fn link(&self) -> Option<&Link> {
        match &self.connector {
            Connector::Slot(link, _) => Some(link),
            Connector::Chip(_) => None,
        }
    }

    /// The port that a card makes of this one: see [`Link::with_card`]. A link between chips is
    /// the card's own.
    ///
    /// # Errors
    /// As [`Link::with_card`].
    pub fn with_card(mut self, card: &Profile) -> Result<Port, InputError> {
        if let Connector::Slot(link, _) = &mut self.connector {
            *link = link.with_card(card)?;
        }
        Ok(self)
    }

    /// What one direction has for packets, or for payload between chips [B/s].
    pub fn capacity(&self) -> Rate {
        match &self.connector {
            Connector::Slot(link, _) => link.capacity(),
            Connector::Chip(chip) => chip.rate,
        }
    }

    /// The wire bytes per payload byte on each direction; `None` for an empty payload.
    pub fn weights(&self, operation: Operation, payload: Bytes) -> Option<Weights> {
        match &self.connector {
            Connector::Slot(link, _) => link.weights(operation, payload),
            Connector::Chip(chip) => (payload > Bytes::ZERO).then(|| chip.weights(operation)),
        }
    }

    /// The payload rate of back-to-back accesses of `payload` bytes, however many are in flight.
    fn link_bandwidth(&self, operation: Operation, payload: Bytes) -> Option<Rate> {
        let weights = self.weights(operation, payload)?;
        Some(Rate::bytes_per_s(self.capacity().as_bytes_per_s() / weights.busier()))
    }

    /// The rate at which this device alone moves `payload` bytes by DMA [B/s]: the link's, and for
    /// reads no more than the reads in flight allow. `None` for an empty payload.
    pub fn dma_bandwidth(&self, operation: Operation, payload: Bytes) -> Option<Rate> {
        let link = self.link_bandwidth(operation, payload)?;
        let limit = match operation {
            Operation::Write => None,
            Operation::Read => self.read_limit(payload, Time::ZERO),
        };
        Some(limit.map_or(link, |limit| limit.min(link)))
    }

    /// What no port of this kind exceeds in moving `payload` bytes, however seldom it sends updates
    /// [B/s]. `None` for an empty payload.
    pub fn dma_most(&self, operation: Operation, payload: Bytes) -> Option<Rate> {
        let rate = self.link_bandwidth(operation, payload)?;
        let more = match &self.connector {
            Connector::Slot(link, _) => {
                link.capacity_most().as_bytes_per_s() / link.capacity().as_bytes_per_s()
            }
            Connector::Chip(_) => 1.0,
        };
        Some(Rate::bytes_per_s(rate.as_bytes_per_s() * more.max(1.0)))
    }

    /// What the reads in flight allow, each under way for `longer` than on an idle path [B/s];
    /// `None` where they bound nothing.
    pub fn read_limit(&self, payload: Bytes, longer: Time) -> Option<Rate> {
        match self.connector {
            Connector::Slot(link, mut window) => {
                window.round_trip += longer;
                window.limit(link.settings.max_read_request, payload)
            }
            Connector::Chip(_) => None,
        }
    }

    /// From the beginning of a transfer to the arrival of its first packet, on an idle path.
    pub const fn latency(&self, operation: Operation) -> Time {
        match operation {
            Operation::Write => self.write_latency,
            Operation::Read => self.read_round_trip,
        }
    }
}

fn slot(profile: &Profile, round_trip: Time) -> Result<Connector, InputError> {
    let read = Reader { profile };
    let settings = Settings {
        max_payload: read.bytes("max_payload", PayloadSize::new)?,
        max_read_request: read.bytes("max_read_request", PayloadSize::new)?,
        read_completion_boundary: read.bytes("read_completion_boundary", Boundary::new)?,
        completions: match read.count("completions_at_boundary", flag)? {
            true => Completions::AtBoundary,
            false => Completions::Largest,
        },
        address: read.count("address_bits", AddressBits::new)?,
        end_to_end_check: read.count("end_to_end_check", flag)?,
        updates_ppm: read.updates()?,
    };
    let tags = |count| NonZeroU32::new(count).ok_or("a device needs at least one tag");
    let link = Link {
        generation: read.count("generation", Generation::new)?,
        width: read.count("lanes", Width::new)?,
        settings,
    };
    Ok(Connector::Slot(link, Window { tags: read.count("tags", tags)?, round_trip }))
}

/// Profile getters that also check what the standard allows.
struct Reader<'a> {
    profile: &'a Profile,
}

impl Reader<'_> {
    fn count<T, E: ToString>(
        &self,
        parameter: &str,
        check: impl Fn(u32) -> Result<T, E>,
    ) -> Result<T, InputError> {
        check(self.profile.count(parameter)?).map_err(|error| self.refuse(parameter, &error))
    }

    /// Millionths of the link that updates take, where the profile says.
    fn updates(&self) -> Result<Option<u32>, InputError> {
        let share = self.profile.optional("update_share", Profile::ratio)?;
        let possible = |share: f64| match share {
            share if (0.0..=0.5).contains(&share) => Ok((share * 1e6).round() as u32),
            _ => Err(self.refuse("update_share", &"from 0 to 0.5 of the link")),
        };
        share.map(possible).transpose()
    }

    fn bytes<T, E: ToString>(
        &self,
        parameter: &str,
        check: impl Fn(Bytes) -> Result<T, E>,
    ) -> Result<T, InputError> {
        check(self.profile.bytes(parameter)?).map_err(|error| self.refuse(parameter, &error))
    }

    fn refuse(&self, parameter: &str, error: &impl ToString) -> InputError {
        self.profile.fault(parameter, "is not possible", &error.to_string())
    }
}

fn flag(count: u32) -> Result<bool, &'static str> {
    match count {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err("1 for yes or 0 for no"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::library::Kind;

    const LINES: &str = "parameter,value,unit,low,high,how,source
generation,3,count,,,datasheet,t
lanes,8,count,,,datasheet,t
max_payload,256,B,,,assumed,t
max_read_request,512,B,,,assumed,t
read_completion_boundary,64,B,,,assumed,t
completions_at_boundary,0,count,,,assumed,t
address_bits,64,count,,,assumed,t
end_to_end_check,0,count,,,assumed,t
tags,32,count,,,assumed,t
read_round_trip,4,us,,,assumed,t
write_latency,300,ns,,,assumed,t
";

    fn port(text: &str) -> Result<Port, InputError> {
        Port::from_profile(&Profile::parse(Kind::Pcie, "t", &Source::new("t.csv", text))?)
    }

    #[test]
    fn a_profile_becomes_a_port() {
        let port = port(LINES).unwrap();
        let link = port.link().expect("a slot");
        assert_eq!(link.generation, Generation::Gen3);
        assert_eq!(link.settings, Settings::default());
        let block = Bytes::mib(1);
        // 32 · 512 B in 4 us: below what the link could do.
        let reads = port.dma_bandwidth(Operation::Read, block).unwrap();
        assert!((reads.as_gbyte_s() - 4.096).abs() < 1e-9);
        assert_eq!(port.dma_bandwidth(Operation::Write, block), link.write_bandwidth(block));
        assert!(port.latency(Operation::Write).saturating_sub(Time::from_ns(300)).as_ps() <= 1);
    }

    #[test]
    fn what_the_standard_does_not_have_is_refused_where_it_stands() {
        let cases = [
            ("generation,3", "generation,7", "t.csv:2: generation: is not possible (`7` is not"),
            ("lanes,8", "lanes,3", "t.csv:3: lanes: is not possible (`3` is not"),
            ("max_payload,256", "max_payload,100", "t.csv:4: max_payload: is not possible (100 "),
            ("address_bits,64", "address_bits,48", "t.csv:8: address_bits: is not possible (addr"),
            ("end_to_end_check,0", "end_to_end_check,2", "t.csv:9: end_to_end_check: is not poss"),
            ("tags,32", "tags,0", "t.csv:10: tags: is not possible (a device needs at least one"),
        ];
        for (line, wrong, expected) in cases {
            let message = port(&LINES.replace(line, wrong)).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{wrong} gave {message}");
        }
    }

    #[test]
    fn a_link_between_chips_has_its_own_rates() {
        let lines = "parameter,value,unit,low,high,how,source
link_rate,450,GB/s,,,datasheet,t
link_read_efficiency,0.8,ratio,,,published,t
link_write_efficiency,0.6,ratio,,,published,t
read_round_trip,800,ns,,,assumed,t
write_latency,400,ns,,,assumed,t
";
        let chip = port(lines).unwrap();
        let rate = |operation| chip.dma_bandwidth(operation, Bytes::gib(1)).unwrap().as_gbyte_s();
        assert!((rate(Operation::Read) - 360.0).abs() < 1e-9);
        assert!((rate(Operation::Write) - 270.0).abs() < 1e-9);
        assert_eq!(chip.read_limit(Bytes::gib(1), Time::ZERO), None);
        let both = lines.replace("link_rate,", "generation,5,count,,,datasheet,t\nlink_rate,");
        let message = port(&both).unwrap_err().to_string();
        assert!(message.contains("link_rate: stands beside `generation`"), "{message}");
        let message = port(&lines.replace("0.6", "1.6")).unwrap_err().to_string();
        assert!(message.contains("link_write_efficiency: is not a part"), "{message}");
    }
}
