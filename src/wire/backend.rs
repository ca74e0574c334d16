//! Views of the few backend messages that are read. The upstream is not trusted to be well
//! formed: a view that cannot be had is `None` or an error, never a panic.

use super::{Cursor, Malformed};

/// Message types that the upstream sends.
pub mod tag {
    /// Authentication*.
    pub const AUTHENTICATION: u8 = b'R';
    /// BackendKeyData.
    pub const BACKEND_KEY_DATA: u8 = b'K';
    /// BindComplete.
    pub const BIND_COMPLETE: u8 = b'2';
    /// CloseComplete.
    pub const CLOSE_COMPLETE: u8 = b'3';
    /// CommandComplete.
    pub const COMMAND_COMPLETE: u8 = b'C';
    /// CopyBothResponse (replication only).
    pub const COPY_BOTH_RESPONSE: u8 = b'W';
    /// CopyData.
    pub const COPY_DATA: u8 = b'd';
    /// CopyDone.
    pub const COPY_DONE: u8 = b'c';
    /// CopyInResponse.
    pub const COPY_IN_RESPONSE: u8 = b'G';
    /// CopyOutResponse.
    pub const COPY_OUT_RESPONSE: u8 = b'H';
    /// DataRow.
    pub const DATA_ROW: u8 = b'D';
    /// EmptyQueryResponse.
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    /// ErrorResponse.
    pub const ERROR_RESPONSE: u8 = b'E';
    /// NegotiateProtocolVersion.
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    /// NoData.
    pub const NO_DATA: u8 = b'n';
    /// NoticeResponse.
    pub const NOTICE_RESPONSE: u8 = b'N';
    /// NotificationResponse.
    pub const NOTIFICATION_RESPONSE: u8 = b'A';
    /// ParameterDescription.
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    /// ParameterStatus.
    pub const PARAMETER_STATUS: u8 = b'S';
    /// ParseComplete.
    pub const PARSE_COMPLETE: u8 = b'1';
    /// PortalSuspended.
    pub const PORTAL_SUSPENDED: u8 = b's';
    /// ReadyForQuery.
    pub const READY_FOR_QUERY: u8 = b'Z';
    /// RowDescription.
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// Authentication requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication<'a> {
    /// AuthenticationOk.
    Ok,
    /// AuthenticationCleartextPassword.
    CleartextPassword,
    /// AuthenticationMD5Password.
    Md5Password {
        /// Salt.
        salt: [u8; 4],
    },
    /// AuthenticationSASL: a list of mechanisms, each with its NUL, see [`mechanisms`].
    Sasl(&'a [u8]),
    /// AuthenticationSASLContinue.
    SaslContinue(&'a [u8]),
    /// AuthenticationSASLFinal.
    SaslFinal(&'a [u8]),
    /// Anything else (Kerberos, GSSAPI, SSPI …), which pgward does not speak.
    Other(i32),
}

/// The fields of an ErrorResponse or NoticeResponse that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fields<'a> {
    /// `V`, else `S`: never localised where the server has it.
    pub severity: &'a [u8],
    /// `C`.
    pub sqlstate: &'a [u8],
    /// `M`.
    pub message: &'a [u8],
    /// `D`.
    pub detail: Option<&'a [u8]>,
    /// `H`.
    pub hint: Option<&'a [u8]>,
}

/// An Authentication message.
pub fn authentication(body: &[u8]) -> Result<Authentication<'_>, Malformed> {
    let mut cursor = Cursor::new(body);
    let kind = cursor.int32()?;
    let rest = cursor.rest();
    Ok(match kind {
        0 => Authentication::Ok,
        3 => Authentication::CleartextPassword,
        5 => {
            let salt = rest.first_chunk::<4>().ok_or(Malformed("authentication without salt"))?;
            Authentication::Md5Password { salt: *salt }
        }
        10 => Authentication::Sasl(rest),
        11 => Authentication::SaslContinue(rest),
        12 => Authentication::SaslFinal(rest),
        other => Authentication::Other(other),
    })
}

/// The mechanisms of [`Authentication::Sasl`].
pub fn mechanisms(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == 0).take_while(|name| !name.is_empty())
}

/// The name and value of a ParameterStatus.
pub fn parameter_status(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut cursor = Cursor::new(body);
    let pair = (cursor.string()?, cursor.string()?);
    cursor.finish()?;
    Ok(pair)
}

