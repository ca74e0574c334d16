//! A small client of the simple query protocol, for pgward's own statements: reading the
//! catalogue, finding and ending backends. Rows are read as text.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::dial::{DialError, SaltedPasswords, Setting, Target, dial, text};
use super::event_loop;
use super::framed::{FrameError, Framed};
use crate::config::Role;
use crate::wire::backend::{self, tag};
use crate::wire::{Cursor, Malformed, write};

/// Longest message of an answer: a function's body is one value.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A row: text values, `None` for NULL.
pub type Row = Vec<Option<String>>;

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The connection is lost, or its stream cannot be followed: it is of no further use.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The server failed the statement; the connection goes on.
    #[error("{message} (SQLSTATE {sqlstate})")]
    Failed {
        /// SQLSTATE.
        sqlstate: String,
        /// MESSAGE.
        message: String,
        /// HINT, where there is one.
        hint: Option<String>,
    },
}

impl From<FrameError> for QueryError {
    fn from(problem: FrameError) -> Self {
        Self::Lost(problem.to_string())
    }
}

impl From<std::io::Error> for QueryError {
    fn from(problem: std::io::Error) -> Self {
        Self::Lost(problem.to_string())
    }
}

impl From<Malformed> for QueryError {
    fn from(problem: Malformed) -> Self {
        Self::Lost(problem.to_string())
    }
}

/// Longest goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// A connection of pgward's own.
#[derive(Debug)]
pub struct Client {
    framed: Framed,
}

impl Client {
    /// Connects as `role`. Our own statements are known by `application_name = 'pgward'`.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn connect(
        target: &Target,
        role: &Role,
        salted: &SaltedPasswords,
        statement_timeout: &'static str,
    ) -> Result<Self, DialError> {
        Self::connect_with(target, role, salted, statement_timeout, &[]).await
    }

    /// As [`Client::connect`], with more settings.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn connect_with(
        target: &Target,
        role: &Role,
        salted: &SaltedPasswords,
        statement_timeout: &'static str,
        more: &[Setting],
    ) -> Result<Self, DialError> {
        let parameters = [
            ("application_name", "pgward"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO"),
            ("TimeZone", "UTC"),
            ("statement_timeout", statement_timeout),
            ("default_transaction_read_only", "on"),
            ("idle_session_timeout", "0"),
        ];
        let mut parameters = parameters.map(|(name, value)| (name.into(), value.into())).to_vec();
        parameters.extend_from_slice(more);
        let upstream = dial(target, role, &parameters, salted).await?;
        Ok(Self { framed: Framed::new(upstream.stream) })
    }

    /// Runs `sql` and reads all rows of its last statement that has any.
    ///
    /// # Errors
    /// After [`QueryError::Lost`] the connection is to be dropped. Not to be cancelled halfway:
    /// the next answer would be the old one's rest.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, QueryError> {
        let mut out = Vec::new();
        write::query(&mut out, sql);
        self.framed.send(&out).await?;
        let mut rows = Vec::new();
        let mut failed = None;
        loop {
            let (kind, body) = self.framed.frame(MESSAGE_BYTES_MAX).await?;
            match kind {
                tag::ROW_DESCRIPTION => rows.clear(),
                tag::DATA_ROW => rows.push(row(body)?),
                tag::ERROR_RESPONSE => {
                    let fields = backend::fields(body);
                    let (sqlstate, message) = (text(fields.sqlstate), text(fields.message));
                    if fields.severity != b"ERROR" {
                        return Err(QueryError::Lost(message));
                    }
                    let hint = fields.hint.map(text).filter(|hint| !hint.is_empty());
                    failed = Some(QueryError::Failed { sqlstate, message, hint });
                }
                tag::READY_FOR_QUERY => return failed.map_or(Ok(rows), Err),
                tag::COMMAND_COMPLETE
                | tag::EMPTY_QUERY_RESPONSE
                | tag::NOTICE_RESPONSE
                | tag::NOTIFICATION_RESPONSE
                | tag::PARAMETER_STATUS => {}
                other => {
                    let other = char::from(other);
                    return Err(QueryError::Lost(format!("unexpected message {other:?}")));
                }
            }
        }
    }

    /// Says goodbye, so that the server does not log a lost connection.
    pub async fn close(mut self) {
        let mut out = Vec::new();
        write::terminate(&mut out);
        let closing = async {
            if self.framed.send(&out).await.is_ok() {
                let (mut stream, _) = self.framed.into_parts();
                // The server may be quicker.
                let _ = stream.shutdown().await;
            }
        };
        let _ = event_loop::timeout(CLOSE_MAX, closing).await;
    }

    /// Resolves when an idle connection is lost; to be dropped when there is a query to run.
    pub async fn lost(&mut self) -> QueryError {
        loop {
            match self.framed.frame(MESSAGE_BYTES_MAX).await {
                Ok((
                    tag::NOTICE_RESPONSE | tag::NOTIFICATION_RESPONSE | tag::PARAMETER_STATUS,
                    _,
                )) => {}
                // An error that nobody asked for is the server's goodbye.
                Ok((tag::ERROR_RESPONSE, body)) => {
                    return QueryError::Lost(text(backend::fields(body).message));
                }
                Ok((other, _)) => {
                    let other = char::from(other);
                    return QueryError::Lost(format!("unexpected message {other:?}"));
                }
                Err(problem) => return problem.into(),
            }
        }
    }
}

fn row(body: &[u8]) -> Result<Row, Malformed> {
    let mut cursor = Cursor::new(body);
    let count = cursor.count()?;
    let mut row = Vec::with_capacity(count);
    for _ in 0..count {
        row.push(match usize::try_from(cursor.int32()?) {
            Ok(length) => Some(text(cursor.bytes(length)?)),
            Err(_) => None,
        });
    }
    cursor.finish()?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::net::stream::Stream;

    #[tokio::test]
    async fn a_closed_connection_says_goodbye() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut server = listener.accept().await.unwrap().0;
        Client { framed: Framed::new(Stream::Plain(stream.into())) }.close().await;
        let mut said = Vec::new();
        server.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, b"X\0\0\0\x04");
    }

    #[test]
    fn rows_are_read_inside_their_message() {
        let body = b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff";
        assert_eq!(row(body), Ok(vec![Some("ab".to_owned()), None]));
        for bad in [&b"\0\x02\0\0\0\x02ab"[..], b"\0\x01\0\0\0\x09ab", b"", b"\0\0x"] {
            assert!(row(bad).is_err(), "{bad:?}");
        }
    }
}
