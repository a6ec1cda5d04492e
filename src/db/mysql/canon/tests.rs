//! Texts as MySQL prints them, since only MariaDB is at hand in the tests with servers.

use super::*;
use crate::model::{Index, PartSource};

fn defaults(vendor: Vendor) -> Defaults {
    let charsets = [("utf8mb4", "utf8mb4_0900_ai_ci"), ("latin1", "latin1_swedish_ci")];
    Defaults {
        database: "tenant".to_owned(),
        vendor,
        collation: "utf8mb4_unicode_ci".to_owned(),
        charsets: Arc::new(charsets.map(|(name, collation)| (name.to_owned(), collation.to_owned())).into()),
    }
}

const MYSQL: &str = r"CREATE TABLE `t``x` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `a` varchar(20) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'it''s \\ x',
  `b` varchar(20) CHARACTER SET latin1 DEFAULT NULL,
  `c` json DEFAULT (json_object()),
  `d` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL NOT NULL COMMENT 'x',
  `e` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `f` int DEFAULT '0' /*!80023 INVISIBLE */,
  `g` point NOT NULL /*!80003 SRID 4326 */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`a` DESC,(lower(`b`))),
  KEY `i` (`a`(5)) /*!80000 INVISIBLE */,
  FULLTEXT KEY `ft` (`a`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `other`.`p` (`id`) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT `ck` CHECK ((`f` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC COMMENT='AUTO_INCREMENT=7'
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 4 */";

#[test]
fn the_counter_is_told_without_reading_the_table() {
    let counted = MYSQL.replace("AUTO_INCREMENT=42", "AUTO_INCREMENT=4711");
    let empty = MYSQL.replace("AUTO_INCREMENT=42 ", "");
    assert_eq!(without_counter(MYSQL), empty);
    assert_eq!(without_counter(&counted), empty);
    assert_eq!(without_counter(&empty), empty, "a comment is no counter");
}

#[test]
fn mysqls_print_is_understood() {
    let Shown { table, .. } = super::table(MYSQL, &defaults(Vendor::Mysql)).unwrap();
    assert_eq!(table.name.name, "t`x");
    let column = |name: &str| table.column(name).unwrap();
    assert_eq!((column("a").collation.as_deref(), column("a").default.as_deref()), (None, Some(r"'it''s \\ x'")));
    assert_eq!(column("b").collation.as_deref(), Some("latin1_swedish_ci"));
    assert_eq!(column("c").default.as_deref(), Some("(json_object())"));
    assert_eq!(column("d").generated.as_ref().unwrap().expr, "(`id` + 1)");
    assert_eq!(column("e").on_update.as_deref(), Some("CURRENT_TIMESTAMP"));
    assert_eq!(column("f").options["invisible"], "true");
    assert_eq!(column("g").options["srid"], "4326");
    assert_eq!(table.indexes[0].parts[1].source, PartSource::Expr("lower(`b`)".to_owned()));
    assert!(table.indexes[0].parts[0].desc && table.indexes[0].unique);
    assert_eq!(table.indexes[1].options["visible"], "false");
    assert_eq!(table.indexes[2].options["parser"], "ngram");
    assert_eq!(table.foreign_keys[0].table.schema.as_deref(), Some("other"));
    assert_eq!(
        (&table.foreign_keys[0].on_delete, table.foreign_keys[0].on_update.as_deref()),
        (&None, Some("CASCADE"))
    );
    assert_eq!((table.checks[0].expr.as_str(), table.checks[0].options["enforced"].as_str()), ("(`f` > 0)", "false"));
    assert_eq!(table.comment.as_deref(), Some("AUTO_INCREMENT=7"));
    assert_eq!(table.options["partitions"], "PARTITION BY HASH (`id`)\nPARTITIONS 4");
    assert_eq!(table.options.len(), 2);
}

#[test]
fn counters_are_cut_and_comments_are_not() {
    let shown = super::table(MYSQL, &defaults(Vendor::Mysql)).unwrap();
    let text = shown.cut(MYSQL);
    assert!(text.contains("ENGINE=InnoDB DEFAULT CHARSET") && text.contains("COMMENT='AUTO_INCREMENT=7'"));
}

#[test]
fn the_databases_own_name_is_cut() {
    let text =
        "CREATE TABLE `t` (\n  `a` int(11) DEFAULT nextval(`tenant`.`s`) COMMENT '`tenant`.`s`'\n) ENGINE=InnoDB";
    let shown = super::table(text, &defaults(Vendor::Mariadb)).unwrap();
    assert_eq!(shown.table.columns[0].default.as_deref(), Some("nextval(`s`)"));
    assert!(shown.cut(text).contains("nextval(`s`) COMMENT '`tenant`.`s`'"));
}

#[test]
fn access_methods_count_where_they_make_a_difference() {
    let of = |engine: &str| {
        let text = format!("CREATE TABLE `t` (`a` int, KEY `k` (`a`) USING BTREE) ENGINE={engine}");
        super::table(&text, &defaults(Vendor::Mariadb)).unwrap().table.indexes.remove(0)
    };
    assert_eq!(of("InnoDB"), Index { method: None, ..of("MEMORY") });
    assert_eq!(of("MEMORY").method.as_deref(), Some("btree"));
}

#[test]
fn what_is_not_modelled_is_refused_whole() {
    for text in [
        "CREATE TABLE `t` (`a` int) ENGINE=InnoDB WITH SYSTEM VERSIONING",
        "CREATE TABLE `t` (`a` date, `b` date, PERIOD FOR `p` (`a`, `b`)) ENGINE=InnoDB",
        "CREATE TABLE `t` (`a` int) ENGINE=InnoDB SEQUENCE=1",
        "CREATE TABLE `t` (`a` int) ENGINE=FEDERATED CONNECTION='mysql://x'",
        "CREATE TABLE `t` (`a` int",
        "CREATE TABLE `t` (`a` int FROBNICATED)",
    ] {
        assert!(super::table(text, &defaults(Vendor::Mariadb)).is_err(), "{text}");
    }
}

#[test]
fn definers_are_cut() {
    let view = "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v` AS select 1";
    assert_eq!(without_definer(view), "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1");
    assert_eq!(without_definer("CREATE DEFINER=`r` PROCEDURE `p`() select 1"), "CREATE PROCEDURE `p`() select 1");
}
