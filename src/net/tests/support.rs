//! What the tests share: certificates, a client, an upstream that plays a script, a worker.

use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::auth::scram_client::{Client, ClientBinding};
use crate::auth::token::Token;
use crate::base::GrantId;
use crate::config::{Config, ListenTls};
use crate::grants::{Conditions, Ended, Grant, Life, Live, State, Verifier};
use crate::net::control_thread::ControlThread;
use crate::net::event_loop::Socket;
use crate::net::framed::Framed;
use crate::net::scoped::ScopeRoles;
use crate::net::shared::{Controlled, Parts, Settings, Shared};
use crate::net::stream::Stream;
use crate::net::worker::Worker;
use crate::net::{clock, control, pool};
use crate::policy::{Catalogue, JudgeSettings};
use crate::wire::{Cursor, backend, startup, write};

pub(super) const SALT_KEY: [u8; 32] = [7; 32];
pub(super) const HOUR_US: i64 = 3_600_000_000;

/// Two ends of a connection: (the one that connected, the one that accepted).
pub(super) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connecting = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(connecting, listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

/// A certificate for `localhost` and 127.0.0.1, as files.
pub(super) fn certificate(folder: &Path) -> ListenTls {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let tls = ListenTls {
        certificate: folder.join("server.crt"),
        key: folder.join("server.key"),
        client_ca: None,
    };
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    tls
}

/// TLS as a client that trusts that certificate.
pub(super) async fn client_tls(
    tcp: TcpStream,
    tls: &ListenTls,
    alpn: &[&[u8]],
) -> std::io::Result<tokio_rustls::client::TlsStream<Socket>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&tls.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp.into()).await
}

pub(super) fn startup_packet(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    write::startup_message(&mut out, version, parameters);
    out
}

/// Everything until the other side closes.
pub(super) async fn rest<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is a close as well.
    let _ = stream.read_to_end(&mut all).await;
    all
}

pub(super) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A grant for alice on `app`, and its token.
pub(super) fn grant(number: u64) -> (Grant, String) {
    let id = GrantId::from_random(number);
    let token = Token::generate(id, [u8::try_from(number).unwrap(); 17]);
    let now = clock::now().wall;
    let grant = Grant {
        id,
        user: "alice".to_owned(),
        database: "app".to_owned(),
        scopes: Vec::new(),
        reason: "INC-1 testing".to_owned(),
        ticket: None,
        created_at: now,
        created_by: "os:root".to_owned(),
        expires_at: now + HOUR_US,
        max_sessions: 2,
        max_rows_written: None,
        ended: None,
        verifier: Verifier::of(&token, "alice", &SALT_KEY),
        conditions: Conditions::default(),
        life: Life::default(),
    };
    (grant, token.expose().to_owned())
}

pub(super) fn revoked(mut grant: Grant) -> Grant {
    let because = "revoked by os:root: suspicious".to_owned();
    grant.ended = Some(Ended { state: State::Revoked, at: clock::now().wall, because });
    grant
}

/// A worker whose database `app` is at `upstream`, without the task that keeps its catalogue.
/// To be called inside a LocalSet.
pub(super) fn worker(
    folder: &Path,
    upstream: SocketAddr,
    listen: &str,
    grants: Vec<Grant>,
) -> Rc<Worker> {
    let text = format!(
        "[listen]\n{listen}\n[audit]\ndirectory = \"{}\"\n[databases.app]\nhost = \"127.0.0.1\"\n\
         port = {}\ndbname = \"app\"\nreader = {{ user = \"reader\" }}\n",
        folder.join("audit").display(),
        upstream.port(),
    );
    let loaded = crate::config::parse("proxy.toml", &text, folder, &|_| None);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let config: Arc<Config> = Arc::new(loaded.config);
    let judging = Arc::new(JudgeSettings::new(&[], &[], true).unwrap());
    let catalogues = Arc::new(crate::catalog::Catalogues::new(judging));
    catalogues.set("app", Arc::new(Catalogue::default()));
    let shared = Arc::new(Shared::new(Parts {
        log: Arc::new(crate::audit::Log::open(&config.audit).unwrap()),
        settings: Settings::new(config).unwrap(),
        grants: Arc::new(Live::new(SALT_KEY, grants)),
        metrics: Arc::new(crate::telemetry::Metrics::new().unwrap()),
        catalogues,
        pool: pool::Pool::start(1, 1).unwrap(),
        control_thread: ControlThread::start().unwrap(),
    }));
    let target = Arc::clone(shared.settings.load().targets.get("app").unwrap());
    let control = control::Control::start(Arc::clone(&target), Arc::clone(&shared.salted));
    let scope_roles = Arc::new(ScopeRoles::new(target, Arc::clone(&shared.salted)));
    let keeper = tokio::spawn(std::future::pending::<()>()).abort_handle();
    shared.controls.insert(
        "app".to_owned(),
        Controlled { control, roles_checked: Arc::new(true.into()), scope_roles, keeper },
    );
    Rc::new(Worker::new(0, shared))
}

