//! What both sides of SCRAM share (RFC 5802, RFC 7677).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Rounds of the tokens' verifiers: PostgreSQL's own default (`SCRAM_SHA_256_DEFAULT_ITERATIONS`).
///
/// The secret has 130 random bits, so more rounds would slow every login and no attacker.
pub const ITERATIONS: u32 = 4096;

/// The channel binding type that PostgreSQL speaks (RFC 5929).
pub const BINDING_TYPE: &str = "tls-server-end-point";

/// Longest nonce either side accepts, in characters; clients in use send 24.
pub(super) const NONCE_MAX: usize = 512;

/// A SCRAM verifier: what the server keeps instead of the password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKeys {
    /// H(ClientKey).
    pub stored_key: [u8; 32],
    /// HMAC(SaltedPassword, "Server Key").
    pub server_key: [u8; 32],
}

/// The two mechanisms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// `SCRAM-SHA-256`
    ScramSha256,
    /// `SCRAM-SHA-256-PLUS`: bound to the TLS channel.
    ScramSha256Plus,
}

/// Why an exchange failed. None of these reaches a client as it is: without the right secret
/// every failure looks the same from outside; the record has the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// A message that does not follow RFC 5802.
    #[error("malformed SCRAM message: {0}")]
    Malformed(&'static str),
    /// The client asked for an extension or an authorization identity, which PostgreSQL has not.
    #[error("unsupported SCRAM feature: {0}")]
    Unsupported(&'static str),
    /// Mechanism, channel-binding flag and binding data do not fit together: somebody may stand
    /// in between.
    #[error("SCRAM channel binding failed: {0}")]
    Binding(&'static str),
    /// The nonce that came back is not the one of this exchange.
    #[error("SCRAM nonce does not belong to this exchange")]
    Nonce,
    /// The client's proof fits no candidate.
    #[error("SCRAM proof does not match")]
    Proof,
    /// The server did not prove that it knows the password.
    #[error("the server's SCRAM signature does not match: it does not know the password")]
    ServerSignature,
    /// The server refused, with its `e=` value cut to what is safe to log.
    #[error("the server refused the SCRAM exchange: {0}")]
    Refused(String),
    /// No mechanism in common.
    #[error("the server offers no SCRAM mechanism that pgward speaks")]
    NoMechanism,
}

impl Mechanism {
    /// The mechanism of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ScramSha256, Self::ScramSha256Plus].into_iter().find(|known| known.name() == name)
    }

    /// Its name in AuthenticationSASL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        }
    }
}

impl StoredKeys {
    /// The verifier of `password`.
    #[must_use]
    pub fn derive(password: &str, salt: &[u8; 16], iterations: u32) -> Self {
        let salted = salted_password(password.as_bytes(), salt, iterations);
        let client_key = Zeroizing::new(hmac(&*salted, &[b"Client Key"]));
        Self { stored_key: hash(&*client_key), server_key: hmac(&*salted, &[b"Server Key"]) }
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredKeys(…)")
    }
}

/// The salt of `login`, the same for names that exist and names that do not.
#[must_use]
pub fn salt(key: &[u8; 32], login: &str) -> [u8; 16] {
    let mac = hmac(key, &[login.as_bytes()]);
    let mut salt = [0; 16];
    for (to, from) in salt.iter_mut().zip(mac) {
        *to = from;
    }
    salt
}

/// `Hi(password, salt, iterations)` of RFC 5802, which is PBKDF2 with one block.
pub(super) fn salted_password(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Zeroizing<[u8; 32]> {
    let keyed = keyed(password);
    let mut round = Zeroizing::new(finish(keyed.clone(), &[salt, &1_u32.to_be_bytes()]));
    let mut sum = round.clone();
    for _ in 1..iterations {
        *round = finish(keyed.clone(), &[&*round]);
        for (total, byte) in sum.iter_mut().zip(*round) {
            *total ^= byte;
        }
    }
    sum
}

/// HMAC-SHA-256 over the parts one after another.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    finish(keyed(key), parts)
}

/// SHA-256.
pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// One byte string over another of the same length.
pub(super) fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut out = *left;
    for (byte, other) in out.iter_mut().zip(right) {
        *byte ^= other;
    }
    out
}

/// Whether `nonce` is one or more of RFC 5802's `printable` (no comma), and not too long.
pub(super) fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty()
        && nonce.len() <= NONCE_MAX
        && nonce.bytes().all(|byte| matches!(byte, 0x21..=0x2b | 0x2d..=0x7e))
}

/// Splits `<name>=<value>` off the front of comma-separated attributes.
pub(super) fn attribute(text: &str) -> Option<(char, &str, Option<&str>)> {
    let (attribute, rest) = match text.split_once(',') {
        Some((attribute, rest)) => (attribute, Some(rest)),
        None => (text, None),
    };
    let mut characters = attribute.chars();
    let name = characters.next().filter(char::is_ascii_alphabetic)?;
    let value = characters.as_str().strip_prefix('=')?;
    Some((name, value, rest))
}

/// Keys longer than a block are hashed first and shorter ones padded (RFC 2104), which is done
/// here because the infallible constructor takes exactly one block.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0_u8; 64]);
    let hashed;
    let key = if key.len() > block.len() {
        hashed = Zeroizing::new(hash(key));
        hashed.as_slice()
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    Hmac::new((&*block).into())
}

fn finish(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, HEXLOWER};

    use super::*;

    #[test]
    fn keys_of_the_rfc_7677_vector() {
        let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = StoredKeys::derive("pencil", &salt.try_into().unwrap(), 4096);
        assert_eq!(BASE64.encode(&keys.stored_key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
        assert_eq!(BASE64.encode(&keys.server_key), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
        assert!(!format!("{keys:?}").contains("87"));
    }

    #[test]
    fn hmac_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f",
            ),
        ];
        for (key, data, expected) in cases {
            assert!(HEXLOWER.encode(&hmac(key, &[data])).starts_with(expected));
        }
    }

    #[test]
    fn a_salt_depends_on_key_and_name_only() {
        assert_eq!(salt(&[1; 32], "alice"), salt(&[1; 32], "alice"));
        assert_ne!(salt(&[1; 32], "alice"), salt(&[1; 32], "bob"));
        assert_ne!(salt(&[1; 32], "alice"), salt(&[2; 32], "alice"));
    }

    #[test]
    fn attributes_split_strictly() {
        assert_eq!(attribute("r=abc,s=x"), Some(('r', "abc", Some("s=x"))));
        assert_eq!(attribute("r="), Some(('r', "", None)));
        for bad in ["", "r", "=x", "1=x", "rr=x", ",r=x", "é=x"] {
            assert_eq!(attribute(bad), None, "{bad:?}");
        }
    }
}
