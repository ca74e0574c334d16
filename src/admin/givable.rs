//! Whether a database can give what a grant is to have. Where PostgreSQL holds sessions to their
//! scopes by roles of their own, a set of scopes for which it makes no role is worse than
//! useless: every login of such a grant fails, reads too. So the database is asked before anybody
//! has a grant with more than reading, and what it refuses is refused here, with its words.
//!
//! When it can't be asked, no session can begin either. A grant in use is not put at risk then:
//! it gets no more scopes, and nothing is lost but a second attempt. What is new takes nothing
//! from anybody, so it isn't held up: emergency access least of all.

use std::fmt;

use super::caller::Caller;
use super::clerk::{Clerk, ClerkError};
use super::sessions::Later;
use crate::base::GrantId;
use crate::catalog::scope_roles::Givable;
use crate::grants::rules::parse_scopes;
use crate::grants::{ChangeError, Changed, Grant, Stage, WishError, scopes};
use crate::policy::Scope;

/// The databases, as the clerk needs them.
pub trait Upstreams: Send + Sync + fmt::Debug {
    /// Whether a session with these scopes could begin; answers within seconds.
    fn can_give<'a>(&'a self, database: &'a str, scopes: &'a [Scope]) -> Later<'a, Givable>;
}

/// The scopes that a step comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    scopes: Vec<Scope>,
    /// They hold from then on, and don't wait for somebody to approve them.
    now: bool,
}

/// The grant that a step is about.
#[derive(Debug, Clone, Copy)]
struct Stand<'a> {
    grant: &'a Grant,
    /// Who takes the step has asked for it.
    own: bool,
    /// It lets nobody in as the database is now, whatever becomes of the step.
    shut: bool,
}

impl Wanted {
    /// What the database is to be asked about; `None` when nothing changes, or in reading only.
    fn of(before: &Grant, after: &Grant) -> Option<Self> {
        let (was, is) = (&before.life, &after.life);
        let waiting = is.extension.as_ref().filter(|asked| !asked.scopes.is_empty());
        let wanted = if is.stage == Stage::Pending {
            Self { scopes: after.scopes.clone(), now: false }
        } else if was.stage != is.stage || before.scopes != after.scopes {
            Self { scopes: after.scopes.clone(), now: true }
        } else {
            let more = parse_scopes(&waiting?.scopes).ok()?;
            Self { scopes: after.scopes_with(&more), now: false }
        };
        wanted.scopes.iter().any(Scope::beyond_reading).then_some(wanted)
    }
}

impl Clerk {
    /// Asks before something new comes about that has these scopes `now`, or when others have
    /// approved it. What whoever asks should know is in the answer.
    ///
    /// # Errors
    /// When the database would not give them and it is to be now.
    pub(super) async fn may_give(
        &self,
        database: &str,
        scopes: &[Scope],
        now: bool,
    ) -> Result<Option<String>, ClerkError> {
        if !scopes.iter().any(Scope::beyond_reading) {
            return Ok(None);
        }
        match self.upstreams.can_give(database, scopes).await {
            Givable::Yes => Ok(None),
            Givable::No { why, remedy } => {
                let refused = Refused::new(database, scopes, why, remedy);
                if now { Err(refused.error(None)) } else { Ok(Some(refused.told())) }
            }
            Givable::Unasked(why) => Ok(now.then(|| not_asked(database, &why))),
        }
    }

    /// Takes a step that may give scopes: the database is asked first whether it can give those
    /// that it comes to. What whoever takes it should know is in the answer.
    ///
    /// # Errors
    /// As [`Clerk::change`], and when the database would not give them.
    pub(super) async fn change_scopes<E>(
        &self,
        id: GrantId,
        caller: &Caller,
        step: impl Fn(&Grant) -> Result<Changed, E> + Send + 'static,
    ) -> Result<(Changed, Option<String>), ClerkError>
    where
        ChangeError: From<E>,
        E: Send + 'static,
    {
        let grant = self.find(id).await?;
        // What is in its way is told by the step itself, with the book held.
        let wanted = step(&grant).ok().and_then(|after| Wanted::of(&grant, &after.grant));
        let word = match &wanted {
            Some(wanted) => self.may_change(&grant, wanted, caller).await?,
            None => None,
        };
        let step = move |grant: &Grant| -> Result<Changed, ChangeError> {
            let changed = step(grant)?;
            match Wanted::of(grant, &changed.grant) {
                Some(other) if other.now && wanted.as_ref() != Some(&other) => {
                    Err(ChangeError::Wish(WishError {
                        what: format!("nothing was done: {id} was changed at this moment"),
                        hint: format!("see what it is now: pgward grant show {id}"),
                    }))
                }
                _ => Ok(changed),
            }
        };
        Ok((self.change::<ChangeError>(id, caller, step).await?, word))
    }

    async fn may_change(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        caller: &Caller,
    ) -> Result<Option<String>, ClerkError> {
        let (database, scopes) = (grant.database.as_str(), wanted.scopes.as_slice());
        let in_use = grant.life.stage == Stage::Issued;
        match self.upstreams.can_give(database, scopes).await {
            Givable::Yes => Ok(None),
            Givable::No { why, remedy } => {
                let mut refused = Refused::new(database, scopes, why, remedy);
                let mut stand =
                    Stand { grant, own: *grant.created_by == *caller.actor, shut: false };
                if in_use {
                    // What is in the way may be something that it has, beside what is new.
                    refused.had = &grant.scopes;
                    let own = self.upstreams.can_give(database, &grant.scopes);
                    if grant.scopes.iter().any(Scope::beyond_reading)
                        && let Givable::No { why, remedy } = own.await
                    {
                        refused = Refused::new(database, &grant.scopes, why, remedy);
                        stand.shut = true;
                    }
                }
                if wanted.now { Err(refused.error(Some(stand))) } else { Ok(Some(refused.told())) }
            }
            Givable::Unasked(why) if wanted.now && in_use => Err(ClerkError::Unasked {
                what: format!(
                    "nothing was done: database \"{database}\" cannot be asked now whether \
                         it can give {}",
                    texts(scopes)
                ),
                detail: why,
                hint: format!(
                    "try again in a moment: until then no session can begin with them \
                         either. More time alone: pgward grant extend {} --ttl 30m",
                    grant.id
                ),
            }),
            Givable::Unasked(why) => Ok(wanted.now.then(|| not_asked(database, &why))),
        }
    }
}

