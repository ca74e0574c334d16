//! Verdicts of texts that were seen before. The key is everything a verdict rests on, compared in
//! full: exact bytes, parameter types, encoding, and the class of the grant's terms; the whole
//! cache is emptied when catalogue or configuration change. Never by a normalised text: what is
//! normalised away can be what differs.
//!
//! Bounded by bytes, evicted by second chance: a flood of texts seen once pushes out other texts
//! seen once, not those in use. Buckets are chosen by a keyed hash, so nobody can aim at one.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use crate::policy::judge::{Case, Judgement};
use crate::policy::reason::Reason;
use crate::policy::settings::Cap;
use crate::policy::{Scope, Terms};
use crate::sql::Vote;

/// What an entry takes beside its text and its statements, bytes (estimate).
const ENTRY_BYTES: usize = 400;

/// The part of a grant's terms that a verdict rests on: neither its name nor its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Class {
    database: Arc<str>,
    scopes: Arc<[Scope]>,
    write_path: Arc<[Box<str>]>,
    caps: crate::policy::terms::Caps,
    statement_bytes_max: usize,
    /// Whether rows written must be countable.
    counts: bool,
}

/// A verdict without the grant it is told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The judgement beside it is for every grant of the class.
    Pass,
    /// The texts of notice or refusal are to be made for the case.
    Capped(Cap),
    /// The same.
    Refused(Reason),
}

/// A verdict with the judgement that it was first given in.
#[derive(Debug, Clone)]
pub(crate) struct Verdicted {
    pub(crate) outcome: Outcome,
    pub(crate) judgement: Rc<Judgement>,
}

#[derive(Debug)]
struct Entry<V> {
    text: Box<[u8]>,
    parameter_types: Box<[u32]>,
    utf8: bool,
    class: Rc<Class>,
    value: V,
    bytes: usize,
    used: bool,
}

/// What is kept in a [`Cache`].
pub(crate) trait Kept {
    /// What it takes beside an entry's own fields, bytes (estimate; asked once, when it is put:
    /// what grows later counts with its bound).
    fn bytes(&self) -> usize;
}

impl Kept for Verdicted {
    fn bytes(&self) -> usize {
        self.judgement.statements.iter().map(statement_bytes).sum()
    }
}

/// What one worker remembers of cases: of their exact texts, or (its case's text being a token
/// shape) of all texts of that shape.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    /// SipHash that has taken in the key.
    keyed: DefaultHasher,
    bytes_max: usize,
    bytes: usize,
    entries: HashMap<u64, Entry<V>, BuildHasherDefault<AsIs>>,
    order: VecDeque<u64>,
    classes: VecDeque<Rc<Class>>,
}

/// Classes of terms kept apart from entries; beyond, the oldest is forgotten (its entries hold
/// their own, and an equal one made anew matches them).
const CLASSES_MAX: usize = 64;

