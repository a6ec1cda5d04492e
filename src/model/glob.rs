//! Patterns of names as people write them: `tenant_*`.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Engine;

/// A pattern over names. `*` stands for any run of characters, `?` for one, `[ab]` for one of some,
/// `{a,b}` for one of several texts. Upper and lower case differ, unless names are compared otherwise.
#[derive(Clone, Debug)]
pub struct Glob {
    text: String,
    matcher: GlobMatcher,
    /// For names of any case, and for those without accents.
    folded: [Option<GlobMatcher>; 2],
}

/// Which names are one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// Every character counts: PostgreSQL.
    Exact,
    /// The case of ASCII letters does not count: SQLite.
    Case,
    /// Neither case nor accents count. MySQL compares names so, or more strictly.
    Accents,
}

impl Folding {
    /// How an engine compares names; where that depends on the server, by the way that takes more of them for one.
    pub fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Folding::Exact,
            Engine::Sqlite => Folding::Case,
            Engine::Mysql => Folding::Accents,
        }
    }
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A clause for people that says why it is no pattern.
    pub fn new(text: &str) -> Result<Self, String> {
        let folded = [matcher(text, true).ok(), matcher(&plain(text), true).ok()];
        Ok(Self { text: text.to_owned(), matcher: matcher(text, false)?, folded })
    }

    /// Whether a name fits.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Whether a name fits, when names are compared in this way.
    pub fn matches_as(&self, name: &str, folding: Folding) -> bool {
        let [any_case, plainly] = &self.folded;
        let fits = |matcher: &Option<GlobMatcher>, name: &str| matcher.as_ref().is_some_and(|m| m.is_match(name));
        match folding {
            Folding::Exact => self.matches(name),
            Folding::Case => self.matches(name) || fits(any_case, name),
            Folding::Accents => self.matches(name) || fits(any_case, name) || fits(plainly, &plain(name)),
        }
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

fn matcher(text: &str, any_case: bool) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(text).literal_separator(false).case_insensitive(any_case).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

/// A text without accents and in small letters, as MySQL's `utf8_general_ci` compares it.
fn plain(text: &str) -> String {
    let bare = text.nfd().filter(|c| !is_combining_mark(*c));
    bare.flat_map(char::to_uppercase).flat_map(char::to_lowercase).map(|c| if c == 'ß' { 's' } else { c }).collect()
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
    fn names_are_compared_as_engines_compare_them() {
        let fits = |glob: &str, name: &str, folding| Glob::new(glob).unwrap().matches_as(name, folding);
        assert!(!fits("users", "USERS", Folding::Exact) && fits("users", "USERS", Folding::Case));
        assert!(fits("[A-C]*", "bills", Folding::Case) && !fits("ä*", "Äpfel", Folding::Case));
        assert!(fits("ä*", "Äpfel", Folding::Accents) && fits("pay_é?", "PAY_EX", Folding::Accents));
        assert!(!fits("users", "use", Folding::Accents));
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
