//! Operators with tokens: made, listed, removed. Whoever is removed leaves no way in: what they
//! asked for or approved ends with them.

use std::sync::Arc;

use tokio::task::{JoinSet, spawn_blocking};

use super::caller::Caller;
use super::clerk::{Clerk, ClerkError, because};
use super::forms::{CreatedOperator, OperatorView, OperatorWish, RemovedOperator, Revoked, time};
use super::record::AdminEvent;
use super::sessions::Report;
use super::summary::Tally;
use crate::config::Right;
use crate::grants::operators::{TokenOperator, check_name, rights};
use crate::grants::{Grant, State, WishError};

impl Clerk {
    /// Makes an operator. The token is in the answer and nowhere else.
    ///
    /// # Errors
    /// When there is one of that name, or it can't be put on record or kept.
    pub async fn operator_create(
        &self,
        wish: OperatorWish,
        caller: &Caller,
    ) -> Result<CreatedOperator, ClerkError> {
        check_name(&wish.name)?;
        let may = rights(&wish.may)?;
        let ledger = Arc::clone(&self.ledger);
        let token = ledger.operator_token()?;
        let operator = TokenOperator {
            name: wish.name.clone(),
            id: token.grant(),
            may: may.clone(),
            token_sha256: token.sha256(),
            created_at: (self.clock)(),
            created_by: caller.actor.to_string(),
        };
        let words: Vec<String> = may.iter().map(|right| right.word().to_owned()).collect();
        let known = self.operators().await?;
        if known.iter().any(|one| one.name == wish.name) {
            return Err(taken(&wish.name));
        }
        let detail = format!("{}: {}", wish.name, words.join(", "));
        self.record.before(&act("operator.created", caller, &detail))?;
        if !spawn_blocking(move || ledger.add_operator(&operator)).await?? {
            return Err(taken(&wish.name));
        }
        Ok(CreatedOperator { name: wish.name, may: words, token: token.expose().to_owned() })
    }

    /// Every operator: those with tokens, and those of the configuration.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn operator_list(&self) -> Result<Vec<OperatorView>, ClerkError> {
        let words = |may: &[Right]| may.iter().map(|right| right.word().to_owned()).collect();
        let of_config = |one: &crate::config::Operator| OperatorView {
            actor: format!("os:{}", one.name),
            may: words(&one.may),
            by: "configuration".to_owned(),
            created_at: None,
            created_by: None,
        };
        let mut all: Vec<OperatorView> =
            self.config.load().admin.operators.iter().map(of_config).collect();
        all.extend(self.operators().await?.iter().map(|one| OperatorView {
            actor: format!("op:{}", one.name),
            may: words(&one.may),
            by: "token".to_owned(),
            created_at: Some(time(one.created_at)),
            created_by: Some(one.created_by.clone()),
        }));
        Ok(all)
    }

    /// Removes an operator: the token works no more, and what they asked for or approved ends.
    ///
    /// # Errors
    /// When there is none of that name, or the store can't be written.
    pub async fn operator_remove(
        self: &Arc<Self>,
        name: &str,
        caller: &Caller,
    ) -> Result<RemovedOperator, ClerkError> {
        // As `operator list` shows them.
        let name = name.strip_prefix("op:").unwrap_or(name);
        if self.operators().await?.iter().all(|one| one.name != name) {
            return Err(self.unknown(name));
        }
        if let Err(error) = self.record.soon(&act("operator.removed", caller, name)) {
            tracing::error!(%error, "the removal of an operator is not on record yet");
        }
        let (ledger, now) = (Arc::clone(&self.ledger), (self.clock)());
        let (gone, by) = (name.to_owned(), caller.actor.to_string());
        if !spawn_blocking(move || ledger.remove_operator(&gone, &by, now)).await?? {
            return Err(self.unknown(name));
        }
        let actor = format!("op:{name}");
        let reason = format!("operator {name} was removed");
        let tally = Tally::start(&self.sessions.list().await);
        let grants = self.end_of(&actor, &reason, caller).await?;
        let report = Report {
            sessions_ended: grants.iter().map(|one| one.sessions_ended).sum(),
            statements_cancelled: grants.iter().map(|one| one.statements_cancelled).sum(),
            still_ending: 0,
        };
        let ours = |id| grants.iter().any(|one: &Revoked| one.id == id);
        let summary = tally.words(ours, report);
        Ok(RemovedOperator { name: name.to_owned(), grants, summary })
    }

    fn unknown(&self, name: &str) -> ClerkError {
        let shown = name.escape_debug();
        let local = name.strip_prefix("os:").unwrap_or(name);
        let configured = self.config.load().admin.operators.iter().any(|one| one.name == local);
        ClerkError::Wish(WishError {
            what: format!("there is no operator \"{shown}\" with a token"),
            hint: if configured {
                format!("take {local} out of admin.operators, then send the server SIGHUP")
            } else {
                "pgward operator list shows them".to_owned()
            },
        })
    }

    /// Ends every grant that rests on that operator's word.
    async fn end_of(
        self: &Arc<Self>,
        actor: &str,
        reason: &str,
        caller: &Caller,
    ) -> Result<Vec<Revoked>, ClerkError> {
        let now = (self.clock)();
        let stands = [State::Pending, State::Approved, State::Active];
        let rests = |grant: &Grant| {
            grant.created_by == actor || grant.life.approvals.iter().any(|one| one.by == actor)
        };
        let mut work = JoinSet::new();
        for grant in self.ledger.live().all() {
            if stands.contains(&grant.state_at(now)) && rests(&grant) {
                let (clerk, by) = (Arc::clone(self), Arc::clone(&caller.actor));
                let because = because("revoked", &by, Some(reason));
                work.spawn(async move { clerk.end(&grant, State::Revoked, &because, &by).await });
            }
        }
        let mut ended = Vec::new();
        while let Some(done) = work.join_next().await {
            ended.push(done??);
        }
        ended.sort_by_key(|one| one.id);
        Ok(ended)
    }

    /// Operators with tokens, also those that were removed.
    pub(super) async fn operators_ever(&self) -> Result<Vec<TokenOperator>, ClerkError> {
        let ledger = Arc::clone(&self.ledger);
        Ok(spawn_blocking(move || ledger.operators_ever()).await??)
    }

    /// Operators with tokens.
    pub(super) async fn operators(&self) -> Result<Vec<TokenOperator>, ClerkError> {
        let ledger = Arc::clone(&self.ledger);
        Ok(spawn_blocking(move || ledger.operators()).await??)
    }
}

fn act<'a>(event: &'static str, caller: &'a Caller, detail: &'a str) -> AdminEvent<'a> {
    AdminEvent { event, actor: &caller.actor, grant: None, session: None, detail: Some(detail) }
}

fn taken(name: &str) -> ClerkError {
    ClerkError::Wish(WishError {
        what: format!("there is an operator {name} already"),
        hint: format!("to give them another token, remove the old: pgward operator remove {name}"),
    })
}
