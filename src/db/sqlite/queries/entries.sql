-- Bringing a row costs more than what is in it, so all come in one text: first how many octets an x has, which tells
-- UTF-8 from UTF-16, then of each entry the octets of its parts, its page and the parts.
SELECT octet_length('x') || ' ' || group_concat(
         octet_length(coalesce(type, '')) || ' ' || octet_length(coalesce(name, '')) || ' '
         || octet_length(coalesce(tbl_name, '')) || ' ' || coalesce(octet_length(sql), '') || ' '
         || coalesce(rootpage, 0) || ' '
         || coalesce(type, '') || coalesce(name, '') || coalesce(tbl_name, '') || coalesce(sql, ''), ''
         ORDER BY type, name)
  FROM main.sqlite_master;
