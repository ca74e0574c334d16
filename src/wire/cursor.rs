//! A reader over the body of one frame. Every read is bounded by the slice, which *is* the
//! frame; [`Cursor::finish`] makes trailing bytes an error.

use std::ffi::CStr;

/// A body that does not follow its message's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Reads forward through one body.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `body`.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What has not been read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(byte)
    }

    /// Int16, which the protocol's counts are read from as unsigned, as PostgreSQL does.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk::<2>().ok_or(SHORT)?;
        self.rest = rest;
        Ok(usize::from(u16::from_be_bytes(*bytes)))
    }

    /// Int32.
    pub fn int32(&mut self) -> Result<i32, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>().ok_or(SHORT)?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*bytes))
    }

    /// `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A string up to its NUL, which is consumed and not part of the result.
    pub fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let found = CStr::from_bytes_until_nul(self.rest).map_err(|_| UNTERMINATED)?;
        self.rest = self.rest.get(found.to_bytes_with_nul().len()..).unwrap_or_default();
        Ok(found.to_bytes())
    }

    /// The body ends here; anything left is an error.
    pub fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(TRAILING) }
    }
}

const SHORT: Malformed = Malformed("insufficient data left in message");
const UNTERMINATED: Malformed = Malformed("invalid string in message");
const TRAILING: Malformed = Malformed("invalid message format");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stay_inside_the_body() {
        let mut cursor = Cursor::new(b"ab\0\0\x02\xff\xff\xff\xffz");
        assert_eq!(cursor.string(), Ok(&b"ab"[..]));
        assert_eq!(cursor.count(), Ok(2));
        assert_eq!(cursor.int32(), Ok(-1));
        assert_eq!(cursor.finish(), Err(TRAILING));
        assert_eq!(cursor.bytes(2), Err(SHORT));
        assert_eq!(cursor.string(), Err(UNTERMINATED));
        assert_eq!(cursor.byte(), Ok(b'z'));
        assert_eq!(cursor.byte(), Err(SHORT));
        assert_eq!(cursor.finish(), Ok(()));
    }
}
