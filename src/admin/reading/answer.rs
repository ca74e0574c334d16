//! An answer as it grows: a thread that reads files writes lines into one end, the connection
//! takes them from the other as fast as its client reads. In between is room for little, so that
//! who reads slowly slows down the reading and nothing else.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep};

use super::forms::{AuditEnd, AuditLine, AuditProgress};
use crate::admin::forms::ErrorBody;
use crate::audit::read::Line;
use crate::audit::search::replay::Audience;
use crate::audit::search::{Found, Progress, Sink};
use crate::base::SessionId;
use crate::net::clock;

/// Bytes of lines that are sent together.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait for the client.
const CHUNKS_MAX: usize = 8;
/// How long a client may take nothing, before the reading is given up: somebody else may need its
/// place.
const PATIENCE: Duration = Duration::from_secs(600);
/// A client hears something at least so often, whatever the disk does, and so knows that the
/// server is there; the server knows by it that the client is not.
const BEAT_EVERY: Duration = Duration::from_secs(10);
const BEAT: &[u8] = b"{\"alive\":true}\n";

/// Why a reading stops before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    /// The client went away.
    #[error("the client went away")]
    Gone,
    /// The client took nothing for too long.
    #[error("nothing was taken of the answer for {} minutes", PATIENCE.as_secs() / 60)]
    Stalled,
    /// Who asked may no more.
    #[error("the right to audit was taken away, or can't be confirmed any more")]
    NoRight,
}

/// The end of an answer that the reading thread writes to.
#[derive(Debug)]
pub(super) struct Out {
    chunks: mpsc::Sender<Bytes>,
    last: oneshot::Sender<Bytes>,
    no_right: Arc<AtomicBool>,
    patience: Duration,
    chunk: Vec<u8>,
    /// Records written.
    pub(super) found: u64,
}

/// The end that the connection takes from.
#[derive(Debug)]
pub(super) struct Answer {
    chunks: mpsc::Receiver<Bytes>,
    last: Option<oneshot::Receiver<Bytes>>,
    beat: Pin<Box<Sleep>>,
    beat_every: Duration,
}

/// An answer's two ends. Needs a tokio runtime.
pub(super) fn answer(no_right: Arc<AtomicBool>) -> (Out, Answer) {
    let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
    let (last_sender, last) = oneshot::channel();
    let out = Out {
        chunks: sender,
        last: last_sender,
        no_right,
        patience: PATIENCE,
        chunk: Vec::with_capacity(CHUNK_BYTES),
        found: 0,
    };
    let (beat_every, beat) = (BEAT_EVERY, Box::pin(sleep(BEAT_EVERY)));
    (out, Answer { chunks, last: Some(last), beat, beat_every })
}

impl Stop {
    /// Whether that is why.
    pub(super) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|why| why.downcast_ref()).copied()
    }
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> Self {
        Self::other(stop)
    }
}

impl Out {
    /// A record, with what came of it.
    pub(super) fn record(&mut self, record: &str, done: Option<&str>) -> io::Result<()> {
        self.found += 1;
        self.chunk.extend_from_slice(b"{\"record\":");
        self.chunk.extend_from_slice(record.as_bytes());
        if let Some(done) = done {
            self.chunk.extend_from_slice(b",\"done\":");
            self.chunk.extend_from_slice(done.as_bytes());
        }
        self.chunk.extend_from_slice(b"}\n");
        if self.chunk.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Lines that were passed over.
    pub(super) fn torn(&mut self, torn: u64) {
        if torn > 0 {
            self.chunk.extend(line(&AuditLine { torn: Some(torn), ..AuditLine::default() }));
        }
    }

    /// Sends what was written; waits for the client to take what is before it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        going(&self.chunks, &self.no_right)?;
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        match wait(self.chunks.send(chunk.into()), self.patience) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(Stop::Gone.into()),
            None => Err(Stop::Stalled.into()),
        }
    }

    /// Tells, without writing, whether there is reason to go on.
    pub(super) fn going(&self) -> impl Fn() -> io::Result<()> + use<> {
        let (chunks, no_right) = (self.chunks.clone(), Arc::clone(&self.no_right));
        move || going(&chunks, &no_right)
    }

    /// Writes how it ended.
    pub(super) fn finish(mut self, result: io::Result<AuditEnd>) {
        // What was found before a fault is shown.
        let result = match result {
            Err(error) if Stop::of(&error).is_some() => Err(error),
            result => self.flush().and(result),
        };
        let last = match result {
            Ok(end) => AuditLine { end: Some(end), ..AuditLine::default() },
            Err(error) => AuditLine { error: Some(told(&error)), ..AuditLine::default() },
        };
        // Past what still waits for the client, so that this thread need not.
        let _ = self.last.send(line(&last).into());
    }
}

fn going(chunks: &mpsc::Sender<Bytes>, no_right: &AtomicBool) -> io::Result<()> {
    if no_right.load(Ordering::Relaxed) {
        return Err(Stop::NoRight.into());
    }
    if chunks.is_closed() { Err(Stop::Gone.into()) } else { Ok(()) }
}

