//! Views of the frontend messages that are judged or that move the session's state.

use super::{Cursor, Malformed};

/// Message types that a client may send after login.
pub mod tag {
    /// Bind.
    pub const BIND: u8 = b'B';
    /// Close.
    pub const CLOSE: u8 = b'C';
    /// CopyData.
    pub const COPY_DATA: u8 = b'd';
    /// CopyDone.
    pub const COPY_DONE: u8 = b'c';
    /// CopyFail.
    pub const COPY_FAIL: u8 = b'f';
    /// Describe.
    pub const DESCRIBE: u8 = b'D';
    /// Execute.
    pub const EXECUTE: u8 = b'E';
    /// Flush.
    pub const FLUSH: u8 = b'H';
    /// FunctionCall.
    pub const FUNCTION_CALL: u8 = b'F';
    /// Parse.
    pub const PARSE: u8 = b'P';
    /// PasswordMessage, SASLInitialResponse, SASLResponse.
    pub const PASSWORD: u8 = b'p';
    /// Query.
    pub const QUERY: u8 = b'Q';
    /// Sync.
    pub const SYNC: u8 = b'S';
    /// Terminate.
    pub const TERMINATE: u8 = b'X';
}

/// What a Describe or Close is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `S`: a prepared statement.
    Statement,
    /// `P`: a portal.
    Portal,
}

/// Parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parse<'a> {
    /// The statement's name; empty for the unnamed one.
    pub name: &'a [u8],
    /// The statement.
    pub text: &'a [u8],
    /// Parameter type OIDs, four bytes each.
    types: &'a [u8],
}

/// Bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    /// The portal's name; empty for the unnamed one.
    pub portal: &'a [u8],
    /// The statement's name; empty for the unnamed one.
    pub statement: &'a [u8],
    /// Parameter format codes, two bytes each.
    pub formats: &'a [u8],
    /// Parameter values, each an Int32 length (-1: NULL) and its bytes.
    pub values: &'a [u8],
}

/// The text of a Query: the body less its one, last NUL.
pub fn query(body: &[u8]) -> Result<&[u8], Malformed> {
    let mut cursor = Cursor::new(body);
    let text = cursor.string()?;
    cursor.finish()?;
    Ok(text)
}

/// A Parse.
pub fn parse(body: &[u8]) -> Result<Parse<'_>, Malformed> {
    let mut cursor = Cursor::new(body);
    let name = cursor.string()?;
    let text = cursor.string()?;
    let count = cursor.count()?;
    let types = cursor.bytes(count * 4)?;
    cursor.finish()?;
    Ok(Parse { name, text, types })
}

/// A Bind; every count and length in it is checked.
pub fn bind(body: &[u8]) -> Result<Bind<'_>, Malformed> {
    let mut cursor = Cursor::new(body);
    let portal = cursor.string()?;
    let statement = cursor.string()?;
    let format_count = cursor.count()?;
    let formats = cursor.bytes(format_count * 2)?;
    let value_count = cursor.count()?;
    if format_count > 1 && format_count != value_count {
        return Err(Malformed("bind message has parameter formats but not one for each parameter"));
    }
    let start = cursor.rest();
    for _ in 0..value_count {
        let length = cursor.int32()?;
        if length != -1 {
            let length = usize::try_from(length)
                .map_err(|_| Malformed("bind message has a parameter of negative length"))?;
            cursor.bytes(length)?;
        }
    }
    let values_bytes = start.len().saturating_sub(cursor.rest().len());
    let values = start.get(..values_bytes).unwrap_or_default();
    let result_count = cursor.count()?;
    cursor.bytes(result_count * 2)?;
    cursor.finish()?;
    Ok(Bind { portal, statement, formats, values })
}

/// The target and name of a Describe or Close.
pub fn target(body: &[u8]) -> Result<(Target, &[u8]), Malformed> {
    let mut cursor = Cursor::new(body);
    let target = match cursor.byte()? {
        b'S' => Target::Statement,
        b'P' => Target::Portal,
        _ => return Err(Malformed("invalid subtype of a DESCRIBE or CLOSE message")),
    };
    let name = cursor.string()?;
    cursor.finish()?;
    Ok((target, name))
}

/// The portal of an Execute, and its row limit (0: none).
pub fn execute(body: &[u8]) -> Result<(&[u8], i32), Malformed> {
    let mut cursor = Cursor::new(body);
    let portal = cursor.string()?;
    let rows_max = cursor.int32()?;
    cursor.finish()?;
    Ok((portal, rows_max))
}

/// A message that has no body: Sync, Flush, Terminate, CopyDone.
pub fn empty(body: &[u8]) -> Result<(), Malformed> {
    Cursor::new(body).finish()
}

impl<'a> Parse<'a> {
    /// Parameter type OIDs, in order; 0 leaves the type to the server.
    pub fn parameter_types(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.types.as_chunks::<4>().0.iter().map(|&oid| u32::from_be_bytes(oid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_fills_its_frame() {
        assert_eq!(query(b"select 1\0"), Ok(&b"select 1"[..]));
        // A NUL inside: the rest would be read by nobody, or by somebody else as a new frame.
        assert!(query(b"select 1\0; delete\0").is_err());
        assert!(query(b"select 1").is_err());
        assert!(query(b"").is_err());
    }

    #[test]
    fn counts_must_agree_with_what_is_there() {
        let parsed = parse(b"s1\0select $1\0\0\x01\0\0\0\x17").unwrap();
        assert_eq!((parsed.name, parsed.text), (&b"s1"[..], &b"select $1"[..]));
        assert_eq!(parsed.parameter_types().collect::<Vec<_>>(), [23]);
        assert!(parse(b"s1\0select $1\0\0\x02\0\0\0\x17").is_err());
        assert!(parse(b"s1\0select $1\0\0\x00\0\0\0\x17").is_err());

        let good = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\0";
        let bound = bind(good).unwrap();
        assert_eq!((bound.portal, bound.statement), (&b"p"[..], &b"s"[..]));
        assert_eq!(bound.values, b"\0\0\0\x01x\xff\xff\xff\xff");
        for bad in [
            &b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x01x\xff\xff\xff\xff\0"[..],
            b"p\0s\0\0\x03\0\x01\0\x01\0\x01\0\x01\xff\xff\xff\xff\0\0",
            b"p\0s\0\0\0\0\x01\xff\xff\xff\xfe\0\0",
            b"p\0s\0\0\0\0\x01\x7f\xff\xff\xff\0\0",
            b"p\0s\0\xff\xff",
            b"",
        ] {
            assert!(bind(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn targets_and_limits() {
        assert_eq!(target(b"Ss1\0"), Ok((Target::Statement, &b"s1"[..])));
        assert_eq!(target(b"P\0"), Ok((Target::Portal, &b""[..])));
        assert!(target(b"X\0").is_err());
        assert!(target(b"Ss1").is_err());
        assert_eq!(execute(b"p\0\0\0\0\x05"), Ok((&b"p"[..], 5)));
        assert!(execute(b"p\0\0\0\0").is_err());
        assert_eq!(empty(b""), Ok(()));
        assert!(empty(b"\0").is_err());
    }
}
