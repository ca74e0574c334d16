//! A psql script cut into what psql would send: its statements, less its own commands.

/// The statements of a script. Lines of psql's own (`\d`), the data of COPY FROM STDIN, and
/// statements with variables of psql are left out.
pub(crate) fn statements(script: &str) -> Vec<String> {
    let bytes = script.as_bytes();
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut depth = 0_usize;
    // BEGIN ATOMIC … END in a function's body.
    let mut body = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                let escape = at > 0 && matches!(bytes[at - 1], b'e' | b'E');
                at = quoted(bytes, at, b'\'', escape);
            }
            b'"' => at = quoted(bytes, at, b'"', false),
            b'-' if bytes[at..].starts_with(b"--") => at = line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => at = comment(bytes, at),
            b'$' => at = dollar(script, at),
            b'(' => (depth, at) = (depth + 1, at + 1),
            b')' => (depth, at) = (depth.saturating_sub(1), at + 1),
            b'\\' => {
                // What stands before a command of psql's is sent by \g, \gset and the like only.
                let end = line_end(bytes, at);
                let command = &script[at..end];
                let text = script[start..at].trim();
                if ["\\g\n", "\\g", "\\gx", "\\gdesc"].contains(&command.trim()) && !text.is_empty()
                {
                    found.push(text.to_owned());
                }
                (start, at, depth, body) = (end, end, 0, 0);
            }
            b';' if depth == 0 && body == 0 => {
                let text = script[start..at].trim().to_owned();
                at += 1;
                let copies = copies_in(&text);
                found.push(text);
                if copies {
                    at = script[at..]
                        .find("\n\\.")
                        .map_or(bytes.len(), |n| line_end(bytes, at + n + 1));
                }
                start = at;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let end = at
                    + bytes[at..]
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                        .count();
                let word = script[at..end].to_ascii_lowercase();
                let head = script[start..at].trim_start().to_ascii_lowercase();
                if word == "atomic" && head.starts_with("create") {
                    body = 1;
                } else if body > 0 && word == "case" {
                    body += 1;
                } else if body > 0 && word == "end" {
                    body -= 1;
                }
                at = end.max(at + 1);
                // A prefix belongs to its string.
                if matches!(bytes.get(at), Some(b'\'')) && !matches!(word.as_str(), "e") {
                    at = quoted(bytes, at, b'\'', false);
                }
            }
            _ => at += 1,
        }
    }
    found.retain(|text| !text.is_empty() && !has_variables(text));
    found
}

/// psql's variables as the scripts use them.
fn has_variables(text: &str) -> bool {
    text.contains(":'")
        || text.contains(":\"")
        || text.contains(":abs_")
        || text.contains(" :filename")
}

fn copies_in(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let at = lower.find("copy").filter(|at| {
        lower[..*at].trim_start().lines().all(|l| l.starts_with("--") || l.is_empty())
    });
    at.is_some() && lower.contains("from stdin")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n + 1)
}

fn quoted(bytes: &[u8], at: usize, quote: u8, escapes: bool) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn comment(bytes: &[u8], at: usize) -> usize {
    let (mut at, mut depth) = (at + 2, 1);
    while at < bytes.len() && depth > 0 {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// The end of a dollar-quoted string that begins here, or of the `$`.
fn dollar(script: &str, at: usize) -> usize {
    let rest = &script[at + 1..];
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if rest.as_bytes().get(word) != Some(&b'$') || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return at + 1;
    }
    let tag = &script[at..at + word + 2];
    let from = at + tag.len();
    script[from..].find(tag).map_or(script.len(), |n| from + n + tag.len())
}

#[test]
fn scripts_are_cut_as_psql_cuts_them() {
    let script = "-- first; \nSELECT 1; SELECT ';' , $$;$$, $a$;$$;$a$, E'\\';' /* ; /* */ ; */;\n\
        \\d foo\nCOPY t FROM stdin;\n1;\n\\.\nCREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);\n\
        CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\n\
        SELECT 3 \\g\nSELECT 4 \\gset\nSELECT :'x';\nSELECT 5;";
    let found = statements(script);
    assert_eq!(found.len(), 7, "{found:#?}");
    assert!(found[4].ends_with("SELECT 2; END"), "{found:#?}");
    assert_eq!(found[5..], ["SELECT 3", "SELECT 5"]);
}
