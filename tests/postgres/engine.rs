//! A small stand-in for diff, plan and apply, so that the dialect can be tested on its own.

use undrift::apply;
use undrift::db::{Connection, Patience, Session, Target};
use undrift::dialect::{self, Dialect};
use undrift::model::{
    Change, Check, Engine, EnumType, Fingerprint, ForeignKey, Index, Member, Object, Op, Plan, Property, Schema, Step,
    Table,
};

/// A session with a database, ready to change it.
pub async fn session(url: &str) -> Session {
    let mut session = Session::connect(&Target::parse(url).unwrap(), Patience::default()).await.unwrap();
    session.prepare().await.unwrap();
    session
}

/// The name of the database at a URL.
pub fn name_of(url: &str) -> &str {
    let after_host = url.split_once("@localhost/").unwrap().1;
    after_host.split('?').next().unwrap()
}

/// What a database looks like.
pub async fn read(session: &mut Session) -> Schema {
    session.read().await.unwrap().schema
}

/// What the database at a URL looks like.
pub async fn schema_of(url: &str) -> Schema {
    let mut session = session(url).await;
    let schema = read(&mut session).await;
    session.close().await;
    schema
}

/// The dialect of a session's server.
pub fn dialect(session: &Session) -> Box<dyn Dialect> {
    dialect::of(session.platform())
}

/// Runs what gets from one schema to the other.
pub async fn migrate(session: &mut Session, from: &Schema, to: &Schema) -> Vec<Op> {
    let changes = changes(from, to);
    let ops = ordered(dialect(session).ops(from, to, &changes));
    run(session, &ops).await;
    ops
}

/// Runs operations as the steps of a plan.
pub async fn run(session: &mut Session, ops: &[Op]) {
    for op in ops {
        for fact in &op.preconditions {
            let count = session.count(&fact.query).await.unwrap_or_else(|error| panic!("{}: {error}", fact.query));
            assert_eq!(count, 0, "{}", fact.finding);
        }
    }
    let plan = Plan {
        engine: Engine::Postgres,
        start: Fingerprint::of(&Schema::default()),
        end: None,
        changes: Vec::new(),
        left_out: Vec::new(),
        steps: ops.iter().cloned().map(Step::from).collect(),
    };
    let ran = apply::run(session, &plan, &apply::Limits::GENEROUS, &mut apply::Silence).await;
    ran.unwrap_or_else(|error| panic!("{error}"));
}

/// Runs the statements of operations.
pub async fn execute(session: &mut Session, ops: &[Op]) {
    for statement in ops.iter().flat_map(|op| &op.statements) {
        if let Err(error) = session.execute(statement).await {
            panic!("{statement}\n{error}");
        }
    }
}

/// Runs the statements of operations in a transaction, where nothing can be built while others write.
pub async fn execute_at_once(session: &mut Session, ops: &[Op]) {
    let at_once = |op: &Op| {
        let statements = op.statements.iter().map(|sql| sql.replacen("CONCURRENTLY ", "", 1)).collect();
        Op { statements, ..op.clone() }
    };
    execute(session, &ops.iter().map(at_once).collect::<Vec<_>>()).await;
}

/// Two schemas are the same if their fingerprints are; if not, their texts show where.
pub fn assert_same(actual: &Schema, wanted: &Schema) {
    if Fingerprint::of(actual) != Fingerprint::of(wanted) {
        let text = |schema: &Schema| serde_json::to_string_pretty(&sorted(schema)).unwrap();
        let (actual, wanted) = (text(actual), text(wanted));
        let diff = similar::TextDiff::from_lines(&wanted, &actual);
        panic!("the schemas differ (- wanted, + found):\n{}", diff.unified_diff().context_radius(6));
    }
}

fn sorted(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema.opaque.clear();
    schema.tables.values_mut().for_each(|table| table.columns.sort_by(|a, b| a.name.cmp(&b.name)));
    schema
}

/// Operations in an order that satisfies their dependencies, the lowest rank first.
pub fn ordered(ops: Vec<Op>) -> Vec<Op> {
    let before = |a: &Op, b: &Op| {
        let meets = |left: &[Object], right: &[Object]| left.iter().any(|object| right.contains(object));
        meets(&a.makes, &b.needs) || meets(&a.frees, &b.drops) || meets(&a.drops, &b.makes)
    };
    let count = ops.len();
    let mut left: Vec<_> = ops.into_iter().map(Some).collect();
    let mut done = Vec::new();
    while done.len() < count {
        let is_ready = |at: usize| {
            let op = left[at].as_ref()?;
            let waits = left
                .iter()
                .enumerate()
                .any(|(other, earlier)| other != at && earlier.as_ref().is_some_and(|earlier| before(earlier, op)));
            (!waits).then_some((op.rank, op.title.clone(), at))
        };
        let next = (0..count).filter_map(is_ready).min();
        let (_, _, at) = next.unwrap_or_else(|| panic!("a circle: {:#?}", left.iter().flatten().collect::<Vec<_>>()));
        done.extend(left[at].take());
    }
    done
}

