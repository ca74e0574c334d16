//! How many connections the admin socket has at once, in all and for each user of this machine:
//! where operators are named everybody can connect, and nobody may keep the others out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What sort of user is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Root, or the user that the server runs as.
    Owner,
    /// Somebody who is named.
    Operator,
    /// Somebody who is told so.
    Stranger,
}

/// Who is connected now.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<u32, usize>,
    all: HashMap<Kind, usize>,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    uid: u32,
    kind: Kind,
}

impl Kind {
    /// Connections of one user at once. A command takes one.
    pub(super) const fn each(self) -> usize {
        match self {
            Self::Owner => 64,
            Self::Operator => 16,
            Self::Stranger => 4,
        }
    }

    /// Connections of all users of this kind at once: no kind can fill the others' places.
    const fn all(self) -> usize {
        match self {
            Self::Owner => 64,
            Self::Operator => 128,
            Self::Stranger => 32,
        }
    }
}

impl Crowd {
    /// Connections of that user.
    pub(super) fn of(&self, uid: u32) -> usize {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.of.get(&uid).copied().unwrap_or(0)
    }

    /// Takes a place; `None` when that user, or all of that kind, have as many as they may.
    pub(super) fn enter(self: &Arc<Self>, uid: u32, kind: Kind) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.of.get(&uid).copied().unwrap_or(0);
        let all = counts.all.get(&kind).copied().unwrap_or(0);
        if own >= kind.each() || all >= kind.all() {
            return None;
        }
        counts.of.insert(uid, own + 1);
        counts.all.insert(kind, all + 1);
        Some(Place { crowd: Arc::clone(self), uid, kind })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.of.get_mut(&self.uid) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(counts.of.remove(&self.uid)),
        }
        if let Some(all) = counts.all.get_mut(&self.kind) {
            *all = all.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_keeps_the_others_out() {
        let crowd = Arc::new(Crowd::default());
        let enter = |uid: u32, kind: Kind| {
            std::iter::from_fn(|| crowd.enter(uid, kind)).collect::<Vec<Place>>()
        };
        let mallory = enter(1_000, Kind::Stranger);
        assert_eq!((mallory.len(), crowd.of(1_000)), (4, 4));
        let strangers: Vec<Vec<Place>> =
            (2_000..2_100).map(|uid| enter(uid, Kind::Stranger)).collect();
        assert_eq!(strangers.iter().map(Vec::len).sum::<usize>(), 28, "32 in all");
        let dana = enter(1_001, Kind::Operator);
        assert_eq!(dana.len(), 16);
        let operators: Vec<Vec<Place>> =
            (3_000..3_100).map(|uid| enter(uid, Kind::Operator)).collect();
        assert_eq!(operators.iter().map(Vec::len).sum::<usize>(), 112, "128 in all");
        // Whoever fills all of that, the owner comes in.
        assert_eq!(enter(0, Kind::Owner).len(), 64);
        assert_eq!(crowd.of(0), 0, "given back");
        drop(mallory);
        assert_eq!(enter(1_000, Kind::Stranger).len(), 4);
        drop((strangers, dana, operators));
        let counts = crowd.0.lock().unwrap();
        assert!(counts.of.is_empty() && counts.all.values().all(|all| *all == 0), "{counts:?}");
    }
}
