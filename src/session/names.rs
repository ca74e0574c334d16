//! Prepared statements and portals as the server has confirmed them.
//!
//! SQL PREPARE and protocol Parse share one namespace, and so do here. An unnamed statement or
//! portal has the empty name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::Moment;
use crate::policy::Judgement;

/// A statement or portal name; the empty one is the unnamed.
pub(super) type Name = Arc<[u8]>;

/// A prepared statement that was judged and allowed.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The text that was prepared.
    pub(super) text: Box<[u8]>,
    /// Its parameter type OIDs.
    pub(super) types: Box<[u32]>,
    /// How it was judged.
    pub(super) judgement: Arc<Judgement>,
    /// The number of the decision that allowed it.
    pub(super) statement: u64,
}

/// A portal: a Bind that the server accepted.
#[derive(Debug, Clone)]
pub(super) struct Portal {
    /// How its statement was judged.
    pub(super) judgement: Arc<Judgement>,
    /// The prepared statement that it was bound from, for EXECUTE's and PREPARE's effects.
    pub(super) prepared: Arc<Prepared>,
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

/// What the server has.
#[derive(Debug, Default)]
pub(super) struct Names {
    unnamed: Option<Arc<Prepared>>,
    statements: HashMap<Name, Arc<Prepared>>,
    unnamed_portal: Option<Portal>,
    portals: HashMap<Name, Portal>,
}

impl Names {
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Arc<Prepared>> {
        if name.is_empty() { self.unnamed.as_ref() } else { self.statements.get(name) }
    }

    pub(super) fn set_statement(&mut self, name: Name, prepared: Arc<Prepared>) {
        if name.is_empty() {
            self.unnamed = Some(prepared);
        } else {
            self.statements.insert(name, prepared);
        }
    }

    pub(super) fn remove_statement(&mut self, name: &[u8]) {
        if name.is_empty() {
            self.unnamed = None;
        } else {
            self.statements.remove(name);
        }
    }

    /// DEALLOCATE ALL: every statement, the unnamed one too (`DropAllPreparedStatements` leaves
    /// the unnamed one; forgetting it here only means that a Bind of it is refused).
    pub(super) fn clear_statements(&mut self) {
        self.unnamed = None;
        self.statements.clear();
    }

    pub(super) fn portal(&self, name: &[u8]) -> Option<&Portal> {
        if name.is_empty() { self.unnamed_portal.as_ref() } else { self.portals.get(name) }
    }

    pub(super) fn portal_mut(&mut self, name: &[u8]) -> Option<&mut Portal> {
        if name.is_empty() { self.unnamed_portal.as_mut() } else { self.portals.get_mut(name) }
    }

    /// Installs a portal; gives back the one it replaces.
    pub(super) fn set_portal(&mut self, name: Name, portal: Portal) -> Option<Portal> {
        if name.is_empty() {
            self.unnamed_portal.replace(portal)
        } else {
            self.portals.insert(name, portal)
        }
    }

    pub(super) fn remove_portal(&mut self, name: &[u8]) -> Option<Portal> {
        if name.is_empty() { self.unnamed_portal.take() } else { self.portals.remove(name) }
    }

    /// Takes every portal, in the order of their decisions.
    pub(super) fn take_portals(&mut self) -> Vec<Portal> {
        if self.unnamed_portal.is_none() && self.portals.is_empty() {
            return Vec::new();
        }
        let mut portals: Vec<Portal> = self.portals.drain().map(|(_, portal)| portal).collect();
        portals.extend(self.unnamed_portal.take());
        portals.sort_by_key(|portal| portal.statement);
        portals
    }

    /// Named statements and portals, the larger of the two counts.
    pub(super) fn count(&self) -> usize {
        self.statements.len().max(self.portals.len())
    }
}
