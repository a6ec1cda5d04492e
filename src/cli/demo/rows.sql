INSERT INTO tenant_users (id, email, password_hash, first_name, last_name) VALUES
  (1, 'ada@example.org', '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 'Ada', 'Lind'),
  (2, 'bo@example.org', '$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa', 'Bo', 'Marsh'),
  (3, 'cy@example.org', NULL, 'Cy', 'Nold');
INSERT INTO elections (id, title, chief_id) VALUES (1, 'Board 2026', 1);
INSERT INTO candidates (election_id, name) VALUES (1, 'Ada Lind'), (1, 'Bo Marsh');
INSERT INTO votes (election_id, payload) VALUES (1, 'sealed-1'), (1, 'sealed-2'), (1, 'sealed-3');
