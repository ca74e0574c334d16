//! Builders for the messages we originate, appended to a buffer.
//!
//! Those that are made for no login and no statement that goes well are pgwire's encoders. Texts are cut at their first NUL before they go in: the
//! encoders write a NUL as it is, and what follows it would be read as another field.

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use pgwire::messages::startup::NegotiateProtocolVersion;

use super::backend::tag;
use super::frontend;
use crate::base::{Notice, Refusal, Severity};

/// ErrorResponse.
pub fn error(out: &mut Vec<u8>, refusal: &Refusal) {
    let severity = match refusal.severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
    };
    let mut fields = vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', refusal.sqlstate.code().to_owned()),
        (b'M', clean(&refusal.message)),
    ];
    fields.extend(refusal.detail.as_deref().map(|text| (b'D', clean(text))));
    fields.extend(refusal.hint.as_deref().map(|text| (b'H', clean(text))));
    fields.extend(refusal.position.map(|position| (b'P', position.to_string())));
    put(out, &ErrorResponse::new(fields));
}

/// NoticeResponse.
pub fn notice(out: &mut Vec<u8>, notice: &Notice) {
    let mut fields = vec![
        (b'S', notice.severity.to_owned()),
        (b'V', notice.severity.to_owned()),
        (b'C', "00000".to_owned()),
        (b'M', clean(&notice.message)),
    ];
    fields.extend(notice.detail.as_deref().map(|text| (b'D', clean(text))));
    fields.extend(notice.hint.as_deref().map(|text| (b'H', clean(text))));
    put(out, &NoticeResponse::new(fields));
}

/// AuthenticationOk.
pub fn authentication_ok(out: &mut Vec<u8>) {
    authentication(out, 0, |_| {});
}

/// AuthenticationCleartextPassword.
pub fn authentication_cleartext(out: &mut Vec<u8>) {
    authentication(out, 3, |_| {});
}

/// AuthenticationSASL with the mechanisms on offer.
pub fn authentication_sasl(out: &mut Vec<u8>, mechanisms: &[&str]) {
    authentication(out, 10, |out| {
        for name in mechanisms {
            string(out, name.as_bytes());
        }
        out.push(0);
    });
}

/// AuthenticationSASLContinue.
pub fn authentication_sasl_continue(out: &mut Vec<u8>, data: &[u8]) {
    authentication(out, 11, |out| out.extend_from_slice(data));
}

/// AuthenticationSASLFinal.
pub fn authentication_sasl_final(out: &mut Vec<u8>, data: &[u8]) {
    authentication(out, 12, |out| out.extend_from_slice(data));
}

fn authentication(out: &mut Vec<u8>, kind: u32, data: impl FnOnce(&mut Vec<u8>)) {
    frame(out, tag::AUTHENTICATION, |out| {
        out.extend_from_slice(&kind.to_be_bytes());
        data(out);
    });
}

/// ParameterStatus.
pub fn parameter_status(out: &mut Vec<u8>, name: &str, value: &str) {
    frame(out, tag::PARAMETER_STATUS, |out| {
        string(out, name.as_bytes());
        string(out, value.as_bytes());
    });
}

/// BackendKeyData; the key is 4 bytes on protocol 3.0 and up to 256 on 3.2.
pub fn backend_key_data(out: &mut Vec<u8>, pid: i32, key: &[u8]) {
    frame(out, tag::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&pid.to_be_bytes());
        out.extend_from_slice(key);
    });
}

/// NegotiateProtocolVersion with the full version number, as PostgreSQL 18 sends it.
pub fn negotiate_protocol_version(out: &mut Vec<u8>, version: u32, unknown_options: &[&str]) {
    let options = unknown_options.iter().map(|name| clean(name)).collect();
    put(out, &NegotiateProtocolVersion::new(version.cast_signed(), options));
}

/// SASLInitialResponse.
pub fn sasl_initial_response(out: &mut Vec<u8>, mechanism: &str, data: &[u8]) {
    frame(out, frontend::tag::PASSWORD, |out| {
        string(out, mechanism.as_bytes());
        out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(data);
    });
}

/// SASLResponse.
pub fn sasl_response(out: &mut Vec<u8>, data: &[u8]) {
    frame(out, frontend::tag::PASSWORD, |out| out.extend_from_slice(data));
}

/// PasswordMessage: clear text or the md5 form.
pub fn password_message(out: &mut Vec<u8>, password: &[u8]) {
    frame(out, b'p', |out| string(out, password));
}

/// ReadyForQuery with `I`, `T` or `E`.
pub fn ready_for_query(out: &mut Vec<u8>, status: u8) {
    frame(out, b'Z', |out| out.push(status));
}

/// Query.
pub fn query(out: &mut Vec<u8>, text: &str) {
    frame(out, b'Q', |out| string(out, text.as_bytes()));
}

