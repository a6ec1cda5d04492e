//! One spelling for each of the texts that SQLite keeps as their author wrote them.
//!
//! Only what cannot change the meaning is made equal: comments, white space, the case of keywords
//! and names, quotes that are not needed, outer parentheses, and operators with two spellings.

use super::names::{literal, same, shown};
use super::tokens::{Kind, Token, tokenize};

/// The names that an expression can use: its table and the columns of it.
pub struct Names<'a> {
    /// The table.
    pub table: &'a str,
    /// Its columns, as the table spells them.
    pub columns: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// The column that this is in whatever case.
    fn column(&self, name: &str) -> Option<&'a str> {
        self.columns.iter().find(|column| same(column, name)).copied()
    }
}

/// An expression in its one spelling. A text that is no SQL stays as it is: SQLite will refuse it.
pub fn expression(text: &str, names: &Names<'_>) -> String {
    match tokenize(text) {
        Ok(tokens) => Writer::new(names).write(strip(&tokens)),
        Err(_) => text.to_owned(),
    }
}

/// A default in its one spelling.
pub fn default(text: &str) -> String {
    let Ok(tokens) = tokenize(text) else { return text.to_owned() };
    match strip(&tokens) {
        [word] if is_constant(word) => word.text.to_ascii_uppercase(),
        // Any other bare word is a string to SQLite here.
        [word] if matches!(word.kind, Kind::Word | Kind::Quoted) && !is_time(word) => literal(&word.value()),
        [plus, number] if plus.is_symbol("+") && number.kind == Kind::Number => number.text.to_lowercase(),
        tokens => Writer::new(&Names { table: "", columns: Vec::new() }).write(tokens),
    }
}

/// Whether a column with this default gets a value where none is given.
pub fn gives_value(default: Option<&str>) -> bool {
    default.is_some_and(|text| text != "NULL")
}

fn is_constant(token: &Token<'_>) -> bool {
    ["null", "true", "false"].iter().any(|word| token.is_word(word))
}

fn is_time(token: &Token<'_>) -> bool {
    ["current_time", "current_date", "current_timestamp"].iter().any(|word| token.is_word(word))
}

/// Whether a default can stand without parentheses.
pub fn is_plain_default(text: &str) -> bool {
    match tokenize(text).as_deref() {
        Ok([value]) => {
            matches!(value.kind, Kind::Number | Kind::Text | Kind::Blob) || is_time(value) || is_constant(value)
        }
        Ok([sign, number]) => (sign.is_symbol("-") || sign.is_symbol("+")) && number.kind == Kind::Number,
        _ => false,
    }
}

/// Whether a default is the same for every row, and can be added to a table that has rows.
pub fn is_constant_default(text: &str) -> bool {
    is_plain_default(text) && !tokenize(text).is_ok_and(|tokens| tokens.iter().any(is_time))
}

/// A column's type in its one spelling: capitals, single spaces, `DECIMAL(10,2)`.
pub fn data_type(text: &str) -> String {
    let Ok(tokens) = tokenize(text) else { return text.to_owned() };
    let mut written = String::new();
    for token in &tokens {
        let plain = token.is_name() && !token.value().is_empty() && shown(&token.value()) == token.value();
        let name = matches!(token.kind, Kind::Word) || plain;
        let open = written.is_empty() || written.ends_with(['(', ',', '+', '-']) || token.kind == Kind::Symbol;
        if !open {
            written.push(' ');
        }
        if name {
            written.push_str(&token.value().to_ascii_uppercase());
        } else {
            written.push_str(token.text);
        }
    }
    written
}

/// A collation in its one spelling; `None` for the one that everything has by default.
pub fn collation(name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    (name != "BINARY").then_some(name)
}

/// Whether an expression uses a column.
pub fn mentions(text: &str, column: &str) -> bool {
    let Ok(tokens) = tokenize(text) else { return true };
    tokens.iter().enumerate().any(|(index, token)| {
        let called = tokens.get(index + 1).is_some_and(|next| next.is_symbol("("));
        matches!(token.kind, Kind::Word | Kind::Quoted) && !called && same(&token.value(), column)
    })
}

/// The tokens without the parentheses around all of them.
pub fn strip<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [first, inner @ .., _] = tokens
        && first.is_symbol("(")
        && closing(tokens) == Some(tokens.len() - 1)
    {
        tokens = inner;
    }
    tokens
}

/// Where the parenthesis closes that the tokens start with.
pub fn closing(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// What a written piece is to its neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Operand,
    Keyword,
    Function,
    Cast,
    Binary,
    Unary,
    Open,
    Close,
    Comma,
    Dot,
}

