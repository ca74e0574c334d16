//! What was allowed when it was prepared, bound or declared is judged again once catalogue or
//! policy moved: a view may have got another query since, a function another body.

use super::names::{Prepared, kept};
use super::replies::{Lookup, PortalOf};
use super::{Call, Session};
use crate::base::Refusal;
use crate::policy::{Judge, Judgement};
use crate::sql::facts::Action;

/// What becomes of a statement that runs something judged before.
pub(super) enum Again {
    /// It still passes.
    Fine,
    /// It would be refused now.
    Refused(Box<Refusal>),
    /// It is judged on the pool.
    Hold,
}

impl Session {
    /// Judges anew what a text EXECUTEs and FETCHes.
    pub(super) fn again(
        &mut self,
        judgement: &Judgement,
        judge: &mut Judge,
        call: &Call<'_>,
    ) -> Again {
        for one in &judgement.statements {
            let prepared = match &one.action {
                Action::Execute { name, .. } => match self.lookup(kept(name.as_bytes())) {
                    Lookup::Known(prepared) => prepared,
                    Lookup::Unknown | Lookup::Unsure => continue,
                },
                Action::Fetch { name } => match self.portal(kept(name.as_bytes())) {
                    PortalOf::Bind(prepared) => prepared,
                    PortalOf::Cursor(cursor) => cursor.prepared,
                    PortalOf::Unknown | PortalOf::Unsure => continue,
                },
                _ => continue,
            };
            match self.prepared_again(&prepared, judge, call) {
                Again::Fine => {}
                other => return other,
            }
        }
        Again::Fine
    }

    /// Judges one prepared statement anew, if it has to be.
    pub(super) fn prepared_again(
        &mut self,
        prepared: &Prepared,
        judge: &mut Judge,
        call: &Call<'_>,
    ) -> Again {
        if prepared.judgement.epoch == judge.epoch() {
            return Again::Fine;
        }
        match self.judge(&prepared.text, &prepared.types, judge, call) {
            None => Again::Hold,
            Some(judgement) => match judgement.verdict.refusal() {
                Some(refusal) => Again::Refused(Box::new(refusal.clone())),
                None => Again::Fine,
            },
        }
    }
}
