//! Statements: judged, recorded, and forwarded, replaced, or refused in place.

use std::ops::Range;
use std::rc::Rc;

use super::event::{Decision, Event, Parameters, Via};
use super::names::Prepared;
use super::replies::{Refused, Why};
use super::run::ends;
use super::{Call, Session};
use crate::base::Refusal;
use crate::policy::{Judged, Judgement};
use crate::wire::write;

/// SHA-256 of nothing, for what has no text.
const SHA256_EMPTY: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// What the records of one text have in common.
pub(super) struct Told<'a> {
    pub(super) via: Via,
    pub(super) text: &'a [u8],
    pub(super) parse: Option<u64>,
    pub(super) parameters: Option<Parameters<'a>>,
    pub(super) refusal: Option<&'a Refusal>,
}

impl Session {
    /// Records the decision on every statement of a judged text; gives the first one's number.
    pub(super) fn record_decisions(
        &mut self,
        judgement: &Judgement,
        told: &Told<'_>,
        call: &mut Call<'_>,
    ) -> u64 {
        let first = self.ahead.statements + 1;
        let mut transaction = self.transaction_ahead();
        for judged in &judgement.statements {
            self.ahead.statements += 1;
            call.recorder.record(&Event::Decision(Decision {
                statement: self.ahead.statements,
                parse: told.parse,
                transaction,
                via: told.via,
                operation: judged.operation,
                objects: &judged.objects,
                query: text_of(judged, told.text),
                query_hash: &judged.query_hash,
                redacted: judged.redacted.as_deref(),
                parameters: told.parameters,
                refusal: told.refusal,
                rule: judged.rule,
            }));
            transaction += u64::from(ends(judged));
        }
        call.turn.decided = true;
        first
    }

    /// Records the refusal of something that has no judged text.
    pub(super) fn record_refusal(
        &mut self,
        operation: &'static str,
        via: Via,
        refusal: &Refusal,
        call: &mut Call<'_>,
    ) -> u64 {
        self.ahead.statements += 1;
        call.recorder.record(&Event::Decision(Decision {
            statement: self.ahead.statements,
            parse: None,
            transaction: self.transaction_ahead(),
            via,
            operation,
            objects: &[],
            query: b"",
            query_hash: &SHA256_EMPTY,
            redacted: None,
            parameters: None,
            refusal: Some(refusal),
            rule: refusal.rule,
        }));
        call.turn.decided = true;
        self.ahead.statements
    }

    /// Records a Bind: the statement that it will run, with its parameters.
    pub(super) fn record_bind(
        &mut self,
        prepared: &Prepared,
        parse: u64,
        parameters: Parameters<'_>,
        refusal: Option<&Refusal>,
        call: &mut Call<'_>,
    ) -> u64 {
        let told = Told {
            via: Via::Bind,
            text: &prepared.text,
            parse: Some(parse),
            parameters: Some(parameters),
            refusal,
        };
        self.record_decisions(&prepared.judgement, &told, call)
    }

    /// Puts a statement that fails in the place of a refused simple Query or FunctionCall.
    pub(super) fn refuse_query(&mut self, why: Why, call: &mut Call<'_>) -> Refused {
        let (token, text) = self.token();
        call.turn.upstream.own(|out| write::query(out, &text));
        Refused { why, token }
    }

    /// Puts a Parse that fails in the place of a refused extended message. Its name is not
    /// empty: a Parse of the unnamed statement would destroy it.
    pub(super) fn refuse_extended(&mut self, why: Why, call: &mut Call<'_>) -> Refused {
        let (token, text) = self.token();
        call.turn.upstream.own(|out| write::parse(out, b"pgward_refused", &text, &[]));
        Refused { why, token }
    }

    /// A text that the server's raw parser fails, and its number.
    pub(super) fn token(&mut self) -> (u64, String) {
        self.ahead.refusals += 1;
        (self.ahead.refusals, self.token_text(self.ahead.refusals))
    }

    /// The text that stands for refusal `n`; no statement of PostgreSQL's grammar.
    pub(super) fn token_text(&self, n: u64) -> String {
        format!("pgward_refused_{:016x}_{n}", self.nonce)
    }

    pub(super) fn transaction_ahead(&self) -> u64 {
        let oldest = self.replies.front().map_or(self.ahead.segment, |reply| reply.segment);
        self.transactions.number_ahead(self.ahead.segment.saturating_sub(oldest))
    }
}

/// The bytes of one statement of a text.
fn text_of<'a>(judged: &Judged, text: &'a [u8]) -> &'a [u8] {
    let span: Range<usize> = judged.span.clone();
    text.get(span).unwrap_or(text)
}

/// The judgement's own refusal, as the reason of one in place.
pub(super) fn judged(judgement: &Rc<Judgement>) -> Why {
    Why::Judged(Rc::clone(judgement))
}
