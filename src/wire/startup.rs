//! What a connection may begin with, before there are tags: SSLRequest, GSSENCRequest,
//! CancelRequest, StartupMessage.
//!
//! Source: `ProcessStartupPacket` in PostgreSQL's `backend_startup.c`, `pqcomm.h`.

use super::{Cursor, Malformed};
use crate::base::limits;

/// Protocol 3.0.
pub const VERSION_3_0: u32 = 0x0003_0000;
/// Protocol 3.2, the newest we speak.
pub const VERSION_3_2: u32 = 0x0003_0002;

const CANCEL_REQUEST: u32 = 80_877_102;
const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;

/// The first message of a connection, or of a connection after its encryption was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First<'a> {
    /// SSLRequest.
    Ssl,
    /// GSSENCRequest.
    Gssenc,
    /// CancelRequest.
    Cancel {
        /// The process id we gave with BackendKeyData.
        pid: i32,
        /// The key we gave; 4 to 256 bytes.
        key: &'a [u8],
    },
    /// StartupMessage.
    Startup(Startup<'a>),
}

/// A StartupMessage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startup<'a> {
    /// Protocol version as asked for, major in the high half.
    pub version: u32,
    /// Parameters in the order sent. Names are unique and values are whole.
    pub parameters: Vec<(&'a [u8], &'a [u8])>,
}

/// Where the first message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Not enough bytes to tell.
    Partial,
    /// It takes this many bytes, its length field included.
    Whole(usize),
}

/// Reads the length of the first message.
pub fn length(bytes: &[u8]) -> Result<Length, Malformed> {
    let Some((&prefix, _)) = bytes.split_first_chunk::<4>() else { return Ok(Length::Partial) };
    match usize::try_from(i32::from_be_bytes(prefix)) {
        Ok(whole @ 8..=limits::STARTUP_BYTES_MAX) => Ok(Length::Whole(whole)),
        _ => Err(Malformed("invalid length of startup packet")),
    }
}

/// Reads the first message from exactly its bytes.
pub fn first(packet: &[u8]) -> Result<First<'_>, Malformed> {
    let mut cursor = Cursor::new(packet);
    cursor.int32()?;
    let code = cursor.int32()?.cast_unsigned();
    match code {
        SSL_REQUEST => cursor.finish().map(|()| First::Ssl),
        GSSENC_REQUEST => cursor.finish().map(|()| First::Gssenc),
        CANCEL_REQUEST => {
            let pid = cursor.int32()?;
            let key = cursor.rest();
            if (4..=256).contains(&key.len()) {
                Ok(First::Cancel { pid, key })
            } else {
                Err(Malformed("invalid length of cancel request"))
            }
        }
        version if version >> 16 == 3 => startup(version, cursor).map(First::Startup),
        _ => Err(Malformed("unsupported frontend protocol: pgward speaks 3.0 to 3.2")),
    }
}

fn startup(version: u32, mut cursor: Cursor<'_>) -> Result<Startup<'_>, Malformed> {
    let mut parameters: Vec<(&[u8], &[u8])> = Vec::new();
    loop {
        let name = cursor
            .string()
            .map_err(|_| Malformed("invalid startup packet layout: expected terminator"))?;
        if name.is_empty() {
            break;
        }
        let value =
            cursor.string().map_err(|_| Malformed("startup packet has a name without a value"))?;
        if parameters.iter().any(|(earlier, _)| *earlier == name) {
            return Err(Malformed("startup packet names a parameter twice"));
        }
        parameters.push((name, value));
    }
    cursor.finish().map_err(|_| {
        Malformed("invalid startup packet layout: expected terminator as last byte")
    })?;
    Ok(Startup { version, parameters })
}

impl<'a> Startup<'a> {
    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.parameters.iter().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| *value)
    }

    /// The version that the session will speak: what was asked for, at most 3.2, and 3.0 in
    /// place of 3.1, which never was.
    #[must_use]
    pub const fn negotiated(&self) -> u32 {
        if self.version >= VERSION_3_2 { VERSION_3_2 } else { VERSION_3_0 }
    }

    /// Protocol options (`_pq_.…`); none is known, so all are named in NegotiateProtocolVersion.
    pub fn protocol_options(&self) -> impl Iterator<Item = &'a [u8]> {
        self.parameters.iter().map(|(name, _)| *name).filter(|name| name.starts_with(b"_pq_."))
    }

    /// Whether NegotiateProtocolVersion must be sent.
    #[must_use]
    pub fn needs_negotiation(&self) -> bool {
        self.version != self.negotiated() || self.protocol_options().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap();
        [&length.to_be_bytes()[..], &code.to_be_bytes(), body].concat()
    }

    #[test]
    fn lengths() {
        assert_eq!(length(b"\0\0\0"), Ok(Length::Partial));
        assert_eq!(length(&[0, 0, 0, 8]), Ok(Length::Whole(8)));
        assert_eq!(length(&[0, 0, 0x27, 0x10]), Ok(Length::Whole(10_000)));
        for bad in [[0, 0, 0, 7], [0, 0, 0x27, 0x11], [0xff; 4], [0x7f, 0xff, 0xff, 0xff]] {
            assert!(length(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn first_messages() {
        assert_eq!(first(&packet(SSL_REQUEST, b"")), Ok(First::Ssl));
        assert_eq!(first(&packet(GSSENC_REQUEST, b"")), Ok(First::Gssenc));
        assert!(first(&packet(SSL_REQUEST, b"x")).is_err());
        let cancel = packet(CANCEL_REQUEST, b"\0\0\0\x07abcd");
        assert_eq!(first(&cancel), Ok(First::Cancel { pid: 7, key: b"abcd" }));
        assert!(first(&packet(CANCEL_REQUEST, b"\0\0\0\x07abc")).is_err());
        assert!(first(&packet(CANCEL_REQUEST, &[0; 261])).is_err());
        assert!(first(&packet(0x0002_0000, b"\0")).is_err());
    }

    #[test]
    fn startups() {
        let good = packet(VERSION_3_0, b"user\0alice\0database\0app\0\0");
        let Ok(First::Startup(startup)) = first(&good) else { panic!("not a startup") };
        assert_eq!(startup.get("user"), Some(&b"alice"[..]));
        assert_eq!(startup.get("options"), None);
        assert!(!startup.needs_negotiation());
        for bad in
            [&b"user\0alice\0"[..], b"user\0alice\0\0x", b"user\0", b"user\0a\0user\0b\0\0", b""]
        {
            assert!(first(&packet(VERSION_3_0, bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn versions() {
        for (asked, negotiated, needs) in [
            (VERSION_3_0, VERSION_3_0, false),
            (0x0003_0001, VERSION_3_0, true),
            (VERSION_3_2, VERSION_3_2, false),
            (0x0003_0003, VERSION_3_2, true),
            (0x0003_270f, VERSION_3_2, true),
        ] {
            let startup = Startup { version: asked, parameters: Vec::new() };
            assert_eq!(startup.negotiated(), negotiated, "{asked:x}");
            assert_eq!(startup.needs_negotiation(), needs, "{asked:x}");
        }
        let options = Startup { version: VERSION_3_2, parameters: vec![(b"_pq_.x", b"1")] };
        assert!(options.needs_negotiation());
    }
}
