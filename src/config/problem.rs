//! What is wrong with a configuration: where, what, and what to do about it.

use std::fmt;

/// One problem. Its `Display` is what people read:
///
/// ```text
/// proxy.toml:3: listen.adress: unknown key
///     write `address`, or delete the line
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// 1-based line; `None` where something is missing or it concerns the file as a whole.
    pub line: Option<usize>,
    /// The key, dotted; empty where it concerns the file as a whole.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// All problems of one configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}\n    {}", self.what, self.remedy)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// The candidate that `name` was most likely meant to be, if one is near enough.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= allowed && distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Damerau-Levenshtein distance (adjacent transpositions count once), in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_previous = None;
    for (row, l) in left.chars().enumerate() {
        let mut current = Vec::with_capacity(above.len());
        let mut beside = row + 1;
        current.push(beside);
        for (column, &r) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column).saturating_add(usize::from(l != r));
            let removed = at(&above, column + 1).saturating_add(1);
            let mut least = replaced.min(removed).min(beside + 1);
            let swapped = column.checked_sub(1).filter(|&previous| {
                left_previous == Some(r) && right.get(previous) == Some(&l) && l != r
            });
            if let Some(previous) = swapped {
                least = least.min(at(&before, previous).saturating_add(1));
            }
            current.push(least);
            beside = least;
        }
        before = std::mem::replace(&mut above, current);
        left_previous = Some(l);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = ["address", "auth", "max_sessions", "login_timeout", "login_notice"];
        let cases = [
            ("adress", Some("address")),
            ("addres", Some("address")),
            ("max_session", Some("max_sessions")),
            ("login_timout", Some("login_timeout")),
            ("atuh", Some("auth")),
            ("colour", None),
            ("xy", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
