//! How a client proves its token: SCRAM against every grant that its login may mean, or a
//! clear-text password where that is configured and nobody can listen.
//!
//! One exchange serves any number of grants: the salt belongs to the login name (also to names
//! that nobody has), and the proof is checked against all candidates in constant work. Which
//! one matches decides.

use std::sync::Arc;

use data_encoding::BASE64;

use super::framed::{FrameError, Framed};
use super::handshake::Protection;
use crate::auth::scram::{ITERATIONS, Mechanism, ScramError, StoredKeys, salt};
use crate::auth::scram_server::{ChannelBinding, Exchange};
use crate::base::GrantId;
use crate::base::limits::SMALL_MESSAGE_BYTES_MAX;
use crate::config::ClientAuth;
use crate::grants::{Grant, Live};
use crate::wire::frontend::tag;
use crate::wire::{Cursor, Malformed, write};

/// Who proved what.
#[derive(Debug)]
pub struct Proved {
    /// The grant whose secret it is; it may have ended.
    pub grant: Arc<Grant>,
    /// For the record: `scram-sha-256`, `scram-sha-256-plus`, `password`.
    pub method: &'static str,
    /// What precedes AuthenticationOk (the server's own proof).
    pub server_final: Option<Vec<u8>>,
}

/// Why nobody proved anything. The client learns none of it.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// The connection ended: psql does so to ask for the password first.
    #[error(transparent)]
    Gone(#[from] FrameError),
    /// The proof or password is not that of any candidate.
    #[error("the secret is not that of any grant of this login")]
    BadSecret,
    /// There is no grant by that login.
    #[error("no grant by that login")]
    UnknownLogin,
    /// Channel binding failed: somebody may stand in between.
    #[error("channel binding: {0}")]
    Binding(ScramError),
    /// Not the protocol.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl Unproved {
    /// For record and metric, of a closed set.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Gone(_) => "gone",
            Self::BadSecret => "bad_secret",
            Self::UnknownLogin => "unknown_login",
            Self::Binding(_) => "channel_binding",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl From<Malformed> for Unproved {
    fn from(problem: Malformed) -> Self {
        Self::Malformed(problem.to_string())
    }
}

/// Asks for the proof and checks it. Nothing is answered to a failure: the caller does, the same
/// for every cause.
///
/// # Errors
/// See [`Unproved`].
pub async fn prove(
    framed: &mut Framed,
    protection: &Protection,
    login: &str,
    auth: ClientAuth,
    grants: &Live,
) -> Result<Proved, Unproved> {
    let private = || framed.stream().is_tls() || framed.stream().is_local();
    if auth == ClientAuth::ScramOrPassword && private() {
        return password(framed, login, grants).await;
    }
    scram(framed, protection, login, grants).await
}

async fn password(framed: &mut Framed, login: &str, grants: &Live) -> Result<Proved, Unproved> {
    let mut out = Vec::new();
    write::authentication_cleartext(&mut out);
    framed.send(&out).await.map_err(FrameError::from)?;
    let body = message(framed).await?;
    let mut cursor = Cursor::new(body);
    let password = cursor.string()?;
    cursor.finish()?;
    let candidates = grants.by_login(login);
    let Ok(password) = std::str::from_utf8(password) else { return Err(unproved(&candidates)) };
    // Every candidate is compared, whichever matched before.
    let mut matched = None;
    for grant in &candidates {
        if grant.verifier.accepts(password) {
            matched = Some(Arc::clone(grant));
        }
    }
    let grant = matched.ok_or_else(|| unproved(&candidates))?;
    Ok(Proved { grant, method: "password", server_final: None })
}

async fn scram(
    framed: &mut Framed,
    protection: &Protection,
    login: &str,
    grants: &Live,
) -> Result<Proved, Unproved> {
    let (plain, plus) = (Mechanism::ScramSha256.name(), Mechanism::ScramSha256Plus.name());
    let (offered, binding) = match protection {
        Protection::None => (&[plain][..], ChannelBinding::None),
        Protection::Unbound => (&[plain][..], ChannelBinding::NotOffered),
        Protection::Bound(data) => (&[plus, plain][..], ChannelBinding::Offered(data.to_vec())),
    };
    let mut out = Vec::new();
    write::authentication_sasl(&mut out, offered);
    framed.send(&out).await.map_err(FrameError::from)?;

    let body = message(framed).await?;
    let (name, client_first) = initial_response(body)?;
    let mechanism = std::str::from_utf8(name)
        .ok()
        .filter(|name| offered.contains(name))
        .and_then(Mechanism::from_name)
        .ok_or_else(|| Unproved::Malformed("a mechanism that was not offered".into()))?;
    let salt = salt(&grants.salt_key(), login);
    let nonce = BASE64.encode(&rand::random::<[u8; 18]>());
    let (exchange, server_first) =
        Exchange::start(mechanism, client_first, salt, ITERATIONS, &nonce, binding)
            .map_err(failed)?;
    out.clear();
    write::authentication_sasl_continue(&mut out, &server_first);
    framed.send(&out).await.map_err(FrameError::from)?;

    let client_final = message(framed).await?;
    let candidates = grants.by_login(login);
    let by_grant = login.parse::<GrantId>().is_ok();
    let keys: Vec<StoredKeys> = candidates
        .iter()
        .map(|grant| if by_grant { &grant.verifier.by_grant } else { &grant.verifier.by_user })
        .cloned()
        .collect();
    match exchange.finish(client_final, &keys) {
        Ok((index, server_final)) => {
            let grant = candidates.get(index).map(Arc::clone).ok_or(Unproved::BadSecret)?;
            let method = match mechanism {
                Mechanism::ScramSha256 => "scram-sha-256",
                Mechanism::ScramSha256Plus => "scram-sha-256-plus",
            };
            Ok(Proved { grant, method, server_final: Some(server_final) })
        }
        Err(ScramError::Proof) => Err(unproved(&candidates)),
        Err(problem) => Err(failed(problem)),
    }
}

/// SASLInitialResponse: mechanism and its data.
fn initial_response(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut cursor = Cursor::new(body);
    let mechanism = cursor.string()?;
    let length = usize::try_from(cursor.int32()?)
        .map_err(|_| Malformed("SASLInitialResponse without data"))?;
    let data = cursor.bytes(length)?;
    cursor.finish()?;
    Ok((mechanism, data))
}

/// The next message, which must be of type `p`.
async fn message(framed: &mut Framed) -> Result<&[u8], Unproved> {
    match framed.frame(SMALL_MESSAGE_BYTES_MAX).await? {
        (tag::PASSWORD, body) => Ok(body),
        // Terminate in place of a password: a client that changed its mind.
        (tag::TERMINATE, _) => Err(FrameError::Closed.into()),
        (other, _) => Err(Unproved::Malformed(format!(
            "expected a password message, got message type {:?}",
            char::from(other)
        ))),
    }
}

fn unproved(candidates: &[Arc<Grant>]) -> Unproved {
    if candidates.is_empty() { Unproved::UnknownLogin } else { Unproved::BadSecret }
}

fn failed(problem: ScramError) -> Unproved {
    match problem {
        ScramError::Binding(_) => Unproved::Binding(problem),
        ScramError::Proof => Unproved::BadSecret,
        other => Unproved::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_responses() {
        let good = b"SCRAM-SHA-256\0\0\0\0\x02n,";
        assert_eq!(initial_response(good), Ok((&b"SCRAM-SHA-256"[..], &b"n,"[..])));
        let bad: [&[u8]; 5] =
            [b"", b"SCRAM", b"S\0\xff\xff\xff\xff", b"S\0\0\0\0\x09n", b"S\0\0\0\0\x01nX"];
        for body in bad {
            assert!(initial_response(body).is_err(), "{body:?}");
        }
    }
}
