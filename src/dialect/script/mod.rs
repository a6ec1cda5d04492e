//! Schemas as SQL scripts: which statements of a script are run in a scratch database, and why others are not.
//!
//! What a script may hold is a table of each engine (`Rules`, in its `script.rs`): statements that define something are
//! run, those that need not be are passed over, all others are refused at their place. Nothing here is run, and
//! what is refused never reaches a server.

mod names;
mod pattern;
mod scan;
mod split;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use names::{Naming, Own, after, another};
pub(crate) use pattern::follows;
pub(crate) use scan::Lexis;
pub(crate) use split::{Compound, Tokens};
use split::{Part, Splitter};

/// A script with more mistakes has one mistake, repeated.
const MOST_FAULTS: usize = 50;

/// What a script comes to.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// What is run, in order.
    pub statements: Vec<Statement>,
    /// What puts back the settings that the statements changed.
    pub afterwards: Vec<String>,
    /// The PostgreSQL extensions that it installs.
    pub extensions: BTreeSet<String>,
    /// Whether objects that undrift does not model are passed over, because the script says so.
    pub ignores_unmodelled: bool,
    /// What was passed over and is worth a word, with how often.
    pub skipped: BTreeMap<&'static str, usize>,
    /// What cannot stand in a schema.
    pub faults: Vec<Fault>,
}

/// One statement, as it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The statement.
    pub text: String,
    /// Where it starts in the script, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The name of what it makes or changes, without what it lies in.
    pub about: String,
}

/// Something that cannot stand in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it starts in the script, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// A part of a statement that is not run as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub start: usize,
    pub end: usize,
    pub with: &'static str,
}

/// One engine's rules.
pub(crate) struct Rules {
    pub lexis: Lexis,
    pub compound: Compound,
    pub naming: Naming,
    /// The statements that may stand in a script, by what they start with. The first that fits counts.
    pub entries: &'static [(&'static str, Verdict)],
    /// The database that a statement chooses, makes or changes.
    pub chooses: fn(&Tokens<'_>) -> Option<Choice>,
    /// What becomes of a line for the engine's client; an error says what is wrong with it.
    pub client: fn(&str, &Own) -> Result<(), &'static str>,
    /// What puts back the settings that a script may have changed.
    pub afterwards: &'static [&'static str],
}

/// A database that a statement is about.
pub(crate) struct Choice {
    pub database: String,
    /// Whether that makes it the script's own.
    pub is_own: bool,
}

