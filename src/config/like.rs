//! SQL's LIKE, for names of databases.

use std::fmt;

/// A LIKE pattern: `%` stands for any text, `_` for one character, `\` takes the next one literally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Like {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
}

impl Like {
    /// Reads a pattern. Every text is one.
    pub fn new(text: &str) -> Self {
        let mut chars = text.chars();
        let mut parts = Vec::new();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::Char(chars.next().unwrap_or('\\')),
                other => Part::Char(other),
            });
        }
        Self { text: text.to_owned(), parts }
    }

    /// Whether a name fits, upper and lower case told apart.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where the last `%` stood, and how far it has eaten: the only place to return to.
        let mut retry: Option<(usize, usize)> = None;
        while at < name.len() {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    retry = Some((part, at));
                    part += 1;
                }
                Some(Part::One) => (part, at) = (part + 1, at + 1),
                Some(Part::Char(char)) if *char == name[at] => (part, at) = (part + 1, at + 1),
                _ => {
                    let Some((any, eaten)) = retry else { return false };
                    retry = Some((any, eaten + 1));
                    (part, at) = (any + 1, eaten + 1);
                }
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::Any)
    }
}

impl fmt::Display for Like {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_sql_does() {
        for (pattern, name, fits) in [
            ("tenant_%", "tenant_a", true),
            ("tenant_%", "tenant_", true),
            ("tenant_%", "tenantXa", true),
            ("tenant\\_%", "tenantXa", false),
            ("tenant\\_%", "tenant_a", true),
            ("tenant_%", "tenant", false),
            ("tenant_%", "Tenant_a", false),
            ("%_de", "a_de_de", true),
            ("%a%b", "xaxxb", true),
            ("%a%b", "xaxxbx", false),
            ("_", "ü", true),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("100\\%", "100%", true),
        ] {
            assert_eq!(Like::new(pattern).matches(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn many_wildcards_do_not_explode() {
        assert!(!Like::new(&"%a".repeat(50)).matches(&"b".repeat(10_000)));
    }
}
