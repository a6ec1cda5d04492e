//! What a statement starts with, compared with how documentation writes it: `CREATE [OR REPLACE] [DEFINER=] VIEW`.
//!
//! In brackets stands what may be left out, `|` parts what may stand there, and `WORD=` is a word with its value.

use super::split::Tokens;

/// Compares a statement, from a token on, with a pattern. Returns the token after what the pattern describes.
pub(crate) fn follows(tokens: &Tokens<'_>, mut at: usize, pattern: &str) -> Option<usize> {
    let mut rest = pattern.trim_start();
    while !rest.is_empty() {
        let optional = rest.strip_prefix('[');
        let end = if optional.is_some() { rest.find(']')? + 1 } else { rest.find(' ').unwrap_or(rest.len()) };
        let choices = rest[..end].trim_matches(['[', ']']);
        let choice = |words: &str| match words.strip_suffix('=') {
            Some(word) => valued(tokens, at, word),
            None => all(tokens, at, words),
        };
        match choices.split('|').find_map(choice) {
            Some(next) => at = next,
            None if optional.is_some() => {}
            None => return None,
        }
        rest = rest[end..].trim_start();
    }
    Some(at)
}

/// The token after these words, if they stand there.
fn all(tokens: &Tokens<'_>, from: usize, words: &str) -> Option<usize> {
    words.split(' ').enumerate().all(|(at, word)| tokens.is(from + at, word)).then(|| from + words.split(' ').count())
}

/// The token after `WORD = value`, where the value is a name or an account: `DEFINER = a@b`.
fn valued(tokens: &Tokens<'_>, from: usize, word: &str) -> Option<usize> {
    if !tokens.is(from, word) || tokens.text(from + 1) != "=" {
        return None;
    }
    match (tokens.text(from + 3), tokens.text(from + 4)) {
        ("@", _) => Some(from + 5),
        ("(", ")") => Some(from + 5),
        _ => Some(from + 3),
    }
}
