//! Policies as people write them: what each rule decides, and what is said of a bad file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use undrift::model::{
    Change, ChangeKind, Column, Engine, Fingerprint, Hazard, HazardNote, Index, Member, Pace, Plan, PlannedChange,
    Property, QName, Reason, Renames, Ruling, Schema, Step, Table, Tenant, Verdict,
};
use undrift::policy::{self, Case, Names, Policy, Subject};

fn policy(text: &str) -> Policy {
    policy::parse("policy.yaml", &format!("policy: test\n{text}")).unwrap_or_else(|report| panic!("{report}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-07-01T12:00:00Z")
}

fn tenant(name: &str, labels: &[(&str, &str)]) -> Tenant {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Tenant { name: name.to_owned(), engine: Engine::Postgres, labels }
}

fn add_column(table: &str, column: &str) -> Change {
    Change::AddColumn { table: QName::bare(table), to: Column::new(column, "text"), fill: None }
}

fn rename_table(from: &str, to: &str) -> Change {
    Change::RenameTable { from: QName::bare(from), to: QName::bare(to) }
}

fn drop_index(table: &str, name: &str) -> Change {
    let index = Index { name: Some(name.to_owned()), ..Index::default() };
    Change::DropMember { table: QName::bare(table), from: Member::Index(index) }
}

fn judge_on(policy: &Policy, tenant: &Tenant, change: &Change, hazards: &[Hazard], rows: Option<u64>) -> Ruling {
    let hazards: Vec<_> = hazards.iter().map(|hazard| HazardNote::new(*hazard, "because")).collect();
    policy.judge(&Case { change, hazards: &hazards, tenant, table_rows: rows, names: &Names::default() }, noon())
}

fn judge(policy: &Policy, change: &Change, hazards: &[Hazard], rows: Option<u64>) -> Verdict {
    judge_on(policy, &tenant("tenant_a", &[("tier", "gold")]), change, hazards, rows).verdict
}

mod rules {
    use super::*;

    #[test]
    fn the_first_that_matches_decides_and_nothing_matching_asks() {
        let policy = policy(
            "rules:\n- { name: one, match: { change: add_column, table: a }, then: deny }\n- { match: { change: add_column }, then: allow }",
        );
        let here = tenant("t", &[]);
        let rule = |name: &str| Reason::Rule { name: name.to_owned() };
        let ruling = |change| judge_on(&policy, &here, &change, &[], Some(0));
        assert_eq!(ruling(add_column("a", "c")), Ruling { verdict: Verdict::Deny, reason: rule("one") });
        assert_eq!(ruling(add_column("b", "c")), Ruling { verdict: Verdict::Allow, reason: rule("rule 2") });
        assert_eq!(ruling(rename_table("a", "b")), Ruling { verdict: Verdict::Ask, reason: Reason::NoRule });
    }

    /// A rule that fits one of two names gives way to a stricter one further down, and to no other.
    #[test]
    fn what_matches_in_doubt_is_never_the_freer_answer() {
        let policy = policy(
            "rules:\n- { match: { table: new }, then: ask, yes: true }\n- { match: { table: old }, then: deny }\n- { then: allow }",
        );
        assert_eq!(judge(&policy, &rename_table("old", "new"), &[], None), Verdict::Deny);
        assert_eq!(judge(&policy, &rename_table("older", "new"), &[], None), Verdict::Ask);
        assert_eq!(judge(&policy, &add_column("new", "c"), &[], None), Verdict::Ask);
    }

    #[test]
    fn patterns_stand_for_kinds_and_names() {
        let policy = policy("rules:\n- { match: { change: \"drop_*\", object: \"votes.idx_*\" }, then: allow }");
        assert_eq!(judge(&policy, &drop_index("votes", "idx_a"), &[], None), Verdict::Allow);
        assert_eq!(judge(&policy, &drop_index("votes", "votes_key"), &[], None), Verdict::Ask);
    }

    #[test]
    fn a_table_is_known_with_and_without_its_schema() {
        let change = Change::AlterTableComment { table: QName::qualified("audit", "events"), from: None, to: None };
        for (glob, verdict) in [("events", Verdict::Deny), ("audit.*", Verdict::Deny), ("aud*t", Verdict::Ask)] {
            let policy = policy(&format!("rules: [{{ match: {{ table: \"{glob}\" }}, then: deny }}]"));
            assert_eq!(judge(&policy, &change, &[], None), verdict, "{glob}");
        }
    }

    #[test]
    fn a_rename_is_guarded_under_both_names_and_let_through_under_both() {
        for (then, from, to, verdict) in [
            ("deny", "payroll_a", "salaries", Verdict::Deny),
            ("deny", "salaries", "payroll_a", Verdict::Deny),
            ("allow", "payroll_a", "salaries", Verdict::Ask),
            ("allow", "payroll_a", "payroll_b", Verdict::Allow),
        ] {
            let policy = policy(&format!("rules: [{{ match: {{ table: \"payroll_*\" }}, then: {then} }}]"));
            assert_eq!(judge(&policy, &rename_table(from, to), &[], None), verdict, "{then} {from} {to}");
        }
        let change =
            Change::RenameColumn { table: QName::bare("t"), from: "secret".into(), to: "open".into(), transform: None };
        let policy = policy("rules: [{ match: { column: secret }, then: deny }]");
        assert_eq!(judge(&policy, &change, &[], None), Verdict::Deny);
    }

    #[test]
    fn tenants_are_known_by_name_and_labels() {
        for (wanted, verdict) in [
            ("tenant_a", Verdict::Allow),
            ("[\"x*\", \"tenant_?\"]", Verdict::Allow),
            ("tenant", Verdict::Ask),
            ("{ tier: gold }", Verdict::Allow),
            ("{ tier: [silver, \"go*\"] }", Verdict::Allow),
            ("{ tier: gold, region: eu }", Verdict::Ask),
            ("{ name: \"tenant_*\", tier: gold }", Verdict::Allow),
            ("{ name: other, tier: gold }", Verdict::Ask),
        ] {
            let policy = policy(&format!("rules: [{{ match: {{ tenant: {wanted} }}, then: allow }}]"));
            assert_eq!(judge(&policy, &add_column("t", "c"), &[], None), verdict, "{wanted}");
        }
    }

    #[test]
    fn an_engine_is_matched() {
        let policy = policy("rules: [{ match: { engine: [mysql, sqlite] }, then: allow }]");
        assert_eq!(judge(&policy, &add_column("t", "c"), &[], None), Verdict::Ask);
    }

    #[test]
    fn an_unknown_size_is_taken_for_the_worse_one() {
        for (then, bound, rows, verdict) in [
            ("deny", ">1_000", Some(1_001), Verdict::Deny),
            ("deny", ">1_000", Some(1_000), Verdict::Ask),
            ("deny", ">1_000", None, Verdict::Deny),
            ("deny", "<1_000", None, Verdict::Deny),
            ("allow", "<=1_000", Some(1_000), Verdict::Allow),
            ("allow", "<=1_000", None, Verdict::Ask),
        ] {
            let policy = policy(&format!("rules: [{{ match: {{ table_rows: \"{bound}\" }}, then: {then} }}]"));
            assert_eq!(judge(&policy, &add_column("t", "c"), &[], rows), verdict, "{then} {bound} {rows:?}");
        }
    }

    #[test]
    fn a_new_table_has_no_rows_and_an_enum_has_no_table() {
        let policy = policy("rules: [{ match: { table_rows: \">=1\" }, then: deny }, { then: allow }]");
        let create = Change::CreateTable { to: Table::new(QName::bare("t")) };
        assert_eq!(judge(&policy, &create, &[], None), Verdict::Allow);
        assert_eq!(judge(&policy, &Change::CreateExtension { name: "citext".into() }, &[], None), Verdict::Allow);
    }

    #[test]
    fn what_is_unproved_is_never_freer_than_ask() {
        for (then, verdict) in [("allow", Verdict::Ask), ("deny", Verdict::Deny), ("ignore", Verdict::Ignore)] {
            let policy = policy(&format!("rules: [{{ then: {then} }}]"));
            assert_eq!(judge(&policy, &add_column("t", "c"), &[Hazard::Unproved], None), verdict, "{then}");
        }
        let ruling = judge_on(
            &policy("rules: [{ then: allow }]"),
            &tenant("t", &[]),
            &add_column("t", "c"),
            &[Hazard::Unproved],
            None,
        );
        assert_eq!(ruling.reason, Reason::Unproved { why: "because".into() });
    }

    #[test]
    fn a_large_table_is_not_copied_without_a_person() {
        let limited =
            |limits: &str, then: &str| policy(&format!("limits: {{ {limits} }}\nrules: [{{ then: {then} }}]"));
        let copies = [Hazard::CopiesTable, Hazard::RewritesTable];
        for (limits, then, rows, verdict) in [
            ("retries: 1", "allow", Some(100_000), Verdict::Allow),
            ("retries: 1", "allow", Some(100_001), Verdict::Ask),
            ("retries: 1", "allow", None, Verdict::Ask),
            ("retries: 1", "deny", Some(100_001), Verdict::Deny),
            ("max_copy_rows: 1_000_000", "allow", Some(100_001), Verdict::Allow),
            ("max_copy_rows: 0", "allow", Some(1), Verdict::Ask),
            ("max_copy_rows: unlimited", "allow", None, Verdict::Allow),
        ] {
            let found = judge(&limited(limits, then), &add_column("t", "c"), &copies, rows);
            assert_eq!(found, verdict, "{limits} {then} {rows:?}");
            let harmless = judge(&limited(limits, then), &add_column("t", "c"), &[Hazard::RewritesTable], rows);
            assert_eq!(harmless == Verdict::Allow, then == "allow", "{limits} {then} {rows:?}");
        }
        let policy = limited("max_copy_rows: 5", "allow");
        let ruling = judge_on(&policy, &tenant("t", &[]), &add_column("t", "c"), &copies, Some(6));
        assert_eq!(ruling.reason, Reason::Copy { rows: Some(6), limit: 5 });
    }
}

mod yes {
    use super::*;

    fn lets(policy: &Policy, hazards: &[Hazard]) -> bool {
        let hazards: Vec<_> = hazards.iter().map(|hazard| HazardNote::new(*hazard, "because")).collect();
        let (change, tenant) = (add_column("t", "c"), tenant("t", &[]));
        policy.lets_yes_answer(&Case {
            change: &change,
            hazards: &hazards,
            tenant: &tenant,
            table_rows: None,
            names: &Names::default(),
        })
    }

    #[test]
    fn it_answers_for_nothing_that_could_be_lost_unless_the_rule_says_so() {
        let lost = [Hazard::DeletesData, Hazard::MayLoseData, Hazard::Unproved];
        for (yes, harmless, harmful) in [("", true, false), (", yes: true", true, true), (", yes: false", false, false)]
        {
            let policy = policy(&format!("rules: [{{ then: ask{yes} }}]"));
            assert_eq!(lets(&policy, &[Hazard::ExclusiveLock]), harmless, "{yes}");
            lost.iter().for_each(|hazard| assert_eq!(lets(&policy, &[*hazard]), harmful, "{yes} {hazard}"));
        }
        let none = policy("rules: []");
        assert_eq!((lets(&none, &[]), lets(&none, &lost)), (true, false));
    }

    #[test]
    fn what_was_allowed_and_could_not_be_proved_is_a_persons() {
        let policy = policy("rules: [{ then: allow }]");
        assert!(!lets(&policy, &[Hazard::Unproved]));
    }

    #[test]
    fn only_rules_that_ask_have_it() {
        let report = policy::parse("policy.yaml", "policy: p\nrules: [{ then: allow, yes: true }]").unwrap_err();
        assert!(report.to_string().contains("asks nothing that could be answered with yes"), "{report}");
    }
}

mod windows {
    use super::*;

    const NIGHTLY: &str = "windows: { nightly: { cron: \"0 0 2 * * *\", lasts: 3h, timezone: Europe/Berlin } }";

    #[test]
    fn a_change_is_held_until_its_window_opens() {
        for then in ["hold", "allow"] {
            let policy = policy(&format!("{NIGHTLY}\nrules: [{{ name: at night, then: {then}, window: nightly }}]"));
            let (change, tenant) = (add_column("t", "c"), tenant("t", &[]));
            let ruling = |time| {
                policy.judge(
                    &Case {
                        change: &change,
                        hazards: &[],
                        tenant: &tenant,
                        table_rows: None,
                        names: &Names::default(),
                    },
                    at(time),
                )
            };
            let closed = ruling("2026-07-01T12:00:00Z");
            assert_eq!(closed.verdict, Verdict::Hold);
            let opens = Some("2026-07-02T00:00:00Z".to_owned());
            assert_eq!(closed.reason, Reason::Window { rule: "at night".into(), window: "nightly".into(), opens });
            let open = ruling("2026-07-02T01:00:00Z");
            assert_eq!(open, Ruling { verdict: Verdict::Allow, reason: Reason::Rule { name: "at night".into() } });
        }
    }

    #[test]
    fn nothing_runs_while_a_deny_window_is_open() {
        let freeze = "windows: { freeze: { cron: \"0 0 1 12 *\", lasts: 31d, kind: deny, tenant: { tier: gold } } }";
        let policy = policy(&format!("{freeze}\nrules: [{{ name: all, then: allow }}]"));
        let change = add_column("t", "c");
        let ruling = |labels: &[(&str, &str)], time| {
            let tenant = tenant("t", labels);
            policy.judge(
                &Case { change: &change, hazards: &[], tenant: &tenant, table_rows: None, names: &Names::default() },
                at(time),
            )
        };
        let gold = [("tier", "gold")];
        let frozen = ruling(&gold, "2026-12-24T12:00:00Z");
        let closes = "2027-01-01T00:00:00Z".to_owned();
        assert_eq!(
            frozen,
            Ruling { verdict: Verdict::Hold, reason: Reason::Frozen { window: "freeze".into(), closes } }
        );
        assert_eq!(ruling(&gold, "2026-11-24T12:00:00Z").verdict, Verdict::Allow);
        assert_eq!(ruling(&[], "2026-12-24T12:00:00Z").verdict, Verdict::Allow);
    }

    #[test]
    fn a_rule_cannot_wait_for_a_deny_window() {
        let text = "windows: { freeze: { cron: \"0 0 1 12 *\", lasts: 1d, kind: deny } }\nrules: [{ then: hold, window: freeze }]";
        let report = undrift::policy::parse("p.yaml", text).unwrap_err();
        assert!(report.render(false).contains("`freeze` is a `deny` window"), "{}", report.render(false));
    }
}

mod waivers {
    use super::*;

    const WAIVER: &str = "waivers: [{ name: w, tenant: tenant_a, table: votes, object: \"*.idx_audit\", change: drop_index, until: 2026-07-01, owner: dba, why: audit }]";

    #[test]
    fn drift_is_accepted_through_its_last_day() {
        let policy = policy(&format!("rules: [{{ then: deny }}]\n{WAIVER}"));
        let (change, here) = (drop_index("votes", "idx_audit"), tenant("tenant_a", &[]));
        let names = Names::default();
        let case = Case { change: &change, hazards: &[], tenant: &here, table_rows: None, names: &names };
        let waived = policy.judge(&case, at("2026-07-01T23:59:59Z"));
        assert_eq!(waived.verdict, Verdict::Ignore);
        assert_eq!(waived.reason, Reason::Waiver { name: "w".into(), until: "2026-07-01".into(), owner: "dba".into() });
        assert_eq!(policy.waived(&case, noon()), Some(waived));
        assert_eq!(policy.judge(&case, at("2026-07-02T00:00:00Z")).verdict, Verdict::Deny);
    }

    #[test]
    fn nothing_else_is() {
        let policy = policy(&format!("rules: [{{ then: deny }}]\n{WAIVER}"));
        assert_eq!(judge(&policy, &drop_index("votes", "idx_other"), &[], None), Verdict::Deny);
        let other = tenant("tenant_b", &[]);
        assert_eq!(judge_on(&policy, &other, &drop_index("votes", "idx_audit"), &[], None).verdict, Verdict::Deny);
    }
}

mod plans {
    use super::*;

    /// A plan of changes with what each requires, one step per change.
    fn plan(changes: Vec<(Change, Vec<usize>)>, hazards: &[(usize, Hazard)]) -> Plan {
        let step = |index: usize| Step {
            rows: None,
            alone: false,
            changes: vec![index],
            title: String::new(),
            statements: Vec::new(),
            hazards: hazards.iter().filter(|(at, _)| *at == index).map(|(_, h)| HazardNote::new(*h, "")).collect(),
            transactional: true,
            pace: Pace::Quick,
            preconditions: Vec::new(),
            undo: Vec::new(),
        };
        Plan {
            engine: Engine::Postgres,
            start: Fingerprint::of(&Schema::default()),
            end: None,
            steps: (0..changes.len()).map(step).collect(),
            changes: changes.into_iter().map(|(change, requires)| PlannedChange { change, requires }).collect(),
            left_out: Vec::new(),
        }
    }

    fn verdicts(rulings: &[Ruling]) -> Vec<Verdict> {
        rulings.iter().map(|ruling| ruling.verdict).collect()
    }

    fn rule(policy: &Policy, plan: &Plan, rows: &[(&str, u64)]) -> Vec<Ruling> {
        let rows: BTreeMap<_, _> = rows.iter().map(|(table, rows)| (QName::bare(*table), *rows)).collect();
        let (tenant, renames) = (tenant("t", &[]), Renames::default());
        policy.rule_all(&Subject { plan, rows: &rows, tenant: &tenant, renames: &renames }, noon())
    }

    #[test]
    fn what_needs_something_kept_back_is_kept_back_through_the_whole_chain() {
        let policy =
            policy("rules: [{ match: { table: a }, then: ask }, { match: { table: d }, then: deny }, { then: allow }]");
        let plan = plan(
            vec![
                (add_column("c", "x"), vec![1]),
                (add_column("b", "x"), vec![2]),
                (add_column("a", "x"), vec![]),
                (add_column("d", "x"), vec![2]),
                (add_column("e", "x"), vec![]),
                (add_column("f", "x"), vec![2, 3, 4]),
            ],
            &[],
        );
        let rulings = rule(&policy, &plan, &[]);
        use Verdict::*;
        assert_eq!(verdicts(&rulings), [Ask, Ask, Ask, Deny, Allow, Deny]);
        let needs = |object: &str| Reason::Needs { object: object.to_owned() };
        assert_eq!((&rulings[0].reason, &rulings[1].reason), (&needs("a.x"), &needs("a.x")));
        assert_eq!(rulings[3].reason, Reason::Rule { name: "rule 2".into() }, "its own verdict is stricter");
        assert_eq!(rulings[5].reason, needs("d.x"), "the strictest of what it needs");
    }

    #[test]
    fn changes_that_need_each_other_go_or_stay_together() {
        let policy = policy("rules: [{ match: { table: a }, then: deny }, { then: allow }]");
        let changes =
            vec![(add_column("b", "x"), vec![1]), (add_column("c", "x"), vec![0, 2]), (add_column("a", "x"), vec![])];
        assert_eq!(verdicts(&rule(&policy, &plan(changes, &[]), &[])), [Verdict::Deny; 3]);
    }

    #[test]
    fn what_needs_something_ignored_stays_drift() {
        let policy = policy(
            "rules: [{ match: { table: a }, then: ignore }, { match: { table: c }, then: ignore }, { then: allow }]",
        );
        let changes =
            vec![(add_column("a", "x"), vec![]), (add_column("b", "x"), vec![0]), (add_column("c", "x"), vec![1])];
        use Verdict::*;
        assert_eq!(verdicts(&rule(&policy, &plan(changes, &[]), &[])), [Ignore, Deny, Ignore]);
    }

    #[test]
    fn hazards_come_from_the_steps_and_rows_from_the_present_names() {
        let policy = policy(
            "rules: [{ match: { hazard: rewrites_table, table_rows: \">10\" }, then: deny }, { match: { table_rows: \"<=10\" }, then: allow }]",
        );
        let changes = vec![
            (rename_table("old", "new"), vec![]),
            (add_column("new", "x"), vec![0]),
            (add_column("other", "x"), vec![]),
            (add_column("unknown", "x"), vec![]),
        ];
        let plan = plan(changes, &[(2, Hazard::RewritesTable), (3, Hazard::RewritesTable)]);
        let rulings = rule(&policy, &plan, &[("old", 5), ("other", 11)]);
        use Verdict::*;
        assert_eq!(verdicts(&rulings), [Allow, Allow, Deny, Deny]);
    }
}

mod shipped {
    use super::*;
    use Verdict::*;

    fn shipped(name: &str) -> Policy {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(name);
        policy::load(&path).unwrap_or_else(|report| panic!("{report}"))
    }

    fn drop_column() -> Change {
        Change::DropColumn { table: QName::bare("t"), from: Column::new("c", "text") }
    }

    fn alter(property: Property) -> Change {
        let column = Column::new("c", "text");
        Change::AlterColumn {
            table: QName::bare("t"),
            property,
            from: column.clone(),
            to: column,
            fill: None,
            using: None,
        }
    }

    fn merge() -> Change {
        Change::MergeColumn {
            table: QName::bare("t"),
            from: Column::new("a", "text"),
            to: Column::new("b", "text"),
            how: Default::default(),
        }
    }

    #[test]
    fn none_has_a_rule_that_never_decides() {
        for name in ["default.yaml", "review.yaml", "permissive.yaml"] {
            let findings = shipped(name).unreachable(noon());
            assert!(findings.is_empty(), "{findings}");
        }
    }

    #[test]
    fn the_default_lets_additions_out_and_asks_before_anything_that_hurts() {
        let policy = Policy::default();
        let create = Change::CreateTable { to: Table::new(QName::bare("t")) };
        for (change, hazards, rows, verdict) in [
            (create, &[][..], None, Allow),
            (add_column("t", "c"), &[], None, Allow),
            (add_column("t", "c"), &[Hazard::RewritesTable, Hazard::ExclusiveLock], Some(1_000), Allow),
            (add_column("t", "c"), &[Hazard::RewritesTable, Hazard::ExclusiveLock], Some(1_000_001), Ask),
            (add_column("t", "c"), &[Hazard::RewritesTable], None, Ask),
            (add_column("t", "c"), &[Hazard::Unproved], Some(0), Ask),
            (rename_table("a", "b"), &[Hazard::BreaksRunningApplication, Hazard::ExclusiveLock], None, Allow),
            (rename_table("a", "b"), &[Hazard::BreaksDependents], None, Ask),
            (drop_column(), &[], Some(0), Ask),
            (drop_index("t", "i"), &[Hazard::DropsIndex], Some(0), Ask),
            (merge(), &[Hazard::DeletesData], Some(0), Ask),
            (alter(Property::Type), &[], Some(0), Allow),
            (alter(Property::Type), &[Hazard::MayLoseData], Some(0), Ask),
            (alter(Property::Type), &[Hazard::BreaksRunningApplication], Some(0), Ask),
            (alter(Property::Nullable), &[Hazard::MayFailOnData], Some(0), Allow),
            (alter(Property::Collation), &[], Some(0), Ask),
        ] {
            assert_eq!(judge(&policy, &change, hazards, rows), verdict, "{} {hazards:?} {rows:?}", change.kind());
        }
    }

    #[test]
    fn review_never_lets_anything_run_and_permissive_everything() {
        let (review, permissive) = (shipped("review.yaml"), shipped("permissive.yaml"));
        for change in [add_column("t", "c"), drop_column(), merge(), alter(Property::Type), rename_table("a", "b")] {
            let hazards: Vec<_> = Hazard::ALL.into_iter().filter(|hazard| *hazard != Hazard::Unproved).collect();
            assert_eq!(judge(&review, &change, &[], Some(0)), Deny);
            assert_eq!(judge(&permissive, &change, &hazards, None), Allow);
        }
    }
}

mod files {
    use super::*;

    fn each(folder: &str, render: impl Fn(&str, &str) -> String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
        for path in files {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let rendered = render(&format!("{name}.yaml"), &std::fs::read_to_string(&path).unwrap());
            insta::with_settings!({ snapshot_path => &root, prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(name, rendered);
            });
        }
    }

    #[test]
    fn every_mistake_is_shown_at_its_place() {
        each("bad", |name, text| policy::parse(name, text).unwrap_err().render(false));
    }

    #[test]
    fn what_cannot_be_meant_is_found() {
        each("odd", |name, text| policy::parse(name, text).unwrap().unreachable(noon()).render(false));
    }
}

mod documentation {
    use super::*;
    use undrift::yaml::{Key, Kind};

    fn text() -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")).unwrap()
    }

    #[test]
    fn explains_every_change_and_every_hazard() {
        let text = text();
        for word in ChangeKind::ALL.map(ChangeKind::key).into_iter().chain(Hazard::ALL.map(Hazard::key)) {
            assert!(text.contains(&format!("| `{word}` |")), "docs/policy.md lacks {word}");
        }
    }

    #[test]
    fn shows_an_example_that_is_sound() {
        let text = text();
        let example = text.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let policy = policy::parse("docs/policy.md", example).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!((policy.rules.len(), policy.waivers.len(), policy.windows.len()), (4, 1, 1));
        assert_eq!((policy.limits, policy.brake), (policy::Limits::default(), policy::Brake::default()));
        assert_eq!((policy.rollout.waves.len(), policy.rollout.soak.as_secs()), (3, 600));
    }

    #[test]
    fn explains_every_key() {
        let text = text();
        keys(policy::SHAPE.keys, &mut |key| assert!(text.contains(&format!("`{}`", key.name)), "{}", key.name));
    }

    fn keys(all: &'static [Key], visit: &mut dyn FnMut(&Key)) {
        for key in all {
            visit(key);
            below(&key.kind, visit);
        }
    }

    fn below(kind: &'static Kind, visit: &mut dyn FnMut(&Key)) {
        match kind {
            Kind::Object(shape) => keys(shape.keys, visit),
            Kind::List(inner) | Kind::OneOrMore(inner) | Kind::Map(inner) => below(inner, visit),
            Kind::Either(kinds) => kinds.iter().for_each(|kind| below(kind, visit)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_for_editors_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/undrift-policy.schema.json");
        let current = serde_json::to_string_pretty(&policy::json_schema()).unwrap() + "\n";
        if std::env::var_os("UNDRIFT_UPDATE").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), current, "run again with UNDRIFT_UPDATE=1");
    }
}
