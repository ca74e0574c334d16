//! The one entry of the policy: a text and a grant's terms in, a judgement out.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::base::{Notice, Refusal};
use crate::policy::blind::{self, Shaped};
use crate::policy::cache::{Cache, Outcome, Shapes, Verdicted};
use crate::policy::catalogue::Catalogue;
use crate::policy::functions::{BadFunction, Functions};
use crate::policy::reason::{Reason, in_context};
use crate::policy::rules::Rules;
use crate::policy::settings::Cap;
use crate::policy::{Terms, rules};
use crate::sql::facts::{Action, Facts, Name, Statement, Unread};

/// Longest text that is parsed on a worker's own thread, bytes; longer ones go to the pool, so
/// that no other session waits for them.
pub const WORKER_TEXT_BYTES_MAX: usize = 8 * 1024;

/// Bounds of what one worker remembers, bytes.
const CACHE_BYTES_MAX: usize = 4 * 1024 * 1024;
const LARGE_BYTES_MAX: usize = 4 * 1024 * 1024;
const SHAPES_BYTES_MAX: usize = 1024 * 1024;

/// What is to become of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may be forwarded as it is.
    Pass,
    /// This text is forwarded in its place (a capped SET), and the client is told.
    Replace {
        /// The statement that is forwarded instead.
        text: String,
        /// What the client is told, before the statement's own reply.
        notice: Notice,
    },
    /// Nothing of it is forwarded.
    Refuse(Refusal),
}

/// A text as judged: shared by every session that sends the same bytes under the same terms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// Of the text as a whole.
    pub verdict: Verdict,
    /// One per statement; for an empty query, or a text that could not be read, one that spans
    /// the whole text (`operation` is then `EMPTY` or `UNREAD`).
    pub statements: Vec<Judged>,
    /// The epoch of catalogue and configuration it was judged under; see [`Judge::epoch`].
    pub epoch: u64,
}

impl Judgement {
    /// Whether a COMMIT is among its statements: losing the connection then leaves open what
    /// became of the transaction.
    #[must_use]
    pub fn commits(&self) -> bool {
        self.statements.iter().any(|one| matches!(one.action, Action::Commit { .. }))
    }

    /// Whether a COPY FROM STDIN is among its statements.
    #[must_use]
    pub fn copies_in(&self) -> bool {
        self.statements.iter().any(|one| matches!(one.action, Action::CopyIn))
    }
}

/// One statement of a judged text: what the session and the record need to know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The command in PostgreSQL's words.
    pub operation: &'static str,
    /// What it does to the session's state.
    pub action: Action,
    /// Relations, `schema.name` as written, sorted, without repetition.
    pub objects: Arc<[String]>,
    /// Whether it writes to the database (it then has a `transaction.end`).
    pub writes: bool,
    /// Whether a parameter (`$1`) stands in it, which a simple Query has no value for.
    pub parameters: bool,
    /// The rule that allows it, where it is allowed: `read`, or the kind of scope.
    pub rule: &'static str,
    /// SHA-256 of the statement's exact bytes.
    pub query_hash: [u8; 32],
    /// The text for the record where it must differ from what was sent (secrets redacted).
    pub redacted: Option<String>,
}

/// What a text is to be judged by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The statement's bytes, without the terminating NUL.
    pub text: &'a [u8],
    /// Parameter type OIDs of a Parse message; empty for a simple Query.
    pub parameter_types: &'a [u32],
    /// The grant's terms.
    pub terms: &'a Terms,
    /// Whether the upstream's client_encoding is UTF8 (else: an encoding in which every byte
    /// below 0x80 is that ASCII character; others never get here).
    pub utf8: bool,
    /// Microseconds since 1970-01-01T00:00:00Z, for the time left in DETAIL.
    pub wall: i64,
}

/// What the configuration says to the rules.
#[derive(Debug)]
pub struct JudgeSettings {
    pub(crate) functions: Functions,
    /// Whether a disagreement of the two readers refuses (else it is only counted).
    pub(crate) disagreement_refuses: bool,
    /// Whether UPDATE and DELETE must have a WHERE that chooses rows.
    pub(crate) require_where: bool,
}

