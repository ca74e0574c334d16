//! The server's side of SCRAM-SHA-256(-PLUS): what clients log in by (RFC 5802, RFC 7677;
//! PostgreSQL's `auth-scram.c`).
//!
//! The proof is checked against any number of candidates (all grants of a person) in work that
//! depends on nothing a client could learn from: a name that does not exist costs what one with
//! a handful of grants costs, and every candidate is checked whichever matches.

use std::fmt;

use data_encoding::BASE64;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::scram::{
    BINDING_TYPE, Mechanism, ScramError, StoredKeys, attribute, hash, hmac, is_nonce, xor,
};

/// Candidates are checked in whole batches of this many; a batch costs some microseconds, so a name
/// without grants and one with up to eight take the same time.
const BATCH: usize = 8;

/// What of channel binding this connection has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelBinding {
    /// No TLS.
    None,
    /// `SCRAM-SHA-256-PLUS` was offered; the `tls-server-end-point` data of our certificate.
    Offered(Vec<u8>),
    /// TLS, but our certificate has no `tls-server-end-point` (Ed25519).
    NotOffered,
}

/// An exchange between server-first and client-final.
#[derive(Clone)]
pub struct Exchange {
    /// What `c=` must hold: the GS2 header and the binding data.
    binding_input: Vec<u8>,
    /// The client's nonce and ours.
    nonce: String,
    /// client-first-bare and server-first, joined by a comma.
    auth_message: String,
}

/// client-first taken apart.
struct ClientFirst<'a> {
    gs2_header: &'a str,
    bare: &'a str,
    nonce: &'a str,
}

impl ChannelBinding {
    /// The mechanisms to offer, the stronger first, as PostgreSQL does.
    #[must_use]
    pub const fn mechanisms(&self) -> &'static [&'static str] {
        const PLUS: &[&str] = &[Mechanism::ScramSha256Plus.name(), Mechanism::ScramSha256.name()];
        const PLAIN: &[&str] = &[Mechanism::ScramSha256.name()];
        match self {
            Self::Offered(_) => PLUS,
            Self::None | Self::NotOffered => PLAIN,
        }
    }
}

impl Exchange {
    /// Takes client-first, gives server-first. `server_nonce` is at least 18 random bytes in
    /// base64. The user name in the message is ignored, as PostgreSQL ignores it.
    ///
    /// # Errors
    /// A malformed message, or channel binding that does not fit `mechanism` and what was
    /// offered (a downgrade).
    pub fn start(
        mechanism: Mechanism,
        client_first: &[u8],
        salt: [u8; 16],
        iterations: u32,
        server_nonce: &str,
        binding: ChannelBinding,
    ) -> Result<(Self, Vec<u8>), ScramError> {
        let first = ClientFirst::read(mechanism, text(client_first)?, &binding)?;
        if !is_nonce(server_nonce) {
            return Err(ScramError::Malformed("unusable server nonce"));
        }
        let mut binding_input = first.gs2_header.as_bytes().to_vec();
        if let (Mechanism::ScramSha256Plus, ChannelBinding::Offered(data)) = (mechanism, &binding) {
            binding_input.extend_from_slice(data);
        }
        let nonce = format!("{}{server_nonce}", first.nonce);
        let salt = BASE64.encode(&salt);
        let server_first = format!("r={nonce},s={salt},i={iterations}");
        let auth_message = format!("{},{server_first}", first.bare);
        let exchange = Self { binding_input, nonce, auth_message };
        Ok((exchange, server_first.into_bytes()))
    }

    /// Takes client-final, gives the candidate that it proves and server-final.
    ///
    /// # Errors
    /// [`ScramError::Proof`] when it proves none; others for malformed messages, a foreign nonce,
    /// or binding data of another channel.
    pub fn finish(
        self,
        client_final: &[u8],
        candidates: &[StoredKeys],
    ) -> Result<(usize, Vec<u8>), ScramError> {
        let message = text(client_final)?;
        let (without_proof, proof) =
            message.rsplit_once(",p=").ok_or(ScramError::Malformed("no proof"))?;
        let proof = decode(proof, "proof is not base64")?;
        let proof: [u8; 32] =
            proof.try_into().map_err(|_| ScramError::Malformed("proof of another length"))?;
        self.check_final(without_proof)?;
        let auth_message = format!("{},{without_proof}", self.auth_message);
        let (matched, signature) = check_all(candidates, &auth_message, &proof);
        let index = matched.ok_or(ScramError::Proof)?;
        Ok((index, format!("v={}", BASE64.encode(&signature)).into_bytes()))
    }

