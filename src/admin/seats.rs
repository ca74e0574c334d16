//! How many of something each has at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

/// Who has how many.
#[derive(Debug)]
pub(super) struct Seats<K>(Taken<K>);

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat<K: Eq + Hash> {
    of: K,
    taken: Taken<K>,
}

impl<K> Default for Seats<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Seats<K> {
    /// A seat, unless that one has so many already.
    pub(super) fn take(&self, of: K, most: usize) -> Option<Seat<K>> {
        let mut taken = lock(&self.0);
        let count = taken.get(&of).copied().unwrap_or(0);
        if count >= most {
            return None;
        }
        taken.insert(of.clone(), count + 1);
        Some(Seat { of, taken: Arc::clone(&self.0) })
    }

    /// How many that one has.
    pub(super) fn of(&self, of: &K) -> usize {
        lock(&self.0).get(of).copied().unwrap_or(0)
    }

    /// Whether nobody has any.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        match taken.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.of)),
        }
    }
}

fn lock<K>(taken: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
