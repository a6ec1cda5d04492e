SET NAMES utf8mb4;
SET SESSION
  sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO',
  time_zone = '+00:00',
  sql_quote_show_create = 1,
  foreign_key_checks = 1,
  unique_checks = 1,
  sql_safe_updates = 0,
  autocommit = 1
