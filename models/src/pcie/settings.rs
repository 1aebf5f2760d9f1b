//! The settings that decide how data is cut into packets and what each packet carries besides.
//!
//! Every field has a type that holds only what the standard allows, so a [`Settings`] literal
//! cannot be wrong. Source: PCI Express Base Specification, revision 5.0, section 7.5.3 (Device
//! Control and Link Control registers) and section 2.2.

use sim::Bytes;

/// How a link cuts and frames data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most data in one packet (`Max_Payload_Size`).
    pub max_payload: PayloadSize,
    /// The most data that one read may ask for (`Max_Read_Request_Size`).
    pub max_read_request: PayloadSize,
    /// The addresses at which a completer may cut what was read (`Read Completion Boundary`).
    pub read_completion_boundary: Boundary,
    /// Where the completer does cut.
    pub completions: Completions,
    /// How wide the addresses in requests are.
    pub address: AddressBits,
    /// Whether every packet ends in an end-to-end checksum of four bytes (ECRC).
    pub end_to_end_check: bool,
    /// What acknowledgements and credit updates take of a link of packets, in millionths, where it
    /// was measured; otherwise the budget of [`overhead`](super::overhead) is booked.
    pub updates_ppm: Option<u32>,
}

/// The defaults of the SIGCOMM 2018 model: 256-byte payloads, 512-byte reads, boundaries every 64
/// bytes, 64-bit addresses, no ECRC.
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_payload: PayloadSize(256),
            max_read_request: PayloadSize(512),
            read_completion_boundary: Boundary(64),
            completions: Completions::Largest,
            address: AddressBits::Bits64,
            end_to_end_check: false,
            updates_ppm: None,
        }
    }
}

impl Settings {
    /// How many completions answer back-to-back reads of `payload` bytes in all.
    pub(super) fn completions_for(&self, payload: Bytes) -> u64 {
        let largest = match self.completions {
            Completions::Largest | Completions::AcrossRequests => self.max_payload.bytes(),
            Completions::AtBoundary => {
                self.max_payload.bytes().min(self.read_completion_boundary.bytes())
            }
        };
        if self.completions == Completions::AcrossRequests {
            return payload.div_ceil(largest);
        }
        let request = self.max_read_request.bytes();
        let whole = payload.get() / request.get();
        let rest = Bytes::new(payload.get() % request.get());
        whole * request.div_ceil(largest) + rest.div_ceil(largest)
    }
}

/// A maximum payload or read request: a power of two from 128 to 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadSize(u64);

impl PayloadSize {
    /// A maximum of `size` bytes.
    ///
    /// # Errors
    /// If the standard has no such size.
    pub fn new(size: Bytes) -> Result<PayloadSize, SettingError> {
        let bytes = size.get();
        let valid = bytes.is_power_of_two() && (128..=4096).contains(&bytes);
        valid.then_some(PayloadSize(bytes)).ok_or(SettingError::PayloadSize(bytes))
    }

    /// The size in bytes.
    pub const fn bytes(self) -> Bytes {
        Bytes::new(self.0)
    }
}

/// A read completion boundary: 64 or 128 bytes by the standard; the SIGCOMM 2018 model takes 256
/// and 512 too, and so do we.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Boundary(u64);

impl Boundary {
    /// A boundary every `size` bytes.
    ///
    /// # Errors
    /// If it is not 64, 128, 256 or 512 bytes.
    pub fn new(size: Bytes) -> Result<Boundary, SettingError> {
        let bytes = size.get();
        let valid = [64, 128, 256, 512].contains(&bytes);
        valid.then_some(Boundary(bytes)).ok_or(SettingError::Boundary(bytes))
    }

    /// The boundary in bytes.
    pub const fn bytes(self) -> Bytes {
        Bytes::new(self.0)
    }
}

/// How a completer cuts the data of one read into packets. Requests are taken to be aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Completions {
    /// As large as the maximum payload allows.
    #[default]
    Largest,
    /// At every read completion boundary, as some older root complexes do.
    AtBoundary,
    /// As if one completion could answer several requests: what the SIGCOMM 2018 model assumes.
    /// It differs from [`Completions::Largest`] only where requests are shorter than payloads.
    AcrossRequests,
}

/// The width of an address: a request below 4 GiB is four bytes shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressBits {
    /// Three double words of request header.
    Bits32,
    /// Four double words of request header.
    #[default]
    Bits64,
}

impl AddressBits {
    /// Addresses of `bits` bits.
    ///
    /// # Errors
    /// If it is neither 32 nor 64.
    pub const fn new(bits: u32) -> Result<AddressBits, SettingError> {
        match bits {
            32 => Ok(AddressBits::Bits32),
            64 => Ok(AddressBits::Bits64),
            other => Err(SettingError::AddressBits(other)),
        }
    }
}

/// A setting that the standard does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such maximum payload or read request.
    #[error("{0} bytes is not a PCI Express payload size: 128, 256, 512, 1024, 2048 or 4096")]
    PayloadSize(u64),
    /// No such read completion boundary.
    #[error("{0} bytes is not a read completion boundary: 64, 128, 256 or 512")]
    Boundary(u64),
    /// No such address width.
    #[error("addresses have 32 or 64 bits, not {0}")]
    AddressBits(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_has() {
        let payloads: Vec<u64> =
            (0..=8192).filter(|&size| PayloadSize::new(Bytes::new(size)).is_ok()).collect();
        assert_eq!(payloads, [128, 256, 512, 1024, 2048, 4096]);
        let boundaries: Vec<u64> =
            (0..=8192).filter(|&size| Boundary::new(Bytes::new(size)).is_ok()).collect();
        assert_eq!(boundaries, [64, 128, 256, 512]);
        assert_eq!(AddressBits::new(48), Err(SettingError::AddressBits(48)));
    }

    #[test]
    fn completions_by_hand() {
        use Completions::{AcrossRequests, AtBoundary, Largest};
        // MPS, MRRS, boundary, where, read bytes, completions
        let cases = [
            (256, 512, 64, Largest, 512, 2),
            (256, 512, 64, Largest, 513, 3),
            (256, 512, 64, AtBoundary, 513, 9),
            (128, 512, 512, AtBoundary, 512, 4),
            (256, 128, 64, Largest, 1024, 8),
            (256, 128, 64, Largest, 130, 2),
            (256, 128, 64, AcrossRequests, 1024, 4),
            (256, 128, 64, AcrossRequests, 130, 1),
        ];
        for (mps, mrrs, boundary, completions, read, expected) in cases {
            let settings = Settings {
                max_payload: PayloadSize(mps),
                max_read_request: PayloadSize(mrrs),
                read_completion_boundary: Boundary(boundary),
                completions,
                ..Settings::default()
            };
            assert_eq!(settings.completions_for(Bytes::new(read)), expected, "{settings:?} {read}");
        }
    }
}