/// What becomes of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// It is run.
    Run,
    /// It makes something of this kind, which is not modelled. It is run, because tables may need it.
    Needed(&'static str),
    /// It makes something of this kind, which is not modelled and which no table needs. It is never run.
    Idle(&'static str),
    /// It is passed over, and that is said.
    Skip(&'static str),
    /// It is passed over, and nobody needs to know.
    Quiet,
    /// It cannot stand in a schema: what to do.
    Refuse(&'static str),
    /// It takes a closer look.
    Look(fn(&Look<'_>) -> Result<Decision, Fault>),
}

/// What came out of a closer look.
pub(crate) enum Decision {
    As(Verdict),
    /// This is run in its place.
    Instead(String),
    /// It installs an extension.
    Extension(String),
}

/// A statement that takes a closer look.
pub(crate) struct Look<'a> {
    pub tokens: &'a Tokens<'a>,
    /// The token after what the entry describes.
    pub at: usize,
}

impl Look<'_> {
    /// A complaint about a token.
    pub fn fault(&self, at: usize, message: impl Into<String>, help: impl Into<String>) -> Fault {
        let place = self.tokens.list.get(at).or(self.tokens.list.last());
        let (start, end) = place.map_or((self.tokens.start, self.tokens.end), |token| (token.start, token.end));
        Fault { start, end, message: message.into(), help: help.into() }
    }
}

/// Reads a script.
pub(crate) fn read(text: &str, rules: &Rules) -> Script {
    let own = survey(text, rules);
    let mut reader = Reader { text, rules, own, script: Script::default(), unmodelled: Vec::new() };
    if let Err((start, why)) = reader.parts() {
        let end = text[start..].find('\n').map_or(text.len(), |end| start + end);
        let help = "nothing behind it was read".to_owned();
        reader.script.faults.push(Fault { start, end, message: why.to_owned(), help });
    }
    let Reader { mut script, unmodelled, .. } = reader;
    if !script.ignores_unmodelled {
        script.faults.extend(unmodelled);
        script.faults.sort_by_key(|fault| fault.start);
    }
    script.faults.truncate(MOST_FAULTS);
    script
}

/// What a script says of its own database, before anything is decided.
fn survey(text: &str, rules: &Rules) -> Own {
    let mut own = Own::default();
    let mut splitter = Splitter::new(text, &rules.lexis, rules.compound);
    while let Ok(Some(part)) = splitter.next() {
        let Part::Statement(tokens) = part else { continue };
        if let Some(choice) = (rules.chooses)(&tokens) {
            own.stated = own.stated.or(Some(choice.database).filter(|_| choice.is_own));
        } else {
            match entry(&tokens, rules) {
                Some((at, Verdict::Idle(_))) => own.learn_name(&tokens, at, rules.naming),
                Some((_, Verdict::Run | Verdict::Needed(_) | Verdict::Look(_))) => own.learn(&tokens, rules.naming),
                _ => {}
            }
        }
        let makes = "CREATE [OR REPLACE] [GLOBAL|LOCAL] [TEMP|TEMPORARY|UNLOGGED] TABLE [IF NOT EXISTS]";
        if let Some(at) = follows(&tokens, 0, makes) {
            own.learn_table(&tokens, at);
        }
        skip_rows(&tokens, &mut splitter);
    }
    own
}

/// The verdict on a statement, and the token after what it starts with.
fn entry(tokens: &Tokens<'_>, rules: &Rules) -> Option<(usize, Verdict)> {
    rules.entries.iter().find_map(|(pattern, verdict)| Some((follows(tokens, 0, pattern)?, *verdict)))
}

/// Rows that follow a statement are no statements.
fn skip_rows(tokens: &Tokens<'_>, splitter: &mut Splitter<'_>) {
    let last = tokens.list.len().saturating_sub(1);
    if tokens.is(0, "COPY") && tokens.is(last, "STDIN") {
        splitter.skip_rows();
    }
}

struct Reader<'a> {
    text: &'a str,
    rules: &'a Rules,
    own: Own,
    script: Script,
    unmodelled: Vec<Fault>,
}

impl Reader<'_> {
    fn parts(&mut self) -> Result<(), scan::Unreadable> {
        let mut splitter = Splitter::new(self.text, &self.rules.lexis, self.rules.compound);
        while let Some(part) = splitter.next()? {
            match part {
                Part::Remark(start, end) => self.remark(start, end),
                Part::Line(start, end) => self.line(start, end),
                Part::Statement(tokens) => {
                    self.statement(&tokens);
                    skip_rows(&tokens, &mut splitter);
                }
            }
            if self.script.faults.len() >= MOST_FAULTS {
                break;
            }
        }
        Ok(())
    }

    /// A comment may say what becomes of objects that are not modelled.
    fn remark(&mut self, start: usize, end: usize) {
        let Some(says) = self.text[start..end].trim_start_matches('-').trim().strip_prefix("undrift:") else { return };
        if says.replace(char::is_whitespace, "").replace('=', ":") == "unmodelled:ignore" {
            self.script.ignores_unmodelled = true;
            return;
        }
        let message = format!("undrift knows nothing called `{}`", says.trim());
        let help = "write `-- undrift: unmodelled: ignore`, or another comment".to_owned();
        self.script.faults.push(Fault { start, end, message, help });
    }

    fn line(&mut self, start: usize, end: usize) {
        if let Err(why) = (self.rules.client)(&self.text[start..end], &self.own) {
            let help = "take the line out: a schema holds only statements that define it".to_owned();
            self.script.faults.push(Fault { start, end, message: why.to_owned(), help });
        }
    }

    fn statement(&mut self, tokens: &Tokens<'_>) {
        if let Err(fault) = self.judge(tokens) {
            self.script.faults.push(fault);
        }
    }

    fn judge(&mut self, tokens: &Tokens<'_>) -> Result<(), Fault> {
        self.refuse_marks(tokens)?;
        if let Some(Choice { database, .. }) = (self.rules.chooses)(tokens)
            && !self.own.is(&database)
        {
            return Err(another(tokens.start, tokens.end, &database, self.own.name()));
        }
        let (at, verdict) = entry(tokens, self.rules).unwrap_or((0, Verdict::Refuse("take it out of the file")));
        let decision = match verdict {
            Verdict::Look(look) => look(&Look { tokens, at })?,
            verdict => Decision::As(verdict),
        };
        match decision {
            Decision::As(verdict) => self.act(tokens, at, verdict),
            Decision::Instead(text) => {
                self.script.afterwards = self.rules.afterwards.iter().map(ToString::to_string).collect();
                self.run(tokens, at, text);
                Ok(())
            }
            Decision::Extension(name) => {
                self.script.extensions.insert(name);
                Ok(())
            }
        }
    }

    /// A backslash outside of quotes is a command for a client, wherever it stands.
    fn refuse_marks(&self, tokens: &Tokens<'_>) -> Result<(), Fault> {
        let Some(mark) = (0..tokens.list.len()).find(|at| tokens.text(*at) == "\\") else { return Ok(()) };
        let token = tokens.list[mark];
        let message = "a backslash outside of quotes is a command for a client".to_owned();
        Err(Fault { start: token.start, end: token.end, message, help: "take it out of the file".to_owned() })
    }

    fn act(&mut self, tokens: &Tokens<'_>, at: usize, verdict: Verdict) -> Result<(), Fault> {
        match verdict {
            Verdict::Run => self.run_settled(tokens, at)?,
            Verdict::Needed(kind) => {
                self.note(tokens, at, kind);
                self.run_settled(tokens, at)?;
            }
            Verdict::Idle(kind) => {
                self.own_name(tokens, at, kind)?;
                self.note(tokens, at, kind);
            }
            Verdict::Skip(what) => *self.script.skipped.entry(what).or_default() += 1,
            Verdict::Quiet => {}
            Verdict::Refuse(help) => return Err(refusal(tokens, at, help)),
            Verdict::Look(_) => unreachable!("a look comes to something else"),
        }
        Ok(())
    }

    fn run_settled(&mut self, tokens: &Tokens<'_>, at: usize) -> Result<(), Fault> {
        let mut cuts = self.own.settle(tokens, self.rules.naming)?;
        let marks = tokens.versions.iter().filter(|mark| (tokens.start..tokens.end).contains(&mark.start));
        cuts.extend(marks.map(|mark| Cut { start: mark.start, end: mark.end, with: " " }));
        cuts.sort_by_key(|cut| cut.start);
        let (mut text, mut from) = (String::with_capacity(tokens.end - tokens.start), tokens.start);
        for cut in cuts {
            if cut.start < from {
                // The mark of a comment within a name that is cut out.
                continue;
            }
            text.push_str(&self.text[from..cut.start]);
            text.push_str(cut.with);
            from = cut.end;
        }
        text.push_str(&self.text[from..tokens.end]);
        self.run(tokens, at, text);
        Ok(())
    }

    fn run(&mut self, tokens: &Tokens<'_>, at: usize, text: String) {
        let about = tokens.name(after(tokens, at).saturating_sub(1));
        self.script.statements.push(Statement { text, start: tokens.start, end: tokens.end, about });
    }

    /// What is never run must not be somebody else's either.
    fn own_name(&self, tokens: &Tokens<'_>, at: usize, kind: &str) -> Result<(), Fault> {
        let on = (at..tokens.list.len()).find(|at| kind == "trigger" && tokens.is(*at, "ON")).map(|on| on + 1);
        for name in [Some(at), on].into_iter().flatten() {
            let database = tokens.name(name);
            let whole = (after(tokens, name) - name).div_ceil(2) == self.rules.naming.parts;
            let known = self.own.is(&database) || self.rules.naming.own.is_some_and(|own| own == database);
            if whole && !known && self.rules.naming.parts == 2 && !self.own.tables.contains(&database) {
                let token = tokens.list[name];
                return Err(another(token.start, token.end, &database, self.own.name()));
            }
        }
        Ok(())
    }

    /// Something that is not modelled.
    fn note(&mut self, tokens: &Tokens<'_>, at: usize, kind: &str) {
        let parts = (at..after(tokens, at)).step_by(2).map(|part| tokens.name(part));
        let name = parts.collect::<Vec<_>>().join(".");
        let (start, end) = (tokens.start, tokens.end);
        let fault = unmodelled(kind, &name, start, end);
        if self.unmodelled.len() < MOST_FAULTS && self.unmodelled.iter().all(|known| known.message != fault.message) {
            self.unmodelled.push(fault);
        }
    }
}

/// The complaint about an object that is not modelled.
pub fn unmodelled(kind: &str, name: &str, start: usize, end: usize) -> Fault {
    let message = format!("the {kind} {name} is not modelled: nothing would look whether tenants have it");
    let help = "take it out, or write `-- undrift: unmodelled: ignore` on a line of the file to leave such objects \
        alone, here and in tenants";
    Fault { start, end, message, help: help.to_owned() }
}

fn refusal(tokens: &Tokens<'_>, words: usize, help: &str) -> Fault {
    let words: Vec<_> = (0..words.max(1)).map(|at| tokens.text(at).to_uppercase()).collect();
    let message = format!("`{}` defines nothing that a schema holds", words.join(" "));
    Fault { start: tokens.start, end: tokens.end, message, help: help.to_owned() }
}
