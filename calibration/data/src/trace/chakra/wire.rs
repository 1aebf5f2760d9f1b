//! The wire format of protobuf: fields of a message, as far as a Chakra trace has them.
//!
//! A field is a varint of its number and of one of four shapes; groups have been out of use for
//! long. <https://protobuf.dev/programming-guides/encoding>

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Why a message cannot be read, and at which byte of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Malformed {
    pub(super) byte: usize,
    pub(super) problem: &'static str,
}

/// The fields of a message, one after the other.
pub(super) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Fields<'a> {
        Fields { message, at: 0 }
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), Malformed> {
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.bytes(length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed()?)),
            _ => return Err(self.malformed("is no field of a message")),
        };
        Ok((key >> 3, field))
    }

    /// A number of seven bits a byte, the low ones first.
    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for place in 0..10 {
            let byte = self.bytes(1)?[0];
            number |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.malformed("is a number of more than ten bytes"))
    }

    /// The next bytes, so many.
    pub(super) fn bytes(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let bytes = end.and_then(|end| self.message.get(self.at..end));
        let bytes = bytes.ok_or_else(|| self.malformed("is cut: it should go on"))?;
        self.at += bytes.len();
        Ok(bytes)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(*self.bytes(N as u64)?.first_chunk().expect("it has so many"))
    }

    /// Where it has come to.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether all has been read.
    pub(super) fn is_over(&self) -> bool {
        self.at == self.message.len()
    }

    fn malformed(&self, problem: &'static str) -> Malformed {
        Malformed { byte: self.at, problem }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.is_over()).then(|| self.field())
    }
}

/// A number whose sign is its lowest bit.
pub(super) fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // Field 1 is 150; field 2 is "testing"; field 4, packed, holds 3, 270 and 86942.
        let message = b"\x08\x96\x01\x12\x07testing\x22\x06\x03\x8e\x02\x9e\xa7\x05";
        let fields: Vec<_> = Fields::of(message).collect::<Result<_, _>>().unwrap();
        assert_eq!(fields[..2], [(1, Field::Varint(150)), (2, Field::Bytes(b"testing"))]);
        let (4, Field::Bytes(packed)) = fields[2] else { panic!("{fields:?}") };
        let mut packed = Fields::of(packed);
        let numbers: Vec<u64> = (0..3).map(|_| packed.varint().unwrap()).collect();
        assert_eq!(numbers, [3, 270, 86_942]);
        assert_eq!([0, 1, 2, 4_294_967_295].map(zigzag), [0, -1, 1, -2_147_483_648]);
    }

    #[test]
    fn what_is_cut_or_too_long_is_malformed() {
        let problem = |message: &[u8]| {
            Fields::of(message).find_map(Result::err).map(|malformed| malformed.problem)
        };
        assert_eq!(problem(b"\x08"), Some("is cut: it should go on"));
        assert_eq!(problem(b"\x12\x07test"), Some("is cut: it should go on"));
        assert_eq!(problem(b"\x0b"), Some("is no field of a message"));
        assert_eq!(problem(&[0xff; 12]), Some("is a number of more than ten bytes"));
    }
}
