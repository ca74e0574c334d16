//! What a text says, without any opinion about it: the one thing that passes from `sql` to
//! `policy`. Names are as the server would read them: folded, unescaped, cut to 63 bytes.

use std::ops::Range;

/// A possibly qualified name. An unqualified one stands for every object of that name.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Name {
    /// The schema as written; `None` when unqualified.
    pub schema: Option<Box<str>>,
    /// The object's own name.
    pub name: Box<str>,
}

/// Everything that one text (a Query's string or a Parse's) asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// In the order of the text; empty for an empty query.
    pub statements: Vec<Statement>,
}

/// What one top-level statement asks for, at every depth of it: modifying CTEs, EXPLAINed,
/// PREPAREd, DECLAREd and COPYed queries are part of their statement's facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Byte range in the text, without the semicolon.
    pub span: Range<usize>,
    /// The command in PostgreSQL's words, upper case: `SELECT`, `INSERT`, `CREATE TABLE AS`.
    pub operation: &'static str,
    /// What it does beside reading.
    pub action: Action,
    /// Relations read, those of sub-queries too; names of CTEs left out.
    pub reads: Vec<Name>,
    /// Tables written, with the privilege it takes.
    pub writes: Vec<Write>,
    /// Tables whose rows a locking clause (FOR UPDATE … FOR KEY SHARE) locks; with `None` where
    /// the clause names none (it then locks every table of its FROM, which `reads` has).
    pub row_locks: Vec<Option<Name>>,
    /// Every function called, in any syntactic place, SQL-syntax calls (EXTRACT, XMLTABLE,
    /// JSON_VALUE …) by the name of the function that the server calls or would look up. A call
    /// with one argument may also be a cast, to the type of that name.
    pub calls: Vec<Name>,
    /// Types named in casts, typed literals, column definitions; array brackets removed.
    pub types: Vec<Name>,
    /// Operators written, `=` as well as `OPERATOR(s.=)`.
    pub operators: Vec<Name>,
    /// Settings changed by SET, RESET or set_config.
    pub settings: Vec<Setting>,
    /// Attribute notation `x.f` can call a function: the field names that could be one.
    pub fields: Vec<Box<str>>,
    /// Those among them whose `x` may be a scalar: `(x).f`, and `x.f` where `x` is a function in
    /// FROM. Any function of one argument, or a cast to the type of that name, may be meant.
    pub attributes: Vec<Box<str>>,
    /// Constructs that only DDL or a table-making statement has, in PostgreSQL's words
    /// (`SELECT INTO`, `CREATE TABLE AS`); never allowed on reads.
    pub creates: Vec<&'static str>,
    /// Whether an UPDATE or DELETE in it has no WHERE, or one that chooses no rows: `1 = 1`,
    /// `id = id`.
    pub unrestricted: bool,
    /// Whether it writes rows that its command tag does not count: in a modifying CTE, under
    /// EXPLAIN ANALYZE.
    pub uncounted: bool,
    /// Whether a parameter (`$1`) stands in it.
    pub parameters: bool,
    /// DDL that does nothing beyond objects of these names: what it makes, alters, drops or ties
    /// them to. `None` for any other statement, and for DDL that may reach further.
    pub defines: Option<Vec<Name>>,
    /// The function that it makes, where its body is a text.
    pub makes: Option<Body>,
    /// Calls of functions that run SQL, or name a type, by a text, where every text of every call
    /// is a constant that was read: what it says is among these facts.
    pub texts: Vec<Name>,
    /// The others of that kind.
    pub texts_unread: Vec<Name>,
}

/// A function's body, as CREATE FUNCTION has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// `sql` or `plpgsql`.
    pub language: Box<str>,
    /// The text.
    pub text: Box<str>,
    /// Whether it returns `trigger`, and so cannot be called.
    pub trigger: bool,
}

/// The privilege a write takes, as in a scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Verb {
    /// INSERT, COPY FROM, MERGE's INSERT.
    Insert,
    /// UPDATE, ON CONFLICT DO UPDATE, MERGE's UPDATE.
    Update,
    /// DELETE, MERGE's DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}

/// One table written with one privilege.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Write {
    /// The privilege it takes.
    pub verb: Verb,
    /// The table as named.
    pub table: Name,
    /// Whether the rows of tables that inherit from it are written too (no ONLY).
    pub inherited: bool,
    /// The columns that an UPDATE sets; empty for the others.
    pub columns: Vec<Box<str>>,
}

/// A setting that a statement changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Which one, lower case; `None` when it can't be told from the text.
    pub name: Option<Box<str>>,
    /// What becomes of it.
    pub change: Change,
    /// How: SET, SET LOCAL, or a call of set_config.
    pub by: SettingBy,
}

/// What becomes of a setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Set to this value; a list's elements joined with `, `, numbers as written.
    To(Box<str>),
    /// Set to something that can't be told from the text.
    Unknown,
    /// `TO DEFAULT` or RESET: back to the session's start value.
    Reset,
}

/// By which statement a setting is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingBy {
    /// SET or SET SESSION, RESET.
    Set,
    /// SET LOCAL.
    SetLocal,
    /// `set_config(name, value, is_local)`.
    SetConfig,
}

