//! What commands write to stdout.

use std::io::{IsTerminal, Write};

use super::Exit;
use super::args::Format;
use super::service_args::Output;

/// Writes what people read: in colour where a terminal shows it. Control characters in it are taken out elsewhere.
pub fn print(text: &str) {
    finish(|| {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    });
}

/// Writes what programs read: byte for byte, unless a terminal shows it.
pub fn data(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let shown = if stdout.is_terminal() { escaped(text) } else { text.to_owned() };
    finish(|| stdout.write_all(shown.as_bytes()).and_then(|()| stdout.flush()));
}

/// A reader that went away (`| head`) ends the program quietly.
fn finish(mut write: impl FnMut() -> std::io::Result<()>) {
    if write().is_err() {
        std::process::exit(Exit::Clean as i32);
    }
}

/// A text on a terminal: control characters, which could move the cursor, are shown as escapes; lines stay lines.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

impl Format {
    /// Writes a text in this format.
    pub fn print(self, text: &str) {
        if self == Format::Text { print(text) } else { data(text) }
    }
}

impl Output {
    /// Writes a text for these readers.
    pub fn print(self, text: &str) {
        if self == Output::Text { print(text) } else { data(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(escaped("a\u{1b}[2J\u{9b}1m\rb\tc\n"), "a\\u{1b}[2J\\u{9b}1m\\rb\tc\n");
    }
}
