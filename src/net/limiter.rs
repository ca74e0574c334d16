//! Token buckets for what strangers may repeat: failed logins and cancel requests.
//!
//! Only *failures* take from a bucket, and an empty bucket delays an answer, it never refuses a
//! proof that is right: whoever guesses at somebody's name cannot lock its owner out.

use std::hash::Hash;

use dashmap::DashMap;

use crate::base::Moment;

/// Most keys that are remembered; when there are more, the full buckets are forgotten first.
const KEYS_MAX: usize = 50_000;

/// A bucket for each key: `burst` at once, then one each `refill_us` microseconds.
#[derive(Debug)]
pub struct Limiter<K: Eq + Hash> {
    buckets: DashMap<K, Bucket>,
    burst: u32,
    refill_us: u64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u32,
    /// Microseconds of CLOCK_BOOTTIME at which `tokens` was true.
    at: u64,
}

impl<K: Eq + Hash> Limiter<K> {
    /// Full buckets for everybody.
    #[must_use]
    pub fn new(burst: u32, refill_us: u64) -> Self {
        Self { buckets: DashMap::new(), burst, refill_us: refill_us.max(1) }
    }

    /// Takes one token of `key`; whether there was one.
    pub fn take(&self, key: K, now: Moment) -> bool {
        if self.buckets.len() >= KEYS_MAX {
            self.buckets.retain(|_, bucket| self.refilled(*bucket, now).tokens < self.burst);
            if self.buckets.len() >= KEYS_MAX {
                // Still full: a flood from many addresses. Forget rather than grow.
                self.buckets.clear();
            }
        }
        let full = Bucket { tokens: self.burst, at: now.boot };
        let mut entry = self.buckets.entry(key).or_insert(full);
        let mut bucket = self.refilled(*entry, now);
        let had = bucket.tokens > 0;
        bucket.tokens = bucket.tokens.saturating_sub(1);
        *entry = bucket;
        had
    }

    /// Whether `key` has no token left; takes none.
    #[must_use]
    pub fn is_empty<Q>(&self, key: &Q, now: Moment) -> bool
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.buckets.get(key).is_some_and(|bucket| self.refilled(*bucket, now).tokens == 0)
    }

    fn refilled(&self, bucket: Bucket, now: Moment) -> Bucket {
        let gained = now.boot.saturating_sub(bucket.at) / self.refill_us;
        if gained == 0 {
            return bucket;
        }
        let tokens =
            bucket.tokens.saturating_add(u32::try_from(gained).unwrap_or(u32::MAX)).min(self.burst);
        Bucket { tokens, at: bucket.at.saturating_add(gained.saturating_mul(self.refill_us)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u64) -> Moment {
        Moment { boot, wall: 0 }
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let limiter: Limiter<String> = Limiter::new(2, 100);
        assert!(!limiter.is_empty("a", at(1_000)));
        assert!(limiter.take("a".into(), at(1_000)));
        assert!(limiter.take("a".into(), at(1_000)));
        assert!(limiter.is_empty("a", at(1_050)));
        assert!(!limiter.take("a".into(), at(1_050)));
        assert!(limiter.take("b".into(), at(1_050)), "one key's bucket is not another's");
        assert!(limiter.take("a".into(), at(1_100)));
        assert!(!limiter.take("a".into(), at(1_101)));
        assert!(limiter.take("a".into(), at(9_999)) && limiter.take("a".into(), at(9_999)));
        assert!(!limiter.take("a".into(), at(9_999)), "never more than the burst");
    }
}
