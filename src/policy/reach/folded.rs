//! What planning runs of a table that is only read: the planner folds calls with constant
//! arguments in the expressions of indexes, CHECKs, statistics and partition keys
//! (`RelationGetIndexPredicate` in `relcache.c`, `get_relation_constraints` in `plancat.c`).

use crate::sql::facts::Name;
use crate::sql::lex::{Kind, Lexer, Token};

/// Words that stand in constant arguments and name no column.
const WORDS: &[&str] = &[
    "array",
    "row",
    "null",
    "true",
    "false",
    "and",
    "or",
    "not",
    "is",
    "in",
    "any",
    "all",
    "case",
    "when",
    "then",
    "else",
    "end",
    "cast",
    "as",
    "collate",
    "operator",
    "varying",
    "precision",
    "with",
    "without",
    "time",
    "zone",
    "distinct",
    "from",
];

/// The functions that an expression, as `pg_get_expr` writes it, calls with constant arguments.
pub(super) fn calls(text: &str) -> Vec<Name> {
    let tokens: Vec<Token> = Lexer::new(text.as_bytes())
        .filter(|t| !matches!(t.kind, Kind::Space | Kind::LineComment | Kind::BlockComment))
        .collect();
    let reader = Reader { text, tokens };
    (0..reader.tokens.len()).filter_map(|at| reader.call(at)).collect()
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).and_then(|t| self.text.get(t.span.clone())).unwrap_or_default()
    }

    fn named(&self, at: usize) -> bool {
        let kind = self.tokens.get(at).map(|t| t.kind);
        matches!(kind, Some(Kind::Word | Kind::QuotedIdentifier | Kind::UnicodeIdentifier))
    }

    /// The call whose name ends here, if nothing in its arguments depends on a row.
    fn call(&self, at: usize) -> Option<Name> {
        if !self.named(at) || self.word(at + 1) != "(" {
            return None;
        }
        let mut depth = 0_usize;
        for inner in at + 1..self.tokens.len() {
            match self.word(inner) {
                "(" => depth += 1,
                ")" => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ if self.column(inner) => return None,
                _ => {}
            }
        }
        let name = plain(self.word(at));
        let qualified = at >= 2 && self.word(at - 1) == "." && self.named(at - 2);
        Some(Name { schema: qualified.then(|| plain(self.word(at - 2)).into()), name: name.into() })
    }

    /// Whether a name can be a column's: it is no function, schema or type.
    fn column(&self, at: usize) -> bool {
        let before = if at == 0 { "" } else { self.word(at - 1) };
        let schema = before == "." && at >= 2 && self.typed(at - 2);
        self.named(at)
            && !matches!(self.word(at + 1), "(" | "." | "=>")
            && !self.typed(at)
            && !schema
            && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(self.word(at)))
    }

    fn typed(&self, at: usize) -> bool {
        at > 0 && self.word(at - 1) == "::"
    }
}

/// An identifier as the catalogue has it.
fn plain(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_that_need_no_row_are_folded() {
        for (text, expected) in [
            ("(public.evil(5) > 0)", "public.evil"),
            ("(public.evil((2 + public.f(a => 3))) + id)", "public.evil public.f"),
            ("public.norm(name)", ""),
            ("(lower((name)::text) = 'x'::text)", ""),
            ("(public.f('x'::character varying) = name)", "public.f"),
            ("(public.f('x'::public.mood) = name)", "public.f"),
            ("(public.\"F\"(ARRAY[1, 2], NULL::integer) > 0)", "public.F"),
            ("(public.f(public.g(id), 1) > 0)", ""),
            ("public.f()", "public.f"),
        ] {
            let found: Vec<String> = calls(text).iter().map(Name::to_string).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }
}
