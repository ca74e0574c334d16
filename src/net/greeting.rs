//! The last step of a login: the record of its start, then everything that a client is sent
//! before its first statement.

use std::rc::Rc;
use std::sync::Arc;

use super::clock;
use super::framed::LOGIN_BYTES;
use super::login::{Admitted, Door, Entry, Turned};
use super::parameters::until;
use super::proving::Proved;
use super::registry::Entry as Registered;
use super::relay::{Begin, Relay};
use super::upstream::{Connected, shown};
use super::warnings::Warnings;
use super::worker::Books;
use crate::audit::{Record, SessionContext, SessionFacts};
use crate::base::Moment;
use crate::base::refusal::login as texts;
use crate::config::LoginNotice;
use crate::session::{Session, Start, State};
use crate::wire::startup::VERSION_3_2;
use crate::wire::write;

/// Attempts at a cancel key that nobody has; the first succeeds unless the generator is broken.
const KEY_ATTEMPTS: usize = 8;

/// Records the session's start and greets the client. On failure the door is given back, so
/// that the client can be turned away.
pub(super) async fn open(door: Door, entry: Entry) -> Result<Admitted, (Box<Door>, Turned)> {
    let Entry { grant, proved, wanted, place, upstream: connected } = entry;
    let now = clock::now();
    let approvers: Vec<String> = grant.life.approvals.iter().map(|one| one.by.clone()).collect();
    let facts = SessionFacts {
        approvers: &approvers,
        break_glass: grant.life.break_glass,
        session: place.entry.id,
        user: &grant.user,
        grant: grant.id,
        reason: &grant.reason,
        ticket: grant.ticket.as_deref(),
        scopes: &connected.scopes,
        expires_at: grant.expires_at,
        auth_method: proved.method,
        client: Some(door.peer),
        application_name: wanted.application_name.as_deref(),
        database: &grant.database,
        server_addr: Some(&server_addr(&connected)),
        db_user: &connected.role,
        backend_pid: u32::try_from(connected.upstream.pid).ok(),
    };
    let context = SessionContext::new(&facts);
    if !record_start(&door, &context, now) {
        let turned = Turned::new(texts::audit_unavailable(), "audit_unavailable").of(grant.id);
        return Err((Box::new(door), turned));
    }
    let mut out = Vec::with_capacity(LOGIN_BYTES);
    if !greet(&mut out, &door, &proved, &connected, &place.entry) {
        let turned = Turned::new(texts::internal(place.entry.id), "internal_error").of(grant.id);
        return Err((Box::new(door), turned));
    }
    let notice = match door.settings.config.listen.login_notice {
        LoginNotice::Always => true,
        LoginNotice::Interactive => wanted.is_psql(),
        LoginNotice::Never => false,
    };
    if notice {
        let until = until(grant.expires_at, now);
        let (scopes, narrowed) = (shown(&connected.scopes), connected.terms.narrows_reads());
        let unheld = connected.held == Some(false);
        let welcome = texts::welcome(grant.id, &scopes, (narrowed, unheld), &grant.reason, &until);
        write::notice(&mut out, &welcome);
    }
    write::ready_for_query(&mut out, b'I');

    let mut session = Session::new(&Start {
        terms: Arc::clone(&connected.terms),
        nonce: rand::random(),
        utf8: connected.upstream.utf8,
    });
    if let Some(cut) = connected.cut {
        session.note_cut(cut);
    }
    let worker = Rc::clone(&door.worker);
    let counters = worker.counters.database(&grant.database);
    let idle_timeout = door.settings.config.limits.idle_timeout;
    let upstream = (connected.upstream.stream, connected.upstream.rest);
    let books = Books { entry: Arc::clone(&place.entry), context, counters };
    let client = door.framed.into_parts();
    let warned: &[_] = if notice { &door.settings.config.listen.expiry_notice } else { &[] };
    let warnings = Warnings::new(warned);
    let begin =
        Begin { worker, books, session, client, upstream, idle_timeout, warnings, tells: notice };
    let mut relay = Box::new(Relay::new(begin));
    relay.client.queue_bytes(&out);
    place.entry.note_state(State::Idle);
    relay.worker.shared.grants.began(grant.id, now.wall);
    Ok(Admitted { relay, place, started: now })
}

fn record_start(door: &Door, context: &SessionContext, now: Moment) -> bool {
    let mut stream = door.worker.stream.borrow_mut();
    let mark = stream.mark();
    stream.add_record(&Record::SessionStart(context), now);
    let written = door.worker.commit(&mut stream, clock::boot());
    if !written {
        stream.rollback(mark);
    }
    written
}

/// Everything between the proof and the notice; false if no cancel key can be had.
fn greet(
    out: &mut Vec<u8>,
    door: &Door,
    proved: &Proved,
    connected: &Connected,
    entry: &Arc<Registered>,
) -> bool {
    if let Some(server_final) = &proved.server_final {
        write::authentication_sasl_final(out, server_final);
    }
    write::authentication_ok(out);
    out.extend_from_slice(&connected.upstream.parameters);
    // Ours, not the upstream's: a client can cancel its own session through us and nothing else.
    let long = door.hello.version >= VERSION_3_2;
    for _ in 0..KEY_ATTEMPTS {
        let pid = rand::random::<i32>() & i32::MAX;
        let key = if long {
            rand::random::<[u8; 32]>().to_vec()
        } else {
            rand::random::<[u8; 4]>().to_vec()
        };
        if pid > 0 && door.worker.shared.registry.give_key(entry, (pid, key.clone())) {
            write::backend_key_data(out, pid, &key);
            out.extend_from_slice(&connected.upstream.notices);
            return true;
        }
    }
    false
}

fn server_addr(connected: &Connected) -> String {
    let database = &connected.target.database;
    format!("{}:{}", database.host, database.port)
}