/// Where a judge finds what changes while it lives: `catalog::Catalogues` is one.
pub trait JudgeSource: Send + Sync + std::fmt::Debug {
    /// Grows whenever a catalogue or the settings change, after the change can be seen.
    fn epoch(&self) -> u64;
    /// The snapshot of a database; an empty one (which vouches for nothing) when none is loaded.
    fn catalogue(&self, database: &str) -> Arc<Catalogue>;
    /// What the configuration says.
    fn settings(&self) -> Arc<JudgeSettings>;
    /// Told when a text was refused since it names what the database's snapshot does not have,
    /// and when one was allowed that changes what it would have.
    fn unknown(&self, _database: &str) {}
}

/// Judges texts for one worker: holds the caches, so it is not shared between threads.
#[derive(Debug)]
pub struct Judge {
    source: Arc<dyn JudgeSource>,
    epoch: u64,
    settings: Arc<JudgeSettings>,
    catalogues: HashMap<Arc<str>, Arc<Catalogue>>,
    cache: Cache<Verdicted>,
    large: Cache<Verdicted>,
    by_shape: Cache<Shaped>,
    shapes: Shapes,
    /// The shape of the text that is judged.
    shape: Vec<u8>,
    wanted: Option<LargeJob>,
    disagreements: u64,
    /// The database in which something may just have been defined.
    defined: Option<Arc<str>>,
}

/// A text too large for a worker's thread, with all that judging it takes. Made to be run on a
/// thread of a fixed pool whose stack fits.
#[derive(Debug)]
pub struct LargeJob {
    text: Box<[u8]>,
    parameter_types: Box<[u32]>,
    terms: Terms,
    utf8: bool,
    wall: i64,
    epoch: u64,
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

/// A large text judged, for [`Judge::supply`].
#[derive(Debug)]
pub struct LargeJudgement {
    job: LargeJob,
    outcome: Outcome,
    judgement: Judgement,
    disagreement: bool,
}

impl JudgeSettings {
    /// From `policy.allow_functions`, `policy.refuse_functions` (`schema.name` each), and
    /// whether `policy.parser_disagreement` is `refuse`.
    ///
    /// # Errors
    /// [`BadFunction`] for an entry that is no qualified name or may not be allowed.
    pub fn new(
        allow_functions: &[String],
        refuse_functions: &[String],
        disagreement_refuses: bool,
    ) -> Result<Self, BadFunction> {
        let functions = Functions::new(allow_functions, refuse_functions)?;
        Ok(Self { functions, disagreement_refuses, require_where: true })
    }

    /// The same with `policy.require_where` as given; it is true otherwise.
    #[must_use]
    pub const fn require_where(mut self, require_where: bool) -> Self {
        self.require_where = require_where;
        self
    }
}

impl Judge {
    /// `key` is random, secret, and the process's own: it keeps others from aiming at the caches.
    #[must_use]
    pub fn new(source: Arc<dyn JudgeSource>, key: [u8; 16]) -> Self {
        Self {
            epoch: source.epoch(),
            settings: source.settings(),
            source,
            catalogues: HashMap::new(),
            cache: Cache::new(key, CACHE_BYTES_MAX),
            large: Cache::new(key, LARGE_BYTES_MAX),
            by_shape: Cache::new(key, SHAPES_BYTES_MAX),
            shapes: Shapes::new(key, SHAPES_BYTES_MAX),
            shape: Vec::new(),
            wanted: None,
            disagreements: 0,
            defined: None,
        }
    }

