//! How many may read the audit log at once. Each reading has a thread of its own, and one that
//! nobody takes the answer of stands still for a while: one person can't keep the others out.

use std::sync::{Arc, Mutex, PoisonError};

/// Searches and replays at once; of one person. Each holds 50 MiB of records at most.
const SEARCHES: Bound = Bound { all: 8, own: 4 };

/// Tails at once; of one person. They follow for hours, and hardly do anything.
const TAILS: Bound = Bound { all: 32, own: 8 };

#[derive(Debug, Clone, Copy)]
struct Bound {
    all: usize,
    own: usize,
}

/// What kind of reading takes a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Reads all files there are, and ends.
    Search,
    /// Reads the last records, and may go on.
    Tail,
}

/// The readings that are going on.
#[derive(Debug, Default)]
pub struct Readings(Arc<Mutex<Vec<(Kind, String)>>>);

/// One of the places there are, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Vec<(Kind, String)>>>,
    who: (Kind, String),
}

/// There is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full {
    /// So many are going on.
    pub(super) count: usize,
    /// All of them of the one who asks.
    pub(super) own: bool,
}

impl Readings {
    /// A place for somebody, by their name.
    pub(super) fn take(&self, kind: Kind, name: &str) -> Result<Place, Full> {
        let bound = match kind {
            Kind::Search => SEARCHES,
            Kind::Tail => TAILS,
        };
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = taken.iter().filter(|(known, _)| *known == kind);
        let all = of_kind.clone().count();
        let own = of_kind.filter(|(_, known)| known == name).count();
        if own >= bound.own {
            return Err(Full { count: own, own: true });
        }
        if all >= bound.all {
            return Err(Full { count: all, own: false });
        }
        let who = (kind, name.to_owned());
        taken.push(who.clone());
        Ok(Place { taken: Arc::clone(&self.0), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = taken.iter().position(|known| *known == self.who) {
            taken.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_places() {
        let readings = Readings::default();
        let take = |name: &str| readings.take(Kind::Search, name);
        let mut held: Vec<Place> = (0..4).map(|_| take("dana").unwrap()).collect();
        assert_eq!(take("dana").unwrap_err(), Full { count: 4, own: true });
        held.extend((0..4).map(|_| take("erin").unwrap()));
        assert_eq!(take("frank").unwrap_err(), Full { count: 8, own: false });
        // Who follows is counted apart.
        held.push(readings.take(Kind::Tail, "dana").unwrap());
        drop(held.remove(0));
        held.push(take("frank").unwrap());
        assert!(take("frank").is_err());
        drop(held);
        assert!(readings.0.lock().unwrap().is_empty());
    }
}
