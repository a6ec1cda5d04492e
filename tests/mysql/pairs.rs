//! Random pairs of structures: from one to the other in one plan, whatever they have in common.
//!
//! `UNDRIFT_PAIRS` says how many (default 12) and `UNDRIFT_SEED` where to start.

use undrift::diff::difference;
use undrift::model::Renames;

use super::{connect, database, plan_between, read};
use undrift::db::Connection;

/// Small, repeatable randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// A structure in which everything that can interfere does: keys, foreign keys both ways, generated columns, checks.
fn structure(dice: &mut Dice) -> String {
    let id = dice.pick(&["int", "bigint", "bigint unsigned"]);
    let code = dice.pick(&[
        "varchar(10) collate utf8mb4_unicode_ci",
        "varchar(20) collate utf8mb4_unicode_ci",
        "varchar(20) collate latin1_bin",
        "char(10) collate utf8mb4_general_ci",
    ]);
    let mut parent = vec![format!("id {id} not null {}", dice.pick(&["", "auto_increment"])), format!("code {code}")];
    parent.push(
        dice.pick(&["primary key (id)", "primary key (id), key more (id, code)", "key (id), key c (code)"]).to_owned(),
    );
    parent.push(dice.pick(&["unique key pcode (code)", "key pcode (code)", "unique key pcode (code, id)"]).to_owned());
    let (mut lines, mut has_a, mut has_b, mut has_g) = (vec![child_id(dice)], false, false, false);
    if dice.roll(4) > 0 {
        has_a = true;
        lines.push(format!(
            "a {}",
            dice.pick(&["int", "bigint not null default 1", "int default 2 comment 'x'", "smallint unsigned"])
        ));
    }
    if dice.roll(4) > 0 {
        has_b = true;
        lines.push(format!(
            "b {}",
            dice.pick(&[
                "varchar(20)",
                "text",
                "varchar(300) not null default ''",
                "varchar(20) collate utf8mb4_bin",
                "char(20) invisible"
            ])
        ));
    }
    if has_a && dice.roll(2) > 0 {
        has_g = true;
        lines.push(format!("g int as (a + {}) {}", dice.roll(2), dice.pick(&["virtual", "stored"])));
    } else if dice.roll(3) == 0 {
        has_g = true;
        lines.push("g int".to_owned());
    }
    for line in [
        "j json",
        "j longtext",
        "e enum('x','y')",
        "e enum('x','y','z') not null default 'x'",
        "ts timestamp null",
        "d decimal(10,2)",
    ] {
        let name = line.split(' ').next().unwrap_or_default();
        if dice.roll(3) == 0 && !lines.iter().any(|own| own.starts_with(&format!("{name} "))) {
            lines.push(line.to_owned());
        }
    }
    keys(dice, &mut lines, has_a, has_b, has_g);
    if dice.roll(4) > 0 {
        lines.push(format!("pid {id}"));
        let name = dice.pick(&["f1", "f2"]);
        let action = dice.pick(&["", "on delete cascade", "on delete set null on update cascade"]);
        lines.push(format!("constraint {name} foreign key (pid) references p (id) {action}"));
        lines.extend((dice.roll(3) == 0).then(|| "key kp (pid)".to_owned()));
        lines.extend((dice.roll(3) == 0 && has_a).then(|| "key kpa (pid, a)".to_owned()));
    }
    if dice.roll(3) == 0 {
        lines.push(format!("pcode {code}"));
        lines.push("constraint by_code foreign key (pcode) references p (code)".to_owned());
    }
    let options = dice.pick(&[
        "",
        "comment 'one'",
        "comment 'two' row_format=compact",
        "collate utf8mb4_general_ci",
        "collate latin1_swedish_ci",
    ]);
    let parent_options = dice.pick(&["", "comment 'p'"]);
    let spare = [
        String::new(),
        format!("create table spare (x int primary key, y {id}, foreign key (y) references p (id));"),
        "create table spare (x int);".to_owned(),
    ];
    let spare = &spare[dice.roll(3)];
    format!(
        "create table p ({}) {parent_options}; create table t ({}) {options}; {spare}",
        parent.join(", "),
        lines.join(", ")
    )
}

fn child_id(dice: &mut Dice) -> String {
    dice.pick(&[
        "id int not null auto_increment, primary key (id)",
        "id bigint not null auto_increment, key by_id (id)",
        "id int not null, primary key (id)",
        "id int",
    ])
    .to_owned()
}

fn keys(dice: &mut Dice, lines: &mut Vec<String>, has_a: bool, has_b: bool, has_g: bool) {
    let mut pool = vec!["unique key uid (id)", "key uid (id)"];
    if has_a {
        pool.extend([
            "key k1 (a)",
            "key k1 (a desc)",
            "key k2 (a, id)",
            "unique key k3 (a)",
            "constraint c1 check (a > 0)",
            "constraint c1 check (a > 1)",
            "constraint c2 check (a <> -7)",
        ]);
    }
    if has_b {
        pool.extend(["key kb (b(5))", "fulltext key fb (b)", "unique key ub (b(9))", "key ib (id, b(3)) comment 'k'"]);
    }
    if has_g {
        pool.extend(["key kg (g)", "unique key kgi (g, id)", "constraint cg check (g < 1000)"]);
    }
    let mut names: Vec<&str> = Vec::new();
    for key in pool {
        let name =
            key.split(' ').find(|word| !["key", "unique", "fulltext", "constraint"].contains(word)).unwrap_or_default();
        if dice.roll(3) == 0 && !names.contains(&name) {
            names.push(name);
            lines.push(key.to_owned());
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn random_pairs_converge() {
    let seed = setting("UNDRIFT_SEED", 1);
    let mut failures = Vec::new();
    for number in seed..seed + setting("UNDRIFT_PAIRS", 12) {
        let mut dice = Dice(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.roll(2);
        let (from, to) = (structure(&mut dice), structure(&mut dice));
        if let Err(why) = converges(&from, &to).await {
            failures.push(format!("seed {number}\nfrom {from}\nto   {to}\n{why}"));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
}

async fn converges(from: &str, to: &str) -> Result<(), String> {
    let url = database("pair", from);
    let goal = read(&database("goal", to)).await;
    let plan = plan_between(&url, &read(&url).await, &goal, &Renames::default()).await;
    let mut session = connect(&url).await;
    session.prepare().await.map_err(|error| error.to_string())?;
    let mut done = Vec::new();
    for step in &plan.steps {
        for query in step.preconditions.iter().map(|precondition| &precondition.query) {
            session.count(query).await.map_err(|error| format!("{error}\nin {query}\nafter\n{}", done.join(";\n")))?;
        }
        for statement in &step.statements {
            let outcome = super::settle(&mut session, statement).await;
            done.push(outcome.map_err(|error| format!("{error}\nin {statement}\nafter\n{}", done.join(";\n")))?);
        }
    }
    let remaining = difference(&read(&url).await, &goal, &Renames::default()).changes;
    if remaining.is_empty() { Ok(()) } else { Err(format!("remains: {remaining:?}\nafter\n{}", done.join(";\n"))) }
}
