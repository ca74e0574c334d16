//! From accept to ReadyForQuery, under one timeout.
//!
//! Order matters. Nothing about grants or databases is told before a secret is proved. A session
//! enters the registry, where it can be ended, before its grant is read for what it says; and
//! the grant is read once more when the upstream is ready: a revocation at any instant finds the
//! session or is found by it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::event_loop::{Socket, after, sleep, timeout, timeout_at};
use super::framed::Framed;
use super::handshake::{self, HandshakeError, Hello, Outcome, Rules};
use super::proving::{self, Proved, Unproved};
use super::registry::{Entrant, Full, Place};
use super::relay::Relay;
use super::shared::{Settings, Shared};
use super::upstream::{self, Connected};
use super::worker::Worker;
use super::{cancel, clock, greeting, parameters, stream};
use crate::audit::{AuthFailed, Record};
use crate::auth::token::without_tokens;
use crate::base::refusal::{grant as grants, login as texts};
use crate::base::{GrantId, Moment, Refusal, SessionId};
use crate::grants::{Claim, Grant, State};
use crate::wire::write;

/// Answer to a failed login of an address or name that failed too often, this much later.
const FAILURE_DELAY: Duration = Duration::from_secs(1);
/// How long a client that is turned away has to take the reason.
const TURN_AWAY_WITHIN: Duration = Duration::from_secs(2);

/// How long a login waits for a session of its grant that is about to be gone.
const PLACE_WITHIN: Duration = Duration::from_millis(500);
/// Pause between two looks at whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A session that may begin.
pub(super) struct Admitted {
    /// Boxed: what is moved through a login is kept in every future on its way.
    pub(super) relay: Box<Relay>,
    pub(super) place: Place,
    pub(super) started: Moment,
}

/// Why a client that spoke the protocol is turned away.
#[derive(Debug)]
pub(super) struct Turned {
    /// What it is told; `None`: it has gone.
    pub(super) refusal: Option<Box<Refusal>>,
    /// The true cause, of a closed set, for record and metric.
    pub(super) cause: &'static str,
    /// More, for the record only.
    pub(super) detail: Option<String>,
    /// The grant, once its secret was proved.
    pub(super) grant: Option<GrantId>,
}

impl Turned {
    pub(super) fn new(refusal: Refusal, cause: &'static str) -> Self {
        Self { refusal: Some(Box::new(refusal)), cause, detail: None, grant: None }
    }

    /// The same, of who proved that grant's secret.
    pub(super) fn of(mut self, grant: GrantId) -> Self {
        self.grant = Some(grant);
        self
    }

