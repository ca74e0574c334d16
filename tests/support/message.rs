//! Frontend messages as bytes, and backend messages as read. Written from the protocol's
//! documentation, not with pgward's own code: two readers find more than one.

use std::collections::BTreeMap;

/// One backend message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tag: u8,
    pub(crate) body: Vec<u8>,
}

/// The fields of an ErrorResponse or NoticeResponse, by their letter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<char, String>);

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", char::from(self.tag), String::from_utf8_lossy(&self.body))
    }
}

impl Message {
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = BTreeMap::new();
        let mut rest = &self.body[..];
        while let Some((&letter, tail)) = rest.split_first() {
            if letter == 0 {
                break;
            }
            let end = tail.iter().position(|&b| b == 0).expect("a field ends with NUL");
            fields.insert(char::from(letter), String::from_utf8_lossy(&tail[..end]).into_owned());
            rest = &tail[end + 1..];
        }
        Fields(fields)
    }

    pub(crate) fn text(&self) -> String {
        let body = self.body.strip_suffix(b"\0").unwrap_or(&self.body);
        String::from_utf8_lossy(body).into_owned()
    }

    /// The values of a DataRow, as text.
    pub(crate) fn row(&self) -> Vec<Option<String>> {
        let mut rest = &self.body[2..];
        let count = i16::from_be_bytes([self.body[0], self.body[1]]);
        (0..count)
            .map(|_| {
                let length = i32::from_be_bytes(rest[..4].try_into().unwrap());
                rest = &rest[4..];
                let length = usize::try_from(length).ok()?;
                let value = String::from_utf8_lossy(&rest[..length]).into_owned();
                rest = &rest[length..];
                Some(value)
            })
            .collect()
    }
}

impl Fields {
    pub(crate) fn code(&self) -> &str {
        self.0.get(&'C').map_or("", |s| s)
    }
    pub(crate) fn severity(&self) -> &str {
        self.0.get(&'S').map_or("", |s| s)
    }
    pub(crate) fn message(&self) -> &str {
        self.0.get(&'M').map_or("", |s| s)
    }
    pub(crate) fn detail(&self) -> &str {
        self.0.get(&'D').map_or("", |s| s)
    }
    pub(crate) fn hint(&self) -> &str {
        self.0.get(&'H').map_or("", |s| s)
    }
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend(body);
    out
}

fn cstr(out: &mut Vec<u8>, text: &str) {
    out.extend(text.as_bytes());
    out.push(0);
}

/// A frame with any tag and body.
pub(crate) fn raw(tag: u8, body: &[u8]) -> Vec<u8> {
    frame(tag, body)
}

pub(crate) fn startup(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    for (name, value) in parameters {
        cstr(&mut body, name);
        cstr(&mut body, value);
    }
    body.push(0);
    let mut out = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    out.extend(body);
    out
}

pub(crate) fn ssl_request() -> Vec<u8> {
    [8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat()
}

pub(crate) fn gss_request() -> Vec<u8> {
    [8_u32.to_be_bytes(), 80_877_104_u32.to_be_bytes()].concat()
}

pub(crate) fn cancel(pid: i32, key: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(12 + key.len()).unwrap().to_be_bytes().to_vec();
    out.extend(80_877_102_u32.to_be_bytes());
    out.extend(pid.to_be_bytes());
    out.extend(key);
    out
}

pub(crate) fn query(sql: &str) -> Vec<u8> {
    let mut body = Vec::new();
    cstr(&mut body, sql);
    frame(b'Q', &body)
}

pub(crate) fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let mut body = Vec::new();
    cstr(&mut body, name);
    cstr(&mut body, sql);
    body.extend(u16::try_from(types.len()).unwrap().to_be_bytes());
    types.iter().for_each(|oid| body.extend(oid.to_be_bytes()));
    frame(b'P', &body)
}

/// Bind with text parameters and text results.
pub(crate) fn bind(portal: &str, statement: &str, values: &[Option<&str>]) -> Vec<u8> {
    let mut body = Vec::new();
    cstr(&mut body, portal);
    cstr(&mut body, statement);
    body.extend(0_u16.to_be_bytes());
    body.extend(u16::try_from(values.len()).unwrap().to_be_bytes());
    for value in values {
        match value {
            None => body.extend((-1_i32).to_be_bytes()),
            Some(text) => {
                body.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                body.extend(text.as_bytes());
            }
        }
    }
    body.extend(0_u16.to_be_bytes());
    frame(b'B', &body)
}

pub(crate) fn describe(kind: u8, name: &str) -> Vec<u8> {
    let mut body = vec![kind];
    cstr(&mut body, name);
    frame(b'D', &body)
}

pub(crate) fn close(kind: u8, name: &str) -> Vec<u8> {
    let mut body = vec![kind];
    cstr(&mut body, name);
    frame(b'C', &body)
}

pub(crate) fn execute(portal: &str, rows_max: u32) -> Vec<u8> {
    let mut body = Vec::new();
    cstr(&mut body, portal);
    body.extend(rows_max.to_be_bytes());
    frame(b'E', &body)
}

pub(crate) fn sync() -> Vec<u8> {
    frame(b'S', &[])
}

pub(crate) fn flush() -> Vec<u8> {
    frame(b'H', &[])
}

pub(crate) fn terminate() -> Vec<u8> {
    frame(b'X', &[])
}

pub(crate) fn copy_data(data: &[u8]) -> Vec<u8> {
    frame(b'd', data)
}

pub(crate) fn copy_done() -> Vec<u8> {
    frame(b'c', &[])
}

pub(crate) fn copy_fail(why: &str) -> Vec<u8> {
    let mut body = Vec::new();
    cstr(&mut body, why);
    frame(b'f', &body)
}

pub(crate) fn password(bytes: &[u8]) -> Vec<u8> {
    frame(b'p', bytes)
}
