//! The closed set of `operation` labels: the first words of PostgreSQL's commands.

/// Every label, sorted; what is not among them counts as `OTHER`.
pub(super) const OPERATIONS: [&str; 50] = [
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DISCARD",
    "DO",
    "DROP",
    "EMPTY",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "OTHER",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "UNREAD",
    "UPDATE",
    "VACUUM",
];

const OTHER: usize = 30;
const SELECT: usize = 41;

/// The place of an operation's label in [`OPERATIONS`]; `CREATE TABLE` counts as `CREATE`.
pub(super) fn index(operation: &str) -> usize {
    // What nearly all of them are needs no search.
    if operation == "SELECT" {
        return SELECT;
    }
    let word = operation.split_once(' ').map_or(operation, |(word, _)| word);
    OPERATIONS.binary_search(&word).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_sorted_and_closed() {
        assert!(OPERATIONS.is_sorted());
        let cases = [
            ("SELECT", "SELECT"),
            ("CREATE TABLE", "CREATE"),
            ("UNREAD", "UNREAD"),
            ("VACUUM", "VACUUM"),
            ("select", "OTHER"),
            ("", "OTHER"),
            ("SELECTED", "OTHER"),
        ];
        for (operation, label) in cases {
            assert_eq!(OPERATIONS[index(operation)], label, "{operation}");
        }
    }
}