    /// Judges a text. `None` when it is too large to be parsed on a worker's thread: the shell
    /// then has [`Judge::take_large`]'s job run on the pool, supplies the result, and asks again.
    pub fn judge(&mut self, case: &Case<'_>) -> Option<Rc<Judgement>> {
        self.renew();
        if let Some(database) = self.defined.take() {
            // What was defined is there by now, most likely; told then, it may not have been.
            self.source.unknown(&database);
        }
        let large = case.text.len() > WORKER_TEXT_BYTES_MAX
            && case.text.len() <= case.terms.statement_bytes_max;
        let has_shape = !large && blind::has_shape(case);
        let has_holes = has_shape && crate::sql::shape(case.text, &mut self.shape);
        if has_holes && let Some(known) = self.by_shape.get(&Case { text: &self.shape, ..*case }) {
            return Some(known.told(case.text));
        }
        let cache = if large { &mut self.large } else { &mut self.cache };
        if let Some(verdict) = cache.get(case) {
            let (unknown, told) = (verdict.unknown(), verdict.told(case));
            self.notice(unknown, &told, case);
            return Some(told);
        }
        self.judge_anew(case, large, has_shape, has_holes)
    }

    /// The same for what is not known yet; `has_shape`: its shape is made already.
    #[inline(never)]
    fn judge_anew(
        &mut self,
        case: &Case<'_>,
        large: bool,
        has_shape: bool,
        has_holes: bool,
    ) -> Option<Rc<Judgement>> {
        if large {
            self.wanted = Some(self.large_job(case));
            return None;
        }
        let catalogue = self.catalogue(&case.terms.database);
        let settings = Arc::clone(&self.settings);
        let (shapes, shape) = (&mut self.shapes, self.shape.as_slice());
        let (mut disagreed, mut blind) = (false, false);
        let mut vote = |facts: &Facts| {
            blind = has_holes && blind::is_blind(facts);
            let mut asked = || {
                let vote = crate::sql::veto(case.text, case.utf8, facts);
                disagreed = vote.is_err();
                vote.ok()
            };
            // What EXPLAIN runs hangs on its options, which may be constants.
            let explains = |one: &Statement| one.operation == "EXPLAIN";
            if has_shape && !facts.statements.iter().any(explains) {
                shapes.passes(shape, case.utf8, asked)
            } else {
                asked().is_some()
            }
        };
        let verdict = judged(case, &catalogue, &settings, self.epoch, &mut vote);
        self.disagreements += u64::from(disagreed);
        let (unknown, told) = (verdict.unknown(), verdict.told(case));
        match Shaped::of(&verdict, case.text, &self.shape, blind) {
            Some(shaped) => self.by_shape.put(&Case { text: &self.shape, ..*case }, shaped),
            None => self.cache.put(case, verdict),
        }
        self.notice(unknown, &told, case);
        Some(told)
    }

    /// Asks for a new snapshot where the last one will not do.
    fn notice(&mut self, unknown: bool, told: &Judgement, case: &Case<'_>) {
        let defines = told.verdict == Verdict::Pass
            && told.statements.iter().any(|one| matches!(one.action, Action::Ddl | Action::Call));
        if unknown || defines {
            self.source.unknown(&case.terms.database);
        }
        if defines {
            self.defined = Some(Arc::clone(&case.terms.database));
        }
    }

    /// The job for the text of the last [`Judge::judge`] that gave `None`.
    pub fn take_large(&mut self) -> Option<LargeJob> {
        self.wanted.take()
    }

    /// The job that judges this case elsewhere.
    pub fn large_job(&mut self, case: &Case<'_>) -> LargeJob {
        LargeJob {
            text: case.text.into(),
            parameter_types: case.parameter_types.into(),
            terms: case.terms.clone(),
            utf8: case.utf8,
            wall: case.wall,
            epoch: self.epoch,
            catalogue: self.catalogue(&case.terms.database),
            settings: Arc::clone(&self.settings),
        }
    }

    /// Takes a large text's judgement, so that the next [`Judge::judge`] of the same case finds
    /// it. One of an epoch that has passed is dropped: the text is then wanted again.
    pub fn supply(&mut self, judged: LargeJudgement) {
        self.renew();
        self.disagreements += u64::from(judged.disagreement);
        if judged.job.epoch == self.epoch {
            let LargeJudgement { job, outcome, judgement, .. } = judged;
            self.large.put(&job.case(), Verdicted { outcome, judgement: Rc::new(judgement) });
        }
    }

