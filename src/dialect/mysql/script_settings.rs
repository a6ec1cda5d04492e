//! Settings in a schema in SQL: those that change what follows are obeyed, those that do not are passed over.

use crate::dialect::script::{Decision, Fault, Look, Verdict};

/// Settings that make no difference to what is defined.
const IDLE: [&str; 13] = [
    "unique_checks",
    "sql_notes",
    "note_verbosity",
    "sql_warnings",
    "autocommit",
    "sql_log_bin",
    "sql_safe_updates",
    "gtid_purged",
    "sql_quote_show_create",
    "lock_wait_timeout",
    "innodb_lock_wait_timeout",
    "max_allowed_packet",
    "max_statement_time",
];
/// Settings of the text's encoding: the file is UTF-8, whatever they say.
const ENCODINGS: [&str; 5] =
    ["names", "character_set_client", "character_set_results", "collation_connection", "character_set_connection"];
/// Modes that make no difference to what a definition means.
const MODES: [&str; 14] = [
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_ENGINE_SUBSTITUTION",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "ONLY_FULL_GROUP_BY",
    "TRADITIONAL",
    "ALLOW_INVALID_DATES",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
];

/// `SET name = value, …`
pub(super) fn set(look: &Look<'_>) -> Result<Decision, Fault> {
    if look.tokens.is_any(look.at, &["NAMES", "CHARACTER", "CHARSET"]) {
        return encoding(look, look.tokens.list.len() - 1);
    }
    let commas = look.tokens.outside(look.at).filter(|at| look.tokens.text(*at) == ",");
    let ends: Vec<usize> = commas.chain([look.tokens.list.len()]).collect();
    let (mut from, mut decision) = (look.at, Decision::As(Verdict::Quiet));
    for end in ends {
        if let obeyed @ Decision::Instead(_) = assigned(look, from, end)? {
            decision = obeyed;
        }
        from = end + 1;
    }
    Ok(decision)
}

/// One `name = value`, between two tokens.
fn assigned(look: &Look<'_>, from: usize, end: usize) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    if tokens.text(from) == "@" && tokens.text(from + 1) != "@" {
        // A variable of the script's own. None is ever set: what would read it is not run.
        return Ok(Decision::As(Verdict::Quiet));
    }
    let Some(equals) = (from..end).find(|at| tokens.text(*at) == "=") else { return Err(unknown(look, from)) };
    let name = tokens.name(equals - usize::from(tokens.text(equals - 1) == ":") - 1).to_lowercase();
    let global = (from..equals).any(|at| tokens.is_any(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]));
    let saved = tokens.text(equals + 1) == "@";
    let value = tokens.name(end - 1).to_uppercase();
    match name.as_str() {
        name if global && name != "gtid_purged" => Err(unknown(look, from)),
        name if IDLE.contains(&name) => Ok(Decision::As(Verdict::Quiet)),
        name if ENCODINGS.contains(&name) && (saved || value == "NULL") => Ok(Decision::As(Verdict::Quiet)),
        name if ENCODINGS.contains(&name) => encoding(look, end - 1),
        "foreign_key_checks" => {
            let off = !saved && matches!(value.as_str(), "0" | "OFF" | "FALSE");
            Ok(Decision::Instead(format!("SET SESSION foreign_key_checks = {}", u8::from(!off))))
        }
        "time_zone" if saved || matches!(value.as_str(), "+00:00" | "UTC" | "SYSTEM") => {
            Ok(Decision::As(Verdict::Quiet))
        }
        "sql_mode" if saved || value.split(',').all(|mode| harmless(mode.trim())) => Ok(Decision::As(Verdict::Quiet)),
        "sql_mode" | "time_zone" => Err(look.fault(
            end - 1,
            format!("`{name}` would change what the statements after it mean"),
            "take it out, and write the statements so that they do not need it",
        )),
        _ => Err(unknown(look, from)),
    }
}

fn harmless(mode: &str) -> bool {
    mode.is_empty() || MODES.contains(&mode)
}

/// An encoding: only what agrees with the file's own.
fn encoding(look: &Look<'_>, value: usize) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let named = (look.at..=value).rev().find(|at| tokens.is(*at, "COLLATE")).map_or(value, |collate| collate - 1);
    let name = tokens.name(named).to_lowercase();
    if ["utf8", "ascii", "binary", "default"].iter().any(|usual| name.starts_with(usual)) {
        return Ok(Decision::As(Verdict::Quiet));
    }
    Err(look.fault(named, format!("the file is read as UTF-8, not as {name}"), "save it as UTF-8 and take this out"))
}

fn unknown(look: &Look<'_>, at: usize) -> Fault {
    look.fault(at, "this is no setting that a schema needs", "take it out of the file")
}
