//! A session with a judge and a recorder, driven by hand.

use std::sync::Arc;

use pgward::base::{GrantId, Moment};
use pgward::policy::catalogue::{Catalogue, Relation, Snapshot};
use pgward::policy::judge::{JudgeSettings, JudgeSource};
use pgward::policy::terms::Caps;
use pgward::policy::{Judge, RowCaps, Scope, Terms};
use pgward::session::{Cut, Event, News, Recorder, Session, Start, Turn};

pub(crate) struct Harness {
    pub(crate) session: Session,
    pub(crate) judge: Judge,
    pub(crate) events: Events,
    pub(crate) now: Moment,
    client_input: Vec<u8>,
    upstream_input: Vec<u8>,
}

/// What was recorded, one line an event.
#[derive(Default)]
pub(crate) struct Events(pub(crate) Vec<String>);

/// What one step put out.
#[derive(Default)]
pub(crate) struct Out {
    pub(crate) upstream: Vec<u8>,
    pub(crate) client: Vec<u8>,
    pub(crate) ended: bool,
}

/// A database with the tables `public.t` and `public.other`, and nothing configured.
#[derive(Debug)]
struct Upstream {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

impl Default for Upstream {
    fn default() -> Self {
        let table = |name: &str| Relation {
            schema: "public".into(),
            name: name.into(),
            kind: 'r',
            rules: false,
        };
        let relations = vec![table("t"), table("other")];
        let snapshot = Snapshot { major: 15, relations, ..Snapshot::default() };
        Self {
            catalogue: Arc::new(Catalogue::new(snapshot)),
            settings: Arc::new(JudgeSettings::new(&[], &[], true).unwrap().require_where(false)),
        }
    }
}

impl JudgeSource for Upstream {
    fn epoch(&self) -> u64 {
        1
    }

    fn catalogue(&self, _: &str) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn settings(&self) -> Arc<JudgeSettings> {
        Arc::clone(&self.settings)
    }
}

impl Recorder for Events {
    fn record(&mut self, event: &Event<'_>) {
        self.0.push(match event {
            Event::Decision(decision) => {
                let word = if decision.refusal.is_some() { "refused" } else { "allowed" };
                let parse = decision.parse.map(|n| format!(" parse {n}")).unwrap_or_default();
                format!("{word} {} {}{parse}", decision.statement, decision.operation)
            }
            Event::Done(done) => {
                let rows = done.rows_returned.map(|n| format!(" rows {n}")).unwrap_or_default();
                let wrote = done.rows_affected.map(|n| format!(" wrote {n}")).unwrap_or_default();
                format!("done {} {}{rows}{wrote}", done.statement, done.outcome.word())
            }
            Event::TransactionEnd { transaction, outcome } => {
                format!("transaction {transaction} {}", outcome.word())
            }
        });
    }
}

/// Terms of a grant with these scopes; `written=5`, `rows=5` and `bytes=5` are caps
/// (`cut=5` is for the session).
pub(crate) fn terms(words: &[&str]) -> Arc<Terms> {
    let cap = |name: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(name));
        found.map_or(0, |number| number.parse().expect("a number"))
    };
    let row_caps = RowCaps {
        rows_written_max: cap("written="),
        rows_read_max: cap("rows="),
        bytes_read_max: cap("bytes="),
    };
    let scopes: Vec<&str> = words.iter().copied().filter(|word| !word.contains('=')).collect();
    let scopes: Vec<Scope> =
        scopes.iter().flat_map(|text| Scope::parse_list(text).expect("a scope")).collect();
    Arc::new(Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-1 a reason".into(),
        ticket: None,
        scopes: scopes.into(),
        expires_at: 4_000_000_000,
        write_path: ["public".into()].into(),
        caps: Caps::default(),
        statement_bytes_max: 100_000,
        row_caps,
    })
}

impl Harness {
    pub(crate) fn new(scopes: &[&str]) -> Self {
        let start = Start { terms: terms(scopes), nonce: 0x00c0_ffee, utf8: true };
        let mut session = Session::new(&start);
        if let Some(to) = scopes.iter().find_map(|word| word.strip_prefix("cut=")) {
            session.note_cut(Cut { to_ms: to.parse().expect("a number"), from_ms: 300_000 });
        }
        Self {
            session,
            judge: Judge::new(Arc::new(Upstream::default()), [7; 16]),
            events: Events::default(),
            now: Moment { boot: 1_000, wall: 1_000_000 },
            client_input: Vec::new(),
            upstream_input: Vec::new(),
        }
    }

    /// Gives client bytes; what cannot be used yet is kept and given again.
    pub(crate) fn client(&mut self, bytes: &[u8]) -> Out {
        self.client_input.extend_from_slice(bytes);
        self.drive_client()
    }

    fn drive_client(&mut self) -> Out {
        let mut turn = Turn::default();
        let used = self.session.client_bytes(
            &self.client_input,
            self.now,
            &mut self.judge,
            &mut self.events,
            &mut turn,
        );
        let out = Out::from(&turn, &self.client_input);
        self.client_input.drain(..used);
        out
    }

    /// Gives upstream bytes, then the client bytes that waited for them.
    pub(crate) fn upstream(&mut self, bytes: &[u8]) -> Out {
        self.upstream_input.extend_from_slice(bytes);
        let mut turn = Turn::default();
        let used = self.session.upstream_bytes(
            &self.upstream_input,
            self.now,
            &mut self.events,
            &mut turn,
        );
        let mut out = Out::from(&turn, &self.upstream_input);
        self.upstream_input.drain(..used);
        if turn.cancel {
            // As if the cancel had taken no time.
            self.session.cancelled();
        }
        if self.session.held() {
            out.join(self.drive_client());
        }
        out
    }

    /// Tells it that its grant ends in so many minutes.
    pub(crate) fn warn(&mut self, minutes: i64) -> Out {
        let mut turn = Turn::default();
        let ends_at = self.now.wall + minutes * 60_000_000;
        self.session.announce(News::EndsSoon(ends_at), self.now, &mut turn);
        Out::from(&turn, &[])
    }

    /// Tells it that its grant has more scopes.
    pub(crate) fn add_scopes(&mut self, scopes: &str) -> Out {
        let mut turn = Turn::default();
        let scopes = scopes.split_whitespace().map(str::to_owned).collect();
        self.session.announce(News::Scopes(scopes), self.now, &mut turn);
        Out::from(&turn, &[])
    }

    /// Tells it that its grant ends in so many minutes, and has been made to.
    pub(crate) fn renew(&mut self, minutes: i64) {
        let ends_at = self.now.wall + minutes * 60_000_000;
        self.session.renew(ends_at, &format!("in {minutes} min"), self.now);
    }

    /// Bytes of the client that are not forwarded and not refused yet.
    pub(crate) fn held_bytes(&self) -> usize {
        self.client_input.len()
    }
}

impl Out {
    fn from(turn: &Turn, input: &[u8]) -> Self {
        let joined = |output: &pgward::session::Output| {
            output.slices(input).flatten().copied().collect::<Vec<u8>>()
        };
        Self {
            upstream: joined(&turn.upstream),
            client: joined(&turn.client),
            ended: turn.end.is_some(),
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.upstream.extend(other.upstream);
        self.client.extend(other.client);
        self.ended |= other.ended;
    }
}