fn told(error: &io::Error) -> ErrorBody {
    let hint = match Stop::of(error) {
        Some(Stop::NoRight) => "ask for it again: pgward operator list shows who may audit",
        Some(Stop::Stalled | Stop::Gone) => "ask again, and for less at once: --since, --until",
        None => "the server's log says more",
    };
    ErrorBody {
        error: "the audit log was not read to its end, and what is above is not everything".into(),
        detail: Some(error.to_string()),
        hint: Some(hint.into()),
    }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

impl Sink for Out {
    fn found(&mut self, found: &Found) -> io::Result<()> {
        self.record(&found.line, found.done.as_deref())
    }

    fn progress(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        let Progress { file, done, total } = *progress;
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let progress = Some(AuditProgress { file, done, total });
        self.chunk.extend(line(&AuditLine { progress, ..AuditLine::default() }));
        self.flush()
    }
}

impl Audience for Out {
    fn history(&mut self, found: &Found) -> io::Result<()> {
        Sink::found(self, found)
    }

    fn record(&mut self, _session: SessionId, found: &Found) -> io::Result<()> {
        Sink::found(self, found)
    }

    fn progress(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        Sink::progress(self, progress)
    }
}

/// A line of a tail.
pub(super) fn put(out: &mut Out, line: &Line<'_>) -> io::Result<()> {
    Out::record(out, line.text, None)
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let taken = match self.chunks.poll_recv(context) {
            Poll::Ready(Some(chunk)) => Some(chunk),
            Poll::Ready(None) => {
                let Some(last) = &mut self.last else { return Poll::Ready(None) };
                let Poll::Ready(said) = Pin::new(last).poll(context) else { return Poll::Pending };
                self.last = None;
                // A thread that says nothing has come to grief: the connection breaks off.
                let broken = io::Error::other("the reading broke off");
                return Poll::Ready(Some(said.map(Frame::data).map_err(|_| broken)));
            }
            Poll::Pending => None,
        };
        if taken.is_none() && self.beat.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let next = Instant::now() + self.beat_every;
        self.beat.as_mut().reset(next);
        Poll::Ready(Some(Ok(Frame::data(taken.unwrap_or(Bytes::from_static(BEAT))))))
    }
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread, which is none of a runtime's; `None` when it takes longer than that.
fn wait<T>(future: impl Future<Output = T>, patience: Duration) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let start = clock::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = patience.checked_sub(Duration::from_micros(clock::now().since(start)))?;
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn ends() -> (Out, Answer) {
        answer(Arc::default())
    }

    async fn rest(answer: Answer) -> Vec<AuditLine> {
        let bytes = answer.collect().await.unwrap().to_bytes();
        let lines = str::from_utf8(&bytes).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn all_of_it_arrives_in_order_however_slowly_it_is_taken() {
        let (mut out, answer) = ends();
        let record = format!("{{\"n\":\"{}\"}}", "x".repeat(10_000));
        let wanted = record.clone();
        let thread = thread::spawn(move || {
            for _ in 0..1_000 {
                out.record(&record, Some("{}")).unwrap();
            }
            out.torn(3);
            let found = out.found;
            out.finish(Ok(AuditEnd { found, ..AuditEnd::default() }));
        });
        let lines = rest(answer).await;
        thread.join().unwrap();
        assert_eq!(lines.len(), 1_002);
        assert!(lines[..1_000].iter().all(|line| line.record.as_ref().unwrap().get() == wanted));
        assert_eq!(lines[1_000].torn, Some(3));
        assert_eq!(lines[1_001].end.as_ref().unwrap().found, 1_000);
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up_and_told() {
        let (mut out, answer) = ends();
        out.patience = Duration::from_millis(1);
        let record = "x".repeat(CHUNK_BYTES);
        let thread = thread::spawn(move || {
            let stopped = (0..100).find_map(|_| out.record(&format!("\"{record}\""), None).err());
            out.finish(Err(stopped.unwrap()));
        });
        // The thread is free before anything is taken.
        thread.join().unwrap();
        let lines = rest(answer).await;
        assert_eq!(lines.len(), CHUNKS_MAX + 1);
        let error = lines[CHUNKS_MAX].error.clone().unwrap();
        assert!(error.error.contains("not everything"), "{error:?}");
        assert!(error.detail.unwrap().contains("10 minutes"));
    }

    #[tokio::test]
    async fn why_it_stops() {
        let (mut out, body) = ends();
        let going = out.going();
        assert!(going().is_ok() && out.flush().is_ok());
        out.no_right.store(true, Ordering::Relaxed);
        assert!(going().unwrap_err().to_string().contains("right to audit"));
        out.no_right.store(false, Ordering::Relaxed);
        drop(body);
        let why = out.flush().unwrap_err();
        assert_eq!(Stop::of(&why), Some(Stop::Gone));
        assert!(going().is_err());
        // A fault in the middle is the last line, behind what was found.
        let (mut out, body) = ends();
        out.record("{}", None).unwrap();
        out.finish(Err(io::Error::other("Input/output error")));
        let lines = rest(body).await;
        assert!(lines[0].record.is_some() && lines.len() == 2);
        let error = lines[1].error.clone().unwrap();
        assert_eq!(error.detail.as_deref(), Some("Input/output error"));
        // A thread that dies leaves no answer that looks whole.
        let (out, body) = ends();
        drop(out);
        assert!(body.collect().await.is_err());
    }

    #[tokio::test]
    async fn there_is_a_sign_of_life() {
        let (out, mut body) = ends();
        body.beat_every = Duration::from_millis(1);
        body.beat = Box::pin(sleep(body.beat_every));
        for _ in 0..2 {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), BEAT);
        }
        drop(out);
    }
}
