//! Protocol messages as words, both ways: `Parse s1 'select $1'` and its bytes.
//!
//! A word in quotes may hold spaces; `''` inside is one quote. `<3>` stands for the text that
//! takes the place of refusal 3.

use std::fmt::Write as _;

use pgward::wire::{HEADER_BYTES, Head, backend, frame, frontend, head};

/// The text that the session puts in the place of refusal `n`, with the harness's nonce.
fn token(n: &str) -> String {
    format!("pgward_refused_0000000000c0ffee_{n}")
}

pub(crate) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let mut word = String::new();
            let mut chars = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                if c != '\'' {
                    word.push(c);
                } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    chars.next();
                    word.push('\'');
                } else {
                    end = at + 1;
                    break;
                }
            }
            words.push(word);
            rest = quoted[end..].trim_start();
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    words
}

fn framed(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

fn strings(parts: &[&str]) -> Vec<u8> {
    parts.iter().flat_map(|part| [part.as_bytes(), b"\0"].concat()).collect()
}

/// The bytes of a client's message.
pub(crate) fn from_client(line: &str) -> Vec<u8> {
    let words = split(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["Query", text] => framed(b'Q', &strings(&[text])),
        ["Parse", name, text] => framed(b'P', &[&strings(&[name, text])[..], &[0, 0]].concat()),
        ["Parse", name, text, oid] => {
            let oid: u32 = oid.parse().unwrap();
            let body = [&strings(&[name, text])[..], &[0, 1], &oid.to_be_bytes()].concat();
            framed(b'P', &body)
        }
        ["Bind", portal, statement] => {
            framed(b'B', &[&strings(&[portal, statement])[..], &[0; 6]].concat())
        }
        ["Execute", portal] => framed(b'E', &[&strings(&[portal])[..], &[0; 4]].concat()),
        ["Execute", portal, rows] => {
            let rows: u32 = rows.parse().unwrap();
            framed(b'E', &[&strings(&[portal])[..], &rows.to_be_bytes()].concat())
        }
        ["Describe", kind, name] => framed(b'D', &[kind.as_bytes(), &strings(&[name])].concat()),
        ["Close", kind, name] => framed(b'C', &[kind.as_bytes(), &strings(&[name])].concat()),
        ["Sync"] => framed(b'S', b""),
        ["Flush"] => framed(b'H', b""),
        ["Terminate"] => framed(b'X', b""),
        ["CopyData", data] => framed(b'd', data.as_bytes()),
        ["CopyDone"] => framed(b'c', b""),
        ["CopyFail", why] => framed(b'f', &strings(&[why])),
        ["FunctionCall"] => framed(b'F', &[0; 12]),
        ["Raw", tag, body] => framed(tag.as_bytes()[0], body.as_bytes()),
        _ => panic!("no client message: {line}"),
    }
}

/// The bytes of an upstream's message.
pub(crate) fn from_upstream(line: &str) -> Vec<u8> {
    let words = split(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["ParseComplete"] => framed(b'1', b""),
        ["BindComplete"] => framed(b'2', b""),
        ["CloseComplete"] => framed(b'3', b""),
        ["NoData"] => framed(b'n', b""),
        ["PortalSuspended"] => framed(b's', b""),
        ["EmptyQueryResponse"] => framed(b'I', b""),
        ["ParameterDescription"] => framed(b't', &[0, 0]),
        ["RowDescription"] => framed(b'T', &[0, 0]),
        ["DataRow", data] => framed(b'D', data.as_bytes()),
        ["CopyInResponse"] => framed(b'G', &[0, 0, 0]),
        ["CopyOutResponse"] => framed(b'H', &[0, 0, 0]),
        ["CopyData", data] => framed(b'd', data.as_bytes()),
        ["CopyDone"] => framed(b'c', b""),
        ["CommandComplete", tag] => framed(b'C', &strings(&[tag])),
        ["ReadyForQuery", status] => framed(b'Z', status.as_bytes()),
        ["ParameterStatus", name, value] => framed(b'S', &strings(&[name, value])),
        ["NoticeResponse", text] => framed(b'N', &error_fields("NOTICE", "00000", text)),
        ["NotificationResponse"] => framed(b'A', &[0, 0, 0, 1, b'c', 0, 0]),
        ["ErrorResponse", refused] if refused.starts_with('<') => {
            let text =
                format!("syntax error at or near \"{}\"", token(refused.trim_matches(['<', '>'])));
            framed(b'E', &error_fields("ERROR", "42601", &text))
        }
        ["ErrorResponse", code, text] => framed(b'E', &error_fields("ERROR", code, text)),
        ["Fatal", code, text] => framed(b'E', &error_fields("FATAL", code, text)),
        ["Raw", tag, body] => framed(tag.as_bytes()[0], body.as_bytes()),
        _ => panic!("no upstream message: {line}"),
    }
}

fn error_fields(severity: &str, code: &str, text: &str) -> Vec<u8> {
    let fields = [("S", severity), ("V", severity), ("C", code), ("M", text), ("P", "1")];
    let body: Vec<u8> =
        fields.iter().flat_map(|(kind, value)| strings(&[&format!("{kind}{value}")])).collect();
    [&body[..], b"\0"].concat()
}

/// Frames as words; panics on a tail that is no whole frame.
pub(crate) fn lines(mut bytes: &[u8], of: fn(u8, &[u8]) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let Head::Frame { tag, body } = head(bytes) else { panic!("no frame: {bytes:?}") };
        lines.push(of(tag, frame::body(bytes, body).expect("a whole frame")));
        bytes = &bytes[HEADER_BYTES + body..];
    }
    lines
}