/// Writes tokens in one spelling.
struct Writer<'a> {
    names: &'a Names<'a>,
    written: String,
    last: Option<Role>,
    /// Of each open parenthesis, whether it is a CAST's.
    casts: Vec<bool>,
    /// Whether a type name is being written (after the AS of a CAST).
    in_type: bool,
    /// Whether the next name is a collation.
    collates: bool,
}

impl<'a> Writer<'a> {
    fn new(names: &'a Names<'a>) -> Self {
        Self { names, written: String::new(), last: None, casts: Vec::new(), in_type: false, collates: false }
    }

    fn write(mut self, tokens: &[Token<'_>]) -> String {
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            let next = tokens.get(index + 1);
            match self.own_table(&tokens[index..]) {
                0 => {
                    self.token(token, next);
                    index += 1;
                }
                qualifier => index += qualifier,
            }
        }
        self.written
    }

    /// How many tokens qualify a column with the very table that the expression belongs to: `t.`, `main.t.`.
    fn own_table(&self, tokens: &[Token<'_>]) -> usize {
        let is = |token: &Token<'_>, name: &str| {
            matches!(token.kind, Kind::Word | Kind::Quoted) && same(&token.value(), name)
        };
        match tokens {
            [main, dot, table, point, ..]
                if is(main, "main") && is(table, self.names.table) && dot.is_symbol(".") && point.is_symbol(".") =>
            {
                4
            }
            [table, dot, ..] if is(table, self.names.table) && dot.is_symbol(".") => 2,
            _ => 0,
        }
    }

    fn token(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) {
        let called = next.is_some_and(|next| next.is_symbol("("));
        if std::mem::take(&mut self.collates) && token.is_name() {
            return self.put(&token.value().to_ascii_uppercase(), Role::Operand);
        }
        match token.kind {
            Kind::Word => self.word(token.text, called, next),
            Kind::Quoted => self.quoted(token, called),
            Kind::Text => self.put(token.text, Role::Operand),
            Kind::Blob => self.put(&token.text.to_ascii_uppercase(), Role::Operand),
            Kind::Number | Kind::Parameter => self.put(&token.text.to_ascii_lowercase(), Role::Operand),
            Kind::Symbol => self.symbol(token.text),
        }
    }

    fn word(&mut self, text: &str, called: bool, next: Option<&Token<'_>>) {
        let upper = text.to_ascii_uppercase();
        let role = if called { Role::Function } else { Role::Operand };
        match upper.as_str() {
            _ if self.in_type => self.put(&upper, role),
            "CAST" if called => self.put(&upper, Role::Cast),
            "LIKE" | "GLOB" | "REGEXP" | "MATCH" if called && !self.after_operand() => {
                self.put(&text.to_ascii_lowercase(), Role::Function);
            }
            "ISNULL" if self.after_operand() => self.put("IS NULL", Role::Operand),
            "NOTNULL" if self.after_operand() => self.put("IS NOT NULL", Role::Operand),
            "NOT" if self.after_operand() && next.is_some_and(|next| next.is_word("null")) => {
                self.put("IS NOT", Role::Keyword);
            }
            "AS" => {
                self.put(&upper, Role::Keyword);
                self.in_type = self.casts.last() == Some(&true);
            }
            "COLLATE" => {
                self.put(&upper, Role::Keyword);
                self.collates = true;
            }
            "AND" | "OR" | "NOT" | "IS" | "IN" | "LIKE" | "GLOB" | "REGEXP" | "MATCH" | "BETWEEN" | "CASE" | "WHEN"
            | "THEN" | "ELSE" | "ESCAPE" | "EXISTS" | "DISTINCT" | "FROM" => self.put(&upper, Role::Keyword),
            "END" | "NULL" | "CURRENT_DATE" | "CURRENT_TIME" | "CURRENT_TIMESTAMP" => self.put(&upper, Role::Operand),
            _ if called => self.put(&text.to_ascii_lowercase(), Role::Function),
            _ => self.name(text, &upper),
        }
    }

    fn name(&mut self, text: &str, upper: &str) {
        let column = self.names.column(text).map(shown);
        let spelled = match upper {
            _ if column.is_some() => column.unwrap_or_default(),
            "TRUE" | "FALSE" => upper.to_owned(),
            "ROWID" | "OID" | "_ROWID_" => text.to_ascii_lowercase(),
            _ => text.to_owned(),
        };
        self.put(&spelled, Role::Operand);
    }

    fn quoted(&mut self, token: &Token<'_>, called: bool) {
        let value = token.value();
        match self.names.column(&value) {
            _ if called => self.put(&shown(&value.to_ascii_lowercase()), Role::Function),
            _ if self.in_type => self.put(token.text, Role::Operand),
            Some(column) => self.put(&shown(column), Role::Operand),
            None if token.text.starts_with('"') && !is_rowid(&value) => self.put(&literal(&value), Role::Operand),
            None => self.put(&shown(&value), Role::Operand),
        }
    }