impl<V: Kept> Cache<V> {
    /// `key` is random and secret; `bytes_max` bounds what is kept.
    pub(crate) fn new(key: [u8; 16], bytes_max: usize) -> Self {
        let mut keyed = DefaultHasher::new();
        keyed.write(&key);
        Self {
            keyed,
            bytes_max,
            bytes: 0,
            entries: HashMap::default(),
            order: VecDeque::new(),
            classes: VecDeque::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.bytes = 0;
    }

    /// What is kept of exactly this case. Allocates nothing.
    pub(crate) fn get(&mut self, case: &Case<'_>) -> Option<&mut V> {
        let hash = self.hash(case);
        let entry = self.entries.get_mut(&hash)?;
        if !entry.is(case) {
            return None;
        }
        entry.used = true;
        Some(&mut entry.value)
    }

    /// Keeps a value; what is larger than the whole cache is kept alone.
    pub(crate) fn put(&mut self, case: &Case<'_>, value: V) {
        let hash = self.hash(case);
        let own = case.text.len() + case.parameter_types.len() * 4;
        let bytes = ENTRY_BYTES + own + value.bytes();
        let entry = Entry {
            text: case.text.into(),
            parameter_types: case.parameter_types.into(),
            utf8: case.utf8,
            class: self.class(case.terms),
            value,
            bytes,
            used: false,
        };
        match self.entries.insert(hash, entry) {
            Some(old) => self.bytes = self.bytes.saturating_sub(old.bytes),
            None => self.order.push_back(hash),
        }
        self.bytes += bytes;
        self.evict(hash);
    }

    fn evict(&mut self, newest: u64) {
        while self.bytes > self.bytes_max && self.order.len() > 1 {
            let Some(hash) = self.order.pop_front() else { return };
            match self.entries.get_mut(&hash) {
                Some(entry) if entry.used || hash == newest => {
                    entry.used = false;
                    self.order.push_back(hash);
                }
                _ => {
                    if let Some(old) = self.entries.remove(&hash) {
                        self.bytes = self.bytes.saturating_sub(old.bytes);
                    }
                }
            }
        }
    }

    fn class(&mut self, terms: &Terms) -> Rc<Class> {
        if let Some(class) = self.classes.iter().find(|class| class.is(terms)) {
            return Rc::clone(class);
        }
        let class = Rc::new(Class::of(terms));
        if self.classes.len() >= CLASSES_MAX {
            self.classes.pop_front();
        }
        self.classes.push_back(Rc::clone(&class));
        class
    }

    /// SipHash behind a secret prefix.
    fn hash(&self, case: &Case<'_>) -> u64 {
        let mut hasher = self.keyed.clone();
        // Nobody who could aim at a bucket names databases.
        let database = case.terms.database.bytes();
        let database = database.fold(0, |sum: u64, byte| sum.rotate_left(7) ^ u64::from(byte));
        // What has a few bits in one word: every call has its price.
        let types = case.parameter_types.len() as u64;
        let lengths = (case.text.len() as u64) << 32 ^ types << 1 ^ u64::from(case.utf8);
        hasher.write_u64(lengths ^ database.rotate_left(40));
        hasher.write(case.text);
        for oid in case.parameter_types {
            hasher.write_u32(*oid);
        }
        if !case.terms.scopes.is_empty() {
            case.terms.scopes.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Class {
    fn of(terms: &Terms) -> Self {
        Self {
            database: Arc::clone(&terms.database),
            scopes: Arc::clone(&terms.scopes),
            write_path: Arc::clone(&terms.write_path),
            caps: terms.caps,
            statement_bytes_max: terms.statement_bytes_max,
            counts: terms.row_caps.rows_written_max > 0,
        }
    }

    fn is(&self, terms: &Terms) -> bool {
        self.database == terms.database
            && self.scopes == terms.scopes
            && self.write_path == terms.write_path
            && self.caps == terms.caps
            && self.statement_bytes_max == terms.statement_bytes_max
            && self.counts == (terms.row_caps.rows_written_max > 0)
    }
}

impl<V> Entry<V> {
    fn is(&self, case: &Case<'_>) -> bool {
        // Nothing is compared where there are no types: an empty slice's address is made up, and
        // what memcmp loads from there, to no effect, costs more than all the rest.
        let (own, types) = (&*self.parameter_types, case.parameter_types);
        *self.text == *case.text
            && own.len() == types.len()
            && (own.is_empty() || own == types)
            && self.utf8 == case.utf8
            && self.class.is(case.terms)
    }
}

pub(super) fn statement_bytes(statement: &crate::policy::Judged) -> usize {
    let objects: usize = statement.objects.iter().map(|o| o.len() + 24).sum();
    200 + objects + statement.redacted.as_ref().map_or(0, String::len)
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Shapes of texts that the second reader has agreed to. A shape is compared in full;
/// a veto is never kept here. When it is full it is emptied: it fills again soon enough.
#[derive(Debug)]
pub(crate) struct Shapes {
    key: [u8; 16],
    bytes_max: usize,
    bytes: usize,
    /// By hash and encoding.
    seen: HashMap<(u128, bool), Box<[u8]>>,
}

impl Shapes {
    pub(crate) fn new(key: [u8; 16], bytes_max: usize) -> Self {
        Self { key, bytes_max, bytes: 0, seen: HashMap::new() }
    }

    /// Whether the second reader has agreed to a text of this shape; else whether it, asked now by
    /// `vote`, has no veto (`None`). That it agrees is remembered; that it abstains may hang on how
    /// long the text is.
    pub(crate) fn passes(
        &mut self,
        shape: &[u8],
        utf8: bool,
        vote: impl FnOnce() -> Option<Vote>,
    ) -> bool {
        let hash = (crate::sql::siphash128(shape, &self.key), utf8);
        if self.seen.get(&hash).is_some_and(|seen| **seen == *shape) {
            return true;
        }
        match vote() {
            Some(Vote::Agrees) => {}
            Some(Vote::Abstains) => return true,
            None => return false,
        }
        let bytes = shape.len() + 64;
        if self.bytes + bytes > self.bytes_max {
            self.seen.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.seen.insert(hash, shape.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Verdict;
    use crate::policy::tests::{read_terms, write_terms};

    fn case<'a>(text: &'a [u8], terms: &'a Terms) -> Case<'a> {
        Case { text, parameter_types: &[], terms, utf8: true, wall: 0 }
    }

    fn verdict() -> Verdicted {
        let judgement = Judgement { verdict: Verdict::Pass, statements: Vec::new(), epoch: 0 };
        Verdicted { outcome: Outcome::Pass, judgement: Rc::new(judgement) }
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let mut cache = Cache::new([7; 16], 100_000);
        let terms = read_terms();
        let known = case(b"SELECT 1", &terms);
        cache.put(&known, verdict());
        assert!(cache.get(&known).is_some());
        assert!(cache.get(&case(b"SELECT 2", &terms)).is_none());
        assert!(cache.get(&Case { utf8: false, ..known }).is_none());
        assert!(cache.get(&Case { parameter_types: &[23], ..known }).is_none());
        assert!(cache.get(&Case { terms: &write_terms(&["update:public.t"]), ..known }).is_none());
        let mut other = read_terms();
        other.caps.statement_timeout_ms = 1;
        assert!(cache.get(&Case { terms: &other, ..known }).is_none());
        // Another grant of the same class shares the verdict.
        other = read_terms();
        other.grant = crate::base::GrantId::from_random(99);
        other.expires_at = 1;
        assert!(cache.get(&Case { terms: &other, ..known }).is_some());
        cache.clear();
        assert!(cache.get(&known).is_none());
    }

    #[test]
    fn a_flood_does_not_push_out_what_is_in_use() {
        let mut cache = Cache::new([7; 16], 50_000);
        let terms = read_terms();
        let hot = case(b"SELECT 1", &terms);
        cache.put(&hot, verdict());
        for n in 0..10_000 {
            assert!(cache.get(&hot).is_some(), "{n}");
            cache.put(&case(format!("SELECT {n} /* x */").as_bytes(), &terms), verdict());
        }
        assert!(cache.bytes <= 50_000 && cache.entries.len() < 200);
        assert_eq!(cache.entries.len(), cache.order.len());
    }

    #[test]
    fn a_veto_is_never_remembered_as_a_pass() {
        let mut shapes = Shapes::new([7; 16], 200);
        assert!(!shapes.passes(b"SELECT 1", true, || None));
        assert!(shapes.passes(b"SELECT 1", true, || Some(Vote::Abstains)));
        assert!(!shapes.passes(b"SELECT 1", true, || None), "only agreeing is kept");
        assert!(shapes.passes(b"SELECT 1", true, || Some(Vote::Agrees)));
        assert!(shapes.passes(b"SELECT 1", true, || panic!("known shape")));
        assert!(!shapes.passes(b"SELECT 1", false, || None), "another encoding");
        for n in 0..100 {
            assert!(shapes.passes(format!("SELECT a{n}").as_bytes(), true, || Some(Vote::Agrees)));
        }
        assert!(shapes.bytes <= 200);
    }
}
