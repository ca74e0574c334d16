//! The way to a server at another machine: TCP, TLS whose certificate is verified, and the token
//! of an operator.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use rustls::ClientConfig;
use secrecy::SecretString;
use tokio_rustls::TlsConnector;

use super::output::Failure;
use crate::auth::token::Token;
use crate::net::event_loop::Socket;
use crate::net::stream::Stream;
use crate::net::tls;

/// The environment variable with the token: argv and files of commands are seen by others.
const TOKEN: &str = "PGWARD_OPERATOR_TOKEN";

/// Longest way to a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A server at an address.
#[derive(Debug)]
pub(super) struct Remote {
    /// What it is called: `gateway:6433`.
    pub(super) host: String,
    /// Who asks.
    pub(super) token: SecretString,
    name: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

impl Remote {
    /// The server at `url`, whose certificate chains to the roots in `ca`, or the platform's.
    pub(super) fn new(url: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        let bad = |what: &str| {
            Failure::new(format!("--server \"{}\" {what}", url.escape_debug()))
                .hint("write it as https://gateway:6433, as admin.address says")
        };
        let uri: Uri = url.parse().map_err(|_| bad("is not a URL"))?;
        let name = uri.host().ok_or_else(|| bad("names no host"))?;
        let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
            return Err(bad("has a path"));
        }
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&name) => false,
            Some("http") => return Err(bad("would send the token in clear text")),
            _ => return Err(bad("is not https")),
        };
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let tls = if encrypted { Some(client_tls(ca)?) } else { None };
        let host =
            if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") };
        Ok(Self { host, token: token()?, name, port, tls })
    }

    /// Whether it is spoken to without TLS.
    pub(super) const fn is_clear(&self) -> bool {
        self.tls.is_none()
    }

    /// Connects, and verifies whom to.
    pub(super) async fn connect(&self) -> Result<Stream, Failure> {
        match tokio::time::timeout(CONNECT_WITHIN, self.try_connect()).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable("it did not answer in time")),
        }
    }

    async fn try_connect(&self) -> Result<Stream, Failure> {
        let tcp = Socket::connect_host(&self.name, self.port).await;
        let (tcp, _) = tcp.map_err(|error| self.unreachable(&error.to_string()))?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let name =
            tls::server_name(&self.name).map_err(|error| self.unreachable(&error.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await;
        let stream = stream.map_err(|error| {
            Failure::new(format!("no encrypted connection to {}", self.host))
                .detail(error.to_string())
                .hint("if its certificate is of your own authority: --server-ca roots.pem")
        })?;
        Ok(Stream::TlsClient(Box::new(stream)))
    }

    fn unreachable(&self, why: &str) -> Failure {
        Failure::new(format!("no pgward server answers at {}", self.host))
            .detail(why)
            .hint("check --server; the server's configuration must have admin.address")
    }
}

fn token() -> Result<SecretString, Failure> {
    let hint = "set it to the whole token that pgward operator create showed";
    let text =
        std::env::var(TOKEN).map_err(|_| Failure::new(format!("{TOKEN} is not set")).hint(hint))?;
    let token =
        Token::parse(&text).map_err(|why| Failure::new(format!("{TOKEN}: {why}")).hint(hint))?;
    Ok(SecretString::from(token.expose()))
}

fn client_tls(ca: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
    tls::api_client(ca).map_err(|error| {
        Failure::new(format!("--server-ca: {error}")).hint("name a PEM file with roots")
    })
}

fn is_loopback(name: &str) -> bool {
    name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_token_may_go() {
        for (url, part) in [
            ("gateway:6433", "is not https"),
            ("http://gateway:6433", "in clear text"),
            ("http://10.0.0.1", "in clear text"),
            ("ftp://gateway", "is not https"),
            ("https://gateway/v1", "has a path"),
            ("https://", "is not a URL"),
        ] {
            let failure = Remote::new(url, None).unwrap_err();
            assert!(failure.what.contains(part), "{url}: {failure:?}");
        }
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(is_loopback(name));
        }
        assert!(!is_loopback("localhost.example.com"));
    }
}
