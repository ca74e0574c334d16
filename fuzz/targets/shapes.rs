//! Shapes: two texts of one token shape have one tree of PostgreSQL's grammar, but for what their
//! constants hold.

use std::ffi::{CStr, CString, c_char, c_void};

use pgward::sql::lex::{Kind, Lexer};
use pgward::sql::{self, Limits, prescan};
use serde_json::Value;

use super::cuts::blanked;

/// `PgQueryParseResult` of libpg_query's `pg_query.h`.
#[repr(C)]
struct ParseResult {
    tree: *mut c_char,
    stderr_buffer: *mut c_char,
    error: *mut c_void,
}

#[allow(unsafe_code, reason = "the binding has no tree as text")]
mod parse {
    use std::ffi::c_char;

    use super::ParseResult;

    unsafe extern "C" {
        pub(super) fn pg_query_parse(text: *const c_char) -> ParseResult;
        pub(super) fn pg_query_free_parse_result(result: ParseResult);
    }
}

/// What is put into a hole, by its letter.
const CONSTANTS: [(u8, &[&str]); 4] = [
    (b'i', &["7", "0", "007", "999999999", "2147483647", "0000000001"]),
    (b'n', &["2147483648", "99999999999"]),
    (b'f', &["1.5", ".5", "1.", "1e5", "2.5e-3", "0.0"]),
    (b's', &["''", "'x'", "'a''b'", "';'", "'--'", "'/*'", "'$$'", "'é'", "'year'", "'1 day'"]),
];

/// Reads `data` as a text, and the same with other constants; whether two trees were compared.
pub(crate) fn shapes(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if text.contains('\0') || text.len() > 16 * 1024 {
        return false;
    }
    let other = with_other_constants(text);
    if shape(text) != shape(&other) {
        return false;
    }
    let kinds =
        |text: &str| Lexer::new(text.as_bytes()).map(|token| token.kind).collect::<Vec<_>>();
    assert_eq!(kinds(text), kinds(&other), "{text:?} and {other:?}");
    // FLOAT(n) is one type or another, or refused, by n. No text with a type is kept by shape.
    let float = |word: &str| word.eq_ignore_ascii_case("float");
    if Lexer::new(data).any(|token| float(&text[token.span])) {
        return false;
    }
    let (one, two) = (tree(text), tree(&other));
    assert_eq!(one, two, "{text:?} and {other:?}");
    one.is_some() && text != other
}

fn shape(text: &str) -> Vec<u8> {
    let mut shape = Vec::new();
    sql::shape(text.as_bytes(), &mut shape);
    shape
}

/// The text with something else in each hole of its shape, by a hash of what stands up to it.
pub(crate) fn with_other_constants(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let (mut other, mut open) = (String::new(), true);
    for token in Lexer::new(text.as_bytes()) {
        let bytes = &text[token.span];
        for byte in bytes.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // Behind U& there are no holes.
        open &= !matches!(token.kind, Kind::UnicodeIdentifier | Kind::UnicodeString);
        let constants = match *shape(bytes) {
            [0, letter] if open => CONSTANTS.iter().find(|(of, _)| *of == letter),
            _ => None,
        };
        let choice = usize::try_from(hash >> 40).expect("24 bits");
        other.push_str(constants.map_or(bytes, |(_, from)| from[choice % from.len()]));
    }
    other
}

/// The trees of a text's SELECTs without places and what constants hold, for each other statement,
/// whose options may be constants, its kind; `None` where the grammar refuses the text.
#[allow(unsafe_code, reason = "the binding has no tree as text")]
fn tree(text: &str) -> Option<Vec<Value>> {
    let measure = prescan::check(text.as_bytes(), &Limits::default()).ok()?;
    let blanked = blanked(text.as_bytes(), &measure.comments);
    let blanked = CString::new(blanked).ok()?;
    // SAFETY: the struct is that of pg_query.h; the tree is copied before it is freed, once.
    let json = unsafe {
        let result = parse::pg_query_parse(blanked.as_ptr());
        let json = result.error.is_null().then(|| CStr::from_ptr(result.tree).to_owned());
        parse::pg_query_free_parse_result(result);
        json?
    };
    // Deeper than a hundred nodes is what serde_json doesn't read.
    let mut json: Value = serde_json::from_slice(json.to_bytes()).ok()?;
    mask(&mut json);
    let statements = json["stmts"].as_array().cloned().unwrap_or_default();
    let compared = |one: Value| match one["stmt"].as_object().and_then(|node| node.keys().next()) {
        Some(kind) if kind != "SelectStmt" => kind.as_str().into(),
        _ => one,
    };
    Some(statements.into_iter().map(compared).collect())
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !(name.ends_with("location")
                    || name == "stmt_len"
                    // The digits of CURRENT_TIMESTAMP(3).
                    || name == "typmod"
                    || name.starts_with("list_")
                    || name.starts_with("rexpr_list_"))
            });
            for (name, field) in fields {
                match name.as_str() {
                    "A_Const" => constant(field),
                    // A bound of `int[3]`.
                    "Integer" => *field = Value::Null,
                    _ => mask(field),
                }
            }
        }
        _ => {}
    }
}

/// Leaves of a constant its kind.
fn constant(value: &mut Value) {
    let Some(fields) = value.as_object() else { return };
    let kind = ["ival", "fval", "sval"].into_iter().find(|&kind| fields.contains_key(kind));
    match kind {
        Some(kind) => *value = kind.into(),
        None => mask(value),
    }
}
