//! A worker: one OS thread with an event loop, and what its sessions share without
//! locks: the judge with its caches, the audit stream, the buffers.
//!
//! Everything here is borrowed for the length of one synchronous turn, never across an await.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Notify, mpsc};

use super::accept::Accepting;
use super::clock;
use super::event_loop::{self, EventLoop, sleep};
use super::load::{Gauge, Load};
use super::pool::Pool;
use super::registry::Entry;
use super::shared::Shared;
use super::sharing::Sharing;
use crate::audit::{SessionContext, Stream};
use crate::base::{Moment, SessionId};
use crate::policy::{Judge, JudgeSource};
use crate::session::event::Done;
use crate::session::{Event, Recorder, Turn};
use crate::telemetry::{DatabaseCounters, WorkerCounters};

/// The shared read buffer; larger ones gain nothing.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Pause before trying again when the log cannot be written.
const WRITE_RETRY: Duration = Duration::from_millis(500);
/// How long at most a record that nothing waits for stays in memory for the next decision to take
/// it along: one write(2) per statement instead of two. Well within the second that `audit::stream`
/// allows; a much shorter time wakes a worker for nothing.
const LINGER: Duration = Duration::from_millis(200);

/// What the sessions of one thread share.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) counters: Arc<WorkerCounters>,
    pub(super) judge: RefCell<Judge>,
    pub(super) stream: RefCell<Stream>,
    pub(super) scratch: RefCell<Vec<u8>>,
    pub(super) turn: RefCell<Turn>,
    /// Memory for [`Recording::ended`].
    ended: RefCell<Vec<Done<'static>>>,
    /// Something waits to be written, and [`Worker::write_waiting`] does not look by itself.
    waiting: Notify,
    is_asleep: Cell<bool>,
    disagreements: Cell<u64>,
    /// The last write of the log failed, and the operator was told.
    log_failed: Cell<bool>,
}

/// What is kept of one session for record, list and metrics.
pub(super) struct Books {
    pub(super) entry: Arc<Entry>,
    pub(super) context: SessionContext,
    pub(super) counters: Arc<DatabaseCounters>,
}

/// Takes a session's events for the length of one turn. Dropped when the turn has sent its bytes.
pub(super) struct Recording<'a> {
    stream: &'a mut Stream,
    books: &'a Books,
    worker: &'a Worker,
    now: Moment,
    /// Statements that were completed: nobody waits for their records, but somebody does for
    /// their results, which therefore are sent first.
    ended: Vec<Done<'static>>,
}

/// A client that was accepted.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) tcp: std::net::TcpStream,
    pub(super) peer: std::net::SocketAddr,
    pub(super) counted: Counted,
}

/// Counts one connection, in the process and on its worker, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    shared: Arc<Shared>,
    load: Arc<Load>,
}

/// What a worker is given to do.
#[derive(Debug)]
pub(super) enum Job {
    /// A client to serve.
    Serve(Arrival),
    /// A listener.
    Accept(Accepting),
}

/// How a worker is reached.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) jobs: mpsc::UnboundedSender<Job>,
    pub(super) load: Arc<Load>,
    pub(super) thread: std::thread::JoinHandle<()>,
}

impl Counted {
    pub(super) fn new(shared: Arc<Shared>, load: Arc<Load>) -> Self {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        load.enter();
        Self { shared, load }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
        self.load.leave();
    }
}

impl<'a> Recording<'a> {
    pub(super) fn new(
        stream: &'a mut Stream,
        books: &'a Books,
        worker: &'a Worker,
        now: Moment,
    ) -> Self {
        Self { stream, books, worker, now, ended: worker.ended.take() }
    }

    /// Records what was put off, in its order.
    fn settle(&mut self) {
        if !self.ended.is_empty() {
            self.settle_all();
        }
    }

    #[inline(never)]
    fn settle_all(&mut self) {
        let mut ended = std::mem::take(&mut self.ended);
        for done in ended.drain(..) {
            self.add(&Event::Done(done));
        }
        self.ended = ended;
    }

    fn add(&mut self, event: &Event<'_>) {
        if let Event::Decision(decision) = event {
            let text = decision.redacted.map_or(decision.query, str::as_bytes);
            self.books.entry.note_statement(text, self.now);
        } else {
            self.worker.note_waiting();
        }
        self.books.counters.count(event);
        self.stream.add(&self.books.context, event, self.now);
    }
}

impl Recorder for Recording<'_> {
    fn record(&mut self, event: &Event<'_>) {
        if let Event::Done(done) = event
            && let Some(done) = done.plain()
        {
            self.ended.push(done);
            return;
        }
        self.settle();
        self.add(event);
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.settle();
        self.worker.ended.replace(std::mem::take(&mut self.ended));
    }
}

impl Worker {
    pub(super) fn new(index: usize, shared: Arc<Shared>) -> Self {
        let source: Arc<dyn JudgeSource> = Arc::clone(&shared.catalogues) as _;
        let stream = Stream::new(Arc::clone(&shared.log), &format!("w{index}"));
        Self {
            counters: shared.metrics.worker(),
            judge: RefCell::new(Judge::new(source, rand::random())),
            stream: RefCell::new(stream),
            scratch: RefCell::new(vec![0; SCRATCH_BYTES]),
            turn: RefCell::default(),
            ended: RefCell::default(),
            waiting: Notify::new(),
            is_asleep: Cell::new(false),
            disagreements: Cell::new(0),
            log_failed: Cell::new(false),
            shared,
        }
    }

