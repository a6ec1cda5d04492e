//! Passwords that stand in the file itself, kept out of what is said about the file.
//!
//! Diagnostics quote the line that they are about, and its neighbours. A URL with a password may stand
//! there; it is shown with asterisks, byte for byte, so that every position stays true.

use std::sync::Arc;

use crate::yaml::{Report, Source, Span};

/// Parameters of URLs whose values are secrets.
const PARAMETERS: [&str; 2] = ["password=", "sslpassword="];

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
    hidden
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
            ("postgres:///d?password=geheim&host=/s", "postgres:///d?password=******&host=/s"),
            ("a://b:c@d e://f:g@h", "a://b:*@d e://f:*@h"),
        ] {
            assert_eq!(text(shown), hidden);
            assert_eq!(shown.len(), hidden.len());
        }
    }
}
