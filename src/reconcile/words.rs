//! Changes in the words of the schema file.

use crate::model::{
    Change, Check, Column, Deferrable, ForeignKey, Generated, IdentityKind, Index, Member, Move, OnConflict, Part,
    PartSource, Property, Reason, Ruling, Table, Verdict,
};

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `+`, `-`, `~` or `→`.
    pub sign: char,
    /// What it is about.
    pub object: String,
    /// What differs, in words.
    pub what: String,
}

/// A change as a line of a difference.
pub fn line(change: &Change) -> Line {
    let sign = match change {
        Change::RenameTable { .. } | Change::RenameColumn { .. } | Change::RenameMember { .. } => '→',
        Change::MergeColumn { .. } | Change::ReplaceColumn { .. } => '~',
        change if change.only_removes() => '-',
        Change::CreateNamespace { .. }
        | Change::CreateExtension { .. }
        | Change::CreateEnum { .. }
        | Change::CreateTable { .. }
        | Change::AddColumn { .. }
        | Change::AddMember { .. } => '+',
        _ => '~',
    };
    Line { sign, object: clean(&object(change)), what: clean(&what(change)) }
}

/// A change that somebody else made, as a line of a difference.
pub fn happened(change: &Change) -> Line {
    let line = line(change);
    if change.only_removes() { Line { what: "is gone".to_owned(), ..line } } else { line }
}

/// A text from a catalog, fit for a terminal: control characters, which could move the cursor or
/// hide what stands before them, are shown as escapes.
pub fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn object(change: &Change) -> String {
    match change {
        Change::RenameTable { from, to } => format!("{from} → {to}"),
        Change::RenameColumn { table, from, to, .. } => format!("{table}.{from} → {to}"),
        Change::MergeColumn { table, from, to, .. } | Change::ReplaceColumn { table, from, to, .. } => {
            format!("{table}.{} → {}", from.name, to.name)
        }
        Change::RenameMember { table, from, to } => format!("{table}.{} → {}", from.label(), to.label()),
        other => other.object(),
    }
}

fn what(change: &Change) -> String {
    match change {
        Change::CreateNamespace { .. } => "new schema".to_owned(),
        Change::DropNamespace { .. } => "schema is not declared".to_owned(),
        Change::CreateExtension { .. } => "new extension".to_owned(),
        Change::CreateEnum { to } => format!("new enum: {}", to.labels.join(", ")),
        Change::DropEnum { .. } => "enum is not declared".to_owned(),
        Change::AlterEnum { from, to } if from.labels == to.labels => "enum comment changes".to_owned(),
        Change::AlterEnum { from, to } => format!("enum: {} → {}", from.labels.join(", "), to.labels.join(", ")),
        Change::CreateTable { to } => format!("new table: {}", contents(to)),
        Change::DropTable { from } => format!("table is not declared: {}", contents(from)),
        Change::RenameTable { .. } => "rename table".to_owned(),
        Change::AlterTableComment { from, to, .. } => format!("comment: {}", arrow(from.as_deref(), to.as_deref())),
        Change::AlterTableOption { from, to, .. } => format!("option: {}", arrow(from.as_deref(), to.as_deref())),
        Change::AddColumn { to, fill, .. } => added(to, fill.as_deref()),
        Change::DropColumn { from, .. } => format!("column is not declared: {}", column(from)),
        Change::RenameColumn { transform: None, .. } => "rename column".to_owned(),
        Change::RenameColumn { transform: Some(transform), .. } => format!("rename column, values by {transform}"),
        Change::MergeColumn { from, to, how, .. } => merged(&from.name, &to.name, how),
        Change::ReplaceColumn { from, expr, .. } => format!("new column, computed by {expr}; then drop {}", from.name),
        Change::AlterColumn { property, from, to, .. } => altered(*property, from, to),
        Change::AddMember { to, .. } => format!("new {}: {}", to.kind().words(), member(to)),
        Change::DropMember { from, .. } if from.is_left_over() => {
            format!("{} that a run left behind which did not end", from.kind().words())
        }
        Change::DropMember { from, .. } => format!("{} is not declared: {}", from.kind().words(), member(from)),
        Change::AlterMember { from, to, .. } => {
            format!("{}: {}", to.kind().words(), between(&member(from), &member(to)))
        }
        Change::RenameMember { to, .. } => format!("rename {}", to.kind().words()),
    }
}

