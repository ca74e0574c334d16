//! What somebody is told who proved a token that can't be used now, or not from there.

use super::Refusal;
use super::login::Over;
use crate::base::GrantId;
use crate::base::sqlstate as code;

/// The grant isn't valid yet.
#[must_use]
pub fn not_yet_valid(grant: GrantId, from: &str) -> Refusal {
    let what = format!("pgward: grant {grant} is not valid yet");
    Refusal::fatal("not_before", code::INVALID_AUTHORIZATION, what)
        .detail(format!("It is valid from {from}."))
        .hint(format!("Connect again at {from}, with the same token."))
}

/// The grant is for clients elsewhere.
#[must_use]
pub fn wrong_address(grant: GrantId, address: &str, networks: &str) -> Refusal {
    let what = format!("pgward: grant {grant} is not for connections from {address}");
    Refusal::fatal("client_cidr", code::INVALID_AUTHORIZATION, what)
        .detail(format!("It is for {networks}."))
        .hint("Connect from there, with the same token.")
}

/// All sessions that the grant was good for have begun.
#[must_use]
pub fn used_up(over: Over<'_>, uses: u32) -> Refusal {
    let s = if uses == 1 { "" } else { "s" };
    let what = format!("pgward: grant {} is used up", over.grant);
    Refusal::fatal("uses", code::INVALID_AUTHORIZATION, what)
        .detail(format!("It was good for {uses} session{s}."))
        .hint(over.hint())
}

/// One of its uses couldn't be taken on record.
#[must_use]
pub fn uses_not_kept(grant: GrantId) -> Refusal {
    let what = format!("pgward: login refused: a use of grant {grant} cannot be kept");
    Refusal::fatal("uses_not_kept", code::IO_ERROR, what)
        .hint("Ask the operator to look at the server's log and at store.url, then try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_teach() {
        let grant = GrantId::from_random(1);
        let over = Over {
            grant,
            user: "alice",
            database: "app",
            reason: "INC-1",
            how: "used up",
            because: "",
        };
        for refusal in [
            not_yet_valid(grant, "2026-11-20 12:00:00 UTC"),
            wrong_address(grant, "10.0.0.1", "10.1.0.0/16"),
            used_up(over, 1),
            uses_not_kept(grant),
        ] {
            assert!(refusal.message.starts_with("pgward: "), "{refusal:?}");
            assert!(refusal.hint.is_some(), "{refusal:?}");
        }
    }
}
