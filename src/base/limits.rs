//! Every length, count and time that bounds something, with its reason.

/// Longest startup packet, as PostgreSQL's MAX_STARTUP_PACKET_LENGTH (`pqcomm.h`).
pub const STARTUP_BYTES_MAX: usize = 10_000;

/// Longest body of a frontend message that is neither a statement nor COPY data, as
/// PostgreSQL's PQ_SMALL_MESSAGE_LIMIT (`libpq.h`).
pub const SMALL_MESSAGE_BYTES_MAX: usize = 10_000;

/// Longest frame that PostgreSQL accepts from a client, PQ_LARGE_MESSAGE_LIMIT (`libpq.h`).
pub const LARGE_MESSAGE_BYTES_MAX: usize = 0x3fff_fffe;

/// Longest Bind. Its values are on record with it, so it is held whole; large objects of a
/// write grant still fit.
pub const BIND_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much of an upstream message is held to be read; what is longer streams past unread.
/// Notices and errors carry their SQLSTATE in the first bytes.
pub const UPSTREAM_HELD_BYTES_MAX: usize = 16 * 1024;

/// How much of a RowDescription is held that is not to be passed yet. A row has at most 1,664
/// columns, whose names have at most 63 characters.
pub const ROW_DESCRIPTION_HELD_BYTES_MAX: usize = 512 * 1024;

/// Prepared statements and portals of one session, each.
pub const NAMES_MAX: usize = 10_000;

/// Bytes of the texts behind one session's prepared statements and portals: they are kept to
/// be judged again when the catalogue has changed.
pub const NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests that may wait for their reply in one session; a client that pipelines further is
/// read on when replies have come.
pub const REPLIES_MAX: usize = 4_096;

/// Statements in one simple Query.
pub const STATEMENTS_MAX: usize = 1_000;

/// Longest identifier, NAMEDATALEN - 1 (`pg_config_manual.h`); longer ones are cut by the server.
pub const IDENTIFIER_BYTES_MAX: usize = 63;
