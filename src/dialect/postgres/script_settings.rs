//! Settings in a schema in SQL: those that change what follows are obeyed, those that do not are passed over.

use super::names::ident;
use crate::dialect::script::{Decision, Fault, Look, Verdict};

/// What becomes of a setting.
enum Setting {
    /// It makes no difference to what is defined.
    Idle,
    /// It makes none with one of these values.
    Only(&'static [&'static str]),
    /// It is set.
    Obeyed,
}

const SETTINGS: &[(&str, Setting)] = &[
    ("statement_timeout", Setting::Idle),
    ("lock_timeout", Setting::Idle),
    ("idle_in_transaction_session_timeout", Setting::Idle),
    ("transaction_timeout", Setting::Idle),
    ("client_min_messages", Setting::Idle),
    ("row_security", Setting::Idle),
    ("xmloption", Setting::Idle),
    ("synchronous_commit", Setting::Idle),
    ("client_encoding", Setting::Only(&["utf8", "utf-8", "unicode", "sql_ascii"])),
    ("standard_conforming_strings", Setting::Only(&["on", "true", "1"])),
    ("escape_string_warning", Setting::Idle),
    ("default_with_oids", Setting::Only(&["false", "off", "0"])),
    ("default_tablespace", Setting::Only(&[""])),
    ("default_table_access_method", Setting::Only(&["heap"])),
    ("check_function_bodies", Setting::Obeyed),
    ("search_path", Setting::Obeyed),
];

/// `SET name = value`
pub(super) fn set(look: &Look<'_>) -> Result<Decision, Fault> {
    let at = look.at + usize::from(look.tokens.is_any(look.at, &["SESSION", "LOCAL"]));
    if !(look.tokens.is(at + 1, "TO") || look.tokens.text(at + 1) == "=") {
        return Err(unknown(look, at, &look.tokens.name(at)));
    }
    let values = (at + 2..look.tokens.list.len()).filter(|at| look.tokens.text(*at) != ",");
    assigned(look, at, &look.tokens.name(at).to_lowercase(), values.map(|at| look.tokens.name(at)).collect())
}

fn assigned(look: &Look<'_>, at: usize, name: &str, values: Vec<String>) -> Result<Decision, Fault> {
    let Some((_, setting)) = SETTINGS.iter().find(|(known, _)| *known == name) else {
        return Err(unknown(look, at, name));
    };
    match setting {
        Setting::Idle => Ok(Decision::As(Verdict::Quiet)),
        Setting::Only(usual) => {
            let value = values.first().map(|value| value.to_lowercase()).unwrap_or_default();
            if usual.contains(&value.as_str()) || value == "default" {
                return Ok(Decision::As(Verdict::Quiet));
            }
            let message = format!("`{name}` would change what the statements after it mean");
            Err(look.fault(at, message, "take it out, and write the statements so that they do not need it"))
        }
        Setting::Obeyed if name == "search_path" => {
            let names: Vec<_> = values.iter().filter(|name| !name.is_empty()).map(|name| ident(name)).collect();
            Ok(Decision::Instead(format!(
                "SET search_path = {}",
                if names.is_empty() { "''".into() } else { names.join(", ") }
            )))
        }
        Setting::Obeyed => {
            let off =
                values.first().is_some_and(|value| matches!(value.to_lowercase().as_str(), "false" | "off" | "0"));
            Ok(Decision::Instead(format!("SET {name} = {}", if off { "off" } else { "on" })))
        }
    }
}

fn unknown(look: &Look<'_>, at: usize, name: &str) -> Fault {
    let message = format!("`SET {name}` is no setting that a schema needs");
    look.fault(at, message, "take it out of the file")
}

/// The queries that dumps hold: `set_config` and `setval`.
pub(super) fn select(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let at = look.at + if tokens.is(look.at, "pg_catalog") && tokens.text(look.at + 1) == "." { 2 } else { 0 };
    let texts: Vec<_> = (look.at..tokens.list.len()).map(|at| tokens.text(at)).collect();
    let shape = &texts[at - look.at..];
    match shape {
        [name, "(", setting, ",", value, ",", _, ")"] if name.eq_ignore_ascii_case("set_config") => {
            let plain = setting.starts_with('\'') && value.starts_with('\'');
            let (setting, value) = (tokens.name(at + 2).to_lowercase(), tokens.name(at + 4));
            let values = value.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect();
            if plain { assigned(look, at, &setting, values) } else { Err(queries(look)) }
        }
        [name, "(", sequence, ",", number, .., ")"] if name.eq_ignore_ascii_case("setval") => {
            let flag = matches!(shape.len(), 6) || (shape.len() == 8 && tokens.is_any(at + 6, &["TRUE", "FALSE"]));
            let plain = sequence.starts_with('\'') && number.bytes().all(|byte| byte.is_ascii_digit());
            if flag && plain { Ok(Decision::As(Verdict::Quiet)) } else { Err(queries(look)) }
        }
        _ => Err(queries(look)),
    }
}

fn queries(look: &Look<'_>) -> Fault {
    look.fault(0, "a query defines nothing that a schema holds", "take it out of the file")
}
