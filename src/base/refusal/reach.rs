//! What a client is told of an object that reaches something which a read may not do.

use super::Refusal;
use super::policy::{Context, allow_line, cut, shown};
use crate::base::sqlstate as code;

/// Longest way from an object to what is wrong, in characters.
const CHAIN_CHARACTERS_MAX: usize = 1_000;

/// What an object of the database reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// The rule's name.
    pub rule: &'static str,
    /// The object: `view public.v`.
    pub what: &'a str,
    /// What is done in the end, and by what: `public.f writes public.log`.
    pub act: &'a str,
    /// The way there: `view public.v calls public.f, which writes public.log`.
    pub chain: &'a str,
    /// Functions whose being allowed would let it pass; empty when none would.
    pub allow: &'a [String],
}

/// An object of the database that reaches something that a read may not do. `way_round` is
/// another way to write what may be meant.
#[must_use]
pub fn reach(
    context: &Context<'_>,
    reach: &Reach<'_>,
    way_round: Option<&str>,
    scopes: &[String],
) -> Refusal {
    let Reach { rule, what, act, chain, allow } = reach;
    let one = chain.len() == what.len() + 1 + act.len();
    let it = if one { "it " } else { "" };
    let message = format!("{} refused: {it}{}", shown(what), cut(act, CHAIN_CHARACTERS_MAX));
    let allow = lines(allow);
    let line = match allow.as_slice() {
        [] => None,
        names => Some(allow_line(names) + &context.once(scopes)),
    };
    let hint = match (way_round.map(shown), line) {
        (Some(way), Some(line)) => {
            format!("Write {way}, or the operator adds {line}")
        }
        (Some(way), None) => format!("Write {way}."),
        (None, Some(line)) => {
            format!("If reads may do this, the operator adds {line}")
        }
        (None, None) => {
            "No line of the configuration allows it: read the tables beneath it.".into()
        }
    };
    // After the rule's name.
    let way = format!("; {}; ", cut(chain, CHAIN_CHARACTERS_MAX));
    let detail = context.detail(rule).replacen("; ", &way, 1);
    Refusal::error(rule, code::INSUFFICIENT_PRIVILEGE, format!("pgward: {message}"))
        .detail(detail)
        .hint(hint)
}

/// What runs with a write, with maintenance or with a definition, and does more than the grant's
/// scopes permit. `what` is the statement: `UPDATE on public.orders`.
#[must_use]
pub fn fires(context: &Context<'_>, what: &str, reach: &Reach<'_>, scopes: &[String]) -> Refusal {
    let Reach { rule, what: by, act, chain, allow } = reach;
    let by = cut(by, CHAIN_CHARACTERS_MAX);
    let one = chain.len() == by.len() + 1 + act.len();
    let runs = if one { format!("{by} {act}") } else { format!("{by}: {act}") };
    let message = format!("pgward: {} refused: {}", shown(what), cut(&runs, CHAIN_CHARACTERS_MAX));
    let allow = lines(allow);
    let line = (!allow.is_empty()).then(|| allow_line(&allow));
    let hint = match (scopes.is_empty(), line) {
        (false, Some(line)) => {
            format!("{}; or, for all grants, the operator adds {line}", context.extend(scopes))
        }
        (false, None) => context.extend(scopes),
        (true, Some(line)) => format!("If it is harmless, the operator adds {line}"),
        (true, None) => {
            "No scope and no line of the configuration allows it: ask a DBA to run it.".to_owned()
        }
    };
    let way = format!("; {}; ", cut(chain, CHAIN_CHARACTERS_MAX));
    let detail = context.detail(rule).replacen("; ", &way, 1);
    Refusal::error(rule, code::INSUFFICIENT_PRIVILEGE, message).detail(detail).hint(hint)
}

/// Entries of the configuration, whole: one that is cut would not fit.
fn lines(allow: &[String]) -> Vec<String> {
    allow.iter().map(|entry| cut(entry, CHAIN_CHARACTERS_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::policy::tests::{context, shown_as};
    use super::*;

    #[test]
    fn the_way_to_what_is_wrong_is_told() {
        let context = context(&[]);
        let allow = ["public.f".to_owned(), "public.g".to_owned()];
        let view = Reach {
            rule: "relation",
            what: "view public.v",
            act: "public.f writes public.log",
            chain: "view public.v calls public.f, which writes public.log",
            allow: &allow,
        };
        assert_eq!(
            shown_as(&reach(&context, &view, None, &[])),
            "42501 pgward: view public.v refused: public.f writes public.log\n\
             DETAIL: rule relation; view public.v calls public.f, which writes public.log; \
             reason \"INC-4211 stuck orders\"; expires 03:42 UTC (27 min)\n\
             HINT: If reads may do this, the operator adds to the list \
             policy.allow_functions: \"public.f\", \"public.g\""
        );
        let function = Reach {
            rule: "function_shadowed",
            what: "function public.upper",
            act: "writes public.log",
            chain: "function public.upper writes public.log",
            allow: &allow[..1],
        };
        let text = shown_as(&reach(&context, &function, Some("pg_catalog.upper"), &[]));
        assert!(text.contains("function public.upper refused: it writes public.log"), "{text}");
        assert!(text.contains("HINT: Write pg_catalog.upper, or the operator"), "{text}");
    }
}
