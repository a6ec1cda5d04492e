//! A tenant before and after a change, as a file in `plans` tells it.

use std::path::Path;

use crate::leftovers;
use crate::support::{Cli, Engine, Output, Tenant};

/// A tenant on which the change is still to be made, what its rows say, and what an undisturbed run makes of it.
pub struct Story {
    tenant: Tenant,
    after: String,
    rows: String,
    structure: Vec<String>,
}

impl Story {
    /// Prepares the tenant and lets one undisturbed run show what should become of it.
    pub fn read(path: &Path, engine: Engine) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let part = |name: &str| part(&text, name).unwrap_or_else(|| panic!("{} has no {name}", path.display()));
        let tenant = prepared(engine, part("before.yaml"), part("setup.sql"));
        in_batches_of(part_or(&text, "batch", "2"), &tenant);
        tenant.write("core.yaml", part("after.yaml"));
        let rows = rows_of(&tenant, part("before.sql"));
        let mut story = Self { tenant, after: part("after.sql").into(), rows, structure: vec![] };
        let undisturbed = story.begin();
        undisturbed.undrift(None).expect_code(0);
        assert_eq!(rows_of(&undisturbed.tenant, &story.after), story.rows, "an undisturbed run keeps every row");
        story.structure = lines(&undisturbed.tenant.dump());
        story
    }

    /// A tenant as it was before.
    pub fn begin(&self) -> Attempt {
        let tenant = self.tenant.copy();
        std::fs::create_dir(tenant.path().join("tmp")).unwrap();
        Attempt { tenant }
    }

    /// Makes sure that a tenant is as the undisturbed run leaves it, to the last row, with nothing beside it.
    #[track_caller]
    pub fn is_told(&self, attempt: &Attempt, at: &str) {
        assert_eq!(rows_of(&attempt.tenant, &self.after), self.rows, "{at}: rows were lost or changed");
        assert_eq!(lines(&attempt.tenant.dump()), self.structure, "{at}: the structure is another");
        leftovers::none(&attempt.tenant, at);
    }
}

fn prepared(engine: Engine, schema: &str, script: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    in_batches_of("2", &tenant);
    tenant.write("core.yaml", schema);
    tenant.run(&APPLY.map(|word| if word == "URL" { tenant.url.as_str() } else { word })).expect_code(0);
    tenant.sql(script);
    tenant
}

/// Lets everything run, as a person who reviewed the plan would. What a killed run left running is waited for.
fn in_batches_of(rows: &str, tenant: &Tenant) {
    let limits = format!("limits: {{ backfill_batch: {}, lock_timeout: 30s }}", rows.trim());
    tenant.write("policy.yaml", &format!("policy: all\nrules: [{{ then: allow }}]\n{limits}\n"));
}

const APPLY: [&str; 7] = ["apply", "--url", "URL", "--schema", "core.yaml", "--policy", "policy.yaml"];

/// A copy of the tenant of a story.
pub struct Attempt {
    pub tenant: Tenant,
}

impl Attempt {
    /// Applies the schema, up to a crash point if one is given.
    pub fn undrift(&self, crash: Option<&str>) -> Output {
        self.cli(crash).run(&self.arguments())
    }

    /// undrift as it is run here, and the words it is given.
    pub fn cli(&self, crash: Option<&str>) -> Cli {
        let cli = Cli::new().folder(self.tenant.path()).variable("TMPDIR", self.tenant.path().join("tmp"));
        crash.into_iter().fold(cli, |cli, crash| cli.variable("UNDRIFT_CRASH", crash))
    }

    /// The words that undrift is given.
    pub fn arguments(&self) -> [&str; 7] {
        APPLY.map(|word| if word == "URL" { self.tenant.url.as_str() } else { word })
    }
}

fn rows_of(tenant: &Tenant, query: &str) -> String {
    tenant.query(query).replace('\t', "|")
}

/// The lines of a dump in an order of their own: that of columns may depend on where a run was stopped.
fn lines(dump: &str) -> Vec<String> {
    let lines = dump.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    let mut lines: Vec<String> = lines.map(|line| line.trim_end_matches(',').to_owned()).collect();
    lines.sort();
    lines
}

fn part_or<'a>(text: &'a str, name: &str, otherwise: &'a str) -> &'a str {
    part(text, name).unwrap_or(otherwise)
}

/// The part of a file under a headline `=== name`.
fn part<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("=== {name}\n"))?;
    Some(rest.split_once("\n=== ").map_or(rest, |(part, _)| part))
}
