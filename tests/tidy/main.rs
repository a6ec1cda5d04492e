//! The house rules that the compiler does not know. Each check says everything that it found.

mod documents;
mod files;
mod layers;
mod modules;
mod text;

#[track_caller]
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn layers_import_only_what_lies_below() {
    none("a layer imports one that it must not know (tests/tidy/layers.rs has the order)", &layers::violations());
}

#[test]
fn every_source_file_is_in_a_module() {
    none("no `mod` leads to these files", &modules::unreachable());
}

#[test]
fn documents_name_files_that_exist() {
    none("documents name files that are not there", &documents::missing_files());
}

#[test]
fn files_stay_readable() {
    none("split these files", &text::too_long());
}

#[test]
fn every_module_says_what_lives_in_it() {
    none("these files do not start with //!", &text::without_introduction());
}

#[test]
fn nothing_unfinished_or_private_is_left() {
    none("unfinished code or a path of somebody's own machine", &text::leftovers());
}
