//! What people and programs send, and attackers: for tests.

/// Whole files, statements one below the other.
pub(crate) const CORPORA: [&str; 7] = [
    include_str!("../policy/data/attacks.sql"),
    include_str!("../../tests/corpus/honest/psql.sql"),
    include_str!("../../tests/corpus/honest/python.sql"),
    include_str!("../../tests/corpus/honest/pg_dump.sql"),
    include_str!("../../tests/corpus/honest/features/queries.sql"),
    include_str!("../../tests/corpus/honest/features/functions.sql"),
    include_str!("../../tests/corpus/honest/features/sessions.sql"),
];
