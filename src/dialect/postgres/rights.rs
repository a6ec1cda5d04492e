//! Rights on what is dropped and made anew in one transaction.
//!
//! They belong to a tenant and not to the structure, so no plan can name them: the statements here read them from the
//! catalog when they run, keep them in a setting that ends with the transaction, and give them back by their
//! grantors in their old order. Where undrift may not become a grantor, the owner gives the same right.

use super::names::{ident, literal, qualified};
use crate::model::{Hash, QName};

/// Something whose rights are given back, each field as an expression over the catalog.
struct Holder {
    /// The rights that it had, or NULL where nobody ever granted any.
    kept: String,
    /// The rights that it has now.
    now: String,
    /// The rights that it has where nobody ever granted any.
    default: String,
    /// What follows the right in a GRANT: ` ON TYPE t`.
    on: String,
    /// Whether rights go that it had not before.
    revokes: bool,
}

/// The setting in which something about a column is kept.
pub(super) fn setting(what: &str, table: &QName, column: &str) -> String {
    literal(&format!("undrift.{what}_{}", Hash::of(format!("{} {column}", qualified(table))).short()))
}

/// Runs a body of PL/pgSQL.
pub(super) fn block(body: &str) -> String {
    format!("DO {}", literal(body))
}

/// A table as the catalog knows it.
fn table_id(table: &QName) -> String {
    format!("{}::pg_catalog.regclass::oid", literal(&qualified(table)))
}

/// The statement that keeps the rights on a column which is about to go.
pub(super) fn keep_column(table: &QName, column: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config({}, coalesce(attacl::text, ''), true) FROM pg_catalog.pg_attribute WHERE attrelid = \
         {} AND attname = {}",
        setting("rights", table, column),
        table_id(table),
        literal(column)
    )
}

/// The statement that gives a column the rights that were kept of the one whose place it takes. What is granted on it
/// already stays.
pub(super) fn give_column(table: &QName, from: &str, to: &str) -> String {
    let now = format!(
        "(SELECT attacl FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {})",
        table_id(table),
        literal(to)
    );
    let on = literal(&format!(" ({}) ON {}", ident(to), qualified(table)));
    let kept = kept(&setting("rights", table, from));
    block(&Holder { kept, now, default: "'{}'".to_owned(), on, revokes: false }.given_back("", ""))
}

/// What was kept in a setting, NULL where nobody ever granted any right.
fn kept(setting: &str) -> String {
    format!("nullif(pg_catalog.current_setting({setting}), '')::aclitem[]")
}

/// The statement that gives a type the owner and the rights of the one whose place it takes.
pub(super) fn give_type(from: &QName, to: &QName) -> String {
    let of = |column: &str, name: &QName| {
        let id = literal(&qualified(name));
        format!("(SELECT {column} FROM pg_catalog.pg_type WHERE oid = {id}::pg_catalog.regtype::oid)")
    };
    let holder = Holder {
        kept: of("typacl", from),
        now: of("typacl", to),
        default: format!("pg_catalog.acldefault('T', {})", of("typowner", to)),
        on: literal(&format!(" ON TYPE {}", qualified(to))),
        revokes: true,
    };
    let owner = of("typowner", from);
    let alter = literal(&format!("ALTER TYPE {} OWNER TO ", qualified(to)));
    let first = format!(
        "  IF {owner} <> {} THEN EXECUTE {alter} || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid({owner})); END IF;\n",
        of("typowner", to)
    );
    block(&holder.given_back("", &first))
}

/// The statement that gives a column's sequence the rights that were kept of the one whose place it takes. `owned` is
/// the expression for its name.
pub(super) fn give_sequence(table: &QName, column: &str, owned: &str) -> String {
    let of = |column: &str| format!("(SELECT {column} FROM pg_catalog.pg_class WHERE oid = owned::regclass::oid)");
    let holder = Holder {
        kept: kept(&setting("rights", table, column)),
        now: of("relacl"),
        default: format!("pg_catalog.acldefault('s', {})", of("relowner")),
        on: "' ON SEQUENCE ' || owned".to_owned(),
        revokes: true,
    };
    block(&holder.given_back(&format!("  owned text := {owned}::pg_catalog.regclass::text;\n"), ""))
}

/// The statement that lets those use a sequence who insert rows: an identity column asks for no such right, a default
/// does.
pub(super) fn let_use(table: &QName, owned: &str) -> String {
    let table = table_id(table);
    block(&format!(
        "DECLARE\n  owned text := {owned}::pg_catalog.regclass::text;\n  one record;\nBEGIN\n  FOR one IN SELECT DISTINCT {WHO} AS who\n    FROM \
         pg_catalog.pg_class t, LATERAL (SELECT t.relacl UNION ALL SELECT attacl FROM pg_catalog.pg_attribute\n      WHERE \
         attrelid = t.oid) acls (acl), LATERAL pg_catalog.aclexplode(acl) a\n    WHERE t.oid = {table} AND a.privilege_type = \
         'INSERT' AND a.grantee <> t.relowner\n  LOOP EXECUTE 'GRANT USAGE ON SEQUENCE ' || owned || ' TO ' || one.who; \
         END LOOP;\nEND"
    ))
}

/// Whom a right is granted to, as SQL writes it.
const WHO: &str =
    "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END";

impl Holder {
    /// The body that gives the rights back, after what else there is to declare and to do.
    fn given_back(&self, declare: &str, first: &str) -> String {
        let Self { kept, now, default, on, .. } = self;
        let revoked = if self.revokes { self.revoked() } else { String::new() };
        let grant = format!("'GRANT ' || one.what || {on} || ' TO ' || one.who || one.option");
        format!(
            "DECLARE\n  own text := pg_catalog.current_setting('role');\n  one record;\n{declare}BEGIN\n{first}{revoked}  FOR one IN \
             SELECT a.*, {WHO} AS who,\n    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option\n    \
             FROM pg_catalog.aclexplode(CASE WHEN {kept} IS NULL AND {now} IS NULL THEN NULL ELSE coalesce({kept}, {default}) \
             END)\n    WITH ORDINALITY AS a (grantor, grantee, what, is_grantable, n) ORDER BY n\n  LOOP\n    BEGIN\n      \
             PERFORM pg_catalog.set_config('role', pg_catalog.pg_get_userbyid(one.grantor), true);\n      EXECUTE {grant};\n    EXCEPTION WHEN \
             insufficient_privilege THEN NULL;\n    END;\n    PERFORM pg_catalog.set_config('role', own, true);\n    IF NOT EXISTS \
             (SELECT FROM pg_catalog.aclexplode({now}) b WHERE b.grantee = one.grantee\n      AND b.privilege_type = one.what AND \
             b.is_grantable >= one.is_grantable)\n    THEN EXECUTE {grant}; END IF;\n  END LOOP;\nEND"
        )
    }

    /// Takes the rights away that somebody has now, unless nobody ever granted any.
    fn revoked(&self) -> String {
        let Self { kept, now, default, on, .. } = self;
        format!(
            "  IF {kept} IS NOT NULL OR {now} IS NOT NULL THEN\n    FOR one IN SELECT DISTINCT {WHO} AS who FROM \
             pg_catalog.aclexplode(coalesce({now}, {default})) a\n    LOOP EXECUTE 'REVOKE ALL' || {on} || ' FROM ' || \
             one.who || ' CASCADE'; END LOOP;\n  END IF;\n"
        )
    }
}