/// Parse; `types` are the parameter type OIDs as they stand in the message, four bytes each.
pub fn parse(out: &mut Vec<u8>, name: &[u8], text: &str, types: &[u32]) {
    frame(out, b'P', |out| {
        string(out, name);
        string(out, text.as_bytes());
        out.extend_from_slice(&u16::try_from(types.len()).unwrap_or(0).to_be_bytes());
        for oid in types {
            out.extend_from_slice(&oid.to_be_bytes());
        }
    });
}

/// Execute.
pub fn execute(out: &mut Vec<u8>, portal: &[u8], rows_max: u32) {
    frame(out, b'E', |out| {
        string(out, portal);
        out.extend_from_slice(&rows_max.to_be_bytes());
    });
}

/// Parse, Bind, Describe and Execute of one statement, all unnamed, without parameters and with
/// results in text, and a Flush: what a Query of it does, but for the commit.
pub fn run(out: &mut Vec<u8>, text: &[u8]) {
    frame(out, b'P', |out| {
        string(out, b"");
        string(out, text);
        out.extend_from_slice(&[0; 2]);
    });
    // Portal, statement; no parameter formats, parameters or result formats.
    frame(out, b'B', |out| out.extend_from_slice(&[0; 8]));
    frame(out, b'D', |out| string(out, b"P"));
    execute(out, b"", 0);
    flush(out);
}

/// Parse, Bind, Execute and Close of one statement without parameters, statement and portal both
/// called `name`, and a Sync: it leaves the unnamed ones alone.
pub fn aside(out: &mut Vec<u8>, name: &str, text: &str) {
    let close = |out: &mut Vec<u8>| {
        frame(out, b'C', |out| {
            out.push(b'S');
            string(out, name.as_bytes());
        });
    };
    // What an earlier one has left that failed after its Parse; none is no error.
    close(out);
    parse(out, name.as_bytes(), text, &[]);
    frame(out, b'B', |out| {
        string(out, name.as_bytes());
        string(out, name.as_bytes());
        // No parameter formats, parameters or result formats.
        out.extend_from_slice(&[0; 6]);
    });
    execute(out, name.as_bytes(), 0);
    close(out);
    sync(out);
}

/// Close of the unnamed statement.
pub fn close_unnamed(out: &mut Vec<u8>) {
    frame(out, b'C', |out| string(out, b"S"));
}

/// Sync.
pub fn sync(out: &mut Vec<u8>) {
    frame(out, b'S', |_| {});
}

/// A message of the upstream with a body as it came.
pub fn backend(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    frame(out, tag, |out| out.extend_from_slice(body));
}

/// An ErrorResponse as it came, but for its position: `by` characters further on.
pub fn moved_error(out: &mut Vec<u8>, body: &[u8], by: usize) {
    let moved = |position: &[u8]| -> Option<String> {
        let position: usize = std::str::from_utf8(position).ok()?.parse().ok()?;
        Some(position.checked_add(by)?.to_string())
    };
    frame(out, b'E', |out| {
        for field in body.split(|&byte| byte == 0).take_while(|field| !field.is_empty()) {
            match field.strip_prefix(b"P").and_then(moved) {
                Some(position) => {
                    out.push(b'P');
                    string(out, position.as_bytes());
                }
                None => string(out, field),
            }
        }
        out.push(0);
    });
}

/// Flush.
pub fn flush(out: &mut Vec<u8>) {
    frame(out, b'H', |_| {});
}

/// Terminate.
pub fn terminate(out: &mut Vec<u8>) {
    frame(out, b'X', |_| {});
}

/// StartupMessage.
pub fn startup_message(out: &mut Vec<u8>, version: u32, parameters: &[(&str, &str)]) {
    untagged(out, version, |out| {
        for (name, value) in parameters {
            string(out, name.as_bytes());
            string(out, value.as_bytes());
        }
        out.push(0);
    });
}

/// SSLRequest.
pub fn ssl_request(out: &mut Vec<u8>) {
    untagged(out, 80_877_103, |_| {});
}

/// CancelRequest.
pub fn cancel_request(out: &mut Vec<u8>, pid: i32, key: &[u8]) {
    untagged(out, 80_877_102, |out| {
        out.extend_from_slice(&pid.to_be_bytes());
        out.extend_from_slice(key);
    });
}

/// A frame: tag, length, what `body` appends.
fn frame(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    counted(out, body);
}

fn untagged(out: &mut Vec<u8>, code: u32, body: impl FnOnce(&mut Vec<u8>)) {
    counted(out, |out| {
        out.extend_from_slice(&code.to_be_bytes());
        body(out);
    });
}

