//! A session fed with both sides' bytes: it never panics, never takes more than it was given, and
//! of what it lets through to the upstream every frame is whole and none is FunctionCall.

use std::sync::Arc;

use pgward::base::{GrantId, Moment};
use pgward::policy::catalogue::{Catalogue, Snapshot};
use pgward::policy::terms::Caps;
use pgward::policy::{Judge, JudgeSettings, JudgeSource, Terms};
use pgward::session::{Event, Recorder, Session, Start, Turn};
use pgward::wire::frame::{HEADER_BYTES, Head, head};

/// An upstream of which only built-in things are known.
#[derive(Debug)]
struct Bare {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

struct Silent;

/// `data` is cut into chunks: a byte says whose chunk follows and how long it is.
pub(crate) fn session(data: &[u8]) {
    let mut judge = Judge::new(Arc::new(Bare::new()), [7; 16]);
    let mut session = Session::new(&Start { terms: terms(), nonce: 0x00c0_ffee, utf8: true });
    let mut sides = [Vec::new(), Vec::new()];
    let mut forwarded = Vec::new();
    let mut now = Moment { boot: 1_000, wall: 1_000_000 };
    let mut rest = data;
    while let Some((&chunk, tail)) = rest.split_first() {
        let side = usize::from(chunk & 1);
        let (bytes, tail) = tail.split_at(usize::from(chunk >> 1).min(tail.len()));
        rest = tail;
        sides[side].extend_from_slice(bytes);
        now.boot += 1;
        let mut turn = Turn::default();
        let used = if side == 0 {
            if !session.wants_client() && !session.held() {
                continue;
            }
            session.client_bytes(&sides[0], now, &mut judge, &mut Silent, &mut turn)
        } else {
            session.upstream_bytes(&sides[1], now, &mut Silent, &mut turn)
        };
        assert!(used <= sides[side].len());
        turn.upstream.slices(&sides[side]).for_each(|slice| forwarded.extend_from_slice(slice));
        sides[side].drain(..used);
        if turn.end.is_some() {
            break;
        }
    }
    session.lost(now, &mut Silent);
    whole_frames(&forwarded);
}

/// Every frame has a length that can be followed; the last may still be on its way.
fn whole_frames(mut bytes: &[u8]) {
    loop {
        match head(bytes) {
            Head::Partial => return,
            Head::Bad { tag, length } => panic!("forwarded {tag:#x} of length {length}"),
            Head::Frame { tag, body } => {
                assert!(b"QPBDECSHdcfX".contains(&tag), "forwarded {tag:#x}");
                let Some(next) = bytes.get(HEADER_BYTES + body..) else { return };
                bytes = next;
            }
        }
    }
}

impl Bare {
    fn new() -> Self {
        let settings = JudgeSettings::new(&[], &[], true).expect("no functions named");
        Self {
            catalogue: Arc::new(Catalogue::new(Snapshot { major: 15, ..Snapshot::default() })),
            settings: Arc::new(settings),
        }
    }
}

impl JudgeSource for Bare {
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

impl Recorder for Silent {
    fn record(&mut self, _: &Event<'_>) {}
}

fn terms() -> Arc<Terms> {
    Arc::new(Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-1 a reason".into(),
        ticket: None,
        scopes: Arc::new([]),
        expires_at: 4_000_000_000,
        write_path: ["public".into()].into(),
        caps: Caps::default(),
        statement_bytes_max: 100_000,
        row_caps: pgward::policy::RowCaps {
            rows_written_max: 5,
            rows_read_max: 0,
            bytes_read_max: 0,
        },
    })
}