    /// `c=` and `r=`, then extensions, which are passed over (none is mandatory: `m` is refused).
    fn check_final(&self, without_proof: &str) -> Result<(), ScramError> {
        let Some(('c', channel, Some(rest))) = attribute(without_proof) else {
            return Err(ScramError::Malformed("expected c= at the start of client-final"));
        };
        if decode(channel, "channel binding is not base64")? != self.binding_input {
            return Err(ScramError::Binding("client-final holds binding data of another channel"));
        }
        let Some(('r', nonce, mut rest)) = attribute(rest) else {
            return Err(ScramError::Malformed("expected r= as second in client-final"));
        };
        if nonce != self.nonce {
            return Err(ScramError::Nonce);
        }
        while let Some(more) = rest {
            let (name, _, next) =
                attribute(more).ok_or(ScramError::Malformed("bad extension in client-final"))?;
            if matches!(name, 'c' | 'm' | 'p' | 'r') {
                return Err(ScramError::Malformed("attribute out of place in client-final"));
            }
            rest = next;
        }
        Ok(())
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl<'a> ClientFirst<'a> {
    /// `gs2-cbind-flag "," [authzid] "," n=user,r=nonce[,extensions]`
    fn read(
        mechanism: Mechanism,
        message: &'a str,
        binding: &ChannelBinding,
    ) -> Result<Self, ScramError> {
        let malformed = ScramError::Malformed("client-first has no GS2 header");
        let (flag, rest) = message.split_once(',').ok_or(malformed.clone())?;
        check_flag(mechanism, flag, binding)?;
        let (authorization, bare) = rest.split_once(',').ok_or(malformed)?;
        if !authorization.is_empty() {
            return Err(ScramError::Unsupported("authorization identity"));
        }
        let gs2_length = message.len().saturating_sub(bare.len());
        let gs2_header = message.get(..gs2_length).unwrap_or_default();
        if bare.starts_with("m=") {
            return Err(ScramError::Unsupported("mandatory extension"));
        }
        let Some(('n', _, Some(rest))) = attribute(bare) else {
            return Err(ScramError::Malformed("expected n= in client-first"));
        };
        let Some(('r', nonce, mut rest)) = attribute(rest) else {
            return Err(ScramError::Malformed("expected r= in client-first"));
        };
        if !is_nonce(nonce) {
            return Err(ScramError::Malformed("unusable client nonce"));
        }
        while let Some(more) = rest {
            let (_, _, next) =
                attribute(more).ok_or(ScramError::Malformed("bad extension in client-first"))?;
            rest = next;
        }
        Ok(Self { gs2_header, bare, nonce })
    }
}

/// Whether the client's channel-binding flag fits the mechanism it chose and what we offered.
fn check_flag(
    mechanism: Mechanism,
    flag: &str,
    binding: &ChannelBinding,
) -> Result<(), ScramError> {
    let offered = matches!(binding, ChannelBinding::Offered(_));
    match (mechanism, flag) {
        (Mechanism::ScramSha256Plus, _) if !offered => {
            Err(ScramError::Binding("SCRAM-SHA-256-PLUS was not offered"))
        }
        (Mechanism::ScramSha256, "n") => Ok(()),
        // It could have bound, and believes that we could not. We could: the offer was changed
        // on its way.
        (Mechanism::ScramSha256, "y") if offered => {
            Err(ScramError::Binding("the client did not see that binding was offered"))
        }
        (Mechanism::ScramSha256, "y") => Ok(()),
        (Mechanism::ScramSha256Plus, "n" | "y") => {
            Err(ScramError::Binding("SCRAM-SHA-256-PLUS without binding data"))
        }
        (_, flag) => match (mechanism, flag.strip_prefix("p=")) {
            (_, None) => Err(ScramError::Malformed("unknown channel-binding flag")),
            (Mechanism::ScramSha256, Some(_)) => {
                Err(ScramError::Binding("binding data with SCRAM-SHA-256"))
            }
            (Mechanism::ScramSha256Plus, Some(BINDING_TYPE)) => Ok(()),
            (Mechanism::ScramSha256Plus, Some(_)) => {
                Err(ScramError::Unsupported("channel binding type"))
            }
        },
    }
}

/// The first candidate that `proof` proves, and the server signature to answer with. The time
/// this takes depends on the number of batches only.
fn check_all(
    candidates: &[StoredKeys],
    auth_message: &str,
    proof: &[u8; 32],
) -> (Option<usize>, [u8; 32]) {
    // No key hashes to this, so it can never match; it is there to be computed on.
    let nobody = StoredKeys { stored_key: [0; 32], server_key: [0; 32] };
    let batches = candidates.len().max(1).div_ceil(BATCH);
    let padded = candidates.iter().map(|keys| (keys, Choice::from(1)));
    let padding = std::iter::repeat((&nobody, Choice::from(0)));
    let mut found = Choice::from(0);
    let mut index = 0_u64;
    let mut server_key = [0_u8; 32];
    for (position, (keys, real)) in (0_u64..).zip(padded.chain(padding).take(batches * BATCH)) {
        let signature = hmac(&keys.stored_key, &[auth_message.as_bytes()]);
        let client_key = xor(proof, &signature);
        let matches = hash(&client_key).ct_eq(&keys.stored_key) & real & !found;
        index.conditional_assign(&position, matches);
        for (kept, byte) in server_key.iter_mut().zip(&keys.server_key) {
            kept.conditional_assign(byte, matches);
        }
        found |= matches;
    }
    let signature = hmac(&server_key, &[auth_message.as_bytes()]);
    let index = usize::try_from(index).ok().filter(|_| found.into());
    (index, signature)
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    let text =
        std::str::from_utf8(message).map_err(|_| ScramError::Malformed("message is not UTF-8"))?;
    if text.contains('\0') {
        return Err(ScramError::Malformed("NUL in a message"));
    }
    Ok(text)
}

fn decode(base64: &str, malformed: &'static str) -> Result<Vec<u8>, ScramError> {
    BASE64.decode(base64.as_bytes()).map_err(|_| ScramError::Malformed(malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn salt() -> [u8; 16] {
        BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap()
    }

    fn start(first: &str, mechanism: Mechanism, binding: ChannelBinding) -> Result<(), ScramError> {
        Exchange::start(mechanism, first.as_bytes(), salt(), 4096, SERVER_NONCE, binding)
            .map(|_| ())
    }

    fn finish(message: &str, candidates: &[StoredKeys]) -> Result<(usize, Vec<u8>), ScramError> {
        let (exchange, _) = Exchange::start(
            Mechanism::ScramSha256,
            CLIENT_FIRST.as_bytes(),
            salt(),
            4096,
            SERVER_NONCE,
            ChannelBinding::None,
        )
        .unwrap();
        exchange.finish(message.as_bytes(), candidates)
    }

    fn keys(password: &str) -> StoredKeys {
        StoredKeys::derive(password, &salt(), 4096)
    }

    #[test]
    fn the_exchange_of_rfc_7677() {
        let (exchange, server_first) = Exchange::start(
            Mechanism::ScramSha256,
            CLIENT_FIRST.as_bytes(),
            salt(),
            4096,
            SERVER_NONCE,
            ChannelBinding::None,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(server_first).unwrap(),
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let (matched, server_final) =
            exchange.finish(CLIENT_FINAL.as_bytes(), &[keys("pencil")]).unwrap();
        assert_eq!(matched, 0);
        assert_eq!(server_final, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn the_match_decides_among_any_number_of_candidates() {
        assert_eq!(finish(CLIENT_FINAL, &[]), Err(ScramError::Proof));
        let other = keys("other");
        assert_eq!(finish(CLIENT_FINAL, &vec![other.clone(); 40]), Err(ScramError::Proof));
        for place in [0, 1, 7, 8, 15, 16, 17, 39] {
            let mut candidates = vec![other.clone(); 40];
            candidates[place] = keys("pencil");
            assert_eq!(finish(CLIENT_FINAL, &candidates).unwrap().0, place);
        }
        let twice = vec![keys("pencil"); 3];
        assert_eq!(finish(CLIENT_FINAL, &twice).unwrap().0, 0);
    }

    #[test]
    fn padding_never_matches() {
        // A proof made for the all-zero keys that pad a batch.
        let without = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = BASE64.encode(&[0; 32]);
        assert_eq!(finish(&format!("{without},p={proof}"), &[]), Err(ScramError::Proof));
    }

    #[test]
    fn client_first_is_read_strictly() {
        use ChannelBinding::{None, NotOffered, Offered};
        use Mechanism::{ScramSha256 as Plain, ScramSha256Plus as Plus};
        let offered = || Offered(vec![1; 32]);
        let good = [
            ("n,,n=,r=abc", Plain, None),
            ("n,,n=,r=abc", Plain, offered()),
            ("y,,n=x=2Cy,r=abc", Plain, None),
            ("y,,n=,r=abc", Plain, NotOffered),
            ("n,,n=,r=abc,x=1,y=", Plain, None),
            ("p=tls-server-end-point,,n=,r=abc", Plus, offered()),
        ];
        for (first, mechanism, binding) in good {
            assert_eq!(start(first, mechanism, binding), Ok(()), "{first}");
        }
        let bad = [
            "",
            "n",
            "n,",
            "n,,",
            "n,,r=abc",
            "n,,n=,r=",
            "n,,n=",
            "n,,n=,r=a b",
            "z,,n=,r=abc",
            "n,a=bob,n=,r=abc",
            "n,,m=1,n=,r=abc",
            "n,,n=,r=abc,",
            "n,,n=,r=abc,1=x",
            "n,,n=,r=a\u{e9}",
            "n,,n=a\0b,r=abc",
            "p=tls-unique,,n=,r=abc",
            " n,,n=,r=abc",
        ];
        for first in bad {
            assert!(start(first, Plain, None).is_err(), "{first:?}");
            assert!(start(first, Plus, offered()).is_err(), "{first:?}");
        }
        let long = format!("n,,n=,r={}", "a".repeat(513));
        assert!(start(&long, Plain, None).is_err());
        assert!(Exchange::start(Plain, b"n,,n=\xff,r=a", salt(), 4096, "x", None).is_err());
    }

    #[test]
    fn a_downgrade_is_found() {
        use Mechanism::{ScramSha256 as Plain, ScramSha256Plus as Plus};
        let cases = [
            ("y,,n=,r=abc", Plain, ChannelBinding::Offered(vec![1])),
            ("n,,n=,r=abc", Plus, ChannelBinding::Offered(vec![1])),
            ("y,,n=,r=abc", Plus, ChannelBinding::Offered(vec![1])),
            ("p=tls-server-end-point,,n=,r=abc", Plain, ChannelBinding::Offered(vec![1])),
            ("p=tls-server-end-point,,n=,r=abc", Plain, ChannelBinding::None),
            ("p=tls-server-end-point,,n=,r=abc", Plus, ChannelBinding::None),
            ("p=tls-server-end-point,,n=,r=abc", Plus, ChannelBinding::NotOffered),
        ];
        for (first, mechanism, binding) in cases {
            let result = start(first, mechanism, binding);
            assert!(matches!(result, Err(ScramError::Binding(_))), "{first}: {result:?}");
        }
    }

    #[test]
    fn client_final_is_read_strictly() {
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let cases = [
            (String::new(), ScramError::Malformed("no proof")),
            (format!("c=biws,r={nonce}"), ScramError::Malformed("no proof")),
            (format!("c=biws,r={nonce},p=AAAA"), ScramError::Malformed("proof of another length")),
            (format!("c=biws,r={nonce},p=*"), ScramError::Malformed("proof is not base64")),
            (format!("c=biws,r=rOprNGfwEbeRWgbNEkqO,{proof}"), ScramError::Nonce),
            (format!("c=biws,r={nonce}x,{proof}"), ScramError::Nonce),
            (
                format!("c=eSws,r={nonce},{proof}"),
                ScramError::Binding("client-final holds binding data of another channel"),
            ),
            (
                format!("c=biws,r={nonce},m=1,{proof}"),
                ScramError::Malformed("attribute out of place in client-final"),
            ),
            (
                format!("r={nonce},c=biws,{proof}"),
                ScramError::Malformed("expected c= at the start of client-final"),
            ),
            (format!("{},", CLIENT_FINAL), ScramError::Malformed("proof is not base64")),
        ];
        for (message, expected) in cases {
            assert_eq!(finish(&message, &[keys("pencil")]), Err(expected), "{message}");
        }
    }
}