fn counted(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// A NUL-terminated string, cut at a NUL of its own.
fn string(out: &mut Vec<u8>, text: &[u8]) {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    out.extend_from_slice(text.get(..end).unwrap_or_default());
    out.push(0);
}

fn clean(text: &str) -> String {
    text.split('\0').next().unwrap_or_default().to_owned()
}

/// Appends a message by pgwire's encoder. A message over the encoder's bound (30 kB for the
/// short kinds) is left out; none that we originate comes near it.
fn put(out: &mut Vec<u8>, message: &impl Message) {
    let mut buffer = BytesMut::with_capacity(message.message_length() + 1);
    if message.encode(&mut buffer).is_ok() {
        out.extend_from_slice(&buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sqlstate;
    use crate::wire::{Head, backend, frame, frontend, head, startup};

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    fn only_frame(bytes: &[u8]) -> (u8, &[u8]) {
        let Head::Frame { tag, body } = head(bytes) else { panic!("no frame in {bytes:?}") };
        assert_eq!(bytes.len(), frame::HEADER_BYTES + body, "one frame and nothing else");
        (tag, frame::body(bytes, body).unwrap())
    }

    #[test]
    fn a_nul_in_a_text_forges_no_field() {
        let refusal =
            Refusal::error("r", sqlstate::SYNTAX_ERROR, "no\0C00000\0Mfine").hint("so\0V").at(3);
        let bytes = written(|out| error(out, &refusal));
        let (tag, body) = only_frame(&bytes);
        assert_eq!(tag, backend::tag::ERROR_RESPONSE);
        assert_eq!(body, b"SERROR\0VERROR\0C42601\0Mno\0Hso\0P3\0\0");
        let bytes = written(|out| query(out, "select 1\0; delete"));
        assert_eq!(frontend::query(only_frame(&bytes).1), Ok(&b"select 1"[..]));
        let bytes = written(|out| parameter_status(out, "TimeZone\0x", "UTC\0is_superuser"));
        assert_eq!(only_frame(&bytes), (tag::PARAMETER_STATUS, &b"TimeZone\0UTC\0"[..]));
    }

    #[test]
    fn an_error_is_moved() {
        for (body, by, expected) in [
            (
                &b"SERROR\0C42703\0Mno\0P8\0Fa.c\0\0"[..],
                12,
                &b"SERROR\0C42703\0Mno\0P20\0Fa.c\0\0"[..],
            ),
            (b"SERROR\0MP8\0\0", 5, b"SERROR\0MP8\0\0"),
            (b"Px\0\0", 5, b"Px\0\0"),
            (b"", 5, b"\0"),
        ] {
            let bytes = written(|out| moved_error(out, body, by));
            assert_eq!(only_frame(&bytes), (b'E', expected));
        }
    }

    #[test]
    fn a_run_is_five_messages() {
        let mut bytes = &written(|out| run(out, b"delete from t"))[..];
        let mut tags = Vec::new();
        while let Head::Frame { tag, body } = head(bytes) {
            tags.push(tag);
            let content = frame::body(bytes, body).unwrap();
            match tag {
                b'P' => assert_eq!(frontend::parse(content).unwrap().text, b"delete from t"),
                b'B' => assert!(frontend::bind(content).is_ok()),
                b'D' => assert!(frontend::target(content).is_ok()),
                b'E' => assert_eq!(frontend::execute(content), Ok((&b""[..], 0))),
                _ => {}
            }
            bytes = &bytes[frame::HEADER_BYTES + body..];
        }
        assert_eq!(tags, b"PBDEH");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = written(|out| parse(out, b"s", "select $1", &[23, 0]));
        let parsed = frontend::parse(only_frame(&bytes).1).unwrap();
        assert_eq!(parsed.parameter_types().collect::<Vec<_>>(), [23, 0]);

        let bytes = written(|out| backend_key_data(out, 7, &[9; 32]));
        assert_eq!(backend::backend_key_data(only_frame(&bytes).1), Ok((7, &[9; 32][..])));

        let bytes = written(|out| startup_message(out, startup::VERSION_3_2, &[("user", "a")]));
        let Ok(startup::First::Startup(read)) = startup::first(&bytes) else { panic!() };
        assert_eq!((read.version, read.get("user")), (startup::VERSION_3_2, Some(&b"a"[..])));

        let bytes = written(|out| cancel_request(out, 7, b"abcd"));
        assert_eq!(startup::first(&bytes), Ok(startup::First::Cancel { pid: 7, key: b"abcd" }));
        assert_eq!(written(terminate), b"X\0\0\0\x04");
        assert_eq!(written(|out| ready_for_query(out, b'I')), b"Z\0\0\0\x05I");
        let bytes = written(|out| negotiate_protocol_version(out, 196_610, &["_pq_.x"]));
        assert_eq!(only_frame(&bytes).1, b"\0\x03\0\x02\0\0\0\x01_pq_.x\0");
    }
}