    /// The same with more for the record.
    pub(super) fn because(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

/// A client at the door: it has said what it wants and proved nothing yet.
pub(super) struct Door {
    pub(super) worker: Rc<Worker>,
    pub(super) settings: Arc<Settings>,
    pub(super) peer: SocketAddr,
    pub(super) framed: Framed,
    pub(super) hello: Wish,
    /// It is the upstream that is waited for.
    dialing: Cell<bool>,
}

/// What the StartupMessage said.
pub(super) struct Wish {
    pub(super) version: u32,
    pub(super) login: String,
    pub(super) database: String,
    /// Whether the database was named, or is only what clients send when it is not.
    pub(super) database_named: bool,
    parameters: Vec<(String, String)>,
    negotiate: Option<Vec<String>>,
    protection: handshake::Protection,
}

/// Who may come in.
pub(super) struct Entry {
    pub(super) grant: Arc<Grant>,
    pub(super) proved: Proved,
    pub(super) wanted: parameters::Wanted,
    pub(super) place: Place,
    pub(super) upstream: Connected,
}

/// Lets a client in, or turns it away, or serves its cancel request.
pub(super) async fn admit(
    worker: &Rc<Worker>,
    tcp: std::net::TcpStream,
    peer: SocketAddr,
) -> Option<Admitted> {
    let settings = worker.shared.settings.load_full();
    let deadline = after(settings.config.listen.login_timeout);
    let hello = greet(worker, &settings, tcp, peer, deadline).await?;
    let mut door = Door::new(worker, settings, peer, hello);
    let turned = match timeout_at(deadline, door.enter()).await {
        Ok(Ok(entry)) => match greeting::open(door, entry).await {
            Ok(admitted) => return Some(admitted),
            Err((given_back, turned)) => {
                door = *given_back;
                turned
            }
        },
        Ok(Err(turned)) => turned,
        Err(_) => {
            let seconds = door.settings.config.listen.login_timeout.as_secs();
            if door.dialing.get() {
                let why = format!("The server did not answer within {seconds} s.");
                let refusal = texts::upstream_unreachable(&door.hello.database, &why);
                Turned::new(refusal, "upstream").because("no answer in time")
            } else {
                Turned::new(texts::login_timeout(seconds), "login_timeout")
            }
        }
    };
    door.turn_away(turned).await;
    None
}

/// TLS, and what the client wants.
async fn greet(
    worker: &Rc<Worker>,
    settings: &Settings,
    tcp: std::net::TcpStream,
    peer: SocketAddr,
    deadline: u64,
) -> Option<Hello> {
    let metrics = &worker.shared.metrics;
    let Ok(tcp) = Socket::from_std(tcp) else {
        metrics.connection_failed("io");
        return None;
    };
    let listen = &settings.config.listen;
    let plaintext = listen.allow_plaintext || peer.ip().to_canonical().is_loopback();
    let rules = Rules { tls: settings.tls.clone(), plaintext };
    if stream::tune_accepted(&tcp, peer.ip()).is_err() {
        metrics.connection_failed("io");
        return None;
    }
    match timeout_at(deadline, handshake::handshake(tcp, &rules)).await {
        Ok(Ok(Outcome::Startup(hello))) => return Some(hello),
        Ok(Ok(Outcome::Cancel { pid, key })) => {
            cancel::serve(&worker.shared, peer.ip(), (pid, key)).await;
        }
        Ok(Err(problem)) => {
            if matches!(problem, HandshakeError::Tls(_)) {
                metrics.tls_handshake_failed();
            }
            metrics.connection_failed(problem.reason());
            tracing::debug!(client = %peer.ip(), %problem, "no session");
        }
        Err(_) => metrics.connection_failed("login_timeout"),
    }
    None
}

impl Door {
    fn new(worker: &Rc<Worker>, settings: Arc<Settings>, peer: SocketAddr, hello: Hello) -> Self {
        let Hello { stream, version, parameters, negotiate, protection } = hello;
        let get = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let login = get("user").unwrap_or_default();
        let database = get("database");
        // libpq sends the user's name as database when none was named.
        let database_named = database.as_ref().is_some_and(|database| *database != login);
        let database = database.unwrap_or_else(|| login.clone());
        let hello =
            Wish { version, login, database, database_named, parameters, negotiate, protection };
        let framed = Framed::new(stream);
        let dialing = Cell::new(false);
        Self { worker: Rc::clone(worker), settings, peer, framed, hello, dialing }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.worker.shared
    }

    /// Everything up to a connected upstream.
    async fn enter(&mut self) -> Result<Entry, Turned> {
        if let Some(options) = &self.hello.negotiate {
            let mut out = Vec::new();
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            write::negotiate_protocol_version(&mut out, self.hello.version, &options);
            self.framed.send(&out).await.map_err(|_| GONE)?;
        }
        if self.shared().is_draining() {
            return Err(Turned::new(texts::draining(), "draining"));
        }
        if self.hello.login.is_empty() {
            return Err(Turned::new(texts::no_user(), "no_user"));
        }
        let sessions_max = self.settings.config.listen.max_sessions;
        if self.shared().registry.len() >= sessions_max {
            return Err(Turned::new(texts::too_many_sessions(sessions_max), "max_sessions"));
        }
        let proved = self.prove().await?;
        let grant = Arc::clone(&proved.grant);
        // A client that leaves while the upstream takes its time gives its place back at once.
        tokio::select! {
            biased;
            entered = self.let_in(proved) => entered.map_err(|turned| turned.of(grant.id)),
            () = self.framed.stream().closed() => Err(GONE),
        }
    }

    async fn prove(&mut self) -> Result<Proved, Turned> {
        let auth = self.settings.config.listen.auth;
        let worker = Rc::clone(&self.worker);
        let (protection, login) = (&self.hello.protection, &self.hello.login);
        let proving =
            proving::prove(&mut self.framed, protection, login, auth, &worker.shared.grants);
        match proving.await {
            Ok(proved) => Ok(proved),
            Err(Unproved::Gone(_)) => Err(GONE),
            Err(unproved) => {
                self.slow_down().await;
                let turned = Turned::new(
                    texts::failed(&without_tokens(&self.hello.login)),
                    unproved.cause(),
                );
                Err(turned.because(unproved))
            }
        }
    }

    /// Who fails too often waits; who proves a secret never does, so nobody can be locked out.
    async fn slow_down(&self) {
        let now = clock::now();
        let login: String = self.hello.login.chars().take(64).collect();
        let by_address = self.shared().failures_by_address.take(self.peer.ip(), now);
        let by_login = self.shared().failures_by_login.take(login, now);
        if !(by_address && by_login) {
            sleep(FAILURE_DELAY).await;
        }
    }

    /// The secret is proved: from here on the client is told the truth.
    async fn let_in(&self, proved: Proved) -> Result<Entry, Turned> {
        let grant = Arc::clone(&proved.grant);
        // What is over needs no other dbname.
        self.still_stands(grant.id)?;
        self.check_address(&grant)?;
        self.check_database(&grant)?;
        let wanted = parameters::Wanted::new(&self.hello.parameters)
            .map_err(|refusal| Turned::new(*refusal, "startup_parameter"))?;
        let place = self.enter_registry(&grant).await?;
        // Read again, now that whoever ends it also ends this session.
        let grant = self.still_stands(grant.id)?;
        self.dialing.set(true);
        let upstream = upstream::connect(self, &grant, &wanted, &place).await?;
        self.dialing.set(false);
        let grant = self.still_stands(grant.id)?;
        self.follow(&grant, &place);
        if let Some(cause) = place.entry.ending() {
            return Err(Turned::new(cause.refusal(&place.entry), cause.word()));
        }
        self.claim(&grant).await?;
        Ok(Entry { grant, proved, wanted, place, upstream })
    }

    fn check_database(&self, grant: &Grant) -> Result<(), Turned> {
        let asked = &self.hello.database;
        if grant.database != *asked {
            let named = self.hello.database_named;
            let asked = without_tokens(asked);
            let refusal = texts::wrong_database(grant.id, &grant.database, &asked, named);
            return Err(Turned::new(refusal, "wrong_database"));
        }
        if !self.settings.targets.contains_key(asked) {
            return Err(Turned::new(texts::unknown_database(asked), "unknown_database"));
        }
        Ok(())
    }

    /// The grant as it is now, if it may be used.
    fn still_stands(&self, id: GrantId) -> Result<Arc<Grant>, Turned> {
        let Some(grant) = self.shared().grants.by_id(id) else {
            // It was there when its secret was proved.
            return Err(Turned::new(
                texts::failed(&without_tokens(&self.hello.login)),
                "forgotten",
            ));
        };
        match grant.state_at(clock::now().wall) {
            State::Active if grant.life.uses_left == Some(0) => Err(used_up(&grant)),
            State::Active => Ok(grant),
            State::Approved | State::Pending => {
                let from = grant.conditions.not_before.unwrap_or(grant.expires_at);
                let refusal = grants::not_yet_valid(grant.id, &parameters::utc(from));
                Err(Turned::new(refusal, "not_before"))
            }
            _ => Err(ended(&grant)),
        }
    }

    /// Brings the session's end to that of its grant as it is now. Who moves the grant's end
    /// changes what is read here first, and then what is in the registry.
    fn follow(&self, grant: &Grant, place: &Place) {
        let mut ends = grant.expires_at;
        loop {
            place.entry.extend(ends, clock::now());
            match self.shared().grants.by_id(grant.id) {
                Some(now) if now.expires_at != ends => ends = now.expires_at,
                _ => return,
            }
        }
    }

    fn check_address(&self, grant: &Grant) -> Result<(), Turned> {
        let address = self.peer.ip().to_canonical();
        if grant.admits(Some(address)) {
            return Ok(());
        }
        let networks: Vec<String> =
            grant.conditions.clients.iter().map(ToString::to_string).collect();
        let refusal = grants::wrong_address(grant.id, &address.to_string(), &networks.join(", "));
        Err(Turned::new(refusal, "client_cidr"))
    }

    /// Takes one of the grant's uses, where it has a number of them: the last thing that can
    /// turn a client away, so that a use is a session.
    async fn claim(&self, grant: &Arc<Grant>) -> Result<(), Turned> {
        if grant.conditions.uses.is_none() {
            return Ok(());
        }
        let (grants, wanted) = (Arc::clone(&self.shared().grants), Arc::clone(grant));
        let claiming = move || grants.claim(&wanted, clock::now().wall);
        match tokio::task::spawn_blocking(claiming).await {
            Ok(Claim::Taken) => Ok(()),
            Ok(Claim::UsedUp) => Err(used_up(grant)),
            Ok(Claim::Failed) | Err(_) => {
                Err(Turned::new(grants::uses_not_kept(grant.id), "uses_not_kept"))
            }
        }
    }

    /// Whoever has just closed a session of the same grant and connects again meets the old one
    /// while its backend is being ended: a place that becomes free is waited for, shortly.
    async fn enter_registry(&self, grant: &Grant) -> Result<Place, Turned> {
        let not_served = |why| Turned::new(texts::no_control(&grant.database, why), "no_control");
        if let Some(why) = self.shared().not_served(&grant.database) {
            return Err(not_served(why));
        }
        let Some(control) = self.shared().control(&grant.database) else {
            return Err(not_served(texts::NotServed::ControlDown));
        };
        let limit = grant.max_sessions.min(self.settings.config.limits.max_sessions_per_grant);
        let entrant = Entrant {
            id: SessionId::from_random(rand::random()),
            grant: grant.id,
            user: grant.user.as_str().into(),
            database: grant.database.as_str().into(),
            reason: grant.reason.as_str().into(),
            client: self.peer,
            expires_at: grant.expires_at,
            control,
        };
        let server_limit = self.settings.config.listen.max_sessions;
        let until = after(PLACE_WITHIN);
        let mut entered = self.shared().registry.enter(entrant.clone(), limit, server_limit);
        while matches!(entered, Err(Full::Grant)) && clock::boot() < until {
            sleep(LOOK_EVERY).await;
            entered = self.shared().registry.enter(entrant.clone(), limit, server_limit);
        }
        entered.map_err(|full| match full {
            Full::Server => Turned::new(texts::too_many_sessions(server_limit), "max_sessions"),
            Full::Grant => {
                let refusal = texts::too_many_sessions_of_grant(grant.id, limit);
                Turned::new(refusal, "max_sessions_per_grant")
            }
        })
    }

    /// Puts the failure on record, tells the client, closes.
    async fn turn_away(mut self, turned: Turned) {
        let Turned { refusal, cause, detail, grant } = turned;
        let metrics = &self.shared().metrics;
        metrics.connection_failed(cause);
        let Some(refusal) = refusal else { return };
        metrics.auth_failed(cause);
        self.record_failure(cause, detail.as_deref(), grant);
        let mut out = Vec::new();
        write::error(&mut out, &refusal);
        let telling = async {
            if self.framed.send(&out).await.is_ok() {
                let (mut stream, _) = self.framed.into_parts();
                let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
            }
        };
        let _ = timeout(TURN_AWAY_WITHIN, telling).await;
    }

    fn record_failure(&self, cause: &str, detail: Option<&str>, grant: Option<GrantId>) {
        let named = self.hello.parameters.iter().find(|(name, _)| name == "application_name");
        let name = named.map(|(_, value)| without_tokens(value));
        let (user, database) =
            (without_tokens(&self.hello.login), without_tokens(&self.hello.database));
        let failed = AuthFailed {
            cause,
            user: Some(&user),
            grant: grant.or_else(|| self.hello.login.parse().ok()),
            database: Some(&database),
            client: Some(self.peer),
            application_name: name.as_deref(),
            detail,
        };
        let mut stream = self.worker.stream.borrow_mut();
        stream.add_record(&Record::AuthFailed(failed), clock::now());
        if !self.worker.commit(&mut stream, clock::boot()) {
            self.worker.note_waiting();
        }
    }
}

/// The grant is over, and who proved it is told how.
fn ended(grant: &Grant) -> Turned {
    let (because, how) = match &grant.ended {
        Some(ended) if ended.state != State::Expired => {
            let at = parameters::utc(ended.at);
            (format!("It ended at {at}: {}.", ended.because), ended.state.word())
        }
        _ => {
            let at = parameters::utc(grant.expires_at);
            (format!("It expired at {at}."), State::Expired.word())
        }
    };
    Turned::new(texts::grant_ended(over(grant, how, &because)), how)
}

fn used_up(grant: &Grant) -> Turned {
    let uses = grant.conditions.uses.unwrap_or_default();
    let how = State::Exhausted.word();
    Turned::new(grants::used_up(over(grant, how, ""), uses), how)
}

fn over<'a>(grant: &'a Grant, how: &'a str, because: &'a str) -> texts::Over<'a> {
    texts::Over {
        grant: grant.id,
        user: &grant.user,
        database: &grant.database,
        reason: &grant.reason,
        how,
        because,
    }
}

/// The client closed its side, as psql does to ask for the password first.
const GONE: Turned = Turned { refusal: None, cause: "gone", detail: None, grant: None };
