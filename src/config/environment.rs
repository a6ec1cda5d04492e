//! `${NAME}` in texts of the configuration.

use crate::yaml::{Diagnostic, Node, Report, Span};

/// Where the values of variables come from.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The text of a node with each `${NAME}` replaced by the variable's value and each `$${` by `${`.
/// A variable that is not set is a mistake at its place. The result may be a secret: it appears in no
/// message.
pub(super) fn expand(node: &Node, environment: Environment<'_>, problems: &mut Report) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = node.text()?;
    let mut sound = true;
    while let Some(dollar) = rest.find('$') {
        expanded += &rest[..dollar];
        rest = &rest[dollar..];
        if let Some(after) = rest.strip_prefix("$${") {
            expanded += "${";
            rest = after;
        } else if rest.starts_with("${") {
            let end = rest.find('}').map_or(rest.len(), |brace| brace + 1);
            match variable(&rest[..end], environment) {
                Ok(value) => expanded += &value,
                Err(problem) => {
                    problems.add(problem.at(&node.span, &rest[..end]));
                    sound = false;
                }
            }
            rest = &rest[end..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded += rest;
    sound.then_some(expanded)
}

enum Problem {
    NotSet(String),
    NoName,
}

/// The value of a reference such as `${NAME}`.
fn variable(reference: &str, environment: Environment<'_>) -> Result<String, Problem> {
    let name = reference.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).ok_or(Problem::NoName)?;
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !letters || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(Problem::NoName);
    }
    environment(name).ok_or_else(|| Problem::NotSet(name.to_owned()))
}

impl Problem {
    fn at(self, span: &Span, reference: &str) -> Diagnostic {
        let offset = span.text().find(reference);
        let span = offset.map_or_else(|| span.clone(), |at| Span::new(&span.source, span.start + at, reference.len()));
        match self {
            Problem::NotSet(name) => Diagnostic::new(&span, format!("the environment variable {name} is not set"))
                .help(format!("set it, or write the value here; `$${{{name}}}` is the text itself")),
            Problem::NoName => Diagnostic::new(&span, "`${` begins the name of a variable, and there is none")
                .help("write `${NAME}` with letters, digits and `_`; `$${` is the text `${`"),
        }
    }
}
