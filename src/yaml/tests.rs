//! Reading, checking and complaining, by example.

use super::*;

static COLOUR: Shape = Shape {
    name: "a colour",
    keys: &[
        Key::required("name", Kind::Text, "what it is called"),
        Key::new("bright", Kind::Bool, "whether it is bright"),
        Key::new("kind", Kind::Words(&["warm", "cold"]), "which family"),
        Key::new("mixed_from", Kind::OneOrMore(&Kind::Text), "what it is made of"),
        Key::new("rgb", Kind::Either(&[Kind::Text, Kind::List(&Kind::Number)]), "its parts"),
    ],
};

fn read(text: &str) -> Node {
    parse(Source::new("test.yaml", text)).unwrap_or_else(|report| panic!("{report}"))
}

fn refused(text: &str) -> String {
    parse(Source::new("test.yaml", text)).expect_err(text).to_string()
}

fn checked(text: &str) -> Vec<String> {
    let mut problems = Report::new();
    check(&read(text), &Kind::Object(&COLOUR), &mut problems);
    problems.diagnostics().iter().map(|d| format!("{} | {}", d.message, d.help.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn literals_stay_what_was_written() {
    let node = read("a: 010\nb: 1.10\nc: no\nd: 'null'\ne: null\nf: ~\ng:\nh: \"t\\u00e4\"\n");
    let texts: Vec<_> = node.entries().iter().map(|entry| entry.value.text()).collect();
    assert_eq!(texts, [Some("010"), Some("1.10"), Some("no"), Some("null"), None, None, None, Some("tä")]);
    assert!(!node.get("d").unwrap().scalar().unwrap().plain);
    assert_eq!(node.get("b").unwrap().span.to_string(), "test.yaml:2:4");
}

#[test]
fn only_true_and_false_are_booleans() {
    let node = read("[true, false, True, yes, 'true']");
    let bools: Vec<_> = node.items().iter().map(Node::bool).collect();
    assert_eq!(bools, [Some(true), Some(false), None, None, None]);
    assert_eq!(read("1_000_000").number::<u64>(), Some(1_000_000));
    assert_eq!(read("x").number::<u64>(), None);
}

#[test]
fn aliases_repeat_and_point_at_their_place() {
    let node = read("a: &x [1, 2]\nb: *x\n");
    assert_eq!(node.get("b").unwrap().texts(), ["1", "2"]);
    assert_eq!(node.get("b").unwrap().span.to_string(), "test.yaml:2:4");
}

#[test]
fn odd_yaml_is_refused_with_its_place() {
    for (text, message, place) in [
        ("a: 1\nb: 2\na: 3\n", "`a` stands here a second time", "3:1"),
        ("a: *b\n", "`*b` repeats an anchor that is not there", "1:4"),
        ("a: &a [*a]\n", "this repeats a value that it stands in itself", "1:8"),
        ("a: &a { b: 1 }\nc: { <<: *a }\n", "merge keys are not used here", "2:6"),
        ("a: !!int 3\n", "tags are not used here", "1:4"),
        ("a: 1\n---\nb: 2\n", "a second document starts here", "2:1"),
        ("a:\n\tb: 1\n", "this is not YAML", "2:"),
        ("a: 'x\n", "this is not YAML", "test.yaml:"),
        ("[a]: 1\n", "a key is a text, not a list", "1:1"),
        ("? \n: 1\n", "a key is a text, not nothing", "test.yaml:"),
    ] {
        let shown = refused(text);
        assert!(shown.contains(message) && shown.contains(place), "{text}\n{shown}");
    }
}

#[test]
fn bombs_and_monsters_are_refused_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let references = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{references}]\n"));
    }
    assert!(refused(&bomb).contains("aliases repeat more than 100000 values"));
    assert!(refused(&"[".repeat(100_000)).contains("not YAML"));
    assert!(refused(&" ".repeat(9 << 20)).contains("test.yaml is too large: 9 MiB, and 8 MiB is the most"));
    let same: String = "a: 1\n".repeat(200_000);
    assert!(refused(&same).ends_with("and 199949 more\n"));
}

#[test]
fn a_file_that_is_no_utf_8_is_refused_with_the_byte() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"a: 1\nb: \xff\n").unwrap();
    let shown = super::read(file.path()).unwrap_err().to_string();
    assert!(shown.contains("is not UTF-8: byte 9 (0xff) on line 2"), "{shown}");
    let missing = super::read(std::path::Path::new("/nowhere.yaml")).unwrap_err().to_string();
    assert!(missing.contains("cannot read /nowhere.yaml: No such file"), "{missing}");
}

#[test]
fn a_shape_finds_every_mistake_at_once() {
    let text = "nam: x\nbright: yes\nkind: wram\nmixed_from: { a: b }\nrgb: [1, x]\n";
    insta::assert_snapshot!(checked(text).join("\n"), @r"
    `nam` is no key of a colour | did you mean `name`? The keys are `name`, `bright`, `kind`, `mixed_from`, `rgb`
    `name` is missing: a colour must have it | add `name: …`: what it is called
    `true` or `false` must stand here, not `yes` | write `true`
    `warm` or `cold` must stand here, not `wram` | did you mean `warm`?
    a text or a list must stand here, not a map | -
    a whole number must stand here, not `x` | -
    ");
    assert!(checked("name: x\nmixed_from: blue\nrgb: '#fff'\n").is_empty());
    assert_eq!(checked("name:\n")[0].split(" | ").next(), Some("`name` has no value"));
}

#[test]
fn the_source_line_is_shown_underlined() {
    let mut problems = Report::new();
    check(&read("name: x\ncolor: red # why not\n"), &Kind::Object(&COLOUR), &mut problems);
    insta::assert_snapshot!(problems.render(false).trim_end(), @r"
      × `color` is no key of a colour
       ╭─[test.yaml:2:1]
     1 │ name: x
     2 │ color: red # why not
       · ─────
       ╰────
      help: the keys are `name`, `bright`, `kind`, `mixed_from`, `rgb`
    ");
}

#[test]
fn json_schemas_list_every_key() {
    let schema = json_schema("colour", &COLOUR);
    assert_eq!(schema["required"], serde_json::json!(["name"]));
    assert_eq!(schema["properties"].as_object().unwrap().len(), COLOUR.keys.len());
    assert_eq!(schema["additionalProperties"], false);
}