    /// Starts worker number `index`; what is given besides is to be looked at from time to time: how
    /// busy it is, and how it shares its processor.
    ///
    /// # Errors
    /// When its runtime or thread cannot be made.
    pub(super) fn start(
        index: usize,
        shared: Arc<Shared>,
    ) -> std::io::Result<(Handle, Gauge, Sharing)> {
        let (jobs, inbox) = mpsc::unbounded_channel();
        let (made, making) = std::sync::mpsc::sync_channel(1);
        let tokio = runtime::Handle::current();
        let load = Arc::new(Load::new(shared.settings.load().config.audit.sync));
        let gauged = Arc::clone(&load);
        let thread =
            std::thread::Builder::new().name(format!("pgward-w{index}")).spawn(move || {
                let sharing = Sharing::here();
                // For what is not the loop's: blocking work, name resolution.
                let _entered = tokio.enter();
                let (event_loop, result) = match EventLoop::new() {
                    Ok(event_loop) => (Some(event_loop), Ok((Gauge::here(gauged), sharing))),
                    Err(problem) => (None, Err(problem)),
                };
                let _ = made.send(result);
                let Some(event_loop) = event_loop else { return };
                let worker = Rc::new(Self::new(index, shared));
                if let Err(problem) = event_loop.run(worker.serve(inbox)) {
                    tracing::error!(%problem, "a worker cannot go on");
                }
            })?;
        let (gauge, sharing) =
            making.recv().unwrap_or_else(|gone| Err(std::io::Error::other(gone)))?;
        Ok((Handle { jobs, load, thread }, gauge, sharing))
    }

    /// Takes clients until the listener is gone, then waits for those that are there.
    async fn serve(self: Rc<Self>, mut inbox: mpsc::UnboundedReceiver<Job>) {
        event_loop::spawn(Rc::clone(&self).write_waiting());
        // Nothing is sent: each task holds an end, and the last one that is dropped closes it.
        let (held, mut all_done) = mpsc::channel::<()>(1);
        while let Some(job) = inbox.recv().await {
            let running = held.clone();
            match job {
                Job::Serve(arrival) => {
                    let worker = Rc::clone(&self);
                    event_loop::spawn(async move {
                        // Made here: a future that is moved into another one is kept twice.
                        super::task::serve(worker, arrival).await;
                        drop(running);
                    });
                }
                Job::Accept(accepting) => event_loop::spawn(async move {
                    accepting.run().await;
                    drop(running);
                }),
            }
        }
        drop(held);
        let _ = all_done.recv().await;
        self.commit(&mut self.stream.borrow_mut(), clock::boot());
    }

    /// Writes what was recorded while nothing waited for it (`statement.done`), where no decision
    /// has taken it along: once the oldest has waited for half of [`LINGER`], and never later than
    /// that.
    async fn write_waiting(self: Rc<Self>) {
        let mut rest = LINGER;
        loop {
            sleep(rest).await;
            rest = LINGER;
            let Some(since) = self.stream.borrow().waiting_since() else {
                self.is_asleep.set(true);
                self.waiting.notified().await;
                continue;
            };
            let waited = Duration::from_micros(clock::boot().saturating_sub(since));
            if waited < LINGER / 2 {
                // A younger one gets the rest of its time: where statements come so fast, the next
                // decision takes it along.
                rest = LINGER.saturating_sub(waited);
                continue;
            }
            while !self.commit(&mut self.stream.borrow_mut(), clock::boot()) {
                sleep(WRITE_RETRY).await;
            }
        }
    }

    /// Something was recorded that no forwarding waits for.
    pub(super) fn note_waiting(&self) {
        if self.is_asleep.replace(false) {
            self.waiting.notify_one();
        }
    }

    /// Writes everything recorded so far; false if it cannot be. `boot` is CLOCK_BOOTTIME now.
    pub(super) fn commit(&self, stream: &mut Stream, boot: u64) -> bool {
        if !stream.is_waiting() {
            return true;
        }
        let before = stream.records_written();
        match stream.commit() {
            Ok(()) => {
                let records = stream.records_written().saturating_sub(before);
                let micros = clock::boot().saturating_sub(boot);
                if self.log_failed.replace(false) {
                    tracing::info!("the audit log can be written again");
                }
                self.counters.audit_written(records, micros.saturating_mul(1_000));
                true
            }
            Err(problem) => {
                self.counters.audit_failed();
                if !self.log_failed.replace(true) {
                    let cause = std::error::Error::source(&problem).map(ToString::to_string);
                    tracing::error!(
                        cause,
                        "the audit log cannot be written: statements are refused"
                    );
                }
                false
            }
        }
    }

    /// Texts were judged since `begun`, and `decided` on; CLOCK_BOOTTIME after that.
    pub(super) fn note_judging(&self, judge: &Judge, decided: bool, begun: Moment) -> u64 {
        let boot = if decided { clock::boot() } else { begun.boot };
        if decided {
            self.counters.decided(boot.saturating_sub(begun.boot).saturating_mul(1_000));
        }
        let seen = judge.disagreements();
        for _ in self.disagreements.replace(seen)..seen {
            self.counters.parser_disagreed();
        }
        boot
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    pub(super) fn session_panicked(&self, session: SessionId) {
        self.shared.metrics.session_panicked();
        tracing::error!(%session, "internal error: the session was closed");
    }
}