/// The process id and secret key (4 to 256 bytes) of a BackendKeyData.
pub fn backend_key_data(body: &[u8]) -> Result<(i32, &[u8]), Malformed> {
    let mut cursor = Cursor::new(body);
    let pid = cursor.int32()?;
    let key = cursor.rest();
    if (4..=256).contains(&key.len()) {
        Ok((pid, key))
    } else {
        Err(Malformed("backend key of an impossible length"))
    }
}

/// The transaction status of a ReadyForQuery: `I`, `T` or `E`.
pub fn ready_for_query(body: &[u8]) -> Result<u8, Malformed> {
    match body {
        [status @ (b'I' | b'T' | b'E')] => Ok(*status),
        _ => Err(Malformed("ready for query without a transaction status")),
    }
}

/// The fields of an ErrorResponse or NoticeResponse, as far as `body` goes (it may be only the
/// start of a long one: the fields that matter come first).
#[must_use]
pub fn fields(body: &[u8]) -> Fields<'_> {
    let mut fields = Fields::default();
    let mut cursor = Cursor::new(body);
    while let Ok(kind @ 1..) = cursor.byte() {
        let value = cursor.string().unwrap_or_else(|_| cursor.rest());
        match kind {
            b'S' if fields.severity.is_empty() => fields.severity = value,
            b'V' => fields.severity = value,
            b'C' => fields.sqlstate = value,
            b'M' => fields.message = value,
            b'D' => fields.detail = Some(value),
            b'H' => fields.hint = Some(value),
            _ => {}
        }
    }
    fields
}

/// The command word(s) and the row count of a CommandComplete's tag: `INSERT 0 5` is
/// (`INSERT`, 5), `CREATE TABLE` has no count.
#[must_use]
pub fn command_tag(body: &[u8]) -> (&[u8], Option<u64>) {
    let tag = body.split(|&byte| byte == 0).next().unwrap_or_default();
    let Some(space) = tag.iter().rposition(|&byte| byte == b' ') else { return (tag, None) };
    let (command, count) = tag.split_at_checked(space).unwrap_or((tag, b""));
    match number(count.get(1..).unwrap_or_default()) {
        Some(count) => (command.strip_suffix(b" 0").unwrap_or(command), Some(count)),
        None => (tag, None),
    }
}

/// A number in decimal digits alone.
fn number(digits: &[u8]) -> Option<u64> {
    let add = |number: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let cases: [(&[u8], &[u8], Option<u64>); 8] = [
            (b"SELECT +5\0", b"SELECT +5", None),
            (b"COPY 18446744073709551615\0", b"COPY", Some(u64::MAX)),
            (b"INSERT 0 5\0", b"INSERT", Some(5)),
            (b"SELECT 12\0", b"SELECT", Some(12)),
            (b"CREATE TABLE\0", b"CREATE TABLE", None),
            (b"BEGIN\0", b"BEGIN", None),
            (b"COPY 18446744073709551616\0", b"COPY 18446744073709551616", None),
            (b"", b"", None),
        ];
        for (body, command, count) in cases {
            assert_eq!(command_tag(body), (command, count), "{body:?}");
        }
    }

    #[test]
    fn error_fields_are_read_as_far_as_they_go() {
        let whole = fields(b"SERREUR\0VERROR\0C42601\0Mno\0Hso\0\0");
        assert_eq!((whole.severity, whole.sqlstate), (&b"ERROR"[..], &b"42601"[..]));
        assert_eq!((whole.message, whole.hint), (&b"no"[..], Some(&b"so"[..])));
        let cut = fields(b"SERROR\0C42601\0Mno such thi");
        assert_eq!((cut.severity, cut.message), (&b"ERROR"[..], &b"no such thi"[..]));
        assert_eq!(fields(b""), Fields::default());
        assert_eq!(fields(b"\0\0\0"), Fields::default());
    }

    #[test]
    fn a_hostile_upstream_gets_errors() {
        assert!(authentication(b"\0\0").is_err());
        assert!(authentication(b"\0\0\0\x05ab").is_err());
        assert_eq!(authentication(b"\0\0\0\x07"), Ok(Authentication::Other(7)));
        assert_eq!(mechanisms(b"A\0B\0\0").collect::<Vec<_>>(), [b"A", b"B"]);
        assert!(parameter_status(b"a\0b").is_err());
        assert!(backend_key_data(b"\0\0\0\x01abc").is_err());
        assert!(ready_for_query(b"X").is_err());
        assert!(ready_for_query(b"").is_err());
    }
}