    fn symbol(&mut self, text: &str) {
        match text {
            "(" => {
                self.casts.push(self.last == Some(Role::Cast));
                self.put("(", Role::Open);
            }
            ")" => {
                // A type's own parenthesis comes after its name; the CAST's comes after all of it.
                self.in_type &= self.casts.pop() == Some(false);
                self.put(")", Role::Close);
            }
            "," => self.put(",", Role::Comma),
            "." => self.put(".", Role::Dot),
            "+" | "-" | "~" if !self.after_operand() => self.put(text, Role::Unary),
            "==" => self.put("=", Role::Binary),
            "!=" => self.put("<>", Role::Binary),
            _ => self.put(text, Role::Binary),
        }
    }

    fn after_operand(&self) -> bool {
        matches!(self.last, Some(Role::Operand | Role::Close))
    }

    fn put(&mut self, text: &str, role: Role) {
        let glued = match (self.last, role) {
            // Two minus signs side by side would start a comment.
            (Some(Role::Unary), Role::Unary) => false,
            (None | Some(Role::Open | Role::Unary | Role::Dot), _) => true,
            (Some(Role::Function | Role::Cast), Role::Open) => true,
            (_, Role::Close | Role::Comma | Role::Dot) => true,
            _ => false,
        };
        if !glued {
            self.written.push(' ');
        }
        self.written.push_str(text);
        self.last = Some(role);
    }
}

fn is_rowid(name: &str) -> bool {
    ["rowid", "oid", "_rowid_"].iter().any(|word| same(word, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        expression(text, &Names { table: "T", columns: vec!["Name", "age", "order", "a b"] })
    }

    #[test]
    fn what_means_the_same_is_spelled_the_same() {
        let same = [
            ("name like 'A%' and AGE>1", "Name LIKE 'A%' AND age > 1"),
            ("((\"name\"=='x'))", "Name = 'x'"),
            ("[age] /* years */ != 3 -- odd", "age <> 3"),
            ("t.`age`  is\nnot null", "age IS NOT NULL"),
            ("age notnull or age not null or name isnull", "age IS NOT NULL OR age IS NOT NULL OR Name IS NULL"),
            ("LENGTH( \"Order\" )<=-1", "length(\"order\") <= -1"),
            ("age in(1,- 2 ,+3)", "age IN (1, -2, +3)"),
            ("cast(age as decimal( 10 , 2 ))+1", "CAST(age AS DECIMAL(10, 2)) + 1"),
            ("name = \"x\"", "Name = 'x'"),
            ("name collate NoCase = 'X' collate \"rtrim\"", "Name COLLATE NOCASE = 'X' COLLATE RTRIM"),
            ("case when age then [a b] else x'ab' end||''", "CASE WHEN age THEN \"a b\" ELSE X'AB' END || ''"),
            ("(age) + (1)", "(age) + (1)"),
            ("main.T.age > 1 or \"main\".[t].age < t . age", "age > 1 OR age < age"),
            (
                "(with w(x) as (select Name from t) select 1) in ()",
                "(with w(x) AS (select Name FROM t) select 1) IN ()",
            ),
            ("cast((age) as int) || cast(name as \"my type\")", "CAST((age) AS INT) || CAST(Name AS \"my type\")"),
            ("age - - -1", "age - - -1"),
        ];
        for (text, expected) in same {
            assert_eq!(canonical(text), expected, "{text}");
            assert_eq!(canonical(expected), expected, "a fix point");
        }
    }

    #[test]
    fn defaults() {
        for (text, expected) in [
            ("(1)", "1"),
            ("+1", "1"),
            ("- 1", "-1"),
            ("True", "TRUE"),
            ("\"true\"", "'true'"),
            ("(null)", "NULL"),
            ("foo", "'foo'"),
            ("\"it's\"", "'it''s'"),
            ("(Current_Timestamp)", "CURRENT_TIMESTAMP"),
            ("( DateTime( 'now' ) )", "datetime('now')"),
            ("'; DROP TABLE x; --'", "'; DROP TABLE x; --'"),
        ] {
            assert_eq!(default(text), expected, "{text}");
        }
    }

    #[test]
    fn types() {
        for (text, expected) in [
            ("varchar ( 10 , 2 )", "VARCHAR(10,2)"),
            ("Unsigned  BIG /**/ int", "UNSIGNED BIG INT"),
            ("\"text\"", "TEXT"),
            ("\"my type\"", "\"my type\""),
            ("numeric(-1, +2)", "NUMERIC(-1,+2)"),
            ("", ""),
        ] {
            assert_eq!(data_type(text), expected, "{text}");
            assert_eq!(data_type(expected), expected, "a fix point");
        }
    }
}
