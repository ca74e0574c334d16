//! How pgward proves its role's password to an upstream, and has the upstream prove in turn
//! that it knows it.
//!
//! Source: PostgreSQL, "SASL Authentication", `fe-auth.c`.

use std::sync::Arc;

use dashmap::DashMap;
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::dial::{AUTHENTICATION_BYTES_MAX, DialError, password, refused};
use super::framed::Framed;
use super::stream::Stream;
use crate::auth::binding::tls_server_end_point;
use crate::auth::md5_password;
use crate::auth::scram::{Mechanism, ScramError};
use crate::auth::scram_client::{Client, ClientBinding, SaltedPassword, choose};
use crate::config::Role;
use crate::wire::backend::{self, Authentication, tag};
use crate::wire::write;

/// Room for the longest message of an exchange.
const SASL_BYTES: usize = 256;

/// Most NOTICEs an upstream may send before it has authenticated us.
const NOTICES_MAX: usize = 16;

/// The costly part of a SCRAM login, kept per role and password: the iterations run once per
/// salt, not once per session.
#[derive(Debug, Default)]
pub struct SaltedPasswords(DashMap<[u8; 32], Arc<SaltedPassword>>);

impl SaltedPasswords {
    /// A role at two servers has two salts, so the place belongs to the key. A hash, because a
    /// password is no map key.
    fn key(place: &str, role: &Role, password: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [place, &role.user, password] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().into()
    }
}

/// Answers the server's demands until AuthenticationOk.
///
/// # Errors
/// When the server refuses, asks for what we will not do, or does not prove itself.
pub(super) async fn prove(
    framed: &mut Framed,
    place: &str,
    role: &Role,
    salted: &SaltedPasswords,
) -> Result<(), DialError> {
    let mut out = Vec::new();
    let mut asked = false;
    loop {
        let binding = if asked { None } else { binding_data(framed.stream()) };
        let request = backend::authentication(authentication(framed).await?)?;
        if asked && request != Authentication::Ok {
            return Err(DialError::Protocol("a second demand for authentication".into()));
        }
        asked = true;
        match request {
            Authentication::Ok => return Ok(()),
            Authentication::CleartextPassword => {
                let stream = framed.stream();
                if !stream.is_tls() && !stream.is_local() {
                    let what = "the server wants the password in clear text without TLS";
                    return Err(DialError::Authentication(what.into()));
                }
                write::password_message(&mut out, password(role)?.as_bytes());
            }
            Authentication::Md5Password { salt } => {
                let answer = md5_password(&role.user, password(role)?, salt);
                write::password_message(&mut out, answer.as_bytes());
            }
            Authentication::Sasl(list) => {
                // SCRAM ends with the server's proof, then AuthenticationOk.
                let offered = backend::mechanisms(list);
                let offered = offered.filter_map(|name| std::str::from_utf8(name).ok());
                let chosen = choose(offered, binding).map_err(scram)?;
                sasl(framed, chosen, place, role, salted).await?;
                continue;
            }
            Authentication::SaslContinue(_)
            | Authentication::SaslFinal(_)
            | Authentication::Other(_) => {
                let what = "the server asks for a method that pgward does not speak";
                return Err(DialError::Authentication(what.into()));
            }
        }
        framed.send(&out).await?;
        out.clear();
    }
}

async fn sasl(
    framed: &mut Framed,
    (mechanism, binding): (Mechanism, ClientBinding),
    place: &str,
    role: &Role,
    salted: &SaltedPasswords,
) -> Result<(), DialError> {
    let password = password(role)?;
    let key = SaltedPasswords::key(place, role, password);
    let nonce = BASE64.encode(&rand::random::<[u8; 18]>());
    let client = Client::new(password, &nonce, binding);
    let mut out = Vec::with_capacity(SASL_BYTES);
    write::sasl_initial_response(&mut out, Mechanism::name(mechanism), &client.first());
    framed.send(&out).await?;

    let cached = salted.0.get(&key).map(|entry| Arc::clone(&entry));
    let message = backend::authentication(authentication(framed).await?)?;
    let Authentication::SaslContinue(server_first) = message else {
        return Err(DialError::Protocol("expected AuthenticationSASLContinue".into()));
    };
    let answer = client.respond(server_first, cached.as_ref()).map_err(scram)?;
    out.clear();
    write::sasl_response(&mut out, &answer.client_final);
    framed.send(&out).await?;

    let message = backend::authentication(authentication(framed).await?)?;
    let Authentication::SaslFinal(server_final) = message else {
        return Err(DialError::Protocol("expected AuthenticationSASLFinal".into()));
    };
    answer.finish.finish(server_final).map_err(scram)?;
    if !cached.is_some_and(|cached| Arc::ptr_eq(&cached, &answer.salted)) {
        salted.0.insert(key, answer.salted);
    }
    Ok(())
}

/// The next Authentication message's body.
async fn authentication(framed: &mut Framed) -> Result<&[u8], DialError> {
    for _ in 0..NOTICES_MAX {
        let (kind, body) = framed.frame(AUTHENTICATION_BYTES_MAX).await?;
        match kind {
            tag::AUTHENTICATION => return Ok(framed.body()),
            tag::ERROR_RESPONSE => return Err(refused(body)),
            tag::NOTICE_RESPONSE | tag::NEGOTIATE_PROTOCOL_VERSION => {}
            other => {
                let other = char::from(other);
                let what = format!("message {other:?} before authentication");
                return Err(DialError::Protocol(what));
            }
        }
    }
    Err(DialError::Protocol("too many notices before authentication".into()))
}

fn binding_data(stream: &Stream) -> Option<Vec<u8>> {
    let Stream::TlsClient(tls) = stream else { return None };
    let certificate = tls.get_ref().1.peer_certificates()?.first()?;
    tls_server_end_point(certificate)
}

fn scram(problem: ScramError) -> DialError {
    DialError::Authentication(problem.to_string())
}
