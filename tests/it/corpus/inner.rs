//! The sans-IO core between a test's client and a server, without the program around it: the same
//! session, judge and rules, over whatever upstream connection a test chooses. Only here can the
//! parser stand alone, with a superuser behind it and no setting of the server's own.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use pgward::base::{GrantId, Moment};
use pgward::catalog::{Catalogues, Query, Rows};
use pgward::policy::terms::Caps;
use pgward::policy::{Judge, JudgeSettings, RowCaps, Scope, Terms};
use pgward::session::{Event, Recorder, Session, Start, Turn};

use crate::support::pg::{PASSWORD, Pg};
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// What the core knows of one database, read from the server when it is told to.
pub(crate) struct Known {
    catalogues: Arc<Catalogues>,
    asked: Asked,
    runtime: tokio::runtime::Runtime,
}

/// A superuser's session that the catalogue is read over.
struct Asked(std::sync::Mutex<Wire>);

/// How a session begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upstream<'a> {
    pub(crate) role: &'a str,
    /// More of the StartupMessage.
    pub(crate) settings: &'a [(&'a str, &'a str)],
}

/// One session: what is written goes through the core to the server, what is read comes back.
struct Inner {
    session: Session,
    judge: Judge,
    server: TcpStream,
    /// Of the client, not taken yet.
    from_client: Vec<u8>,
    /// Of the server, not taken yet.
    from_server: Vec<u8>,
    to_client: VecDeque<u8>,
    ended: bool,
    clock: u64,
}

/// A session on a thread of its own, since it stays on the one that made it.
struct Apart(Sender<Call>);
type Call = Box<dyn FnOnce(&mut Inner) + Send>;

struct Silent;

impl Recorder for Silent {
    fn record(&mut self, _: &Event<'_>) {}
}

impl Query for Asked {
    type Error = io::Error;

    async fn rows(&self, sql: &str) -> Result<Rows, io::Error> {
        let reply = self.0.lock().unwrap().query(sql);
        match reply.errors.first() {
            Some(error) => Err(io::Error::other(format!("{error:?} in {sql}"))),
            None => Ok(reply.rows),
        }
    }
}

impl Known {
    /// Reads the catalogue of a database.
    pub(crate) fn of(pg: &Pg, database: &str) -> Self {
        let settings = JudgeSettings::new(&[], &[], true).unwrap();
        let known = Self {
            catalogues: Arc::new(Catalogues::new(Arc::new(settings))),
            asked: Asked(std::sync::Mutex::new(pg.admin(database))),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        };
        known.refresh(database);
        known
    }

    /// Reads it again if it changed.
    pub(crate) fn refresh(&self, database: &str) {
        self.runtime.block_on(self.catalogues.refresh(database, &self.asked)).unwrap();
    }

    /// A session of a grant with these scopes.
    pub(crate) fn session(
        &self,
        pg: &Pg,
        database: &str,
        upstream: Upstream<'_>,
        scopes: &[&str],
    ) -> Wire {
        let mut direct = Wire::open(pg.port());
        let mut startup = vec![("user", upstream.role), ("database", database)];
        startup.extend(upstream.settings);
        direct.login(PROTOCOL_3_0, &startup, PASSWORD).unwrap();
        let terms = terms(database, scopes);
        let catalogues = Arc::clone(&self.catalogues);
        let server = direct.socket.try_clone().unwrap();
        let apart = Apart::start(move || Inner {
            session: Session::new(&Start { terms, nonce: 0x00c0_ffee, utf8: true }),
            judge: Judge::new(catalogues, [7; 16]),
            server,
            from_client: Vec::new(),
            from_server: Vec::new(),
            to_client: VecDeque::new(),
            ended: false,
            clock: 1_000,
        });
        Wire::over(Box::new(apart), direct.socket)
    }
}

pub(crate) fn terms(database: &str, scopes: &[&str]) -> Arc<Terms> {
    let scopes = scopes.iter().flat_map(|text| Scope::parse_list(text).unwrap());
    Arc::new(Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: database.into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        scopes: scopes.collect::<Vec<Scope>>().into(),
        expires_at: 4_000_000_000_000_000,
        write_path: ["public".into()].into(),
        caps: Caps {
            statement_timeout_ms: 300_000,
            lock_timeout_ms: 0,
            idle_in_transaction_session_timeout_ms: 300_000,
            idle_session_timeout_ms: 0,
        },
        statement_bytes_max: 1024 * 1024,
        row_caps: RowCaps::default(),
    })
}

impl Inner {
    fn now(&mut self) -> Moment {
        self.clock += 1;
        Moment { boot: self.clock, wall: 1_000_000 }
    }

    /// Gives the core what the client sent.
    fn take_client(&mut self) -> io::Result<()> {
        loop {
            let now = self.now();
            let mut turn = Turn::default();
            let used = self.session.client_bytes(
                &self.from_client,
                now,
                &mut self.judge,
                &mut Silent,
                &mut turn,
            );
            for slice in turn.upstream.slices(&self.from_client) {
                self.server.write_all(slice)?;
            }
            turn.client.slices(&self.from_client).for_each(|s| self.to_client.extend(s));
            self.from_client.drain(..used);
            self.ended |= turn.end.is_some();
            match self.judge.take_large().filter(|_| self.session.judging()) {
                Some(job) => self.judge.supply(job.run()),
                None => return Ok(()),
            }
        }
    }

    /// Gives it what the server sends next.
    fn take_server(&mut self) -> io::Result<()> {
        let mut chunk = [0; 64 * 1024];
        let count = self.server.read(&mut chunk)?;
        self.ended |= count == 0;
        self.from_server.extend(&chunk[..count]);
        let now = self.now();
        let mut turn = Turn::default();
        let used = self.session.upstream_bytes(&self.from_server, now, &mut Silent, &mut turn);
        for slice in turn.upstream.slices(&self.from_server) {
            self.server.write_all(slice)?;
        }
        turn.client.slices(&self.from_server).for_each(|s| self.to_client.extend(s));
        self.from_server.drain(..used);
        self.ended |= turn.end.is_some();
        if self.session.held() { self.take_client() } else { Ok(()) }
    }
}

impl Write for Inner {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.from_client.extend(bytes);
        self.take_client()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.server.flush()
    }
}

impl Read for Inner {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.to_client.is_empty() && !self.ended {
            self.take_server()?;
        }
        self.to_client.read(buffer)
    }
}

impl Apart {
    fn start(make: impl FnOnce() -> Inner + Send + 'static) -> Self {
        let (calls, called) = channel::<Call>();
        std::thread::spawn(move || {
            let mut inner = make();
            called.into_iter().for_each(|call| call(&mut inner));
        });
        Self(calls)
    }

    /// Has the thread do something, and waits for it.
    fn call<T: Send + 'static>(&self, work: impl FnOnce(&mut Inner) -> T + Send + 'static) -> T {
        let (done, result) = channel();
        self.0.send(Box::new(move |inner| done.send(work(inner)).unwrap())).unwrap();
        result.recv().unwrap()
    }
}

impl Write for Apart {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = bytes.to_vec();
        self.call(move |inner| inner.write(&bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(Write::flush)
    }
}

impl Read for Apart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = vec![0; buffer.len()];
        let (bytes, count) = self.call(move |inner| {
            let count = inner.read(&mut bytes);
            (bytes, count)
        });
        let count = count?;
        buffer[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    }
}
