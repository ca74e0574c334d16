//! Sessions held open by this process: many at once, plain or with TLS, and rows drained in bulk.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::peers::Address;
use crate::place::DATABASE;
use crate::support::message;
use crate::support::scram::Binding;
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// Threads that open sessions.
const OPENERS: usize = 4;

/// A point select, as pgbench sends it.
const POINT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = ";

/// Opens `count` sessions; each has run one statement.
pub(crate) fn open(address: &Address, count: usize) -> anyhow::Result<Vec<Wire>> {
    let open_some = |count: usize| -> anyhow::Result<Vec<Wire>> {
        (0..count).map(|_| session(address)).collect()
    };
    std::thread::scope(|scope| {
        let openers: Vec<_> =
            (0..OPENERS).map(|at| scope.spawn(move || open_some((count + at) / OPENERS))).collect();
        let mut all = Vec::new();
        for opener in openers {
            all.extend(opener.join().expect("an opener")?);
        }
        Ok(all)
    })
}

fn session(address: &Address) -> anyhow::Result<Wire> {
    let mut wire = if address.tls { tls(address.port)? } else { Wire::open(address.port) };
    let parameters = [("user", address.user.as_str()), ("database", DATABASE)];
    if let Err(error) =
        wire.login_bound(PROTOCOL_3_0, &parameters, &address.password, &Binding::None)
    {
        bail!("login as {}: {error:?}", address.user);
    }
    select(&mut wire, 1)?;
    Ok(wire)
}

fn select(wire: &mut Wire, number: u32) -> anyhow::Result<()> {
    let reply = wire.query(&format!("{POINT}{number};"));
    if !reply.errors.is_empty() {
        bail!("{:?}", reply.errors);
    }
    Ok(())
}

fn tls(port: u16) -> anyhow::Result<Wire> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Anyone(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let mut plain = Wire::open(port);
    plain.send(&message::ssl_request());
    if plain.read_byte() != Some(b'S') {
        bail!("no TLS on port {port}");
    }
    let socket = plain.socket.try_clone()?;
    let name = ServerName::try_from("localhost")?;
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name)?, plain.socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(Wire::over(Box::new(stream), socket))
}

/// Believes any certificate: who the peer is, is not measured.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Runs point selects over the sessions in turn, `rate` per second, for `seconds`; says how many.
pub(crate) fn drive(sessions: &mut [Wire], rate: u32, seconds: u32) -> anyhow::Result<u32> {
    let (pause, start) = (Duration::from_secs(1) / rate, Instant::now());
    let count = rate * seconds;
    for number in 0..count {
        let at = usize::try_from(number)? % sessions.len();
        select(&mut sessions[at], 1 + number % 1_000_000)?;
        if let Some(ahead) = (pause * (number + 1)).checked_sub(start.elapsed()) {
            std::thread::sleep(ahead);
        }
    }
    Ok(count)
}

/// Runs a statement and drops what it returns; says how many bytes came.
pub(crate) fn drain(address: &Address, sql: &str) -> anyhow::Result<u64> {
    const END: &[u8] = b"Z\0\0\0\x05I";
    let wire = session(address)?;
    let mut socket = &wire.socket;
    socket.write_all(&message::query(sql))?;
    let (mut chunk, mut bytes) = (vec![0; 256 * 1024], 0);
    // The last bytes so far: ReadyForQuery may come in two reads.
    let mut last: Vec<u8> = Vec::new();
    while !last.ends_with(END) {
        let length = socket.read(&mut chunk)?;
        let come = chunk[..length].split_first().map(|_| &chunk[..length]);
        let come = come.context("the connection ended in the middle of the rows")?;
        bytes += length as u64;
        last.extend(&come[come.len().saturating_sub(END.len())..]);
        last.drain(..last.len().saturating_sub(2 * END.len()));
    }
    if bytes < 10_000 {
        bail!("{sql}: an error instead of rows");
    }
    Ok(bytes)
}
