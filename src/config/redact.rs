//! Passwords that stand in the file itself, kept out of what is said about the file.
//!
//! Diagnostics quote the line that they are about, and its neighbours. A URL with a password, the path of
//! a webhook or its key may stand there; they are shown with asterisks, byte for byte, so that every
//! position stays true.

use std::sync::Arc;

use crate::yaml::{Report, Source, Span};

use super::paths::engine_of;

/// Parameters of URLs whose values are secrets.
const PARAMETERS: [&str; 2] = ["password=", "sslpassword="];

/// The key of a webhook's key.
const SECRET: &str = "secret:";

/// The same report with the passwords hidden.
pub(super) fn report(report: &Report) -> Report {
    let mut hidden = Report::new();
    for diagnostic in report.diagnostics() {
        let mut diagnostic = diagnostic.clone();
        diagnostic.message = text(&diagnostic.message);
        diagnostic.help = diagnostic.help.as_deref().map(text);
        diagnostic.span = diagnostic.span.as_ref().map(span);
        diagnostic.related = diagnostic.related.iter().map(|(at, what)| (span(at), what.clone())).collect();
        hidden.add(diagnostic);
    }
    hidden
}

fn span(shown: &Span) -> Span {
    let source = Arc::new(Source::new(shown.source.path.as_str(), text(&shown.source.text)));
    Span::new(&source, shown.start, shown.len)
}

/// The same text, as long in bytes, with asterisks for the passwords of URLs.
fn text(text: &str) -> String {
    let mut hidden = text.to_owned();
    for (at, _) in text.match_indices("://") {
        let start = at + "://".len();
        let authority = &text[start..start + word(&text[start..])];
        let password = authority.rfind('@').and_then(|end| Some((authority[..end].find(':')? + 1, end)));
        if let Some((from, to)) = password {
            hide(&mut hidden, start + from, start + to);
        }
    }
    for parameter in PARAMETERS {
        for (at, _) in text.match_indices(parameter) {
            let start = at + parameter.len();
            let rest = &text[start..start + word(&text[start..])];
            hide(&mut hidden, start, start + rest.find('&').unwrap_or(rest.len()));
        }
    }
    for (at, _) in text.match_indices("://").filter(|(at, _)| !is_database(&text[..*at])) {
        let start = at + "://".len();
        let rest = &text[start..start + word(&text[start..])];
        hide(&mut hidden, start + rest.find('/').map_or(rest.len(), |slash| slash + 1), start + rest.len());
    }
    for (at, _) in text.match_indices(SECRET) {
        let after = &text[at + SECRET.len()..];
        let value = after.trim_start_matches(' ');
        let start = text.len() - value.len();
        hide(&mut hidden, start, start + scalar(value));
    }
    hidden
}

/// Whether a text ends with the scheme of a database's URL. Of all others, webhooks first, the path is what
/// nobody else must know.
fn is_database(text: &str) -> bool {
    let scheme = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(text);
    engine_of(&format!("{scheme}:")).is_some()
}

/// How long the value at the beginning of a text is: up to its closing quote, or to the end of its line.
/// Within `{ }` that hides more than the value, and never less.
fn scalar(text: &str) -> usize {
    let line = text.find('\n').unwrap_or(text.len());
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    quote.and_then(|quote| Some(text[1..line].find(quote)? + 2)).unwrap_or(line)
}

/// How long the word at the beginning of a text is.
fn word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(text.len())
}

fn hide(text: &mut String, from: usize, to: usize) {
    text.replace_range(from..to, &"*".repeat(to - from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_passwords_and_keeps_lengths() {
        for (shown, hidden) in [
            ("url: \"postgres://u:pä@ss@h/d\" # x", "url: \"postgres://u:******@h/d\" # x"),
            ("{ url: mysql://u:p:w@h/d, name: a@b }", "{ url: mysql://u:***@h/d, name: a@b }"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("(mysql://u@h/d) htps://h/T0", "(mysql://u@h/d) htps://h/**"),
            ("postgres:///d?password=geheim&host=/s", "postgres:///d?password=******&host=/s"),
            ("a://b:c@d e://f:g@h", "a://b:*@d e://f:*@h"),
            ("- { url: https://h:1/s/T0/B0, format: x }", "- { url: https://h:1/******** format: x }"),
            ("url: \"https://u:pw@h/a?b\"", "url: \"https://u:**@h/***\""),
            ("secret: \"a b\", x: 1\nnext", "secret: *****, x: 1\nnext"),
            ("{ secret: ab c }\nnext", "{ secret: ******\nnext"),
        ] {
            assert_eq!(text(shown), hidden);
            assert_eq!(shown.len(), hidden.len());
        }
    }
}
