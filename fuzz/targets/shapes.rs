//! Shapes: two texts of one token shape have one tree of PostgreSQL's grammar, but for what their
//! constants hold.

use std::ffi::{CStr, CString, c_char, c_void};

use pgward::sql::lex::{Kind, Lexer};
use pgward::sql::{self, Limits, prescan};
use serde_json::Value;

use super::scanner::blanked;

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

const INTEGERS: [&str; 8] =
    ["7", "0", "007", "999999999", "0000000001", "2147483647", "2147483648", "99999999999"];
const FLOATS: [&str; 6] = ["1.5", ".5", "1.", "1e5", "2.5e-3", "0.0"];
const STRINGS: [&str; 10] =
    ["''", "'x'", "'a''b'", "';'", "'--'", "'/*'", "'$$'", "'é'", "'year'", "'1 day'"];

/// Reads `data` as a text, and the same with other constants.
pub(crate) fn shapes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.contains('\0') || text.len() > 16 * 1024 {
        return;
    }
    let other = with_other_constants(text);
    let shape = |text: &str| {
        let mut shape = Vec::new();
        sql::shape(text.as_bytes(), &mut shape);
        shape
    };
    if shape(text) != shape(&other) {
        return;
    }
    let kinds =
        |text: &str| Lexer::new(text.as_bytes()).map(|token| token.kind).collect::<Vec<_>>();
    assert_eq!(kinds(text), kinds(&other), "{text:?} and {other:?}");
    // FLOAT(n) is one type or another, or refused, by n. No text with a type is kept by shape.
    let float = |word: &str| word.eq_ignore_ascii_case("float");
    if Lexer::new(data).any(|token| float(&text[token.span])) {
        return;
    }
    assert_eq!(tree(text), tree(&other), "{text:?} and {other:?}");
}

/// The text with each constant exchanged, by a hash of what stands before it.
pub(crate) fn with_other_constants(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut other = String::new();
    for token in Lexer::new(text.as_bytes()) {
        let bytes = &text[token.span];
        for byte in bytes.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let choice = usize::try_from(hash >> 40).expect("24 bits");
        let pick = |from: &[&'static str]| from[choice % from.len()];
        other.push_str(match token.kind {
            Kind::Integer if bytes.len() < 10 => pick(&INTEGERS[..4]),
            Kind::Integer => pick(&INTEGERS[4..]),
            Kind::Float => pick(&FLOATS),
            Kind::String => pick(&STRINGS),
            _ => bytes,
        });
    }
    other
}

/// The trees of a text's SELECTs without places and what constants hold, `Null` for each other
/// statement, whose options may be constants; `None` where the grammar refuses the text.
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
    let mut json: Value = serde_json::from_slice(json.to_bytes()).ok()?;
    mask(&mut json);
    let statements = json["stmts"].as_array().cloned().unwrap_or_default();
    let select = |one: Value| if one["stmt"]["SelectStmt"].is_null() { Value::Null } else { one };
    Some(statements.into_iter().map(select).collect())
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
