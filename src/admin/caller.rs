//! Who asks, and what they may do: a user of the operating system at the admin socket, or an
//! operator with a token at the API over TLS.

use std::sync::Arc;

use super::peer::{Peer, is_about};
use crate::config::{Config, Right};
use crate::grants::life::name_of;
use crate::grants::operators::TokenOperator;
use crate::grants::{Grant, Person};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As on record: `os:dana`, `op:dana`.
    pub actor: Arc<str>,
    may: Arc<[Right]>,
}

impl Caller {
    /// Somebody with these rights.
    #[must_use]
    pub fn new(actor: &str, may: &[Right]) -> Self {
        Self { actor: actor.into(), may: may.into() }
    }

    /// The user at the other end of the socket.
    #[must_use]
    pub fn of_peer(peer: &Peer, config: &Config) -> Self {
        let actor = peer.actor();
        if peer.is_owner() {
            return Self::new(&actor, &Right::ALL);
        }
        let listed = config.admin.operators.iter().find(|one| peer.is_called(&one.name));
        Self::new(&actor, listed.map_or(&[][..], |one| &one.may))
    }

    /// An operator who proved a token.
    #[must_use]
    pub fn of_operator(operator: &TokenOperator) -> Self {
        Self::new(&format!("op:{}", operator.name), &operator.may)
    }

    /// Whether they may do that.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.may.contains(&right)
    }

    /// Whether they may do one of these.
    #[must_use]
    pub fn may_any(&self, rights: &[Right]) -> bool {
        rights.iter().any(|right| self.may(*right))
    }

    /// Whether they may do anything at all.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        !self.may.is_empty()
    }

    /// The name without where it was proved.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.actor)
    }

    /// As grants know them.
    #[must_use]
    pub fn person(&self) -> Person<'_> {
        Person { actor: &self.actor }
    }

    /// Whether a grant is theirs: they asked for it, or it is for them.
    #[must_use]
    pub fn owns(&self, grant: &Grant) -> bool {
        self.person().is(&grant.created_by) || grant.user == self.name()
    }

    /// Whether they may see a grant.
    #[must_use]
    pub fn sees(&self, grant: &Grant) -> bool {
        self.may_any(&[Right::Approve, Right::Administer, Right::Audit]) || self.owns(grant)
    }
}

/// Whether somebody on record may still approve: who no longer may has approved nothing.
#[must_use]
pub fn may_approve(actor: &str, config: &Config, operators: &[TokenOperator]) -> bool {
    still_may(actor, Right::Approve, config, operators)
}

/// Whether somebody on record may still do that.
#[must_use]
pub fn still_may(actor: &str, right: Right, config: &Config, operators: &[TokenOperator]) -> bool {
    match actor.split_once(':') {
        Some(("os", name)) => {
            Peer::is_owner_name(name)
                || config
                    .admin
                    .operators
                    .iter()
                    .any(|one| is_about(&one.name, name) && one.may.contains(&right))
        }
        Some(("op", name)) => {
            operators.iter().any(|one| one.name == name && one.may.contains(&right))
        }
        _ => false,
    }
}

/// Whether a user of this machine is no operator any more.
#[must_use]
pub fn is_gone(actor: &str, config: &Config) -> bool {
    let Some(name) = actor.strip_prefix("os:") else { return false };
    let operators = &config.admin.operators;
    !operators.iter().any(|one| is_about(&one.name, name)) && !Peer::is_owner_name(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::GrantId;

    fn config(operators: &str) -> Config {
        let text = format!("[admin]\noperators = {operators}");
        crate::config::parse("t", &text, Path::new("/"), &|_| None).config
    }

    #[test]
    fn whose_word_counts() {
        let config = config("{ dana = [\"approve\"], erin = [\"request\"] }");
        let frank = TokenOperator {
            name: "frank".into(),
            id: GrantId::from_random(1),
            may: vec![Right::Approve],
            token_sha256: [0; 32],
            created_at: 0,
            created_by: "os:root".into(),
        };
        let operators = [frank];
        for (actor, expected) in [
            ("os:root", true),
            ("os:dana", true),
            ("os:erin", false),
            ("os:frank", false),
            ("op:frank", true),
            ("op:dana", false),
            ("pgward", false),
            ("user:dana", false),
        ] {
            assert_eq!(may_approve(actor, &config, &operators), expected, "{actor}");
            let audits = still_may(actor, Right::Audit, &config, &operators);
            assert_eq!(audits, actor == "os:root", "{actor}");
        }
        for (actor, expected) in
            [("os:root", false), ("os:erin", false), ("os:mallory", true), ("op:mallory", false)]
        {
            assert_eq!(is_gone(actor, &config), expected, "{actor}");
        }
    }

    #[test]
    fn rights_are_what_they_are() {
        let caller = Caller::new("os:dana", &[Right::Approve]);
        assert!(caller.may(Right::Approve) && caller.is_operator());
        for right in [Right::Request, Right::Administer, Right::Audit, Right::BreakGlass] {
            assert!(!caller.may(right), "{right:?} is not included");
        }
        assert!(!Caller::new("os:mallory", &[]).is_operator());
    }
}
