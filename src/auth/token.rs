//! The token that a client gives as its password:
//! `pgw_<grant id without g_>_<26 characters of secret>_<7 characters of checksum>`.
//!
//! The prefix is for secret scanners, the id lets people and logs name the grant without the
//! secret, the checksum catches a bad paste before anybody suspects the grant. All of it is
//! lower-case Crockford base32. Only verifiers of it are ever stored.
//!
//! What a person typed by hand or read over a telephone is read tolerantly (upper case, `I`, `L`
//! and `O`), but a SCRAM client proves the exact characters it holds, so tolerance only helps
//! where pgward itself sees the token.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base::GrantId;

const PREFIX: &str = "pgw_";
const ID_DIGITS: usize = 10;
const SECRET_DIGITS: usize = 26;
const CHECKSUM_DIGITS: usize = 7;
const LENGTH: usize = PREFIX.len() + ID_DIGITS + 1 + SECRET_DIGITS + 1 + CHECKSUM_DIGITS;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A whole token. Its `Debug` shows the grant, never the secret.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    grant: GrantId,
}

/// Why a text is not a token. No variant holds any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It does not begin with `pgw_`.
    #[error("not a pgward token: a token begins with pgw_")]
    NotAToken,
    /// It is shorter than a token.
    #[error("the token is cut off: {found} characters of {LENGTH}")]
    CutOff {
        /// Characters given.
        found: usize,
    },
    /// It is longer than a token.
    #[error(
        "the token has {found} characters where a token has {LENGTH}: was something pasted twice?"
    )]
    TooLong {
        /// Characters given.
        found: usize,
    },
    /// A character that no token has.
    #[error("character {position} of the token is one that no token has")]
    Character {
        /// Counted from 1.
        position: usize,
    },
    /// Every character is possible, but together they are not a token.
    #[error("the token's checksum does not match: a character was changed or two were swapped")]
    Checksum,
}

impl Token {
    /// Makes a token of `grant` from the first 130 of the random bits.
    #[must_use]
    pub fn generate(grant: GrantId, random: [u8; 17]) -> Self {
        let random = Zeroizing::new(random);
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        text.push_str(&grant.digits());
        text.push('_');
        // 17 bytes are 28 characters; the first 26 hold 130 whole bits.
        let secret = Zeroizing::new(BASE32_NOPAD.encode(&*random));
        for upper in secret.bytes().take(SECRET_DIGITS) {
            text.push(char::from(from_rfc4648(upper)));
        }
        let checksum = checksum(&text);
        text.push('_');
        text.push_str(&checksum);
        Self { text, grant }
    }

    /// Reads a token, tolerating white space around it, upper case, and `i`, `l`, `o`.
    ///
    /// # Errors
    /// Says what is wrong with the paste; never repeats any of it.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let text = text.trim();
        let found = text.chars().count();
        if !text.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) {
            return Err(BadToken::NotAToken);
        }
        let mut canonical = Zeroizing::new(String::with_capacity(LENGTH));
        canonical.push_str(PREFIX);
        for (index, given) in
            text.chars().enumerate().skip(PREFIX.len()).take(LENGTH - PREFIX.len())
        {
            let position = index.saturating_add(1);
            let digit = canonical_digit(given, position).ok_or(BadToken::Character { position })?;
            canonical.push(digit);
        }
        match found {
            LENGTH => {}
            found if found < LENGTH => return Err(BadToken::CutOff { found }),
            found => return Err(BadToken::TooLong { found }),
        }
        let (body, rest) = canonical
            .split_at_checked(LENGTH - CHECKSUM_DIGITS - 1)
            .ok_or(BadToken::CutOff { found })?;
        let expected = checksum(body);
        if rest.get(1..) != Some(expected.as_str()) {
            return Err(BadToken::Checksum);
        }
        let id = body.get(PREFIX.len()..PREFIX.len() + ID_DIGITS).ok_or(BadToken::Checksum)?;
        let grant = format!("g_{id}").parse().map_err(|_| BadToken::Checksum)?;
        Ok(Self { text: canonical, grant })
    }

    /// The whole token. To be shown once, to the person it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The grant it belongs to.
    #[must_use]
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// SHA-256 of the whole token, for clear-text login.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// Whether `digest` is this token's, compared in constant time.
    #[must_use]
    pub fn matches(&self, digest: &[u8; 32]) -> bool {
        self.sha256().ct_eq(digest).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("grant", &self.grant).finish_non_exhaustive()
    }
}

/// `text` with `pgw_…` in place of everything that looks like a token, for what is shown or put
/// on record: a token pasted where a name belongs is still a secret.
#[must_use]
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    // ASCII letters change case without changing places.
    let lower = text.to_ascii_lowercase();
    let Some(first) = lower.find(PREFIX) else { return Cow::Borrowed(text) };
    let mut shown = text.get(..first).unwrap_or_default().to_owned();
    let mut rest = text.get(first..).unwrap_or_default();
    while !rest.is_empty() {
        let after = rest.get(PREFIX.len()..).unwrap_or_default();
        let after = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let plain = after.to_ascii_lowercase().find(PREFIX).unwrap_or(after.len());
        shown.push_str(PREFIX);
        shown.push('…');
        shown.push_str(after.get(..plain).unwrap_or_default());
        rest = after.get(plain..).unwrap_or_default();
    }
    Cow::Owned(shown)
}