    /// Whether the verdict on a text would be found by its shape.
    #[cfg(test)]
    pub(crate) fn knows_shape(&mut self, text: &str, terms: &Terms) -> bool {
        let mut shape = Vec::new();
        crate::sql::shape(text.as_bytes(), &mut shape);
        let case = Case { text: &shape, parameter_types: &[], terms, utf8: true, wall: 0 };
        self.by_shape.get(&case).is_some()
    }

    /// Forgets every verdict.
    #[cfg(test)]
    pub(crate) fn forget(&mut self) {
        self.cache.clear();
        self.by_shape.clear();
        self.shapes = Shapes::new([7; 16], SHAPES_BYTES_MAX);
    }

    /// Changes when catalogue or configuration changed; judgements of other epochs are stale.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.source.epoch()
    }

    /// How often the two readers disagreed since the judge was made.
    #[must_use]
    pub const fn disagreements(&self) -> u64 {
        self.disagreements
    }

    /// Forgets everything when catalogue or configuration changed.
    fn renew(&mut self) {
        let epoch = self.source.epoch();
        if epoch == self.epoch {
            return;
        }
        // Read before what it counts: at worst the next call renews once more.
        self.epoch = epoch;
        self.settings = self.source.settings();
        self.catalogues.clear();
        self.cache.clear();
        self.by_shape.clear();
        self.large.clear();
    }

    fn catalogue(&mut self, database: &Arc<str>) -> Arc<Catalogue> {
        if let Some(catalogue) = self.catalogues.get(database) {
            return Arc::clone(catalogue);
        }
        let catalogue = self.source.catalogue(database);
        self.catalogues.insert(Arc::clone(database), Arc::clone(&catalogue));
        catalogue
    }
}

impl LargeJob {
    /// Judges the text: pure, in time that the pre-scan bounds.
    #[must_use]
    pub fn run(self) -> LargeJudgement {
        let mut disagreement = false;
        let verdict = {
            let case = self.case();
            let mut vote = |facts: &Facts| {
                disagreement = crate::sql::veto(case.text, case.utf8, facts).is_err();
                !disagreement
            };
            judged(&case, &self.catalogue, &self.settings, self.epoch, &mut vote)
        };
        let Verdicted { outcome, judgement } = verdict;
        let judgement = Rc::unwrap_or_clone(judgement);
        LargeJudgement { job: self, outcome, judgement, disagreement }
    }

    fn case(&self) -> Case<'_> {
        Case {
            text: &self.text,
            parameter_types: &self.parameter_types,
            terms: &self.terms,
            utf8: self.utf8,
            wall: self.wall,
        }
    }
}

impl LargeJudgement {
    /// The judgement itself, for the grant that asked.
    #[must_use]
    pub fn judgement(self) -> Judgement {
        self.judgement
    }
}

impl Verdicted {
    /// Whether it was refused since something that it names is not known.
    fn unknown(&self) -> bool {
        matches!(&self.outcome, Outcome::Refused(reason) if reason.unknown())
    }

    /// The judgement as this case's client is told it.
    fn told(&self, case: &Case<'_>) -> Rc<Judgement> {
        match &self.outcome {
            Outcome::Pass => Rc::clone(&self.judgement),
            outcome => Rc::new(Judgement {
                verdict: verdict(outcome, case),
                ..Judgement::clone(&self.judgement)
            }),
        }
    }
}