/// A client's side of a login, until ReadyForQuery or an error; all messages that came.
pub(super) struct Login {
    pub(super) framed: Framed,
    pub(super) messages: Vec<(u8, Vec<u8>)>,
}

impl Login {
    pub(super) async fn start(mut stream: Stream, parameters: &[(&str, &str)]) -> Self {
        let packet = startup_packet(startup::VERSION_3_0, parameters);
        stream.write_all(&packet).await.unwrap();
        Self { framed: Framed::new(stream), messages: Vec::new() }
    }

    /// Answers SCRAM (or a demand for clear text) with `token`.
    pub(super) async fn prove(mut self, token: &str, binding: ClientBinding) -> Self {
        let mut client = Some(Client::new(token, &BASE64.encode(&[1; 18]), binding.clone()));
        let mut finish = None;
        loop {
            let Ok((kind, body)) = self.framed.frame(100_000).await else { return self };
            self.messages.push((kind, body.to_vec()));
            let mut out = Vec::new();
            match kind {
                b'R' => match backend::authentication(body).unwrap() {
                    backend::Authentication::Sasl(_) => {
                        let plus = matches!(binding, ClientBinding::Bound(_));
                        let name = if plus { "SCRAM-SHA-256-PLUS" } else { "SCRAM-SHA-256" };
                        let first = client.as_ref().unwrap().first();
                        write::sasl_initial_response(&mut out, name, &first);
                    }
                    backend::Authentication::SaslContinue(data) => {
                        let answer = client.take().unwrap().respond(data, None).unwrap();
                        write::sasl_response(&mut out, &answer.client_final);
                        finish = Some(answer.finish);
                    }
                    backend::Authentication::SaslFinal(data) => {
                        finish.take().unwrap().finish(data).unwrap();
                    }
                    backend::Authentication::CleartextPassword => {
                        write::password_message(&mut out, token.as_bytes());
                    }
                    _ => {}
                },
                b'Z' | b'E' => return self,
                _ => {}
            }
            self.framed.send(&out).await.unwrap();
        }
    }

    pub(super) fn has(&self, kind: u8) -> bool {
        self.messages.iter().any(|(own, _)| *own == kind)
    }

    /// SQLSTATE and message of the error that ended it.
    pub(super) fn error(&self) -> (String, String) {
        let (_, body) = self.messages.iter().find(|(kind, _)| *kind == b'E').unwrap();
        let fields = backend::fields(body);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(fields.sqlstate), text(fields.message))
    }
}

/// An upstream that trusts everybody and answers every Query: pgward's own questions about
/// backends with `backends` (0: none is listed any more), others with one row `1`; sessions of
/// an application `mute` with nothing at all. Serves until it is dropped. The StartupMessages it got are kept.
pub(super) async fn fake_postgres(seen: Arc<std::sync::Mutex<Vec<Vec<u8>>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut pid = 100;
        while let Ok((tcp, _)) = listener.accept().await {
            pid += 1;
            tokio::spawn(fake_backend(tcp, pid, Arc::clone(&seen)));
        }
    });
    address
}

async fn fake_backend(mut tcp: TcpStream, pid: i32, seen: Arc<std::sync::Mutex<Vec<Vec<u8>>>>) {
    let mut packet = vec![0; 4];
    if tcp.read_exact(&mut packet).await.is_err() {
        return;
    }
    let length = usize::try_from(Cursor::new(&packet).int32().unwrap()).unwrap();
    packet.resize(length, 0);
    tcp.read_exact(&mut packet[4..]).await.unwrap();
    seen.lock().unwrap().push(packet.clone());
    if matches!(startup::first(&packet), Ok(startup::First::Cancel { .. })) {
        return;
    }
    if contains(&packet, "/mute") {
        return std::future::pending().await;
    }
    let mut out = Vec::new();
    write::authentication_ok(&mut out);
    write::parameter_status(&mut out, "client_encoding", "UTF8");
    write::backend_key_data(&mut out, pid, &[9; 4]);
    write::ready_for_query(&mut out, b'I');
    tcp.write_all(&out).await.unwrap();
    let mut framed = Framed::new(Stream::Plain(tcp.into()));
    while let Ok((b'Q', body)) = framed.frame(100_000).await {
        let mut out = Vec::new();
        let learning = contains(body, "= ANY") || contains(body, "ANY (");
        let ending = contains(body, "pg_terminate_backend");
        if contains(body, "pg_sleep") {
            continue;
        }
        out.extend_from_slice(b"T\0\0\0\x06\0\0");
        if learning {
            let text = String::from_utf8_lossy(body);
            let pids = text.split('{').nth(1).and_then(|rest| rest.split('}').next()).unwrap();
            for pid in pids.split(',') {
                row(&mut out, &[pid, "77"]);
            }
        } else if !ending {
            row(&mut out, &["1"]);
        }
        out.extend_from_slice(b"C\0\0\0\x0dSELECT 1\0");
        write::ready_for_query(&mut out, b'I');
        if framed.send(&out).await.is_err() {
            return;
        }
    }
}

fn row(out: &mut Vec<u8>, values: &[&str]) {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    out.push(b'D');
    out.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend_from_slice(&body);
}