/// A message to the upstream as words.
pub(crate) fn to_upstream(tag: u8, body: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        match text.strip_prefix("pgward_refused_0000000000c0ffee_") {
            Some(n) => format!("<{n}>"),
            None => format!("'{text}'"),
        }
    };
    let name = |bytes: &[u8]| match String::from_utf8_lossy(bytes).into_owned() {
        name if name.is_empty() => "''".to_owned(),
        name => name,
    };
    match tag {
        b'Q' => format!("Query {}", text(frontend::query(body).unwrap())),
        b'P' => {
            let parse = frontend::parse(body).unwrap();
            match parse.name {
                b"pgward_refused" => format!("Parse {}", text(parse.text)),
                other => format!("Parse {} {}", name(other), text(parse.text)),
            }
        }
        b'B' => {
            let bind = frontend::bind(body).unwrap();
            format!("Bind {} {}", name(bind.portal), name(bind.statement))
        }
        b'E' => format!("Execute {}", name(frontend::execute(body).unwrap().0)),
        b'D' => format!("Describe {}", name(frontend::target(body).unwrap().1)),
        b'C' => format!("Close {}", name(frontend::target(body).unwrap().1)),
        b'd' => format!("CopyData '{}'", String::from_utf8_lossy(body)),
        b'c' => "CopyDone".to_owned(),
        b'f' => "CopyFail".to_owned(),
        b'S' => "Sync".to_owned(),
        b'H' => "Flush".to_owned(),
        b'X' => "Terminate".to_owned(),
        other => format!("{} {body:?}", char::from(other)),
    }
}

/// A message to the client as words.
pub(crate) fn to_client(tag: u8, body: &[u8]) -> String {
    let mut line = String::new();
    let word = match tag {
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'n' => "NoData",
        b's' => "PortalSuspended",
        b'I' => "EmptyQueryResponse",
        b't' => "ParameterDescription",
        b'T' => "RowDescription",
        b'D' => "DataRow",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'd' => "CopyData",
        b'c' => "CopyDone",
        b'C' => "CommandComplete",
        b'Z' => "ReadyForQuery",
        b'S' => "ParameterStatus",
        b'N' => "NoticeResponse",
        b'A' => "NotificationResponse",
        b'E' => "ErrorResponse",
        _ => "?",
    };
    line.push_str(word);
    match tag {
        b'C' => write!(line, " '{}'", String::from_utf8_lossy(&body[..body.len() - 1])).unwrap(),
        b'Z' | b'D' | b'd' => write!(line, " {}", String::from_utf8_lossy(body)).unwrap(),
        b'E' => {
            let fields = backend::fields(body);
            let fatal = if fields.severity == b"FATAL" { "Fatal " } else { "" };
            write!(line, " {fatal}{}", String::from_utf8_lossy(fields.sqlstate)).unwrap();
        }
        _ => {}
    }
    line
}