/// Whether a transaction statement names READ ONLY or READ WRITE; the last one named wins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Access {
    /// Neither is named.
    #[default]
    Unsaid,
    /// READ ONLY.
    ReadOnly,
    /// READ WRITE.
    ReadWrite,
}

/// What a statement does beside reading. `Statement::writes` and `creates` count under every
/// action: `COPY (DELETE … RETURNING …) TO STDOUT` is a `CopyOut` that writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// SELECT, VALUES, TABLE, EXPLAIN of such.
    Read,
    /// INSERT, UPDATE, DELETE, MERGE at any depth (also under EXPLAIN ANALYZE), TRUNCATE.
    Write,
    /// SHOW.
    Show,
    /// SET, RESET (what, is in `settings`), and SET CONSTRAINTS (`settings` is then empty).
    Set,
    /// RESET ALL.
    ResetAll,
    /// SET SESSION AUTHORIZATION, SET ROLE and their RESET: who the session is (it is also in
    /// `settings`, as `session_authorization` or `role`).
    SetIdentity,
    /// BEGIN or START TRANSACTION.
    Begin(Access),
    /// SET TRANSACTION (this one) or SET SESSION CHARACTERISTICS (all that follow).
    SetTransaction {
        /// READ ONLY or READ WRITE, if named.
        access: Access,
        /// SET SESSION CHARACTERISTICS.
        session: bool,
        /// SET TRANSACTION SNAPSHOT.
        snapshot: bool,
    },
    /// COMMIT or END.
    Commit {
        /// AND CHAIN.
        chain: bool,
    },
    /// ROLLBACK or ABORT.
    Rollback {
        /// AND CHAIN.
        chain: bool,
    },
    /// SAVEPOINT, RELEASE, ROLLBACK TO.
    Savepoint,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhase,
    /// PREPARE name AS …; facts of the inner statement are this statement's.
    Prepare {
        /// The name it is given.
        name: Box<str>,
        /// Whether the inner statement writes.
        write: bool,
    },
    /// EXECUTE name(…), also under EXPLAIN and CREATE TABLE AS (`creates` tells).
    Execute {
        /// The prepared statement's name.
        name: Box<str>,
        /// Whether EXPLAIN ANALYZE runs it: no tag then counts what it writes.
        analyzed: bool,
    },
    /// DEALLOCATE name, or ALL when `None`.
    Deallocate {
        /// Which one; `None` for ALL.
        name: Option<Box<str>>,
    },
    /// DECLARE name CURSOR.
    Declare {
        /// The cursor's name.
        name: Box<str>,
    },
    /// FETCH or MOVE.
    Fetch {
        /// The cursor's name.
        name: Box<str>,
    },
    /// CLOSE name, or ALL when `None`.
    CloseCursor {
        /// Which one; `None` for ALL.
        name: Option<Box<str>>,
    },
    /// COPY … TO STDOUT.
    CopyOut,
    /// COPY table FROM STDIN (the table is in `writes`).
    CopyIn,
    /// COPY to or from a file or a program of the server.
    CopyServer,
    /// LOCK TABLE (tables are in `reads`).
    Lock {
        /// `ACCESS SHARE` and no more.
        access_share: bool,
        /// The mode in PostgreSQL's words.
        mode: &'static str,
    },
    /// DISCARD ALL, PLANS, SEQUENCES, TEMP.
    Discard {
        /// What is discarded, in PostgreSQL's words.
        what: &'static str,
    },
    /// LISTEN, UNLISTEN, NOTIFY.
    Notification {
        /// The channel, where one is named.
        channel: Option<Box<str>>,
    },
    /// VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH MATERIALIZED VIEW (relations are in `reads`).
    Maintain,
    /// DO.
    Do,
    /// CALL (the procedure is in `calls`).
    Call,
    /// Everything that defines, alters or drops objects, roles, privileges or the server.
    Ddl,
    /// CHECKPOINT, LOAD, ALTER SYSTEM and other acts on the server.
    Server,
}

/// Why a text has no facts. All of these refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unread {
    /// PostgreSQL's grammar cannot read it.
    Syntax {
        /// PostgreSQL's own message.
        message: String,
        /// 1-based character position, where the error has one.
        position: Option<u32>,
    },
    /// The text is not in the client's encoding, or holds a NUL.
    Encoding {
        /// Byte offset of the first that is wrong.
        offset: usize,
    },
    /// A bound of the pre-scan or of the walk was passed before a parser saw the text.
    TooComplex {
        /// What there is too much of: `nested comments`, `operators in a row`, `tokens`.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The text holds a construct that this version of pgward does not know how to judge.
    Unknown {
        /// The construct, in PostgreSQL's words.
        construct: String,
    },
    /// The two readers disagree: sqlparser sees a write, or another number of statements.
    Disagreement {
        /// What the second reader saw.
        detail: String,
    },
}

impl Name {
    /// An unqualified name.
    #[must_use]
    pub fn bare(name: impl Into<Box<str>>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A qualified name.
    #[must_use]
    pub fn qualified(schema: impl Into<Box<str>>, name: impl Into<Box<str>>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

impl Verb {
    /// The word in a scope: `insert`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
        }
    }
}
