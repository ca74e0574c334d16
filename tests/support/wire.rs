//! A client that sends any bytes it likes and sees every message that comes back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::message::{self, Fields, Message};
use super::scram::{Binding, Scram};

pub(crate) const PROTOCOL_3_0: u32 = 196_608;
pub(crate) const PROTOCOL_3_2: u32 = 196_610;

/// How long any single read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A stream, plain or TLS.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection in whatever state.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    /// The socket beneath, for timeouts and half-closing.
    pub(crate) socket: TcpStream,
    buffer: Vec<u8>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) pid: i32,
    pub(crate) key: Vec<u8>,
    /// NOTICEs seen by [`Wire::login`].
    pub(crate) notices: Vec<Fields>,
    pub(crate) negotiated: Option<Message>,
}

/// What one round trip brought.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) rows: Vec<Vec<Option<String>>>,
    pub(crate) tags: Vec<String>,
    pub(crate) errors: Vec<Fields>,
    pub(crate) notices: Vec<Fields>,
    /// The tags of all messages in order, e.g. `1T2DCZ`.
    pub(crate) sequence: String,
    /// Transaction status of the last ReadyForQuery; 0 when the connection ended instead.
    pub(crate) status: u8,
}

impl Reply {
    /// The only value of the only row.
    pub(crate) fn value(&self) -> String {
        assert!(self.errors.is_empty(), "{:?}", self.errors);
        self.rows[0][0].clone().unwrap_or_default()
    }

    /// The code of the only error, or "".
    pub(crate) fn code(&self) -> &str {
        self.errors.first().map_or("", Fields::code)
    }
}

impl Wire {
    /// A TCP connection on which nothing was said yet.
    pub(crate) fn open(port: u16) -> Self {
        Self::try_open(port).expect("connect")
    }

