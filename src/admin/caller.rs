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
    match actor.split_once(':') {
        Some(("os", name)) => {
            Peer::is_owner_name(name)
                || config
                    .admin
                    .operators
                    .iter()
                    .any(|one| is_about(&one.name, name) && one.may.contains(&Right::Approve))
        }
        Some(("op", name)) => {
            operators.iter().any(|one| one.name == name && one.may.contains(&Right::Approve))
        }
        _ => false,
    }
}
