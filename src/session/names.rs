//! Prepared statements and portals as the server has confirmed them.
//!
//! SQL PREPARE and protocol Parse share one namespace, and so do here. An unnamed statement or
//! portal has the empty name.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::base::Moment;
use crate::base::limits::IDENTIFIER_BYTES_MAX;
use crate::policy::Judgement;
use crate::sql::facts::Action;

/// A statement or portal name; the empty one is the unnamed, which so takes no memory.
pub(super) type Name = Box<[u8]>;

/// A name as the server keeps it: its hash tables cut names to `NAMEDATALEN - 1` bytes
/// (`string_hash` in `utils/hash/dynahash.c`), so two longer ones can be the same.
pub(super) fn kept(name: &[u8]) -> &[u8] {
    name.get(..IDENTIFIER_BYTES_MAX).unwrap_or(name)
}

/// A prepared statement that was judged and allowed.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The text that was prepared.
    pub(super) text: Box<[u8]>,
    /// Its parameter type OIDs.
    pub(super) types: Box<[u32]>,
    /// How it was judged.
    pub(super) judgement: Rc<Judgement>,
    /// The number of the decision that allowed it.
    pub(super) statement: u64,
    /// Whether SQL's PREPARE made it: the text is then that of the PREPARE.
    pub(super) by_sql: bool,
}

/// A portal: a Bind that the server accepted.
#[derive(Debug, Clone)]
pub(super) struct Portal {
    /// How its statement was judged.
    pub(super) judgement: Rc<Judgement>,
    /// The prepared statement that it was bound from, for EXECUTE's and PREPARE's effects.
    pub(super) prepared: Rc<Prepared>,
    /// The number of the Bind's decision.
    pub(super) statement: u64,
    /// When the Bind was forwarded.
    pub(super) started: Moment,
    /// Its transaction's number.
    pub(super) transaction: u64,
    /// What it has sent so far.
    pub(super) sent: Sent,
    /// Whether its `statement.done` is on record.
    pub(super) done: bool,
    /// Whether it is a cursor that DECLARE made: each Execute of it has a record of its own, as
    /// each FETCH has.
    pub(super) cursor: bool,
}

/// What went to the client for one statement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// DataRows, and CopyData of COPY OUT.
    pub(super) rows: u64,
    /// Bytes of their bodies.
    pub(super) bytes: u64,
}

/// What the server has. Ordered by name: few names are found by comparing, and nobody's choice of names
/// makes many of them slow.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Bytes of the texts that are kept, once for each name that keeps one.
    bytes: usize,
    unnamed: Option<Rc<Prepared>>,
    statements: BTreeMap<Name, Rc<Prepared>>,
    unnamed_portal: Option<Portal>,
    portals: BTreeMap<Name, Portal>,
}

impl Prepared {
    /// The statement that a PREPARE made: executing it is not another PREPARE.
    pub(super) fn by_sql(prepare: &Self) -> Self {
        Self {
            text: prepare.text.clone(),
            types: Box::default(),
            judgement: executed(Rc::clone(&prepare.judgement)),
            statement: prepare.statement,
            by_sql: true,
        }
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.types.len() * 4
    }
}

/// The judgement of a PREPARE as that of the statement it prepares.
pub(super) fn executed(judgement: Rc<Judgement>) -> Rc<Judgement> {
    let mut judgement = Rc::unwrap_or_clone(judgement);
    for one in &mut judgement.statements {
        one.writes |= matches!(one.action, Action::Prepare { write: true, .. });
        one.action = if one.writes { Action::Write } else { Action::Read };
    }
    Rc::new(judgement)
}

impl Names {
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Rc<Prepared>> {
        if name.is_empty() { self.unnamed.as_ref() } else { self.statements.get(name) }
    }

    pub(super) fn set_statement(&mut self, name: Name, prepared: Rc<Prepared>) {
        self.bytes += prepared.bytes();
        let replaced = if name.is_empty() {
            self.unnamed.replace(prepared)
        } else {
            self.statements.insert(name, prepared)
        };
        self.forget(replaced.as_deref());
    }

    fn forget(&mut self, prepared: Option<&Prepared>) {
        self.bytes = self.bytes.saturating_sub(prepared.map_or(0, Prepared::bytes));
    }

    pub(super) fn remove_statement(&mut self, name: &[u8]) {
        let removed =
            if name.is_empty() { self.unnamed.take() } else { self.statements.remove(name) };
        self.forget(removed.as_deref());
    }

    /// DEALLOCATE ALL: every statement, the unnamed one too (`DropAllPreparedStatements` leaves
    /// the unnamed one; forgetting it here only means that a Bind of it is refused).
    pub(super) fn clear_statements(&mut self) {
        let removed: Vec<_> = self
            .unnamed
            .take()
            .into_iter()
            .chain(std::mem::take(&mut self.statements).into_values())
            .collect();
        removed.iter().for_each(|prepared| self.forget(Some(prepared)));
    }

    pub(super) fn portal(&self, name: &[u8]) -> Option<&Portal> {
        if name.is_empty() { self.unnamed_portal.as_ref() } else { self.portals.get(name) }
    }

    pub(super) fn portal_mut(&mut self, name: &[u8]) -> Option<&mut Portal> {
        if name.is_empty() { self.unnamed_portal.as_mut() } else { self.portals.get_mut(name) }
    }

    /// Installs a portal; gives back the one it replaces.
    pub(super) fn set_portal(&mut self, name: Name, portal: Portal) -> Option<Portal> {
        self.bytes += portal.prepared.bytes();
        let replaced = if name.is_empty() {
            self.unnamed_portal.replace(portal)
        } else {
            self.portals.insert(name, portal)
        };
        self.forget(replaced.as_ref().map(|portal| &*portal.prepared));
        replaced
    }

    pub(super) fn remove_portal(&mut self, name: &[u8]) -> Option<Portal> {
        let removed =
            if name.is_empty() { self.unnamed_portal.take() } else { self.portals.remove(name) };
        self.forget(removed.as_ref().map(|portal| &*portal.prepared));
        removed
    }

    /// Whether a portal has a name.
    pub(super) fn has_named_portals(&self) -> bool {
        !self.portals.is_empty()
    }

    /// Takes every portal, in the order of their decisions.
    pub(super) fn take_portals(&mut self) -> Vec<Portal> {
        let mut portals: Vec<Portal> = std::mem::take(&mut self.portals).into_values().collect();
        portals.extend(self.unnamed_portal.take());
        portals.iter().for_each(|portal| self.forget(Some(&portal.prepared)));
        portals.sort_by_key(|portal| portal.statement);
        portals
    }

    /// Bytes of the texts that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Named statements and portals, the larger of the two counts.
    pub(super) fn count(&self) -> usize {
        self.statements.len().max(self.portals.len())
    }
}