/// What a database does not give.
#[derive(Debug)]
struct Refused<'a> {
    database: &'a str,
    scopes: &'a [Scope],
    /// Of these, those that it does give by themselves.
    had: &'a [Scope],
    why: String,
    remedy: Option<String>,
}

impl<'a> Refused<'a> {
    const fn new(
        database: &'a str,
        scopes: &'a [Scope],
        why: String,
        remedy: Option<String>,
    ) -> Self {
        Self { database, scopes, had: &[], why, remedy }
    }

    /// What is in the way: the scope that the server names, or else all that are new.
    fn blamed(&self) -> Vec<&Scope> {
        let new = |scope: &&Scope| !self.had.contains(scope);
        match self.named().filter(new) {
            Some(scope) => vec![scope],
            None => self.scopes.iter().filter(new).collect(),
        }
    }

    fn named(&self) -> Option<&Scope> {
        // PostgreSQL also quotes names that are key words.
        let said = self.why.strip_prefix("scope ")?.replace('"', "");
        let named = |scope: &Scope| {
            let text = scopes::text(scope).replace('"', "");
            let rest = said.strip_prefix(&text)?;
            rest.starts_with([' ', ':']).then_some(text.len())
        };
        let named = self.scopes.iter().filter_map(|scope| Some((named(scope)?, scope)));
        named.max_by_key(|(length, _)| *length).map(|(_, scope)| scope)
    }

    fn what(&self) -> String {
        format!("database \"{}\" cannot give {}", self.database, texts(self.blamed()))
    }

    /// For who may go on all the same.
    fn told(&self) -> String {
        let remedy = self.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("{} now: the server says: {}{remedy}", self.what(), self.why)
    }

    fn error(&self, stand: Option<Stand<'_>>) -> ClerkError {
        ClerkError::NotGiven {
            what: format!("nothing was done: {}", self.what()),
            detail: format!("the server says: {}", self.why),
            hint: self.hint(stand),
        }
    }

    fn hint(&self, stand: Option<Stand<'_>>) -> String {
        let blamed = self.blamed();
        let scopes = texts(blamed.iter().copied());
        let first = match stand {
            Some(Stand { grant, shut: true, .. }) => {
                format!("{} has {scopes} already, and lets nobody in without that", grant.id)
            }
            Some(Stand { grant, own, .. }) if asked_before(grant, &blamed) => {
                let id = grant.id;
                if own {
                    format!("withdraw it and ask again without {scopes}: pgward grant release {id}")
                } else {
                    format!("deny it, to be asked for without {scopes}: pgward grant deny {id}")
                }
            }
            _ => format!("leave out {scopes}"),
        };
        match &self.remedy {
            Some(remedy) => format!("{first}; or {remedy}"),
            None => format!("{first}; pgward config check says how the database stands"),
        }
    }
}

/// Whether one of the scopes was asked for and isn't given yet: who takes a step now can't leave
/// it out.
fn asked_before(grant: &Grant, scopes: &[&Scope]) -> bool {
    let asked = match (grant.life.stage, &grant.life.extension) {
        (Stage::Issued, Some(asked)) => parse_scopes(&asked.scopes).unwrap_or_default(),
        (Stage::Issued, None) => Vec::new(),
        (Stage::Pending | Stage::Approved, _) => grant.scopes.clone(),
    };
    scopes.iter().any(|scope| asked.contains(scope))
}

fn not_asked(database: &str, why: &str) -> String {
    format!(
        "database \"{database}\" was not asked whether it can give these scopes ({why}): if it \
         can't, logins are refused and say why"
    )
}

fn texts<'a>(all: impl IntoIterator<Item = &'a Scope>) -> String {
    all.into_iter().map(scopes::text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_that_is_in_the_way_is_found_by_its_name() {
        let all = [
            "insert:public.a",
            "insert:public.ab",
            "insert:public.\"a b\"",
            "execute:public.order",
        ];
        let scopes: Vec<Scope> =
            all.iter().flat_map(|text| Scope::parse_list(text).unwrap()).collect();
        for (why, expected) in [
            ("scope insert:public.a: no", "insert:public.a"),
            ("scope insert:public.ab: no", "insert:public.ab"),
            ("scope insert:public.\"a b\": no", "insert:public.\"a b\""),
            // PostgreSQL quotes key words, too.
            ("scope execute:public.\"order\" runs as", "execute:public.order"),
            ("scope insert:public.abc: no", ""),
            ("permission denied", ""),
        ] {
            let refused = Refused::new("app", &scopes, why.to_owned(), None);
            let found = refused.named().map(ToString::to_string).unwrap_or_default();
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn what_works_by_itself_is_not_blamed() {
        let scopes = Scope::parse_list("insert,update:public.a").unwrap();
        let why = "scope insert:public.a: ddl: runs as role x".to_owned();
        let mut refused = Refused::new("app", &scopes, why, None);
        assert_eq!(texts(refused.blamed()), "insert:public.a");
        refused.had = &scopes[..1];
        assert_eq!(texts(refused.blamed()), "update:public.a");
    }
}
