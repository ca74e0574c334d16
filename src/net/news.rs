//! What a session tells its client of changes of its grant: that its end was moved, and that it
//! has more scopes, which hold from the next connection on.

use std::rc::Rc;

use super::relay::Relay;
use crate::base::Moment;
use crate::grants::scopes;
use crate::policy::Scope;
use crate::session::News;

/// What the client has been told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whether it is told at all.
    tells: bool,
    /// Scopes beyond those that the session began with.
    scopes: Vec<Scope>,
}

impl Told {
    pub(super) const fn new(tells: bool) -> Self {
        Self { tells, scopes: Vec::new() }
    }

    /// Those of a grant's scopes that are news to a session which began with `own`.
    fn since(&mut self, of_grant: &[Scope], own: &[Scope]) -> Vec<String> {
        let new = of_grant.iter().filter(|one| !own.contains(one) && !self.scopes.contains(one));
        let new: Vec<Scope> = new.cloned().collect();
        let shown = new.iter().map(scopes::text).collect();
        self.scopes.extend(new);
        shown
    }
}

impl Relay {
    /// Tells the client something of its grant, as soon as its stream allows.
    pub(super) fn tell(&mut self, news: News, now: Moment) {
        if !self.news.tells && news.is_of_change() {
            return;
        }
        let worker = Rc::clone(&self.worker);
        let mut turn = worker.turn.borrow_mut();
        turn.clear();
        self.session.announce(news, now, &mut turn);
        self.client.queue(&turn.client, &[]);
    }

    /// Tells the client which scopes its grant has got.
    pub(super) fn tell_scopes(&mut self, now: Moment) {
        let Some(grant) = self.worker.shared.grants.by_id(self.books.entry.grant) else { return };
        let new = self.news.since(&grant.scopes, &self.session.terms().scopes);
        if !new.is_empty() {
            self.tell(News::Scopes(new), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_is_news_once() {
        let scopes = |text: &str| -> Vec<Scope> {
            text.split_whitespace().flat_map(|one| Scope::parse_list(one).unwrap()).collect()
        };
        let own = scopes("update:public.a");
        let mut told = Told::new(true);
        for (of_grant, news) in [
            ("update:public.a", ""),
            ("update:public.a delete:public.a ddl:s", "delete:public.a ddl:s"),
            ("update:public.a delete:public.a ddl:s", ""),
            ("update:public.a delete:public.a ddl:s ddl:t", "ddl:t"),
        ] {
            assert_eq!(told.since(&scopes(of_grant), &own).join(" "), news);
        }
    }
}