    /// The same, unless nobody listens.
    fn try_open(port: u16) -> std::io::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        socket.set_write_timeout(Some(READ_TIMEOUT)).unwrap();
        let stream = Box::new(socket.try_clone().unwrap());
        Ok(Self::over(stream, socket))
    }

    /// The same over a stream that was made already (TLS).
    pub(crate) fn over(stream: Box<dyn Stream>, socket: TcpStream) -> Self {
        Self {
            stream,
            socket,
            buffer: Vec::new(),
            parameters: Vec::new(),
            pid: 0,
            key: Vec::new(),
            notices: Vec::new(),
            negotiated: None,
        }
    }

    /// A session, logged in, or a panic.
    pub(crate) fn connect(port: u16, user: &str, database: &str, password: &str) -> Self {
        Self::try_connect(port, user, database, password)
            .unwrap_or_else(|error| panic!("login of {user} to {database}: {error:?}"))
    }

    /// A session, or the error that ended its login; one without fields where the server went
    /// away, at whatever step.
    pub(crate) fn try_connect(
        port: u16,
        user: &str,
        database: &str,
        password: &str,
    ) -> Result<Self, Fields> {
        let mut wire = Self::try_open(port).map_err(|_| Fields::default())?;
        wire.login(PROTOCOL_3_0, &[("user", user), ("database", database)], password)?;
        Ok(wire)
    }

    /// Startup and authentication without channel binding, up to ReadyForQuery.
    pub(crate) fn login(
        &mut self,
        version: u32,
        parameters: &[(&str, &str)],
        password: &str,
    ) -> Result<(), Fields> {
        self.login_bound(version, parameters, password, &Binding::None)
    }

    /// Startup and authentication, up to ReadyForQuery.
    pub(crate) fn login_bound(
        &mut self,
        version: u32,
        parameters: &[(&str, &str)],
        password: &str,
        binding: &Binding,
    ) -> Result<(), Fields> {
        self.say(&message::startup(version, parameters))?;
        let mechanism = match binding {
            Binding::EndPoint(_) => "SCRAM-SHA-256-PLUS",
            _ => "SCRAM-SHA-256",
        };
        let mut scram = Scram::new(password, "", binding);
        let mut signature = String::new();
        loop {
            let Some(message) = self.read() else {
                return Err(Fields::default());
            };
            match message.tag {
                b'E' => return Err(message.fields()),
                b'N' => self.notices.push(message.fields()),
                b'v' => self.negotiated = Some(message),
                b'S' => {
                    let text = message.text();
                    let (name, value) = text.split_once('\0').unwrap();
                    self.parameters.push((name.to_owned(), value.to_owned()));
                }
                b'K' => {
                    self.pid = i32::from_be_bytes(message.body[..4].try_into().unwrap());
                    self.key = message.body[4..].to_vec();
                }
                b'Z' => return Ok(()),
                b'R' => match i32::from_be_bytes(message.body[..4].try_into().unwrap()) {
                    0 => {}
                    3 => {
                        let mut body = password.as_bytes().to_vec();
                        body.push(0);
                        self.say(&message::password(&body))?;
                    }
                    10 => {
                        let offered = String::from_utf8_lossy(&message.body[4..]).into_owned();
                        assert!(
                            offered.split('\0').any(|m| m == mechanism),
                            "{mechanism} not among {offered:?}"
                        );
                        scram = Scram::new(password, "rOprNGfwEbeRWgbNEkqO", binding);
                        let first = scram.first();
                        let mut body = mechanism.as_bytes().to_vec();
                        body.push(0);
                        body.extend(u32::try_from(first.len()).unwrap().to_be_bytes());
                        body.extend(first.as_bytes());
                        self.say(&message::password(&body))?;
                    }
                    11 => {
                        let first = String::from_utf8_lossy(&message.body[4..]).into_owned();
                        let (last, expected) = scram.last(&first);
                        signature = expected;
                        self.say(&message::password(last.as_bytes()))?;
                    }
                    12 => {
                        let last = String::from_utf8_lossy(&message.body[4..]).into_owned();
                        assert_eq!(last, signature, "the server proved nothing");
                    }
                    other => panic!("authentication request {other}"),
                },
                other => panic!("{:?} during login", char::from(other)),
            }
        }
    }

    /// Sends a part of a login; as [`Wire::try_connect`] where the server went away.
    fn say(&mut self, bytes: &[u8]) -> Result<(), Fields> {
        self.try_send(bytes).map_err(|_| Fields::default())
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("send");
    }

    /// Sends bytes; the peer may be gone.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next message; `None` when the peer closed.
    pub(crate) fn read(&mut self) -> Option<Message> {
        let header = self.fill(5)?;
        let tag = header[0];
        let length = u32::from_be_bytes(header[1..5].try_into().unwrap()) as usize;
        let whole = self.fill(1 + length)?;
        let body = whole[5..=length].to_vec();
        self.buffer.drain(..=length);
        Some(Message { tag, body })
    }

    /// One byte, as answered to SSLRequest; `None` when the peer closed.
    pub(crate) fn read_byte(&mut self) -> Option<u8> {
        let byte = self.fill(1)?[0];
        self.buffer.drain(..1);
        Some(byte)
    }

    fn fill(&mut self, length: usize) -> Option<&[u8]> {
        let mut chunk = [0; 16 * 1024];
        while self.buffer.len() < length {
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(n) => self.buffer.extend(&chunk[..n]),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof
                    ) =>
                {
                    return None;
                }
                Err(error) => panic!("no answer within {READ_TIMEOUT:?}: {error}"),
            }
        }
        Some(&self.buffer)
    }

    /// Everything up to the next ReadyForQuery, or to the end of the connection.
    pub(crate) fn reply(&mut self) -> Reply {
        let mut reply = Reply::default();
        while let Some(message) = self.read() {
            reply.sequence.push(char::from(message.tag));
            match message.tag {
                b'D' => reply.rows.push(message.row()),
                b'C' => reply.tags.push(message.text()),
                b'E' => reply.errors.push(message.fields()),
                b'N' => reply.notices.push(message.fields()),
                b'Z' => {
                    reply.status = message.body[0];
                    return reply;
                }
                _ => {}
            }
        }
        reply
    }

    /// A simple Query and its reply.
    pub(crate) fn query(&mut self, sql: &str) -> Reply {
        self.send(&message::query(sql));
        self.reply()
    }

    /// Parse, Bind, Describe, Execute, Sync in one write, and the reply.
    pub(crate) fn extended(&mut self, sql: &str, values: &[Option<&str>]) -> Reply {
        self.send(
            &[
                message::parse("", sql, &[]),
                message::bind("", "", values),
                message::describe(b'P', ""),
                message::execute("", 0),
                message::sync(),
            ]
            .concat(),
        );
        self.reply()
    }

    /// Sends several messages in one write and reads up to ReadyForQuery.
    pub(crate) fn round(&mut self, messages: &[Vec<u8>]) -> Reply {
        self.send(&messages.concat());
        self.reply()
    }

    /// The value of a parameter as the server reported it at the start.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}