/// CRC-32 of the rest, as seven digits.
fn checksum(body: &str) -> String {
    let crc = crc32fast::hash(body.as_bytes());
    (0..CHECKSUM_DIGITS)
        .rev()
        .filter_map(|place| ALPHABET.get(((u64::from(crc) >> (place * 5)) & 31) as usize))
        .map(|&byte| char::from(byte))
        .collect()
}

/// The digit of our alphabet with the same value as one of RFC 4648's base32.
fn from_rfc4648(upper: u8) -> u8 {
    let value = match upper {
        b'A'..=b'Z' => upper.wrapping_sub(b'A'),
        other => other.wrapping_sub(b'2').wrapping_add(26),
    };
    ALPHABET.get(usize::from(value)).copied().unwrap_or(b'0')
}

/// The character meant by `given` at `position` (from 1); `None` where no token has it.
fn canonical_digit(given: char, position: usize) -> Option<char> {
    const FIRST: usize = PREFIX.len() + ID_DIGITS + 1;
    const SECOND: usize = FIRST + SECRET_DIGITS + 1;
    if matches!(position, FIRST | SECOND) {
        return (given == '_').then_some('_');
    }
    let digit = match given.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    };
    let known = u8::try_from(digit).is_ok_and(|byte| ALPHABET.contains(&byte));
    known.then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let random = [0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xc0];
        Token::generate(GrantId::from_random(0x1234_5678_9abc), random)
    }

    #[test]
    fn a_token_names_its_grant_and_reads_back() {
        let token = token();
        let text = token.expose();
        assert_eq!(text.len(), LENGTH);
        let parts: Vec<_> = text.split('_').collect();
        assert_eq!(parts[0], "pgw");
        assert_eq!(format!("g_{}", parts[1]), token.grant().to_string());
        assert_eq!(parts[2].len(), 26);
        let read = Token::parse(text).unwrap();
        assert_eq!(read.expose(), text);
        assert_eq!(read.grant(), token.grant());
        assert!(read.matches(&token.sha256()));
        assert!(!read.matches(&[0; 32]));
    }

    #[test]
    fn every_random_bit_of_130_is_in_it() {
        let grant = GrantId::from_random(1);
        let zero = Token::generate(grant, [0; 17]);
        for bit in 0..130 {
            let mut random = [0_u8; 17];
            random[bit / 8] |= 0x80 >> (bit % 8);
            assert_ne!(Token::generate(grant, random).expose(), zero.expose(), "bit {bit}");
        }
    }

    #[test]
    fn what_a_person_types_is_read() {
        let token = token();
        let shouted = token.expose().to_uppercase();
        assert_eq!(Token::parse(&shouted).unwrap().expose(), token.expose());
        let looks = token.expose().replacen('0', "o", 3).replace('1', "L");
        assert_eq!(Token::parse(&format!(" {looks}\n")).unwrap().expose(), token.expose());
    }

    #[test]
    fn a_bad_paste_is_told_apart() {
        let good = token().expose().to_owned();
        let mut changed = good.clone();
        let old = changed.remove(20);
        changed.insert(20, if old == '7' { '8' } else { '7' });
        let cases = [
            (String::new(), BadToken::NotAToken),
            ("secret".to_owned(), BadToken::NotAToken),
            ("pgw".to_owned(), BadToken::NotAToken),
            ("pgé_".to_owned(), BadToken::NotAToken),
            ("pgw_".to_owned(), BadToken::CutOff { found: 4 }),
            (good[..30].to_owned(), BadToken::CutOff { found: 30 }),
            (format!("{good}0"), BadToken::TooLong { found: 50 }),
            (format!("{good}{good}"), BadToken::TooLong { found: 98 }),
            (
                good.replacen('_', "-", 2).replacen('-', "_", 1),
                BadToken::Character { position: 15 },
            ),
            (good.replacen('0', "é", 1), {
                BadToken::Character { position: good.find('0').unwrap() + 1 }
            }),
            (changed, BadToken::Checksum),
        ];
        for (text, expected) in cases {
            assert_eq!(Token::parse(&text).unwrap_err(), expected, "{text:?}");
        }
    }

    #[test]
    fn tokens_in_other_places_are_not_shown() {
        let token = token();
        let (text, shouted) = (token.expose(), token.expose().to_uppercase());
        let cut = text.get(..30).unwrap();
        for (given, expected) in [
            (String::new(), ""),
            ("alice".to_owned(), "alice"),
            ("pgw".to_owned(), "pgw"),
            (text.to_owned(), "pgw_…"),
            (shouted.clone(), "pgw_…"),
            (cut.to_owned(), "pgw_…"),
            (format!("é {text} {shouted}\n"), "é pgw_… pgw_…\n"),
            (format!("{text}é{text}-"), "pgw_…épgw_…-"),
        ] {
            assert_eq!(without_tokens(&given), expected, "{given}");
        }
    }

    #[test]
    fn neither_debug_nor_errors_show_the_secret() {
        let token = token();
        let secret = token.expose().split('_').nth(2).unwrap();
        assert!(!format!("{token:?}").contains(secret));
        let error = Token::parse(&format!("{}!", &token.expose()[..48])).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret));
    }
}