/// The differences of two schemas, renames of members among them where only the name differs.
pub fn changes(from: &Schema, to: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in to.namespaces.difference(&from.namespaces) {
        changes.push(Change::CreateNamespace { name: name.clone() });
    }
    for name in from.namespaces.difference(&to.namespaces) {
        changes.push(Change::DropNamespace { name: name.clone() });
    }
    for name in to.extensions.difference(&from.extensions) {
        changes.push(Change::CreateExtension { name: name.clone() });
    }
    let enums = |a: &Schema, b: &Schema| -> Vec<EnumType> {
        a.enums.values().filter(|it| !b.enums.contains_key(&it.name)).cloned().collect()
    };
    changes.extend(enums(to, from).into_iter().map(|to| Change::CreateEnum { to }));
    changes.extend(enums(from, to).into_iter().map(|from| Change::DropEnum { from }));
    for (old, new) in from.enums.values().filter_map(|old| Some((old, to.enums.get(&old.name)?))) {
        if old != new {
            changes.push(Change::AlterEnum { from: old.clone(), to: new.clone() });
        }
    }
    for table in to.tables.values() {
        match from.tables.get(&table.name) {
            None => changes.push(Change::CreateTable { to: table.clone() }),
            Some(old) => table_changes(old, table, &mut changes),
        }
    }
    for table in from.tables.values().filter(|table| !to.tables.contains_key(&table.name)) {
        changes.push(Change::DropTable { from: table.clone() });
    }
    changes
}

fn table_changes(from: &Table, to: &Table, changes: &mut Vec<Change>) {
    let table = || to.name.clone();
    if from.comment != to.comment {
        let change = Change::AlterTableComment { table: table(), from: from.comment.clone(), to: to.comment.clone() };
        changes.push(change);
    }
    let keys: std::collections::BTreeSet<_> = from.options.keys().chain(to.options.keys()).collect();
    for key in keys.into_iter().filter(|key| from.options.get(*key) != to.options.get(*key)) {
        let (from, to) = (from.options.get(key).cloned(), to.options.get(key).cloned());
        changes.push(Change::AlterTableOption { table: table(), option: key.clone(), from, to });
    }
    for column in &to.columns {
        let Some(old) = from.column(&column.name) else {
            changes.push(Change::AddColumn { table: table(), to: column.clone(), fill: None });
            continue;
        };
        for property in Property::ALL.into_iter().filter(|property| !property.same(old, column)) {
            let (from, to) = (old.clone(), column.clone());
            changes.push(Change::AlterColumn { table: table(), property, from, to, fill: None, using: None });
        }
    }
    for column in from.columns.iter().filter(|column| to.column(&column.name).is_none()) {
        changes.push(Change::DropColumn { table: table(), from: column.clone() });
    }
    member_changes(from, to, changes);
}

fn member_changes(from: &Table, to: &Table, changes: &mut Vec<Change>) {
    let table = || to.name.clone();
    let mut old = members(from);
    let mut fresh = Vec::new();
    for member in members(to) {
        let same = |other: &Member| other.kind() == member.kind() && other.name() == member.name();
        match old.iter().position(same) {
            Some(at) => {
                let from = old.remove(at);
                if from != member {
                    changes.push(Change::AlterMember { table: table(), from, to: member });
                }
            }
            None => fresh.push(member),
        }
    }
    for member in fresh {
        match old.iter().position(|other| other.same_definition(&member)) {
            Some(at) => changes.push(Change::RenameMember { table: table(), from: old.remove(at), to: member }),
            None => changes.push(Change::AddMember { table: table(), to: member }),
        }
    }
    changes.extend(old.into_iter().map(|from| Change::DropMember { table: table(), from }));
}

fn members(table: &Table) -> Vec<Member> {
    let keys = table.primary_key.iter().cloned().map(Member::PrimaryKey);
    let uniques = table.uniques.iter().cloned().map(Member::Unique);
    let indexes = table.indexes.iter().cloned().map(|index: Index| Member::Index(index));
    let foreign_keys = table.foreign_keys.iter().cloned().map(|key: ForeignKey| Member::ForeignKey(key));
    let checks = table.checks.iter().cloned().map(|check: Check| Member::Check(check));
    keys.chain(uniques).chain(indexes).chain(foreign_keys).chain(checks).collect()
}