fn merged(from: &str, to: &str, how: &Move) -> String {
    let by = how.transform.as_ref().map(|transform| format!(" by {transform}")).unwrap_or_default();
    let copy = match how.on_conflict {
        OnConflict::Stop => format!("copy {from}{by} where {to} is NULL"),
        OnConflict::KeepNew => format!("copy {from}{by} where {to} is NULL, keep {to} elsewhere"),
        OnConflict::KeepOld => format!("copy {from}{by} wherever it is not NULL"),
    };
    format!("both exist: {copy}, then drop it")
}

fn between(from: &str, to: &str) -> String {
    if from == to { "its comment or an option changes".to_owned() } else { format!("{from} → {to}") }
}

fn arrow(from: Option<&str>, to: Option<&str>) -> String {
    format!("{} → {}", from.unwrap_or("none"), to.unwrap_or("none"))
}

fn contents(table: &Table) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts = [
        count(table.columns.len(), "column", "columns"),
        count(table.indexes.len() + table.uniques.len(), "index", "indexes"),
        count(table.foreign_keys.len(), "foreign key", "foreign keys"),
        count(table.checks.len(), "check", "checks"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn added(to: &Column, fill: Option<&str>) -> String {
    match fill {
        Some(fill) => format!("new column: {}, existing rows get {fill}", column(to)),
        None => format!("new column: {}", column(to)),
    }
}

/// A column's definition in a few words.
pub fn column(column: &Column) -> String {
    let mut words = vec![column.data_type.clone()];
    if column.nullable {
        words.push("nullable".to_owned());
    }
    if let Some(default) = &column.default {
        words.push(format!("default {default}"));
    }
    if let Some(identity) = &column.identity {
        words.push(identity_words(identity.kind).to_owned());
    }
    if let Some(computed) = &column.generated {
        words.push(generated(computed));
    }
    words.join(", ")
}

fn generated(computed: &Generated) -> String {
    format!("{} as {}", if computed.stored { "stored" } else { "virtual" }, computed.expr)
}

fn identity_words(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Always => "identity always",
        IdentityKind::ByDefault => "identity",
        IdentityKind::Serial => "serial",
        IdentityKind::AutoIncrement => "auto-increment",
        IdentityKind::Rowid => "rowid",
    }
}

fn altered(property: Property, from: &Column, to: &Column) -> String {
    let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let (name, before, after) = match property {
        Property::Type => ("type", from.data_type.clone(), to.data_type.clone()),
        Property::Nullable => {
            return if to.nullable { "NOT NULL → nullable" } else { "nullable → NOT NULL" }.to_owned();
        }
        Property::Default => ("default", optional(&from.default), optional(&to.default)),
        Property::Collation => ("collation", optional(&from.collation), optional(&to.collation)),
        Property::OnUpdate => ("on update", optional(&from.on_update), optional(&to.on_update)),
        Property::Comment => ("comment", optional(&from.comment), optional(&to.comment)),
        Property::Generated => {
            let words = |column: &Column| column.generated.as_ref().map_or_else(|| "none".to_owned(), generated);
            ("generated", words(from), words(to))
        }
        Property::Identity => ("identity", identity(from), identity(to)),
        Property::Options => ("options", options(from), options(to)),
    };
    format!("{name}: {before} → {after}")
}

fn identity(column: &Column) -> String {
    let Some(identity) = &column.identity else { return "none".to_owned() };
    let options = identity.options.iter().map(|(key, value)| format!(" {key} {value}"));
    std::iter::once(identity_words(identity.kind).to_owned()).chain(options).collect()
}

fn options(column: &Column) -> String {
    let pairs: Vec<_> = column.options.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if pairs.is_empty() { "none".to_owned() } else { pairs.join(", ") }
}

/// A key, index or constraint in a few words.
pub fn member(member: &Member) -> String {
    match member {
        Member::PrimaryKey(key) | Member::Unique(key) | Member::Index(key) => index(key, member),
        Member::ForeignKey(key) => foreign_key(key),
        Member::Check(check) => check_words(check),
    }
}

fn index(key: &Index, member: &Member) -> String {
    let parts: Vec<_> = key.parts.iter().map(part).collect();
    let mut words = format!("({})", parts.join(", "));
    if key.unique && matches!(member, Member::Index(_)) {
        words.insert_str(0, "unique ");
    }
    if let Some(method) = &key.method {
        words.push_str(&format!(" {method}"));
    }
    if !key.include.is_empty() {
        words.push_str(&format!(" include ({})", key.include.join(", ")));
    }
    if let Some(predicate) = &key.predicate {
        words.push_str(&format!(" where {predicate}"));
    }
    if key.nulls_not_distinct {
        words.push_str(" nulls not distinct");
    }
    words.push_str(deferrable(key.deferrable));
    words
}

fn part(part: &Part) -> String {
    let mut words = match &part.source {
        PartSource::Column(name) => name.clone(),
        PartSource::Expr(expr) => format!("({expr})"),
    };
    if let Some(prefix) = part.prefix {
        words.push_str(&format!("({prefix})"));
    }
    for extra in [&part.collation, &part.opclass].into_iter().flatten() {
        words.push_str(&format!(" {extra}"));
    }
    if part.desc {
        words.push_str(" desc");
    }
    words
}

fn deferrable(deferrable: Deferrable) -> &'static str {
    match deferrable {
        Deferrable::No => "",
        Deferrable::Immediate => " deferrable",
        Deferrable::Deferred => " initially deferred",
    }
}

