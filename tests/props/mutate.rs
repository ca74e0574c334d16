//! Texts of the corpora, spoiled: bytes and tokens deleted, doubled, swapped, and texts spliced.

use super::grammar::Dice;

/// What changes the meaning of what follows.
const SIGNS: [&str; 22] = [
    "'", "\"", "--", "/*", "*/", ";", "$$", "$a$", "E'", "U&'", "\\", "(", ")", "::", ".", "\r",
    "\n", ",", "\u{a0}", "/**/", " ; ", "'\n'",
];

/// One text, spoiled in one to four places.
pub(crate) fn spoiled(seed: u64, corpus: &[String]) -> String {
    let mut dice = Dice::new(seed);
    let mut text = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let other = &corpus[dice.below(corpus.len())];
        text = once(&text, other, &mut dice);
        if text.len() > 6_000 {
            break;
        }
    }
    text.replace('\0', " ")
}

fn once(text: &str, other: &str, dice: &mut Dice) -> String {
    let mut words = tokens(text);
    if words.is_empty() {
        return other.to_owned();
    }
    let at = dice.below(words.len());
    match dice.below(9) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, words[at]),
        2 => {
            let to = dice.below(words.len());
            words.swap(at, to);
        }
        3 => words.insert(at, dice.pick(&SIGNS)),
        4 => words[at] = dice.pick(&SIGNS),
        5 => {
            let theirs = tokens(other);
            let from = dice.below(theirs.len().max(1));
            words.truncate(at);
            words.extend(theirs.iter().skip(from));
        }
        6 => {
            let theirs = tokens(other);
            if !theirs.is_empty() {
                words[at] = theirs[dice.below(theirs.len())];
            }
        }
        7 => words.truncate(at + 1),
        _ => {
            let mut bytes = text.as_bytes().to_vec();
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(7);
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    words.concat()
}

/// Words, blanks and signs, as they stand.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c.is_whitespace() {
            2
        } else {
            3
        }
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        let kind = kind(c);
        if at > start && (kind != last || kind == 3) {
            found.push(&text[start..at]);
            start = at;
        }
        last = kind;
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}
