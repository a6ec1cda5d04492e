//! Pragmas in a schema in SQL: those that make no difference to what is defined are passed over.

use crate::dialect::script::{Decision, Fault, Look, Verdict};

/// Pragmas that make no difference to what is defined.
const IDLE: [&str; 18] = [
    "foreign_keys",
    "defer_foreign_keys",
    "ignore_check_constraints",
    "journal_mode",
    "synchronous",
    "page_size",
    "auto_vacuum",
    "application_id",
    "user_version",
    "cache_size",
    "temp_store",
    "recursive_triggers",
    "busy_timeout",
    "locking_mode",
    "mmap_size",
    "optimize",
    "foreign_key_check",
    "integrity_check",
];

/// `PRAGMA name = value`
pub(super) fn pragma(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let at = look.at + if tokens.is(look.at, "main") && tokens.text(look.at + 1) == "." { 2 } else { 0 };
    let name = tokens.name(at).to_lowercase();
    let utf8 = || matches!(tokens.name(at + 2).to_uppercase().as_str(), "UTF-8" | "UTF8" | "");
    if IDLE.contains(&name.as_str()) || (name == "encoding" && utf8()) {
        return Ok(Decision::As(Verdict::Quiet));
    }
    let message = format!("`PRAGMA {name}` is no setting that a schema needs");
    Err(look.fault(at, message, "take it out of the file"))
}
