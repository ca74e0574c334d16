//! The one framer. A frame is a tag byte, an Int32 length that counts itself, and a body.

/// Bytes of a frame before its body.
pub const HEADER_BYTES: usize = 5;

/// What stands at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Fewer than [`HEADER_BYTES`] bytes so far.
    Partial,
    /// A frame begins.
    Frame {
        /// Message type.
        tag: u8,
        /// Bytes of the body, which may not have arrived yet.
        body: usize,
    },
    /// A length below 4 or above what PostgreSQL accepts: the stream cannot be followed further.
    Bad {
        /// Message type.
        tag: u8,
        /// The length as sent.
        length: i32,
    },
}

/// Reads the header at the start of `bytes`.
#[must_use]
pub fn head(bytes: &[u8]) -> Head {
    let Some((&[tag, a, b, c, d], _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Head::Partial;
    };
    let length = i32::from_be_bytes([a, b, c, d]);
    match usize::try_from(length) {
        Ok(whole) if whole >= 4 => Head::Frame { tag, body: whole - 4 },
        _ => Head::Bad { tag, length },
    }
}

/// The body of the frame at the start of `bytes`, when all of it has arrived.
#[must_use]
pub fn body(bytes: &[u8], length: usize) -> Option<&[u8]> {
    bytes.get(HEADER_BYTES..HEADER_BYTES.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let cases: [(&[u8], Head); 7] = [
            (b"", Head::Partial),
            (b"Q\0\0\0", Head::Partial),
            (b"Q\0\0\0\x04", Head::Frame { tag: b'Q', body: 0 }),
            (b"Q\0\0\0\x06x", Head::Frame { tag: b'Q', body: 2 }),
            (b"Q\0\0\0\x03", Head::Bad { tag: b'Q', length: 3 }),
            (b"Q\xff\xff\xff\xff", Head::Bad { tag: b'Q', length: -1 }),
            (b"d\x7f\xff\xff\xff", Head::Frame { tag: b'd', body: 0x7fff_fffb }),
        ];
        for (bytes, expected) in cases {
            assert_eq!(head(bytes), expected, "{bytes:?}");
        }
        assert_eq!(body(b"Q\0\0\0\x06x\0S", 2), Some(&b"x\0"[..]));
        assert_eq!(body(b"Q\0\0\0\x06x", 2), None);
        assert_eq!(body(b"Q\0\0\0\x06x", usize::MAX), None);
    }
}
