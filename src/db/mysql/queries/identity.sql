SELECT
  VERSION(),
  @@version_comment,
  COALESCE(DATABASE(), ''),
  CURRENT_USER(),
  CONNECTION_ID(),
  @@character_set_database,
  @@collation_database,
  COALESCE(CURRENT_ROLE(), 'NONE'),
  @@explicit_defaults_for_timestamp