fn foreign_key(key: &ForeignKey) -> String {
    let mut words = format!("({}) → {}", key.columns.join(", "), key.table);
    // Left out, they are the primary key of a table that is not there.
    if !key.referenced.is_empty() {
        words.push_str(&format!(" ({})", key.referenced.join(", ")));
    }
    for (name, action) in [("on delete", &key.on_delete), ("on update", &key.on_update)] {
        if let Some(action) = action {
            words.push_str(&format!(" {name} {}", action.to_lowercase()));
        }
    }
    words.push_str(deferrable(key.deferrable));
    words
}

fn check_words(check: &Check) -> String {
    check.expr.clone()
}

/// Why a verdict was given, as a clause.
pub fn reason(ruling: &Ruling) -> String {
    match &ruling.reason {
        Reason::Rule { name } => name.clone(),
        Reason::NoRule => "no rule matches".to_owned(),
        Reason::Frozen { window, closes } => format!("held: the deny window {window} is open until {closes}"),
        Reason::Window { rule, window, opens } => match opens {
            Some(opens) => format!("{rule}; window {window} opens {opens}"),
            None => format!("{rule}; window {window} is closed"),
        },
        Reason::Waiver { name, until, owner } => format!("waived until {until} by {owner}: {name}"),
        Reason::Needs { object } => format!("needs {object}, which is kept back"),
        Reason::Extra => "not declared, left alone".to_owned(),
        Reason::Data { finding } => finding.clone(),
        Reason::Copy { rows: Some(rows), limit } => {
            format!("the server copies the table with its {rows} rows; max_copy_rows is {limit}")
        }
        Reason::Copy { rows: None, limit } => {
            format!("the server copies the table, however many rows it has; max_copy_rows is {limit}")
        }
        Reason::PlainText { table, column } => format!(
            "policy wants a backup of {table} first, which would keep the plain text of {column}: say `backup: {{ plain_text: \
             true }}` if it is to be kept, or write a rule with `backup: false` for both names of {column}"
        ),
        Reason::Login { missing, remedy } => format!("it could run code of the tenant's, and {missing}; {remedy}"),
        Reason::NotKnown { what } => format!("not known: {what}"),
        Reason::Stricter { reviewed, why } => {
            format!("the reviewed plan says {reviewed}, and the policy is stricter now: {why}")
        }
        Reason::NotReviewed => "the reviewed plan leaves it out".to_owned(),
        Reason::Emptied => "the tenant had tables and has none now".to_owned(),
        Reason::Unproved { why } => why.clone(),
    }
}

/// A verdict in a word: what is kept back by the rows is *blocked*, what is not declared *extra*.
pub fn verdict(ruling: &Ruling) -> String {
    match &ruling.reason {
        Reason::Extra => "extra".to_owned(),
        Reason::Data { .. } | Reason::Login { .. } => "blocked".to_owned(),
        Reason::Waiver { .. } => "waived".to_owned(),
        _ => ruling.verdict.to_string(),
    }
}

/// Whether a ruling keeps something back that somebody has to act on.
pub fn waits(ruling: &Ruling) -> bool {
    !matches!(ruling.verdict, Verdict::Allow | Verdict::Ignore) && ruling.reason != Reason::Extra
}
