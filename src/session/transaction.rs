//! Transactions that wrote, and how they ended.
//!
//! The server's ReadyForQuery status and its command tags are the truth. COMMIT of a failed
//! block is answered with the tag ROLLBACK.

use super::event::{Event, TransactionOutcome};
use super::{Call, Session};
use crate::sql::facts::Action;

/// The transaction under way.
#[derive(Debug)]
pub(super) struct Transactions {
    /// Number of the current one, from 1.
    number: u64,
    /// The last ReadyForQuery's status.
    status: u8,
    /// The number of the current transaction, once something in it wrote.
    wrote: Option<u64>,
    /// Whether something failed since the last transaction boundary.
    failed: bool,
    /// Whether nothing was done since the last transaction boundary.
    fresh: bool,
    /// Whether a BEGIN was completed that no ReadyForQuery has told of yet.
    begun: bool,
    /// The same of a COMMIT or ROLLBACK.
    ended: bool,
}

impl Default for Transactions {
    fn default() -> Self {
        Self {
            number: 1,
            status: b'I',
            wrote: None,
            failed: false,
            fresh: true,
            begun: false,
            ended: false,
        }
    }
}

impl Transactions {
    pub(super) const fn status(&self) -> u8 {
        self.status
    }

    /// Whether a block of the client's is open, by all that the server has said. One that COMMIT
    /// AND CHAIN opened counts from the next ReadyForQuery only.
    pub(super) const fn in_block(&self) -> bool {
        self.status != b'I' && !self.ended || self.begun
    }

    pub(super) const fn wrote(&self) -> bool {
        self.wrote.is_some()
    }

    pub(super) fn note_failure(&mut self) {
        self.failed = true;
        self.fresh = false;
    }

    pub(super) fn note_write(&mut self, transaction: u64) {
        self.wrote.get_or_insert(transaction);
    }

    /// The number that a statement sent now belongs to, as far as can be told: outside a block,
    /// every segment in flight is a transaction of its own.
    pub(super) fn number_ahead(&self, segments_in_flight: u64) -> u64 {
        if self.status == b'I' { self.number + segments_in_flight } else { self.number }
    }
}

impl Session {
    /// A statement was completed with `tag`.
    pub(super) fn statement_completed(
        &mut self,
        action: &Action,
        writes: bool,
        transaction: u64,
        tag: &[u8],
        call: &mut Call<'_>,
    ) {
        if writes {
            self.transactions.note_write(transaction);
        }
        let outcome = match action {
            Action::Commit { .. } if tag == b"ROLLBACK" => TransactionOutcome::RolledBack,
            Action::Commit { .. } => TransactionOutcome::Committed,
            Action::Rollback { .. } => TransactionOutcome::RolledBack,
            _ => {
                self.transactions.fresh = false;
                self.transactions.begun |= matches!(action, Action::Begin(_));
                return;
            }
        };
        self.transaction_ended(outcome, call);
    }

    /// The server said ReadyForQuery with `status`.
    pub(super) fn ready(&mut self, status: u8, call: &mut Call<'_>) {
        let before = std::mem::replace(&mut self.transactions.status, status);
        if status == b'I' {
            let outcome = if self.transactions.failed {
                TransactionOutcome::RolledBack
            } else {
                TransactionOutcome::Committed
            };
            if !self.transactions.fresh {
                self.transaction_ended(outcome, call);
            }
            self.close_portals(call);
        } else if before == b'I' {
            self.transactions.failed = false;
        }
        self.transactions.ended = false;
    }

    pub(super) fn transaction_ended(&mut self, outcome: TransactionOutcome, call: &mut Call<'_>) {
        self.transactions.failed = false;
        self.transactions.fresh = true;
        self.transactions.begun = false;
        self.transactions.ended = true;
        if let Some(transaction) = self.transactions.wrote.take() {
            call.recorder.record(&Event::TransactionEnd { transaction, outcome });
            self.transactions.number = self.transactions.number.max(transaction);
        }
        self.transactions.number += 1;
    }
}