/// Reads and judges a text. `vote` asks the second reader: `false` is its veto.
pub(crate) fn judged(
    case: &Case<'_>,
    catalogue: &Catalogue,
    settings: &JudgeSettings,
    epoch: u64,
    vote: &mut dyn FnMut(&Facts) -> bool,
) -> Verdicted {
    let limit = case.terms.statement_bytes_max;
    let read = if case.text.len() > limit {
        Err(Reason::TooLong { length: case.text.len(), limit })
    } else {
        crate::sql::read(case.text, case.utf8, &catalogue.limits()).map_err(unread)
    };
    let (outcome, statements) = match read {
        Err(reason) => (Outcome::Refused(reason), vec![whole(case.text, "UNREAD")]),
        Ok(facts) => {
            let agreed = vote(&facts) || !settings.disagreement_refuses;
            let rules = Rules {
                terms: case.terms,
                catalogue,
                functions: &settings.functions,
                text: case.text,
                require_where: settings.require_where,
            };
            (outcome(&rules, &facts, case, agreed), statements(case.text, &facts, &rules))
        }
    };
    let verdict = verdict(&outcome, case);
    Verdicted { outcome, judgement: Rc::new(Judgement { verdict, statements, epoch }) }
}

fn outcome(rules: &rules::Rules<'_>, facts: &Facts, case: &Case<'_>, agreed: bool) -> Outcome {
    match rules.judge(facts, case.parameter_types) {
        Err(reason) => Outcome::Refused(reason),
        Ok(_) if !agreed => Outcome::Refused(Reason::Disagreement),
        Ok(Some(cap)) => Outcome::Capped(cap),
        Ok(None) => Outcome::Pass,
    }
}

fn verdict(outcome: &Outcome, case: &Case<'_>) -> Verdict {
    match outcome {
        Outcome::Pass => Verdict::Pass,
        Outcome::Refused(reason) => Verdict::Refuse(reason.refusal(case.terms, case.wall)),
        Outcome::Capped(cap) => {
            Verdict::Replace { text: cap.text(), notice: capped(*cap, case.terms, case.wall) }
        }
    }
}

fn capped(cap: Cap, terms: &Terms, wall: i64) -> Notice {
    in_context(terms, wall, |context| {
        crate::base::refusal::policy::capped(context, cap.name, cap.cap_ms)
    })
}

fn unread(unread: Unread) -> Reason {
    match unread {
        Unread::Syntax { message, position } => Reason::Syntax { message, position },
        Unread::Encoding { offset } => Reason::Encoding(offset),
        Unread::TooComplex { what, limit } => Reason::TooComplex { what, limit },
        Unread::Unknown { construct } => Reason::UnknownConstruct(construct),
        Unread::Disagreement { .. } => Reason::Disagreement,
    }
}

fn statements(text: &[u8], facts: &Facts, rules: &Rules<'_>) -> Vec<Judged> {
    if facts.statements.is_empty() {
        return vec![whole(text, "EMPTY")];
    }
    facts.statements.iter().map(|one| of_statement(text, one, rules.rule(one))).collect()
}

fn of_statement(text: &[u8], statement: &Statement, rule: &'static str) -> Judged {
    let bytes = text.get(statement.span.clone()).unwrap_or_default();
    let named = statement.reads.iter().chain(statement.writes.iter().map(|w| &w.table));
    let mut objects: Vec<String> = named.map(Name::to_string).collect();
    objects.sort();
    objects.dedup();
    let prepares = matches!(statement.action, Action::Prepare { .. });
    let acts = matches!(
        statement.action,
        Action::Write | Action::CopyIn | Action::Call | Action::Maintain | Action::Ddl
    );
    Judged {
        span: statement.span.clone(),
        operation: statement.operation,
        action: statement.action.clone(),
        objects: objects.into(),
        // A prepared write writes when it is executed.
        writes: !prepares && (acts || !statement.writes.is_empty()),
        parameters: statement.parameters,
        rule,
        query_hash: Sha256::digest(bytes).into(),
        redacted: crate::sql::redact(bytes),
    }
}

fn whole(text: &[u8], operation: &'static str) -> Judged {
    Judged {
        span: 0..text.len(),
        operation,
        action: Action::Read,
        objects: Arc::default(),
        writes: false,
        parameters: false,
        rule: "read",
        query_hash: Sha256::digest(text).into(),
        redacted: crate::sql::redact(text),
    }
}
