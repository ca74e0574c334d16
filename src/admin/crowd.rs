//! How many connections the admin socket has at once, in all and for each user of this machine:
//! where operators are named everybody can connect, and nobody may keep the others out.

use super::seats::{Seat, Seats};

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
pub(super) struct Crowd {
    of: Seats<u32>,
    all: Seats<Kind>,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _own: Seat<u32>,
    _kind: Seat<Kind>,
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
        self.of.of(&uid)
    }

    /// Takes a place; `None` when that user, or all of that kind, have as many as they may.
    pub(super) fn enter(&self, uid: u32, kind: Kind) -> Option<Place> {
        let own = self.of.take(uid, kind.each())?;
        Some(Place { _own: own, _kind: self.all.take(kind, kind.all())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_keeps_the_others_out() {
        let crowd = Crowd::default();
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
        assert!(crowd.of.is_empty() && crowd.all.is_empty(), "{crowd:?}");
    }
}
