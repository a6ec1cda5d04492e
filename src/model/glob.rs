//! Patterns of names as people write them: `tenant_*`.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

/// A pattern over names. `*` stands for any run of characters, `?` for one, `[ab]` for one of some,
/// `{a,b}` for one of several texts. Upper and lower case differ.
#[derive(Clone, Debug)]
pub struct Glob {
    text: String,
    matcher: GlobMatcher,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A clause for people that says why it is no pattern.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(false).build().map_err(|error| error.kind().to_string())?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Whether a name fits.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Whether every name that fits `other` certainly fits this one too. Never wrongly `true`;
    /// `false` may only mean that it could not be told.
    pub fn covers(&self, other: &Glob) -> bool {
        // Where this pattern knows no wildcard but `*`, only a `*` can take the other's wildcards, and
        // that takes whatever they stand for, too.
        let only_stars = !self.text.contains(['?', '[', '{', '\\']);
        let only_simple = !other.text.contains(['[', '{', '\\']);
        self.text == other.text || (other.is_literal() || only_stars && only_simple) && self.matches(&other.text)
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?', '[', '{', '\\'])
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(a: &str, b: &str) -> bool {
        Glob::new(a).unwrap().covers(&Glob::new(b).unwrap())
    }

    #[test]
    fn matches_whole_names() {
        let glob = Glob::new("tenant_*").unwrap();
        assert!(glob.matches("tenant_a") && glob.matches("tenant_") && glob.matches("tenant_a/b"));
        assert!(!glob.matches("my_tenant_a") && !glob.matches("Tenant_a"));
    }

    #[test]
    fn knows_what_covers_what() {
        assert!(covers("*", "payroll_*"));
        assert!(covers("payroll_*", "payroll_?_old"));
        assert!(covers("pay?", "pays"));
        assert!(!covers("payroll_?", "payroll_*"));
        assert!(!covers("payroll_*", "pay*"));
        assert!(!covers("a*", "{a,b}"));
        assert!(!covers("*b]", "[ab]"));
    }

    #[test]
    fn says_why_it_is_no_pattern() {
        assert_eq!(Glob::new("a[").unwrap_err(), "unclosed character class; missing ']'");
    }
}
