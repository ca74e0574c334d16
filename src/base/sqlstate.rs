//! The SQLSTATEs that pgward itself sends (PostgreSQL, appendix "Error Codes").

use std::fmt;

/// A five-character SQLSTATE.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SqlState(&'static str);

impl SqlState {
    /// The five characters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! states {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: SqlState = SqlState($code);)*
    };
}

states! {
    /// `successful_completion`, of notices.
    SUCCESSFUL_COMPLETION = "00000";
    /// `warning`, of notices that ask for attention.
    WARNING = "01000";
    /// `sqlclient_unable_to_establish_sqlconnection`: upstream unreachable at login.
    UPSTREAM_UNREACHABLE = "08001";
    /// `connection_failure`: upstream lost.
    CONNECTION_FAILURE = "08006";
    /// `protocol_violation`: malformed or out of place.
    PROTOCOL_VIOLATION = "08P01";
    /// `feature_not_supported`: FunctionCall, replication.
    FEATURE_NOT_SUPPORTED = "0A000";
    /// `character_not_in_repertoire`: text that is not in the session's encoding.
    CHARACTER_NOT_IN_REPERTOIRE = "22021";
    /// `invalid_parameter_value`.
    INVALID_PARAMETER_VALUE = "22023";
    /// `read_only_sql_transaction`: a write without a scope.
    READ_ONLY_SQL_TRANSACTION = "25006";
    /// `invalid_sql_statement_name`: EXECUTE or Bind of a name this session did not prepare.
    INVALID_SQL_STATEMENT_NAME = "26000";
    /// `invalid_authorization_specification`: expired or revoked, told to who proved the secret.
    INVALID_AUTHORIZATION = "28000";
    /// `invalid_password`: every other login failure.
    INVALID_PASSWORD = "28P01";
    /// `invalid_cursor_name`.
    INVALID_CURSOR_NAME = "34000";
    /// `invalid_catalog_name`: unknown database.
    INVALID_CATALOG_NAME = "3D000";
    /// `insufficient_privilege`: scope, function or setting refused.
    INSUFFICIENT_PRIVILEGE = "42501";
    /// `syntax_error`.
    SYNTAX_ERROR = "42601";
    /// `undefined_object`: a type that the catalogue does not have.
    UNDEFINED_OBJECT = "42704";
    /// `undefined_function`: a function that the catalogue does not have.
    UNDEFINED_FUNCTION = "42883";
    /// `undefined_table`: a relation that the catalogue does not have.
    UNDEFINED_TABLE = "42P01";
    /// `disk_full`: the audit log's disk.
    DISK_FULL = "53100";
    /// `too_many_connections`.
    TOO_MANY_CONNECTIONS = "53300";
    /// `program_limit_exceeded`: row, byte or rows-written cap, or a statement too large.
    PROGRAM_LIMIT_EXCEEDED = "54000";
    /// `statement_too_complex`.
    STATEMENT_TOO_COMPLEX = "54001";
    /// `object_not_in_prerequisite_state`.
    OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";
    /// `query_canceled`.
    QUERY_CANCELED = "57014";
    /// `admin_shutdown`: the grant ended.
    ADMIN_SHUTDOWN = "57P01";
    /// `cannot_connect_now`: draining, or the upstream is starting.
    CANNOT_CONNECT_NOW = "57P03";
    /// `idle_session_timeout`.
    IDLE_SESSION_TIMEOUT = "57P05";
    /// `io_error`: the audit record could not be written.
    IO_ERROR = "58030";
    /// `internal_error`: pgward's own fault.
    INTERNAL_ERROR = "XX000";
}
