//! What one statement costs inside the process, without sockets: the same cases for criterion
//! (`core`), for instruction counts (`instructions`) and for the table of `e2e`.
//!
//! A case is a closure that does its work once. Texts that must be new each time carry a number
//! that is written over in place, so nothing but the work itself is measured.

pub(crate) mod allocations;
mod parts;
mod steps;
mod texts;

/// The most that a case may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    /// Nanoseconds.
    pub(crate) nanoseconds: f64,
    /// Allocations.
    pub(crate) allocations: Option<u64>,
}

/// One case: its name, what it may take, and how it is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Names it everywhere: in criterion's report, the baseline, and the table.
    pub(crate) name: &'static str,
    /// `None`: measured to be compared, without a bar.
    pub(crate) bar: Option<Bar>,
    /// How often it is to run under valgrind.
    pub(crate) times: u64,
    /// Sets it up; what comes back does the work once.
    pub(crate) set_up: fn() -> Box<dyn FnMut()>,
}

const fn case(name: &'static str, times: u64, set_up: fn() -> Box<dyn FnMut()>) -> Case {
    Case { name, bar: None, times, set_up }
}

impl Case {
    const fn bar(self, nanoseconds: f64) -> Self {
        Self { bar: Some(Bar { nanoseconds, allocations: None }), ..self }
    }

    const fn no_allocation(self) -> Self {
        match self.bar {
            Some(bar) => Self { bar: Some(Bar { allocations: Some(0), ..bar }), ..self },
            None => self,
        }
    }
}

/// Every case, in the order of a statement's way.
pub(crate) const ALL: [Case; 16] = [
    case("frame walk: 600 rows of 105 bytes", 200, parts::frame_walk),
    case("token shape: point select", 2_000, || parts::token_shape(texts::POINT)),
    case("token shape: analytics", 200, || parts::token_shape(texts::ANALYTICS)),
    case("PostgreSQL's grammar: point select", 500, || parts::grammar(texts::POINT)),
    case("PostgreSQL's grammar: analytics", 50, || parts::grammar(texts::ANALYTICS)),
    case("sqlparser's vote: point select", 500, || parts::vote(texts::POINT)),
    case("sqlparser's vote: analytics", 50, || parts::vote(texts::ANALYTICS)),
    case("judge: repeated text", 5_000, steps::repeated).bar(150.0).no_allocation(),
    case("judge: new literals, known shape", 2_000, steps::new_literals).bar(1_000.0),
    case("judge: unknown shape, point select", 500, steps::unknown_point).bar(20_000.0),
    case("judge: unknown shape, analytics", 50, steps::unknown_analytics).bar(250_000.0),
    case("audit record: build and buffer", 5_000, steps::record).bar(500.0),
    case("core step: repeated text", 2_000, steps::core_repeated),
    case("core step: new literals, known shape", 2_000, steps::core_new_literals),
    case("core step: Bind of a prepared statement", 2_000, steps::core_prepared),
    case("core step: 600 rows of 105 bytes", 200, steps::rows),
];
