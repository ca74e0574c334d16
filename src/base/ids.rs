//! Identities that people read and paste: `g_…` for grants, `s_…` for sessions.
//!
//! Both are numbers inside (no allocation, cheap keys) and lower-case Crockford base32 outside,
//! so that an id has no look-alike letters and one double click selects it.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Identity of a grant: 50 random bits, shown as `g_` and ten characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct GrantId(u64);

/// Identity of one client session: 60 random bits, shown as `s_` and twelve characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SessionId(u64);

/// Why a text is not an id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an id: expected {prefix} and {digits} characters of 0-9 a-z without i, l, o, u")]
pub struct BadId {
    prefix: &'static str,
    digits: usize,
}

macro_rules! id {
    ($name:ident, $prefix:literal, $digits:literal) => {
        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Takes the low bits of `random`; the rest is ignored.
            #[must_use]
            pub const fn from_random(random: u64) -> Self {
                Self(random & ((1 << ($digits * 5)) - 1))
            }

            /// The id's characters without the prefix.
            #[must_use]
            pub fn digits(self) -> String {
                let mut digits = [0; $digits];
                encode(self.0, &mut digits);
                String::from_utf8_lossy(&digits).into_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; $prefix.len() + $digits];
                let (prefix, digits) = text.split_at_mut($prefix.len());
                prefix.copy_from_slice($prefix.as_bytes());
                encode(self.0, digits);
                f.pad(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { prefix: $prefix, digits: $digits };
                let digits = text.strip_prefix($prefix).ok_or(bad)?;
                if digits.len() != $digits {
                    return Err(bad);
                }
                decode(digits).map(Self).ok_or(bad)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(GrantId, "g_", 10);

impl GrantId {
    /// Stands for a grant that somebody has in mind (`pgward check --scope`); no real one has it.
    pub const IMAGINED: Self = Self::from_random(0);
}
id!(SessionId, "s_", 12);

/// Fills `digits` with the low bits of `value`, five in each.
fn encode(value: u64, digits: &mut [u8]) {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = ALPHABET.get((value >> (place * 5) & 31) as usize).copied().unwrap_or_default();
    }
}

/// Reads digits in either case; `None` on a character outside the alphabet.
fn decode(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |value, byte| {
        let digit = ALPHABET.iter().position(|&a| a == byte.to_ascii_lowercase())?;
        Some((value << 5) | digit as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_way_through_text() {
        for random in [0, 1, 31, 32, u64::MAX, 0x1234_5678_9abc_def0] {
            let grant = GrantId::from_random(random);
            assert_eq!(grant.to_string().parse(), Ok(grant));
            assert_eq!(grant.to_string().len(), 12);
            let session = SessionId::from_random(random);
            assert_eq!(session.to_string().to_uppercase().replace("S_", "s_").parse(), Ok(session));
            assert_eq!(session.to_string().len(), 14);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "g_", "g_0", "s_0000000000", "g_00000000000", "g_000000000i", "alice"] {
            assert!(text.parse::<GrantId>().is_err(), "{text:?}");
        }
    }
}
