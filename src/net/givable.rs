//! What the admin side asks before somebody is given scopes: whether a session with them could
//! begin, by the same way that its login would go.

use super::shared::Shared;
use super::simple::QueryError;
use crate::base::refusal::login::NotServed;
use crate::catalog::scope_roles::{Givable, Standing};
use crate::policy::Scope;

/// Classes of SQLSTATE that say that the server could not, not that it would not: connection,
/// deadlock, resources, locks, intervention (a timeout is one), input and output, internal.
const PASSING: [&str; 7] = ["08", "40", "53", "55", "57", "58", "XX"];

impl Shared {
    /// Whether sessions with these scopes could begin; answers within seconds. Nothing is changed.
    pub(super) async fn can_give(&self, database: &str, scopes: &[Scope]) -> Givable {
        // Without these there are no sessions, and the standing below is not known.
        if let Some(why) = self.not_served(database) {
            return Givable::Unasked(in_words(why).to_owned());
        }
        let Some(roles) = self.scope_roles(database) else {
            return Givable::Unasked(in_words(NotServed::ControlDown).to_owned());
        };
        match &*roles.standing() {
            Standing::Absent => return Givable::Yes,
            Standing::Unusable(why) => {
                return Givable::No { why: why.clone(), remedy: None };
            }
            Standing::Usable => {}
        }
        match roles.rehearse(scopes).await {
            Ok(()) => Givable::Yes,
            Err(QueryError::Failed { sqlstate, message, hint }) if !passes(&sqlstate) => {
                Givable::No { why: message, remedy: hint }
            }
            Err(problem) => {
                tracing::warn!(%database, %problem, "scope roles cannot be asked for");
                let why = match problem {
                    QueryError::Failed { message, .. } => format!("the server says: {message}"),
                    // Host names and roles of ours are for the log.
                    QueryError::Lost(_) => "the database does not answer".to_owned(),
                };
                Givable::Unasked(why)
            }
        }
    }
}

/// Whether an error of the server's passes by itself, and is no word about the scopes.
pub(super) fn passes(sqlstate: &str) -> bool {
    PASSING.iter().any(|class| sqlstate.starts_with(class))
}

const fn in_words(why: NotServed) -> &'static str {
    match why {
        NotServed::ControlDown | NotServed::BackendUnseen => "its control connection is down",
        NotServed::RolesUnchecked => "the check of its roles has not passed",
        NotServed::CatalogueUnread => "its catalogue is not read yet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_no_refusal() {
        for (sqlstate, expected) in [
            ("42501", false),
            ("42883", false),
            ("22023", false),
            ("0A000", false),
            ("55P03", true),
            ("57014", true),
            ("40P01", true),
            ("53300", true),
            ("XX000", true),
        ] {
            assert_eq!(passes(sqlstate), expected, "{sqlstate}");
        }
    }
}
