-- Nothing here asks about a view or a virtual table: SQLite would work its query out, or let its module run.
SELECT m.name, x.name, x.type, x."notnull", x.dflt_value IS NOT NULL, x.pk, x.hidden
  FROM main.sqlite_master AS m, pragma_table_xinfo(m.name, 'main') AS x
 WHERE m.type = 'table' AND m.rootpage <> 0 ORDER BY m.name, x.cid;
SELECT m.name, l.name, l.origin, l."unique", i.name, i."desc", i.coll
  FROM main.sqlite_master AS m, pragma_index_list(m.name, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS i
 WHERE m.type = 'table' AND m.rootpage <> 0 AND i.key ORDER BY m.name, l.seq, i.seqno;
SELECT m.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
  FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') AS f
 WHERE m.type = 'table' AND m.rootpage <> 0 ORDER BY m.name, f.id, f.seq;
SELECT name FROM pragma_module_list;
RELEASE undrift_read;
