//! An upstream that plays a script: sessions of the reader are answered here, without a backend
//! each, so that there can be thousands; everybody else is passed on to a real server.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;

use super::message as m;
use super::pg::Pg;

/// Process ids of scripted backends begin here; a real server has none so high.
const PIDS_FROM: i32 = 1_000_000_000;

/// The scripted upstream; gone when dropped.
pub(crate) struct Fake {
    pub(crate) port: u16,
    _runtime: Runtime,
}

impl Fake {
    /// In front of a real server, which keeps the catalogue and checks the roles.
    pub(crate) fn before(pg: &Pg) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let real = pg.port();
        runtime.spawn(async move {
            for pid in PIDS_FROM.. {
                let Ok((tcp, _)) = listener.accept().await else { return };
                // Its end is the end of the connection.
                tokio::spawn(async move { drop(serve(tcp, pid, real).await) });
            }
        });
        Self { port, _runtime: runtime }
    }
}

async fn serve(mut tcp: TcpStream, pid: i32, real: u16) -> io::Result<()> {
    let length = tcp.read_u32().await?;
    let mut startup = length.to_be_bytes().to_vec();
    startup.resize(length as usize, 0);
    tcp.read_exact(&mut startup[4..]).await?;
    if String::from_utf8_lossy(&startup).contains("user\0reader\0") {
        session(tcp, pid).await
    } else {
        pass_on(tcp, &startup, real).await
    }
}

/// Trusts, and answers every Query with one row `1`.
async fn session(mut tcp: TcpStream, pid: i32) -> io::Result<()> {
    let mut hello = m::raw(b'R', &[0; 4]);
    for (name, value) in [("server_version", "15.0"), ("client_encoding", "UTF8")] {
        hello.extend(m::raw(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    hello.extend(m::raw(b'K', &[pid.to_be_bytes(), [7; 4]].concat()));
    hello.extend(m::raw(b'Z', b"I"));
    tcp.write_all(&hello).await?;
    let (mut from, mut to) = tcp.into_split();
    while let (b'Q', _) = frame(&mut from).await? {
        to.write_all(&rows(&[vec!["1".to_owned()]])).await?;
    }
    Ok(())
}

/// Passes on what pgward asks as control, except what it asks about scripted backends.
async fn pass_on(tcp: TcpStream, startup: &[u8], real: u16) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", real)).await?;
    let (mut from_server, mut to_server) = server.into_split();
    let (mut from, to) = tcp.into_split();
    let to: Arc<Mutex<OwnedWriteHalf>> = Arc::new(Mutex::new(to));
    to_server.write_all(startup).await?;
    let back = Arc::clone(&to);
    tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            if back.lock().await.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    });
    loop {
        let (tag, body) = frame(&mut from).await?;
        let text = String::from_utf8_lossy(&body);
        let of_ours = text.contains("'{10000") || text.contains("(VALUES (10000");
        let answer = if tag != b'Q' || !of_ours {
            None
        } else if text.contains("pg_terminate_backend(a.pid)") {
            Some(rows(&[]))
        } else if text.contains("pg_stat_activity") {
            let pids = text.split(['{', '}']).nth(1).unwrap_or_default();
            let row = |pid: &str| vec![pid.to_owned(), "1".to_owned()];
            Some(rows(&pids.split(',').map(row).collect::<Vec<_>>()))
        } else {
            None
        };
        match answer {
            Some(answer) => to.lock().await.write_all(&answer).await?,
            None => to_server.write_all(&m::raw(tag, &body)).await?,
        }
    }
}

async fn frame(from: &mut OwnedReadHalf) -> io::Result<(u8, Vec<u8>)> {
    let tag = from.read_u8().await?;
    let length = from.read_u32().await?;
    let mut body = vec![0; length as usize - 4];
    from.read_exact(&mut body).await?;
    Ok((tag, body))
}

/// A whole answer to a Query: text columns, as many as the first row has.
fn rows(rows: &[Vec<String>]) -> Vec<u8> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut description = u16::try_from(columns).unwrap().to_be_bytes().to_vec();
    for _ in 0..columns {
        description.extend(b"c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
    }
    let mut out = m::raw(b'T', &description);
    for row in rows {
        let mut body = u16::try_from(row.len()).unwrap().to_be_bytes().to_vec();
        for value in row {
            body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(value.as_bytes());
        }
        out.extend(m::raw(b'D', &body));
    }
    out.extend(m::raw(b'C', b"SELECT 1\0"));
    out.extend(m::raw(b'Z', b"I"));
    out
}
